//! The node's own network beside the engine's: transactions are gossiped, departments call each
//! other. Called by the handle; runs as one task.

mod call;
mod codec;
mod gossip;
mod swarm;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::call::{CallError, IncomingCall};
use crate::clock::Clock;
use crate::fault::NodeFault;
use crate::follow::Follow;
use crate::guard::Guard;
use crate::intake::Intake;
use crate::limits::PEER_COMMANDS_MAX;
use crate::store::Store;

/// What the network must be told.
pub(crate) struct PeersSetup {
    /// The libp2p key pair.
    pub(crate) keypair: Keypair,
    /// Where to listen.
    pub(crate) listen: Multiaddr,
    /// The other nodes.
    pub(crate) peers: Vec<(PeerId, Multiaddr)>,
    /// Who is a member.
    pub(crate) store: Arc<Store>,
    /// Where gossiped transactions go.
    pub(crate) intake: Arc<Intake>,
    /// What time it is.
    pub(crate) clock: Clock,
    /// Where calls go.
    pub(crate) incoming: mpsc::Sender<IncomingCall>,
}

/// What the network is asked to do.
enum Command {
    /// Tell everyone about a transaction.
    Gossip(Vec<u8>),
    /// Call a peer.
    Call { peer: PeerId, body: Vec<u8>, answer: call::Answer },
}

/// The face of the network.
pub(crate) struct Peers {
    commands: mpsc::Sender<Command>,
    connected: Arc<AtomicUsize>,
}

impl Peers {
    /// Starts the network's task and the thread that judges gossip, which ends with it. It ends when
    /// told to stop; a fault is reported to the store.
    pub(crate) fn start(
        setup: PeersSetup,
        follow: &Follow,
        stop: watch::Receiver<bool>,
    ) -> Result<(Self, JoinHandle<()>, std::thread::JoinHandle<()>), NodeFault> {
        let (commands, waiting) = mpsc::channel(PEER_COMMANDS_MAX);
        let connected = Arc::new(AtomicUsize::new(0));
        let store = Arc::clone(&setup.store);
        let (network, judge) = swarm::Network::start(setup, waiting, Arc::clone(&connected))?;
        let tip = follow.subscribe();
        let guard = Guard::new(&store, "the peer network");
        let task = tokio::spawn(async move {
            let _guard = guard;
            if let Err(fault) = network.run(tip, stop).await {
                store.report(fault);
            }
        });
        Ok((Self { commands, connected }, task, judge))
    }

    /// Tells everyone about a transaction.
    pub(crate) async fn gossip(&self, bytes: Vec<u8>) {
        // A network that is gone has reported why.
        self.commands.send(Command::Gossip(bytes)).await.ok();
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
