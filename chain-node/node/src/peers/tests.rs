//! Networks without an engine above them: who is let in, whom one hears.

use super::*;
use crate::checked::Checked;
use crate::engine::context::{Ctx, Height, Vote};
use crate::engine::signing::Signer;
use crate::founding::{Founded, found};
use crate::nodes::town::within;
use crate::store::Decided;
use crate::store::database::Database;
use crate::store::memory::Memory;
use gm::sm2::Direct;
use ledger::block::{self, Proposal};
use ledger::certificate::Certificate;
use ledger::department::Department;
use ledger::wire::to_bytes;
use malachitebft_app_channel::app::consensus::SignedConsensusMsg;
use malachitebft_app_channel::app::engine::network::NetworkEvent;
use malachitebft_core_types::{NilOrVal, Round, VoteType};
use malachitebft_signing::Signer as _;

/// A department's network.
struct Seat {
    peers: Peers,
    calls: mpsc::Receiver<IncomingCall>,
    link: Link,
    store: Arc<Store>,
    follow: Follow,
    stop: watch::Sender<bool>,
    signer: Signer,
    me: Address,
    address: Multiaddr,
}

/// Starts the network of a department that knows these others' addresses.
fn seat(founded: &Founded, of: usize, knows: &[(usize, &Seat)]) -> Seat {
    let founder = &founded.departments[of];
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = crate::config::tcp_address(&listener.local_addr().unwrap().to_string()).unwrap();
    drop(listener);
    let failure = watch::Sender::new(None);
    let database = Database::Memory(Memory::default());
    let store = Arc::new(Store::open(database, Arc::clone(&founded.genesis), failure).unwrap());
    let clock = Clock::Machine;
    let signatures = Arc::new(Checked::new(Direct, clock.clone()));
    let signer = Signer::forgetful(store.chain(), founder.consensus.clone());
    let me = ledger::department::address(&signer.public()).into();
    let peers = knows.iter().map(|(other, seat)| {
        (crate::config::peer_id(&founded.departments[*other].peer).unwrap(), seat.address.clone())
    });
    let follow = Follow::new(store.last_tip());
    let (blocks, _) = super::blocks::new(Arc::clone(&store), follow.subscribe(), clock.clone()).unwrap();
    let (incoming, calls) = mpsc::channel(1);
    let setup = PeersSetup {
        keypair: crate::config::keypair(&founder.seed).unwrap(),
        listen: address.clone(),
        peers: peers.collect(),
        me,
        verifier: Verifier::new(store.chain(), Arc::<Checked>::clone(&signatures)),
        store: Arc::clone(&store),
        intake: Arc::new(Intake::new(Arc::clone(&store), signatures, clock.clone())),
        clock,
        incoming,
        blocks,
    };
    let stop = watch::Sender::new(false);
    let (peers, link, ..) = Peers::start(setup, &follow, stop.subscribe()).unwrap();
    Seat { peers, calls, link, store, follow, stop, signer, me, address }
}

impl Seat {
    /// Waits until the engine would be told this.
    async fn hears(&mut self, wanted: impl Fn(&NetworkEvent<Ctx>) -> bool) -> NetworkEvent<Ctx> {
        loop {
            let event = within(self.link.heard.recv()).await.expect("the network is gone");
            if wanted(&event) {
                return event;
            }
        }
    }

    async fn votes(&self, round: u32) {
        self.link.mesh.say(self.vote(round).await);
    }

    async fn vote(&self, round: u32) -> SignedConsensusMsg<Ctx> {
        let (kind, value, round) = (VoteType::Prevote, NilOrVal::Nil, Round::new(round));
        let vote = Vote { kind, height: Height(1), round, value, address: self.me, extension: None };
        SignedConsensusMsg::Vote(self.signer.sign_vote(vote).await.unwrap())
    }
}

fn connected(event: &NetworkEvent<Ctx>) -> bool {
    matches!(event, NetworkEvent::PeerConnected(_))
}

fn disconnected(event: &NetworkEvent<Ctx>) -> bool {
    matches!(event, NetworkEvent::PeerDisconnected(_))
}

