//! The peer network's loop: who is dialled, which streams are read and written, what is asked and
//! answered. Who may connect is decided in `admission.rs`, at every new head that changes members.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures::StreamExt;
use ledger::ids::DepartmentId;
use ledger::tip::Tip;
use ledger::views;
use libp2p::request_response::{self, Message, ProtocolSupport};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{self, ConnectionId, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm};
use malachitebft_app_channel::app::engine::network::NetworkEvent;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::admission::{self, Admission};
use super::call::{Answered, Calls, Ours};
use super::codec::{CallCodec, Frame};
use super::command::Command;
use super::ears::{Ears, engine_peer};
use super::lines::{End, Lines, Opened, write_frames};
use super::mesh::{Mesh, Queues};
use super::roll::Roll;
use super::sync::Syncs;
use super::{PeersSetup, blocks, judge, transport};
use crate::clock::Clock;
use crate::config;
use crate::engine::context::{Address, Ctx};
use crate::fault::NodeFault;
use crate::guard::Guard;
use crate::intake::Intake;
use crate::limits::{
    ANSWER_BYTES_MAX, CALL_BYTES_MAX, CALL_WAIT_MAX, CALLS_PER_DEPARTMENT_MAX, DIAL_WAIT_MAX, DIAL_WAIT_MIN,
    PEERS_WAIT, PROBE_EVERY, REGOSSIP_EVERY, SYNC_ANSWER_BYTES_MAX, SYNC_PER_PEER_MAX,
    SYNC_QUESTION_BYTES_MAX,
};
use crate::store::Store;

#[derive(NetworkBehaviour)]
struct Behaviour {
    admission: Admission,
    lines: Lines,
    calls: request_response::Behaviour<CallCodec>,
    blocks: blocks::Behaviour,
    sync: request_response::Behaviour<CallCodec>,
}

/// The channels of a network.
pub(super) struct Ends {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) waiting: mpsc::Receiver<Command>,
    pub(super) engine: mpsc::Sender<NetworkEvent<Ctx>>,
    pub(super) connected: Arc<AtomicUsize>,
}

/// One peer of the configuration.
struct Dial {
    address: Multiaddr,
    next: Instant,
    wait: Duration,
}

/// The running network.
pub(super) struct Network {
    swarm: Swarm<Behaviour>,
    me: Address,
    store: Arc<Store>,
    intake: Arc<Intake>,
    clock: Clock,
    dials: HashMap<PeerId, Dial>,
    roll: watch::Sender<Arc<Roll>>,
    /// The store's count of changes of members when the roll was read.
    roll_read: u64,
    mesh: Arc<Mesh>,
    ears: Arc<Ears>,
    /// Whether the engine was told that its network listens, or will be.
    announced: bool,
    /// What waits for lines that are not open yet.
    queues: HashMap<ConnectionId, Queues>,
    /// Who reads and writes lines.
    tasks: JoinSet<()>,
    calls: Calls,
    syncs: Syncs,
    ends: Ends,
}

impl Network {
    pub(super) fn start(
        setup: PeersSetup,
        ends: Ends,
    ) -> Result<(Self, Arc<Mesh>, JoinHandle<()>), NodeFault> {
        let PeersSetup { keypair, listen, peers, me, verifier, store, intake, clock, incoming, blocks } =
            setup;
        let own = keypair.public().to_peer_id();
        let homes = admission::hosts(peers.iter().map(|(_, address)| address));
        let behaviour = behaviour(&store, Admission::new(own, homes, clock.clone()), blocks)?;
        let config = swarm::Config::with_tokio_executor();
        let mut swarm = Swarm::new(transport::transport(&keypair)?, behaviour, own, config);
        swarm.listen_on(listen).map_err(NodeFault::network)?;
        let now = clock.now().instant;
        let mut dials = HashMap::new();
        for (peer, address) in peers {
            swarm.add_peer_address(peer, address.clone());
            dials.insert(peer, Dial { address, next: now, wait: DIAL_WAIT_MIN });
        }
        let roll_read = store.members_changed();
        let roll = Roll::read(&store.snapshot()).map_err(NodeFault::read)?;
        swarm.behaviour_mut().admission.admit(roll.members.keys().copied().collect());
        let roll = watch::Sender::new(Arc::new(roll));
        let mesh = Arc::new(Mesh::new(own, roll.subscribe()));
        let (heard, judge) = judge::start(Arc::clone(&intake), Guard::new(&store, "the judge of gossip"))?;
        let with = (Arc::clone(&mesh), Arc::clone(&store), clock.clone());
        let ears = Ears::new(with, verifier, ends.engine.clone(), heard, ends.commands.clone());
        let network = Self {
            swarm,
            me,
            store,
            intake,
            clock,
            dials,
            roll,
            roll_read,
            mesh: Arc::clone(&mesh),
            ears: Arc::new(ears),
            announced: false,
            queues: HashMap::new(),
            tasks: JoinSet::new(),
            calls: Calls::new(incoming),
            syncs: Syncs::default(),
            ends,
        };
        Ok((network, mesh, judge))
    }

