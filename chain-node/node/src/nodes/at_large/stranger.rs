//! Somebody without a member's key: half-open handshakes from one address, whole ones with a fresh key each, and
//! questions on each connection that comes about.

use std::sync::Arc;

use libp2p::request_response::{Event, Message};
use libp2p::swarm::SwarmEvent;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use super::super::puppet::{Puppet, TongueEvent};
use super::{Adversary, PAUSE, count};
use crate::peers::adversary::Frame;

/// Handshakes that it lets hang, at each node.
const HANGING: usize = 128;
/// Connections at each node that try to be let in.
const KNOCKING: usize = 4;

pub(super) fn set_on(adversary: &Arc<Adversary>) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    for node in 0..adversary.nodes.len() {
        tasks.push(tokio::spawn(hang(Arc::clone(adversary), node)));
        tasks.extend((0..KNOCKING).map(|_| tokio::spawn(knock(Arc::clone(adversary), node))));
    }
    tasks
}

async fn hang(adversary: Arc<Adversary>, node: usize) {
    loop {
        let mut hanging = Vec::new();
        for _ in 0..HANGING {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
            hanging.extend(socket.connect(adversary.nodes[node].1).await);
        }
        tokio::time::sleep(PAUSE * 20).await;
    }
}

async fn knock(adversary: Arc<Adversary>, node: usize) {
    let (peer, address) = &adversary.nodes[node];
    loop {
        let seed = gm::random::bytes().unwrap();
        let mut stranger = Puppet::reach(adversary.genesis.chain(), seed, peer, *address);
        loop {
            match stranger.next().await {
                SwarmEvent::ConnectionEstablished { .. } => {
                    count(&adversary.counted.connected);
                    for is_sync in [true, false] {
                        stranger.ask(vec![1; 40], is_sync);
                        count(&adversary.counted.said);
                    }
                }
                SwarmEvent::Behaviour(
                    TongueEvent::Sync(Event::Message {
                        message: Message::Response { response: Frame::Body(_), .. },
                        ..
                    })
                    | TongueEvent::Calls(Event::Message {
                        message: Message::Response { response: Frame::Body(_), .. },
                        ..
                    }),
                ) => panic!("a stranger was answered"),
                SwarmEvent::ConnectionClosed { .. } | SwarmEvent::OutgoingConnectionError { .. } => {
                    assert!(stranger.ends.is_empty(), "a stranger was heard");
                    count(&adversary.counted.closed);
                    break;
                }
                _ => {}
            }
        }
    }
}
