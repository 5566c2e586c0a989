//! How this node stands among the validators, for who looks at it; and how long one that abstains follows first.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use ledger::ids::{Address, Height, Time};
use ledger::tip::Tip;

use crate::engine::sign_guard::{SignGuard, Voting};
use crate::fault::NodeFault;
use crate::limits::ABSTAIN_MS;
use crate::store::Store;

/// Nothing was heard of others' clocks yet.
const UNHEARD: i64 = i64::MIN;

/// What follower and app tell of themselves, for the handle.
pub(crate) struct Standing {
    votes: AtomicBool,
    clock_ahead_ms: AtomicI64,
}

impl Default for Standing {
    fn default() -> Self {
        Self { votes: AtomicBool::new(false), clock_ahead_ms: AtomicI64::new(UNHEARD) }
    }
}

impl Standing {
    /// Whether this node votes at the next height.
    pub(crate) fn votes(&self) -> bool {
        self.votes.load(Ordering::Relaxed)
    }

    pub(crate) fn set_votes(&self, votes: bool) {
        self.votes.store(votes, Ordering::Relaxed);
    }

    /// How far our clock is ahead of the other validators', if enough of them were heard.
    pub(crate) fn clock_ahead_ms(&self) -> Option<i64> {
        Some(self.clock_ahead_ms.load(Ordering::Relaxed)).filter(|ahead| *ahead != UNHEARD)
    }

    pub(crate) fn set_clock_ahead_ms(&self, ahead: Option<i64>) {
        self.clock_ahead_ms.store(ahead.unwrap_or(UNHEARD), Ordering::Relaxed);
    }
}

/// A validator does not vote: it may have signed what its folder does not know of.
pub(crate) struct Abstention {
    guard: Arc<SignGuard>,
    until: Voting,
}

impl Abstention {
    /// The guard of a key, and whether its validator abstains at first: on a folder that was put back from a
    /// backup or begun anew, or without the engine's log of the height that the guard stands at.
    ///
    /// # Errors
    /// As [`SignGuard::open`].
    pub(crate) fn look(
        folder: &Path,
        key: Address,
        store: &Store,
        log: &Path,
        is_alone: bool,
        now: Time,
    ) -> Result<(Arc<SignGuard>, Option<Self>), NodeFault> {
        let (guard, was_there) = SignGuard::open(folder, store.chain(), key)?;
        let guard = Arc::new(guard);
        let tip = store.last_tip().height;
        let has_log = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
        let until = match guard.voting(tip, has_log, was_there, now) {
            Voting::AtOnce => return Ok((guard, None)),
            // Nobody else decides anything, so there is nothing to follow.
            Voting::AboveOneMadeAfter(_) if is_alone => return Ok((guard, None)),
            until @ (Voting::Above(_) | Voting::AboveOneMadeAfter(_)) => until,
        };
        tracing::warn!(
            block.height = tip.0,
            ?until,
            "this validator may have signed what its data folder does not know: it follows first, and votes afterwards"
        );
        Ok((Arc::clone(&guard), Some(Self { guard, until })))
    }

    /// One of this kind, for tests.
    #[cfg(test)]
    pub(crate) fn of(guard: Arc<SignGuard>, until: Voting) -> Self {
        Self { guard, until }
    }

    /// Whether the validator may vote again after this block. Before it is said, nothing is signed any more up to here.
    pub(crate) fn is_over(&self, tip: &Tip) -> Result<bool, NodeFault> {
        let is_over = match self.until {
            Voting::AtOnce => true,
            Voting::Above(height) => tip.height >= height,
            // The height that was under way when we started is decided too: a block is made in its height.
            Voting::AboveOneMadeAfter(start) => {
                tip.height > Height(0) && tip.time > start.plus_ms(ABSTAIN_MS)
            }
        };
        if is_over {
            self.guard.close(tip.height)?;
        }
        Ok(is_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::chamber::Chamber;

    #[test]
    fn who_does_not_know_what_it_signed_follows_until_a_block_made_well_after_its_start() {
        let (chamber, start) = (Chamber::new(4), Time(1_000_000));
        let tip = chamber.replicas[0].store().last_tip();
        let abstains = |until| Abstention::of(Arc::new(SignGuard::in_memory()), until);
        for (height, after_ms, is_over) in [
            (7, 0, false),
            (7, 1, false),
            (7, ABSTAIN_MS, false),
            (7, ABSTAIN_MS + 1, true),
            (0, ABSTAIN_MS + 1, false),
        ] {
            let tip = Tip { height: Height(height), time: start.plus_ms(after_ms), ..tip };
            let over = abstains(Voting::AboveOneMadeAfter(start)).is_over(&tip).unwrap();
            assert_eq!(over, is_over, "{height} {after_ms}");
        }
    }

    /// A folder with blocks, and no word of what was signed.
    #[test]
    fn only_a_validator_alone_votes_at_once_without_its_guard() {
        let mut chamber = Chamber::new(4);
        chamber.decide(1, &[]);
        let store = chamber.replicas[0].store();
        let key = chamber.replicas[0].address().into();
        for is_alone in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let log = folder.path().join("log");
            let (_, abstains) =
                Abstention::look(folder.path(), key, &store, &log, is_alone, Time(9)).unwrap();
            assert_eq!(abstains.is_some(), !is_alone);
        }
    }
}
