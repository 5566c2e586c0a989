use super::chamber::Chamber;
use super::timely::{Nearness, nearness};
use super::*;
use crate::engine::certificate::{to_engine, with_certificate};
use crate::limits::{BLOCKS_PER_ROUND_MAX, ROUNDS_AHEAD_MAX};
use crate::store::columns::Undecided;
use gm::sm3::Digest;
use ledger::certificate::Certificate;
use malachitebft_core_types::{NilOrVal, VoteType};

fn validity(received: Option<Undecided>) -> Option<Validity> {
    received.and_then(|undecided| undecided.validity)
}

#[test]
fn a_fresh_proposal_must_be_near_our_clock() {
    let now = Time(1_000_000);
    use Nearness::{Ahead, Behind, Near};
    for (time, near) in
        [(990_000, Near), (989_999, Behind), (1_002_000, Near), (1_002_001, Ahead), (1, Behind)]
    {
        assert_eq!(nearness(Time(time), now), near, "{time}");
    }
}

/// A proposer that locked a block goes on with it however long that takes, and so do all who saw it when it was new;
/// who did not believes the prevotes of others, one honest one among them, and not the proposer.
#[test]
fn an_old_block_is_taken_again_only_if_somebody_honest_saw_it_in_time() {
    let mut chamber = Chamber::new(5);
    let first = chamber.proposer(1, 0);
    let second = chamber.proposer(1, 1);
    let (third, fourth, fifth) = (chamber.proposer(1, 2), chamber.proposer(1, 3), chamber.proposer(1, 4));
    let (_, made) = chamber.propose(1, 0, &[1]);
    let now = chamber.now();
    for of in [second, fourth] {
        assert_eq!(validity(chamber.replicas[of].receive(made.clone(), now).unwrap()), Some(Validity::Valid));
    }
    chamber.clock.pass(Duration::from_secs(30));
    let now = chamber.now();
    let Announcement { id, height, .. } = made.announcement;
    let me = chamber.replicas[second].me;
    let again =
        chamber.replicas[second].again(Height(1), Round::new(1), Round::new(0), me, id).unwrap().unwrap();
    let prevote = |of: usize| {
        let replica: &Replica = &chamber.replicas[of];
        let (kind, value) = (VoteType::Prevote, NilOrVal::Val(id));
        let vote = Vote { kind, height, round: Round::new(0), value, address: replica.me, extension: None };
        (replica.me, replica.sign(vote).signature)
    };
    let prevotes = [first, second].map(prevote);
    for (prevotes, expected) in [
        (vec![], Validity::Invalid),
        (vec![prevotes[0]], Validity::Invalid),
        (vec![prevotes[0], prevotes[0]], Validity::Invalid),
        (vec![prevotes[0], (prevotes[1].0, prevotes[0].1)], Validity::Invalid),
        (prevotes.to_vec(), Validity::Valid),
    ] {
        let backing = Some(Backing { round: Round::new(0), prevotes });
        let replica = &mut chamber.replicas[third];
        replica.enter(Height(1), Round::new(1), now).unwrap();
        assert!(replica.heeds(&again.announcement, &again.signature));
        let received = replica.receive(Announced { backing: backing.clone(), ..again.clone() }, now).unwrap();
        assert_eq!(validity(received), Some(expected), "{backing:?}");
    }
    // It came before its round: the prevotes are remembered.
    let early = &mut chamber.replicas[fifth];
    early.enter(Height(1), Round::new(0), now).unwrap();
    let backing = Some(Backing { round: Round::new(0), prevotes: prevotes.to_vec() });
    assert_eq!(early.receive(Announced { backing, ..again.clone() }, now).unwrap(), None);
    let known = early.enter(Height(1), Round::new(1), now).unwrap();
    assert_eq!(known[0].validity, Some(Validity::Valid));
    let witness = &mut chamber.replicas[fourth];
    witness.enter(Height(1), Round::new(1), now).unwrap();
    assert_eq!(validity(witness.receive(again, now).unwrap()), Some(Validity::Valid));
}

