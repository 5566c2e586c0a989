//! A node, put together bottom to top and stopped top to bottom.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use gm::sm2::{Direct, SecretKey};
use gm::sm3::sm3;
use ledger::department::address;
use ledger::ids::PeerKey;
use ledger::views;
use libp2p::{Multiaddr, PeerId};
use malachitebft_app_channel::EngineHandle;
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
use crate::engine::network::Link;
use crate::engine::signing::{Signer, Verifier};
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
use crate::standing::{Abstention, Standing};
use crate::store::Store;
use crate::store::database::Database;

/// A node with its handle, and the calls of other departments.
pub type Started = (Node, NodeHandle, mpsc::Receiver<IncomingCall>);

/// The engine, once it has started.
type EngineSlot = Arc<Mutex<Option<EngineHandle>>>;

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
    let listen = tcp_address(&config.listen)?;
    let others = others(&config)?;
    config.genesis.check().map_err(|error| NodeFault::config(error.to_string()))?;

    let clock = Clock::Machine;
    let failure = watch::Sender::new(None);
    let stop = watch::Sender::new(false);
    let database = Database::open(&config.data)?;
    let store = Arc::new(Store::open(database, Arc::clone(&config.genesis), failure.clone())?);
    let signatures = Arc::new(Checked::new(Direct, clock.clone()));
    let log = engine::log_in(&config.data);
    let (signer, abstains) = match config.consensus_key {
        Some(key) => {
            let (signer, abstains) = sign(key, &config.sign_guard, &store, &log, &clock)?;
            (Some(signer), abstains)
        }
        None => (None, None),
    };
    let intake = Arc::new(Intake::new(Arc::clone(&store), Arc::clone(&signatures), clock.clone()));
    let follow = Arc::new(Follow::new(store.last_tip()));
    let standing = Arc::new(Standing::default());
    let peers_configured = others.len();

    let (incoming, calls) = mpsc::channel(INCOMING_CALLS_MAX);
    let (blocks, block_peers) = blocks::new(Arc::clone(&store), follow.subscribe(), clock.clone())?;
    let (progress, follows) = watch::channel(Progress::default());
    let follower = Follower::new(follow_blocks::Setup {
        store: Arc::clone(&store),
        signatures: Arc::clone(&signatures),
        intake: Arc::clone(&intake),
        follow: Arc::clone(&follow),
        standing: Arc::clone(&standing),
        abstains,
        peers: block_peers,
        me: keypair.public().to_peer_id(),
        voter: signer.as_ref().map(Signer::public),
        clock: clock.clone(),
        progress,
    })?;
    let me = match &signer {
        Some(signer) => address(&signer.public()).into(),
        None => nobody(&keypair.public().to_peer_id().to_bytes()),
    };
    let setup = PeersSetup {
        keypair,
        listen,
        peers: others,
        me,
        verifier: Verifier::new(store.chain(), Arc::<Checked>::clone(&signatures)),
        store: Arc::clone(&store),
        intake: Arc::clone(&intake),
        clock: clock.clone(),
        incoming: incoming.clone(),
        blocks,
    };
    let (peers, link, network, judge) = Peers::start(setup, &follow, stop.subscribe())?;

    let judged = judge_again(Arc::clone(&intake), &follow, &store, stop.subscribe());
    let engine = EngineSlot::default();
    let seat = signer.map(|signer| Seat {
        store: Arc::clone(&store),
        signatures,
        signer,
        intake: Arc::clone(&intake),
        follow: Arc::clone(&follow),
        standing: Arc::clone(&standing),
        clock: clock.clone(),
        moniker: config.department.to_string(),
        dir: config.data,
        engine: Arc::clone(&engine),
    });
    let replica = run(follower, seat, link, Arc::clone(&store), stop.subscribe())?;
    let handle = NodeHandle::new(Inside {
        department: config.department,
        store,
        intake: Arc::clone(&intake),
        follow,
        peers,
        peers_configured,
        incoming,
        standing,
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
    standing: Arc<Standing>,
    clock: Clock,
    moniker: String,
    dir: PathBuf,
    engine: EngineSlot,
}

impl Seat {
    /// Starts the engine at the head, and what answers it.
    async fn take(self, link: Link) -> Result<App, NodeFault> {
        let Self { store, signatures, signer, intake, follow, standing, clock, .. } = self;
        let me = address(&signer.public()).into();
        let replica = Replica::new(Arc::clone(&store), me, Some(signer.clone()), Arc::clone(&signatures))?;
        let setup = EngineSetup {
            moniker: self.moniker,
            dir: &self.dir,
            me,
            verifier: Verifier::new(store.chain(), signatures),
            signer,
            link,
        };
        let (channels, engine) = engine::start(setup).await?;
        #[cfg(test)]
        crate::simulation::recorded::listen(me, &channels.events);
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(engine);
        let council = Council::new(store, replica);
        Ok(App { council, intake, follow, standing, channels, clock, held: None })
    }
}

/// The signer of a validator's key, and whether it abstains at first.
fn sign(
    key: SecretKey,
    folder: &Path,
    store: &Arc<Store>,
    log: &Path,
    clock: &Clock,
) -> Result<(Signer, Option<Abstention>), NodeFault> {
    let me = address(&key.public());
    let set = views::validator_set(&store.snapshot()).map_err(NodeFault::read)?;
    let is_alone = set.validators().iter().all(|validator| validator.address == me);
    let (guard, abstains) = Abstention::look(folder, me, store, log, is_alone, clock.now().time)?;
    // The engine's actors may outlive the node by a moment, and must not keep its folder.
    let told = Arc::downgrade(store);
    let report = Arc::new(move |fault| {
        if let Some(store) = told.upgrade() {
            store.report(fault);
        }
    });
    Ok((Signer::new(store.chain(), key, guard, report), abstains))
}

/// The word to stop, for tasks and threads.
fn stop_all(stop: &watch::Sender<bool>) {
    stop.send_replace(true);
}

/// Where each other node listens.
fn others(config: &NodeConfig) -> Result<Vec<(PeerId, Multiaddr)>, NodeFault> {
    let others = config.peers.iter().filter(|peer| peer.department != config.department);
    others.map(|peer| Ok((config::peer_id(&peer.peer)?, tcp_address(&peer.address)?))).collect()
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
    if let Some(engine) = engine {
        engine::stop(engine).await;
    }
    node.judged.await.ok(); // it ends with the word to stop
}

/// Follows decided blocks, or takes part in deciding them as soon as this node votes, on a thread of its
/// own: it waits for the disk.
fn run(
    mut follower: Follower,
    seat: Option<Seat>,
    mut link: Link,
    store: Arc<Store>,
    stop: watch::Receiver<bool>,
) -> Result<Thread<()>, NodeFault> {
    let (runtime, intake) = (tokio::runtime::Handle::current(), Arc::clone(follower.intake()));
    let replica = move || {
        let _guard = Guard::new(&store, "the replica");
        let work = async {
            let end = tokio::select! {
                end = follower.run(stop.clone()) => end?,
                () = link.pass_over() => End::Stopped,
            };
            match (end, seat) {
                (End::Votes, Some(seat)) => seat.take(link).await?.run(stop).await,
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
        let peers = founded.departments.iter().zip(ports);
        NodeConfig {
            data: folder.path().join(of.to_string()),
            sign_guard: folder.path().join("signed"),
            genesis: Arc::clone(&founded.genesis),
            department: founder.id,
            peer_key: Zeroizing::new(founder.seed),
            consensus_key: Some(founder.consensus),
            listen: ports[of].clone(),
            peers: peers
                .map(|(founder, address)| PeerAddress {
                    department: founder.id.clone(),
                    peer: founder.peer.clone(),
                    address: address.clone(),
                })
                .collect(),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stopped_engine_fails_the_node() {
        let (folder, founded) = (tempfile::tempdir().unwrap(), found(1, 1));
        let ports = ["127.0.0.1:0".to_owned()];
        let (node, handle, _calls) = Node::start(config(&folder, &founded, 0, &ports)).await.unwrap();
        let founder = &founded.departments[0];
        assert_eq!(Node::peer_key(&founder.seed).unwrap(), founder.peer);
        assert_eq!(handle.status().peers_configured, 0);
        handle.follow().wait_for(|tip| tip.height >= Height(1)).await.unwrap();
        node.engine.lock().unwrap().as_ref().unwrap().actor.stop(None);
        let fault = node.failed().await;
        assert!(matches!(fault, NodeFault::Engine(_)), "{fault}");
        node.stop().await;
    }

    /// Carries connections to an address until it is told to be dead: then it holds them open and
    /// carries no byte, as the other side of a machine that has lost its power.
    async fn wire(to: String, dead: watch::Receiver<u64>) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (to, mut dead) = (to.clone(), dead.clone());
                tokio::spawn(async move {
                    let Ok(mut far) = tokio::net::TcpStream::connect(to).await else { return };
                    let life = *dead.borrow_and_update();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        () = async { dead.wait_for(|lives| *lives > life).await.ok(); } => std::future::pending::<()>().await,
                    }
                });
            }
        });
        address
    }

    /// A machine that loses its power says no farewell: the other node holds a dead connection beside
    /// the new one. (Finding A6.)
    #[tokio::test(flavor = "multi_thread")]
    async fn a_chain_goes_on_while_dead_connections_linger() {
        let parameters = Parameters { heartbeat_ms: 200, ..Parameters::DEFAULT };
        let (folder, founded) = (tempfile::tempdir().unwrap(), found_with(2, 2, parameters));
        let listeners: Vec<_> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap().to_string()).collect();
        drop(listeners);
        let lives = watch::Sender::new(0);
        let mut wired = Vec::new();
        for port in &ports {
            wired.push(wire(port.clone(), lives.subscribe()).await);
        }
        let config = |of: usize| {
            let mut config = config(&folder, &founded, of, &wired);
            config.listen = ports[of].clone();
            config
        };
        let (steady, handle, _calls) = Node::start(config(0)).await.unwrap();
        let mut follow = handle.follow();
        for _ in 0..4 {
            let (node, other, calls) = Node::start(config(1)).await.unwrap();
            let next = Height(follow.borrow_and_update().height.0 + 2);
            let goes_on = follow.wait_for(|tip| tip.height >= next);
            tokio::time::timeout(Duration::from_secs(60), goes_on).await.expect("it hangs").unwrap();
            lives.send_modify(|lives| *lives += 1);
            node.stop().await;
            drop((other, calls));
        }
        steady.stop().await;
    }
}
