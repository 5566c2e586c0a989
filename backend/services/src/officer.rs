//! Who acts: an officer of the own department, and the names behind pseudonyms.
//!
//! An [`Officer`] is made by `staff` alone, so that no use case can be called by nobody. The chain
//! never learns a name: an officer appears there as a pseudonym that is the same within one request
//! and a stranger's everywhere else.

use std::collections::BTreeSet;

use access::Zone;
use gm::sm3::Digest;
use ledger::ids::{DepartmentId, InspectionId, Pseudonym};
use ledger::request::Step;
use ledger::role::{Assurance, By, Role};
use sqlx::Row as _;

use crate::audit_log::{Event, Note, Seen};
use crate::bureau::Bureau;
use crate::error::ServiceError;
use crate::limits;
use crate::names::{DepartmentRef, PlaceView};
use crate::office::Office;
use crate::throttle::Source;

/// Someone or something of the own department, in one role.
#[derive(Debug, Clone)]
pub struct Officer {
    pub(crate) staff: i64,
    pub(crate) staff_id: String,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) role: Role,
    pub(crate) department: DepartmentId,
    pub(crate) clearance: Option<u8>,
    /// None for a machine, which is recognised at each call.
    pub(crate) session: Option<Seat>,
    /// Where they ask from, as far as it is known.
    pub(crate) source: Option<Source>,
}

/// The session an officer sits in.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) digest: Digest,
    pub(crate) proven: Assurance,
    /// When the second factor was last shown.
    pub(crate) proven_at: Option<i64>,
    pub(crate) has_factor: bool,
    pub(crate) last_sign_in: Option<i64>,
    pub(crate) ends_at: i64,
    /// In which inspection they look at others' things, if they chose one.
    pub(crate) inspection: Option<InspectionId>,
}

impl Officer {
    /// The account they signed in with.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Their name, for their own department's pages only.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The role they act in now.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// All roles they hold.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        self.roles.iter().copied().collect()
    }

    /// The same officer, asking from here.
    #[must_use]
    pub fn asking_from(self, source: Source) -> Self {
        Self { source: Some(source), ..self }
    }

    /// Where they act, as the audit log says it.
    pub(crate) fn seen(&self) -> Seen {
        Seen::of(self.source, self.session.as_ref().map(|seat| &seat.digest))
    }

    /// Whether they hold another role to go on in.
    #[must_use]
    pub fn can_switch(&self) -> bool {
        self.roles.len() > 1
    }

    /// Their department's code.
    #[must_use]
    pub fn department(&self) -> &str {
        self.department.as_str()
    }

    /// When they signed in the time before, ms UTC.
    #[must_use]
    pub fn last_sign_in(&self) -> Option<i64> {
        self.session.as_ref()?.last_sign_in
    }

    /// When the session ends if nothing more is asked, ms UTC; for a machine, never.
    #[must_use]
    pub fn session_ends_at(&self) -> i64 {
        self.session.as_ref().map_or(i64::MAX, |session| session.ends_at)
    }

    /// The highest grade they may see, 1 to 4; none where none was given.
    #[must_use]
    pub const fn clearance(&self) -> Option<u8> {
        self.clearance
    }

    /// How surely they were recognised: the strongest that was shown in this session. A machine has shown
    /// a key to whoever calls for it, and nothing here.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        self.session.as_ref().map_or(Assurance::Password, |session| session.proven)
    }

    /// The same as other departments are told it: without the officer's own signature a key is this
    /// department's word, as a code is, and they refuse more.
    pub(crate) fn assurance_told(&self) -> Assurance {
        self.assurance().min(Assurance::Otp)
    }

    /// The inspection they chose to look at others' things in.
    pub(crate) fn chosen_inspection(&self) -> Option<InspectionId> {
        self.session.as_ref()?.inspection
    }

    /// The zone of the network they act from; none where they are asked from nowhere, or from no zone.
    pub(crate) fn zone(&self, bureau: &Bureau) -> Option<Zone> {
        self.source.and_then(|source| bureau.zones.of(source))
    }

    pub(crate) const fn staff(&self) -> i64 {
        self.staff
    }

    /// How they appear on the chain within one object.
    pub(crate) fn by(&self, bureau: &Bureau, object: &[u8]) -> By {
        By { pseudonym: bureau.pseudonym(object, &self.staff_id), role: self.role }
    }
}