    /// Runs until told to stop, or until the state cannot be read. Who reads and writes lines has ended
    /// when this returns.
    pub(super) async fn run(
        mut self,
        tip: watch::Receiver<Tip>,
        stop: watch::Receiver<bool>,
    ) -> Result<(), NodeFault> {
        let outcome = self.turn(tip, stop).await;
        self.tasks.shutdown().await;
        outcome
    }

    async fn turn(
        &mut self,
        mut tip: watch::Receiver<Tip>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), NodeFault> {
        let mut dial = every(DIAL_WAIT_MIN);
        let mut regossip = every(REGOSSIP_EVERY);
        let mut probe = every(PROBE_EVERY);
        loop {
            tokio::select! {
                () = told(&mut stop) => return Ok(()),
                event = self.swarm.select_next_some() => self.hear(event).await?,
                Some(command) = self.ends.waiting.recv() => self.obey(command),
                Some(answered) = self.calls.answers.next() => self.give(answered),
                Some(line) = self.tasks.join_next() => {
                    if line.is_err_and(|error| error.is_panic()) {
                        return Err(NodeFault::Panicked("who reads and writes lines"));
                    }
                }
                Ok(()) = tip.changed() => {
                    let height = tip.borrow_and_update().height;
                    self.read_members()?;
                    self.mesh.tell_head(height.into());
                }
                _ = dial.tick() => self.dial(),
                _ = regossip.tick() => self.intake.own().into_iter().for_each(|bytes| self.mesh.gossip(bytes)),
                _ = probe.tick() => self.probe(),
            }
        }
    }

    /// Lets in the peers of active departments, and nobody else. Read again only when a block has
    /// changed something of them.
    fn read_members(&mut self) -> Result<(), NodeFault> {
        let changed = self.store.members_changed();
        if changed == self.roll_read {
            return Ok(());
        }
        let roll = Roll::read(&self.store.snapshot()).map_err(NodeFault::read)?;
        self.swarm.behaviour_mut().admission.admit(roll.members.keys().copied().collect());
        self.roll.send_replace(Arc::new(roll));
        self.roll_read = changed;
        self.mesh.tell_near();
        Ok(())
    }

    fn dial(&mut self) {
        let now = self.clock.now().instant;
        let roll = Arc::clone(&self.roll.borrow());
        let mut due = Vec::new();
        for (peer, dial) in &mut self.dials {
            if self.swarm.is_connected(peer) {
                dial.wait = DIAL_WAIT_MIN;
                dial.next = now;
            } else if now >= dial.next && roll.members.contains_key(peer) {
                dial.next = now + dial.wait;
                dial.wait = dial.wait.saturating_mul(2).min(DIAL_WAIT_MAX);
                due.push(*peer);
            }
        }
        for peer in due {
            self.dial_peer(peer);
        }
    }

    /// From a port of its own each time: two nodes that dial each other at once from the ports they
    /// listen on would want one and the same connection, and one of them fails.
    fn dial_peer(&mut self, peer: PeerId) {
        let Some(dial) = self.dials.get(&peer) else { return };
        let options = DialOpts::peer_id(peer)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(vec![dial.address.clone()])
            .allocate_new_port()
            .build();
        if let Err(error) = self.swarm.dial(options) {
            tracing::debug!(%peer, %error, "not dialled");
        }
    }

