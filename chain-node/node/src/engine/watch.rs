//! Looks after the engine's network, which can go wrong without a word.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use libp2p::{Multiaddr, PeerId};
use malachitebft_app_channel::NetworkRequest;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::is_votes;
use crate::fault::NodeFault;

/// How often the engine's network is looked at.
pub(crate) const WATCH_EVERY: Duration = Duration::from_secs(2);
/// So many times it may miss to answer.
const SILENCE_MAX: u32 = 8;
/// So many looks in a row a connected peer may stay outside a mesh that is too small.
const OUTSIDE_MAX: u32 = 3;
/// A mesh below this is filled up by the engine from the peers it knows to listen (its lower bound).
const MESH_LOW: usize = 4;

/// Ends with the reason when the network stops answering; its parts can die without closing the
/// channel of the engine's questions.
///
/// On the way it connects again to peers that stay outside the mesh. A peer tells what it listens to
/// on its first connection only. When we start again before it notices that our former connection is
/// dead (a machine that lost power says no farewell), the new one is not its first: we never hear that
/// it listens and send it nothing, while it waits for our votes.
pub(crate) async fn watch_network(
    requests: mpsc::Sender<NetworkRequest>,
    peers: HashMap<PeerId, Multiaddr>,
    every: Duration,
) -> NodeFault {
    let mut turns = tokio::time::interval(every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = 0u32;
    let mut outside = Outside::default();
    loop {
        turns.tick().await;
        match tokio::time::timeout(every, NetworkRequest::dump_state(&requests)).await {
            Ok(Ok(Some(network))) => {
                silent = 0;
                let in_mesh = |topics: &HashSet<String>| topics.iter().any(|t| is_votes(t));
                let connected = network.peers.iter().filter(|(peer, _)| peers.contains_key(peer));
                for peer in outside.look(connected.map(|(peer, info)| (*peer, in_mesh(&info.topics)))) {
                    let Some(address) = peers.get(&peer) else { continue };
                    tracing::warn!(%peer, "connected, but it does not say what it listens to: connecting again");
                    reconnect(&requests, address, every).await;
                }
            }
            _ => silent = silent.saturating_add(1),
        }
        if silent >= SILENCE_MAX {
            return NodeFault::engine("its network does not answer");
        }
    }
}

/// Removing a peer ends its connections, adding it dials it. Each is waited for by itself: a peer that
/// was removed must be added again, however long the first took.
async fn reconnect(requests: &mpsc::Sender<NetworkRequest>, address: &Multiaddr, wait: Duration) {
    tokio::time::timeout(wait, NetworkRequest::remove_persistent_peer(requests, address.clone())).await.ok();
    tokio::time::timeout(wait, NetworkRequest::add_persistent_peer(requests, address.clone())).await.ok();
}

/// Connected peers outside the mesh, with the number of looks in a row that found them there.
#[derive(Default)]
struct Outside(HashMap<PeerId, u32>);

impl Outside {
    /// The peers to connect again: none while the mesh is large enough to carry every message.
    fn look(&mut self, connected: impl Iterator<Item = (PeerId, bool)>) -> Vec<PeerId> {
        let (inside, outside): (Vec<_>, Vec<_>) = connected.partition(|(_, in_mesh)| *in_mesh);
        let before = std::mem::take(&mut self.0);
        let mut due = Vec::new();
        if inside.len() < MESH_LOW {
            for (peer, _) in outside {
                let looks = before.get(&peer).copied().unwrap_or(0).saturating_add(1);
                if looks < OUTSIDE_MAX {
                    self.0.insert(peer, looks);
                } else {
                    due.push(peer); // and counted from the start: the new connection needs its time
                }
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use malachitebft_app_channel::app::engine::network::PersistentPeersOp;

    #[tokio::test]
    async fn an_engine_that_does_not_answer_is_noticed() {
        let (requests, mut asked) = mpsc::channel(1);
        let silent = tokio::spawn(async move { while asked.recv().await.is_some() {} });
        let fault = watch_network(requests, HashMap::new(), Duration::from_millis(5)).await;
        assert!(matches!(fault, NodeFault::Engine(_)));
        silent.await.unwrap();
    }

    #[tokio::test]
    async fn a_peer_is_added_again_even_if_its_removal_is_not_answered() {
        let (requests, mut asked) = mpsc::channel(2);
        let address: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
        reconnect(&requests, &address, Duration::from_millis(5)).await;
        drop(requests);
        let mut operations = Vec::new();
        while let Some(NetworkRequest::UpdatePersistentPeers(operation, _)) = asked.recv().await {
            operations.push(operation);
        }
        assert_eq!(operations, [PersistentPeersOp::Remove(address.clone()), PersistentPeersOp::Add(address)]);
    }

    fn peers(count: usize) -> Vec<PeerId> {
        (0..count).map(|_| PeerId::random()).collect()
    }

    #[test]
    fn a_peer_that_stays_outside_is_connected_again_and_then_given_time() {
        let mut outside = Outside::default();
        let [one, other] = peers(2)[..] else { panic!() };
        let dumb = [(one, false), (other, true)];
        for _ in 0..2 {
            assert!(outside.look(dumb.into_iter()).is_empty());
            assert!(outside.look(dumb.into_iter()).is_empty());
            assert_eq!(outside.look(dumb.into_iter()), [one]);
        }
    }

    #[test]
    fn a_peer_that_comes_in_or_goes_away_is_counted_anew() {
        let mut outside = Outside::default();
        let one = PeerId::random();
        for between in [vec![(one, true)], vec![]] {
            outside.look([(one, false)].into_iter());
            outside.look([(one, false)].into_iter());
            assert!(outside.look(between.into_iter()).is_empty());
        }
        assert!(outside.look([(one, false)].into_iter()).is_empty());
    }

    #[test]
    fn a_mesh_that_is_large_enough_is_left_alone() {
        let mut outside = Outside::default();
        let all: Vec<_> = peers(6).into_iter().enumerate().map(|(i, peer)| (peer, i < MESH_LOW)).collect();
        for _ in 0..2 * OUTSIDE_MAX {
            assert!(outside.look(all.iter().copied()).is_empty());
        }
    }
}
