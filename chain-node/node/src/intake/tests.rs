use std::sync::OnceLock;
use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};

use gm::sm2::{Direct, PublicKey, Signature, Signatures};
use gm::sm3::Digest;
use ledger::ids::Time;
use tokio::sync::watch;

use super::*;
use crate::founding::{Founded, found};
use crate::replica::chamber::Chamber;
use crate::store::database::Database;
use crate::store::memory::Memory;

/// Checks only while the pool is open to others.
#[derive(Clone, Default)]
struct Watching {
    intake: Arc<OnceLock<Weak<Intake>>>,
    checks: Arc<AtomicUsize>,
}

impl Signatures for Watching {
    fn holds(&self, key: &PublicKey, digest: &Digest, signature: &Signature) -> bool {
        let intake = self.intake.get().and_then(Weak::upgrade).unwrap();
        assert!(intake.pool.try_lock().is_ok(), "the pool is locked while a signature is checked");
        assert!(intake.early.try_lock().is_ok());
        self.checks.fetch_add(1, Ordering::Relaxed);
        Direct.holds(key, digest, signature)
    }
}

fn watched(founded: &Founded) -> (Arc<Intake>, Watching) {
    let database = Database::Memory(Memory::default());
    let store = Store::open(database, Arc::clone(&founded.genesis), watch::Sender::new(None)).unwrap();
    let clock = Clock::set(Time(founded.genesis.time.0 + 1_000));
    let watching = Watching::default();
    let signatures = Arc::new(Checked::new(watching.clone(), clock.clone()));
    let intake = Arc::new(Intake::new(Arc::new(store), signatures, clock));
    watching.intake.set(Arc::downgrade(&intake)).unwrap();
    (intake, watching)
}

/// As if it had built on a block that is not there yet.
fn early(signed: Signed) -> Early {
    let (of, bytes) = (signed.body.department.clone(), Encoded::from(signed).bytes().to_vec());
    Early { of, bytes, heads_left: 1 }
}

#[test]
fn what_came_early_and_is_taken_later_is_passed_on_once() {
    let founded = found(2, 1);
    let (intake, _) = watched(&founded);
    let valid_until = Time(founded.genesis.time.0 + 30_000);
    let [good, bad] = [valid_until, Time(0)].map(|until| early(founded.denial(0, 1, until)));
    let passed_on = good.bytes.clone();
    intake.keep_early(good);
    intake.keep_early(bad);
    assert_eq!(intake.own(), Vec::<Vec<u8>>::new(), "not judged yet");
    intake.judge_again();
    assert_eq!(intake.own(), [passed_on]);
    assert_eq!(intake.own(), Vec::<Vec<u8>>::new());
}

#[test]
fn one_department_fills_no_more_than_its_part_of_what_came_early() {
    let founded = found(2, 1);
    let (intake, _) = watched(&founded);
    let valid_until = Time(founded.genesis.time.0 + 30_000);
    let honest = early(founded.denial(0, 1, valid_until));
    let kept = honest.bytes.clone();
    intake.keep_early(honest);
    for _ in 0..=EARLY_MAX {
        intake.keep_early(early(founded.denial(1, 0, valid_until)));
    }
    let early = intake.early.lock().unwrap();
    assert_eq!(early.len(), EARLY_PER_DEPARTMENT_MAX + 1);
    assert_eq!(early[0].bytes, kept);
}

#[test]
fn no_signature_is_checked_while_the_pool_is_locked() {
    let founded = found(2, 1);
    let (intake, watching) = watched(&founded);
    let valid_until = Time(founded.genesis.time.0 + 30_000);
    let next = || founded.denial(0, 1, valid_until);
    assert!(matches!(intake.submit(next()), Entered::Waits(..)));
    assert_eq!(intake.gossiped(Encoded::from(next()).bytes().to_vec()), Gossiped::Taken);
    intake.keep_early(early(next()));
    intake.pool().forget_judgements(); // all are judged again
    intake.judge_again();
    assert_eq!(watching.checks.load(Ordering::Relaxed), 6);
    assert_eq!(intake.load().0, 3);
}

