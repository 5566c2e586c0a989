use std::time::Duration;

use malachitebft_core_types::NilOrVal;

use super::*;
use crate::config;
use crate::engine::certificate::to_ledger;
use crate::intake::{Gossiped, Intake};
use crate::replica::chamber::Chamber;
use crate::store::tests::put_bytes;
use ledger::ids::Time;

fn no_evidence() -> MisbehaviorEvidence<Ctx> {
    MisbehaviorEvidence { proposals: Default::default(), votes: Default::default() }
}

fn publisher() -> PeerId {
    let id = config::keypair(&[1; 32]).unwrap().public().to_peer_id();
    PeerId::from_bytes(&id.to_bytes()).unwrap()
}

/// A chain of four at height 1, and one of them that is not to propose at height 2.
fn at_height_1() -> (Chamber, Council) {
    let mut chamber = Chamber::new(4);
    chamber.decide(1, &[1]);
    let of = (chamber.proposer(2, 0) + 1) % 4;
    let council = chamber.seat(of);
    (chamber, council)
}

fn finish(council: &mut Council, waits: bool, now: Now) -> Option<&'static str> {
    council.finish(Height(1), &no_evidence(), waits, now).unwrap().map(|start| start.why)
}

#[test]
fn an_idle_chain_is_held_until_its_heartbeat() {
    let (chamber, mut council) = at_height_1();
    let now = chamber.clock.now();
    assert_eq!(finish(&mut council, false, now), None);
    let heartbeat = council.replica.heartbeat();
    assert_eq!(council.due(), Some(now.instant + heartbeat));
    chamber.clock.pass(heartbeat.checked_sub(Duration::from_millis(1)).unwrap());
    assert!(council.wake(chamber.clock.now()).is_none());
    chamber.clock.pass(Duration::from_millis(1));
    let start = council.wake(chamber.clock.now()).unwrap();
    assert_eq!((start.height, start.why), (Height(2), "heartbeat"));
    assert_eq!(council.due(), None);
    assert!(council.wake(chamber.clock.now()).is_none() && council.stir(true).is_none());
}

#[test]
fn a_height_is_not_held_when_there_is_a_reason() {
    let at_once = Some("nothing to wait for");
    let (chamber, mut council) = at_height_1();
    assert_eq!(finish(&mut council, true, chamber.clock.now()), at_once, "a transaction waits");

    // The head is old: others are ahead, and are asked only for a height that has started.
    let (chamber, mut council) = at_height_1();
    chamber.clock.pass(council.replica.heartbeat() / 2 + Duration::from_secs(2));
    assert_eq!(finish(&mut council, false, chamber.clock.now()), at_once, "behind");

    // The block of the next height is on its way.
    let (mut chamber, mut council) = at_height_1();
    chamber.clock.pass(Duration::from_millis(1));
    let (_, announced) = chamber.propose(2, 0, &[2]);
    let now = chamber.clock.now();
    let first = Parts::default().cut(&announced, now.time).into_iter().next().unwrap();
    assert!(council.hear(publisher(), first, now).unwrap().0.is_none());
    assert_eq!(finish(&mut council, false, now), at_once, "begun");

    // It came from a node that was ahead.
    let mut chamber = Chamber::new(4);
    let (_, announced) = chamber.propose(1, 0, &[1]);
    let certificate = chamber.certificate(&announced.announcement);
    let of = (chamber.proposer(1, 0) + 1) % 4;
    let mut council = chamber.seat(of);
    let proposer = announced.announcement.proposer;
    let at = (Height(1), Round::new(0));
    let value = with_certificate(&to_ledger(&certificate).unwrap(), &announced.bytes);
    let (outcome, start) = council.catch_up(at, proposer, &value).unwrap();
    assert!(matches!(outcome, SyncedValueOutcome::Verdict(value) if value.validity == Validity::Valid));
    assert!(start.is_none(), "nothing was held");
    council.decide(&certificate).unwrap();
    assert_eq!(finish(&mut council, false, chamber.clock.now()), at_once, "caught up");
}

#[test]
fn who_does_not_vote_never_holds_a_height() {
    let mut chamber = Chamber::new(1);
    chamber.decide(1, &[1]);
    chamber.replicas[0].forget_key();
    let mut council = chamber.seat(0);
    assert_eq!(finish(&mut council, false, chamber.clock.now()), Some("nothing to wait for"));
}

