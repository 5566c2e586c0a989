//! Drafting: the first officer's act, judged and noted like any other, and kept until another signs.

use exchange::Query;
use gm::sm3::Digest;
use ledger::transaction::Payload;
use ledger::wire::to_bytes;
use sqlx::Row as _;

use crate::act::Act;
use crate::codes::OfficeRefusal;
use crate::countersigning::question::Question;
use crate::countersigning::step::StepKind;
use crate::countersigning::view::Drafted;
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::scene::Scene;

/// A step about to be kept.
struct Draft<'a> {
    kind: StepKind,
    form_id: &'a [u8; 32],
    object: &'a str,
    /// The digest of what the form said.
    said: Digest,
}

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
    let draft = Draft { kind, form_id: act.form_id(), object: act.object(), said: *act.said() };
    if let Some(known) = draft.known(office, officer).await? {
        return Ok(known);
    }
    office.not_behind()?;
    let mut decided = office.scene(officer, judge);
    if decided.is_ok()
        && let Err(no) = draft.room(office).await
    {
        decided = Err(no);
    }
    office.note_result(officer, act.event(), act.about(&decided), &decided).await?;
    draft.keep(office, officer, &to_bytes(&decided?)).await
}

/// The step that the form of a query is already.
///
/// # Errors
/// Refused `form.used`, `form.changed`; faults.
pub(crate) async fn drafted_query(
    office: &Office,
    officer: &Officer,
    query: &Query,
) -> Result<Option<Drafted>, ServiceError> {
    let object = query.grant.to_string();
    let said = Question::of(query).said(office);
    Draft { kind: StepKind::Query, form_id: &query.form_id, object: &object, said }
        .known(office, officer)
        .await
}

/// Keeps a query that was judged and noted for a second officer. It names a citizen: what is kept lies under the
/// store key.
///
/// # Errors
/// Refused `step.full`; faults.
pub(crate) async fn draft_query(
    office: &Office,
    officer: &Officer,
    query: &Query,
) -> Result<Drafted, ServiceError> {
    let (object, question) = (query.grant.to_string(), Question::of(query));
    let said = question.said(office);
    let draft = Draft { kind: StepKind::Query, form_id: &query.form_id, object: &object, said };
    draft.room(office).await?;
    draft.keep(office, officer, &question.seal(office, &query.form_id)?).await
}

impl Draft<'_> {
    /// Keeps it. Of two clicks at once, and of two colleagues about one request, one is kept.
    async fn keep(&self, office: &Office, officer: &Officer, input: &[u8]) -> Result<Drafted, ServiceError> {
        let now = office.now_ms();
        sqlx::query(
            "INSERT OR IGNORE INTO waiting_step
               (id, kind, object, said, input, staff, role, drafted_at, lapses_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(self.form_id.as_slice())
        .bind(self.kind.code())
        .bind(self.object)
        .bind(self.said.0.as_slice())
        .bind(input)
        .bind(officer.staff())
        .bind(officer.role().code())
        .bind(now)
        .bind(now + self.kind.wait_ms())
        .execute(office.pool())
        .await?;
        self.known(office, officer).await?.ok_or(ServiceError::refused(OfficeRefusal::StepWaits))
    }

    /// The step that this form is already.
    async fn known(&self, office: &Office, officer: &Officer) -> Result<Option<Drafted>, ServiceError> {
        let row = sqlx::query("SELECT staff, said FROM waiting_step WHERE id = ?")
            .bind(self.form_id.as_slice())
            .fetch_optional(office.pool())
            .await?;
        let Some(row) = row else { return Ok(None) };
        if row.try_get::<i64, _>("staff")? != officer.staff() {
            return Err(ServiceError::refused(OfficeRefusal::FormUsed));
        }
        if row.try_get::<Vec<u8>, _>("said")? != self.said.0 {
            return Err(ServiceError::refused(OfficeRefusal::FormChanged));
        }
        Ok(Some(Drafted { id: hex::encode(self.form_id) }))
    }

    /// Whether another step may wait, and this one about its object.
    async fn room(&self, office: &Office) -> Result<(), ServiceError> {
        let (all, alike): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(*), COUNT(*) FILTER (WHERE kind = ? AND object = ? AND state = 'waiting')
             FROM waiting_step WHERE state <> 'signed'",
        )
        .bind(self.kind.code())
        .bind(self.object)
        .fetch_one(office.pool())
        .await?;
        if alike > 0 && self.kind != StepKind::Query {
            return Err(ServiceError::refused(OfficeRefusal::StepWaits));
        }
        if all >= limits::WAITING_STEPS_MAX {
            return Err(ServiceError::refused(OfficeRefusal::StepFull));
        }
        Ok(())
    }
}