#[test]
fn without_room_no_signature_is_checked() {
    let founded = found(2, 1);
    let (intake, watching) = watched(&founded);
    let valid_until = Time(founded.genesis.time.0 + 30_000);
    let next = || founded.denial(0, 1, valid_until);
    for _ in 0..crate::limits::MEMPOOL_PER_DEPARTMENT_MAX {
        assert!(matches!(intake.submit(next()), Entered::Waits(..)));
    }
    let before = watching.checks.load(Ordering::Relaxed);
    assert!(matches!(intake.submit(next()), Entered::Ended(Err(SubmitError::Full))));
    assert_eq!(intake.gossiped(Encoded::from(next()).bytes().to_vec()), Gossiped::Dropped);
    assert_eq!(watching.checks.load(Ordering::Relaxed), before);
    assert!(matches!(intake.submit(founded.denial(1, 0, valid_until)), Entered::Waits(..)));
    intake.close();
    let stopped = intake.submit(next());
    assert!(matches!(stopped, Entered::Ended(Err(SubmitError::Fault(NodeFault::Stopped)))));
}

/// A chain of one, its intake, and the number of the next height.
struct Alone {
    chamber: Chamber,
    intake: Intake,
    height: u64,
}

impl Alone {
    fn new() -> Self {
        let chamber = Chamber::new(1);
        let intake = chamber.intake(0);
        Self { chamber, intake, height: 0 }
    }

    fn submit(&self, number: u64) -> oneshot::Receiver<Outcome> {
        let valid_until = Time(self.chamber.now().0 + 30_000);
        match self.intake.submit(self.chamber.founded.publication_until(0, number, valid_until)) {
            Entered::Waits(end, _) => end,
            Entered::Ended(outcome) => panic!("{outcome:?}"),
        }
    }

    /// The next block of what waits, without those after the first so many.
    fn commit(&mut self, transactions: usize) -> (Block, Tip) {
        self.height += 1;
        self.chamber.clock.pass(std::time::Duration::from_millis(1));
        let (now, candidates) = (self.chamber.now(), self.intake.candidates(transactions));
        let (height, round) = (ledger::ids::Height(self.height), malachitebft_core_types::Round::new(0));
        let made = self.chamber.replicas[0].propose(height, round, candidates, now).unwrap();
        let certificate = self.chamber.certificate(&made.announced.announcement);
        self.chamber.replicas[0].commit(&certificate).unwrap()
    }
}

#[test]
fn what_excludes_another_is_refused_at_the_next_head_and_what_does_not_is_a_reason_for_a_block() {
    let mut alone = Alone::new();
    let mut ends = [7, 7, 8].map(|number| alone.submit(number));
    assert!(alone.intake.is_ready());
    let (block, tip) = alone.commit(1);
    alone.intake.settle(&block, &tip);
    assert!(matches!(ends[0].try_recv(), Ok(Ok(Applied { index: 0, .. }))));
    assert!(!alone.intake.is_ready(), "nobody was judged at this head yet");
    assert!(ends[1].try_recv().is_err());
    alone.intake.judge_again();
    assert!(matches!(ends[1].try_recv(), Ok(Err(SubmitError::Refused(_)))));
    assert!(alone.intake.is_ready());
    let (block, tip) = alone.commit(9);
    alone.intake.settle(&block, &tip);
    alone.intake.judge_again();
    assert!(matches!(ends[2].try_recv(), Ok(Ok(_))));
    assert!(!alone.intake.is_ready());
}

/// The block is on disk and the pool does not know yet: judged there, the transaction would be a replay.
#[test]
fn what_a_block_holds_is_not_refused_before_the_block_is_settled() {
    let mut alone = Alone::new();
    let mut end = alone.submit(1);
    let (block, tip) = alone.commit(9);
    alone.intake.pool().forget_judgements();
    alone.intake.judge_again();
    assert!(end.try_recv().is_err(), "it was told before its block was settled");
    alone.intake.settle(&block, &tip);
    assert!(matches!(end.try_recv(), Ok(Ok(_))));
}

#[test]
fn one_whose_time_is_over_lapses() {
    let mut alone = Alone::new();
    let short = Time(alone.chamber.now().0 + 5);
    let signed = alone.chamber.founded.publication_until(0, 1, short);
    let Entered::Waits(mut lapses, _) = alone.intake.submit(signed) else { panic!("it ended") };
    alone.chamber.clock.pass(std::time::Duration::from_millis(10));
    let (block, tip) = alone.commit(0);
    alone.intake.settle(&block, &tip);
    assert!(matches!(lapses.try_recv(), Ok(Err(SubmitError::Lapsed))));
}