fn voted(event: &NetworkEvent<Ctx>) -> bool {
    matches!(event, NetworkEvent::Vote(..))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_disconnected_in_the_block_that_suspends_it() {
    let founded = found(3, 1);
    let mut steady = seat(&founded, 0, &[]);
    let mut other = seat(&founded, 1, &[(0, &steady)]);
    steady.hears(connected).await;
    other.hears(connected).await;

    let snapshot = steady.store.snapshot();
    let tip = snapshot.tip();
    let proposal = Proposal {
        chain: steady.store.chain(),
        time: tip.time.plus_ms(1),
        proposer: founded.genesis.validator_set().validators()[0].address,
        round: 0,
        last_certificate: None,
        state_root: snapshot.state_root().unwrap(),
    };
    let mut made = block::propose(&snapshot, &tip, proposal, Vec::new()).unwrap();
    let id = &founded.departments[1].id;
    let member = ledger::views::department(&snapshot, id).unwrap().unwrap().member;
    drop(snapshot);
    let suspended = to_bytes(&Department { member, active: false });
    made.changes.put(format!("department/{id}").into_bytes(), suspended);
    let certificate =
        Certificate { height: made.tip.height, round: 0, block: made.tip.block, signatures: Vec::new() };
    let bytes = to_bytes(&made.block);
    let decided = Decided {
        block: &made.block,
        bytes: &bytes,
        certificate: &certificate,
        changes: &made.changes,
        tree: &steady.store.grow_tree(made.tip.height, &made.changes).unwrap(),
        tip: &made.tip,
    };
    steady.store.commit(&decided).unwrap();
    steady.follow.publish(made.tip);

    steady.hears(disconnected).await;
    other.hears(disconnected).await;
    // It dials again, and is let in nowhere; who is a member still is.
    let mut third = seat(&founded, 2, &[(0, &steady)]);
    third.hears(connected).await;
    let came = steady.hears(connected).await;
    let seed = &founded.departments[2].seed;
    let third_id = crate::config::keypair(seed).unwrap().public().to_peer_id();
    assert_eq!(came, NetworkEvent::PeerConnected(ears::engine_peer(&third_id).unwrap()));
}

/// Finding A6: the other side of a connection may be dead without our knowing.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_connections_of_one_peer_the_older_is_closed() {
    let founded = found(2, 1);
    let steady = seat(&founded, 0, &[]);
    let mut before = seat(&founded, 1, &[(0, &steady)]);
    before.hears(connected).await;
    let mut after = seat(&founded, 1, &[(0, &steady)]);
    after.hears(connected).await;
    before.hears(disconnected).await;
}

/// When two dial each other at once, one of the connections is closed: a call on it must not be lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_a_connection_that_is_closed_for_another_is_made_again_there() {
    let founded = found(2, 1);
    let mut steady = seat(&founded, 0, &[]);
    let mut before = seat(&founded, 1, &[(0, &steady)]);
    steady.hears(connected).await;
    let peer = crate::config::peer_id(&founded.departments[1].peer).unwrap();
    let call = async { steady.peers.call(peer, vec![7]).await };
    let answers = async {
        let unanswered = within(before.calls.recv()).await.unwrap();
        let mut after = seat(&founded, 1, &[(0, &steady)]);
        let IncomingCall { body, answer, .. } = within(after.calls.recv()).await.unwrap();
        answer.send(body).unwrap();
        (unanswered, after)
    };
    let (answer, _kept) = within(async { tokio::join!(call, answers) }).await;
    assert_eq!(answer.unwrap(), [7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_validator_says_reaches_those_it_does_not_meet_and_says_nothing_twice() {
    let founded = found(4, 4);
    let mut middle = seat(&founded, 1, &[]);
    let mut left = seat(&founded, 0, &[(1, &middle)]);
    let mut right = seat(&founded, 2, &[(1, &middle)]);
    left.hears(connected).await;
    right.hears(connected).await;
    for _ in 0..2 {
        middle.hears(connected).await;
    }
    left.votes(0).await;
    middle.hears(voted).await;
    let NetworkEvent::Vote(by, vote) = right.hears(voted).await else { panic!() };
    assert_eq!(vote.message.address, left.me);
    assert_ne!(by, ears::engine_peer(&left_peer(&founded)).unwrap(), "it came by way of another");

    // One that meets both hears each of them once, though the one in the middle could pass it on.
    let mut far = seat(&founded, 3, &[(1, &middle), (0, &left), (2, &right)]);
    for _ in 0..3 {
        far.hears(connected).await;
    }
    left.hears(connected).await;
    middle.hears(connected).await;
    left.votes(1).await;
    far.hears(voted).await;
    right.votes(2).await;
    let NetworkEvent::Vote(_, vote) = far.hears(voted).await else { panic!() };
    assert_eq!(vote.message.address, right.me, "the same twice");
}

fn left_peer(founded: &Founded) -> PeerId {
    crate::config::keypair(&founded.departments[0].seed).unwrap().public().to_peer_id()
}

/// Only validators are heard, and only what they signed.
#[tokio::test(flavor = "multi_thread")]
async fn the_engine_hears_nothing_of_who_does_not_vote() {
    let founded = found(3, 2);
    let mut steady = seat(&founded, 0, &[]);
    let mut follower = seat(&founded, 2, &[(0, &steady)]);
    let mut voter = seat(&founded, 1, &[(0, &steady)]);
    follower.hears(connected).await;
    voter.hears(connected).await;
    for _ in 0..2 {
        steady.hears(connected).await;
    }
    follower.link.mesh.say(voter.vote(0).await); // a genuine one, but not its to bring
    follower.link.mesh.tell_status(Height(0), Height(1));
    let status =
        |event: &NetworkEvent<Ctx>| matches!(event, NetworkEvent::Status(..) | NetworkEvent::Vote(..));
    let first = steady.hears(status).await;
    assert!(matches!(first, NetworkEvent::Status(..)), "{first:?}");
    tokio::time::sleep(std::time::Duration::from_millis(200)).await; // what must not come tells of nothing
    let mut forged = voter.vote(1).await;
    if let SignedConsensusMsg::Vote(vote) = &mut forged {
        vote.message.round = Round::new(2);
    }
    voter.link.mesh.say(forged);
    voter.votes(7).await;
    let NetworkEvent::Vote(_, vote) = steady.hears(voted).await else { panic!() };
    assert_eq!((vote.message.address, vote.message.round), (voter.me, Round::new(7)));
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
