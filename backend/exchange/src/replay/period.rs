//! Of which time a replay is, how far it has come, and the blocks it reads.

use ledger::ids::{Height, Time};
use ledger::state::ReadFault;
use node::Snapshot;

use crate::fault::ExchangeFault;

/// A time by blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// From this block time on.
    pub from: Time,
    /// Before this block time.
    pub until: Time,
}

/// How far a replay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Blocks gone through.
    pub done: u64,
    /// Blocks of the period.
    pub of: u64,
}

impl Progress {
    /// Whether all blocks were gone through.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.done >= self.of
    }
}

/// A block that must be there.
pub(super) fn block(snapshot: &Snapshot<'_>, height: Height) -> Result<ledger::block::Block, ExchangeFault> {
    snapshot.block(height).ok_or_else(|| ReadFault(format!("there is no block at height {height}")).into())
}
