//! Whom this node is connected to, and what goes to whom: directly, and through others where two do
//! not meet. Called by the engine's actor, the handle, and whoever reads what peers say; it never
//! waits. A queue that is full loses its newest, which its author says again.
//!
//! Every node tells the others which validators it is connected to. What one says is passed on to
//! those that are not connected to it by their own word, so in a full mesh nothing is passed on.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use gm::sm3::sm3;
use libp2p::PeerId;
use libp2p::swarm::ConnectionId;
use malachitebft_app_channel::app::consensus::{LivenessMsg, SignedConsensusMsg};
use malachitebft_app_channel::app::streaming::StreamMessage;
use malachitebft_app_channel::app::types::codec::Codec as _;
use malachitebft_sync::Status as SyncStatus;
use tokio::sync::{mpsc, watch};

use super::lines::Line;
use super::roll::Roll;
use super::said::{self, Spoken};
use crate::engine::codec::Wire;
use crate::engine::context::{Address, Ctx, Height, Part};
use crate::limits::{HOPS_MAX, LINE_FRAMES_MAX, PASSED_MAX, SAID_AGAIN};

/// Connected peers, and what is sent to them.
pub(crate) struct Mesh {
    me: PeerId,
    roll: watch::Receiver<Arc<Roll>>,
    inside: Mutex<Inside>,
    /// How many other validators are connected.
    reached: watch::Sender<usize>,
}

#[derive(Default)]
struct Inside {
    peers: HashMap<PeerId, Peer>,
    passed: Passed,
    /// What this node said last of itself, for who joins.
    status: Option<Bytes>,
}

struct Peer {
    connection: ConnectionId,
    lines: [mpsc::Sender<Bytes>; 4],
    /// The validators it is connected to, by its own word.
    near: HashSet<PeerId>,
}

/// What waits for a peer, by the number of its line.
pub(super) type Queues = [Option<mpsc::Receiver<Bytes>>; 4];

impl Mesh {
    pub(super) fn new(me: PeerId, roll: watch::Receiver<Arc<Roll>>) -> Self {
        Self { me, roll, inside: Mutex::default(), reached: watch::Sender::new(0) }
    }

    /// Who is who, now.
    pub(super) fn roll(&self) -> Arc<Roll> {
        Arc::clone(&self.roll.borrow())
    }

    /// How many other validators are connected, and a way to wait for more.
    pub(super) fn reached(&self) -> watch::Receiver<usize> {
        self.reached.subscribe()
    }

    /// A peer speaks on this connection: what is to be sent to it.
    pub(super) fn join(&self, peer: PeerId, connection: ConnectionId) -> Queues {
        let [votes, parts, transactions, status] = LINE_FRAMES_MAX.map(mpsc::channel);
        let lines = [votes.0, parts.0, transactions.0, status.0];
        let mut inside = self.inside();
        // What it is connected to it says on each connection anew.
        inside.peers.insert(peer, Peer { connection, lines, near: HashSet::new() });
        if let Some(status) = inside.status.clone() {
            inside.send(&peer, Line::Status, status);
        }
        self.tell_near_in(&inside);
        [votes.1, parts.1, transactions.1, status.1].map(Some)
    }

    /// A connection is closed.
    pub(super) fn leave(&self, peer: &PeerId, connection: ConnectionId) {
        let mut inside = self.inside();
        if inside.peers.get(peer).is_some_and(|held| held.connection == connection) {
            inside.peers.remove(peer);
            self.tell_near_in(&inside);
        }
    }

    /// The roll has changed.
    pub(super) fn tell_near(&self) {
        self.tell_near_in(&self.inside());
    }

    fn tell_near_in(&self, inside: &Inside) {
        let roll = self.roll();
        let near: Vec<_> = inside
            .peers
            .keys()
            .filter(|peer| **peer != self.me)
            .filter_map(|peer| roll.voter(peer))
            .collect();
        self.reached.send_replace(near.len());
        let frame = said::near(&near);
        for peer in inside.peers.keys() {
            inside.send(peer, Line::Status, frame.clone());
        }
    }

    /// A peer tells which validators it is connected to.
    pub(super) fn hear_near(&self, from: &PeerId, near: &[Address]) {
        let roll = self.roll();
        if let Some(peer) = self.inside().peers.get_mut(from) {
            peer.near = near.iter().filter_map(|address| roll.seat(address)).collect();
        }
    }

    /// The engine says something.
    pub(crate) fn say(&self, message: SignedConsensusMsg<Ctx>) {
        self.to_validators(Line::Votes, said::spoken(0, &Spoken::Consensus(message)));
    }

