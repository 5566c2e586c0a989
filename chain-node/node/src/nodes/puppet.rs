//! A peer that says what it is told: whoever has a key can run one.

use std::net::SocketAddr;

use futures::StreamExt;
use gm::domain::ChainId;
use ledger::ids::PeerKey;
use libp2p::identity::Keypair;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::{self, NetworkBehaviour, Stream, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm};

use super::town::{Town, within};
use crate::peers::adversary::{CallCodec, End, Frame, Line, Lines, transport};

/// What it speaks: all that a node speaks, without a node's restraint.
#[derive(NetworkBehaviour)]
pub(crate) struct Tongue {
    pub(crate) lines: Lines,
    pub(crate) calls: request_response::Behaviour<CallCodec>,
    pub(crate) sync: request_response::Behaviour<CallCodec>,
}

/// A swarm that does as it is told.
pub(crate) struct Puppet {
    pub(crate) swarm: Swarm<Tongue>,
    /// Whom it is connected to, or tries to be.
    pub(crate) node: PeerId,
    /// The lines that are open: a node closes the connection of which one breaks.
    pub(crate) ends: Vec<End>,
}

impl Puppet {
    /// With this key, dialling a node of the town.
    pub(crate) fn dial(town: &Town, seed: [u8; 32], to: usize) -> Self {
        let node = &town.founded.departments[to].peer;
        Self::reach(town.founded.genesis.chain(), seed, node, town.address(to).parse().unwrap())
    }

    /// With this key, dialling the node of this chain at an address.
    pub(crate) fn reach(chain: ChainId, seed: [u8; 32], node: &PeerKey, address: SocketAddr) -> Self {
        let keypair = Keypair::ed25519_from_bytes(seed).unwrap();
        let most = 64 * 1024 * 1024;
        let questions = |name: &str| {
            let protocol = StreamProtocol::try_from_owned(format!("/zhenglian/{chain}/{name}/1")).unwrap();
            let codec = CallCodec { question_max: most, answer_max: most };
            let config = request_response::Config::default().with_max_concurrent_streams(1_000);
            request_response::Behaviour::with_codec(codec, [(protocol, ProtocolSupport::Full)], config)
        };
        let tongue =
            Tongue { lines: Lines::new(chain).unwrap(), calls: questions("call"), sync: questions("sync") };
        let own = keypair.public().to_peer_id();
        let config = swarm::Config::with_tokio_executor();
        let mut swarm = Swarm::new(transport(&keypair).unwrap(), tongue, own, config);
        let address: Multiaddr = format!("/ip4/{}/tcp/{}", address.ip(), address.port()).parse().unwrap();
        swarm.dial(address.clone()).unwrap();
        let node = crate::config::peer_id(node).unwrap();
        swarm.add_peer_address(node, address);
        Self { swarm, node, ends: Vec::new() }
    }

    /// The next event but the opening of lines, which are kept.
    pub(crate) async fn next(&mut self) -> SwarmEvent<TongueEvent> {
        loop {
            if let Some(event) = self.step().await {
                return event;
            }
        }
    }

    /// The next event; nothing when lines were opened.
    pub(crate) async fn step(&mut self) -> Option<SwarmEvent<TongueEvent>> {
        match within(self.swarm.select_next_some()).await {
            SwarmEvent::Behaviour(TongueEvent::Lines(opened)) => {
                self.ends.push(opened.end);
                None
            }
            event => Some(event),
        }
    }

    /// Waits until it is connected and a line to write on is open.
    pub(crate) async fn line(&mut self, wanted: Line) -> Stream {
        self.try_line(wanted).await.expect("let in, and not out again")
    }

    /// The same; nothing if it is not let in, or let out again.
    pub(crate) async fn try_line(&mut self, wanted: Line) -> Option<Stream> {
        loop {
            let is_wanted = |end: &End| matches!(end, End::Out(line, _) if *line == wanted);
            if let Some(at) = self.ends.iter().position(is_wanted) {
                let (End::Out(_, stream) | End::In(_, stream)) = self.ends.swap_remove(at);
                return Some(stream);
            }
            if let Some(SwarmEvent::OutgoingConnectionError { .. } | SwarmEvent::ConnectionClosed { .. }) =
                self.step().await
            {
                return None;
            }
        }
    }

    /// Asks the node's sync or its exchange.
    pub(crate) fn ask(&mut self, question: Vec<u8>, sync: bool) {
        let (tongue, node) = (self.swarm.behaviour_mut(), self.node);
        let to = if sync { &mut tongue.sync } else { &mut tongue.calls };
        to.send_request(&node, Frame::Body(question));
    }

    /// Waits until the node has closed the connection, or never let it come about.
    pub(crate) async fn closed(&mut self) {
        loop {
            match self.next().await {
                SwarmEvent::ConnectionClosed { .. } => return,
                SwarmEvent::OutgoingConnectionError { error, .. } => panic!("not even tried: {error}"),
                _ => {}
            }
        }
    }
}
