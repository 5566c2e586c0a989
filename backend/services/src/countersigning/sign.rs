//! Countersigning: the second officer is judged at the same door and signs what the first drafted.

use ledger::refusal::Refusal;
use ledger::request::{ApproveRequest, SubmitRequest};
use ledger::transaction::Payload;
use serde::Serialize;

use crate::act::{self, Act, Submitted};
use crate::audit_log::Event;
use crate::codes::OfficeRefusal;
use crate::countersigning::step::{Step, StepKind, StepState};
use crate::error::ServiceError;
use crate::office::Office;
use crate::officer::Officer;
use crate::scene::Scene;
use crate::{requests, staff};

/// What a countersigned step became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countersigned {
    /// What it was.
    pub kind: StepKind,
    /// The request it made or decided.
    pub object: String,
    /// The request or grant it became.
    pub made: String,
    /// The transaction; none when it was signed before.
    pub submitted: Option<Submitted>,
}

/// What the second officer agrees to: a step cannot be changed, so that its id says it all.
#[derive(Serialize)]
struct SignInput<'a> {
    step: &'a str,
}

/// Countersigns a step and waits until it is on the chain. A second click gives the same answer.
///
/// # Errors
/// Not found; refused `request.one-person`, `role.wrong`, `step.not-waiting`, `step.drafter-gone`, `step-up.due`,
/// `step-up.none`, or by the ledger; denied by policy; behind; lapsed.
pub async fn sign(office: &Office, officer: &Officer, id: &str) -> Result<Countersigned, ServiceError> {
    let step = Step::of(office, officer, id).await?;
    if step.state == StepState::Signed && step.second.as_ref().is_some_and(|(by, _)| *by == officer.staff()) {
        let Step { kind, object, made, .. } = step;
        return Ok(Countersigned { kind, object, made, submitted: None });
    }
    let event = match step.kind {
        StepKind::Request => Event::RequestSubmit,
        StepKind::Approval => Event::RequestApprove,
    };
    let stands = staff::acts_in(office, step.staff, step.role).await?;
    let act = Act::new(event, &step.object, &step.id, &SignInput { step: &step.id })?;
    let judge = |scene: &Scene<'_>| {
        let payload = countersigned(scene, &step, stands)?;
        match step.kind {
            StepKind::Request => staff::stepped_up_if_able(office, officer)?,
            StepKind::Approval => staff::stepped_up(office, officer)?,
        }
        Ok(payload)
    };
    let submitted = act::take(office, officer, act, judge).await?;
    let made = match step.kind {
        StepKind::Request => submitted.id.clone(),
        // A grant is named by the transaction that made it.
        StepKind::Approval => submitted.tx.clone(),
    };
    sqlx::query("UPDATE waiting_step SET state = 'signed', input = x'', second = ?, made = ? WHERE id = ?")
        .bind(officer.staff())
        .bind(&made)
        .bind(&step.key)
        .execute(office.pool())
        .await?;
    Ok(Countersigned { kind: step.kind, object: step.object, made, submitted: Some(submitted) })
}

/// What this officer would sign now, or why not. `stands`: whether who drafted it may still act.
pub(super) fn countersigned(scene: &Scene<'_>, step: &Step, stands: bool) -> Result<Payload, ServiceError> {
    if step.state != StepState::Waiting {
        return Err(ServiceError::refused(OfficeRefusal::StepNotWaiting));
    }
    if step.is_of(scene.officer) {
        return Err(ServiceError::refused(Refusal::RequestOnePerson));
    }
    if !scene.officer.role().countersigns(step.role) {
        return Err(ServiceError::refused(Refusal::RoleWrong));
    }
    if !stands {
        return Err(ServiceError::refused(OfficeRefusal::StepDrafterGone));
    }
    let request = step.request()?;
    let second = scene.by(request.as_bytes());
    match step.payload()? {
        Payload::SubmitRequest(asked) => {
            requests::open_to_ask(scene, &asked)?;
            Ok(Payload::SubmitRequest(SubmitRequest { second, ..asked }))
        }
        Payload::ApproveRequest(approval) => {
            requests::open_to_approve(scene, &approval)?;
            let policy_versions = scene.versions();
            Ok(Payload::ApproveRequest(ApproveRequest { second, policy_versions, ..approval }))
        }
        other => Err(ServiceError::fault("a step that waits takes one officer only", &other.name())),
    }
}