    /// The engine says something again, so that consensus goes on.
    pub(crate) fn say_again(&self, message: LivenessMsg<Ctx>) {
        self.to_validators(Line::Votes, said::spoken(0, &Spoken::Liveness(message)));
    }

    /// The engine sends a part of a block of this validator.
    pub(crate) fn send_part(&self, part: &StreamMessage<Part>) {
        if let Some(me) = self.roll().voter(&self.me) {
            self.to_validators(Line::Parts, said::part(0, me, part));
        }
    }

    /// The engine tells how far it is.
    pub(crate) fn tell_status(&self, tip: Height, lowest: Height) {
        self.tell(tip, lowest, |_| true);
    }

    /// A new head: who does not vote hears of it at once, and need not wait until it is told again.
    pub(super) fn tell_head(&self, tip: Height) {
        let roll = self.roll();
        self.tell(tip, Height(1), |peer| roll.voter(peer).is_none());
    }

    fn tell(&self, tip: Height, lowest: Height, to: impl Fn(&PeerId) -> bool) {
        let Ok(peer) = malachitebft_app_channel::app::types::PeerId::from_bytes(&self.me.to_bytes()) else {
            return; // both read the same form
        };
        let status = SyncStatus::<Ctx> { peer_id: peer, tip_height: tip, history_min_height: lowest };
        let Ok(bytes) = Wire.encode(&status) else { return };
        let frame = said::status(&bytes);
        let mut inside = self.inside();
        inside.status = Some(frame.clone());
        for peer in inside.peers.keys().filter(|peer| to(peer)) {
            inside.send(peer, Line::Status, frame.clone());
        }
    }

    fn to_validators(&self, line: Line, frame: Bytes) {
        let (roll, inside) = (self.roll(), self.inside());
        for peer in inside.peers.keys().filter(|peer| roll.voter(peer).is_some()) {
            inside.send(peer, line, frame.clone());
        }
    }

    /// Passes on what a validator said to those validators that do not hear it themselves. `frame` is
    /// what came, by way of `from`.
    pub(super) fn pass_on(&self, line: Line, frame: &[u8], author: &PeerId, from: &PeerId, now: Instant) {
        let Some(further) = said::one_hop_more(frame, HOPS_MAX) else { return };
        let (roll, mut inside) = (self.roll(), self.inside());
        let far = |peer: &Peer| !peer.near.contains(author);
        let candidates = inside.peers.iter().filter(|(peer, held)| {
            roll.voter(peer).is_some() && *peer != from && *peer != author && far(held)
        });
        let to: Vec<_> = candidates.map(|(peer, _)| *peer).collect();
        let body = further.get(1..).unwrap_or_default();
        if !to.is_empty() && roll.voter(&self.me).is_some() && inside.passed.is_new(body, now) {
            for peer in to {
                inside.send(&peer, line, further.clone());
            }
        }
    }

    /// A transaction of this node.
    pub(super) fn gossip(&self, transaction: Vec<u8>) {
        self.spread(transaction.into(), None);
    }

    /// A transaction that came from a peer and was found good.
    pub(super) fn pass_transaction(&self, transaction: Vec<u8>, from: &PeerId) {
        self.spread(transaction.into(), Some(from));
    }

    /// To the validators that do not have it already; who is connected to none hands it to the others.
    fn spread(&self, transaction: Bytes, from: Option<&PeerId>) {
        let (roll, inside) = (self.roll(), self.inside());
        let has_it = from.and_then(|from| inside.peers.get(from)).map(|peer| &peer.near);
        let lacks = |peer: &PeerId| from != Some(peer) && has_it.is_none_or(|near| !near.contains(peer));
        let is_any = inside.peers.keys().any(|peer| roll.voter(peer).is_some());
        for peer in inside.peers.keys().filter(|peer| lacks(peer)) {
            if roll.voter(peer).is_some() || !is_any {
                inside.send(peer, Line::Transactions, transaction.clone());
            }
        }
    }

