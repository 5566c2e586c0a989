//! The peer network's loop: who may connect, who is dialled, what is passed where.
//!
//! Only peers of departments that are active at our head are let in or served; a connection of
//! anybody else is refused before a protocol is spoken.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures::StreamExt;
use ledger::ids::DepartmentId;
use ledger::state::ReadFault;
use ledger::tip::Tip;
use ledger::views;
use libp2p::allow_block_list::{self, AllowedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::gossipsub::{self, IdentTopic, MessageAcceptance};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, Message, ProtocolSupport};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, noise, tcp, yamux};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::call::{Answered, Calls, Ours};
use super::codec::{CallCodec, Frame};
use super::gossip::{self, Heard, Judged};
use super::{Command, PeersSetup};
use crate::clock::Clock;
use crate::config;
use crate::fault::NodeFault;
use crate::guard::Guard;
use crate::intake::Intake;
use crate::limits::{
    CALL_WAIT_MAX, CALLS_PER_DEPARTMENT_MAX, CONNECTIONS_PER_PEER_MAX, DIAL_WAIT_MAX, DIAL_WAIT_MIN,
    HANDSHAKES_MAX, PROBE_EVERY, REGOSSIP_EVERY,
};
use crate::store::Store;

/// Members are read again at most this often; each call is checked against the head anyway.
const MEMBERS_EVERY: Duration = Duration::from_secs(5);
/// A connection nobody uses stays: departments are few.
const IDLE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(NetworkBehaviour)]
struct Behaviour {
    members: allow_block_list::Behaviour<AllowedPeers>,
    limits: connection_limits::Behaviour,
    gossip: gossipsub::Behaviour,
    calls: request_response::Behaviour<CallCodec>,
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
    store: Arc<Store>,
    intake: Arc<Intake>,
    clock: Clock,
    topic: IdentTopic,
    dials: HashMap<PeerId, Dial>,
    members: HashMap<PeerId, DepartmentId>,
    members_read: Instant,
    calls: Calls,
    connected: Arc<AtomicUsize>,
    commands: mpsc::Receiver<Command>,
    heard: mpsc::Sender<Heard>,
    judged: mpsc::UnboundedReceiver<Judged>,
}