    fn probe(&mut self) {
        for peer in self.calls.silent(self.clock.now().instant) {
            tracing::debug!(%peer, "peer does not answer, disconnected");
            self.swarm.disconnect_peer_id(peer).ok(); // gone already
        }
        for peer in self.swarm.connected_peers().copied().collect::<Vec<_>>() {
            if !self.calls.is_probed(&peer) {
                let id = self.swarm.behaviour_mut().calls.send_request(&peer, Frame::Probe);
                self.calls.probed(id, peer, self.clock.now().instant);
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Call { peer, body, answer } => {
                if !answer.is_closed() {
                    let again = Some(body.clone());
                    self.send(body, Ours { peer, answer, again, may_be_known: false });
                }
            }
            Command::Sync { id, peer, question } => {
                if let Ok(peer) = PeerId::from_bytes(&peer) {
                    let request = self.swarm.behaviour_mut().sync.send_request(&peer, Frame::Body(question));
                    self.syncs.asked(request, id);
                }
            }
            Command::SyncAnswer { id, answer } => {
                let (bytes, now) = (answer.as_ref().map_or(0, Vec::len), self.clock.now().instant);
                if let Some((channel, answer)) = self.syncs.channel(&id, bytes, now).zip(answer) {
                    // Who asked may have gone; nothing to do about it.
                    self.swarm.behaviour_mut().sync.send_response(channel, Frame::Body(answer)).ok();
                }
            }
            Command::Bar(peer) => self.swarm.behaviour_mut().admission.bar(peer),
            Command::Close { peer, connection } => {
                if !self.swarm.close_connection(connection) {
                    tracing::trace!(%peer, "closed already");
                }
            }
        }
    }

    fn send(&mut self, body: Vec<u8>, call: Ours) {
        self.dial_peer(call.peer); // if there is no connection; the call then waits for this one
        let id = self.swarm.behaviour_mut().calls.send_request(&call.peer, Frame::Body(body));
        self.calls.sent(id, call);
    }

    fn give(&mut self, answered: Answered) {
        if let Some(frame) = answered.frame
            && self.calls.leaves(&answered.id, &frame)
        {
            // The caller may have gone; nothing to do about it.
            self.swarm.behaviour_mut().calls.send_response(answered.channel, frame).ok();
        }
    }

    async fn hear(&mut self, event: SwarmEvent<BehaviourEvent>) -> Result<(), NodeFault> {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, .. }
                if self.swarm.behaviour().admission.speaks_on(&peer_id) == Some(connection_id) =>
            {
                self.joined(peer_id, connection_id).await;
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                self.left(peer_id, connection_id, num_established).await;
            }
            SwarmEvent::Behaviour(BehaviourEvent::Lines(opened)) => self.opened(opened),
            SwarmEvent::Behaviour(BehaviourEvent::Calls(event)) => self.hear_call(event)?,
            SwarmEvent::Behaviour(BehaviourEvent::Sync(event)) => {
                if let Some(event) = self.syncs.hear(event, self.clock.now().instant) {
                    self.tell_engine(event).await;
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Admission(never)) => match never {},
            SwarmEvent::NewListenAddr { address, .. } => self.listens(address),
            SwarmEvent::IncomingConnectionError { peer_id, error, .. } => {
                tracing::debug!(?peer_id, %error, "connection refused");
            }
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                tracing::debug!(?peer_id, %error, "peer not reached");
            }
            SwarmEvent::ListenerClosed { reason, .. } => {
                return Err(NodeFault::network(format!("it no longer listens: {reason:?}")));
            }
            _ => {} // of no concern: dialling, addresses, listener news
        }
        Ok(())
    }

    /// A peer speaks on this connection from now on.
    async fn joined(&mut self, peer: PeerId, connection: ConnectionId) {
        self.count();
        let queues = self.mesh.join(peer, connection);
        self.queues.insert(connection, queues);
        for bytes in self.intake.own() {
            self.mesh.hand(bytes, &peer);
        }
        if let Some(peer) = engine_peer(&peer) {
            self.tell_engine(NetworkEvent::PeerConnected(peer)).await;
        }
    }

    async fn left(&mut self, peer: PeerId, connection: ConnectionId, others: u32) {
        self.count();
        self.queues.remove(&connection);
        self.mesh.leave(&peer, connection);
        if others == 0
            && let Some(peer) = engine_peer(&peer)
        {
            self.tell_engine(NetworkEvent::PeerDisconnected(peer)).await;
        }
    }

    fn count(&self) {
        self.ends.connected.store(self.swarm.connected_peers().count(), Ordering::Relaxed);
    }

    fn opened(&mut self, opened: Opened) {
        let Opened { peer, connection, end } = opened;
        match end {
            End::Out(line, stream) => {
                let queue = self.queues.get_mut(&connection).and_then(|queues| queues.get_mut(line.number()));
                if let Some(queue) = queue.and_then(Option::take) {
                    self.tasks.spawn(write_frames(stream, queue));
                }
            }
            End::In(line, stream) => {
                if self.swarm.behaviour().admission.speaks_on(&peer) == Some(connection) {
                    self.tasks.spawn(Arc::clone(&self.ears).hear(line, peer, connection, stream));
                }
            }
        }
    }

    /// The engine begins when it is told that its network listens. What it says before anybody is
    /// connected is lost, and a vote may not be said again: with only just enough validators the height
    /// would hang. So one that votes waits a while for two thirds of the others, and then for one at
    /// least; without any nothing can be decided. One that only follows does not wait for long.
    fn listens(&mut self, address: Multiaddr) {
        if std::mem::replace(&mut self.announced, true) {
            return; // on one more address
        }
        let (roll, mut reached) = (Arc::clone(&self.roll.borrow()), self.mesh.reached());
        let votes = roll.validators.contains(&self.me);
        let enough = roll.validators.others(&self.me).saturating_mul(2).div_ceil(3);
        let engine = self.ends.engine.clone();
        self.tasks.spawn(async move {
            let all = reached.wait_for(|reached| *reached >= enough);
            if tokio::time::timeout(PEERS_WAIT, all).await.is_err() && votes {
                tracing::warn!("less than two thirds of the other validators are connected");
                reached.wait_for(|reached| *reached >= 1).await.ok();
            }
            engine.send(NetworkEvent::Listening(address)).await.ok(); // an engine that is gone has told
        });
    }

    /// It waits while the engine is behind: then nothing more is heard either.
    fn tell_engine(&self, event: NetworkEvent<Ctx>) -> impl Future<Output = ()> + Send + use<> {
        let engine = self.ends.engine.clone();
        async move { engine.send(event).await.unwrap_or_default() } // an engine that is gone has told
    }

    fn hear_call(&mut self, event: request_response::Event<Frame, Frame>) -> Result<(), NodeFault> {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                Message::Request { request_id, request: Frame::Body(body), channel } => {
                    if let Some(from) = self.active_department(&peer)? {
                        self.calls.take(request_id, from, body, channel);
                    }
                }
                Message::Request { channel, .. } => {
                    self.swarm.behaviour_mut().calls.send_response(channel, Frame::Probe).ok();
                }
                Message::Response { request_id, response } => self.calls.answered(&request_id, response),
            },
            request_response::Event::OutboundFailure { request_id, error, .. } => {
                if let Some((body, call)) = self.calls.failed(&request_id, &error) {
                    self.send(body, call);
                }
            }
            request_response::Event::InboundFailure { peer, request_id, error, .. } => {
                tracing::debug!(%peer, %error, "call not answered");
                self.calls.done(&request_id);
            }
            request_response::Event::ResponseSent { request_id, .. } => self.calls.done(&request_id),
        }
        Ok(())
    }

    /// The department behind a peer, if it is active at the head.
    fn active_department(&self, peer: &PeerId) -> Result<Option<DepartmentId>, NodeFault> {
        let key = config::peer_key(peer)?;
        let found = views::department_of_peer(&self.store.snapshot(), &key).map_err(NodeFault::read)?;
        Ok(found.filter(|department| department.active).map(|department| department.member.id))
    }
}

