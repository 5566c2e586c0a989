//! Inspections: the case in which an inspectorate looks at what others share. Two inspectors open it; what is
//! looked at in it is written down before it is shown, put on record on the chain, and found by the department
//! looked at. Case number, warrant and reason stay in the inspectorate's office.

mod choose;
mod close;
mod form;
mod list;
mod looks;
mod open;
mod open_ones;
mod papers;
mod show;
mod standing;
mod view;

pub use choose::choose;
pub use close::{CloseInput, close};
pub use form::{InspectionForm, InspectionInput, form, propose};
pub use list::list;
pub(crate) use list::{concluded_due, looked_at_lately, proposals_for, waiting};
pub(crate) use looks::put_looks_on_record;
pub use open::{countersign, withdraw};
pub(crate) use open_ones::{open_ones, seen};
pub use show::show;
pub(crate) use standing::{covered, looks_at, note_look, note_looks, reach, row};
pub use view::{
    Concluded, InspectionForms, InspectionMay, InspectionPapers, InspectionRow, InspectionState,
    InspectionView, LookRow, LookedAt, SightKind,
};
