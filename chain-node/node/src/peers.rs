//! The node's one network: what the consensus engine says and hears, transactions, and the calls of
//! departments, on one port. Only members are let in; what a member may say is bounded for each.
//!
//! ```text
//!   engine (engine/network.rs) ──► mesh ──► lines ──► other nodes
//!   handle ──────────────────────►  ▲                     │
//!                                   └── ears ◄────────────┘
//!                                        ├──► intake (transactions, in turn)
//!                                        └──► engine (votes, parts, status)
//! ```
//!
//! `swarm.rs` runs the connections (`transport.rs`, `admission.rs`), questions and answers (`call.rs`,
//! `sync.rs`), and hands out the streams that stay open (`lines.rs`).

mod admission;
mod ballots;
pub(crate) mod blocks;
mod bounds;
mod call;
mod codec;
mod command;
mod ears;
mod judge;
mod lines;
mod mesh;
mod roll;
mod said;
mod swarm;
mod sync;
mod transport;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::call::{CallError, IncomingCall};
use crate::clock::Clock;
use crate::engine::context::Address;
use crate::engine::network::Link;
use crate::engine::signing::Verifier;
use crate::fault::NodeFault;
use crate::follow::Follow;
use crate::guard::Guard;
use crate::intake::Intake;
use crate::limits::{ENGINE_EVENTS_MAX, PEER_COMMANDS_MAX};
use crate::store::Store;

pub(crate) use command::Command;
pub(crate) use mesh::Mesh;

/// What a peer of ours is made of, for tests that play one.
#[cfg(test)]
pub(crate) mod adversary {
    pub(crate) use super::codec::{CallCodec, Frame};
    pub(crate) use super::lines::{End, Line, Lines, read_frame};
    pub(crate) use super::said::{Spoken, part, read_spoken, spoken, status};
    pub(crate) use super::transport::transport;
}

/// What the network must be told.
pub(crate) struct PeersSetup {
    /// The libp2p key pair.
    pub(crate) keypair: Keypair,
    /// Where to listen.
    pub(crate) listen: Multiaddr,
    /// The other nodes.
    pub(crate) peers: Vec<(PeerId, Multiaddr)>,
    /// The voter's address; a node that only follows has one that is nobody's.
    pub(crate) me: Address,
    /// Checks what validators signed.
    pub(crate) verifier: Verifier,
    /// Who is a member.
    pub(crate) store: Arc<Store>,
    /// Where transactions go.
    pub(crate) intake: Arc<Intake>,
    /// What time it is.
    pub(crate) clock: Clock,
    /// Where calls go.
    pub(crate) incoming: mpsc::Sender<IncomingCall>,
    /// Answers who follows, and asks for who follows here.
    pub(crate) blocks: blocks::Behaviour,
}

/// The face of the network.
pub(crate) struct Peers {
    mesh: Arc<Mesh>,
    commands: mpsc::Sender<Command>,
    connected: Arc<AtomicUsize>,
}

/// A running network: its face, what the engine needs of it, its task, and the thread that judges
/// transactions, which ends with it.
pub(crate) type Running = (Peers, Link, JoinHandle<()>, std::thread::JoinHandle<()>);

impl Peers {
    /// Starts the network. It ends when told to stop; a fault is reported to the store.
    pub(crate) fn start(
        setup: PeersSetup,
        follow: &Follow,
        stop: watch::Receiver<bool>,
    ) -> Result<Running, NodeFault> {
        let (commands, waiting) = mpsc::channel(PEER_COMMANDS_MAX);
        let (engine, heard) = mpsc::channel(ENGINE_EVENTS_MAX);
        let connected = Arc::new(AtomicUsize::new(0));
        let store = Arc::clone(&setup.store);
        let ends =
            swarm::Ends { commands: commands.clone(), waiting, engine, connected: Arc::clone(&connected) };
        let (network, mesh, judge) = swarm::Network::start(setup, ends)?;
        let tip = follow.subscribe();
        let guard = Guard::new(&store, "the peer network");
        let task = tokio::spawn(async move {
            let _guard = guard;
            if let Err(fault) = network.run(tip, stop).await {
                store.report(fault);
            }
        });
        let link = Link { mesh: Arc::clone(&mesh), commands: commands.clone(), heard, standing: Vec::new() };
        Ok((Self { mesh, commands, connected }, link, task, judge))
    }

    /// Tells the validators about a transaction.
    pub(crate) fn gossip(&self, bytes: Vec<u8>) {
        self.mesh.gossip(bytes);
    }

    /// Calls a peer and waits for its answer. The caller sets the time limit.
    pub(crate) async fn call(&self, peer: PeerId, body: Vec<u8>) -> Result<Vec<u8>, CallError> {
        let (answer, answered) = oneshot::channel();
        let call = Command::Call { peer, body, answer };
        self.commands.send(call).await.map_err(|_| NodeFault::Stopped)?;
        answered.await.unwrap_or(Err(CallError::Fault(NodeFault::Stopped)))
    }

    /// How many peers are connected.
    pub(crate) fn connected(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
