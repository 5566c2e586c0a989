//! How a grant stands: in force, ending, and whether the officer may ask under it.

use std::collections::BTreeSet;

use access::Offer;
use ledger::catalogue::Mode;
use ledger::department::Department;
use ledger::grant::{Grant, GrantStatus};
use ledger::ids::{ItemCode, Time};
use ledger::request::ApproveRequest;
use ledger::role::Assurance;

use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::names::ms;
use crate::scene::Scene;
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
    let (offer, requester) = (scene.offer(&grant.entry)?, scene.department(&grant.requester)?);
    let judged = scene.approve(&offer.as_asked(), &requester, &items(grant), &grant.purpose)?;
    Ok(scene.drafts(Verdict::of(&judged), ApproveRequest::DRAFTED_IN))
}

/// The items of a grant.
fn items(grant: &Grant) -> BTreeSet<ItemCode> {
    grant.items.iter().map(|item| item.code.clone()).collect()
}

/// Whether the officer may ask under a grant: the party, its state and quota, then policy. Rows may be
/// about items and grades, and none is chosen yet: one item that is open is enough.
pub(crate) fn may_ask(
    scene: &Scene<'_>,
    grant: &Grant,
    offer: &Offer,
    provider: &Department,
) -> Result<Verdict, ServiceError> {
    may_ask_as(scene, scene.officer.assurance(), grant, offer, provider)
}

/// The same for who is recognised in this way: other departments are told less than was shown, unless the officer
/// signs the query.
pub(crate) fn may_ask_as(
    scene: &Scene<'_>,
    assurance: Assurance,
    grant: &Grant,
    offer: &Offer,
    provider: &Department,
) -> Result<Verdict, ServiceError> {
    let all = may_ask_for(scene, assurance, grant, offer, provider, &items(grant))?;
    if !matches!(all, Verdict::Denied(_)) {
        return Ok(all);
    }
    for item in &grant.items {
        let one = BTreeSet::from([item.code.clone()]);
        if may_ask_for(scene, assurance, grant, offer, provider, &one)?.is_open() {
            return Ok(Verdict::Open);
        }
    }
    Ok(all)
}

/// Whether the officer may ask for these items under a grant.
pub(crate) fn may_ask_for(
    scene: &Scene<'_>,
    assurance: Assurance,
    grant: &Grant,
    offer: &Offer,
    provider: &Department,
    items: &BTreeSet<ItemCode>,
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
    Ok(Verdict::of(&scene.query_as(assurance, offer, provider, items, grant)?))
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
