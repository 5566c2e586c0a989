//! One request: its facts, its course, what policy says, what the officer may do.

use access::Action;
use ledger::catalogue::{MaskRule, PublishedEntry};
use ledger::ids::RequestId;
use ledger::request::{Request, RequestStatus, Step};
use ledger::views;

use crate::audit_log::Event;
use crate::deadline::Deadline;
use crate::door::{About, Door};
use crate::error::ServiceError;
use crate::names::{GrantRef, Names, RequestRef, day_text, ms};
use crate::office::Office;
use crate::officer::{Colleagues, Officer, Person};
use crate::requests::view::{
    DecisionForms, RequestMay, RequestState, RequestView, RequestedItem, RequesterHistory, TimelineEntry,
    receipt_modes,
};
use crate::verdict::Verdict;
use crate::{catalogue, door, grants, purpose, submission};

/// One request. Its two parties see it; an inspector of an inspectorate does, and that is noted.
///
/// # Errors
/// Not found, also for a request between others; denied by policy.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<RequestView, ServiceError> {
    let id: RequestId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let colleagues = Colleagues::within(office, id.as_bytes()).await?;
    let mut view = office.node().read(|snapshot| -> Result<RequestView, ServiceError> {
        let request = views::request(snapshot, &id)?.ok_or(ServiceError::NotFound)?;
        let published = door::entry(snapshot, &request.asked.entry)?;
        let grant = match &request.status {
            RequestStatus::Granted(grant) => views::grant(snapshot, grant)?,
            RequestStatus::Submitted | RequestStatus::Refused { .. } | RequestStatus::Withdrawn { .. } => {
                None
            }
        };
        let latest = views::latest_version(snapshot, &published.entry.id.code)?;
        let door = Door::open(office, officer, snapshot)?;
        let requester = door::department(snapshot, &request.requester)?;
        let provider = door::department(snapshot, &request.asked.provider)?;
        let names = Names::read(snapshot, office.department())?;
        Shown { office, door, request, published, grant, requester, provider, names, colleagues, latest }
            .view()
    })?;
    if !view.requester.own && !view.provider.own {
        office.note(officer, Event::RecordShow, &view.id, "ok").await?;
    }
    if view.provider.own {
        view.history = Some(history(office, &view.requester.id).await?);
    }
    Ok(view)
}

async fn history(office: &Office, requester: &str) -> Result<RequesterHistory, ServiceError> {
    let since = office.now_ms() - 90 * 24 * 60 * 60 * 1000;
    let (requests, granted): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE status = 'granted') FROM j_request
         WHERE requester = ? AND provider = ? AND at >= ?",
    )
    .bind(requester)
    .bind(office.own().id.as_str())
    .bind(since)
    .fetch_one(office.pool())
    .await?;
    let (asked, denied): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE answered = 0) FROM j_record
         WHERE requester = ? AND provider = ? AND at >= ?",
    )
    .bind(requester)
    .bind(office.own().id.as_str())
    .bind(since)
    .fetch_one(office.pool())
    .await?;
    Ok(RequesterHistory {
        requests: requests.unsigned_abs(),
        granted: granted.unsigned_abs(),
        asked: asked.unsigned_abs(),
        denied: denied.unsigned_abs(),
    })
}

/// Everything a request's page is made of.
pub(super) struct Shown<'a> {
    pub(super) office: &'a Office,
    pub(super) door: Door<'a>,
    pub(super) request: Request,
    pub(super) published: PublishedEntry,
    pub(super) grant: Option<ledger::grant::Grant>,
    pub(super) requester: ledger::department::Department,
    pub(super) provider: ledger::department::Department,
    pub(super) names: Names,
    pub(super) colleagues: Colleagues,
    pub(super) latest: Option<u32>,
}

