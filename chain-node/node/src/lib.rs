//! One department's node: it decides blocks with the other validators, keeps the ledger on
//! disk, and speaks with the other departments.
//!
//! ```text
//!   submit ──► mempool ──► replica.propose ──► parts ──► other nodes
//!                 ▲  │                                       │
//!     peers ──────┘  └──► peers                              ▼
//!   (all that travels)                   replica.validate ◄── parts
//!                                              │
//!   engine (Malachite) ◄── app (its questions) ┤
//!                                              ▼
//!   read, follow ◄────────── store ◄── replica.commit
//! ```
//!
//! `department` starts it; `exchange` and `services` hold a [`NodeHandle`]. The node knows
//! departments (who votes, who is a peer), never what a request or a grant means.
//!
//! **A block, its certificate, its changes and its height are written in one batch or not at
//! all.** Events are hints, the store is truth. A fault stops the node ([`Node::failed`]).

pub mod call;
pub mod config;
pub mod fault;
pub mod handle;
pub mod limits;
pub mod submission;

mod app;
mod archive;
mod assemble;
mod checked;
mod clock;
mod council;
mod engine;
mod follow;
mod follow_blocks;
#[cfg(test)]
mod founding;
mod guard;
mod intake;
mod mempool;
mod metrics;
#[cfg(test)]
mod nodes;
mod parts;
mod peers;
mod replica;
#[cfg(test)]
mod simulation;
mod standing;
mod store;

pub use archive::Archive;
pub use assemble::{Node, Started};
pub use call::{CallError, IncomingCall};
pub use config::{NodeConfig, PeerAddress};
pub use fault::NodeFault;
pub use handle::{NodeHandle, NodeStatus};
pub use store::snapshot::Snapshot;
pub use submission::{Applied, SubmitError};
