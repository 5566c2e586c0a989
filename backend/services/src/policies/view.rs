//! What pages about sharing policies show, and the forms they send back. Plain data: codes and texts; the
//! portal has the words. Made by the other files of this folder.
//!
//! A layer is addressed by its owner: `national`, a province's six digits, a department's code. A version is
//! addressed by [`Which`]: `in-force`, `draft`, `pending`, `copy`, or its number.

mod forms;
mod trial;

use std::collections::BTreeMap;

use crate::codes::{Layer, codes};
use crate::names::DepartmentRef;
use crate::officer::{Person, StepView};
use crate::verdict::Verdict;
use crate::words::Words;

pub use access::{Turn, Way};
pub use forms::{
    DraftInput, EntryOffer, Imported, LineWrong, Offers, PolicyFile, RowCells, RowForm, RowInput,
    VersionInput,
};
pub use ledger::policy::Effect;
pub use trial::{
    ExplainedView, LayerTriedView, PreviewInput, PreviewView, Previewed, QuestionView, ReachInput, ReachView,
    ReachedView, RowTriedView, SaidView, TriedOut, TryOutForm, TryOutInput, TurnedView,
};

codes! {
    /// A column of a row, or one of the model's own two rules (grant, clearance).
    pub enum RuleColumn {
        Id => "id",
        Role => "role",
        Requester => "requester",
        Provider => "provider",
        EntryClass => "entry-class",
        Items => "items",
        Sensitivity => "sensitivity",
        Grade => "grade",
        Action => "action",
        Purpose => "purpose",
        Assurance => "assurance",
        Hours => "hours",
        Zones => "zones",
        Obligations => "obligations",
        Effect => "effect",
        Grant => "grant",
        Clearance => "clearance",
    }

    /// What is different about a row.
    pub enum ChangeKind {
        Added => "added",
        Removed => "removed",
        Changed => "changed",
    }

    /// What is wrong with a line of a table, beside what a row cannot say.
    pub enum LineFault {
        /// The whole table is too large.
        TooLarge => "too-large",
        /// More rows than a version may have.
        TooManyRows => "too-many-rows",
        /// No CSV: a quote that is not closed, for instance.
        Malformed => "malformed",
        /// Not UTF-8.
        NotText => "not-text",
        /// Its first cell is not `p`.
        Kind => "kind",
        /// Another number of cells.
        Cells => "cells",
        /// A cell is empty, too long or has characters that cannot be seen.
        Cell => "cell",
        /// A cell is no number.
        Number => "number",
        /// A cell says what cannot be judged.
        Rule => "rule",
        /// Another line has the same name.
        Repeated => "repeated",
    }
}

/// Which version of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// In force now.
    InForce,
    /// The draft on the chain that waits for its countersignature.
    Draft,
    /// Countersigned, waiting for its time.
    Pending,
    /// The office's working copy.
    Copy,
    /// One that is or was in force, by its number.
    Number(u64),
}

impl Which {
    /// As addresses say it.
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Self::InForce => "in-force".to_owned(),
            Self::Draft => "draft".to_owned(),
            Self::Pending => "pending".to_owned(),
            Self::Copy => "copy".to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }

    /// The version that an address names.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "in-force" => Some(Self::InForce),
            "draft" => Some(Self::Draft),
            "pending" => Some(Self::Pending),
            "copy" => Some(Self::Copy),
            number => number.parse().ok().filter(|number| *number > 0).map(Self::Number),
        }
    }
}

/// A layer as every page names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRef {
    /// `national`, six digits of a province, or the code of a department.
    pub owner: String,
    /// Which layer.
    pub layer: Layer,
    /// The department it is about; none for nation and province.
    pub department: Option<DepartmentRef>,
    /// The department that writes it; none where the genesis file names none: then nobody does.
    pub writer: Option<DepartmentRef>,
}

/// A version in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRef {
    /// Its digest, 64 hexadecimal characters; empty for a working copy.
    pub version: String,
    /// 1, 2, 3 …; of a working copy the number it would get.
    pub number: u64,
    /// Rows.
    pub rows: u64,
}

/// Since when a version holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForceView {
    /// The version.
    pub version: VersionRef,
    /// From this block on.
    pub since: u64,
    /// That block's time, ms UTC.
    pub at: i64,
    /// It came with the genesis file: nobody drafted it.
    pub founded: bool,
}

