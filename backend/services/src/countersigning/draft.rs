//! Drafting: the first officer's act, judged and noted like any other, and kept until another signs.

use ledger::transaction::Payload;
use ledger::wire::to_bytes;
use sqlx::Row as _;

use crate::act::Act;
use crate::codes::OfficeRefusal;
use crate::countersigning::step::StepKind;
use crate::countersigning::view::Drafted;
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::scene::Scene;

/// Keeps a step for a second officer, once: a form sent again is the same step. `judge` reads the scene and says
/// what will be signed, or why not, so that mistakes are told at once.
///
/// # Errors
/// Refused `form.used` by someone else, `form.changed` when it said something else before, `step.waits`,
/// `step.full`; what `judge` says; behind; faults.
pub(crate) async fn draft(
    office: &Office,
    officer: &Officer,
    kind: StepKind,
    act: Act<'_>,
    judge: impl FnOnce(&Scene<'_>) -> Result<Payload, ServiceError>,
) -> Result<Drafted, ServiceError> {
    if let Some(known) = known(office, officer, &act).await? {
        return Ok(known);
    }
    office.not_behind()?;
    let mut decided = office.scene(officer, judge);
    if decided.is_ok()
        && let Err(no) = room(office, kind, act.object()).await
    {
        decided = Err(no);
    }
    office.note_result(officer, act.event(), act.about(&decided), &decided).await?;
    let input = to_bytes(&decided?);
    // Of two clicks at once, and of two colleagues about one request, one is kept.
    sqlx::query(
        "INSERT OR IGNORE INTO waiting_step (id, kind, object, said, input, staff, role, drafted_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(act.form_id().as_slice())
    .bind(kind.code())
    .bind(act.object())
    .bind(act.said().0.as_slice())
    .bind(input)
    .bind(officer.staff())
    .bind(officer.role().code())
    .bind(office.now_ms())
    .execute(office.pool())
    .await?;
    known(office, officer, &act).await?.ok_or(ServiceError::refused(OfficeRefusal::StepWaits))
}

/// The step that this form is already.
async fn known(office: &Office, officer: &Officer, act: &Act<'_>) -> Result<Option<Drafted>, ServiceError> {
    let row = sqlx::query("SELECT staff, said FROM waiting_step WHERE id = ?")
        .bind(act.form_id().as_slice())
        .fetch_optional(office.pool())
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<i64, _>("staff")? != officer.staff() {
        return Err(ServiceError::refused(OfficeRefusal::FormUsed));
    }
    if row.try_get::<Vec<u8>, _>("said")? != act.said().0 {
        return Err(ServiceError::refused(OfficeRefusal::FormChanged));
    }
    Ok(Some(Drafted { id: hex::encode(act.form_id()) }))
}

/// Whether another step may wait, and this one about its object.
async fn room(office: &Office, kind: StepKind, object: &str) -> Result<(), ServiceError> {
    let (all, alike): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE kind = ? AND object = ? AND state = 'waiting')
         FROM waiting_step WHERE state <> 'signed'",
    )
    .bind(kind.code())
    .bind(object)
    .fetch_one(office.pool())
    .await?;
    if alike > 0 {
        return Err(ServiceError::refused(OfficeRefusal::StepWaits));
    }
    if all >= limits::WAITING_STEPS_MAX {
        return Err(ServiceError::refused(OfficeRefusal::StepFull));
    }
    Ok(())
}