/// Nobody found it valid in a round that has not been.
#[test]
fn a_block_said_to_be_proposed_again_in_its_first_round_is_refused() {
    let mut chamber = Chamber::new(4);
    let (of, made) = chamber.propose(1, 0, &[]);
    let other = (of + 1) % 4;
    for valid_round in [0, 1, 5] {
        let lie = chamber.lie(of, &made, |announcement| announcement.valid_round = Round::new(valid_round));
        assert!(!chamber.replicas[other].heeds(&lie.announcement, &lie.signature), "{valid_round}");
    }
    assert!(chamber.replicas[other].heeds(&made.announcement, &made.signature));
}

#[test]
fn two_announcements_prove_a_liar_and_a_third_is_not_listened_to() {
    let mut chamber = Chamber::new(4);
    let (of, made) = chamber.propose(1, 0, &[]);
    let other = (of + 1) % 4;
    let lies: Vec<_> = (1..4).map(|n| chamber.lie(of, &made, |a| a.size += n)).collect();
    let replica = &mut chamber.replicas[other];
    let mut hear = |lie: &Announced| replica.heeds(&lie.announcement, &lie.signature);
    assert!(hear(&made) && hear(&made), "said once more it is the same");
    assert!(hear(&lies[0]));
    assert!(!hear(&lies[1]) && !hear(&lies[2]));
    assert!(hear(&made), "its parts may still come");
    let proofs = replica.equivocations();
    assert_eq!(proofs.len(), 1);
    assert!(replica.equivocated(&proofs[0]));
    assert_eq!(Address::from(proofs[0].validator), made.announcement.proposer);
    assert!(replica.equivocations().is_empty());
}

#[test]
fn a_block_found_invalid_is_not_heard_again() {
    let mut chamber = Chamber::new(4);
    let (of, made) = chamber.propose(1, 0, &[1]);
    let (other, now) = ((of + 1) % 4, chamber.now());
    let bytes = made.bytes[..made.bytes.len() - 1].to_vec();
    let lie = chamber.lie(of, &made, |announcement| {
        announcement.content = sm3(&[&bytes]).0;
        announcement.size -= 1;
    });
    let lie = Announced { bytes, ..lie };
    let replica = &mut chamber.replicas[other];
    assert!(replica.heeds(&lie.announcement, &lie.signature));
    assert_eq!(validity(replica.receive(lie.clone(), now).unwrap()), Some(Validity::Invalid));
    assert!(!replica.heeds(&lie.announcement, &lie.signature));
    assert_eq!(replica.receive(lie, now).unwrap(), None);
}

#[test]
fn blocks_of_rounds_that_are_over_cost_nothing_unless_others_want_them() {
    let mut chamber = Chamber::new(4);
    let (of, made) = chamber.propose(1, 0, &[1]);
    let (other, now) = ((of + 1) % 4, chamber.now());
    let checks = chamber.counting[other].count();
    let replica = &mut chamber.replicas[other];
    replica.enter(Height(1), Round::new(2), now).unwrap();
    assert_eq!(replica.receive(made.clone(), now).unwrap(), None);
    assert_eq!(chamber.counting[other].count(), checks);
    // Our own engine saw two thirds prevote for it.
    let replica = &mut chamber.replicas[other];
    replica.back(Height(1), made.announcement.id, Backing { round: Round::new(0), prevotes: Vec::new() });
    assert_eq!(validity(replica.receive(made.clone(), now).unwrap()), Some(Validity::Valid));
    assert_eq!(chamber.counting[other].count(), checks + 1);
    // The parts of the last round's may be late.
    let late = &mut chamber.replicas[(of + 2) % 4];
    late.enter(Height(1), Round::new(1), now).unwrap();
    assert_eq!(validity(late.receive(made, now).unwrap()), Some(Validity::Valid));
}

#[test]
fn a_clock_is_compared_with_the_times_of_others_blocks() {
    let mut chamber = Chamber::new(4);
    let late = Duration::from_secs(3);
    let seat =
        (0..4).find(|of| (1..=3).filter(|height| chamber.proposer(*height, 0) != *of).count() == 3).unwrap();
    for height in 1..=3 {
        chamber.clock.pass(Duration::from_millis(1));
        let (_, made) = chamber.propose(height, 0, &[]);
        let certificate = chamber.certificate(&made.announcement);
        let now = chamber.now();
        for (of, replica) in chamber.replicas.iter_mut().enumerate() {
            replica.enter(Height(height), Round::new(0), now).unwrap();
            let here = if of == seat { now.plus_ms(late.as_millis() as u64) } else { now };
            replica.receive(made.clone(), here).unwrap();
            replica.commit(&certificate).unwrap();
        }
        assert_eq!(chamber.replicas[seat].clock_ahead_ms(), (height > 1).then_some(3_000));
    }
    assert!(
        chamber
            .replicas
            .iter()
            .enumerate()
            .all(|(of, r)| of == seat || r.clock_ahead_ms().is_none_or(|a| a == 0))
    );
}

