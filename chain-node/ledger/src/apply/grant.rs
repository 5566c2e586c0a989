//! Ending grants.

use super::rule::{Rejection, Rule, check_role};
use crate::grant::{GrantStatus, Revocation, RevokeGrant};
use crate::keys;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::views;

impl Rule<'_> {
    pub(super) fn revoke_grant(&mut self, revoked: &RevokeGrant) -> Result<(), Rejection> {
        check_role(&revoked.by, Role::ProvApprover)?;
        let mut grant = views::grant(self.reads, &revoked.grant)?.ok_or(Refusal::GrantUnknown)?;
        if grant.provider != self.body.department {
            return Err(Refusal::GrantNotYours.into());
        }
        match grant.status(self.context.time) {
            GrantStatus::Live | GrantStatus::Upcoming => {}
            GrantStatus::Revoked => return Err(Refusal::GrantRevoked.into()),
            GrantStatus::Expired => return Err(Refusal::GrantExpired.into()),
        }
        grant.revoked = Some(Revocation { reason: revoked.reason.clone(), step: self.step(&revoked.by) });
        self.put(keys::grant(&grant.id), &grant);
        Ok(())
    }
}
