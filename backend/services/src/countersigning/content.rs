//! What a step will sign, made readable from one scene.

use std::collections::BTreeSet;

use ledger::catalogue::{Item, MaskRule};
use ledger::grant::Grant;
use ledger::ids::{Code2, EntryId, ItemCode};
use ledger::request::{ApproveRequest, SubmitRequest};
use ledger::transaction::Payload;

use crate::catalogue;
use crate::countersigning::question::Question;
use crate::countersigning::step::{Step, StepKind, StepState};
use crate::countersigning::view::{ContentItem, PersonAsked, StepContent, WaitingRow};
use crate::error::ServiceError;
use crate::names::{GrantRef, RequestRef, day_text, ms};
use crate::scene::Scene;

/// A step with what it is about. A signed one is about what it became, and its content is gone.
pub(super) enum About {
    Request(Box<SubmitRequest>),
    /// An approval with the request it decides.
    Approval(Box<ApproveRequest>, Box<SubmitRequest>, RequestRef),
    Signed(Box<SubmitRequest>, RequestRef),
    /// A query under a grant; what it asks where it was opened.
    Query(Box<Grant>, Option<Question>),
}

impl About {
    /// Reads it; `question`: of a query what it asks, for who may see that.
    pub(super) fn of(
        scene: &Scene<'_>,
        step: &Step,
        question: Option<Question>,
    ) -> Result<Self, ServiceError> {
        if step.kind == StepKind::Query {
            return Ok(Self::Query(Box::new(scene.grant(&step.grant()?)?), question));
        }
        if step.state == StepState::Signed {
            let request = scene.submitted(&step.request()?)?;
            let named = RequestRef::of(&request);
            return Ok(Self::Signed(Box::new(request.asked), named));
        }
        match step.payload()? {
            Payload::SubmitRequest(asked) => Ok(Self::Request(Box::new(asked))),
            Payload::ApproveRequest(approval) => {
                let request = scene.submitted(&approval.request)?;
                let named = RequestRef::of(&request);
                Ok(Self::Approval(Box::new(approval), Box::new(request.asked), named))
            }
            other => Err(ServiceError::fault("a step that waits takes one officer only", &other.name())),
        }
    }

    /// The entry and the purpose.
    fn about(&self) -> (&EntryId, &Code2) {
        match self {
            Self::Request(asked) | Self::Approval(_, asked, _) | Self::Signed(asked, _) => {
                (&asked.entry, &asked.purpose)
            }
            Self::Query(grant, _) => (&grant.entry, &grant.purpose),
        }
    }

    /// The items it is about.
    fn items(&self) -> BTreeSet<ItemCode> {
        match self {
            Self::Request(asked) | Self::Approval(_, asked, _) | Self::Signed(asked, _) => {
                asked.items.clone()
            }
            Self::Query(_, Some(question)) => question.items.clone(),
            Self::Query(_, None) => BTreeSet::new(),
        }
    }

    /// The step in a list.
    pub(super) fn row(&self, scene: &Scene<'_>, step: &Step) -> Result<WaitingRow, ServiceError> {
        let (entry, purpose) = self.about();
        let offer = scene.offer(entry)?;
        let (items, request, department) = match self {
            Self::Request(asked) => (asked.items.len(), None, scene.names.of(asked.provider.as_str())),
            Self::Approval(approval, _, named) => {
                (approval.items.len(), Some(named.clone()), self.requester(scene, step)?)
            }
            Self::Signed(asked, named) => {
                let other = if asked.provider == *scene.own() {
                    self.requester(scene, step)?
                } else {
                    scene.names.of(asked.provider.as_str())
                };
                (asked.items.len(), Some(named.clone()), other)
            }
            Self::Query(grant, _) => (self.items().len(), None, scene.names.of(grant.provider.as_str())),
        };
        Ok(WaitingRow {
            id: step.id.clone(),
            kind: step.kind,
            state: step.state,
            entry: catalogue::reference(offer.asked()),
            department,
            purpose: purpose.to_string(),
            items: items as u64,
            request,
            by: step.drafter.clone(),
            own: step.is_of(scene.officer),
            unsealed: step.kind != StepKind::Query
                && step.state == StepState::Waiting
                && step.is_of(scene.officer)
                && step.seal.is_none()
                && scene.needs_seals()?,
            at: step.drafted_at,
            lapses_at: step.lapses_at,
        })
    }

    fn requester(&self, scene: &Scene<'_>, step: &Step) -> Result<crate::names::DepartmentRef, ServiceError> {
        Ok(scene.names.of(scene.submitted(&step.request()?)?.requester.as_str()))
    }

    /// What will be signed.
    pub(super) fn content(&self, scene: &Scene<'_>) -> Result<Option<StepContent>, ServiceError> {
        let (entry, purpose) = self.about();
        let (offer, about) = (scene.offer(entry)?, self.items());
        let beyond = scene.over_asked(purpose, &about);
        let items = |mask: &dyn Fn(&Item) -> (Option<MaskRule>, bool)| {
            let chosen = offer.asked().entry.items.iter().filter(|item| about.contains(&item.code));
            let shown = chosen.map(|item| {
                let (mask, left_out) = mask(item);
                let beyond_need = beyond.contains(&item.code) && !left_out;
                ContentItem { item: catalogue::item_view(item), mask, left_out, beyond_need }
            });
            shown.collect()
        };
        Ok(match self {
            Self::Request(asked) => Some(StepContent {
                basis: Some(asked.basis.to_string()),
                mode: asked.mode,
                items: items(&|item| (item.mask.rule(), false)),
                from_day: day_text(ms(asked.from)),
                until_day: day_text(ms(asked.until)),
                quota: u64::from(asked.quota),
                quota_asked: None,
                receipt_mode: None,
                person: None,
            }),
            Self::Approval(approval, asked, _) => {
                let granted = |item: &Item| approval.items.iter().find(|given| given.code == item.code);
                Some(StepContent {
                    basis: None,
                    mode: asked.mode,
                    items: items(&|item| {
                        (granted(item).and_then(|given| given.mask), granted(item).is_none())
                    }),
                    from_day: day_text(ms(approval.from)),
                    until_day: day_text(ms(approval.until)),
                    quota: u64::from(approval.quota),
                    quota_asked: (approval.quota < asked.quota).then(|| u64::from(asked.quota)),
                    receipt_mode: Some(approval.receipt_mode),
                    person: None,
                })
            }
            Self::Query(grant, Some(question)) => Some(StepContent {
                basis: None,
                mode: grant.mode,
                items: items(&|item| (grant.item(&item.code).and_then(|given| given.mask), false)),
                from_day: day_text(ms(grant.from)),
                until_day: day_text(ms(grant.until)),
                quota: 1,
                quota_asked: None,
                receipt_mode: None,
                person: Some(PersonAsked {
                    masked: question.subject.masked(scene.now).unwrap_or_default(),
                    case_no: question.case_no.to_string(),
                    grant: GrantRef::of(grant),
                }),
            }),
            Self::Signed(..) | Self::Query(_, None) => None,
        })
    }
}