#[test]
fn all_find_a_proposal_valid_and_make_the_same_ledger_of_it() {
    let mut chamber = Chamber::new(4);
    let now = chamber.now();
    for height in 1..=3 {
        let (of, announced) = chamber.propose(height, 0, &[height]);
        let certificate = chamber.certificate(&announced.announcement);
        let mut tips = Vec::new();
        for (other, replica) in chamber.replicas.iter_mut().enumerate() {
            replica.enter(Height(height), Round::new(0), now).unwrap();
            if other != of {
                assert!(replica.heeds(&announced.announcement, &announced.signature));
                assert_eq!(validity(replica.receive(announced.clone(), now).unwrap()), Some(Validity::Valid));
            }
            tips.push(replica.commit(&certificate).unwrap().1);
        }
        assert!(tips.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(tips[0].height, Height(height));
    }
}

#[test]
fn the_same_height_and_round_give_the_same_block_after_a_crash() {
    let mut chamber = Chamber::new(4);
    let now = chamber.now();
    let (of, first) = chamber.propose(1, 0, &[1]);
    chamber.crash(of);
    let (_, second) = chamber.propose(1, 0, &[2]);
    assert_eq!(first.announcement, second.announcement);
    assert_eq!(first.bytes, second.bytes);
    let known = chamber.replicas[of].enter(Height(1), Round::new(0), now).unwrap();
    assert_eq!(known[0].announcement, first.announcement);
}

#[test]
fn a_block_decided_in_an_earlier_life_is_committed_from_disk() {
    let mut chamber = Chamber::new(4);
    let now = chamber.now();
    let (of, announced) = chamber.propose(1, 0, &[1]);
    let other = (of + 1) % 4;
    chamber.replicas[other].receive(announced.clone(), now).unwrap();
    let certificate = chamber.certificate(&announced.announcement);
    chamber.crash(other);
    let (_, tip) = chamber.replicas[other].commit(&certificate).unwrap();
    assert_eq!(tip.height, Height(1));
    chamber.crash(other);
    assert_eq!(chamber.replicas[other].next_height(), Height(2));
}

#[test]
fn bytes_that_the_proposer_did_not_announce_change_nothing() {
    let mut chamber = Chamber::new(4);
    let now = chamber.now();
    let (of, announced) = chamber.propose(1, 0, &[1]);
    let other = (of + 1) % 4;
    let mut flipped = announced.clone();
    *flipped.bytes.last_mut().unwrap() ^= 1;
    assert_eq!(chamber.replicas[other].receive(flipped, now).unwrap(), None);
    let received = chamber.replicas[other].receive(announced, now).unwrap();
    assert_eq!(validity(received), Some(Validity::Valid));
}

#[test]
fn no_bytes_make_a_panic_or_a_valid_block() {
    let mut chamber = Chamber::new(4);
    let now = chamber.now();
    let (of, announced) = chamber.propose(1, 0, &[1]);
    let other = (of + 1) % 4;
    let length = announced.bytes.len();
    // The proposer itself announces the garbled bytes under the block's id.
    let judge = |replica: &mut Replica, bytes: Vec<u8>| {
        let Announcement { height, round, proposer, id, .. } = announced.announcement;
        let announcement = announcement(height.into(), (round, Round::Nil), proposer, id, &bytes);
        let announced = Announced { announcement, signature: announced.signature, backing: None, bytes };
        replica.forgive(); // further ones of a round are not even judged
        validity(replica.receive(announced, now).unwrap())
    };
    let replica = &mut chamber.replicas[other];
    for at in (0..length).step_by(5) {
        let mut flipped = announced.bytes.clone();
        flipped[at] ^= 1;
        assert_eq!(judge(replica, flipped), Some(Validity::Invalid), "byte {at}");
        assert_eq!(judge(replica, announced.bytes[..at].to_vec()), Some(Validity::Invalid), "cut at {at}");
    }
    assert!(replica.store.undecided_at(Height(1)).unwrap().is_empty());
    assert_eq!(judge(replica, announced.bytes.clone()), Some(Validity::Valid));
}

#[test]
fn a_garbled_twin_does_not_take_the_place_of_a_decided_block() {
    let mut chamber = Chamber::new(4);
    let now = chamber.now();
    let (first_of, first) = chamber.propose(1, 0, &[]);
    let second_of = chamber.proposer(2, 0);
    let late = (0..4).find(|of| *of != first_of && *of != second_of).unwrap();
    let certificate = chamber.certificate(&first.announcement);
    for of in (0..4).filter(|of| *of != late) {
        chamber.replicas[of].receive(first.clone(), now).unwrap();
        chamber.replicas[of].commit(&certificate).unwrap();
    }
    let (_, second) = chamber.propose(2, 0, &[2]);
    // Not judged yet, as the parent is missing: the twin and the block, both under one id.
    let mut twin = second.bytes.clone();
    *twin.last_mut().unwrap() ^= 1;
    let Announcement { height, round, proposer, id, .. } = second.announcement;
    let announcement = announcement(height.into(), (round, Round::Nil), proposer, id, &twin);
    let replica = &mut chamber.replicas[late];
    let twin = Announced { announcement, signature: second.signature, backing: None, bytes: twin };
    replica.receive(twin, now).unwrap();
    replica.receive(second.clone(), now).unwrap();
    replica.receive(first, now).unwrap();
    replica.commit(&certificate).unwrap();
    let certificate = chamber.certificate(&second.announcement);
    let (block, _) = chamber.replicas[late].commit(&certificate).unwrap();
    assert_eq!(to_bytes(&block), second.bytes);
}

#[test]
fn only_the_validator_whose_turn_it_is_is_heeded() {
    let mut chamber = Chamber::new(4);
    let (of, announced) = chamber.propose(1, 0, &[]);
    let other = &chamber.replicas[(of + 1) % 4];
    let Announced { announcement, signature, .. } = &announced;
    assert!(other.is_in_order(announcement, signature));
    let changed = |change: &dyn Fn(&mut Announcement)| {
        let mut changed = announcement.clone();
        change(&mut changed);
        other.is_in_order(&changed, signature)
    };
    assert!(!changed(&|a| a.id.0[0] ^= 1));
    assert!(!changed(&|a| a.size += 1));
    assert!(!changed(&|a| a.content[0] ^= 1));
    assert!(!changed(&|a| a.round = Round::new(1)));
    assert!(!changed(&|a| a.proposer = other.me));
    assert!(!changed(&|a| a.height.0 = 100));
    // Signed by itself, but not its turn.
    let mut own = announcement.clone();
    own.proposer = other.me;
    let signature = other.signer.as_ref().unwrap().announce(&own).unwrap().unwrap();
    assert!(!other.is_in_order(&own, &signature));
}

#[test]
fn a_proposal_ahead_of_our_head_is_judged_when_its_height_starts() {
    let mut chamber = Chamber::new(4);
    let now = chamber.now();
    let (first_of, first) = chamber.propose(1, 0, &[1]);
    let certificate = chamber.certificate(&first.announcement);
    let late = (0..4).find(|of| *of != first_of && *of != chamber.proposer(2, 0)).unwrap();
    for of in (0..4).filter(|of| *of != late) {
        chamber.replicas[of].receive(first.clone(), now).unwrap();
        chamber.replicas[of].commit(&certificate).unwrap();
    }
    let (_, second) = chamber.propose(2, 0, &[2]);
    let replica = &mut chamber.replicas[late];
    assert!(replica.heeds(&second.announcement, &second.signature));
    assert_eq!(replica.receive(second, now).unwrap(), None);
    assert_eq!(validity(replica.receive(first, now).unwrap()), Some(Validity::Valid));
    replica.commit(&certificate).unwrap();
    let known = replica.enter(Height(2), Round::new(0), now).unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].validity, Some(Validity::Valid));
}