impl Network {
    pub(super) fn start(
        setup: PeersSetup,
        commands: mpsc::Receiver<Command>,
        connected: Arc<AtomicUsize>,
    ) -> Result<(Self, JoinHandle<()>), NodeFault> {
        let PeersSetup { keypair, listen, peers, store, intake, clock, incoming } = setup;
        let chain = store.chain();
        let behaviour = behaviour(&keypair, &store)?;
        let mut swarm = SwarmBuilder::with_existing_identity(keypair)
            .with_tokio()
            .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
            .map_err(NodeFault::network)?
            .with_behaviour(|_| behaviour)
            .map_err(NodeFault::network)?
            .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE_MAX))
            .build();
        swarm.listen_on(listen).map_err(NodeFault::network)?;
        let now = clock.now().instant;
        let mut dials = HashMap::new();
        for (peer, address) in peers {
            swarm.add_peer_address(peer, address.clone());
            dials.insert(peer, Dial { address, next: now, wait: DIAL_WAIT_MIN });
        }
        let (heard, judged, judge) =
            gossip::judge(Arc::clone(&intake), Guard::new(&store, "the judge of gossip"))?;
        let mut network = Self {
            swarm,
            store,
            intake,
            clock,
            topic: gossip::topic(chain),
            dials,
            members: HashMap::new(),
            members_read: now,
            calls: Calls::new(incoming),
            connected,
            commands,
            heard,
            judged,
        };
        network.read_members()?;
        Ok((network, judge))
    }

    /// Runs until told to stop, or until the state cannot be read.
    pub(super) async fn run(
        mut self,
        mut tip: watch::Receiver<Tip>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), NodeFault> {
        let mut dial = every(DIAL_WAIT_MIN);
        let mut regossip = every(REGOSSIP_EVERY);
        let mut probe = every(PROBE_EVERY);
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                event = self.swarm.select_next_some() => self.hear(event)?,
                Some(command) = self.commands.recv() => self.obey(command),
                Some(judged) = self.judged.recv() => self.pass_on(judged),
                Some(answered) = self.calls.answers.next() => self.give(answered),
                Ok(()) = tip.changed() => {
                    let since = self.clock.now().instant.saturating_duration_since(self.members_read);
                    if since >= MEMBERS_EVERY {
                        self.read_members()?;
                    }
                }
                _ = dial.tick() => self.dial(),
                _ = regossip.tick() => self.regossip(),
                _ = probe.tick() => self.probe(),
            }
        }
    }

    /// Lets in the peers of active departments, and nobody else.
    fn read_members(&mut self) -> Result<(), NodeFault> {
        let members = members(&self.store).map_err(NodeFault::read)?;
        let allowed = &mut self.swarm.behaviour_mut().members;
        for gone in self.members.keys().filter(|peer| !members.contains_key(peer)) {
            allowed.disallow_peer(*gone);
        }
        for peer in members.keys() {
            allowed.allow_peer(*peer);
        }
        self.members = members;
        self.members_read = self.clock.now().instant;
        Ok(())
    }

    fn dial(&mut self) {
        let now = self.clock.now().instant;
        let mut due = Vec::new();
        for (peer, dial) in &mut self.dials {
            if self.swarm.is_connected(peer) {
                dial.wait = DIAL_WAIT_MIN;
                dial.next = now;
            } else if now >= dial.next && self.members.contains_key(peer) {
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

    fn regossip(&mut self) {
        for bytes in self.intake.own() {
            self.publish(bytes);
        }
    }

    fn publish(&mut self, bytes: Vec<u8>) {
        // Without anyone to send it to it is gossiped again later.
        if let Err(error) = self.swarm.behaviour_mut().gossip.publish(self.topic.clone(), bytes) {
            tracing::debug!(%error, "transaction not gossiped yet");
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
            Command::Gossip(bytes) => self.publish(bytes),
            Command::Call { peer, body, answer } => {
                if !answer.is_closed() {
                    let again = (!self.swarm.is_connected(&peer)).then(|| body.clone());
                    self.send(body, Ours { peer, answer, again });
                }
            }
        }
    }

    fn send(&mut self, body: Vec<u8>, call: Ours) {
        self.dial_peer(call.peer); // if there is no connection; the call then waits for this one
        let id = self.swarm.behaviour_mut().calls.send_request(&call.peer, Frame::Body(body));
        self.calls.sent(id, call);
    }

    fn pass_on(&mut self, judged: Judged) {
        let Judged { id, from, acceptance } = judged;
        self.swarm.behaviour_mut().gossip.report_message_validation_result(&id, &from, acceptance);
    }

    fn give(&mut self, answered: Answered) {
        self.calls.done(&answered.from);
        if let Some(frame) = answered.frame {
            // The caller may have gone; nothing to do about it.
            self.swarm.behaviour_mut().calls.send_response(answered.channel, frame).ok();
        }
    }

    fn hear(&mut self, event: SwarmEvent<BehaviourEvent>) -> Result<(), NodeFault> {
        match event {
            SwarmEvent::ConnectionEstablished { .. } | SwarmEvent::ConnectionClosed { .. } => {
                self.connected.store(self.swarm.connected_peers().count(), Ordering::Relaxed);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.hear_gossip(event),
            SwarmEvent::Behaviour(BehaviourEvent::Calls(event)) => self.hear_call(event)?,
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

    fn hear_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message { propagation_source, message_id, message } => {
                let heard = Heard { id: message_id, from: propagation_source, bytes: message.data };
                if let Err(full) = self.heard.try_send(heard) {
                    let Heard { id, from, .. } = full.into_inner();
                    self.pass_on(Judged { id, from, acceptance: MessageAcceptance::Ignore });
                }
            }
            gossipsub::Event::Subscribed { .. } => self.regossip(),
            gossipsub::Event::Unsubscribed { .. }
            | gossipsub::Event::GossipsubNotSupported { .. }
            | gossipsub::Event::SlowPeer { .. } => {}
        }
    }

    fn hear_call(&mut self, event: request_response::Event<Frame, Frame>) -> Result<(), NodeFault> {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                Message::Request { request: Frame::Body(body), channel, .. } => {
                    if let Some(from) = self.active_department(&peer)? {
                        self.calls.take(from, body, channel);
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
            request_response::Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "call not answered");
            }
            request_response::Event::ResponseSent { .. } => {}
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

fn behaviour(keypair: &Keypair, store: &Store) -> Result<Behaviour, NodeFault> {
    let chain = store.chain();
    let protocol =
        StreamProtocol::try_from_owned(format!("/zhenglian/{chain}/call/1")).map_err(NodeFault::network)?;
    let calls = request_response::Config::default()
        .with_request_timeout(CALL_WAIT_MAX)
        .with_max_concurrent_streams(CALLS_PER_DEPARTMENT_MAX.saturating_mul(2));
    let limits = ConnectionLimits::default()
        .with_max_pending_incoming(Some(HANDSHAKES_MAX))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX));
    Ok(Behaviour {
        members: allow_block_list::Behaviour::default(),
        limits: connection_limits::Behaviour::new(limits),
        gossip: gossip::behaviour(chain, keypair)?,
        calls: request_response::Behaviour::with_codec(CallCodec, [(protocol, ProtocolSupport::Full)], calls),
    })
}

/// The peers of all active departments at the head.
fn members(store: &Store) -> Result<HashMap<PeerId, DepartmentId>, ReadFault> {
    let snapshot = store.snapshot();
    let mut members = HashMap::new();
    let mut after = None;
    loop {
        let page = views::departments(&snapshot, after.as_ref(), ledger::limits::LIST_MAX)?;
        let Some(last) = page.last() else { return Ok(members) };
        after = Some(last.member.id.clone());
        for department in page.into_iter().filter(|department| department.active) {
            if let Ok(peer) = config::peer_id(&department.member.peer) {
                members.insert(peer, department.member.id);
            }
        }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