fn behaviour(store: &Store, admission: Admission, blocks: blocks::Behaviour) -> Result<Behaviour, NodeFault> {
    let chain = store.chain();
    let questions = |name: &str, codec: CallCodec, at_once: usize| {
        let protocol = StreamProtocol::try_from_owned(format!("/zhenglian/{chain}/{name}/1"));
        let config = request_response::Config::default()
            .with_request_timeout(CALL_WAIT_MAX)
            .with_max_concurrent_streams(at_once.saturating_mul(2)); // ours are counted too
        let protocols = [(protocol.map_err(NodeFault::network)?, ProtocolSupport::Full)];
        Ok::<_, NodeFault>(request_response::Behaviour::with_codec(codec, protocols, config))
    };
    let calls = CallCodec { question_max: CALL_BYTES_MAX, answer_max: ANSWER_BYTES_MAX };
    let sync = CallCodec { question_max: SYNC_QUESTION_BYTES_MAX, answer_max: SYNC_ANSWER_BYTES_MAX };
    Ok(Behaviour {
        admission,
        lines: Lines::new(chain)?,
        calls: questions("call", calls, CALLS_PER_DEPARTMENT_MAX)?,
        blocks,
        sync: questions("sync", sync, SYNC_PER_PEER_MAX)?,
    })
}

/// Waits for the word to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.ok(); // without anybody to say it, it is as good as said
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
