//! Back from the second officer to the first, or out of the office again.

use crate::audit_log::Event;
use crate::codes::OfficeRefusal;
use crate::countersigning::step::{Step, StepState};
use crate::error::ServiceError;
use crate::fields::plain;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use ledger::refusal::Refusal;

/// What the form of a step that is sent back says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendBackInput {
    /// Why, for the colleague who drafted it.
    pub reason: String,
}

/// Takes a step back: who drafted it wipes it, signed by nobody.
///
/// # Errors
/// Not found; refused `step.not-yours`, `step.not-waiting`.
pub async fn take_back(office: &Office, officer: &Officer, id: &str) -> Result<(), ServiceError> {
    let step = Step::of(office, officer, id).await?;
    let allowed = if !step.is_of(officer) {
        Err(ServiceError::refused(OfficeRefusal::StepNotYours))
    } else if step.state == StepState::Signed {
        Err(ServiceError::refused(OfficeRefusal::StepNotWaiting))
    } else {
        Ok(())
    };
    office.note_result(officer, Event::StepTakeBack, &step.object, &allowed).await?;
    allowed?;
    let wiped = sqlx::query("DELETE FROM waiting_step WHERE id = ? AND state <> 'signed'")
        .bind(&step.key)
        .execute(office.pool())
        .await?;
    if wiped.rows_affected() == 1 { Ok(()) } else { Err(not_waiting()) }
}

/// Sends a step back to who drafted it, with a reason.
///
/// # Errors
/// Not found; the reason is wrong; refused `request.one-person`, `step.not-waiting`.
pub async fn send_back(
    office: &Office,
    officer: &Officer,
    id: &str,
    input: SendBackInput,
) -> Result<(), ServiceError> {
    let step = Step::of(office, officer, id).await?;
    let reason = plain(&input.reason, limits::REASON_CHARS_MAX);
    let allowed = if step.is_of(officer) {
        Err(ServiceError::refused(Refusal::RequestOnePerson))
    } else if step.state != StepState::Waiting {
        Err(not_waiting())
    } else {
        reason.map_err(|code| ServiceError::field("reason", code))
    };
    office.note_result(officer, Event::StepSendBack, &step.object, &allowed).await?;
    let sent = sqlx::query(
        "UPDATE waiting_step SET state = 'sent-back', second = ?, reason = ?
         WHERE id = ? AND state = 'waiting'",
    )
    .bind(officer.staff())
    .bind(allowed?)
    .bind(&step.key)
    .execute(office.pool())
    .await?;
    if sent.rows_affected() == 1 { Ok(()) } else { Err(not_waiting()) }
}

fn not_waiting() -> ServiceError {
    ServiceError::refused(OfficeRefusal::StepNotWaiting)
}
