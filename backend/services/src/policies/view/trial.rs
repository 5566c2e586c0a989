//! What pages show of a version that is tried out: one question, past decisions, who reaches an item.

use std::collections::BTreeMap;

use access::{Turn, Way};
use ledger::policy::Effect;
use serde::Serialize;

use super::{ChangeKind, DutyView, EntryOffer, LayerView, Offers, RuleColumn, VersionRef, Which};
use crate::codes::{Action, Assurance, Layer, Role, ShareType};
use crate::names::DepartmentRef;
use crate::words::Words;

/// One question for the simulator. Empty fields are left out where the door allows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TryOutInput {
    /// Who wants something: a department's code.
    pub requester: String,
    /// The entry's code; its provider is the other side.
    pub entry: String,
    /// Codes of items.
    pub items: Vec<String>,
    /// Code of the door.
    pub action: String,
    /// Code of the purpose; may be empty for doors without one.
    pub purpose: String,
    /// Code of the role.
    pub role: String,
    /// 0 to 4; empty is 0.
    pub clearance: String,
    /// Code of the assurance.
    pub assurance: String,
    /// Name of a zone, or empty.
    pub zone: String,
    /// `2026-11-20T14:00` in UTC+8; empty is now.
    pub at: String,
    /// Whether the grant is live, for doors with one.
    pub grant_live: bool,
}

/// The simulator's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryOutForm {
    /// The layer whose draft is tried.
    pub layer: LayerView,
    /// What may be named.
    pub offers: Offers,
    /// Assurances.
    pub assurances: Vec<Assurance>,
    /// A first question.
    pub input: TryOutInput,
}

/// A question as it was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionView {
    /// Who wants something.
    pub requester: DepartmentRef,
    /// Whose data.
    pub provider: DepartmentRef,
    /// Which side's rules were asked.
    pub judged_at: DepartmentRef,
    /// Classification of the entry.
    pub class: String,
    /// How it is shared.
    pub share: ShareType,
    /// Codes of items.
    pub items: Vec<String>,
    /// Their highest grade.
    pub grade: u8,
    /// Their sensitivities.
    pub sensitivities: Vec<u8>,
    /// The door.
    pub action: Action,
    /// Code of the purpose; none where the door has none.
    pub purpose: Option<String>,
    /// The role.
    pub role: Role,
    /// 0 to 4.
    pub clearance: u8,
    /// How surely recognised.
    pub assurance: Assurance,
    /// Zone.
    pub zone: Option<String>,
    /// When, ms UTC.
    pub at: i64,
    /// Whether the grant is live; none where the door has none.
    pub grant_live: Option<bool>,
}

/// What the rules said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidView {
    /// Whether it passes.
    pub allow: bool,
    /// The layer that denied.
    pub denied_by: Option<Layer>,
    /// The row that denied; none where no row of that layer allowed it.
    pub denied_row: Option<String>,
    /// What must be done.
    pub duties: Vec<DutyView>,
}

/// A row, tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowTriedView {
    /// Its name.
    pub row: String,
    /// What it says where it speaks.
    pub effect: Effect,
    /// Whether it decided its layer.
    pub decided: bool,
    /// Why it does not speak; empty when it does.
    pub misses: Vec<RuleColumn>,
}

/// A layer, tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerTriedView {
    /// Which.
    pub layer: Layer,
    /// Its version's number.
    pub number: u64,
    /// Whether these are the rows of the draft.
    pub is_draft: bool,
    /// The row that decided; none where nobody spoke.
    pub decided: Option<String>,
    /// All rows in order.
    pub rows: Vec<RowTriedView>,
}

/// An answer with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedView {
    /// The answer.
    pub said: SaidView,
    /// Layer by layer, national first.
    pub layers: Vec<LayerTriedView>,
}

