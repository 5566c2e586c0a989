//! A node, put together bottom to top and stopped top to bottom.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::future::BoxFuture;
use gm::sm2::Direct;
use gm::sm3::sm3;
use ledger::department::address;
use ledger::ids::PeerKey;
use libp2p::{Multiaddr, PeerId};
use malachitebft_app_channel::{EngineHandle, NetworkRequest};
use std::thread::JoinHandle as Thread;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::call::IncomingCall;
use crate::checked::Checked;
use crate::clock::Clock;
use crate::config::{self, NodeConfig, tcp_address};
use crate::council::Council;
use crate::engine::context::Address;
use crate::engine::signing::{Signer, Verifier};
use crate::engine::watch::{WATCH_EVERY, watch_network};
use crate::engine::{self, EngineSetup};
use crate::fault::NodeFault;
use crate::follow::Follow;
use crate::guard::Guard;
use crate::handle::{Inside, NodeHandle};
use crate::intake::Intake;
use crate::limits::{INCOMING_CALLS_MAX, STOP_WAIT};
use crate::peers::{Peers, PeersSetup};
use crate::replica::Replica;
use crate::store::Store;
use crate::store::database::Database;

/// A node with its handle, and the calls of other departments.
pub type Started = (Node, NodeHandle, mpsc::Receiver<IncomingCall>);

/// A running node.
pub struct Node {
    engine: EngineHandle,
    tasks: [JoinHandle<()>; 2],
    network: JoinHandle<()>,
    threads: [Thread<()>; 2],
    intake: Arc<Intake>,
    stop: watch::Sender<bool>,
    failure: watch::Sender<Option<NodeFault>>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").finish_non_exhaustive()
    }
}

impl Node {
    /// Starts a node: its handle, and the calls of other departments.
    ///
    /// Boxed, like [`Self::stop`]: the consensus engine is compiled here, and not again by each caller.
    ///
    /// # Errors
    /// [`NodeFault`] tells what cannot be used or broke; nothing is left running.
    pub fn start(config: NodeConfig) -> BoxFuture<'static, Result<Started, NodeFault>> {
        Box::pin(start(config))
    }

    /// Stops the node: first what asks, then what answers. The data directory is free for another
    /// start when the last handle is dropped too.
    pub fn stop(self) -> BoxFuture<'static, ()> {
        Box::pin(stop(self))
    }

    /// Resolves when the node cannot go on: the process must end with an error.
    pub async fn failed(&self) -> NodeFault {
        let mut failure = self.failure.subscribe();
        let fault = failure.wait_for(Option::is_some).await.ok().and_then(|fault| fault.clone());
        fault.unwrap_or(NodeFault::Stopped)
    }

    /// The libp2p identity that belongs to a peer key's seed, for the member card.
    ///
    /// # Errors
    /// [`NodeFault::Config`] if no key can be made of it.
    pub fn peer_key(seed: &[u8; 32]) -> Result<PeerKey, NodeFault> {
        config::peer_key(&config::keypair(seed)?.public().to_peer_id())
    }
}

