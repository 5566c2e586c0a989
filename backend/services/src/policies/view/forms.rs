//! Forms about policies as they are sent back, what they offer, and files in and out.

use serde::Serialize;

use super::{LayerView, LineFault, RuleColumn};
use crate::codes::{Action, Role};
use crate::names::DepartmentRef;
use crate::words::Words;

/// A row's cells as typed. Lists are `*` or codes separated by single commas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RowCells {
    /// Its name.
    pub id: String,
    /// Roles.
    pub role: String,
    /// Requesters.
    pub requester: String,
    /// Providers.
    pub provider: String,
    /// Classes of entries.
    pub entry_class: String,
    /// Items.
    pub items: String,
    /// Sensitivities.
    pub sensitivity: String,
    /// 1 to 4.
    pub grade_max: String,
    /// Doors.
    pub action: String,
    /// Purposes.
    pub purpose: String,
    /// 1 to 3.
    pub assurance_min: String,
    /// Windows.
    pub hours: String,
    /// Zones.
    pub zones: String,
    /// Duties, separated by commas; may be empty.
    pub obligations: String,
    /// `allow` or `deny`.
    pub effect: String,
}

/// The form of one row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RowInput {
    /// Of the working copy as the page showed it; empty where there was none yet.
    pub stamp: String,
    /// The name of the row that is changed; empty to add one.
    pub was: String,
    /// Its cells; the names of wrong ones are the fields of the mistakes.
    pub cells: RowCells,
}

/// What a form of one row offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowForm {
    /// The layer.
    pub layer: LayerView,
    /// Of the working copy; empty where there is none yet.
    pub stamp: String,
    /// The name of the row that is changed; empty for a new one.
    pub was: String,
    /// Its cells now.
    pub cells: RowCells,
    /// What may be named.
    pub offers: Offers,
}

/// What rows and questions may name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    /// Members.
    pub departments: Vec<DepartmentRef>,
    /// Entries in force.
    pub entries: Vec<EntryOffer>,
    /// Classifications of these, each once.
    pub classes: Vec<String>,
    /// Items of these, each once, with their names.
    pub items: Vec<(String, Words)>,
    /// Roles, doors, purposes.
    pub roles: Vec<Role>,
    /// Doors.
    pub actions: Vec<Action>,
    /// Codes of purposes.
    pub purposes: Vec<String>,
    /// Zones that some row of the layers names.
    pub zones: Vec<String>,
}

/// An entry to be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryOffer {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: Words,
    /// Whose.
    pub provider: DepartmentRef,
    /// Its items.
    pub items: Vec<(String, Words)>,
}

/// How an import ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// So many rows are the working copy now.
    Taken(u64),
    /// Nothing was taken: these lines are wrong, the first hundred.
    Wrong(Vec<LineWrong>),
}

/// A line that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineWrong {
    /// Counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: LineFault,
    /// Which column.
    pub column: Option<RuleColumn>,
    /// Cells found, where it has another number of them.
    pub cells: Option<u64>,
}

/// A version as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// Its name.
    pub name: String,
    /// Its text, Casbin's CSV.
    pub text: String,
}

/// The form that signs the working copy as a draft.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DraftInput {
    /// Drawn with the page.
    pub form_id: String,
    /// Of the working copy as the page showed it.
    pub stamp: String,
    /// Why, for the own department.
    pub reason: String,
}

/// The form that countersigns or withdraws.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VersionInput {
    /// Drawn with the page.
    pub form_id: String,
    /// The version that the page showed.
    pub version: String,
}
