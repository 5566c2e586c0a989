//! How a grant stands: in force, ending, and whether the officer may ask under it.

use access::Action;
use ledger::catalogue::{Mode, PublishedEntry};
use ledger::grant::{Grant, GrantStatus};
use ledger::ids::Time;

use crate::door::{About, Door};
use crate::error::ServiceError;
use crate::names::ms;
use crate::office::Office;
use crate::verdict::Verdict;
use crate::{deadline, door, limits};

pub(super) fn status(office: &Office, grant: &Grant) -> GrantStatus {
    grant.status(Time(office.now_ms().unsigned_abs()))
}

pub(super) fn is_ending(office: &Office, grant: &Grant) -> bool {
    let left = ms(grant.until) - office.now_ms();
    status(office, grant) == GrantStatus::Live && left <= limits::GRANT_ENDING_DAYS * 24 * 60 * 60 * 1000
}

/// Whether the officer may ask under a grant: the party, its state and quota, then policy.
pub(crate) fn may_ask(
    office: &Office,
    door: &Door<'_>,
    grant: &Grant,
    published: &PublishedEntry,
    provider: &ledger::department::Department,
) -> Result<Verdict, ServiceError> {
    if grant.requester != *office.department() {
        return Ok(Verdict::no("grant.not-ours"));
    }
    let now = Time(office.now_ms().unsigned_abs());
    if let Err(refusal) = grant.check_use(now, 1) {
        return Ok(Verdict::no(refusal.code()));
    }
    if grant.mode != Mode::Query {
        return Ok(Verdict::no("entry.mode"));
    }
    let about = About {
        items: grant.items.iter().map(|item| item.code.clone()).collect(),
        purpose: Some(grant.purpose.clone()),
        grant_live: Some(true),
    };
    Ok(door::verdict(&door.decide(Action::Ask, published, provider, about)?))
}

/// The days of a grant's end, for lists sorted by time left.
pub(crate) fn days_left(now: i64, until: i64) -> i64 {
    match (deadline::day(now), deadline::day(until)) {
        (Some(today), Some(last)) => {
            today.until((jiff::Unit::Day, last)).map_or(0, |span| i64::from(span.get_days()))
        }
        _ => 0,
    }
}
