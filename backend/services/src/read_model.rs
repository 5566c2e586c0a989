//! The read model as the own department reads it: what lists, search and figures are asked of, without a
//! node. `journal` fills it from the chain.

use ledger::ids::DepartmentId;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqlitePool};

use crate::error::ServiceError;

/// The read model, whose it is, and when it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadModel<'a> {
    pub(crate) pool: &'a SqlitePool,
    pub(crate) own: &'a DepartmentId,
    /// By the node's clock, ms UTC.
    pub(crate) now: i64,
}

/// The id in a row: what it names is read from the chain.
pub(crate) fn id(row: &SqliteRow, column: &'static str) -> Result<[u8; 32], ServiceError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map_err(|_| ServiceError::fault("the read model is damaged; rebuild it", &column))
}