/// What the simulator says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedOut {
    /// What was asked.
    pub question: QuestionView,
    /// By what is in force.
    pub in_force: ExplainedView,
    /// By the draft, working copy or pending set asked for; none where only what is in force was.
    pub draft: Option<ExplainedView>,
    /// Whether the draft's layer rules this door at all.
    pub concerns: bool,
}

/// What is previewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviewInput {
    /// Draft, pending set or working copy.
    pub which: Which,
    /// How many of the last decisions: 100 to 100,000; others are brought within.
    pub decisions: u64,
}

/// A past decision that comes out otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedView {
    /// The query's id, 64 hexadecimal characters.
    pub id: String,
    /// The receipt's number for people.
    pub number: String,
    /// When it was decided, ms UTC.
    pub at: i64,
    /// Who asked.
    pub requester: DepartmentRef,
    /// Who answers.
    pub provider: DepartmentRef,
    /// The door.
    pub action: Action,
    /// Classification of the entry.
    pub class: String,
    /// Codes of items.
    pub items: Vec<String>,
    /// Code of the purpose.
    pub purpose: Option<String>,
    /// Which way it turns.
    pub turn: Turn,
    /// The layer of the row that makes the difference.
    pub layer: Option<Layer>,
    /// The row that makes the difference.
    pub row: Option<String>,
    /// By what is in force.
    pub before: SaidView,
    /// By the draft.
    pub after: SaidView,
}

/// What would have come of the last decisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previewed {
    /// How many decisions were asked for.
    pub wanted: u64,
    /// How many were judged again.
    pub judged: u64,
    /// How many could not be: no policy was asked then, or their papers are of an older form.
    pub unknown: u64,
    /// The oldest and the newest of these, ms UTC; none where there were none.
    pub period: Option<(i64, i64)>,
    /// How many come out otherwise.
    pub turns: u64,
    /// Of these, how many let more pass.
    pub loosened: u64,
    /// Those that come out otherwise, newest first; the first five hundred.
    pub turned: Vec<TurnedView>,
    /// All of them by the way they turn.
    pub by_turn: Vec<(Turn, u64)>,
    /// By the row that makes the difference (its layer and name), most first.
    pub by_row: Vec<(Option<(Layer, String)>, u64)>,
    /// By requester, most first.
    pub by_requester: Vec<(DepartmentRef, u64)>,
    /// How long it took, ms.
    pub took_ms: u64,
}

/// A preview's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewView {
    /// The layer.
    pub layer: LayerView,
    /// What was previewed.
    pub which: Which,
    /// Its version.
    pub version: VersionRef,
    /// Names of the items of all entries in force, by code.
    pub items: BTreeMap<String, Words>,
    /// What was found.
    pub found: Previewed,
}

/// Whom reach is asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReachInput {
    /// The entry's code.
    pub entry: String,
    /// The item's code.
    pub item: String,
}

/// One way to an item and who has it. All of them need a live grant and a clearance for its grade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachedView {
    /// How.
    pub way: Way,
    /// In which role.
    pub role: Role,
    /// Signed in at least like this.
    pub assurance: Assurance,
    /// From which zone; none where it makes no difference.
    pub zone: Option<String>,
    /// Under which duties.
    pub duties: Vec<DutyView>,
    /// By which rows: door, layer, row.
    pub rows: Vec<(Action, Layer, Option<String>)>,
    /// Who.
    pub requesters: Vec<DepartmentRef>,
    /// What for.
    pub purposes: Vec<String>,
    /// At every hour of the week.
    pub always: bool,
    /// Whether only the draft opens it (`Added`), only what is in force (`Removed`); none: both. `Changed` never.
    pub change: Option<ChangeKind>,
}

/// Who can reach an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachView {
    /// The layer whose draft is tried.
    pub layer: LayerView,
    /// What is tried.
    pub which: Which,
    /// The entry.
    pub entry: EntryOffer,
    /// The item's code and name.
    pub item: (String, Words),
    /// Every way; those that change first.
    pub ways: Vec<ReachedView>,
    /// How long it took, ms.
    pub took_ms: u64,
}
