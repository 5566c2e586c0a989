//! What pages of inspections show.

use ledger::inspection::Sight;

use crate::catalogue::EntryRef;
use crate::codes::codes;
use crate::names::{DepartmentRef, InspectionRef, PlaceView};
use crate::officer::{Person, StepView};
use crate::page::Page;
use crate::verdict::Verdict;

codes! {
    /// Where an inspection stands.
    pub enum InspectionState {
        /// Waits for a second inspector.
        Proposed => "proposed",
        /// Taken back, or never countersigned.
        Dropped => "dropped",
        Open => "open",
        /// Its time is over; its conclusion is due.
        Ended => "ended",
        Closed => "closed",
    }

    /// What was looked at.
    pub enum SightKind {
        Record => "record",
        Request => "request",
        Grant => "grant",
    }
}

impl SightKind {
    pub(crate) const fn of(sight: &Sight) -> Self {
        match sight {
            Sight::Record(_) => Self::Record,
            Sight::Request(_) => Self::Request,
            Sight::Grant(_) => Self::Grant,
        }
    }

    /// Its number in the office's store.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Record => 1,
            Self::Request => 2,
            Self::Grant => 3,
        }
    }
}

/// An inspection of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectionRow {
    /// Its id, 64 hexadecimal characters; the same before and after it is opened.
    pub id: String,
    /// Its number for people; none before it is opened.
    pub number: Option<String>,
    /// Whose inspection it is.
    pub inspectorate: DepartmentRef,
    /// Whose sharing it looks at; none named: everybody's.
    pub scope: Vec<DepartmentRef>,
    /// Of what happened from, ms UTC …
    pub from: i64,
    /// … to.
    pub until: i64,
    /// Nothing is looked at after this, ms UTC.
    pub ends: i64,
    /// Purpose code of inspections, two digits.
    pub purpose: String,
    /// Where it stands.
    pub state: InspectionState,
    /// Opened, or proposed, ms UTC.
    pub at: i64,
    /// Things looked at: for the inspectorate all, for others those of their own.
    pub looks: u64,
    /// The last of these, ms UTC.
    pub last_look: Option<i64>,
    /// Whether the officer goes on in it.
    pub working: bool,
}

/// What stays in the inspectorate's office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectionPapers {
    /// The case number.
    pub case_no: String,
    /// The warrant's document number.
    pub warrant_no: String,
    /// Why.
    pub reason: String,
}

/// How an inspection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concluded {
    /// Conclusion code, two digits.
    pub code: String,
    /// Who closed it, and where that stands.
    pub step: StepView,
}

/// What the officer may do with an inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectionMay {
    /// Countersign the proposal.
    pub countersign: Verdict,
    /// Take the proposal back.
    pub withdraw: Verdict,
    /// Go on in it.
    pub choose: Verdict,
    /// Close it.
    pub close: Verdict,
}

/// What its forms are drawn with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InspectionForms {
    /// Id of the countersignature's form.
    pub countersign: String,
    /// Id of the closing's form.
    pub close: String,
    /// Conclusion codes.
    pub conclusions: Vec<String>,
}

/// One inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectionView {
    /// Its row.
    pub row: InspectionRow,
    /// For the inspectorate's own inspectors alone.
    pub papers: Option<InspectionPapers>,
    /// Who proposed it.
    pub by: Option<Person>,
    /// The countersignature that opened it.
    pub opened: Option<StepView>,
    /// Its end.
    pub closed: Option<Concluded>,
    /// Commitments to case number and warrant, 64 hexadecimal characters each; none before it is opened.
    pub commitments: Option<[String; 2]>,
    /// What was looked at, newest first: for the inspectorate all, for others those of their own.
    pub looks: Page<LookRow>,
    /// Looks that wait to be put on record.
    pub looks_waiting: u64,
    /// Whether what was looked at is shown to the officer at all.
    pub shows_looks: bool,
    /// What the officer may do.
    pub may: InspectionMay,
    /// Its forms.
    pub forms: InspectionForms,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookRow {
    /// What it is.
    pub kind: SightKind,
    /// Its id.
    pub id: String,
    /// Its number for people.
    pub number: String,
    /// The entry; none when the grant is unknown.
    pub entry: Option<EntryRef>,
    /// Who asked.
    pub requester: DepartmentRef,
    /// Who answered.
    pub provider: DepartmentRef,
    /// Where the first look is on record.
    pub place: PlaceView,
}

/// An inspection's look at the thing on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedAt {
    /// Whose inspection.
    pub inspectorate: DepartmentRef,
    /// Which.
    pub inspection: InspectionRef,
    /// Its purpose code, two digits.
    pub purpose: String,
    /// Where the first look is on record.
    pub place: PlaceView,
}
