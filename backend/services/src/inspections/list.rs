//! Lists of inspections: the own department's as an inspectorate, and those that looked at what it shares.

use ledger::ids::InspectionId;
use ledger::role::Role;
use ledger::views;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::audit_log::Event;
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::inspections::papers::{self, Paper};
use crate::inspections::standing::row;
use crate::inspections::view::{InspectionRow, InspectionState};
use crate::limits;
use crate::names::ms;
use crate::office::Office;
use crate::officer::Officer;
use crate::page::{Page, Wanted};
use crate::read_model::{self, ReadModel};
use crate::scene::Scene;

/// Inspections that the officer may know of, newest first; before them, for an inspector, the proposals that
/// wait. Each look at the list is noted.
///
/// # Errors
/// Refused `role.administers` for who keeps the machine; faults of ledger or the office's store.
pub async fn list(
    office: &Office,
    officer: &Officer,
    page: u64,
) -> Result<Page<InspectionRow>, ServiceError> {
    let decided = may_know(officer.role());
    let object = format!("inspections page={}", page.max(1));
    office.note_result(officer, Event::ListShow, &object, &decided).await?;
    decided?;
    let proposals = if inspects(office, officer) { papers::unopened(office).await? } else { Vec::new() };
    let found = listed(office.model(), inspects(office, officer), page).await?;
    let rows = office.scene(officer, |scene| {
        let first = if found.page == 1 { &*proposals } else { &[] };
        let waiting = first.iter().filter(|paper| paper.waits(ms(scene.now)));
        let mut rows: Vec<InspectionRow> = waiting.map(|paper| proposed(scene, paper)).collect();
        for kept in &found.rows {
            rows.extend(of_row(scene, kept)?);
        }
        Ok(rows)
    })?;
    Ok(found.with(rows))
}

/// Whether the officer is an inspector of an inspectorate.
pub(super) fn inspects(office: &Office, officer: &Officer) -> bool {
    officer.role() == Role::Inspector && office.own().inspectorate
}

/// Who keeps the machine sees nothing of what it is for; everybody else of the department looked at may know
/// of it, and its other two administrators are to.
pub(super) fn may_know(role: Role) -> Result<(), ServiceError> {
    if role == Role::SysAdmin { Err(ServiceError::refused(OfficeRefusal::RoleAdministers)) } else { Ok(()) }
}

/// Inspections of the own department, or those with looks at what is the own department's.
pub(super) async fn listed(
    model: ReadModel<'_>,
    inspects: bool,
    page: u64,
) -> Result<Page<SqliteRow>, ServiceError> {
    let wanted = Wanted::new(page, limits::ROWS_PER_PAGE);
    let total: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM j_inspection i WHERE (?2 AND i.department = ?1) OR EXISTS (
           SELECT 1 FROM j_look l WHERE l.inspection = i.id AND ?1 IN (l.requester, l.provider))",
    )
    .bind(model.own.as_str())
    .bind(inspects)
    .fetch_one(model.pool)
    .await?;
    let rows = sqlx::query(
        "SELECT i.id, i.department, COUNT(l.object) AS looks, MAX(l.at) AS last_look FROM j_inspection i
         LEFT JOIN j_look l ON l.inspection = i.id
           AND ((?2 AND i.department = ?1) OR ?1 IN (l.requester, l.provider))
         GROUP BY i.id HAVING (?2 AND i.department = ?1) OR COUNT(l.object) > 0
         ORDER BY i.at DESC, i.number DESC LIMIT ?3 OFFSET ?4",
    )
    .bind(model.own.as_str())
    .bind(inspects)
    .bind(wanted.limit())
    .bind(wanted.offset())
    .fetch_all(model.pool)
    .await?;
    Ok(wanted.filled(rows, total.unsigned_abs()))
}

