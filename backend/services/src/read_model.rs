//! The read model as the own department reads it: what lists, search and figures are asked of, without a
//! node. `journal` fills it from the chain.

use ledger::ids::DepartmentId;
use sqlx::SqlitePool;

/// The read model, whose it is, and when it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadModel<'a> {
    pub(crate) pool: &'a SqlitePool,
    pub(crate) own: &'a DepartmentId,
    /// By the node's clock, ms UTC.
    pub(crate) now: i64,
}