#[test]
fn a_held_height_starts_when_a_reason_comes() {
    let held = |chamber: &Chamber, council: &mut Council| {
        assert_eq!(finish(council, false, chamber.clock.now()), None);
    };
    let (chamber, mut council) = at_height_1();
    held(&chamber, &mut council);
    assert!(council.stir(false).is_none());
    assert_eq!(council.stir(true).unwrap().why, "a transaction waits");

    let (mut chamber, mut council) = at_height_1();
    held(&chamber, &mut council);
    let (_, announced) = chamber.propose(2, 0, &[2]);
    let now = chamber.clock.now();
    let first = Parts::default().cut(&announced, now.time).into_iter().next().unwrap();
    assert_eq!(council.hear(publisher(), first, now).unwrap().1.unwrap().why, "a block is on its way");

    let (chamber, mut council) = at_height_1();
    held(&chamber, &mut council);
    let bytes = b"no block".as_slice();
    let (outcome, start) = council.catch_up((Height(2), Round::new(0)), Address([0; 20]), bytes).unwrap();
    assert!(matches!(outcome, SyncedValueOutcome::PeerFault));
    assert_eq!(start.unwrap().why, "others are ahead");
}

#[test]
fn only_a_genuine_vote_for_the_held_height_starts_it() {
    let (chamber, mut council) = at_height_1();
    assert_eq!(finish(&mut council, false, chamber.clock.now()), None);
    let voter = &chamber.replicas[0];
    let vote = |height: u64| {
        let height = context::Height(height);
        malachitebft_core_types::Context::new_prevote(
            &Ctx,
            height,
            Round::new(0),
            NilOrVal::Nil,
            voter.address(),
        )
    };
    let genuine = voter.sign(vote(2)).signature;
    let now = chamber.clock.now();
    assert!(council.see(&vote(3), &voter.sign(vote(3)).signature, now).is_none(), "another height");
    assert!(council.see(&vote(2), &voter.sign(vote(3)).signature, now).is_none(), "forged");
    let mut stranger = vote(2);
    stranger.address = Address([9; 20]);
    assert!(council.see(&stranger, &genuine, now).is_none(), "a stranger");
    assert_eq!(council.see(&vote(2), &genuine, now).unwrap().why, "a validator votes");
}

/// Behind an empty block one validator cannot keep an idle chain busy; more than a third of them can start it, and
/// after a quarter of the heartbeat one can, who has a transaction that the others did not get.
#[test]
fn one_validator_alone_does_not_keep_an_idle_chain_busy() {
    for announces in [false, true] {
        let mut chamber = Chamber::new(4);
        let (_, made) = chamber.propose(1, 0, &[]);
        let certificate = chamber.certificate(&made.announcement);
        let (now, liar, seat) = (chamber.now(), chamber.proposer(2, 0), (chamber.proposer(2, 0) + 1) % 4);
        for replica in &mut chamber.replicas {
            replica.receive(made.clone(), now).unwrap();
        }
        let mut council = chamber.seat(seat);
        council.decide(&certificate).unwrap();
        for replica in &mut chamber.replicas {
            replica.commit(&certificate).unwrap();
        }
        let liar = if liar > seat { liar - 1 } else { liar };
        let others: Vec<_> = (0..3).filter(|of| *of != liar).collect();
        let vote = |of: usize| {
            let voter = &chamber.replicas[of];
            let vote = malachitebft_core_types::Context::new_prevote(
                &Ctx,
                context::Height(2),
                Round::new(0),
                NilOrVal::Nil,
                voter.address(),
            );
            let signature = voter.sign(vote.clone()).signature;
            (vote, signature)
        };
        let votes = [liar, others[0]].map(vote);
        chamber.clock.pass(Duration::from_millis(1));
        let now = chamber.clock.now();
        assert_eq!(finish(&mut council, false, now), None);
        let start = if announces {
            let made =
                chamber.replicas[liar].propose(Height(2), Round::new(0), Vec::new(), now.time).unwrap();
            let first = Parts::default().cut(&made.announced, now.time).into_iter().next().unwrap();
            council.hear(publisher(), first, now).unwrap().1
        } else {
            council.see(&votes[0].0, &votes[0].1, now)
        };
        assert!(start.is_none(), "one alone");
        let quarter = council.replica.heartbeat() / QUIET_SHARE;
        assert_eq!(council.due(), Some(now.instant + quarter));
        assert!(council.see(&votes[0].0, &votes[0].1, now).is_none(), "the same again");
        if announces {
            assert!(council.see(&votes[1].0, &votes[1].1, now).is_some(), "more than a third");
        } else {
            chamber.clock.pass(quarter);
            assert!(council.wake(chamber.clock.now()).is_some(), "after some patience");
        }
    }
}

