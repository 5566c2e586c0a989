//! A follower over peers without sockets: what they answer is written down here.

use std::collections::BTreeSet;
use std::time::Duration;

use gm::sm3::Digest;
use ledger::block::Block;
use ledger::certificate::Certificate;
use ledger::ids::{Height, Time};
use ledger::wire::{from_bytes, to_bytes};
use malachitebft_core_types::Round;
use tokio::sync::mpsc;

use super::*;
use crate::checked::tests::Counting;
use crate::engine::certificate::to_ledger;
use crate::engine::context::{Address as Voter, Announcement};
use crate::engine::sign_guard::{SignGuard, Voting};
use crate::limits::LIAR_REST;
use crate::peers::blocks::{Asked, Question};
use crate::replica::chamber::Chamber;
use crate::store::database::Database;
use crate::store::memory::Memory;

/// A chain of four validators, and a node that has nothing but its genesis.
struct Land {
    chamber: Chamber,
    chain: Arc<Store>,
    disk: Memory,
    store: Arc<Store>,
    counting: Counting,
    signatures: Arc<Checked>,
}

impl Land {
    fn of(heights: u64) -> Self {
        let mut chamber = Chamber::new(4);
        for height in 1..=heights {
            chamber.decide(height, &[height]);
            chamber.clock.pass(Duration::from_millis(5));
        }
        let (disk, chain) = (Memory::default(), chamber.replicas[0].store());
        let store = open(&disk, &chamber);
        let counting = Counting::new(&chamber.clock, Duration::ZERO);
        let signatures = Arc::new(Checked::new(counting.clone(), chamber.clock.clone()));
        Self { chamber, chain, disk, store, counting, signatures }
    }

    fn append(&self) -> Append {
        Append::new(Arc::clone(&self.store), Arc::clone(&self.signatures))
    }

    fn head(&self) -> Height {
        self.store.last_tip().height
    }

    /// A certificate of all validators for a block, whatever else they decided.
    fn decided(&self, block: &Block) -> Certificate {
        let announcement = Announcement {
            height: block.header.height.into(),
            round: Round::new(0),
            valid_round: Round::Nil,
            proposer: Voter::from(block.header.proposer),
            id: block.id().into(),
            content: [0; 32],
            size: 0,
        };
        to_ledger(&self.chamber.conspiracy(&announcement)).unwrap()
    }
}

fn open(disk: &Memory, chamber: &Chamber) -> Arc<Store> {
    let genesis = Arc::clone(&chamber.founded.genesis);
    Arc::new(Store::open(Database::Memory(disk.clone()), genesis, watch::Sender::new(None)).unwrap())
}

/// What a node at the head of this chain answers.
fn run(chain: &Store, after: u64, count: u64) -> Run {
    let snapshot = chain.snapshot();
    let head = snapshot.tip().height;
    let last = Height(head.0.min(after + count));
    let blocks: Vec<_> = (after + 1..=last.0).map(|h| snapshot.block_bytes(Height(h)).unwrap()).collect();
    let certificate = if blocks.is_empty() { None } else { snapshot.certificate_bytes(last) };
    Run { head, blocks, certificate: certificate.unwrap_or_default() }
}

fn altered(bytes: &[u8], alter: impl FnOnce(&mut Block)) -> Vec<u8> {
    let mut block: Block = from_bytes(bytes).unwrap();
    alter(&mut block);
    to_bytes(&block)
}

#[test]
fn what_was_decided_is_appended_once_with_a_certificate_for_each() {
    let land = Land::of(7);
    let append = land.append();
    let appended = append.append(Height(0), run(&land.chain, 0, 5)).unwrap();
    assert_eq!((appended.blocks.len(), appended.lie, land.head()), (5, None, Height(5)));
    // Again, and overlapping with what is here.
    for (after, count, new) in [(0, 5, 0), (2, 2, 0), (3, 4, 2)] {
        let appended = append.append(Height(after), run(&land.chain, after, count)).unwrap();
        assert_eq!((appended.blocks.len(), appended.lie), (new, None));
    }
    assert_eq!(land.store.last_tip(), land.chain.last_tip());
    let set = land.chamber.founded.genesis.validator_set();
    let (ours, theirs) = (land.store.snapshot(), land.chain.snapshot());
    for height in (1..=7).map(Height) {
        assert_eq!(ours.block_bytes(height), theirs.block_bytes(height));
        let certificate = ours.certificate(height).unwrap();
        assert_eq!(certificate.block, ours.block(height).unwrap().id());
        certificate.check(&set, land.store.chain(), &gm::sm2::Direct).unwrap();
    }
    // All of it outlives a loss of power.
    land.disk.crash();
    assert_eq!(open(&land.disk, &land.chamber).last_tip(), land.chain.last_tip());
}

