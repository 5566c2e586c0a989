//! How things stand on the own ledger, all read at one head.

use access::{Judge, Offer, PolicySets, Sides};
use ledger::department::Department;
use ledger::grant::{Grant, GrantStatus};
use ledger::ids::{DepartmentId, GrantId, QueryId, Time};
use ledger::parameters::Parameters;
use ledger::receipt::Record;
use ledger::refusal::Refusal;
use ledger::roster::Rosters;
use ledger::state::ReadFault;
use ledger::tip::Tip;
use ledger::views;
use node::{NodeHandle, Snapshot};

use crate::limits::HEARTBEATS_MISSED_MAX;

/// The head and what the chain agreed on.
pub(crate) struct Head {
    pub(crate) tip: Tip,
    pub(crate) parameters: Parameters,
}

impl Head {
    pub(crate) fn read(node: &NodeHandle) -> Result<Self, ReadFault> {
        node.read(Self::of)
    }

    pub(crate) fn of(snapshot: &Snapshot<'_>) -> Result<Self, ReadFault> {
        Ok(Self { tip: snapshot.tip(), parameters: views::parameters(snapshot)? })
    }

    /// Whether no block came for three heartbeats by this machine's clock: nothing is asked or answered then.
    pub(crate) fn is_behind(&self, now: Time) -> bool {
        let missed = self.parameters.heartbeat_ms.saturating_mul(HEARTBEATS_MISSED_MAX);
        now > self.tip.time.plus_ms(missed)
    }
}

/// A grant and everything around it.
pub(crate) struct Standing {
    pub(crate) head: Head,
    pub(crate) grant: Grant,
    pub(crate) offer: Option<Offer>,
    pub(crate) requester: Option<Department>,
    /// Which officers the requester certified, if it ever said so.
    pub(crate) rosters: Option<Rosters>,
    pub(crate) provider: Option<Department>,
    /// The three layers that rule the side asked for.
    pub(crate) policies: Option<PolicySets>,
}

impl Standing {
    /// Reads it at the head; nothing when there is no such grant. `side` is the department whose
    /// policies rule.
    pub(crate) fn read(
        node: &NodeHandle,
        judge: &Judge,
        grant: &GrantId,
        side: &DepartmentId,
    ) -> Result<Option<Self>, ReadFault> {
        node.read(|snapshot| {
            let Some(grant) = views::grant(snapshot, grant)? else { return Ok(None) };
            Ok(Some(Self {
                head: Head::of(snapshot)?,
                offer: Offer::read(snapshot, &grant.entry)?,
                requester: views::department(snapshot, &grant.requester)?,
                rosters: views::rosters(snapshot, &grant.requester)?,
                provider: views::department(snapshot, &grant.provider)?,
                policies: judge.in_force(snapshot, side)?,
                grant,
            }))
        })
    }

    /// What the doors see; nothing when a side or the entry is not on the chain.
    pub(crate) fn sides(&self) -> Option<Sides<'_>> {
        let (requester, provider) = (self.requester.as_ref()?, self.provider.as_ref()?);
        Some(Sides { requester, provider, offer: self.offer.as_ref()?, at: self.head.tip.time })
    }

    /// Whether both departments are members and not suspended.
    pub(crate) fn members(&self) -> Result<(&Department, &Department), Refusal> {
        match (&self.requester, &self.provider) {
            (Some(requester), Some(provider)) if requester.active && provider.active => {
                Ok((requester, provider))
            }
            (Some(_), Some(_)) => Err(Refusal::DepartmentInactive),
            _ => Err(Refusal::DepartmentUnknown),
        }
    }

    /// Whether an answer on record may still be opened: the grant lives and both are members. The quota
    /// does not count, for this use is in it already.
    pub(crate) fn is_live(&self) -> Result<(), Refusal> {
        self.members()?;
        match self.grant.status(self.head.tip.time) {
            GrantStatus::Live => Ok(()),
            GrantStatus::Upcoming => Err(Refusal::GrantUpcoming),
            GrantStatus::Revoked => Err(Refusal::GrantRevoked),
            GrantStatus::Expired => Err(Refusal::GrantExpired),
        }
    }
}

/// Whether the requester can acknowledge an answer, by the own node's head.
pub(crate) enum Acknowledging {
    /// No record is here yet.
    NotYet,
    /// It waits to be acknowledged.
    Open,
    /// It is acknowledged, cannot be fetched any more, or is no answer.
    Over,
}

impl Acknowledging {
    pub(crate) fn of(node: &NodeHandle, query: &QueryId) -> Result<Self, ReadFault> {
        node.read(|snapshot| {
            let time = snapshot.tip().time;
            if views::open_record(snapshot, query)?.is_some_and(|open| open.until >= time) {
                return Ok(Self::Open);
            }
            Ok(if views::record(snapshot, query)?.is_some() { Self::Over } else { Self::NotYet })
        })
    }
}

/// The record of a query on the own node, and the head it was looked up at.
pub(crate) fn record(node: &NodeHandle, query: &QueryId) -> Result<(Tip, Option<Record>), ReadFault> {
    node.read(|snapshot| Ok((snapshot.tip(), views::record(snapshot, query)?)))
}
