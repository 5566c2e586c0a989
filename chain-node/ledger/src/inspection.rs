//! Inspections (监督检查): an inspectorate looks at what others share only inside a case that two of its officers
//! opened, in its scope and for its time; what was looked at stands here for the department looked at to find.
//! Case and warrant are salted commitments: their texts stay with the inspectorate, and so does who looked.

use crate::grant::Grant;
use crate::ids::{Code2, DepartmentId, GrantId, InspectionId, QueryId, RequestId, Time};
use crate::protocol::Limits;
use crate::receipt::{LogHead, Record};
use crate::refusal::Refusal;
use crate::request::{Request, RequestStatus, Step};
use crate::role::By;
use crate::wire::{In, Out, Wire, WireError};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use gm::sm3::Digest;

/// Whose sharing an inspection looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InspectionScope {
    /// Everybody's.
    All,
    /// What these departments ask for or provide.
    Departments(BTreeSet<DepartmentId>),
}

impl InspectionScope {
    /// Whether this department is looked at.
    #[must_use]
    pub fn names(&self, department: &DepartmentId) -> bool {
        match self {
            Self::All => true,
            Self::Departments(named) => named.contains(department),
        }
    }
}

impl Wire for InspectionScope {
    fn put(&self, out: &mut Out) {
        out.array(2);
        match self {
            Self::All => {
                out.number(1);
                out.null();
            }
            Self::Departments(named) => {
                out.number(2);
                named.put(out);
            }
        }
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(2)?;
        match input.number()? {
            1 if input.null()? => Ok(Self::All),
            2 => Wire::take(input).map(Self::Departments),
            _ => Err(WireError::Range),
        }
    }
}

crate::wire_struct! {
    /// Opens an inspection. Its id is [`InspectionId::of`] the transaction's nonce.
    pub struct OpenInspection {
        /// Whose sharing.
        pub scope: InspectionScope,
        /// Of what happened from this time …
        pub from: Time,
        /// … to this time.
        pub until: Time,
        /// Purpose code of inspections.
        pub purpose: Code2,
        /// Salted commitment to the case number.
        pub case_commit: Digest,
        /// Salted commitment to the warrant's document number.
        pub warrant_commit: Digest,
        /// Nothing is looked at after this time.
        pub ends: Time,
        /// The officer who proposed it.
        pub by: By,
        /// The second officer; never who proposed it.
        pub second: By,
    }
}

impl OpenInspection {
    /// Whether it has a bounded scope and time at `now`, and two officers.
    pub(crate) fn check(&self, now: Time, limits: &Limits) -> Result<(), Refusal> {
        let named = match &self.scope {
            InspectionScope::All => 1,
            InspectionScope::Departments(named) => named.len(),
        };
        if !(1..=limits.inspection_scope).contains(&named) || self.from > self.until {
            return Err(Refusal::InspectionScope);
        }
        if self.ends <= now || self.ends > now.plus_ms(limits.inspection_ms) {
            return Err(Refusal::InspectionTerm);
        }
        if self.by.pseudonym == self.second.pseudonym {
            return Err(Refusal::InspectionSameOfficer);
        }
        Ok(())
    }
}

crate::wire_struct! {
    /// Closes an inspection.
    pub struct CloseInspection {
        /// Which.
        pub inspection: InspectionId,
        /// Conclusion code.
        pub conclusion: Code2,
        /// The officer who closed it.
        pub by: By,
    }
}

/// What was looked at. All three ids are digests of other things: none is like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// An access: its receipt or denial, or the evidence of it.
    Record(QueryId),
    /// A request.
    Request(RequestId),
    /// A grant.
    Grant(GrantId),
}

impl Sight {
    /// Its id, as looks are found by it.
    #[must_use]
    pub const fn object(&self) -> &[u8; 32] {
        match self {
            Self::Record(id) => id.as_bytes(),
            Self::Request(id) => id.as_bytes(),
            Self::Grant(id) => id.as_bytes(),
        }
    }
}

impl Wire for Sight {
    fn put(&self, out: &mut Out) {
        out.array(2);
        out.number(match self {
            Self::Record(_) => 1,
            Self::Request(_) => 2,
            Self::Grant(_) => 3,
        });
        out.bytes(self.object());
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(2)?;
        match input.number()? {
            1 => Wire::take(input).map(Self::Record),
            2 => Wire::take(input).map(Self::Request),
            3 => Wire::take(input).map(Self::Grant),
            _ => Err(WireError::Range),
        }
    }
}