#[test]
fn what_a_peer_sends_to_catch_up_is_checked() {
    let mut chamber = Chamber::new(4);
    let (of, announced) = chamber.propose(1, 0, &[1]);
    let Announcement { proposer, id, .. } = announced.announcement;
    let certificate = chamber.certificate(&announced.announcement);
    let replica = &mut chamber.replicas[(of + 1) % 4];
    let mut take = |bytes: &[u8], height| {
        replica.receive_decided(Height(height), Round::new(0), proposer, bytes).unwrap()
    };
    let decided = to_ledger(&certificate).unwrap();
    let whole = with_certificate(&decided, &announced.bytes);
    assert_eq!(take(b"", 1), None);
    assert_eq!(take(&announced.bytes, 1), None);
    assert_eq!(take(&with_certificate(&decided, &announced.bytes[1..]), 1), None);
    assert_eq!(take(&whole, 2), None);
    let few = Certificate { signatures: decided.signatures[..2].to_vec(), ..decided };
    assert_eq!(take(&with_certificate(&few, &announced.bytes), 1), None, "that is no two thirds");
    let received = take(&whole, 1).unwrap();
    assert_eq!((received.announcement.id, received.validity), (id, Some(Validity::Valid)));
    assert_eq!(replica.commit(&certificate).unwrap().1.height, Height(1));
    let stored = replica.store.snapshot().certificate(Height(1)).unwrap();
    let set = chamber.founded.genesis.validator_set();
    assert_eq!(stored.check(&set, chamber.founded.genesis.chain(), &gm::sm2::Direct), Ok(()));
    assert_eq!(to_ledger(&to_engine(&stored)).unwrap(), stored);
}

