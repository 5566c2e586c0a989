//! A department's decisions of a period, judged again under the versions then in force.
//!
//! ```text
//!  blocks of the period ─► records of the department ─► its openings (own store, or its exchange)
//!                                                          │ opens the commitment on the chain?
//!                                                          │ versions in force at that height?
//!                                                          │ attributes as chain and details say?
//!                                                          ▼ judged again: the same?
//!                                                        finding, or one more that is the same
//! ```
//!
//! The chain leads: whatever stands there and is not opened is a finding. Called by `services` (a page of
//! the portal) and `department` (`zhenglian replay`), page by page, so that whoever calls can show how far it
//! is and end it between two pages. By the doors' own code: the question is put together by `access::Sides`
//! from the ledger as it stood, and judged by `access::Judge`. Never here: writes, calls, values, persons.

mod check;
mod finding;
mod opening;
mod period;
mod span;
mod then;
mod versions;

use std::sync::Arc;

use access::Judge;
use ledger::ids::{DepartmentId, QueryId, Time};
use ledger::receipt::Record;
use ledger::state::ReadFault;
use ledger::views;
use node::{NodeHandle, Snapshot};

use crate::fault::ExchangeFault;
use crate::limits::{FINDINGS_KEPT_MAX, KEPT_MS, OPENINGS_PER_CALL_MAX, REPLAY_BLOCKS_PER_PAGE};
use crate::outcome::Outcome;

pub use crate::protocol::{Opening, Side, Wanted};
pub use finding::{Finding, What};
pub use period::{Period, Progress};

use check::{Checked, Checker};
use span::Span;

/// The ledger as one node holds it: in this process, or beside it.
pub trait Ledger {
    /// Looks at it.
    fn read<T>(&self, look: impl FnOnce(&Snapshot<'_>) -> T) -> T;
}

impl Ledger for NodeHandle {
    fn read<T>(&self, look: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        Self::read(self, look)
    }
}

impl Ledger for node::Archive {
    fn read<T>(&self, look: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        Self::read(self, look)
    }
}

/// Where openings come from; it says what it means when one is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The department's own store.
    Own,
    /// The department, asked by an inspectorate.
    Asked,
}

/// Why a replay ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Whoever was asked for openings gives none.
    #[error("the department looked at gives no openings: {0}")]
    Refused(Outcome),
    /// Something broke.
    #[error(transparent)]
    Fault(#[from] ExchangeFault),
}

impl From<ReadFault> for ReplayError {
    fn from(fault: ReadFault) -> Self {
        Self::Fault(fault.into())
    }
}

/// What was found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records of the department in the period; one between two offices of it counts at both ends.
    pub records: u64,
    /// Decisions judged again.
    pub judged: u64,
    /// Those among them of which everything is the same.
    pub same: u64,
    /// Denials that no policy decided: checked for their form.
    pub facts: u64,
    /// Records whose papers may be destroyed by now.
    pub aged: u64,
    /// Records with a finding.
    pub found: u64,
    /// The findings in the order of the chain; of very many the first.
    pub findings: Vec<Finding>,
}

/// A replay under way.
pub struct Replay {
    of: DepartmentId,
    period: Period,
    source: Source,
    checker: Checker,
    span: Option<Span>,
    tally: Tally,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay").field("of", &self.of).field("period", &self.period).finish_non_exhaustive()
    }
}

impl Replay {
    /// Of a department's decisions. It has a judge of its own: what others send must close no door here.
    ///
    /// # Errors
    /// [`ExchangeFault::Access`] when the model cannot be read.
    pub fn new(of: DepartmentId, period: Period, source: Source) -> Result<Self, ExchangeFault> {
        let checker = Checker::new(Arc::new(Judge::new()?));
        Ok(Self { of, period, source, checker, span: None, tally: Tally::default() })
    }

    /// What was found so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Goes through the next blocks. `openings` gives, for each wanted, what was kept of it: as many, in
    /// that order.
    ///
    /// # Errors
    /// [`ReplayError`]; the page may be tried again.
    pub async fn page<L: Ledger>(
        &mut self,
        ledger: &L,
        openings: impl AsyncFn(&[Wanted]) -> Result<Vec<Option<Opening>>, ReplayError>,
    ) -> Result<Progress, ReplayError> {
        let mut span = match self.span {
            Some(span) => span,
            None => ledger.read(|snapshot| Span::of(snapshot, self.period))?,
        };
        let (records, head) = ledger.read(|snapshot| {
            let records = span.advance(snapshot, &self.of, REPLAY_BLOCKS_PER_PAGE)?;
            Ok::<_, ExchangeFault>((records, snapshot.tip().time))
        })?;
        let mut page = Tally::default();
        for some in records.chunks(OPENINGS_PER_CALL_MAX) {
            let wanted: Vec<Wanted> =
                some.iter().map(|(record, side)| Wanted { query: record.query, side: *side }).collect();
            let mut opened = openings(&wanted).await?.into_iter();
            for (record, side) in some {
                let opening = opened.next().flatten();
                self.one(ledger, head, (record, *side), opening.as_ref(), &mut page)?;
            }
        }
        self.span = Some(span);
        self.tally.add(page);
        Ok(span.progress())
    }

    fn one<L: Ledger>(
        &mut self,
        ledger: &L,
        head: Time,
        (record, side): (&Record, Side),
        opening: Option<&Opening>,
        page: &mut Tally,
    ) -> Result<(), ExchangeFault> {
        page.records += 1;
        let Some(opening) = opening else {
            if is_aged(record, head) {
                page.aged += 1;
            } else {
                let what = match self.source {
                    Source::Own => What::Missing,
                    Source::Asked => What::Withheld,
                };
                page.find(record, side, vec![what]);
            }
            return Ok(());
        };
        let checker = &mut self.checker;
        let checked = ledger.read(|snapshot| checker.check(snapshot, record, side, opening))?;
        match checked {
            Checked::Facts(what) => {
                page.facts += 1;
                page.find(record, side, what);
            }
            Checked::Decision(what) => {
                page.judged += 1;
                page.same += u64::from(what.is_empty());
                page.find(record, side, what);
            }
        }
        Ok(())
    }
}

impl Tally {
    fn find(&mut self, record: &Record, side: Side, what: Vec<What>) {
        if what.is_empty() {
            return;
        }
        self.found += 1;
        self.findings.push(Finding {
            query: record.query,
            height: record.recorded.height,
            at: record.recorded.at,
            side,
            what,
        });
    }

    /// Adds a page's.
    fn add(&mut self, page: Self) {
        let Self { records, judged, same, facts, aged, found, findings } = page;
        self.records += records;
        self.judged += judged;
        self.same += same;
        self.facts += facts;
        self.aged += aged;
        self.found += found;
        let room = FINDINGS_KEPT_MAX.saturating_sub(self.findings.len());
        self.findings.extend(findings.into_iter().take(room));
    }
}

/// Whether nobody needs to have kept its papers any more; a day earlier, as they were written down before
/// their record, by another clock.
fn is_aged(record: &Record, head: Time) -> bool {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    record.recorded.at.plus_ms(KEPT_MS - DAY_MS) < head
}

/// How many of these queries have a record.
pub(crate) fn with_record(ledger: &impl Ledger, queries: &[QueryId]) -> Result<usize, ExchangeFault> {
    ledger.read(|snapshot| {
        let mut found = 0;
        for query in queries {
            found += usize::from(views::record(snapshot, query)?.is_some());
        }
        Ok(found)
    })
}
