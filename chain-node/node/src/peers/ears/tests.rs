//! One node's ears, without a network: what each peer brings, what the engine is told of it, and what it was worth.

use std::collections::HashMap;

use ledger::ids::Height;
use malachitebft_app_channel::app::consensus::SignedConsensusMsg;
use malachitebft_app_channel::app::streaming::StreamMessage;
use malachitebft_core_types::{
    NilOrVal, PolkaCertificate, PolkaSignature, Round, RoundCertificate, RoundCertificateType, VoteType,
};
use malachitebft_signing::Signer as _;
use tokio::sync::watch;

use super::*;
use crate::checked::Checked;
use crate::engine::context::{self, Address, Announcement, BlockId, BlockRef, Proposal, Vote};
use crate::engine::signing::Signer;
use crate::founding::{Founded, found};
use crate::store::database::Database;
use crate::store::memory::Memory;
use gm::sm2::Direct;

/// The ears of a node among validators, and of one that only follows.
struct Hall {
    founded: Founded,
    ears: Arc<Ears>,
    heard: mpsc::Receiver<NetworkEvent<Ctx>>,
    obeyed: mpsc::Receiver<Command>,
    _ends: (watch::Sender<Arc<Roll>>, mpsc::Receiver<Heard>),
}

const FOLLOWER: usize = 4;

impl Hall {
    fn of() -> Self {
        Self::at(Clock::Machine)
    }

    fn at(clock: Clock) -> Self {
        let founded = found(FOLLOWER + 1, FOLLOWER);
        let database = Database::Memory(Memory::default());
        let store = Store::open(database, Arc::clone(&founded.genesis), watch::Sender::new(None)).unwrap();
        let store = Arc::new(store);
        let roll = watch::Sender::new(Arc::new(Roll::read(&store.snapshot()).unwrap()));
        let mesh = Arc::new(Mesh::new(PeerId::random(), roll.subscribe()));
        let signatures = Arc::new(Checked::new(Direct, clock.clone()));
        let verifier = Verifier::new(store.chain(), signatures);
        let ((engine, heard), (judge, judged), (commands, obeyed)) =
            (mpsc::channel(16), mpsc::channel(1), mpsc::channel(4));
        let ears = Ears::new((mesh, store, clock), verifier, engine, judge, commands);
        Self { founded, ears: Arc::new(ears), heard, obeyed, _ends: (roll, judged) }
    }

    fn peer(&self, of: usize) -> PeerId {
        crate::config::peer_id(&self.founded.departments[of].peer).unwrap()
    }

    fn signer(&self, of: usize) -> Signer {
        Signer::forgetful(self.founded.genesis.chain(), self.founded.departments[of].consensus.clone())
    }

    fn address(&self, of: usize) -> Address {
        ledger::department::address(&self.signer(of).public()).into()
    }

    fn vote(&self, of: usize, round: u32) -> SignedVote<Ctx> {
        let vote = Vote {
            kind: VoteType::Prevote,
            height: context::Height(1),
            round: Round::new(round),
            value: NilOrVal::Nil,
            address: self.address(of),
            extension: None,
        };
        futures::executor::block_on(self.signer(of).sign_vote(vote)).unwrap()
    }

    /// The first part of a block, with its author.
    fn head(&self, of: usize, height: u64) -> StreamMessage<Part> {
        let announcement = Announcement {
            height: context::Height(height),
            round: Round::new(0),
            valid_round: Round::Nil,
            proposer: self.address(of),
            id: BlockId([2; 32]),
            content: [2; 32],
            size: 9,
        };
        let signature = self.signer(of).announce(&announcement).unwrap().unwrap();
        let name = StreamId::new(b"name".as_slice().into());
        StreamMessage::new(name, 0, StreamContent::Data(Part::Head(announcement, signature)))
    }

    /// Hears frames of a peer on one line until there are no more: whether it is put out.
    async fn hears(&mut self, line: Line, from: usize, frames: &[&[u8]]) -> bool {
        let mut wire = Vec::new();
        for frame in frames {
            wire.extend(u32::try_from(frame.len()).unwrap().to_be_bytes());
            wire.extend_from_slice(frame);
        }
        self.hears_bytes(line, from, &wire).await
    }