/// The engine would log it and wait for ever. What nobody decided is the fault of who sent it.
#[test]
fn a_block_that_others_decided_and_is_invalid_here_is_a_fault_at_once() {
    let mut chamber = Chamber::new(4);
    let (of, announced) = chamber.propose(1, 0, &[1]);
    let proposer = announced.announcement.proposer;
    let mut block: Block = from_bytes(&announced.bytes).unwrap();
    block.header.state_root = Digest::ZERO;
    let whole = to_bytes(&block);
    let rounds = (Round::new(0), Round::Nil);
    let announcement = announcement(Height(1), rounds, proposer, block.id().into(), &whole);
    let decided = to_ledger(&chamber.certificate(&announcement)).unwrap();
    let few = Certificate { signatures: decided.signatures[..2].to_vec(), ..decided.clone() };
    block.transactions.clear();
    let without_body = to_bytes(&block);
    let replica = &mut chamber.replicas[(of + 1) % 4];
    let mut take = |certificate: &Certificate, bytes: &[u8]| {
        let value = with_certificate(certificate, bytes);
        replica.receive_decided(Height(1), Round::new(0), proposer, &value)
    };
    assert_eq!(take(&few, &whole).unwrap(), None);
    assert_eq!(take(&decided, &without_body).unwrap(), None);
    let fault = take(&decided, &whole).unwrap_err();
    assert!(matches!(fault, NodeFault::Diverged { height: 1, .. }), "{fault}");
}

#[test]
fn a_block_is_proposed_again_under_a_new_round_or_as_it_was_signed() {
    let mut chamber = Chamber::new(4);
    let now = chamber.now();
    let (_, announced) = chamber.propose(1, 0, &[1]);
    let next = chamber.proposer(1, 1);
    let replica = &mut chamber.replicas[next];
    replica.enter(Height(1), Round::new(0), now).unwrap();
    replica.receive(announced.clone(), now).unwrap();
    let Announcement { proposer, id, .. } = announced.announcement;
    let as_signed = replica.again(Height(1), Round::new(0), Round::Nil, proposer, id).unwrap().unwrap();
    assert_eq!(
        (as_signed.announcement, as_signed.signature),
        (announced.announcement.clone(), announced.signature)
    );
    let anew = replica.again(Height(1), Round::new(1), Round::new(0), replica.me, id).unwrap().unwrap();
    assert_eq!(anew.announcement.valid_round, Round::new(0));
    let third = (0..4).find(|of| *of != next && *of != chamber.proposer(1, 0)).unwrap();
    let third = &mut chamber.replicas[third];
    third.enter(Height(1), Round::new(1), now).unwrap();
    assert!(third.heeds(&anew.announcement, &anew.signature));
    assert_eq!(validity(third.receive(anew, now).unwrap()), Some(Validity::Valid));
    assert!(third.again(Height(1), Round::new(0), Round::Nil, proposer, BlockId([9; 32])).unwrap().is_none());
}

