//! One request: its facts, its course, what policy says, what the officer may do.

use std::collections::BTreeSet;

use access::{Offer, Release, narrowed};
use ledger::catalogue::MaskRule;
use ledger::department::Department;
use ledger::grant::Grant;
use ledger::ids::{DepartmentId, RequestId};
use ledger::inspection::Sight;
use ledger::refusal::Refusal;
use ledger::request::{ApproveRequest, Request, RequestStatus, Step, SubmitRequest};
use ledger::views;

use crate::audit_log::Event;
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::names::{GrantRef, day_text, ms};
use crate::office::Office;
use crate::officer::{Colleagues, Officer};
use crate::read_model::ReadModel;
use crate::requests::list::{judged, row};
use crate::requests::view::{
    DecisionForms, RequestMay, RequestView, RequestedItem, RequesterHistory, TimelineEntry, TimelineKind,
    receipt_modes,
};
use crate::scene::{Between, Party, Scene};
use crate::verdict::Verdict;
use crate::{act, catalogue, countersigning, grants, inspections, limits, purpose};

/// One request. Its two parties see it; an inspector of an inspectorate does, and that is noted.
///
/// # Errors
/// Not found, also for a request between others; denied by policy.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<RequestView, ServiceError> {
    let id: RequestId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let colleagues = Colleagues::within(office, id.as_bytes()).await?;
    let (mut view, party) = office.scene(officer, |scene| Shown::read(scene, &id, colleagues)?.view())?;
    if party != Party::Own {
        inspections::note_look(office, officer, Event::RecordShow, Sight::Request(id), Ok(party)).await?;
    }
    if view.row.provider.own {
        view.waiting = countersigning::waits_for_request(office, &id).await?;
        if view.waiting.is_some() && view.may.approve.is_open() {
            view.may.approve = Verdict::no(OfficeRefusal::StepWaits);
        }
        view.history = Some(history(office.model(), &view.row.requester.id).await?);
    }
    Ok(view)
}

async fn history(model: ReadModel<'_>, requester: &str) -> Result<RequesterHistory, ServiceError> {
    let since = model.now - 90 * limits::DAY_MS;
    let (requests, granted): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE status = 'granted') FROM j_request
         WHERE requester = ? AND provider = ? AND at >= ?",
    )
    .bind(requester)
    .bind(model.own.as_str())
    .bind(since)
    .fetch_one(model.pool)
    .await?;
    let (asked, denied): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE answered = 0) FROM j_record
         WHERE requester = ? AND provider = ? AND at >= ?",
    )
    .bind(requester)
    .bind(model.own.as_str())
    .bind(since)
    .fetch_one(model.pool)
    .await?;
    Ok(RequesterHistory {
        requests: requests.unsigned_abs(),
        granted: granted.unsigned_abs(),
        asked: asked.unsigned_abs(),
        denied: denied.unsigned_abs(),
    })
}

/// Everything a request's page is made of.
struct Shown<'a> {
    scene: &'a Scene<'a>,
    request: Request,
    offer: Offer,
    grant: Option<Grant>,
    provider: Department,
    colleagues: Colleagues,
    party: Party,
}

impl<'a> Shown<'a> {
    /// Reads it; refuses who is neither party nor inspector.
    fn read(scene: &'a Scene<'a>, id: &RequestId, colleagues: Colleagues) -> Result<Self, ServiceError> {
        let request = scene.submitted(id)?;
        let party = scene.party_or_inspector(&Between::from(&request)).map_err(ServiceError::hidden)?;
        let grant = match &request.status {
            RequestStatus::Granted(grant) => views::grant(scene.reads, grant)?,
            RequestStatus::Submitted | RequestStatus::Refused { .. } | RequestStatus::Withdrawn { .. } => {
                None
            }
        };
        Ok(Self {
            offer: scene.offer(&request.asked.entry)?,
            provider: scene.department(&request.asked.provider)?,
            scene,
            request,
            grant,
            colleagues,
            party,
        })
    }

    /// Puts the page together.
    fn view(self) -> Result<(RequestView, Party), ServiceError> {
        let (asked, entry) = (&self.request.asked, &self.offer.asked().entry);
        let judged = judged(self.scene, &self.request, &self.offer)?;
        let conditions = catalogue::conditions(self.offer.asked());
        let requester = self.scene.names.of(self.request.requester.as_str());
        let view = RequestView {
            row: row(self.scene, &self.request, &self.offer, judged.as_ref()),
            grade: entry.grade,
            entry_outdated: self.offer.is_outdated(),
            submitted: self.colleagues.step(&self.request.submitted, requester),
            basis: asked.basis.to_string(),
            from_day: day_text(ms(asked.from)),
            until_day: day_text(ms(asked.until)),
            quota: u64::from(asked.quota),
            items: self.items(judged.as_ref()),
            refused_under: match self.request.status {
                RequestStatus::Refused { condition } => {
                    conditions.iter().find(|published| published.index == condition).cloned()
                }
                RequestStatus::Submitted | RequestStatus::Granted(_) | RequestStatus::Withdrawn { .. } => {
                    None
                }
            },
            conditions,
            grant: self.grant.as_ref().map(GrantRef::of),
            withdrawn_for: match &self.request.status {
                RequestStatus::Withdrawn { reason } => Some(reason.to_string()),
                RequestStatus::Submitted | RequestStatus::Granted(_) | RequestStatus::Refused { .. } => None,
            },
            timeline: self.timeline(),
            may: self.may(judged.as_ref())?,
            forms: DecisionForms {
                approve: act::draw()?,
                refuse: act::draw()?,
                withdraw: act::draw()?,
                receipt_modes: receipt_modes(entry.receipt_mode),
                withdraw_reasons: purpose::WITHDRAW_REASONS.map(str::to_owned).to_vec(),
            },
            history: None,
            waiting: None,
        };
        Ok((view, self.party))
    }

