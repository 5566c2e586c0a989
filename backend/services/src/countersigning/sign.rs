//! Countersigning: the second officer is judged at the same door and signs what the first drafted.

use std::collections::BTreeSet;

use ledger::ids::ItemCode;
use ledger::refusal::Refusal;
use ledger::request::{ApproveRequest, SubmitRequest};
use ledger::seal::Seals;
use ledger::transaction::Payload;
use serde::Serialize;

use crate::act::{self, Act, Submitted};
use crate::audit_log::Event;
use crate::codes::OfficeRefusal;
use crate::countersigning::question::Question;
use crate::countersigning::seal;
use crate::countersigning::step::{Step, StepKind, StepState};
use crate::error::ServiceError;
use crate::office::Office;
use crate::officer::{About, Officer};
use crate::scene::Scene;
use crate::staff::{Drafter, roster};
use crate::{queries, requests, staff};

/// What a countersigned step became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countersigned {
    /// What it was.
    pub kind: StepKind,
    /// The request it made or decided, the grant a query was asked under.
    pub object: String,
    /// The request, grant or query it became.
    pub made: String,
    /// The transaction; none for a query, and when it was signed before.
    pub submitted: Option<Submitted>,
}

/// What the second officer agrees to: a step cannot be changed, so that its id says it all.
#[derive(Serialize)]
struct SignInput<'a> {
    step: &'a str,
}

/// Countersigns a step and waits until it is on the chain. A second click gives the same answer. `answer`: the
/// officer's own signature, where [`super::show()`] asks for it.
///
/// # Errors
/// Not found; the field `answer` is wrong; refused `request.one-person`, `role.wrong`, `step.not-waiting`,
/// `step.drafter-gone`, `step.unsealed`, `step.drafter-not-on`, `roster.not-on`, `step-up.due`, `step-up.none`, or by the ledger; denied by policy; behind; lapsed.
pub async fn sign(
    office: &Office,
    officer: &Officer,
    id: &str,
    answer: &str,
) -> Result<Countersigned, ServiceError> {
    let step = Step::of(office, officer, id).await?;
    if step.state == StepState::Signed && step.second.as_ref().is_some_and(|(by, _)| *by == officer.staff()) {
        let Step { kind, object, made, .. } = step;
        return Ok(Countersigned { kind, object, made, submitted: None });
    }
    let drafter = staff::drafter(office, step.staff, step.role).await?;
    // What is wrong with it is told after all else, and noted with it.
    let seals = seal::seals(office, officer, &step, answer).await;
    let stands = drafter.is_some();
    let (made, submitted) = match step.kind {
        StepKind::Request => {
            let submitted = submit(office, officer, &step, Event::RequestSubmit, stands, seals).await?;
            (submitted.id.clone(), Some(submitted))
        }
        StepKind::Approval => {
            let submitted = submit(office, officer, &step, Event::RequestApprove, stands, seals).await?;
            // A grant is named by the transaction that made it.
            (submitted.tx.clone(), Some(submitted))
        }
        StepKind::Query => (ask(office, officer, &step, drafter).await?, None),
    };
    sqlx::query("UPDATE waiting_step SET state = 'signed', input = x'', seal = NULL, second = ?, made = ? WHERE id = ?")
        .bind(officer.staff())
        .bind(&made)
        .bind(&step.key)
        .execute(office.pool())
        .await?;
    Ok(Countersigned { kind: step.kind, object: step.object, made, submitted })
}

/// Signs what two officers drafted and countersigned for the department, and waits until it is on the chain.
async fn submit(
    office: &Office,
    officer: &Officer,
    step: &Step,
    event: Event,
    stands: bool,
    seals: Result<Option<Seals>, ServiceError>,
) -> Result<Submitted, ServiceError> {
    let act = Act::new(event, &step.object, &step.id, &SignInput { step: &step.id })?;
    let judge = |scene: &Scene<'_>| {
        let payload = countersigned(scene, step, stands)?;
        match step.kind {
            StepKind::Approval => staff::stepped_up(office, officer)?,
            StepKind::Request | StepKind::Query => staff::stepped_up_if_able(office, officer)?,
        }
        Ok(seal::with_seals(payload, seals?))
    };
    act::take(office, officer, act, judge).await
}

/// Asks what the first officer drafted, now that this one confirmed it; in the first one's name.
async fn ask(
    office: &Office,
    officer: &Officer,
    step: &Step,
    drafter: Option<Drafter>,
) -> Result<String, ServiceError> {
    office.not_behind()?;
    if step.state != StepState::Waiting {
        return Err(ServiceError::refused(OfficeRefusal::StepNotWaiting));
    }
    let (grant, question) = (step.grant()?, Question::open(office, step)?);
    let mut about = About::from(&grant);
    about.items = question.items.iter().map(ToString::to_string).collect();
    let judged = office.scene(officer, |scene| {
        about.purpose = scene.grant(&grant)?.purpose.to_string();
        confirmed(scene, step, &question.items, drafter.is_some())?;
        staff::stepped_up_if_able(office, officer)
    });
    // The grant, its items and purpose, never the person or the case.
    office.note_result(officer, Event::QueryAsk, about, &judged).await?;
    judged?;
    let drafter = drafter.ok_or(ServiceError::refused(OfficeRefusal::StepDrafterGone))?;
    let proof = match &question.signature {
        Some(signature) => Some(roster::proof_of(office, step.staff, step.role, *signature).await?),
        None => None,
    };
    let query = question.query(step, grant, &drafter, proof)?;
    let bureau = office.bureau();
    let officers =
        |nonce: &[u8; 32]| (bureau.pseudonym(nonce, &drafter.staff_id), officer.by(bureau, nonce).pseudonym);
    queries::ask_seconded(office, officer, query, officers).await
}

/// Whether this officer may confirm a query for these items now.
pub(super) fn confirmed(
    scene: &Scene<'_>,
    step: &Step,
    items: &BTreeSet<ItemCode>,
    stands: bool,
) -> Result<(), ServiceError> {
    may_be_second(scene, step, stands)?;
    // The second officer's own sign-in counts here: it is told to nobody.
    queries::open_to_ask(scene, scene.officer.assurance(), &step.grant()?, items)
}

/// Whether the officer is another person in a role for it, and who drafted it may still act.
fn may_be_second(scene: &Scene<'_>, step: &Step, stands: bool) -> Result<(), ServiceError> {
    if step.state != StepState::Waiting {
        return Err(ServiceError::refused(OfficeRefusal::StepNotWaiting));
    }
    if step.is_of(scene.officer) {
        return Err(ServiceError::refused(Refusal::RequestOnePerson));
    }
    if !scene.officer.role().countersigns(step.role) {
        return Err(ServiceError::refused(Refusal::RoleWrong));
    }
    if stands { Ok(()) } else { Err(ServiceError::refused(OfficeRefusal::StepDrafterGone)) }
}

/// What this officer would sign now, or why not. `stands`: whether who drafted it may still act.
pub(super) fn countersigned(scene: &Scene<'_>, step: &Step, stands: bool) -> Result<Payload, ServiceError> {
    may_be_second(scene, step, stands)?;
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
