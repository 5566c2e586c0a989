//! Runs under way and lately ended, in memory: a few at a time, each its officer's only.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use exchange::replay::{Period, Progress, Tally};
use ledger::ids::DepartmentId;
use tokio::sync::watch;

use super::view::ReplayState;
use crate::codes::Code;
use crate::limits;

/// All runs of an office.
#[derive(Default)]
pub(crate) struct Runs(Mutex<BTreeMap<String, Arc<Run>>>);

/// One run.
pub(super) struct Run {
    /// Whose it is: nobody else sees it.
    pub(super) staff: i64,
    pub(super) department: DepartmentId,
    pub(super) period: Period,
    pub(super) begun: i64,
    is_stopped: AtomicBool,
    at: watch::Sender<At>,
}

/// Where a run is.
#[derive(Clone)]
pub(super) struct At {
    pub(super) stamp: u64,
    pub(super) progress: Progress,
    pub(super) tally: Arc<Tally>,
    pub(super) unrecorded: Option<u64>,
    pub(super) end: Option<End>,
}

/// How it ended.
#[derive(Clone)]
pub(super) enum End {
    Done,
    Stopped,
    Refused(Code),
    /// Under this number in the log.
    Failed(String),
}

/// No further run may begin now.
pub(super) struct Full;

impl Run {
    pub(super) fn new(staff: i64, department: DepartmentId, period: Period, begun: i64) -> Self {
        let at = At {
            stamp: 0,
            progress: Progress { done: 0, of: 0 },
            tally: Arc::default(),
            unrecorded: None,
            end: None,
        };
        let (is_stopped, at) = (AtomicBool::new(false), watch::Sender::new(at));
        Self { staff, department, period, begun, is_stopped, at }
    }

    pub(super) fn at(&self) -> At {
        self.at.borrow().clone()
    }

    pub(super) fn follow(&self) -> watch::Receiver<At> {
        self.at.subscribe()
    }

    /// Writes down how far it is.
    pub(super) fn is_at(&self, change: impl FnOnce(&mut At)) {
        self.at.send_modify(|at| {
            change(at);
            at.stamp += 1;
        });
    }

    /// It ends after the page it is at.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    fn is_over(&self) -> bool {
        self.at.borrow().end.is_some()
    }
}

impl At {
    pub(super) const fn state(&self) -> ReplayState {
        match &self.end {
            None => ReplayState::Running,
            Some(End::Done) => ReplayState::Done,
            Some(End::Stopped) => ReplayState::Stopped,
            Some(End::Refused(_)) => ReplayState::Refused,
            Some(End::Failed(_)) => ReplayState::Failed,
        }
    }
}

impl Runs {
    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Run>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a run up: one at a time of each officer, a few of the office. The oldest that ended makes room.
    pub(super) fn begin(&self, id: String, run: Arc<Run>) -> Result<(), Full> {
        let mut all = self.all();
        let under_way = all.values().filter(|run| !run.is_over());
        if under_way.clone().any(|other| other.staff == run.staff)
            || under_way.count() >= limits::REPLAYS_AT_ONCE
        {
            return Err(Full);
        }
        while all.len() >= limits::REPLAYS_KEPT {
            let over = all.iter().filter(|(_, run)| run.is_over()).min_by_key(|(_, run)| run.begun);
            let Some(oldest) = over.map(|(id, _)| id.clone()) else { return Err(Full) };
            all.remove(&oldest);
        }
        all.insert(id, run);
        Ok(())
    }

    /// A run of this officer.
    pub(super) fn find(&self, staff: i64, id: &str) -> Option<Arc<Run>> {
        self.all().get(id).filter(|run| run.staff == staff).map(Arc::clone)
    }

    /// The runs of an officer, newest first.
    pub(super) fn of(&self, staff: i64) -> Vec<(String, Arc<Run>)> {
        let all = self.all();
        let own = all.iter().filter(|(_, run)| run.staff == staff);
        let mut own: Vec<_> = own.map(|(id, run)| (id.clone(), Arc::clone(run))).collect();
        own.sort_by_key(|(_, run)| std::cmp::Reverse(run.begun));
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::ids::Time;

    fn run(staff: i64, begun: i64) -> Arc<Run> {
        let period = Period { from: Time(0), until: Time(1) };
        Arc::new(Run::new(staff, "12510100X00000318P".parse().unwrap(), period, begun))
    }

    fn end(run: &Run) {
        run.is_at(|at| at.end = Some(End::Done));
    }

    #[test]
    fn an_officer_has_one_run_at_a_time_and_an_office_a_few() {
        let runs = Runs::default();
        let first = run(1, 1);
        assert!(runs.begin("a".into(), Arc::clone(&first)).is_ok());
        assert!(runs.begin("b".into(), run(1, 2)).is_err());
        for staff in 2..=i64::try_from(limits::REPLAYS_AT_ONCE).unwrap() {
            assert!(runs.begin(staff.to_string(), run(staff, 3)).is_ok());
        }
        assert!(runs.begin("c".into(), run(99, 4)).is_err());
        end(&first);
        assert!(runs.begin("d".into(), run(99, 5)).is_ok());
        assert!(runs.find(99, "a").is_none(), "another officer's");
        assert!(runs.find(1, "a").is_some());
    }

    #[test]
    fn of_ended_runs_the_oldest_makes_room() {
        let runs = Runs::default();
        for begun in 0..=i64::try_from(limits::REPLAYS_KEPT).unwrap() {
            let run = run(1, begun);
            assert!(runs.begin(begun.to_string(), Arc::clone(&run)).is_ok());
            end(&run);
        }
        assert!(runs.find(1, "0").is_none() && runs.find(1, "1").is_some());
        assert_eq!(runs.of(1).len(), limits::REPLAYS_KEPT);
    }
}