    fn items(&self, judged: Option<&access::Decision>) -> Vec<RequestedItem> {
        let asked = &self.request.asked;
        let beyond = self.scene.over_asked(&asked.purpose, &asked.items);
        self.offer
            .asked()
            .entry
            .items
            .iter()
            .filter(|item| asked.items.contains(&item.code))
            .map(|item| {
                let duties = judged.map(|decision| &decision.obligations);
                let left =
                    duties.map_or(Release::Clear, |duties| narrowed(&item.code, BTreeSet::new(), duties));
                let policy_mask = left.mask();
                let given = self.grant.as_ref().map(|grant| grant.item(&item.code));
                RequestedItem {
                    granted: given.map(|found| found.is_some()),
                    granted_mask: given.flatten().and_then(|found| found.mask),
                    policy_mask,
                    policy_drops: left == Release::Withheld,
                    masks_offered: masks_offered(item.mask.rule(), policy_mask),
                    beyond_need: beyond.contains(&item.code),
                    item: catalogue::item_view(item),
                }
            })
            .collect()
    }

    /// What the officer may do: the party first, then the state, then policy.
    fn may(&self, judged: Option<&access::Decision>) -> Result<RequestMay, ServiceError> {
        let own = self.scene.own();
        let waits = self.request.status == RequestStatus::Submitted;
        let decide = if self.request.asked.provider != *own {
            Verdict::no(OfficeRefusal::RequestNotOurs)
        } else if !waits {
            Verdict::no(OfficeRefusal::RequestNotOpen)
        } else {
            let decide = judged.map_or(Verdict::no(OfficeRefusal::RequestNotOpen), Verdict::of);
            self.scene.drafts(decide, ApproveRequest::DRAFTED_IN)
        };
        let withdraw = if self.request.requester != *own {
            Verdict::no(OfficeRefusal::RequestNotOurs)
        } else if !waits {
            Verdict::no(OfficeRefusal::RequestNotOpen)
        } else {
            let asked = &self.request.asked;
            let offer = self.offer.as_asked();
            let judged = self.scene.request(&offer, &self.provider, &asked.items, &asked.purpose)?;
            self.scene.drafts(Verdict::of(&judged), SubmitRequest::DRAFTED_IN)
        };
        let ask = match &self.grant {
            Some(grant) if self.request.requester == *own => {
                grants::may_ask(self.scene, grant, &self.offer, &self.provider)?
            }
            _ => Verdict::no(OfficeRefusal::GrantNotOurs),
        };
        let approve = match &decide {
            Verdict::Open if self.offer.is_outdated() => Verdict::no(Refusal::EntryOutdated),
            decide => decide.clone(),
        };
        Ok(RequestMay { approve, refuse: decide, withdraw, ask })
    }

    fn timeline(&self) -> Vec<TimelineEntry> {
        let requester = &self.request.requester;
        let provider = &self.request.asked.provider;
        let mut course = vec![self.step(TimelineKind::Submitted, &self.request.submitted, requester)];
        match (&self.request.status, &self.request.decided) {
            (RequestStatus::Submitted, _) | (_, None) => {
                course.push(self.ahead(TimelineKind::Decide, provider, true));
                course.push(self.ahead(TimelineKind::Use, requester, false));
            }
            (RequestStatus::Granted(_), Some(step)) => {
                course.push(self.step(TimelineKind::Granted, step, provider))
            }
            (RequestStatus::Refused { .. }, Some(step)) => {
                course.push(self.step(TimelineKind::Refused, step, provider))
            }
            (RequestStatus::Withdrawn { .. }, Some(step)) => {
                course.push(self.step(TimelineKind::Withdrawn, step, requester));
            }
        }
        if let Some(grant) = &self.grant {
            course.extend(self.grant_course(grant));
        }
        course
    }

    fn grant_course(&self, grant: &Grant) -> Vec<TimelineEntry> {
        let ends = ms(grant.until);
        match &grant.revoked {
            Some(revoked) => vec![self.step(TimelineKind::Revoked, &revoked.step, &grant.provider)],
            None if ms(self.scene.now) > ends => vec![TimelineEntry {
                at: Some(ends),
                ..self.ahead(TimelineKind::Expired, &grant.provider, false)
            }],
            None => vec![self.ahead(TimelineKind::Use, &grant.requester, true)],
        }
    }

    fn step(&self, kind: TimelineKind, step: &Step, department: &DepartmentId) -> TimelineEntry {
        let department = self.scene.names.of(department.as_str());
        let shown = self.colleagues.step(step, department.clone());
        TimelineEntry { kind, at: Some(ms(step.at)), department, step: Some(shown), now: false }
    }

    fn ahead(&self, kind: TimelineKind, department: &DepartmentId, now: bool) -> TimelineEntry {
        let department = self.scene.names.of(department.as_str());
        TimelineEntry { kind, at: None, department, step: None, now }
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
mod tests;