async fn start(config: NodeConfig) -> Result<Started, NodeFault> {
    let keypair = config::keypair(&config.peer_key)?;
    let consensus_listen = tcp_address(&config.consensus_listen)?;
    let peers_listen = tcp_address(&config.peers_listen)?;
    let (engine_peers, call_peers) = others(&config)?;
    config.genesis.check().map_err(|error| NodeFault::config(error.to_string()))?;

    let clock = Clock::Machine;
    let failure = watch::Sender::new(None);
    let stop = watch::Sender::new(false);
    let database = Database::open(&config.data)?;
    let store = Arc::new(Store::open(database, Arc::clone(&config.genesis), failure.clone())?);
    let signatures = Arc::new(Checked::new(Direct, clock.clone()));
    let signer = config.consensus_key.map(|key| Signer::new(store.chain(), key));
    let me = match &signer {
        Some(signer) => address(&signer.public()).into(),
        None => nobody(&keypair.public().to_peer_id().to_bytes()),
    };
    let replica = Replica::new(Arc::clone(&store), me, signer.clone(), Arc::clone(&signatures))?;
    let intake = Arc::new(Intake::new(Arc::clone(&store), Arc::clone(&signatures), clock.clone()));
    let follow = Arc::new(Follow::new(store.last_tip()));
    let validator = Arc::new(AtomicBool::new(replica.votes()));
    let peers_configured = call_peers.len();

    let (incoming, calls) = mpsc::channel(INCOMING_CALLS_MAX);
    let setup = PeersSetup {
        keypair: keypair.clone(),
        listen: peers_listen,
        peers: call_peers,
        store: Arc::clone(&store),
        intake: Arc::clone(&intake),
        clock: clock.clone(),
        incoming: incoming.clone(),
    };
    let (peers, network, judge) = Peers::start(setup, &follow, stop.subscribe())?;

    let dialled = engine_peers.iter().map(|(id, address)| (*id, engine::dialled(*id, address))).collect();
    let setup = EngineSetup {
        chain: store.chain(),
        moniker: config.department.to_string(),
        dir: &config.data,
        keypair,
        me,
        verifier: Verifier::new(store.chain(), signatures),
        signer,
        listen: consensus_listen,
        peers: engine_peers,
    };
    let (channels, engine) = engine::start(setup).await.inspect_err(|_| stop_all(&stop))?;

    let watched = watch_mesh(channels.net_requests.clone(), dialled, Arc::clone(&store), stop.subscribe());
    let judged = judge_again(Arc::clone(&intake), &follow, &store, stop.subscribe());
    let app = App {
        council: Council::new(Arc::clone(&store), replica),
        intake: Arc::clone(&intake),
        follow: Arc::clone(&follow),
        validator: Arc::clone(&validator),
        channels,
        clock: clock.clone(),
        held: None,
    };
    let replica = run(app, Arc::clone(&store), stop.subscribe())?;
    let handle = NodeHandle::new(Inside {
        department: config.department,
        store,
        intake: Arc::clone(&intake),
        follow,
        peers,
        peers_configured,
        incoming,
        validator,
        clock,
        turns: Semaphore::new(checked_at_once()),
    });
    let (tasks, threads) = ([watched, judged], [replica, judge]);
    Ok((Node { engine, tasks, network, threads, intake, stop, failure }, handle, calls))
}

/// The word to stop, for tasks and threads.
fn stop_all(stop: &watch::Sender<bool>) {
    stop.send_replace(true);
}

/// Where the engine and the peer network of each other node listen.
type Others = (Vec<(PeerId, Multiaddr)>, Vec<(PeerId, Multiaddr)>);

fn others(config: &NodeConfig) -> Result<Others, NodeFault> {
    let (mut engines, mut networks) = (Vec::new(), Vec::new());
    for peer in config.peers.iter().filter(|peer| peer.department != config.department) {
        let id = config::peer_id(&peer.peer)?;
        engines.push((id, tcp_address(&peer.consensus)?));
        networks.push((id, tcp_address(&peer.peers)?));
    }
    Ok((engines, networks))
}

async fn stop(node: Node) {
    stop_all(&node.stop);
    node.intake.close();
    if tokio::time::timeout(STOP_WAIT, node.network).await.is_err() {
        tracing::warn!("the peer network did not stop in time");
    }
    let threads = tokio::task::spawn_blocking(move || node.threads.map(Thread::join));
    if tokio::time::timeout(STOP_WAIT, threads).await.is_err() {
        tracing::warn!("the replica did not stop in time");
    }
    engine::stop(node.engine).await;
    for task in node.tasks {
        task.await.ok(); // it ends with the word to stop
    }
}

/// Runs the app on a thread of its own: it waits for the disk.
fn run(app: App, store: Arc<Store>, stop: watch::Receiver<bool>) -> Result<Thread<()>, NodeFault> {
    let intake = Arc::clone(&app.intake);
    let runtime = tokio::runtime::Handle::current();
    let replica = move || {
        let _guard = Guard::new(&store, "the replica");
        if let Err(fault) = runtime.block_on(app.run(stop)) {
            store.report(fault);
        }
        intake.close(); // nobody is left to end what waits
    };
    std::thread::Builder::new().name("replica".into()).spawn(replica).map_err(NodeFault::engine)
}

/// Tends the engine's mesh until told to stop.
fn watch_mesh(
    requests: mpsc::Sender<NetworkRequest>,
    dialled: HashMap<PeerId, Multiaddr>,
    store: Arc<Store>,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let guard = Guard::new(&store, "the watch on the mesh");
    tokio::spawn(async move {
        let _guard = guard;
        tokio::select! {
            fault = watch_network(requests, dialled, WATCH_EVERY) => store.report(fault),
            _ = stop.wait_for(|stop| *stop) => {}
        }
    })
}

