use tokio::sync::watch;

use super::*;
use crate::founding::{Founded, found};
use crate::store::columns::Undecided;
use malachitebft_core_types::{CommitSignature, NilOrVal};
use malachitebft_signing::Signer as _;

/// The replicas of a chain's validators, without a network.
struct Council {
    founded: Founded,
    replicas: Vec<Replica>,
    folders: Vec<tempfile::TempDir>,
}

impl Council {
    fn new(validators: usize) -> Self {
        let founded = found(validators, validators);
        let folders: Vec<_> = (0..validators).map(|_| tempfile::tempdir().unwrap()).collect();
        let replicas = (0..validators).map(|of| replica(&founded, of, folders[of].path())).collect();
        Self { founded, replicas, folders }
    }

    fn reopen(&mut self, of: usize) {
        drop(self.replicas.remove(of));
        let replica = replica(&self.founded, of, self.folders[of].path());
        self.replicas.insert(of, replica);
    }

    /// Whose turn it is.
    fn proposer(&self, height: u64, round: u32) -> usize {
        let is_turn = |replica: &Replica| {
            replica.validators.turn(Height(height).into(), Round::new(round), &replica.me).is_some()
        };
        self.replicas.iter().position(is_turn).unwrap()
    }

    fn propose(&mut self, height: u64, round: u32, numbers: &[u64]) -> (usize, Announced) {
        let of = self.proposer(height, round);
        let snapshot = self.replicas[of].store.snapshot();
        let (tip, chain) = (snapshot.tip(), self.founded.genesis.chain());
        let take_in = |number: &u64| {
            let signed = self.founded.publication(0, *number).into();
            block::probe(&snapshot, &tip, chain, clock::now().max(tip.time.plus_ms(1)), signed, &Direct)
                .unwrap()
        };
        let candidates = numbers.iter().map(take_in).collect();
        drop(snapshot);
        let made = self.replicas[of].propose(Height(height), Round::new(round), candidates).unwrap();
        (of, made.announced)
    }

    /// The certificate of all for a block.
    fn certificate(&self, announcement: &Announcement) -> CommitCertificate<Ctx> {
        let sign = |replica: &Replica| {
            let vote = malachitebft_core_types::Context::new_precommit(
                &Ctx,
                announcement.height,
                announcement.round,
                NilOrVal::Val(announcement.id),
                replica.me,
            );
            let signer = replica.signer.as_ref().unwrap();
            let signed = futures::executor::block_on(signer.sign_vote(vote)).unwrap();
            CommitSignature::new(replica.me, signed.signature)
        };
        CommitCertificate {
            height: announcement.height,
            round: announcement.round,
            value_id: announcement.id,
            commit_signatures: self.replicas.iter().map(sign).collect(),
        }
    }
}

fn replica(founded: &Founded, of: usize, dir: &std::path::Path) -> Replica {
    let store = Store::open(dir, Arc::clone(&founded.genesis), watch::Sender::new(None)).unwrap();
    let signer = Signer::new(store.chain(), founded.departments[of].consensus.clone());
    let me = ledger::department::address(&signer.public()).into();
    Replica::new(Arc::new(store), me, Some(signer)).unwrap()
}

fn again(announced: &Announced) -> Announced {
    Announced {
        announcement: announced.announcement.clone(),
        signature: announced.signature,
        bytes: announced.bytes.clone(),
    }
}

fn validity(received: Option<Undecided>) -> Option<Validity> {
    received.and_then(|undecided| undecided.validity)
}

#[test]
fn a_fresh_proposal_must_be_near_our_clock() {
    let now = Time(1_000_000);
    for (time, near) in [(990_000, true), (989_999, false), (1_002_000, true), (1_002_001, false)] {
        assert_eq!(is_timely(Time(time), now, Clock::Near), near, "{time}");
    }
}

#[test]
fn a_proposal_made_again_may_be_old_but_never_ahead() {
    let now = Time(1_000_000);
    assert!(is_timely(Time(1), now, Clock::NotAhead));
    assert!(!is_timely(Time(1_002_001), now, Clock::NotAhead));
    assert!(is_timely(Time(9_999_999), now, Clock::Order));
}