#[test]
fn what_nobody_decided_is_not_executed() {
    let land = Land::of(4);
    let append = land.append();
    let good = run(&land.chain, 0, 3);
    let certificate: Certificate = from_bytes(&good.certificate).unwrap();
    let with_block = |at: usize, bytes: Vec<u8>| {
        let mut run = good.clone();
        run.blocks[at] = bytes;
        run
    };
    let with_certificate = |alter: &dyn Fn(&mut Certificate)| {
        let mut other = certificate.clone();
        alter(&mut other);
        Run { certificate: to_bytes(&other), ..good.clone() }
    };
    let of_another = run(&land.chain, 0, 4).certificate;
    let bodyless = altered(&good.blocks[1], |block| block.transactions.clear());
    let uncertified = altered(&good.blocks[1], |block| block.last_certificate = None);
    let other_root = altered(&good.blocks[2], |block| block.header.state_root = Digest::ZERO);
    let other_middle = altered(&good.blocks[1], |block| block.header.state_root = Digest::ZERO);
    let mut reversed = good.clone();
    reversed.blocks.reverse();
    let mut gap = good.clone();
    gap.blocks.remove(1);
    let lies = [
        (with_block(1, vec![7; 40]), "no blocks"),
        (Run { certificate: Vec::new(), ..good.clone() }, "no blocks"),
        (reversed, "follow each other"),
        (gap, "follow each other"),
        (run(&land.chain, 1, 2), "follow each other"),
        (with_block(1, bodyless), "another body"),
        (with_block(1, uncertified), "another body"),
        (with_block(1, other_middle), "follow each other"),
        (with_block(2, other_root), "of another block"),
        (Run { certificate: of_another, ..good.clone() }, "of another block"),
        (with_certificate(&|c| c.signatures.truncate(2)), "not valid"),
        (with_certificate(&|c| c.signatures[1].1 = c.signatures[0].1), "not valid"),
        (with_certificate(&|c| c.round += 1), "not valid"),
    ];
    for (run, why) in lies {
        let appended = append.append(Height(0), run).unwrap();
        let lie = appended.lie.unwrap().to_string();
        assert!(lie.contains(why), "{lie} instead of {why}");
        assert_eq!((appended.blocks.len(), land.head()), (0, Height(0)));
    }
    assert!(land.counting.count() <= 3 * 4, "only certificates were checked");
    assert_eq!(append.append(Height(0), good).unwrap().blocks.len(), 3);
}

#[test]
fn a_decided_block_that_is_invalid_here_is_a_fault_at_once() {
    let land = Land::of(2);
    let mut run = run(&land.chain, 0, 2);
    run.blocks[1] = altered(&run.blocks[1], |block| block.header.state_root = Digest::ZERO);
    run.certificate = to_bytes(&land.decided(&from_bytes(&run.blocks[1]).unwrap()));
    let fault = land.append().append(Height(0), run).map(|_| ()).unwrap_err();
    assert!(matches!(fault, NodeFault::Diverged { height: 2, .. }), "{fault}");
}