/// Behind a block that held something one validator's word does, also for a later height: who asks for that one has
/// decided this one. What is decided nobody asks for any more.
#[test]
fn behind_a_block_that_held_something_one_validator_starts_the_next_height() {
    for asks in [2, 3] {
        let mut chamber = Chamber::new(4);
        let (_, made) = chamber.propose(1, 0, &[1]);
        let certificate = chamber.certificate(&made.announcement);
        let now = chamber.clock.now();
        for replica in &mut chamber.replicas {
            replica.receive(made.clone(), now.time).unwrap();
        }
        let mut council = chamber.seat(0);
        let head = Parts::default().cut(&made, now.time).into_iter().next().unwrap();
        council.hear(publisher(), head, now).unwrap();
        assert_eq!((council.load().0, council.asking.len()), (1, 1));
        council.decide(&certificate).unwrap();
        assert_eq!((council.load(), council.asking.len()), ((0, 0), 0));
        assert_eq!(finish(&mut council, false, now), None);
        council.ask(Height(asks), chamber.replicas[0].address());
        assert!(council.is_asked(Height(2), now.instant), "{asks}");
    }
}

/// One block always, and no more of them than the bytes of an answer.
#[test]
fn who_catches_up_gets_as_many_blocks_as_an_answer_holds() {
    let mut chamber = Chamber::new(4);
    for height in 1..=4 {
        chamber.decide(height, &[]);
        chamber.clock.pass(Duration::from_millis(1));
    }
    let (council, half) = (chamber.seat(0), SYNC_BYTES_MAX / 2);
    for (sizes, given) in [([half, half, 1, 1], 2), ([half, half, 0, 1], 3), ([2 * half + 1, 1, 1, 1], 1)] {
        for (height, bytes) in (1..).zip(sizes) {
            put_bytes(&council.store, Height(height), bytes);
        }
        assert_eq!(council.decided(Height(1), Height(4)).len(), given, "{sizes:?}");
    }
}

/// Two votes of one validator, as the engine tells of them.
#[test]
fn what_a_validator_said_twice_is_kept_to_be_reported() {
    let mut chamber = Chamber::new(4);
    chamber.decide(1, &[1]);
    let vote = |value| {
        let height = context::Height(1);
        malachitebft_core_types::Context::new_prevote(
            &Ctx,
            height,
            Round::new(3),
            value,
            chamber.replicas[2].address(),
        )
    };
    let sign = |vote| {
        use malachitebft_signing::Signer as _;
        futures::executor::block_on(chamber.liar(2).sign_vote(vote)).unwrap()
    };
    let (one, other) = (sign(vote(NilOrVal::Nil)), sign(vote(NilOrVal::Val(BlockId([1; 32])))));
    let mut forged = other.clone();
    forged.signature = one.signature;
    let address = chamber.replicas[2].address();
    let mut council = chamber.seat(0);
    for (pair, kept) in [((one.clone(), forged), 0), ((one.clone(), other.clone()), 1), ((other, one), 1)] {
        let mut evidence = no_evidence();
        evidence.votes.add(pair.0, pair.1);
        council.finish(Height(1), &evidence, false, chamber.clock.now()).unwrap();
        let seen = council.store.snapshot().equivocations();
        assert_eq!(seen.len(), kept);
        assert!(seen.iter().all(|proof| Address::from(proof.validator) == address));
    }
}

#[test]
fn two_announcements_for_one_round_are_kept_to_be_reported() {
    let mut chamber = Chamber::new(4);
    let (of, made) = chamber.propose(1, 0, &[]);
    let lie = chamber.lie(of, &made, |announcement| announcement.size += 1);
    let now = chamber.clock.now();
    let mut council = chamber.seat((of + 1) % 4);
    let mut source = Parts::default();
    for announced in [made, lie] {
        let first = source.cut(&announced, now.time).into_iter().next().unwrap();
        council.hear(publisher(), first, now).unwrap();
    }
    let seen = council.store.snapshot().equivocations();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].one.0.place(), (0, ledger::equivocation::MessageKind::Announcement));
    // The chain knows it: it is forgotten here.
    council.store.forget_equivocation(seen[0].height, &seen[0].validator).unwrap();
    assert!(council.store.snapshot().equivocations().is_empty());
}