#[test]
fn a_block_is_of_the_round_it_is_announced_for_or_was_found_valid_after() {
    let mut chamber = Chamber::new(4);
    let now = chamber.now();
    let (of, made) = chamber.propose(1, 2, &[1]);
    let Announcement { id, proposer, .. } = made.announcement;
    let next = chamber.replicas[chamber.proposer(1, 7)].me;
    let replica = &mut chamber.replicas[(of + 1) % 4];
    let mut judge = |round, valid_round, proposer| {
        let announcement = announcement(Height(1), (round, valid_round), proposer, id, &made.bytes);
        replica.enter(Height(1), round, now).unwrap();
        validity(replica.receive(Announced { announcement, ..made.clone() }, now).unwrap()).unwrap()
    };
    // Four rounds later it is the same validator's turn, but the block is not of that round.
    assert_eq!(judge(Round::new(6), Round::Nil, proposer), Validity::Invalid);
    assert_eq!(judge(Round::new(2), Round::Nil, proposer), Validity::Valid);
    // Proposed again by another, it keeps its round; nobody found it valid before that.
    assert_eq!(judge(Round::new(7), Round::new(1), next), Validity::Invalid);
    assert_eq!(judge(Round::new(7), Round::new(2), next), Validity::Valid);
}

#[test]
fn a_proposer_cannot_fill_the_disk() {
    let mut chamber = Chamber::new(4);
    let now = chamber.now();
    let of = chamber.proposer(1, 0);
    let other = (of + 1) % 4;
    // Rounds far above the current one are not listened to, until they come near.
    let far = (0..).map(|turn| turn * 4).find(|round| *round > ROUNDS_AHEAD_MAX).unwrap();
    let (_, announced) = chamber.propose(1, far, &[]);
    assert!(!chamber.replicas[other].heeds(&announced.announcement, &announced.signature));
    chamber.replicas[other].enter(Height(1), Round::new(4), now).unwrap();
    assert!(chamber.replicas[other].heeds(&announced.announcement, &announced.signature));
    // A proposer that says something else each time in one round is soon not kept.
    let mut kept = 0;
    let mut offered = std::collections::BTreeSet::new();
    for turn in 1.. {
        if offered.len() == 5 {
            break;
        }
        let (_, mut announced) = chamber.propose(1, far + 4 * turn, &[]);
        announced.announcement.round = Round::new(4);
        chamber.clock.pass(Duration::from_millis(1)); // made in one millisecond they were the same
        if offered.insert(announced.announcement.id) {
            kept += usize::from(chamber.replicas[other].receive(announced, now).unwrap().is_some());
        }
    }
    assert_eq!(kept, BLOCKS_PER_ROUND_MAX - 1, "one was heeded above");
}

#[test]
fn who_proposes_invalid_blocks_is_soon_not_listened_to() {
    let mut chamber = Chamber::new(4);
    let (of, announced) = chamber.propose(1, 0, &[1]);
    let other = (of + 1) % 4;
    let now = chamber.now();
    let mut judged = 0;
    for at in 0..5 {
        let mut bytes = announced.bytes.clone();
        bytes[at] ^= 1;
        let Announcement { height, round, proposer, id, .. } = announced.announcement;
        let announcement = announcement(height.into(), (round, Round::Nil), proposer, id, &bytes);
        let garbled = Announced { announcement, signature: announced.signature, backing: None, bytes };
        judged += usize::from(chamber.replicas[other].receive(garbled, now).unwrap().is_some());
    }
    assert_eq!(judged, BLOCKS_PER_ROUND_MAX);
}

#[test]
fn a_block_of_a_later_round_is_judged_when_that_round_begins() {
    let mut chamber = Chamber::new(4);
    let (of, announced) = chamber.propose(1, 2, &[1]);
    let other = (of + 1) % 4;
    let now = chamber.now();
    let checks = chamber.counting[other].count();
    let replica = &mut chamber.replicas[other];
    replica.enter(Height(1), Round::new(0), now).unwrap();
    assert_eq!(replica.receive(announced, now).unwrap(), None);
    assert!(replica.enter(Height(1), Round::new(1), now).unwrap().is_empty());
    assert_eq!(chamber.counting[other].count(), checks);
    let known = chamber.replicas[other].enter(Height(1), Round::new(2), now).unwrap();
    assert_eq!(known.first().and_then(|undecided| undecided.validity), Some(Validity::Valid));
    assert_eq!(chamber.counting[other].count(), checks + 1);
}
