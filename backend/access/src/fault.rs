//! What can break while judging. A fault is never an answer: whoever gets one lets nothing pass.

use ledger::ids::PolicyVersion;
use ledger::policy::{Layer, PolicyOwner, RowId};

pub use ledger::policy::RowProblem;

/// Why nothing can be judged by a set: its owner publishes a corrected one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetFault {
    /// A row cannot be read, so the whole set says nothing.
    #[error("row {row} of the {layer} policy cannot be read: {problem}; publish a corrected set")]
    MalformedRow {
        /// The layer.
        layer: Layer,
        /// The row.
        row: RowId,
        /// Which column.
        problem: RowProblem,
    },
    /// Two rows of one set have the same name.
    #[error("row {row} stands twice in the {layer} policy; publish a corrected set")]
    RepeatedRow {
        /// The layer.
        layer: Layer,
        /// The row.
        row: RowId,
    },
    /// A set beyond [`crate::limits::ROWS_MAX`].
    #[error("the {layer} policy has {rows} rows, more than can be judged")]
    TooManyRows {
        /// The layer.
        layer: Layer,
        /// Rows found.
        rows: usize,
    },
}

/// Index and Casbin said something else by the same rows. No question is named: it would name people's
/// doings in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The layer.
    pub layer: Layer,
    /// Its version.
    pub version: PolicyVersion,
    /// The row that decided by the index.
    pub row: Option<RowId>,
    /// The row that decided by Casbin.
    pub casbin_row: Option<RowId>,
}

/// Why no decision could be made. Let nothing pass, and repair what is named.
#[derive(Debug, thiserror::Error)]
pub enum AccessFault {
    /// A set cannot be judged by.
    #[error(transparent)]
    Set(#[from] SetFault),
    /// Judging again found another answer; no door opens until the program is started anew.
    #[error(
        "index and Casbin differ over version {} of the {} policy: no door opens; report it and restart",
        .0.version, .0.layer
    )]
    Difference(Difference),
    /// A question beyond [`crate::limits::ITEMS_ASKED_MAX`].
    #[error("the question names {items} items, more than can be judged")]
    TooManyItems {
        /// Items found.
        items: usize,
    },
    /// The set handed in is not the one that rules this door.
    #[error("the policy of {found} was handed in where that of {expected} rules")]
    WrongOwner {
        /// Whose rules this door is under.
        expected: PolicyOwner,
        /// Whose were handed in.
        found: PolicyOwner,
    },
    /// The model compiled in is not the one this program was written for.
    #[error("the access model differs from what the program expects: {0}")]
    Model(&'static str),
    /// Casbin itself failed.
    #[error("the rules could not be evaluated")]
    Engine(#[from] casbin::Error),
}