fn of_row(scene: &Scene<'_>, kept: &SqliteRow) -> Result<Option<InspectionRow>, ServiceError> {
    let id = InspectionId(read_model::id(kept, "id")?);
    // The read model may be a block ahead of this view of the chain: leave such a row out.
    let Some(inspection) = views::inspection(scene.reads, &id)? else { return Ok(None) };
    Ok(Some(InspectionRow {
        looks: kept.try_get::<i64, _>("looks")?.unsigned_abs(),
        last_look: kept.try_get("last_look")?,
        ..row(scene, &inspection)
    }))
}

/// A proposal in a list.
pub(super) fn proposed(scene: &Scene<'_>, paper: &Paper) -> InspectionRow {
    let scope = match &paper.scope {
        ledger::inspection::InspectionScope::All => Vec::new(),
        ledger::inspection::InspectionScope::Departments(named) => {
            named.iter().map(|id| scene.names.of(id.as_str())).collect()
        }
    };
    InspectionRow {
        id: paper.id.to_string(),
        number: None,
        inspectorate: scene.names.of(scene.own().as_str()),
        scope,
        from: ms(paper.from),
        until: ms(paper.until),
        ends: ms(paper.ends),
        purpose: paper.purpose.to_string(),
        state: if paper.waits(ms(scene.now)) { InspectionState::Proposed } else { InspectionState::Dropped },
        at: paper.at,
        looks: 0,
        last_look: None,
        working: false,
    }
}

/// Proposals that wait for this inspector's word: those of colleagues.
pub(crate) async fn proposals_for(
    office: &Office,
    officer: &Officer,
) -> Result<Vec<InspectionRow>, ServiceError> {
    if !inspects(office, officer) {
        return Ok(Vec::new());
    }
    let papers = papers::unopened(office).await?;
    let now = office.now_ms();
    let others = papers.iter().filter(|paper| paper.staff != officer.staff() && paper.waits(now));
    office.scene(officer, |scene| Ok(others.map(|paper| proposed(scene, paper)).collect()))
}

/// How many proposals wait for this inspector's word.
pub(crate) async fn waiting(office: &Office, officer: &Officer) -> Result<u64, ServiceError> {
    if !inspects(office, officer) {
        return Ok(0);
    }
    let now = office.now_ms();
    let papers = papers::unopened(office).await?;
    Ok(papers.iter().filter(|paper| paper.staff != officer.staff() && paper.waits(now)).count() as u64)
}

/// Inspections of the own department whose time is over and whose conclusion is due.
pub(crate) fn concluded_due(scene: &Scene<'_>) -> Result<Vec<InspectionRow>, ServiceError> {
    let mut due = Vec::new();
    for id in views::inspections_running(scene.reads, scene.own())? {
        let found = views::inspection(scene.reads, &id)?.map(|inspection| row(scene, &inspection));
        due.extend(found.filter(|row| row.state == InspectionState::Ended));
    }
    Ok(due)
}

/// Inspections of others that looked at what is the own department's in the last days, newest look first.
pub(crate) async fn looked_at_lately(
    office: &Office,
    officer: &Officer,
) -> Result<Vec<InspectionRow>, ServiceError> {
    let model = office.model();
    let rows = sqlx::query(
        "SELECT i.id, i.department, COUNT(l.object) AS looks, MAX(l.at) AS last_look FROM j_look l
         JOIN j_inspection i ON i.id = l.inspection
         WHERE ?1 IN (l.requester, l.provider) AND i.department <> ?1
         GROUP BY i.id HAVING MAX(l.at) >= ?2 ORDER BY MAX(l.at) DESC LIMIT ?3",
    )
    .bind(model.own.as_str())
    .bind(model.now - limits::INSPECTED_DAYS * limits::DAY_MS)
    .bind(i64::try_from(limits::HOME_ROWS).unwrap_or(i64::MAX))
    .fetch_all(model.pool)
    .await?;
    office.scene(officer, |scene| {
        let mut found = Vec::new();
        for kept in &rows {
            found.extend(of_row(scene, kept)?);
        }
        Ok(found)
    })
}