impl Shown<'_> {
    /// Puts the page together; refuses who is neither party nor inspector.
    pub(super) fn view(self) -> Result<RequestView, ServiceError> {
        let own = self.office.department();
        let (is_requester, is_provider) =
            (self.request.requester == *own, self.request.asked.provider == *own);
        if !is_requester && !is_provider {
            // Others' requests: only for who may inspect the department that provides.
            let decision = self.door.inspect(&self.provider)?;
            if !decision.allow {
                return Err(ServiceError::NotFound);
            }
        }
        let asked = &self.request.asked;
        let now = self.office.now_ms();
        let waits = self.request.status == RequestStatus::Submitted;
        let judged = if is_provider && waits {
            let about =
                About { items: asked.items.clone(), purpose: Some(asked.purpose.clone()), grant_live: None };
            Some(self.door.decide(Action::Approve, &self.published, &self.requester, about)?)
        } else {
            None
        };
        let conditions = catalogue::conditions(&self.published);
        let days = catalogue::answer_days(self.published.entry.share_type).filter(|_| waits);
        let at = ms(self.request.submitted.at);
        Ok(RequestView {
            id: self.request.id.to_string(),
            number: RequestRef::of(&self.request).number,
            entry: catalogue::reference(&self.published),
            share_type: self.published.entry.share_type,
            grade: self.published.entry.grade,
            entry_outdated: self.latest != Some(asked.entry.version),
            requester: self.names.of(self.request.requester.as_str()),
            provider: self.names.of(asked.provider.as_str()),
            by: self.person(&self.request.submitted, &self.request.requester),
            purpose: asked.purpose.to_string(),
            basis: asked.basis.to_string(),
            mode: asked.mode,
            from: ms(asked.from),
            until: ms(asked.until),
            from_day: day_text(ms(asked.from)),
            until_day: day_text(ms(asked.until)),
            quota: u64::from(asked.quota),
            documents: asked.documents.map(|digest| digest.to_string()),
            items: self.items(judged.as_ref()),
            refused_under: match self.request.status {
                RequestStatus::Refused { condition } => {
                    conditions.iter().find(|published| published.index == condition).cloned()
                }
                _ => None,
            },
            conditions,
            state: state_of(&self.request.status),
            grant: self.grant.as_ref().map(GrantRef::of),
            withdrawn_for: match &self.request.status {
                RequestStatus::Withdrawn { reason } => Some(reason.to_string()),
                _ => None,
            },
            at,
            height: self.request.submitted.height.0,
            tx: self.request.submitted.tx.to_string(),
            deadline: days.and_then(|days| Deadline::new(at, days, now)),
            policy: judged.as_ref().map(door::verdict),
            timeline: self.timeline(),
            may: self.may(judged.as_ref())?,
            forms: DecisionForms {
                approve: submission::draw()?,
                refuse: submission::draw()?,
                withdraw: submission::draw()?,
                receipt_modes: receipt_modes(self.published.entry.receipt_mode),
                withdraw_reasons: purpose::WITHDRAW_REASONS.map(str::to_owned).to_vec(),
            },
            history: None,
        })
    }

    fn person(&self, step: &Step, department: &ledger::ids::DepartmentId) -> Person {
        self.colleagues.person(&step.by, self.names.of(department.as_str()))
    }

    fn items(&self, judged: Option<&access::Decision>) -> Vec<RequestedItem> {
        let asked = &self.request.asked;
        let needed = purpose::needed_items(asked.purpose.as_str());
        self.published
            .entry
            .items
            .iter()
            .filter(|item| asked.items.contains(&item.code))
            .map(|item| {
                let policy_mask = judged.and_then(|decision| door::mask_of(decision, &item.code));
                let given = self.grant.as_ref().map(|grant| grant.item(&item.code));
                RequestedItem {
                    granted: given.map(|found| found.is_some()),
                    granted_mask: given.flatten().and_then(|found| found.mask),
                    policy_mask,
                    policy_drops: judged.is_some_and(|decision| door::drops(decision, &item.code)),
                    masks_offered: masks_offered(item.mask, policy_mask),
                    beyond_need: !needed.is_empty() && !needed.contains(&item.code.as_str()),
                    item: catalogue::item_view(item),
                }
            })
            .collect()
    }

    /// What the officer may do: the party first, then the state, then policy.
    fn may(&self, judged: Option<&access::Decision>) -> Result<RequestMay, ServiceError> {
        let own = self.office.department();
        let waits = self.request.status == RequestStatus::Submitted;
        let decide = if self.request.asked.provider != *own {
            Verdict::no("request.not-ours")
        } else if !waits {
            Verdict::no("request.not-open")
        } else {
            judged.map(door::verdict).unwrap_or_default()
        };
        let withdraw = if self.request.requester != *own {
            Verdict::no("request.not-ours")
        } else if !waits {
            Verdict::no("request.not-open")
        } else {
            let about = About { purpose: Some(self.request.asked.purpose.clone()), ..About::default() };
            door::verdict(&self.door.decide(Action::Request, &self.published, &self.provider, about)?)
        };
        let ask = match &self.grant {
            Some(grant) if self.request.requester == *own => {
                grants::may_ask(self.office, &self.door, grant, &self.published, &self.provider)?
            }
            _ => Verdict::no("grant.not-ours"),
        };
        Ok(RequestMay { approve: decide.clone(), refuse: decide, withdraw, ask })
    }

    fn timeline(&self) -> Vec<TimelineEntry> {
        let requester = &self.request.requester;
        let provider = &self.request.asked.provider;
        let mut course = vec![self.step("submitted", &self.request.submitted, requester)];
        match (&self.request.status, &self.request.decided) {
            (RequestStatus::Submitted, _) | (_, None) => {
                course.push(self.ahead("decide", provider, true));
                course.push(self.ahead("use", requester, false));
            }
            (RequestStatus::Granted(_), Some(step)) => course.push(self.step("granted", step, provider)),
            (RequestStatus::Refused { .. }, Some(step)) => course.push(self.step("refused", step, provider)),
            (RequestStatus::Withdrawn { .. }, Some(step)) => {
                course.push(self.step("withdrawn", step, requester));
            }
        }
        if let Some(grant) = &self.grant {
            course.extend(self.grant_course(grant));
        }
        course
    }

    fn grant_course(&self, grant: &ledger::grant::Grant) -> Vec<TimelineEntry> {
        let ends = ms(grant.until);
        match &grant.revoked {
            Some(revoked) => vec![self.step("revoked", &revoked.step, &grant.provider)],
            None if self.office.now_ms() > ends => vec![TimelineEntry {
                kind: "expired",
                at: Some(ends),
                department: self.names.of(grant.provider.as_str()),
                person: None,
                tx: None,
                height: None,
                now: false,
            }],
            None => vec![self.ahead("use", &grant.requester, true)],
        }
    }

    fn step(&self, kind: &'static str, step: &Step, department: &ledger::ids::DepartmentId) -> TimelineEntry {
        TimelineEntry {
            kind,
            at: Some(ms(step.at)),
            department: self.names.of(department.as_str()),
            person: Some(self.person(step, department)),
            tx: Some(step.tx.to_string()),
            height: Some(step.height.0),
            now: false,
        }
    }

    fn ahead(&self, kind: &'static str, department: &ledger::ids::DepartmentId, now: bool) -> TimelineEntry {
        TimelineEntry {
            kind,
            at: None,
            department: self.names.of(department.as_str()),
            person: None,
            tx: None,
            height: None,
            now,
        }
    }
}

const fn state_of(status: &RequestStatus) -> RequestState {
    match status {
        RequestStatus::Submitted => RequestState::Submitted,
        RequestStatus::Granted(_) => RequestState::Granted,
        RequestStatus::Refused { .. } => RequestState::Refused,
        RequestStatus::Withdrawn { .. } => RequestState::Withdrawn,
    }
}

/// Masks an approval may choose for an item, the default first: an approval narrows, it never lifts.
fn masks_offered(entry: Option<MaskRule>, policy: Option<MaskRule>) -> Vec<Option<MaskRule>> {
    match (entry, policy) {
        (Some(mask), _) => vec![Some(mask)],
        (None, Some(mask)) => vec![Some(mask)],
        (None, None) => std::iter::once(None).chain(MaskRule::ALL.iter().copied().map(Some)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_never_offered_to_lift_a_mask() {
        assert_eq!(masks_offered(Some(MaskRule::Id), None), [Some(MaskRule::Id)]);
        assert_eq!(masks_offered(None, Some(MaskRule::Amt)), [Some(MaskRule::Amt)]);
        assert_eq!(masks_offered(None, None).first(), Some(&None));
        assert_eq!(masks_offered(None, None).len(), MaskRule::ALL.len() + 1);
    }
}
