//! The ledger as it stood at a past height, as far as a door looks at it: a grant with its end, the entry's
//! versions by then, both departments, the time.
//!
//! The state holds what is now. A grant's end, an entry's versions carry their heights; member cards and whether
//! a department is active change by no transaction of this version, and are taken as they are.

use std::collections::BTreeMap;

use access::{Offer, Sides};
use ledger::department::Department;
use ledger::grant::Grant;
use ledger::ids::{EntryId, GrantId, Height, Time};
use ledger::views;
use node::Snapshot;

use super::period::block;
use crate::fault::ExchangeFault;
use crate::limits::TIMES_KEPT_MAX;

/// What a door saw.
pub(super) struct Then {
    pub(super) grant: Grant,
    offer: Offer,
    requester: Department,
    provider: Department,
    at: Time,
}

impl Then {
    /// Reads it; nothing where grant, entry or a department was not there by then.
    pub(super) fn read(
        snapshot: &Snapshot<'_>,
        grant: &GrantId,
        (height, at): (Height, Time),
    ) -> Result<Option<Self>, ExchangeFault> {
        let grant = views::grant(snapshot, grant)?.filter(|grant| grant.approved.height <= height);
        let Some(mut grant) = grant else { return Ok(None) };
        grant.revoked = grant.revoked.filter(|revoked| revoked.step.height <= height);
        let (requester, provider) =
            (views::department(snapshot, &grant.requester)?, views::department(snapshot, &grant.provider)?);
        let offer = offer(snapshot, &grant.entry, height)?;
        Ok(match (offer, requester, provider) {
            (Some(offer), Some(requester), Some(provider)) => {
                Some(Self { grant, offer, requester, provider, at })
            }
            _ => None,
        })
    }

    pub(super) const fn sides(&self) -> Sides<'_> {
        let Self { grant: _, offer, requester, provider, at } = self;
        Sides { requester, provider, offer, at: *at }
    }
}

/// An entry in the version granted and in the latest by then.
fn offer(snapshot: &Snapshot<'_>, id: &EntryId, height: Height) -> Result<Option<Offer>, ExchangeFault> {
    let by_then = |id: &EntryId| -> Result<_, ExchangeFault> {
        Ok(views::entry(snapshot, id)?.filter(|published| published.height <= height))
    };
    let Some(asked) = by_then(id)? else { return Ok(None) };
    let latest = views::latest_version(snapshot, &id.code)?.unwrap_or(id.version);
    for version in (id.version..=latest).rev() {
        if let Some(found) = by_then(&EntryId { code: id.code.clone(), version })? {
            return Ok(Some(Offer::of(asked, Some(found))));
        }
    }
    Ok(Some(Offer::of(asked, None)))
}

/// The times of blocks looked up last.
#[derive(Default)]
pub(super) struct Times(BTreeMap<Height, Time>);

impl Times {
    /// The time of a block; none above the head.
    pub(super) fn at(
        &mut self,
        snapshot: &Snapshot<'_>,
        height: Height,
    ) -> Result<Option<Time>, ExchangeFault> {
        if let Some(time) = self.0.get(&height) {
            return Ok(Some(*time));
        }
        if height > snapshot.tip().height {
            return Ok(None);
        }
        let time = match height {
            Height(0) => snapshot.genesis().time,
            _ => block(snapshot, height)?.header.time,
        };
        if self.0.len() >= TIMES_KEPT_MAX {
            self.0.pop_first();
        }
        self.0.insert(height, time);
        Ok(Some(time))
    }

    /// The block of exactly this time between two heights, if there is one. Times grow from block to block.
    pub(super) fn find(
        &mut self,
        snapshot: &Snapshot<'_>,
        (from, to): (Height, Height),
        time: Time,
    ) -> Result<Option<Height>, ExchangeFault> {
        let (mut low, mut high) = (from.0, to.0);
        while low <= high {
            let middle = low + (high - low) / 2;
            match self.at(snapshot, Height(middle))? {
                Some(found) if found == time => return Ok(Some(Height(middle))),
                Some(found) if found < time => low = middle + 1,
                Some(_) | None if middle == 0 => return Ok(None),
                Some(_) | None => high = middle - 1,
            }
        }
        Ok(None)
    }
}
