//! A call between departments, as the rest of the process sees it.

use ledger::ids::DepartmentId;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::fault::NodeFault;

/// A call from another department, waiting for an answer.
#[derive(Debug)]
pub struct IncomingCall {
    /// Who calls: proven by the connection, active at our head.
    pub from: DepartmentId,
    /// What it says.
    pub body: Vec<u8>,
    /// Where the answer goes. Dropped without answer, the caller finds [`CallError::TimedOut`].
    pub answer: oneshot::Sender<Vec<u8>>,
}

/// How a call to another department ends without an answer.
#[derive(Clone, Debug, Error)]
pub enum CallError {
    /// No address, no connection, no common protocol: surely nothing was received.
    #[error("the department cannot be reached")]
    Unreachable,
    /// No answer in time, or the other side closed without one. It may have received the call.
    #[error("the department did not answer in time")]
    TimedOut,
    /// The call is longer than [`crate::limits::CALL_BYTES_MAX`], or its answer than
    /// [`crate::limits::ANSWER_BYTES_MAX`].
    #[error("the call or its answer is too large")]
    TooLarge,
    /// The chain knows no active department of this id.
    #[error("not an active department of this chain")]
    NotAMember,
    /// The node broke.
    #[error(transparent)]
    Fault(#[from] NodeFault),
}