/// A run is proven by one set of validators only: where another decides the rest, it is cut.
#[test]
fn a_run_is_cut_where_other_validators_decide() {
    let land = Land::of(3);
    let good = run(&land.chain, 0, 3);
    let blocks = |second: &dyn Fn(&Certificate) -> Certificate| {
        let mut blocks: Vec<Block> = good.blocks.iter().map(|bytes| from_bytes(bytes).unwrap()).collect();
        blocks[1].header.next_validators = Digest::ZERO;
        let certificate = second(&land.decided(&blocks[1]));
        blocks[2].header.parent = blocks[1].id();
        blocks[2].header.last_certificate = gm::sm3::sm3(&[&to_bytes(&certificate)]);
        blocks[2].last_certificate = Some(certificate);
        blocks.into_iter().map(|block| (to_bytes(&block), block)).collect::<Vec<_>>()
    };
    let of_nothing = Certificate {
        height: Height(3),
        round: 0,
        block: blocks(&Clone::clone)[2].1.id(),
        signatures: vec![],
    };
    let proven = land.append().prove(&blocks(&Clone::clone), &of_nothing).unwrap();
    assert_eq!(proven, Ok(2), "the third is not proven by the first two's validators");
    let few =
        |whole: &Certificate| Certificate { signatures: whole.signatures[..2].to_vec(), ..whole.clone() };
    let proven = land.append().prove(&blocks(&few), &of_nothing).unwrap();
    assert!(matches!(proven, Err(Lie::Certificate(_))), "{proven:?}");
}

/// What a peer of a play does with a question: answers, or never.
type Part<'a> = Box<dyn FnMut(Question) -> Option<Answer> + 'a>;

/// A follower among peers.
struct Play<'a> {
    follower: Follower,
    asked: mpsc::Receiver<Asked>,
    connected: watch::Sender<BTreeSet<PeerId>>,
    cast: Vec<(PeerId, Part<'a>)>,
    /// How often each was asked for blocks.
    questions: Vec<usize>,
    tip: watch::Receiver<ledger::tip::Tip>,
    standing: Arc<Standing>,
}

impl<'a> Play<'a> {
    fn of(land: &Land, voter: Option<usize>, cast: Vec<Part<'a>>) -> Self {
        let (asks, asked) = mpsc::channel(16);
        let (connected, peers) = watch::channel(BTreeSet::new());
        let follow = Arc::new(Follow::new(land.store.last_tip()));
        let (tip, standing) = (follow.subscribe(), Arc::new(Standing::default()));
        let clock = Clock::Machine;
        let follower = Follower::new(Setup {
            store: Arc::clone(&land.store),
            signatures: Arc::clone(&land.signatures),
            intake: Arc::new(Intake::new(
                Arc::clone(&land.store),
                Arc::clone(&land.signatures),
                clock.clone(),
            )),
            follow,
            standing: Arc::clone(&standing),
            abstains: None,
            peers: BlockPeers { asked: asks, connected: peers },
            me: PeerId::random(),
            voter: voter.map(|of| land.chamber.founded.departments[of].consensus.public()),
            clock,
            progress: watch::Sender::default(),
        });
        let cast: Vec<_> = cast.into_iter().map(|part| (PeerId::random(), part)).collect();
        connected.send_replace(cast.iter().map(|(peer, _)| *peer).collect());
        let questions = vec![0; cast.len()];
        Self { follower: follower.unwrap(), asked, connected, cast, questions, tip, standing }
    }

    /// Plays until the follower ends or stands at a height.
    async fn until(&mut self, height: u64) -> Option<Result<End, NodeFault>> {
        let stop = watch::Sender::new(false);
        let run = self.follower.run(stop.subscribe());
        tokio::pin!(run);
        let mut never = Vec::new();
        let play = async {
            loop {
                tokio::select! {
                    end = &mut run => return Some(end),
                    _ = self.tip.wait_for(|tip| tip.height >= Height(height)) => return None,
                    Some(Asked { peer, question, answer }) = self.asked.recv() => {
                        let at = self.cast.iter().position(|(one, _)| *one == peer).unwrap();
                        self.questions[at] += usize::from(question.bytes_max > 0);
                        if !self.connected.borrow().contains(&peer) {
                            answer.send(Err(Unanswered::Unreachable)).ok();
                        } else if let Some(given) = (self.cast[at].1)(question) {
                            answer.send(Ok(given)).ok();
                        } else {
                            never.push(answer);
                        }
                    }
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), play).await.expect("it hangs")
    }
}

/// One that gives so many blocks at once and holds questions when it has none.
fn honest(land: &Land, at_once: u64) -> Part<'_> {
    Box::new(move |question| {
        let count = if question.bytes_max == 0 { 0 } else { at_once };
        let run = run(&land.chain, question.after.0, count);
        let is_news = run.head > question.after || question.wait_ms == 0;
        is_news.then_some(Answer::Run(run))
    })
}

