//! Asking for access, and deciding.

use super::rule::{Rejection, Rule, check_role};
use crate::credit::Credit;
use crate::grant::Grant;
use crate::ids::{GrantId, RequestId};
use crate::keys;
use crate::pair::Pair;
use crate::refusal::Refusal;
use crate::request::{
    ApproveRequest, RefuseRequest, Request, RequestStatus, Step, SubmitRequest, WithdrawRequest,
    check_did_not_ask,
};
use crate::roster::Rosters;
use crate::views;

impl Rule<'_> {
    pub(super) fn submit_request(&mut self, asked: &SubmitRequest) -> Result<(), Rejection> {
        asked.check_officers()?;
        self.check_seals()?;
        let id = self.body.request_id();
        if views::request(self.reads, &id)?.is_some() {
            return Err(Refusal::RequestExists.into());
        }
        if asked.provider == self.body.department {
            return Err(Refusal::RequestOwnData.into());
        }
        let published = views::entry(self.reads, &asked.entry)?.ok_or(Refusal::EntryUnknown)?;
        if published.provider != asked.provider {
            return Err(Refusal::EntryUnknown.into());
        }
        if views::latest_version(self.reads, &asked.entry.code)? != Some(asked.entry.version) {
            return Err(Refusal::EntryOutdated.into());
        }
        asked.check(&published.entry, self.limits())?;
        if asked.until <= self.context.time {
            return Err(Refusal::RequestPeriod.into());
        }
        self.spend(&self.body.department, Credit::Request)?;
        let number = self.next_request_number()?;
        let request = Request {
            id,
            number,
            requester: self.body.department.clone(),
            asked: asked.clone(),
            submitted: self.step_of_two(&asked.by, &asked.second),
            status: RequestStatus::Submitted,
            decided: None,
        };
        self.put(keys::request(&id), &request);
        Ok(())
    }

    /// Whether the two officers sealed it, where the department has a roster.
    fn check_seals(&self) -> Result<(), Rejection> {
        let Some(pair) = Pair::of(self.body) else { return Ok(()) };
        let rosters = views::rosters(self.reads, &self.body.department)?;
        pair.check(rosters.as_ref().and_then(Rosters::newest), self.context.time)?;
        Ok(())
    }

    /// The request, if this department may decide it now.
    fn to_decide(&self, id: &RequestId) -> Result<Request, Rejection> {
        let request = views::request(self.reads, id)?.ok_or(Refusal::RequestUnknown)?;
        if request.asked.provider != self.body.department {
            return Err(Refusal::RequestNotYours.into());
        }
        if request.status != RequestStatus::Submitted {
            return Err(Refusal::RequestDecided.into());
        }
        Ok(request)
    }

    fn decide(&mut self, mut request: Request, step: Step, status: RequestStatus) {
        request.status = status;
        request.decided = Some(step);
        self.put(keys::request(&request.id), &request);
    }

    pub(super) fn approve_request(&mut self, approval: &ApproveRequest) -> Result<(), Rejection> {
        let request = self.to_decide(&approval.request)?;
        let asked = &request.asked;
        approval.check_officers(asked)?;
        self.check_seals()?;
        let entry = views::entry(self.reads, &asked.entry)?.ok_or(Refusal::EntryUnknown)?.entry;
        if views::latest_version(self.reads, &asked.entry.code)? != Some(asked.entry.version) {
            return Err(Refusal::EntryOutdated.into());
        }
        approval.check(asked, &entry)?;
        if approval.until <= self.context.time {
            return Err(Refusal::RequestPeriod.into());
        }
        let versions =
            views::policy_versions(self.reads, &self.body.department)?.ok_or(Refusal::PolicyNotLive)?;
        if versions != approval.policy_versions {
            return Err(Refusal::PolicyMoved.into());
        }
        let id = GrantId::from(self.id);
        let step = self.step_of_two(&approval.by, &approval.second);
        let number = self.next_grant_number()?;
        let grant = Grant {
            id,
            number,
            request: request.id,
            requester: request.requester.clone(),
            provider: asked.provider.clone(),
            entry: asked.entry.clone(),
            items: approval.items.clone(),
            purpose: approval.purpose.clone(),
            mode: asked.mode,
            row_scope: approval.row_scope.clone(),
            quota: approval.quota,
            used_units: 0,
            uses: 0,
            from: approval.from,
            until: approval.until,
            receipt_mode: approval.receipt_mode,
            policy_versions: approval.policy_versions,
            approved: step.clone(),
            revoked: None,
        };
        self.put(keys::grant(&id), &grant);
        self.decide(request, step, RequestStatus::Granted(id));
        Ok(())
    }

    pub(super) fn refuse_request(&mut self, refused: &RefuseRequest) -> Result<(), Rejection> {
        check_role(&refused.by, ApproveRequest::DRAFTED_IN)?;
        let request = self.to_decide(&refused.request)?;
        check_did_not_ask(&refused.by, &request.asked)?;
        let entry = views::entry(self.reads, &request.asked.entry)?.ok_or(Refusal::EntryUnknown)?.entry;
        if entry.conditions.get(usize::from(refused.condition)).is_none() {
            return Err(Refusal::RequestCondition.into());
        }
        let step = self.step(&refused.by);
        self.decide(request, step, RequestStatus::Refused { condition: refused.condition });
        Ok(())
    }

    pub(super) fn withdraw_request(&mut self, withdrawn: &WithdrawRequest) -> Result<(), Rejection> {
        check_role(&withdrawn.by, SubmitRequest::DRAFTED_IN)?;
        let request = views::request(self.reads, &withdrawn.request)?.ok_or(Refusal::RequestUnknown)?;
        if request.requester != self.body.department {
            return Err(Refusal::RequestNotYours.into());
        }
        if request.status != RequestStatus::Submitted {
            return Err(Refusal::RequestDecided.into());
        }
        let step = self.step(&withdrawn.by);
        self.decide(request, step, RequestStatus::Withdrawn { reason: withdrawn.reason.clone() });
        Ok(())
    }
}