#[test]
fn a_refusal_is_final_only_if_nothing_in_the_block_was_in_the_way() {
    for (numbers, refused) in [(&[1][..], 1), (&[1, 2], 0), (&[2], 0)] {
        let mut chamber = Chamber::new(4);
        let of = chamber.proposer(2, 0);
        // Judged before the first was decided: number 1 is taken since.
        let candidates = numbers.iter().map(|number| chamber.waiting(of, *number)).collect();
        chamber.decide(1, &[1]);
        chamber.clock.pass(Duration::from_millis(1));
        let now = chamber.clock.now();
        let mut council = chamber.seat(of);
        let made = council.propose(Height(2), Round::new(0), candidates, now).unwrap();
        assert_eq!(made.refused.len(), refused, "{numbers:?}");
        assert!(made.parts.len() >= 3);
    }
}

/// Hands in so many transactions of two signatures, at one door.
fn flood(chamber: &Chamber, intake: &Intake, count: usize) {
    for number in 0..count {
        let valid_until = Time(chamber.now().0 + 50_000);
        let signed = chamber.founded.denial(number % 4, (number + 1) % 4, valid_until);
        assert!(matches!(intake.submit(signed), crate::intake::Entered::Waits(..)));
    }
}

/// Nobody has seen what the others propose, and a check takes a millisecond: a quarter of the half
/// second that the others wait is 125 of them.
#[test]
fn a_flood_is_committed_in_blocks_that_their_rounds_can_check() {
    let mut chamber = Chamber::new(4);
    let intakes: Vec<_> = (0..4).map(|of| chamber.intake(of)).collect();
    for intake in &intakes {
        flood(&chamber, intake, 100);
    }
    let (mut left, mut height) = (400, 0);
    while left > 0 {
        height += 1;
        chamber.clock.pass(Duration::from_millis(1));
        let (of, now) = (chamber.proposer(height, 0), chamber.now());
        let candidates = intakes[of].candidates(chamber.replicas[of].budget(Round::new(0)));
        assert!(!candidates.is_empty(), "a turn goes by for nothing");
        let made = chamber.replicas[of].propose(Height(height), Round::new(0), candidates, now).unwrap();
        let certificate = chamber.certificate(&made.announced.announcement);
        for (other, replica) in chamber.replicas.iter_mut().enumerate() {
            let since = chamber.clock.now().instant;
            let judged = replica.receive(made.announced.clone(), now).unwrap().unwrap();
            assert_eq!(judged.validity, Some(Validity::Valid));
            let took = chamber.clock.now().instant - since;
            // The certificate of the block before brings four more.
            assert!(took <= Duration::from_millis(125 + 10), "{took:?} at {height} by {other}");
            let (block, tip) = replica.commit(&certificate).unwrap();
            intakes[other].settle(&block, &tip);
            intakes[other].judge_again();
            left -= if other == of { block.transactions.len() } else { 0 };
        }
    }
    assert!((7..=16).contains(&height), "{height} blocks");
    assert!(intakes.iter().all(|intake| intake.load() == (0, 0)));
}

#[test]
fn after_rounds_that_failed_less_is_proposed_and_never_nothing() {
    let chamber = Chamber::new(4);
    let budget = |round| chamber.replicas[0].budget(Round::new(round));
    assert_eq!([0, 1, 2, 3].map(budget), [125, 62, 31, 15]);
    assert_eq!(budget(u32::MAX), crate::limits::BLOCK_SIGNATURES_MIN);
}

/// A proposer that is away fails rounds too: only what became of our own blocks makes us careful.
#[test]
fn whose_own_blocks_do_not_get_through_proposes_less_for_a_while() {
    let mut chamber = Chamber::new(4);
    let first = Round::new(0);
    let of = chamber.proposer(1, 0);
    let (_, announced) = chamber.propose(1, 0, &[]);
    let (_, again) = chamber.propose(1, 1, &[]);
    assert!(announced.announcement.round < again.announcement.round);
    let certificate = chamber.certificate(&again.announcement);
    let now = chamber.now();
    for replica in &mut chamber.replicas {
        replica.enter(Height(1), Round::new(1), now).unwrap();
        replica.receive(again.clone(), now).unwrap();
        replica.commit(&certificate).unwrap();
    }
    let budgets: Vec<_> = chamber.replicas.iter().map(|replica| replica.budget(first)).collect();
    for (node, budget) in budgets.into_iter().enumerate() {
        assert_eq!(budget, if node == of { 62 } else { 125 });
    }
    // Of its nine turns it waits the first out.
    for height in 2..=37 {
        chamber.clock.pass(Duration::from_millis(1));
        chamber.decide(height, &[]);
    }
    assert_eq!(chamber.replicas[of].budget(first), 125);
}