/// A draft on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftView {
    /// The version.
    pub version: VersionRef,
    /// Its drafting.
    pub drafted: StepView,
    /// Whether the officer who looks drafted it.
    pub by_me: bool,
    /// Another version came in force meanwhile: it can only be withdrawn or replaced.
    pub overtaken: bool,
    /// What comes of it when it is countersigned now.
    pub comes: Comes,
}

/// A countersigned version that waits for its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingView {
    /// The version.
    pub version: VersionRef,
    /// Its drafting.
    pub drafted: StepView,
    /// Its countersignature.
    pub countersigned: StepView,
    /// In force from the first block at or after this, ms UTC.
    pub due: i64,
}

/// When a version would be in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// It only narrows: in the block of its countersignature.
    AtOnce,
    /// It lets more pass, or may: so long after its countersignature, ms.
    Later {
        /// The wait the members agreed on.
        wait_ms: u64,
    },
}

/// The office's working copy of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRef {
    /// The version it would become.
    pub version: VersionRef,
    /// Changes with each change of it; a form carries it back.
    pub stamp: String,
    /// Who changed it last: their name, or empty for the command line.
    pub changed_by: String,
    /// When, ms UTC.
    pub changed_at: i64,
    /// Rows that differ from what is in force.
    pub changes: u64,
    /// Another version came in force since it was begun: look at the differences, then keep it or begin anew.
    pub outdated: bool,
}

/// What the officer may do with a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerMay {
    /// Look at the working copy, at drafts, and try out.
    pub study: Verdict,
    /// Change the working copy.
    pub edit: Verdict,
    /// Sign the working copy as the next draft.
    pub draft: Verdict,
    /// Countersign the draft.
    pub countersign: Verdict,
    /// Withdraw the draft, or what waits for its time.
    pub withdraw: Verdict,
}

/// A layer in the list, and at the head of its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerView {
    /// Which layer.
    pub layer: LayerRef,
    /// What is in force.
    pub in_force: InForceView,
    /// What waits for a second officer; none also for who may not study drafts.
    pub draft: Option<DraftView>,
    /// What waits for its time.
    pub pending: Option<PendingView>,
    /// The office's working copy; none also for who may not study it.
    pub copy: Option<CopyRef>,
    /// What the officer may do.
    pub may: LayerMay,
}

/// What a column names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// `*`.
    pub every: bool,
    /// The codes; none where it is everything.
    pub codes: Vec<String>,
}

/// A row as people read it. A cell that cannot be judged is shown as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowView {
    /// Where it stands, from 1.
    pub place: u64,
    /// Its name; decisions cite it.
    pub id: String,
    /// Allow or deny.
    pub effect: Effect,
    /// Codes of roles.
    pub roles: Listed,
    /// Departments, divisions (six digits), `inspectorate`.
    pub requesters: Listed,
    /// Departments and divisions.
    pub providers: Listed,
    /// Classifications, or one `share:` with a sharing type.
    pub entry_classes: Listed,
    /// Codes of items.
    pub items: Listed,
    /// `0` to `3`.
    pub sensitivities: Listed,
    /// Highest grade it covers.
    pub grade_max: u8,
    /// Codes of doors ([`Action`](crate::codes::Action)).
    pub actions: Listed,
    /// Codes of purposes.
    pub purposes: Listed,
    /// Lowest assurance: 1 password, 2 code, 3 key.
    pub assurance_min: u8,
    /// Windows like `1-5@08:00-18:00`, UTC+8.
    pub hours: Listed,
    /// Names of zones.
    pub zones: Listed,
    /// What must be done.
    pub duties: Vec<DutyView>,
    /// What is found about it; the gravest first.
    pub findings: Vec<FindingView>,
    /// How it differs from the version compared with; none where it does not.
    pub change: Option<ChangeKind>,
    /// Its cells as a form holds them.
    pub cells: RowCells,
}

/// A duty of a row or a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyView {
    /// As it is written: `mask:XingMing=MK-NAME`.
    pub text: String,
    /// Its kind: `drop`, `mask`, `clear`, `receipt`, `verify-only`, `limit`, `watermark`, `second-person`.
    pub kind: String,
    /// The item it is about; empty where it is about none.
    pub item: String,
    /// Mask or number; empty where it has none.
    pub value: String,
}

