//! Receipts: the records in which the own department asked or answered, and any record in full.
//!
//! A party sees its own records. Others are shown to an inspector of an inspectorate alone, and each
//! look is noted before anything is shown.

use exchange::Papers;
use ledger::ids::{DepartmentId, QueryId};
use ledger::views;

use crate::audit_log::Event;
use crate::door::{self, Door};
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::page::{Page, Wanted};
use crate::queries::exchange_fault;
use crate::record::{self, EvidenceFile, OwnEnquiry, RecordRow, RecordView};
use crate::requests::Side;
use crate::staff::Officer;

/// Records of the own department, newest first.
///
/// # Errors
/// Faults of ledger or records.
pub async fn list(
    office: &Office,
    _officer: &Officer,
    side: Side,
    page: u64,
) -> Result<Page<RecordRow>, ServiceError> {
    let wanted = Wanted::new(page, limits::ROWS_PER_PAGE);
    let own = office.own().id.as_str();
    let (count, select) = match side {
        Side::Sent => (
            "SELECT COUNT(*) FROM j_record WHERE requester = ?",
            "SELECT * FROM j_record WHERE requester = ? ORDER BY at DESC, place DESC LIMIT ? OFFSET ?",
        ),
        Side::Received => (
            "SELECT COUNT(*) FROM j_record WHERE provider = ?",
            "SELECT * FROM j_record WHERE provider = ? ORDER BY at DESC, place DESC LIMIT ? OFFSET ?",
        ),
    };
    let total: i64 = sqlx::query_scalar(count).bind(own).fetch_one(office.pool()).await?;
    let found = sqlx::query(select)
        .bind(own)
        .bind(wanted.limit())
        .bind(wanted.offset())
        .fetch_all(office.pool())
        .await?;
    Ok(wanted.filled(record::rows(office, &found)?, total.unsigned_abs()))
}

/// One record with its checks, made here and now.
///
/// # Errors
/// Not found; denied for who is neither party nor inspector.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<RecordView, ServiceError> {
    let query: QueryId = id.parse().map_err(|_| ServiceError::NotFound)?;
    look(office, officer, &query, Event::RecordShow).await?;
    let mut view = record::show(office, &query, papers(office, &query).await?).await?;
    if view.row.requester.own {
        view.own = own_enquiry(office, officer, &query).await?;
    }
    Ok(view)
}

/// The evidence of a record, to be checked by anyone offline.
///
/// # Errors
/// As [`show`].
pub async fn evidence(office: &Office, officer: &Officer, id: &str) -> Result<EvidenceFile, ServiceError> {
    let query: QueryId = id.parse().map_err(|_| ServiceError::NotFound)?;
    look(office, officer, &query, Event::EvidenceExport).await?;
    record::evidence_of(office, &query, papers(office, &query).await?)
}

/// What the own department, if it asked, adds to the evidence: commitments, never the citizen.
async fn papers(office: &Office, query: &QueryId) -> Result<Option<Papers>, ServiceError> {
    office.exchange().papers(query).await.map_err(exchange_fault)
}

/// Decides whether the officer may look, and notes it.
async fn look(office: &Office, officer: &Officer, query: &QueryId, event: Event) -> Result<(), ServiceError> {
    let decided = office.node().read(|snapshot| {
        let record = views::record(snapshot, query)?.ok_or(ServiceError::NotFound)?;
        let own = office.department();
        let parties: [&DepartmentId; 2] = [&record.ticket.requester, &record.ticket.provider];
        if parties.contains(&own) {
            return Ok(());
        }
        let door = Door::open(office, officer, snapshot)?;
        let provider = door::department(snapshot, &record.ticket.provider)?;
        door::pass(access::Action::Inspect, door.inspect(&provider)?).map(drop)
    });
    let outcome = decided.as_ref().map_or_else(ServiceError::outcome, |()| "ok".to_owned());
    office.note(officer, event, &query.to_string(), &outcome).await?;
    decided
}

/// What the own department knows of its enquiry: the colleague, and for that colleague the case.
async fn own_enquiry(
    office: &Office,
    officer: &Officer,
    query: &QueryId,
) -> Result<Option<OwnEnquiry>, ServiceError> {
    let found = office.exchange().enquiry(query).await.map_err(exchange_fault)?;
    let Some(enquiry) = found else { return Ok(None) };
    let is_mine = enquiry.asker.account == officer.account();
    let asked_by: Option<String> = sqlx::query_scalar("SELECT name FROM staff WHERE account = ?")
        .bind(&enquiry.asker.account)
        .fetch_optional(office.pool())
        .await?;
    Ok(Some(OwnEnquiry { asked_by, case_no: Some(enquiry.case_no).filter(|_| is_mine), is_mine }))
}