/// Judges again at each new head what waits, beside the app and not on its thread.
fn judge_again(
    intake: Arc<Intake>,
    follow: &Follow,
    store: &Arc<Store>,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let mut tip = follow.subscribe();
    let store = Arc::clone(store);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                Ok(()) = tip.changed() => {}
                else => return,
            }
            let (intake, guard) = (Arc::clone(&intake), Guard::new(&store, "the judge of what waits"));
            let judged = tokio::task::spawn_blocking(move || {
                let _guard = guard;
                intake.judge_again();
            });
            if judged.await.is_err() {
                return; // it panicked, which the guard has told
            }
        }
    })
}

/// Half of the machine's processors.
fn checked_at_once() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2)
}

/// An address for a node that does not vote: no consensus key has it.
fn nobody(peer: &[u8]) -> Address {
    let digest = sm3(&[b"follows", peer]);
    let mut address = [0; 20];
    for (to, from) in address.iter_mut().zip(digest.0) {
        *to = from;
    }
    Address(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PeerAddress;
    use crate::founding::{Founded, found, found_with};
    use ledger::ids::Height;
    use ledger::parameters::Parameters;
    use std::net::TcpListener;
    use std::time::Duration;
    use tempfile::TempDir;
    use zeroize::Zeroizing;

    fn config(folder: &TempDir, founded: &Founded, of: usize, ports: &[String]) -> NodeConfig {
        let founder = founded.departments[of].clone();
        let pairs = founded.departments.iter().zip(ports.chunks(2));
        NodeConfig {
            data: folder.path().join(of.to_string()),
            genesis: Arc::clone(&founded.genesis),
            department: founder.id,
            peer_key: Zeroizing::new(founder.seed),
            consensus_key: Some(founder.consensus),
            consensus_listen: ports[2 * of].clone(),
            peers_listen: ports[2 * of + 1].clone(),
            peers: pairs
                .map(|(founder, pair)| PeerAddress {
                    department: founder.id.clone(),
                    peer: founder.peer.clone(),
                    consensus: pair[0].clone(),
                    peers: pair[1].clone(),
                })
                .collect(),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stopped_engine_fails_the_node() {
        let (folder, founded) = (tempfile::tempdir().unwrap(), found(1, 1));
        let ports = ["127.0.0.1:0".to_owned(), "127.0.0.1:0".to_owned()];
        let (node, handle, _calls) = Node::start(config(&folder, &founded, 0, &ports)).await.unwrap();
        let founder = &founded.departments[0];
        assert_eq!(Node::peer_key(&founder.seed).unwrap(), founder.peer);
        assert_eq!(handle.status().peers_configured, 0);
        node.engine.actor.stop(None);
        let fault = node.failed().await;
        assert!(matches!(fault, NodeFault::Engine(_)), "{fault}");
        node.stop().await;
    }

    /// An engine that is killed leaves its network behind for a moment, as a machine without power
    /// leaves its connections: the other node then holds an old connection beside the new one.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_chain_goes_on_while_dead_connections_linger() {
        let parameters = Parameters { heartbeat_ms: 200, ..Parameters::DEFAULT };
        let (folder, founded) = (tempfile::tempdir().unwrap(), found_with(2, 2, parameters));
        let listeners: Vec<_> = (0..4).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap().to_string()).collect();
        drop(listeners);
        let (steady, handle, _calls) = Node::start(config(&folder, &founded, 0, &ports)).await.unwrap();
        let mut follow = handle.follow();
        for _ in 0..4 {
            let (node, other, calls) = Node::start(config(&folder, &founded, 1, &ports)).await.unwrap();
            let next = Height(follow.borrow_and_update().height.0 + 2);
            let goes_on = follow.wait_for(|tip| tip.height >= next);
            tokio::time::timeout(Duration::from_secs(60), goes_on).await.expect("it hangs").unwrap();
            node.engine.actor.kill();
            node.stop().await;
            drop((other, calls));
        }
        steady.stop().await;
    }

    #[test]
    fn who_follows_has_an_address_of_its_own() {
        assert_ne!(nobody(b"one"), nobody(b"other"));
    }
}