#[test]
fn what_was_checked_in_a_round_that_failed_is_not_checked_again() {
    let mut chamber = Chamber::new(4);
    let (first, second) = (chamber.proposer(1, 0), chamber.proposer(1, 1));
    let intakes = [chamber.intake(first), chamber.intake(second)];
    flood(&chamber, &intakes[0], 10);
    let now = chamber.now();
    let candidates = intakes[0].candidates(usize::MAX);
    let sent: Vec<_> = candidates.iter().map(|verified| verified.bytes().to_vec()).collect();
    let made = chamber.replicas[first].propose(Height(1), Round::new(0), candidates, now).unwrap();
    for replica in &mut chamber.replicas {
        replica.receive(made.announced.clone(), now).unwrap();
    }
    let checks = |chamber: &Chamber| -> Vec<_> { chamber.counting.iter().map(|c| c.count()).collect() };
    assert_eq!(checks(&chamber), [20; 4]);

    // The round fails. The transactions reach the next proposer, who makes another block of them.
    for bytes in sent {
        assert_eq!(intakes[1].gossiped(bytes), Gossiped::Taken);
    }
    chamber.clock.pass(Duration::from_millis(700));
    let now = chamber.now();
    let candidates = intakes[1].candidates(usize::MAX);
    let made = chamber.replicas[second].propose(Height(1), Round::new(1), candidates, now).unwrap();
    for replica in &mut chamber.replicas {
        replica.enter(Height(1), Round::new(1), now).unwrap();
        let judged = replica.receive(made.announced.clone(), now).unwrap().unwrap();
        assert_eq!(judged.validity, Some(Validity::Valid));
    }
    assert_eq!(checks(&chamber), [20; 4]);
}

/// A record has two signatures, its department's and that under the ticket. Whoever saw it before the
/// block checks them then, whoever did not when the block comes; nobody checks them a second time,
/// as a proposer or validator, at the commit, or at the next head.
#[test]
fn each_signature_of_a_record_is_checked_once_on_every_node() {
    let mut chamber = Chamber::new(4);
    let of = chamber.proposer(1, 0);
    let (seen, unseen) = ((of + 1) % 4, (of + 2) % 4);
    let intakes: Vec<_> = (0..4).map(|of| chamber.intake(of)).collect();
    let checks = |chamber: &Chamber| [of, seen, unseen].map(|node| chamber.counting[node].count());
    flood(&chamber, &intakes[of], 1);
    assert_eq!(checks(&chamber), [2, 0, 0]);
    let bytes = intakes[of].own().remove(0);
    assert_eq!(intakes[seen].gossiped(bytes.clone()), Gossiped::Taken);
    assert_eq!(intakes[seen].gossiped(bytes), Gossiped::Dropped);
    assert_eq!(checks(&chamber), [2, 2, 0]);

    let now = chamber.now();
    let candidates = intakes[of].candidates(usize::MAX);
    let made = chamber.replicas[of].propose(Height(1), Round::new(0), candidates, now).unwrap();
    let certificate = chamber.certificate(&made.announced.announcement);
    for (node, replica) in chamber.replicas.iter_mut().enumerate() {
        replica.enter(Height(1), Round::new(0), now).unwrap();
        replica.receive(made.announced.clone(), now).unwrap();
        let (block, tip) = replica.commit(&certificate).unwrap();
        assert_eq!(block.transactions.len(), 1);
        intakes[node].settle(&block, &tip);
        intakes[node].judge_again();
    }
    assert_eq!(checks(&chamber), [2, 2, 2]);
}

#[test]
fn a_vote_seen_before_is_not_checked_again_in_its_certificate() {
    let mut chamber = Chamber::new(4);
    let (_, first) = chamber.propose(1, 0, &[]);
    let now = chamber.now();
    let certificate = chamber.certificate(&first.announcement);
    let seat = (chamber.proposer(2, 0) + 1) % 4;
    for replica in &mut chamber.replicas {
        replica.receive(first.clone(), now).unwrap();
        replica.commit(&certificate).unwrap();
    }
    chamber.clock.pass(Duration::from_millis(1));
    let (_, second) = chamber.propose(2, 0, &[]);
    let before = chamber.counting[seat].count();
    for signed in &certificate.commit_signatures {
        let vote = malachitebft_core_types::Context::new_precommit(
            &Ctx,
            certificate.height,
            certificate.round,
            NilOrVal::Val(certificate.value_id),
            signed.address,
        );
        assert!(chamber.replicas[seat].voted(&vote, &signed.signature));
    }
    assert_eq!(chamber.counting[seat].count(), before + 4);
    let now = chamber.now();
    let judged = chamber.replicas[seat].receive(second, now).unwrap().unwrap();
    assert_eq!(judged.validity, Some(Validity::Valid));
    assert_eq!(chamber.counting[seat].count(), before + 4);
}