    async fn hears_bytes(&mut self, line: Line, from: usize, wire: &[u8]) -> bool {
        let (peer, connection) = (self.peer(from), ConnectionId::new_unchecked(from));
        Arc::clone(&self.ears).hear(line, peer, connection, futures::io::Cursor::new(wire)).await;
        let mut is_barred = false;
        while let Ok(command) = self.obeyed.try_recv() {
            is_barred |= matches!(command, Command::Bar(barred) if barred == peer);
        }
        is_barred
    }

    /// What a frame of a peer is worth, and whether the engine was told of it.
    async fn spoken(&mut self, from: usize, said: Spoken) -> (Worth, bool) {
        let frame = said::spoken(0, &said);
        let worth = self.ears.hear_spoken(&self.peer(from), &frame).await.unwrap();
        (worth, self.heard.try_recv().is_ok())
    }

    async fn part(
        &mut self,
        from: usize,
        (hops, author): (u8, usize),
        part: &StreamMessage<Part>,
    ) -> (Worth, bool) {
        let frame = said::part(hops, self.address(author), part);
        let worth = self.ears.hear_part(&self.peer(from), &frame).await.unwrap();
        (worth, self.heard.try_recv().is_ok())
    }
}

const HEARD: (Worth, bool) = (Worth::Fine, true);
const PASSED_OVER: (Worth, bool) = (Worth::Fine, false);
const JUNK: (Worth, bool) = (Worth::Junk, false);

fn voted(vote: SignedVote<Ctx>) -> Spoken {
    Spoken::Consensus(SignedConsensusMsg::Vote(vote))
}

#[tokio::test]
async fn only_validators_bring_votes_and_parts() {
    let mut hall = Hall::of();
    let (vote, head) = (hall.vote(1, 0), hall.head(1, 1));
    assert_eq!(hall.spoken(FOLLOWER, voted(vote.clone())).await, PASSED_OVER);
    assert_eq!(hall.spoken(2, voted(vote)).await, HEARD);
    assert_eq!(hall.part(FOLLOWER, (1, 1), &head).await, PASSED_OVER);
    assert_eq!(hall.part(2, (1, 1), &head).await, HEARD);
}

#[tokio::test]
async fn what_is_not_signed_by_whom_it_names_is_junk() {
    let mut hall = Hall::of();
    let mut forged = hall.vote(1, 0);
    forged.message.round = Round::new(1);
    assert_eq!(hall.spoken(1, voted(forged)).await, JUNK);
    let mut extended = hall.vote(1, 0);
    extended.message.extension = Some(malachitebft_core_types::SignedMessage::new((), extended.signature));
    assert_eq!(hall.spoken(1, voted(extended)).await, JUNK);

    let proposal = Proposal {
        height: context::Height(1),
        round: Round::new(0),
        value: BlockRef(BlockId([3; 32])),
        pol_round: Round::Nil,
        address: hall.address(1),
    };
    let good = futures::executor::block_on(hall.signer(1).sign_proposal(proposal)).unwrap();
    let mut forged = good.clone();
    forged.message.value = BlockRef(BlockId([4; 32]));
    let proposed = |proposal| Spoken::Consensus(SignedConsensusMsg::Proposal(proposal));
    assert_eq!(hall.spoken(1, proposed(forged)).await, JUNK);
    assert_eq!(hall.spoken(1, proposed(good)).await, HEARD);

    let mut head = hall.head(1, 1);
    if let StreamContent::Data(Part::Head(announcement, _)) = &mut head.content {
        announcement.size += 1;
    }
    assert_eq!(hall.part(1, (0, 1), &head).await, JUNK);
}

