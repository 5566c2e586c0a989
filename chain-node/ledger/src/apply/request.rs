//! Asking for access, and deciding.

use super::rule::{Rejection, Rule, check_role};
use crate::grant::Grant;
use crate::ids::{GrantId, RequestId};
use crate::keys;
use crate::refusal::Refusal;
use crate::request::{ApproveRequest, RefuseRequest, Request, RequestStatus, SubmitRequest, WithdrawRequest};
use crate::role::{By, Role};
use crate::views;

impl Rule<'_> {
    pub(super) fn submit_request(&mut self, asked: &SubmitRequest) -> Result<(), Rejection> {
        check_role(&asked.by, Role::ReqOperator)?;
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
        asked.check(&published.entry)?;
        if asked.until <= self.context.time {
            return Err(Refusal::RequestPeriod.into());
        }
        let number = self.next_request_number()?;
        let request = Request {
            id,
            number,
            requester: self.body.department.clone(),
            asked: asked.clone(),
            submitted: self.step(&asked.by),
            status: RequestStatus::Submitted,
            decided: None,
        };
        self.put(keys::request(&id), &request);
        Ok(())
    }

    /// The request, if this department may decide it now.
    fn to_decide(&self, id: &RequestId, by: &By) -> Result<Request, Rejection> {
        check_role(by, Role::ProvApprover)?;
        let request = views::request(self.reads, id)?.ok_or(Refusal::RequestUnknown)?;
        if request.asked.provider != self.body.department {
            return Err(Refusal::RequestNotYours.into());
        }
        if request.status != RequestStatus::Submitted {
            return Err(Refusal::RequestDecided.into());
        }
        if by.pseudonym == request.submitted.by.pseudonym {
            return Err(Refusal::RequestSameOfficer.into());
        }
        Ok(request)
    }

    fn decide(&mut self, mut request: Request, by: &By, status: RequestStatus) {
        request.status = status;
        request.decided = Some(self.step(by));
        self.put(keys::request(&request.id), &request);
    }

    pub(super) fn approve_request(&mut self, approval: &ApproveRequest) -> Result<(), Rejection> {
        let request = self.to_decide(&approval.request, &approval.by)?;
        let asked = &request.asked;
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
            approved: self.step(&approval.by),
            revoked: None,
        };
        self.put(keys::grant(&id), &grant);
        self.decide(request, &approval.by, RequestStatus::Granted(id));
        Ok(())
    }

    pub(super) fn refuse_request(&mut self, refused: &RefuseRequest) -> Result<(), Rejection> {
        let request = self.to_decide(&refused.request, &refused.by)?;
        let entry = views::entry(self.reads, &request.asked.entry)?.ok_or(Refusal::EntryUnknown)?.entry;
        if entry.conditions.get(usize::from(refused.condition)).is_none() {
            return Err(Refusal::RequestCondition.into());
        }
        self.decide(request, &refused.by, RequestStatus::Refused { condition: refused.condition });
        Ok(())
    }

    pub(super) fn withdraw_request(&mut self, withdrawn: &WithdrawRequest) -> Result<(), Rejection> {
        check_role(&withdrawn.by, Role::ReqOperator)?;
        let request = views::request(self.reads, &withdrawn.request)?.ok_or(Refusal::RequestUnknown)?;
        if request.requester != self.body.department {
            return Err(Refusal::RequestNotYours.into());
        }
        if request.status != RequestStatus::Submitted {
            return Err(Refusal::RequestDecided.into());
        }
        self.decide(request, &withdrawn.by, RequestStatus::Withdrawn { reason: withdrawn.reason.clone() });
        Ok(())
    }
}