/// One that answers as it should, but for what is made of it.
fn false_to<'a>(land: &'a Land, mut make: impl FnMut(Question, &mut Run) + 'a) -> Part<'a> {
    Box::new(move |question| {
        let mut run = run(&land.chain, question.after.0, if question.bytes_max == 0 { 0 } else { 2 });
        make(question, &mut run);
        Some(Answer::Run(run))
    })
}

/// Whoever is asked first: each liar is asked for blocks once or twice, and then no more.
#[tokio::test]
async fn a_peer_that_lies_is_not_asked_again_and_the_others_are() {
    let land = Land::of(12);
    let garbled: Part<'_> = false_to(&land, |_, run| run.blocks.iter_mut().for_each(|block| block[9] ^= 1));
    let uncertified = false_to(&land, |_, run| run.certificate = vec![0; run.certificate.len()]);
    let boastful = false_to(&land, |_, run| {
        *run = Run { head: Height(u64::MAX), blocks: vec![], certificate: vec![] };
    });
    let mut last = u64::MAX;
    let sinking = false_to(&land, move |_, run| {
        last = last.min(1_000) - 1;
        run.head = Height(last);
    });
    let cast = vec![garbled, uncertified, boastful, sinking, honest(&land, 1)];
    let mut play = Play::of(&land, None, cast);
    assert!(play.until(12).await.is_none());
    assert_eq!(land.store.last_tip(), land.chain.last_tip());
    assert!(play.questions[..4].iter().all(|count| *count <= 2), "{:?}", play.questions);
    assert!(play.questions[4] >= 12 - 4, "{:?}", play.questions);
}

#[test]
fn who_has_no_blocks_where_it_said_so_rests() {
    let land = Land::of(0);
    let mut play = Play::of(&land, None, vec![honest(&land, 1)]);
    let follower = &mut play.follower;
    let now = follower.begun;
    follower.sources.connect(&play.connected.borrow());
    let ask = follower.sources.next(Height(0), now)[0];
    let boast = Run { head: Height(9), blocks: vec![], certificate: vec![] };
    follower.take(&ask, Ok(Answer::Run(boast))).unwrap();
    assert!(follower.sources.next(Height(0), now + LIAR_REST / 2).is_empty());
    assert!(!follower.sources.next(Height(0), now + LIAR_REST * 2).is_empty());
}

#[tokio::test]
async fn a_peer_that_never_answers_is_passed_over() {
    let land = Land::of(6);
    let silent = || -> Part<'_> {
        Box::new(|question| {
            let tells = question.bytes_max == 0;
            tells.then(|| Answer::Run(Run { head: Height(6), blocks: vec![], certificate: vec![] }))
        })
    };
    let busy: Part<'_> = Box::new(|_| Some(Answer::Busy));
    let mut play = Play::of(&land, None, vec![silent(), silent(), busy, honest(&land, 6)]);
    let begun = Instant::now();
    assert!(play.until(6).await.is_none());
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_peer_that_is_lost_in_the_middle_is_replaced() {
    let land = Land::of(10);
    let mut play = Play::of(&land, None, vec![honest(&land, 1), honest(&land, 1)]);
    assert!(play.until(4).await.is_none());
    let source = play.follower.sources.favourite().unwrap();
    let other = play.cast.iter().position(|(peer, _)| *peer != source).unwrap();
    let before = play.questions[other];
    play.connected.send_modify(|peers| assert!(peers.remove(&source)));
    assert!(play.until(10).await.is_none());
    assert!(play.questions[other] >= before + 5, "{:?}", play.questions);
    assert_eq!(play.follower.sources.favourite(), Some(play.cast[other].0));
}

