//! One receipt in full, and its evidence: who may look is decided, and each look is noted.

use exchange::{Papers, WordOf};
use ledger::ids::QueryId;
use ledger::inspection::Sight;
use ledger::views;

use crate::audit_log::Event;
use crate::catalogue::{self, Group};
use crate::error::ServiceError;
use crate::inspections;
use crate::names::PlaceView;
use crate::office::Office;
use crate::officer::Officer;
use crate::receipts::facts;
use crate::receipts::view::{EvidenceFile, OwnQuery, RecordView, RecordWord};
use crate::scene::{Party, Scene};
use crate::staff;

/// One record with its checks, made here and now.
///
/// # Errors
/// Not found; denied for who is neither party nor inspector.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<RecordView, ServiceError> {
    let query: QueryId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let decided = may_look(office, officer, &query).await;
    let party =
        inspections::note_look(office, officer, Event::RecordShow, Sight::Record(query), decided).await?;
    let mut view = facts::show(office, &query, papers(office, &query).await?).await?;
    view.word = word(office, &query).await?;
    if view.row.requester.own {
        view.own = own_query(office, officer, &query).await?;
    }
    view.looks = office.scene(officer, |scene| inspections::looks_at(scene, query.as_bytes(), &party))?;
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
        Ok(party) => staff::stepped_up(office, officer).map(|()| party),
        Err(error) => Err(error),
    };
    inspections::note_look(office, officer, Event::EvidenceExport, Sight::Record(query), decided).await?;
    let file = facts::evidence_of(office, &query, papers(office, &query).await?)?;
    // It took a while to read and to check: a lock meanwhile stops the download.
    staff::still(office, officer).await?;
    Ok(file)
}

/// What the own department, if it asked, adds to the evidence: commitments, never the citizen.
async fn papers(office: &Office, query: &QueryId) -> Result<Option<Papers>, ServiceError> {
    Ok(office.exchange().papers(query).await?)
}

/// Whose word the officer is, as far as the own department is a party and still has the papers.
async fn word(office: &Office, query: &QueryId) -> Result<Option<RecordWord>, ServiceError> {
    Ok(office.exchange().word_of(query).await?.map(|word| match word {
        WordOf::Department(assurance) => RecordWord::Department(assurance),
        WordOf::Officer(papers) => RecordWord::Officer {
            root: papers.roster.root.to_string(),
            anchored: PlaceView::from(&papers.roster.anchored),
        },
    }))
}

/// Decides whether the officer may look.
async fn may_look(office: &Office, officer: &Officer, query: &QueryId) -> Result<Party, ServiceError> {
    let groups = catalogue::groups(office.model()).await?;
    office.scene(officer, |scene| may_see(scene, query, &groups))
}

/// A party sees its record, who inspects its entry too. Denied under a grant that nobody knows: whoever
/// inspects any entry of the provider looks at it, as the log shows it to them.
pub(super) fn may_see(scene: &Scene<'_>, query: &QueryId, groups: &[Group]) -> Result<Party, ServiceError> {
    let record = views::record(scene.reads, query)?.ok_or(ServiceError::NotFound)?;
    let ticket = &record.ticket;
    if scene.is_party(&ticket.requester, &ticket.provider)
        || views::grant(scene.reads, &ticket.grant)?.is_some()
    {
        return scene.party_of_record(&record);
    }
    let open = catalogue::open_to_inspect(scene, groups)?;
    if !open.providers.contains(&ticket.provider) {
        return Err(ServiceError::NotFound);
    }
    scene.warrant(&ticket.requester, &ticket.provider, record.span()).map(Party::Inspector)
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
