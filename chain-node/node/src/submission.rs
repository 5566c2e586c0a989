//! How a submission ends.

use ledger::ids::{Height, Time, TxId};
use ledger::refusal::Refusal;
use thiserror::Error;

use crate::fault::NodeFault;

/// How a waiting transaction ends.
pub(crate) type Outcome = Result<Applied, SubmitError>;

/// A transaction took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its id.
    pub tx: TxId,
    /// The block's height.
    pub height: Height,
    /// Its place in the block, from 0.
    pub index: u32,
    /// The block's time.
    pub time: Time,
}

/// How a submission ends other than applied.
#[derive(Clone, Debug, Error)]
pub enum SubmitError {
    /// A rule of the ledger says no; the code says which.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// Its time passed (in block time) before it was applied. The same act needs a new transaction.
    #[error("the transaction lapsed before it was applied")]
    Lapsed,
    /// Too many transactions wait; try again later.
    #[error("too many transactions wait")]
    Full,
    /// The node broke.
    #[error(transparent)]
    Fault(#[from] NodeFault),
}