#[test]
fn all_find_a_proposal_valid_and_make_the_same_ledger_of_it() {
    let mut council = Council::new(4);
    for height in 1..=3 {
        let (of, announced) = council.propose(height, 0, &[height]);
        let certificate = council.certificate(&announced.announcement);
        let mut tips = Vec::new();
        for (other, replica) in council.replicas.iter_mut().enumerate() {
            replica.enter(Height(height), Round::new(0)).unwrap();
            if other != of {
                assert!(replica.heeds(&announced.announcement, &announced.signature));
                assert_eq!(validity(replica.receive(again(&announced)).unwrap()), Some(Validity::Valid));
            }
            tips.push(replica.commit(&certificate).unwrap().1);
        }
        assert!(tips.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(tips[0].height, Height(height));
    }
}

#[test]
fn the_same_height_and_round_give_the_same_block_after_a_crash() {
    let mut council = Council::new(4);
    let (of, first) = council.propose(1, 0, &[1]);
    council.reopen(of);
    let (_, second) = council.propose(1, 0, &[2]);
    assert_eq!(first.announcement, second.announcement);
    assert_eq!(first.bytes, second.bytes);
    let known = council.replicas[of].enter(Height(1), Round::new(0)).unwrap();
    assert_eq!(known[0].announcement, first.announcement);
}

#[test]
fn a_block_decided_in_an_earlier_life_is_committed_from_disk() {
    let mut council = Council::new(4);
    let (of, announced) = council.propose(1, 0, &[1]);
    let other = (of + 1) % 4;
    council.replicas[other].receive(again(&announced)).unwrap();
    let certificate = council.certificate(&announced.announcement);
    council.reopen(other);
    let (_, tip) = council.replicas[other].commit(&certificate).unwrap();
    assert_eq!(tip.height, Height(1));
    council.reopen(other);
    assert_eq!(council.replicas[other].next_height(), Height(2));
}

#[test]
fn bytes_that_the_proposer_did_not_announce_change_nothing() {
    let mut council = Council::new(4);
    let (of, announced) = council.propose(1, 0, &[1]);
    let other = (of + 1) % 4;
    let mut flipped = again(&announced);
    *flipped.bytes.last_mut().unwrap() ^= 1;
    assert_eq!(council.replicas[other].receive(flipped).unwrap(), None);
    let received = council.replicas[other].receive(again(&announced)).unwrap();
    assert_eq!(validity(received), Some(Validity::Valid));
}

#[test]
fn no_bytes_make_a_panic_or_a_valid_block() {
    let mut council = Council::new(4);
    let (of, announced) = council.propose(1, 0, &[1]);
    let other = (of + 1) % 4;
    let length = announced.bytes.len();
    // The proposer itself announces the garbled bytes under the block's id.
    let judge = |replica: &mut Replica, bytes: Vec<u8>| {
        let Announcement { height, round, proposer, id, .. } = announced.announcement;
        let announcement = announcement(height.into(), (round, Round::Nil), proposer, id, &bytes);
        let received = replica.receive(Announced { announcement, signature: announced.signature, bytes });
        validity(received.unwrap())
    };
    let replica = &mut council.replicas[other];
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
    let mut council = Council::new(4);
    let (first_of, first) = council.propose(1, 0, &[]);
    let second_of = council.proposer(2, 0);
    let late = (0..4).find(|of| *of != first_of && *of != second_of).unwrap();
    let certificate = council.certificate(&first.announcement);
    for of in (0..4).filter(|of| *of != late) {
        council.replicas[of].receive(again(&first)).unwrap();
        council.replicas[of].commit(&certificate).unwrap();
    }
    let (_, second) = council.propose(2, 0, &[2]);
    // Not judged yet, as the parent is missing: the twin and the block, both under one id.
    let mut twin = second.bytes.clone();
    *twin.last_mut().unwrap() ^= 1;
    let Announcement { height, round, proposer, id, .. } = second.announcement;
    let announcement = announcement(height.into(), (round, Round::Nil), proposer, id, &twin);
    let replica = &mut council.replicas[late];
    replica.receive(Announced { announcement, signature: second.signature, bytes: twin }).unwrap();
    replica.receive(again(&second)).unwrap();
    replica.receive(first).unwrap();
    replica.commit(&certificate).unwrap();
    let certificate = council.certificate(&second.announcement);
    let (block, _) = council.replicas[late].commit(&certificate).unwrap();
    assert_eq!(to_bytes(&block), second.bytes);
}

#[test]
fn only_the_validator_whose_turn_it_is_is_heeded() {
    let mut council = Council::new(4);
    let (of, announced) = council.propose(1, 0, &[]);
    let other = &council.replicas[(of + 1) % 4];
    let Announced { announcement, signature, .. } = &announced;
    assert!(other.heeds(announcement, signature));
    let changed = |change: &dyn Fn(&mut Announcement)| {
        let mut changed = announcement.clone();
        change(&mut changed);
        other.heeds(&changed, signature)
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
    let signature = other.signer.as_ref().unwrap().announce(&own).unwrap();
    assert!(!other.heeds(&own, &signature));
}

#[test]
fn a_proposal_ahead_of_our_head_is_judged_when_its_height_starts() {
    let mut council = Council::new(4);
    let (first_of, first) = council.propose(1, 0, &[1]);
    let certificate = council.certificate(&first.announcement);
    let late = (0..4).find(|of| *of != first_of && *of != council.proposer(2, 0)).unwrap();
    for of in (0..4).filter(|of| *of != late) {
        council.replicas[of].receive(again(&first)).unwrap();
        council.replicas[of].commit(&certificate).unwrap();
    }
    let (_, second) = council.propose(2, 0, &[2]);
    let replica = &mut council.replicas[late];
    assert!(replica.heeds(&second.announcement, &second.signature));
    assert_eq!(replica.receive(again(&second)).unwrap(), None);
    assert_eq!(validity(replica.receive(first).unwrap()), Some(Validity::Valid));
    replica.commit(&certificate).unwrap();
    let known = replica.enter(Height(2), Round::new(0)).unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].validity, Some(Validity::Valid));
}

