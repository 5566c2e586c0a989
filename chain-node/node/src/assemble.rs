//! A node, put together bottom to top and stopped top to bottom.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use gm::sm2::Direct;
use ledger::department::address;
use ledger::ids::PeerKey;
use ledger::views;
use libp2p::identity::Keypair;
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
use crate::engine::signing::{Signer, Verifier};
use crate::engine::watch::{WATCH_EVERY, watch_network};
use crate::engine::{self, EngineSetup};
use crate::fault::NodeFault;
use crate::follow::Follow;
use crate::follow_blocks::{self, End, Follower, Progress};
use crate::guard::Guard;
use crate::handle::{Inside, NodeHandle};
use crate::intake::Intake;
use crate::limits::{INCOMING_CALLS_MAX, STOP_WAIT};
use crate::peers::{Peers, PeersSetup, blocks};
use crate::replica::Replica;
use crate::store::Store;
use crate::store::database::Database;

/// A node with its handle, and the calls of other departments.
pub type Started = (Node, NodeHandle, mpsc::Receiver<IncomingCall>);

/// The engine with the watch on its network, once they have started.
type EngineSlot = Arc<Mutex<Option<(EngineHandle, JoinHandle<()>)>>>;

/// A running node.
pub struct Node {
    engine: EngineSlot,
    judged: JoinHandle<()>,
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
    let intake = Arc::new(Intake::new(Arc::clone(&store), Arc::clone(&signatures), clock.clone()));
    let follow = Arc::new(Follow::new(store.last_tip()));
    let validator = Arc::new(AtomicBool::new(false));
    let peers_configured = call_peers.len();

    let (incoming, calls) = mpsc::channel(INCOMING_CALLS_MAX);
    let (blocks, block_peers) = blocks::new(Arc::clone(&store), follow.subscribe(), clock.clone())?;
    let (progress, follows) = watch::channel(Progress::default());
    let follower = Follower::new(follow_blocks::Setup {
        store: Arc::clone(&store),
        signatures: Arc::clone(&signatures),
        intake: Arc::clone(&intake),
        follow: Arc::clone(&follow),
        validator: Arc::clone(&validator),
        peers: block_peers,
        me: keypair.public().to_peer_id(),
        voter: signer.as_ref().map(Signer::public),
        clock: clock.clone(),
        progress,
    })?;
    let setup = PeersSetup {
        keypair: keypair.clone(),
        listen: peers_listen,
        peers: call_peers,
        store: Arc::clone(&store),
        intake: Arc::clone(&intake),
        clock: clock.clone(),
        incoming: incoming.clone(),
        blocks,
    };
    let (peers, network, judge) = Peers::start(setup, &follow, stop.subscribe())?;

    let judged = judge_again(Arc::clone(&intake), &follow, &store, stop.subscribe());
    let engine = EngineSlot::default();
    let seat = signer.map(|signer| Seat {
        store: Arc::clone(&store),
        signatures,
        signer,
        intake: Arc::clone(&intake),
        follow: Arc::clone(&follow),
        validator: Arc::clone(&validator),
        clock: clock.clone(),
        moniker: config.department.to_string(),
        dir: config.data,
        keypair,
        listen: consensus_listen,
        peers: engine_peers,
        engine: Arc::clone(&engine),
    });
    let replica = run(follower, seat, Arc::clone(&intake), Arc::clone(&store), stop.subscribe())?;
    let handle = NodeHandle::new(Inside {
        department: config.department,
        store,
        intake: Arc::clone(&intake),
        follow,
        peers,
        peers_configured,
        incoming,
        validator,
        follows,
        clock,
        turns: Semaphore::new(checked_at_once()),
    });
    let threads = [replica, judge];
    Ok((Node { engine, judged, network, threads, intake, stop, failure }, handle, calls))
}

/// What a node needs beside its store to take part in consensus.
struct Seat {
    store: Arc<Store>,
    signatures: Arc<Checked>,
    signer: Signer,
    intake: Arc<Intake>,
    follow: Arc<Follow>,
    validator: Arc<AtomicBool>,
    clock: Clock,
    moniker: String,
    dir: PathBuf,
    keypair: Keypair,
    listen: Multiaddr,
    peers: Vec<(PeerId, Multiaddr)>,
    engine: EngineSlot,
}

impl Seat {
    /// Starts the engine at the head, and what answers it.
    async fn take(self, stop: watch::Receiver<bool>) -> Result<App, NodeFault> {
        let Self { store, signatures, signer, intake, follow, validator, clock, .. } = self;
        let me = address(&signer.public()).into();
        let replica = Replica::new(Arc::clone(&store), me, Some(signer.clone()), Arc::clone(&signatures))?;
        let validators = validator_peers(&store)?;
        let peers: Vec<_> = self.peers.into_iter().filter(|(peer, _)| validators.contains(peer)).collect();
        let dialled = peers.iter().map(|(id, address)| (*id, engine::dialled(*id, address))).collect();
        let setup = EngineSetup {
            chain: store.chain(),
            moniker: self.moniker,
            dir: &self.dir,
            keypair: self.keypair,
            me,
            verifier: Verifier::new(store.chain(), signatures),
            signer: Some(signer),
            listen: self.listen,
            peers,
        };
        let (channels, engine) = engine::start(setup).await?;
        let watched = watch_mesh(channels.net_requests.clone(), dialled, Arc::clone(&store), stop);
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some((engine, watched));
        let council = Council::new(store, replica);
        Ok(App { council, intake, follow, validator, channels, clock, held: None })
    }
}

/// The peers of those who vote at the next height.
fn validator_peers(store: &Store) -> Result<BTreeSet<PeerId>, NodeFault> {
    let snapshot = store.snapshot();
    let mut peers = BTreeSet::new();
    for validator in views::validator_set(&snapshot).map_err(NodeFault::read)?.validators() {
        let Some(key) = views::signing_key(&snapshot, &validator.key.key_id()).map_err(NodeFault::read)?
        else {
            continue;
        };
        let department = views::department(&snapshot, &key.department).map_err(NodeFault::read)?;
        peers.extend(department.and_then(|department| config::peer_id(&department.member.peer).ok()));
    }
    Ok(peers)
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
    let engine = node.engine.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((engine, watched)) = engine {
        engine::stop(engine).await;
        watched.await.ok(); // it ends with the word to stop
    }
    node.judged.await.ok(); // this too
}

/// Follows decided blocks, or takes part in deciding them as soon as this node votes, on a thread of its
/// own: it waits for the disk.
fn run(
    mut follower: Follower,
    seat: Option<Seat>,
    intake: Arc<Intake>,
    store: Arc<Store>,
    stop: watch::Receiver<bool>,
) -> Result<Thread<()>, NodeFault> {
    let runtime = tokio::runtime::Handle::current();
    let replica = move || {
        let _guard = Guard::new(&store, "the replica");
        let work = async {
            match (follower.run(stop.clone()).await?, seat) {
                (End::Votes, Some(seat)) => seat.take(stop.clone()).await?.run(stop).await,
                (End::Votes | End::Stopped, _) => Ok(()), // without a key nobody votes
            }
        };
        if let Err(fault) = runtime.block_on(work) {
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
        handle.follow().wait_for(|tip| tip.height >= Height(1)).await.unwrap();
        node.engine.lock().unwrap().as_ref().unwrap().0.actor.stop(None);
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
            node.engine.lock().unwrap().as_ref().unwrap().0.actor.kill();
            node.stop().await;
            drop((other, calls));
        }
        steady.stop().await;
    }
}
