//! How a grant stands: in force, ending, and whether the officer may ask under it.

use access::Action;
use ledger::catalogue::{Mode, PublishedEntry};
use ledger::department::Department;
use ledger::grant::{Grant, GrantStatus};
use ledger::ids::Time;

use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::names::ms;
use crate::scene::{About, Scene};
use crate::verdict::Verdict;
use crate::{deadline, limits};

/// Whether a grant in force ends within some days.
pub(super) fn is_ending(grant: &Grant, now: Time) -> bool {
    let left = ms(grant.until) - ms(now);
    grant.status(now) == GrantStatus::Live && left <= limits::GRANT_ENDING_DAYS * limits::DAY_MS
}

/// Whether the officer may end a grant: the party, its state, then policy.
pub(super) fn may_revoke(scene: &Scene<'_>, grant: &Grant) -> Result<Verdict, ServiceError> {
    if grant.provider != *scene.own() {
        return Ok(Verdict::no(OfficeRefusal::GrantNotOurs));
    }
    if !matches!(grant.status(scene.now), GrantStatus::Live | GrantStatus::Upcoming) {
        return Ok(Verdict::no(OfficeRefusal::GrantNotLive));
    }
    let published = scene.entry(&grant.entry)?;
    let requester = scene.department(&grant.requester)?;
    let about = About::purpose(&grant.purpose);
    Ok(Verdict::of(&scene.decide(Action::Approve, &published, &requester, about)?))
}

/// Whether the officer may ask under a grant: the party, its state and quota, then policy.
pub(crate) fn may_ask(
    scene: &Scene<'_>,
    grant: &Grant,
    published: &PublishedEntry,
    provider: &Department,
) -> Result<Verdict, ServiceError> {
    if grant.requester != *scene.own() {
        return Ok(Verdict::no(OfficeRefusal::GrantNotOurs));
    }
    if let Err(refusal) = grant.check_use(scene.now, 1) {
        return Ok(Verdict::no(refusal));
    }
    if grant.mode != Mode::Query {
        return Ok(Verdict::no(OfficeRefusal::EntryMode));
    }
    let about = About {
        items: grant.items.iter().map(|item| item.code.clone()).collect(),
        purpose: Some(grant.purpose.clone()),
        grant_live: Some(true),
    };
    Ok(Verdict::of(&scene.decide(Action::Ask, published, provider, about)?))
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