    /// A transaction of this node, once more, to a peer that has just joined.
    pub(super) fn hand(&self, transaction: Vec<u8>, to: &PeerId) {
        self.inside().send(to, Line::Transactions, transaction.into());
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn send(&self, peer: &PeerId, line: Line, frame: Bytes) {
        let queue = self.peers.get(peer).and_then(|peer| peer.lines.get(line.number()));
        if queue.is_some_and(|queue| queue.try_send(frame).is_err()) {
            tracing::debug!(%peer, ?line, "it does not keep up, or goes");
        }
    }
}

/// What was passed on lately.
#[derive(Default)]
struct Passed {
    known: HashSet<[u8; 32]>,
    order: VecDeque<([u8; 32], Instant)>,
}

impl Passed {
    fn is_new(&mut self, body: &[u8], now: Instant) -> bool {
        while let Some((digest, since)) = self.order.front() {
            let is_old = now.saturating_duration_since(*since) >= SAID_AGAIN;
            if !is_old && self.order.len() < PASSED_MAX {
                break;
            }
            self.known.remove(digest);
            self.order.pop_front();
        }
        let digest = sm3(&[body]).0;
        let is_new = self.known.insert(digest);
        if is_new {
            self.order.push_back((digest, now));
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::founding::found;
    use crate::store::Store;
    use crate::store::database::Database;
    use crate::store::memory::Memory;

    /// The first of four validators among the others and one that follows, which is the last.
    struct Ring {
        mesh: Mesh,
        peers: Vec<PeerId>,
        addresses: Vec<Address>,
        queues: Vec<(usize, Queues)>,
        _roll: watch::Sender<Arc<Roll>>,
    }

    impl Ring {
        fn joined_by(members: &[usize]) -> Self {
            let founded = found(5, 4);
            let genesis = Arc::clone(&founded.genesis);
            let failure = watch::Sender::new(None);
            let store = Store::open(Database::Memory(Memory::default()), genesis, failure).unwrap();
            let roll = watch::Sender::new(Arc::new(Roll::read(&store.snapshot()).unwrap()));
            let departments = &founded.departments;
            let peers: Vec<_> =
                departments.iter().map(|one| crate::config::peer_id(&one.peer).unwrap()).collect();
            let address = |key: &gm::sm2::SecretKey| ledger::department::address(&key.public()).into();
            let addresses = departments.iter().map(|one| address(&one.consensus)).collect();
            let mesh = Mesh::new(peers[0], roll.subscribe());
            let join = |of: &usize| (*of, mesh.join(peers[*of], ConnectionId::new_unchecked(*of)));
            let queues = members.iter().map(join).collect();
            Self { mesh, peers, addresses, queues, _roll: roll }
        }

        /// Who is sent something on a line, and how often.
        fn sent(&mut self, line: Line) -> Vec<usize> {
            let mut sent = Vec::new();
            for (of, queues) in &mut self.queues {
                while queues[line.number()].as_mut().unwrap().try_recv().is_ok() {
                    sent.push(*of);
                }
            }
            sent
        }
    }

    #[test]
    fn what_a_validator_says_is_passed_on_once_to_those_that_do_not_hear_it() {
        let mut ring = Ring::joined_by(&[1, 2, 3, 4]);
        let now = Instant::now();
        let pass_on = |ring: &Ring, frame: &[u8], author: usize, from: usize| {
            ring.mesh.pass_on(Line::Votes, frame, &ring.peers[author], &ring.peers[from], now);
        };
        pass_on(&ring, &[0, 1], 1, 1);
        assert_eq!(ring.sent(Line::Votes), [2, 3]);
        pass_on(&ring, &[0, 1], 1, 1);
        pass_on(&ring, &[1, 1], 1, 2);
        assert_eq!(ring.sent(Line::Votes), [0; 0], "the same again");
        pass_on(&ring, &[1, 2], 1, 2);
        assert_eq!(ring.sent(Line::Votes), [3], "not to who brought it nor who said it");
        pass_on(&ring, &[HOPS_MAX, 3], 1, 2);
        assert_eq!(ring.sent(Line::Votes), [0; 0], "passed on often enough");
        ring.mesh.hear_near(&ring.peers[2], &[ring.addresses[1]]);
        pass_on(&ring, &[0, 4], 1, 1);
        assert_eq!(ring.sent(Line::Votes), [3], "one says that it hears it itself");
    }

    #[test]
    fn a_transaction_goes_to_the_validators_that_lack_it_or_by_way_of_others() {
        let mut ring = Ring::joined_by(&[1, 2, 3, 4]);
        ring.mesh.hear_near(&ring.peers[1], &[ring.addresses[3]]);
        ring.mesh.pass_transaction(vec![1], &ring.peers[1]);
        assert_eq!(ring.sent(Line::Transactions), [2]);
        ring.mesh.gossip(vec![2]);
        assert_eq!(ring.sent(Line::Transactions), [1, 2, 3]);
        let mut far = Ring::joined_by(&[4]);
        far.mesh.gossip(vec![3]);
        assert_eq!(far.sent(Line::Transactions), [4], "no validator is connected");
    }
}