crate::wire_struct! {
    /// Puts on record what was looked at.
    pub struct RecordLooks {
        /// In which inspection.
        pub inspection: InspectionId,
        /// What, in order, each once.
        pub looks: Vec<Sight>,
        /// The inspectorate's audit log.
        pub log_head: LogHead,
    }
}

impl RecordLooks {
    /// Whether it names a thing at least and not too many, each once, in order.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        let in_order = self.looks.is_sorted_by(|a, b| a < b);
        let sound = (1..=limits.looks).contains(&self.looks.len()) && in_order;
        if sound { Ok(()) } else { Err(Refusal::LookEmpty) }
    }
}

crate::wire_struct! {
    /// The end of an inspection.
    pub struct Conclusion {
        /// Conclusion code.
        pub code: Code2,
        /// The step.
        pub step: Step,
    }
}

crate::wire_struct! {
    /// An inspection as the state knows it.
    pub struct Inspection {
        /// Its id.
        pub id: InspectionId,
        /// Its number, for people.
        pub number: u64,
        /// Whose inspection it is.
        pub department: DepartmentId,
        /// As it was opened.
        pub terms: OpenInspection,
        /// Its opening.
        pub opened: Step,
        /// Its end.
        pub closed: Option<Conclusion>,
        /// Things on record as looked at.
        pub looks: u32,
    }
}

crate::wire_code! {
    /// Whether an inspection is open. Its end is computed from block time and needs no transaction.
    pub enum InspectionStatus {
        /// Something may be looked at.
        Open = 1 => "open",
        /// Its time is over; its conclusion is due.
        Ended = 2 => "ended",
        /// Closed with a conclusion.
        Closed = 3 => "closed",
    }
}

/// The time that something took: its first and last moment.
pub type Span = (Time, Time);

impl Inspection {
    /// Where it stands at `now`.
    #[must_use]
    pub fn status(&self, now: Time) -> InspectionStatus {
        if self.closed.is_some() {
            InspectionStatus::Closed
        } else if now > self.terms.ends {
            InspectionStatus::Ended
        } else {
            InspectionStatus::Open
        }
    }

    /// Whether it covers what happened between two departments at a time.
    #[must_use]
    pub fn covers(&self, requester: &DepartmentId, provider: &DepartmentId, at: Time) -> bool {
        self.overlaps(requester, provider, (at, at))
    }

    /// Whether it covers some of what took a time between two departments.
    #[must_use]
    pub fn overlaps(&self, requester: &DepartmentId, provider: &DepartmentId, (from, until): Span) -> bool {
        let terms = &self.terms;
        (terms.scope.names(requester) || terms.scope.names(provider))
            && from <= terms.until
            && until >= terms.from
    }

    /// Whether a look may still be put on record at `now`: what was looked at just before the end is, too.
    pub(crate) fn takes_looks(&self, now: Time, limits: &Limits) -> bool {
        let end = self.closed.as_ref().map_or(self.terms.ends, |closed| closed.step.at.min(self.terms.ends));
        now <= end.plus_ms(limits.looks_grace_ms)
    }
}

impl Record {
    /// When it happened, as an inspection's scope counts it.
    #[must_use]
    pub const fn span(&self) -> Span {
        (self.recorded.at, self.recorded.at)
    }
}

impl Request {
    /// How long it bore on the two departments: until it was decided, and granted as long as was asked.
    #[must_use]
    pub fn span(&self) -> Span {
        let decided = self.decided.as_ref().map_or(Time(u64::MAX), |step| step.at);
        let until = match self.status {
            RequestStatus::Granted(_) => self.asked.until.max(decided),
            RequestStatus::Submitted | RequestStatus::Refused { .. } | RequestStatus::Withdrawn { .. } => {
                decided
            }
        };
        (self.submitted.at, until)
    }
}

impl Grant {
    /// How long it was good for anything, from its approval on.
    #[must_use]
    pub fn span(&self) -> Span {
        let until = self.revoked.as_ref().map_or(self.until, |revoked| revoked.step.at.min(self.until));
        (self.approved.at, until.max(self.approved.at))
    }
}