#[tokio::test]
async fn a_certificate_is_told_only_if_it_holds_and_is_of_the_height_under_way() {
    let mut hall = Hall::of();
    let polka = |hall: &Hall, height: u64, of: &[usize]| {
        let value = BlockId([5; 32]);
        let sign = |of: &usize| {
            let mut vote = hall.vote(*of, 0).message;
            (vote.height, vote.value) = (context::Height(height), NilOrVal::Val(value));
            let signed = futures::executor::block_on(hall.signer(*of).sign_vote(vote)).unwrap();
            PolkaSignature::new(signed.message.address, signed.signature)
        };
        let polka_signatures = of.iter().map(sign).collect();
        let height = context::Height(height);
        let polka = PolkaCertificate { height, round: Round::new(0), value_id: value, polka_signatures };
        Spoken::Liveness(LivenessMsg::PolkaCertificate(polka))
    };
    let (few, other) = (polka(&hall, 1, &[0, 1]), polka(&hall, 2, &[0, 1, 2]));
    assert_eq!(hall.spoken(1, few).await, JUNK);
    assert_eq!(hall.spoken(1, other).await, PASSED_OVER);
    let nobodys = RoundCertificate {
        height: context::Height(1),
        round: Round::new(0),
        cert_type: RoundCertificateType::Precommit,
        round_signatures: Vec::new(),
    };
    let nobodys = Spoken::Liveness(LivenessMsg::SkipRoundCertificate(nobodys));
    assert_eq!(hall.spoken(1, nobodys).await, JUNK);
    let good = polka(&hall, 1, &[0, 1, 2]);
    assert_eq!(hall.spoken(1, good).await, HEARD);
}

#[tokio::test]
async fn a_part_is_its_authors_who_brings_it_itself_or_by_way_of_others() {
    let mut hall = Hall::of();
    let head = hall.head(1, 1);
    assert_eq!(hall.part(2, (0, 1), &head).await, JUNK, "as its own, and another's");
    for (height, heard) in [(0, PASSED_OVER), (1, HEARD), (2, HEARD), (3, PASSED_OVER)] {
        let head = hall.head(1, height);
        assert_eq!(hall.part(1, (0, 1), &head).await, heard, "{height}");
    }
    // By way of others its stream bears its author: two authors' streams of one name stay two.
    let mut names = HashMap::new();
    for author in [0, 1] {
        let frame = said::part(1, hall.address(author), &hall.head(author, 1));
        hall.ears.hear_part(&hall.peer(2), &frame).await.unwrap();
        let Ok(NetworkEvent::ProposalPart(by, None, part)) = hall.heard.try_recv() else { panic!() };
        assert_eq!(Some(by), engine_peer(&hall.peer(2)));
        names.insert(part.stream_id.to_bytes(), author);
    }
    assert_eq!(names.len(), 2);
    assert_eq!(hall.ears.head(), Height(0).0);
}

#[tokio::test]
async fn who_breaks_a_bound_is_put_out_at_once_and_who_sends_junk_when_no_more_is_forgiven() {
    let mut hall = Hall::of();
    for (of, line) in Line::ALL.into_iter().enumerate() {
        let beyond = u32::try_from(line.frame_max() + 1).unwrap().to_be_bytes();
        assert!(hall.hears_bytes(line, of, &beyond).await, "{line:?}");
    }
    let junk: Vec<&[u8]> = vec![&[9]; JUNK_FORGIVEN as usize + 1];
    assert!(!hall.hears(Line::Votes, 1, &junk[1..]).await);
    assert!(hall.hears(Line::Votes, 1, &junk[..1]).await, "it is remembered beyond the connection");
    assert!(hall.hears(Line::Status, FOLLOWER, &junk).await);
}

#[tokio::test]
async fn who_says_more_than_it_may_waits_at_its_line() {
    let time = crate::founding::now();
    let mut hall = Hall::at(Clock::set(time)); // it stands still: nothing is given back meanwhile
    let near = said::near(&[]);
    let frames: Vec<&[u8]> = vec![&near; STATUS_AT_ONCE as usize + 1];
    let begun = std::time::Instant::now();
    assert!(!hall.hears(Line::Status, 1, &frames[1..]).await);
    let at_once = begun.elapsed();
    assert!(!hall.hears(Line::Status, 1, &frames).await);
    let per = Duration::from_secs(1) / STATUS_PER_SECOND;
    assert!(begun.elapsed() - at_once >= per);
}