/// Someone behind a step, as far as this department may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name, if they are of the own department.
    pub name: Option<String>,
    /// The first and last digits of the pseudonym, for people.
    pub pseudonym: String,
    /// In which role they acted.
    pub role: Role,
    /// Whose staff they are.
    pub department: DepartmentRef,
}

/// Names of the own department's staff by their pseudonym within one object.
#[derive(Debug, Default)]
pub(crate) struct Colleagues(Vec<(Pseudonym, String)>);

impl Colleagues {
    /// Computes everybody's pseudonym within `object`: nothing that links them is ever stored.
    pub(crate) async fn within(office: &Office, object: &[u8]) -> Result<Self, ServiceError> {
        let rows = sqlx::query("SELECT staff_id, name FROM staff LIMIT ?")
            .bind(limits::STAFF_MAX)
            .fetch_all(office.pool())
            .await?;
        let mut names = Vec::with_capacity(rows.len());
        for row in rows {
            let staff_id: String = row.try_get("staff_id")?;
            names.push((office.bureau().pseudonym(object, &staff_id), row.try_get("name")?));
        }
        Ok(Self(names))
    }

    /// The person behind a step.
    pub(crate) fn person(&self, by: &By, department: DepartmentRef) -> Person {
        Person {
            name: self.0.iter().find(|(known, _)| *known == by.pseudonym).map(|(_, name)| name.clone()),
            pseudonym: short(&by.pseudonym.to_string()),
            role: by.role,
            department,
        }
    }

    /// A step with the person behind it.
    pub(crate) fn step(&self, step: &Step, department: DepartmentRef) -> StepView {
        StepView {
            second: step.second.as_ref().map(|second| self.person(second, department.clone())),
            by: self.person(&step.by, department),
            place: step.into(),
        }
    }
}

/// A step of a request or grant: who took it, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// Who; of two the one who drafted.
    pub by: Person,
    /// Who countersigned, where a step takes two.
    pub second: Option<Person>,
    /// Where and when.
    pub place: PlaceView,
}

/// `7f3a…91` of a long hexadecimal text.
pub(crate) fn short(full: &str) -> String {
    match (full.get(..4), full.len().checked_sub(2).and_then(|from| full.get(from..))) {
        (Some(head), Some(tail)) if full.len() > 6 => format!("{head}…{tail}"),
        _ => full.to_owned(),
    }
}

/// What a use case is about, as the audit log says it: ids and codes, nothing typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    pub(crate) object: String,
    pub(crate) items: Vec<String>,
    pub(crate) purpose: String,
}

impl<T: ToString + ?Sized> From<&T> for About {
    fn from(object: &T) -> Self {
        Self { object: object.to_string(), ..Self::default() }
    }
}

impl Office {
    /// Notes what an officer does; when that fails, it must not be done.
    pub(crate) async fn note(
        &self,
        officer: &Officer,
        event: Event,
        about: impl Into<About>,
        outcome: &str,
    ) -> Result<(), ServiceError> {
        let about = about.into();
        let note = Note {
            at: self.now_ms(),
            event,
            account: officer.account(),
            role: officer.role().code(),
            seen: officer.seen(),
            object: &about.object,
            items: about.items,
            purpose: &about.purpose,
            outcome,
        };
        self.audit().append(note).await?;
        Ok(())
    }

    /// Notes how it ended that an officer wanted something: done, or the reason of the no.
    pub(crate) async fn note_result<T>(
        &self,
        officer: &Officer,
        event: Event,
        about: impl Into<About>,
        result: &Result<T, ServiceError>,
    ) -> Result<(), ServiceError> {
        let outcome = result.as_ref().map_or_else(ServiceError::outcome, |_| "ok".to_owned());
        self.note(officer, event, about, &outcome).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_shown_by_its_ends() {
        assert_eq!(short(&"7f3a00000091".repeat(2)), "7f3a…91");
        assert_eq!(short("abc"), "abc");
    }
}
