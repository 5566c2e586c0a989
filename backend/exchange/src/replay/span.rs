//! The blocks of a period, gone through in order, and the records of one department in them.

use ledger::ids::{DepartmentId, Height, Time};
use ledger::receipt::{Record, Ticket};
use ledger::transaction::Payload;
use ledger::views;
use node::Snapshot;

use super::period::{Period, Progress, block};
use crate::fault::ExchangeFault;
use crate::protocol::Side;

/// Blocks from one to another, and the next to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    first: u64,
    /// The one after the last.
    end: u64,
    next: u64,
}

impl Span {
    /// The blocks whose time lies in the period.
    pub(super) fn of(snapshot: &Snapshot<'_>, period: Period) -> Result<Self, ExchangeFault> {
        let first = first_at(snapshot, period.from)?;
        let end = first_at(snapshot, period.until)?.max(first);
        Ok(Self { first, end, next: first })
    }

    /// Reads on: the records in so many blocks in which the department is a party.
    pub(super) fn advance(
        &mut self,
        snapshot: &Snapshot<'_>,
        of: &DepartmentId,
        blocks: u64,
    ) -> Result<Vec<(Record, Side)>, ExchangeFault> {
        let until = self.next.saturating_add(blocks).min(self.end);
        let mut found = Vec::new();
        for height in self.next..until {
            for signed in &block(snapshot, Height(height))?.transactions {
                let ticket: &Ticket = match &signed.body.payload {
                    Payload::RecordAnswer(receipt) => &receipt.ticket,
                    Payload::RecordDenial(denial) => &denial.ticket,
                    _ => continue,
                };
                let sides = [(Side::Provider, &ticket.provider), (Side::Requester, &ticket.requester)];
                for (side, _) in sides.into_iter().filter(|(_, department)| *department == of) {
                    // What stands in a block took effect: it has its record.
                    let record = views::record(snapshot, &ticket.query_id())?;
                    found.extend(record.map(|record| (record, side)));
                }
            }
        }
        self.next = until;
        Ok(found)
    }

    /// How far it is.
    pub(super) const fn progress(&self) -> Progress {
        Progress { done: self.next.saturating_sub(self.first), of: self.end.saturating_sub(self.first) }
    }
}

/// The first block at or after a time; the one after the head where there is none.
fn first_at(snapshot: &Snapshot<'_>, time: Time) -> Result<u64, ExchangeFault> {
    let (mut low, mut high) = (1, snapshot.tip().height.0.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        if block(snapshot, Height(middle))?.header.time < time {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
