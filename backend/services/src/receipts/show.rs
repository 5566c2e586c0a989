//! One receipt in full, and its evidence: who may look is decided, and each look is noted.

use exchange::Papers;
use ledger::ids::QueryId;
use ledger::views;

use crate::audit_log::Event;
use crate::catalogue::{self, Group};
use crate::error::ServiceError;
use crate::office::Office;
use crate::officer::Officer;
use crate::receipts::facts;
use crate::receipts::view::{EvidenceFile, OwnQuery, RecordView};
use crate::scene::Scene;
use crate::staff;

/// One record with its checks, made here and now.
///
/// # Errors
/// Not found; denied for who is neither party nor inspector.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<RecordView, ServiceError> {
    let query: QueryId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let decided = may_look(office, officer, &query).await;
    office.note_result(officer, Event::RecordShow, &query, &decided).await?;
    decided?;
    let mut view = facts::show(office, &query, papers(office, &query).await?).await?;
    if view.row.requester.own {
        view.own = own_query(office, officer, &query).await?;
    }
    Ok(view)
}

/// The evidence of a record, to be checked by anyone offline.
///
/// # Errors
/// As [`show`]; refused `step-up.due`, `step-up.none`, and `session.ended` when the officer may work no more by
/// the time it is made.
pub async fn evidence(office: &Office, officer: &Officer, id: &str) -> Result<EvidenceFile, ServiceError> {
    let query: QueryId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let decided = match may_look(office, officer, &query).await {
        Ok(()) => staff::stepped_up(office, officer),
        Err(error) => Err(error),
    };
    office.note_result(officer, Event::EvidenceExport, &query, &decided).await?;
    decided?;
    let file = facts::evidence_of(office, &query, papers(office, &query).await?)?;
    // It took a while to read and to check: a lock meanwhile stops the download.
    Ok(file)
}

/// What the own department, if it asked, adds to the evidence: commitments, never the citizen.
async fn papers(office: &Office, query: &QueryId) -> Result<Option<Papers>, ServiceError> {
    Ok(office.exchange().papers(query).await?)
}

/// Decides whether the officer may look.
async fn may_look(office: &Office, officer: &Officer, query: &QueryId) -> Result<(), ServiceError> {
    let groups = catalogue::groups(office.model()).await?;
    office.scene(officer, |scene| may_see(scene, query, &groups))
}

/// A party sees its record, who inspects its entry too. Denied under a grant that nobody knows: whoever
/// inspects any entry of the provider looks at it, as the log shows it to them.
pub(super) fn may_see(scene: &Scene<'_>, query: &QueryId, groups: &[Group]) -> Result<(), ServiceError> {
    let ticket = views::record(scene.reads, query)?.ok_or(ServiceError::NotFound)?.ticket;
    if scene.is_party(&ticket.requester, &ticket.provider)
        || views::grant(scene.reads, &ticket.grant)?.is_some()
    {
        return scene.party_of_record(&ticket).map(drop);
    }
    let open = catalogue::open_to_inspect(scene, groups)?;
    if open.providers.contains(&ticket.provider) { Ok(()) } else { Err(ServiceError::NotFound) }
}

/// What the own department knows of its query: the colleague, and for that colleague the case.
async fn own_query(
    office: &Office,
    officer: &Officer,
    query: &QueryId,
) -> Result<Option<OwnQuery>, ServiceError> {
    let found = office.exchange().query(query).await?;
    let Some(query) = found else { return Ok(None) };
    let is_mine = query.asker.account == officer.account();
    let asked_by: Option<String> = sqlx::query_scalar("SELECT name FROM staff WHERE account = ?")
        .bind(&query.asker.account)
        .fetch_optional(office.pool())
        .await?;
    Ok(Some(OwnQuery { asked_by, case_no: Some(query.case_no).filter(|_| is_mine), is_mine }))
}

#[cfg(test)]
mod tests;
