//! The signatures this node has found good, and how long it takes to find out. Each is checked once,
//! whoever asks again: at the door, in a block, as a vote and in the certificate made of it.
//!
//! Found under the digest of key, digest and signature, all bytes of them: two nodes of which one
//! remembers and one does not give the same answer.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gm::sm2::{PublicKey, Signature, Signatures};
use gm::sm3::{Digest, sm3};

use crate::clock::Clock;
use crate::limits::{CHECK_AT_FIRST, CHECKED_MAX};

/// Answers from memory what was found good before. No lock is held while a signature is checked.
pub(crate) struct Checked {
    under: Box<dyn Signatures>,
    clock: Clock,
    memory: Mutex<Memory>,
}

struct Memory {
    good: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
    pace: Duration,
}

impl Checked {
    /// Remembers the answers of another.
    pub(crate) fn new(under: impl Signatures + 'static, clock: Clock) -> Self {
        let memory = Memory { good: HashSet::new(), order: VecDeque::new(), pace: CHECK_AT_FIRST };
        Self { under: Box::new(under), clock, memory: Mutex::new(memory) }
    }

    /// How long one check takes here, lately.
    pub(crate) fn pace(&self) -> Duration {
        self.memory().pace
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Signatures for Checked {
    fn holds(&self, key: &PublicKey, digest: &Digest, signature: &Signature) -> bool {
        let name = sm3(&[key.as_bytes(), &digest.0, signature.as_bytes()]).0;
        if self.memory().good.contains(&name) {
            return true;
        }
        let since = self.clock.now().instant;
        let holds = self.under.holds(key, digest, signature);
        let took = self.clock.now().instant.saturating_duration_since(since);
        let mut memory = self.memory();
        memory.measure(took);
        if holds {
            memory.keep(name);
        }
        holds
    }
}

impl Memory {
    /// Follows the median: half of the checks take longer. One that was interrupted says no more than
    /// any other that took longer.
    fn measure(&mut self, took: Duration) {
        let step = self.pace / 16;
        self.pace = if took > self.pace {
            took.min(self.pace.saturating_add(step))
        } else {
            took.max(self.pace.saturating_sub(step))
        };
        self.pace = self.pace.max(Duration::from_micros(1));
    }

    fn keep(&mut self, name: [u8; 32]) {
        if !self.good.insert(name) {
            return;
        }
        self.order.push_back(name);
        if self.order.len() > CHECKED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.good.remove(&oldest);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use gm::sm2::{Direct, SecretKey};
    use ledger::ids::Time;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Checks for real, counts, and takes as long as it is told on a clock that is set.
    #[derive(Clone)]
    pub(crate) struct Counting {
        pub(crate) checks: Arc<AtomicUsize>,
        pub(crate) clock: Clock,
        pub(crate) each: Duration,
    }

    impl Counting {
        pub(crate) fn new(clock: &Clock, each: Duration) -> Self {
            Self { checks: Arc::default(), clock: clock.clone(), each }
        }

        pub(crate) fn count(&self) -> usize {
            self.checks.load(Ordering::Relaxed)
        }
    }

    impl Signatures for Counting {
        fn holds(&self, key: &PublicKey, digest: &Digest, signature: &Signature) -> bool {
            self.checks.fetch_add(1, Ordering::Relaxed);
            self.clock.pass(self.each);
            Direct.holds(key, digest, signature)
        }
    }

    #[test]
    fn what_was_good_is_not_checked_again_and_what_was_not_is() {
        let clock = Clock::set(Time(0));
        let counting = Counting::new(&clock, Duration::from_millis(1));
        let checked = Checked::new(counting.clone(), clock);
        let (key, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
        let (digest, another) = (sm3(&[b"one"]), sm3(&[b"another"]));
        let signature = key.sign_digest(&digest).unwrap();
        for _ in 0..3 {
            assert!(checked.holds(&key.public(), &digest, &signature));
        }
        assert_eq!(counting.count(), 1);
        // Another key, another digest, another signature: asked anew each time.
        for _ in 0..2 {
            assert!(!checked.holds(&other.public(), &digest, &signature));
            assert!(!checked.holds(&key.public(), &another, &signature));
        }
        let of_another = key.sign_digest(&another).unwrap();
        assert!(!checked.holds(&key.public(), &digest, &of_another));
        assert!(checked.holds(&key.public(), &another, &of_another));
        assert_eq!(counting.count(), 7);
    }

    #[test]
    fn the_oldest_is_forgotten_and_checked_again() {
        let mut memory = Memory { good: HashSet::new(), order: VecDeque::new(), pace: CHECK_AT_FIRST };
        let name = |number: usize| sm3(&[&number.to_be_bytes()]).0;
        for number in 0..=CHECKED_MAX {
            memory.keep(name(number));
            memory.keep(name(number));
        }
        assert_eq!((memory.good.len(), memory.order.len()), (CHECKED_MAX, CHECKED_MAX));
        assert!(!memory.good.contains(&name(0)) && memory.good.contains(&name(1)));
    }

    #[test]
    fn the_pace_follows_what_most_checks_take_and_not_what_interrupts_some() {
        let clock = Clock::set(Time(0));
        let memory = |pace| Memory { good: HashSet::new(), order: VecDeque::new(), pace };
        let mut slow = memory(CHECK_AT_FIRST);
        for _ in 0..100 {
            slow.measure(Duration::from_millis(20));
        }
        assert!(slow.pace > Duration::from_millis(19), "{:?}", slow.pace);
        let mut steady = memory(Duration::from_millis(1));
        for number in 0..200 {
            let interrupted = number % 3 == 0;
            steady.measure(if interrupted { Duration::from_secs(1) } else { Duration::from_millis(1) });
        }
        assert!(steady.pace < Duration::from_millis(2), "{:?}", steady.pace);
        let checked = Checked::new(Counting::new(&clock, Duration::from_millis(3)), clock);
        let key = SecretKey::generate().unwrap();
        for number in 0..50u8 {
            let digest = sm3(&[&[number]]);
            assert!(checked.holds(&key.public(), &digest, &key.sign_digest(&digest).unwrap()));
        }
        assert!(checked.pace() > Duration::from_micros(2_900), "{:?}", checked.pace());
    }
}