#[tokio::test]
async fn a_follower_stops_with_a_fault_when_others_decided_what_is_invalid_here() {
    let land = Land::of(3);
    let certified = |question: Question, run: &mut Run| {
        if question.bytes_max > 0 {
            run.blocks.truncate(1);
            run.blocks[0] = altered(&run.blocks[0], |block| block.header.receipt_count += 1);
            run.certificate = to_bytes(&land.decided(&from_bytes(&run.blocks[0]).unwrap()));
        }
    };
    let mut play = Play::of(&land, None, vec![false_to(&land, certified)]);
    let end = play.until(3).await.unwrap();
    assert!(matches!(end, Err(NodeFault::Diverged { height: 1, .. })), "{end:?}");
}

/// One that is further behind than the engine is to mend follows to the head first; what a liar says
/// keeps it from its engine for no longer than it takes to ask the liar.
#[tokio::test]
async fn a_late_validator_follows_before_it_votes() {
    let land = Land::of(9);
    let mut play = Play::of(&land, Some(0), vec![honest(&land, 2)]);
    assert!(play.standing.votes());
    assert_eq!(play.until(u64::MAX).await.unwrap().unwrap(), End::Votes);
    assert_eq!(land.store.last_tip(), land.chain.last_tip());
    let land = Land::of(0);
    let boastful = false_to(&land, |_, run| run.head = Height(1_000));
    let mut play = Play::of(&land, Some(0), vec![boastful]);
    assert_eq!(play.until(u64::MAX).await.unwrap().unwrap(), End::Votes);
}

/// It may have signed what its folder does not know: it votes when that is decided, and not again below.
#[tokio::test]
async fn a_validator_that_abstains_follows_until_that_height_is_decided() {
    let land = Land::of(9);
    for (until, votes) in [(9, true), (10, false)] {
        let mut play = Play::of(&land, Some(0), vec![honest(&land, 3)]);
        let guard = Arc::new(SignGuard::in_memory());
        play.follower.abstains = Some(Abstention::of(Arc::clone(&guard), Voting::Above(Height(until))));
        play.follower.read_validators().unwrap();
        assert!(!play.standing.votes());
        if votes {
            assert_eq!(play.until(u64::MAX).await.unwrap().unwrap(), End::Votes);
            assert_eq!(guard.voting(Height(8), true, true, Time(0)), Voting::Above(Height(9)));
        } else {
            assert!(play.until(9).await.is_none());
        }
        assert_eq!(play.standing.votes(), votes, "{until}");
        assert_eq!(land.store.last_tip(), land.chain.last_tip());
    }
}

#[test]
fn a_validator_that_is_a_little_behind_votes_at_once() {
    let land = Land::of(0);
    for (lead, votes) in [(0, true), (HEIGHTS_BEHIND_MAX, true), (HEIGHTS_BEHIND_MAX + 1, false)] {
        let mut play = Play::of(&land, Some(0), vec![honest(&land, 1)]);
        let follower = &mut play.follower;
        let now = follower.begun;
        assert!(!follower.must_vote(now), "nobody has told anything");
        follower.sources.connect(&play.connected.borrow());
        let mut asks = follower.sources.next(Height(0), now);
        asks[0].want = Want::News;
        assert!(follower.sources.told(&asks[0], Height(lead), 0, now));
        assert_eq!(follower.must_vote(now), votes);
    }
}

#[tokio::test]
async fn a_validator_that_nobody_tells_anything_votes_after_a_while() {
    let land = Land::of(3);
    let mut play = Play::of(&land, Some(1), vec![Box::new(|_| None)]);
    let begun = Instant::now();
    assert_eq!(play.until(u64::MAX).await.unwrap().unwrap(), End::Votes);
    assert!(begun.elapsed() >= PEERS_WAIT);
}

#[test]
fn only_validators_of_the_next_height_vote() {
    let land = Land::of(0);
    assert_eq!(Play::of(&land, None, vec![]).follower.votes, Votes::No);
    assert_eq!(Play::of(&land, Some(3), vec![]).follower.votes, Votes::WithOthers);
}
