//! What a step will sign, made readable from one scene.

use ledger::catalogue::{Item, MaskRule};
use ledger::request::{ApproveRequest, SubmitRequest};
use ledger::transaction::Payload;

use crate::catalogue;
use crate::countersigning::step::{Step, StepState};
use crate::countersigning::view::{ContentItem, StepContent, WaitingRow};
use crate::error::ServiceError;
use crate::names::{RequestRef, day_text, ms};
use crate::scene::Scene;

/// A step with what it is about. A signed one is about what it became, and its content is gone.
pub(super) enum About {
    Request(SubmitRequest),
    /// An approval with the request it decides.
    Approval(ApproveRequest, SubmitRequest, RequestRef),
    Signed(SubmitRequest, RequestRef),
}

impl About {
    pub(super) fn of(scene: &Scene<'_>, step: &Step) -> Result<Self, ServiceError> {
        if step.state == StepState::Signed {
            let request = scene.submitted(&step.request()?)?;
            let named = RequestRef::of(&request);
            return Ok(Self::Signed(request.asked, named));
        }
        match step.payload()? {
            Payload::SubmitRequest(asked) => Ok(Self::Request(asked)),
            Payload::ApproveRequest(approval) => {
                let request = scene.submitted(&approval.request)?;
                let named = RequestRef::of(&request);
                Ok(Self::Approval(approval, request.asked, named))
            }
            other => Err(ServiceError::fault("a step that waits takes one officer only", &other.name())),
        }
    }

    const fn asked(&self) -> &SubmitRequest {
        match self {
            Self::Request(asked) | Self::Approval(_, asked, _) | Self::Signed(asked, _) => asked,
        }
    }

    /// The step in a list.
    pub(super) fn row(&self, scene: &Scene<'_>, step: &Step) -> Result<WaitingRow, ServiceError> {
        let asked = self.asked();
        let offer = scene.offer(&asked.entry)?;
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
        };
        Ok(WaitingRow {
            id: step.id.clone(),
            kind: step.kind,
            state: step.state,
            entry: catalogue::reference(offer.asked()),
            department,
            purpose: asked.purpose.to_string(),
            items: items as u64,
            request,
            by: step.drafter.clone(),
            own: step.is_of(scene.officer),
            at: step.drafted_at,
            lapses_at: step.lapses_at(),
        })
    }

    fn requester(&self, scene: &Scene<'_>, step: &Step) -> Result<crate::names::DepartmentRef, ServiceError> {
        Ok(scene.names.of(scene.submitted(&step.request()?)?.requester.as_str()))
    }

    /// What will be signed.
    pub(super) fn content(&self, scene: &Scene<'_>) -> Result<Option<StepContent>, ServiceError> {
        let asked = self.asked();
        let offer = scene.offer(&asked.entry)?;
        let beyond = scene.over_asked(&asked.purpose, &asked.items);
        let items = |mask: &dyn Fn(&Item) -> (Option<MaskRule>, bool)| {
            let chosen = offer.asked().entry.items.iter().filter(|item| asked.items.contains(&item.code));
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
                })
            }
            Self::Signed(..) => None,
        })
    }
}