/// Something found about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingView {
    /// Where the row stands, from 1.
    pub place: u64,
    /// The row.
    pub row: String,
    /// `malformed`, `repeated`, `unknown-party`, `unknown-class`, `unknown-item`, `never-matches`, `shadowed`,
    /// `contradicted`, `masks-clash`, `above-silent`, `above-denies`, `unsaid`, `not-compared`.
    pub code: &'static str,
    /// The set cannot be drafted like this.
    pub is_error: bool,
    /// Which column.
    pub column: Option<RuleColumn>,
    /// Another row.
    pub other: Option<String>,
    /// Of which layer the other row is; none: of the same.
    pub layer: Option<Layer>,
    /// An item.
    pub item: Option<String>,
    /// What it names and nobody knows.
    pub named: Option<String>,
}

/// A cell that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellChange {
    /// Which.
    pub column: RuleColumn,
    /// As it was written.
    pub before: String,
    /// As it is.
    pub after: String,
}

/// A row that differs between two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeView {
    /// How.
    pub kind: ChangeKind,
    /// Its name.
    pub row: String,
    /// As it was.
    pub before: Option<RowView>,
    /// As it is.
    pub after: Option<RowView>,
    /// The cells that differ; for a changed row only.
    pub cells: Vec<CellChange>,
}

/// One version of a layer in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyView {
    /// The layer, with what is in force, drafted, pending.
    pub layer: LayerView,
    /// Which version was asked for.
    pub which: Which,
    /// The version.
    pub version: VersionRef,
    /// Its rows in order.
    pub rows: Vec<RowView>,
    /// All that is found about it, by line.
    pub findings: Vec<FindingView>,
    /// How many of these keep it from being drafted.
    pub errors: u64,
    /// What it is compared with: a draft, pending set and working copy with what is in force, any other with
    /// the number before it. None for the first.
    pub against: Option<VersionRef>,
    /// What differs from that.
    pub changes: Vec<ChangeView>,
    /// When it would be in force; for a draft and a working copy.
    pub comes: Option<Comes>,
    /// Since when it is or was in force; for versions that are or were.
    pub in_force: Option<InForceView>,
    /// Its drafting.
    pub drafted: Option<StepView>,
    /// Its countersignature.
    pub countersigned: Option<StepView>,
    /// The reason its drafter gave.
    pub reason: ReasonView,
    /// Departments its rows name, by code.
    pub departments: BTreeMap<String, DepartmentRef>,
    /// Names of the items of all entries in force, by code.
    pub items: BTreeMap<String, Words>,
    /// Ids of the forms on the page.
    pub forms: PolicyForms,
}

/// Why a version was drafted. The chain holds a salted digest only; the text stays in the office that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReasonView {
    /// None was given.
    None,
    /// It was given elsewhere: the drafting department knows it.
    Elsewhere,
    /// The text, which fits the digest on the chain.
    Text(String),
}

/// Ids of forms that start a transaction, drawn with the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyForms {
    /// For [`draft`](super::draft).
    pub draft: String,
    /// For [`countersign`](super::countersign).
    pub countersign: String,
    /// For [`withdraw`](super::withdraw).
    pub withdraw: String,
}

/// One version in a layer's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastView {
    /// Since when it is or was in force.
    pub in_force: InForceView,
    /// Until which block's time, ms UTC; none while in force.
    pub until: Option<i64>,
    /// Who drafted; none for what was founded.
    pub drafted: Option<StepView>,
    /// Who countersigned.
    pub countersigned: Option<StepView>,
    /// Why.
    pub reason: ReasonView,
    /// Rows added, changed, removed against the version before.
    pub changes: (u64, u64, u64),
}

/// A layer's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryView {
    /// The layer.
    pub layer: LayerView,
    /// Its versions, newest first; the newest two hundred.
    pub versions: Vec<PastView>,
}

/// Two versions side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareView {
    /// The layer.
    pub layer: LayerView,
    /// From this.
    pub from: (Which, VersionRef),
    /// To this.
    pub to: (Which, VersionRef),
    /// What differs.
    pub changes: Vec<ChangeView>,
    /// Departments the rows name, by code.
    pub departments: BTreeMap<String, DepartmentRef>,
    /// Names of the items of all entries in force, by code.
    pub items: BTreeMap<String, Words>,
}

/// A draft that waits for an officer's countersignature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDraft {
    /// The layer.
    pub layer: LayerRef,
    /// The draft's number.
    pub number: u64,
    /// Who drafted it.
    pub by: Person,
    /// When, ms UTC.
    pub at: i64,
}
