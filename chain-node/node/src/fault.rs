//! What can break in a node.

use std::path::PathBuf;
use std::sync::Arc;

use ledger::protocol::{Fault, UnknownVersion};
use thiserror::Error;

/// The node cannot go on, or could not start. Where it happens it is logged once.
#[derive(Clone, Debug, Error)]
pub enum NodeFault {
    /// An address, a key or the genesis in the configuration cannot be used.
    #[error("configuration: {0}")]
    Config(Arc<str>),
    /// Another process works on this data directory.
    #[error("the data directory {0} is in use by another process: stop it first")]
    InUse(PathBuf),
    /// The data directory belongs to another chain than the genesis says.
    #[error("the data directory belongs to another chain: use the genesis it was started with")]
    OtherChain,
    /// The database failed, or holds what it cannot hold.
    #[error("store: {0}")]
    Store(Arc<str>),
    /// The state could not be read while a rule was applied.
    #[error("the state could not be read: {0}")]
    Read(Arc<str>),
    /// The chain follows a version of the protocol that this program does not know.
    #[error(transparent)]
    Outdated(#[from] UnknownVersion),
    /// Other validators decided a block that this program finds invalid: versions differ.
    #[error(
        "the decided block {block} at height {height} is invalid here ({reason}): all validators must run the same version"
    )]
    Diverged {
        /// Its height.
        height: u64,
        /// Its id.
        block: Arc<str>,
        /// The rule it breaks.
        reason: Arc<str>,
    },
    /// The file that keeps what this validator signed cannot be used.
    #[error(
        "the sign guard {path}: {what}; it must be whole and writable, or this validator could vote twice"
    )]
    SignGuard {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: Arc<str>,
    },
    /// Consensus asked for a signature that contradicts another.
    #[error(
        "a message of height {height} was not signed: this validator had signed {what} (its guard stands at height {signed}); started again, it follows until that height is decided and votes from the next on"
    )]
    Contradiction {
        /// The height.
        height: u64,
        /// The highest height that something was signed for.
        signed: u64,
        /// What it had signed.
        what: &'static str,
    },
    /// The consensus engine stopped or could not start.
    #[error("consensus engine: {0}")]
    Engine(Arc<str>),
    /// The peer network stopped or could not start.
    #[error("peer network: {0}")]
    Network(Arc<str>),
    /// A part of the node panicked.
    #[error("a panic in {0}: see the log")]
    Panicked(&'static str),
    /// Signing failed.
    #[error("signing failed")]
    Signing,
    /// The node was stopped.
    #[error("the node is stopped")]
    Stopped,
}

impl NodeFault {
    pub(crate) fn config(what: impl Into<Arc<str>>) -> Self {
        Self::Config(what.into())
    }
    pub(crate) fn sign_guard(path: &std::path::Path, what: &dyn std::fmt::Display) -> Self {
        Self::SignGuard { path: path.to_owned(), what: what.to_string().into() }
    }
    pub(crate) fn engine(what: impl ToString) -> Self {
        Self::Engine(what.to_string().into())
    }
    pub(crate) fn network(what: impl ToString) -> Self {
        Self::Network(what.to_string().into())
    }
    pub(crate) fn store(what: impl ToString) -> Self {
        Self::Store(what.to_string().into())
    }
    pub(crate) fn read(fault: impl Into<Fault>) -> Self {
        match fault.into() {
            Fault::Read(fault) => Self::Read(fault.0.into()),
            Fault::Outdated(unknown) => Self::Outdated(unknown),
        }
    }
}
