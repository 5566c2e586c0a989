//! What stands of a query in decided blocks: history, which no rule reads. The state keeps of a record only what is
//! open (`receipt.rs`), so that it does not grow with what was ever asked; who wants the record reads it from its
//! block, which a node finds through an index that it keeps beside consensus (`index.rs`).

use crate::ids::QueryId;
use crate::receipt::Record;
use crate::state::{ReadFault, StateRead};

/// Decided blocks that can be read.
pub trait HistoryRead {
    /// The record of a query, with its acknowledgement if there is one; none where no decided block holds it.
    ///
    /// # Errors
    /// [`ReadFault`] when the store breaks.
    fn record(&self, query: &QueryId) -> Result<Option<Record>, ReadFault>;
}

/// A ledger that can be read: its state at a head, and the blocks that led to it.
pub trait LedgerRead: StateRead + HistoryRead {}

impl<T: StateRead + HistoryRead> LedgerRead for T {}