#[test]
fn what_a_peer_sends_to_catch_up_is_checked() {
    let mut council = Council::new(4);
    let (of, announced) = council.propose(1, 0, &[1]);
    let Announcement { proposer, id, .. } = announced.announcement;
    let certificate = council.certificate(&announced.announcement);
    let replica = &mut council.replicas[(of + 1) % 4];
    let mut take = |bytes: &[u8], height| {
        replica.receive_decided(Height(height), Round::new(0), proposer, bytes).unwrap()
    };
    assert_eq!(take(b"", 1), None);
    assert_eq!(take(&announced.bytes[1..], 1), None);
    assert_eq!(take(&announced.bytes, 2), None);
    let received = take(&announced.bytes, 1).unwrap();
    assert_eq!((received.announcement.id, received.validity), (id, Some(Validity::Valid)));
    assert_eq!(replica.commit(&certificate).unwrap().1.height, Height(1));
    let stored = replica.store.snapshot().certificate(Height(1)).unwrap();
    let set = council.founded.genesis.validator_set();
    assert_eq!(stored.check(&set, council.founded.genesis.chain(), &Direct), Ok(()));
    assert_eq!(to_ledger(&to_engine(&stored)).unwrap(), stored);
}

#[test]
fn a_block_is_proposed_again_under_a_new_round_or_as_it_was_signed() {
    let mut council = Council::new(4);
    let (_, announced) = council.propose(1, 0, &[1]);
    let next = council.proposer(1, 1);
    let replica = &mut council.replicas[next];
    replica.enter(Height(1), Round::new(0)).unwrap();
    replica.receive(again(&announced)).unwrap();
    let Announcement { proposer, id, .. } = announced.announcement;
    let as_signed = replica.again(Height(1), Round::new(0), Round::Nil, proposer, id).unwrap().unwrap();
    assert_eq!(
        (as_signed.announcement, as_signed.signature),
        (announced.announcement.clone(), announced.signature)
    );
    let anew = replica.again(Height(1), Round::new(1), Round::new(0), replica.me, id).unwrap().unwrap();
    assert_eq!(anew.announcement.valid_round, Round::new(0));
    let third = (0..4).find(|of| *of != next && *of != council.proposer(1, 0)).unwrap();
    let third = &mut council.replicas[third];
    third.enter(Height(1), Round::new(1)).unwrap();
    assert!(third.heeds(&anew.announcement, &anew.signature));
    assert_eq!(validity(third.receive(anew).unwrap()), Some(Validity::Valid));
    assert!(third.again(Height(1), Round::new(0), Round::Nil, proposer, BlockId([9; 32])).unwrap().is_none());
}

#[test]
fn a_proposer_cannot_fill_the_disk() {
    let mut council = Council::new(4);
    let of = council.proposer(1, 0);
    let other = (of + 1) % 4;
    // Rounds far above the current one are not listened to, until they come near.
    let far = (0..).map(|turn| turn * 4).find(|round| *round > ROUNDS_AHEAD_MAX).unwrap();
    let (_, announced) = council.propose(1, far, &[]);
    assert!(!council.replicas[other].heeds(&announced.announcement, &announced.signature));
    council.replicas[other].enter(Height(1), Round::new(4)).unwrap();
    assert!(council.replicas[other].heeds(&announced.announcement, &announced.signature));
    // A proposer that says something else each time in one round is soon not kept.
    let mut kept = 0;
    let mut offered = std::collections::BTreeSet::new();
    for turn in 1.. {
        if offered.len() == 5 {
            break;
        }
        let (_, mut announced) = council.propose(1, far + 4 * turn, &[]);
        announced.announcement.round = Round::new(4);
        // Two made in one millisecond are one and the same block.
        if offered.insert(announced.announcement.id) {
            kept += usize::from(council.replicas[other].receive(announced).unwrap().is_some());
        }
    }
    assert_eq!(kept, BLOCKS_PER_ROUND_MAX);
}
