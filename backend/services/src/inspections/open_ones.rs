//! Which inspections are open, and between whom that is which is looked at: read from the chain alone, below the
//! scene that asks it.

use ledger::history::LedgerRead;
use ledger::ids::{DepartmentId, Time};
use ledger::inspection::{Inspection, InspectionStatus, Sight, Span};
use ledger::state::{ReadFault, StateRead};
use ledger::views;

/// Between whom that is which was looked at, and when.
pub(crate) struct Seen {
    pub(crate) requester: DepartmentId,
    pub(crate) provider: DepartmentId,
    pub(crate) span: Span,
}

/// What a look is at; none when the chain does not know it.
pub(crate) fn seen(reads: &dyn LedgerRead, sight: &Sight) -> Result<Option<Seen>, ReadFault> {
    Ok(match sight {
        Sight::Record(id) => views::record(reads, id)?.map(|record| Seen {
            span: record.span(),
            requester: record.ticket.requester,
            provider: record.ticket.provider,
        }),
        Sight::Request(id) => views::request(reads, id)?.map(|request| Seen {
            span: request.span(),
            requester: request.requester,
            provider: request.asked.provider,
        }),
        Sight::Grant(id) => views::grant(reads, id)?.map(|grant| Seen {
            span: grant.span(),
            requester: grant.requester,
            provider: grant.provider,
        }),
    })
}

/// The inspections of a department in which something may be looked at now, oldest first.
pub(crate) fn open_ones(
    reads: &dyn StateRead,
    department: &DepartmentId,
    now: Time,
) -> Result<Vec<Inspection>, ReadFault> {
    let mut open = Vec::new();
    for id in views::inspections_running(reads, department)? {
        let found = views::inspection(reads, &id)?;
        open.extend(found.filter(|inspection| inspection.status(now) == InspectionStatus::Open));
    }
    Ok(open)
}
