//! From a block to rows of the read model. Only what the block and the chain's state say; no clock,
//! no randomness: filling it twice gives the same rows.

use ledger::block::Block;
use ledger::catalogue::PublishedEntry;
use ledger::grant::Grant;
use ledger::history::LedgerRead;
use ledger::ids::{DepartmentId, GrantId, InspectionId, QueryId, RequestId, TxId};
use ledger::inspection::{Inspection, Sight};
use ledger::receipt::{DeliveryOutcome, Record, RecordKind};
use ledger::request::{Request, RequestStatus};
use ledger::state::{ReadFault, StateRead};
use ledger::transaction::{Payload, Signed};
use ledger::views;
use sqlx::SqliteConnection;

use crate::deadline;
use crate::inspections::{self, SightKind};
use crate::names::{mode_bit, ms};

/// A change of the read model.
pub(crate) enum Change {
    /// An entry was published.
    Entry { published: Box<PublishedEntry>, body: String },
    /// A request was submitted.
    Request(Box<Request>),
    /// A request was decided or taken back.
    Decided { request: RequestId, status: &'static str, at: i64, grant: Option<GrantId> },
    /// A grant was made.
    Grant(Box<Grant>),
    /// A grant was revoked.
    Revoked { grant: GrantId, at: i64 },
    /// An access was recorded.
    Record { record: Box<Record>, place: u32, provinces: [String; 2], entry: Option<(String, u32)> },
    /// An inspection was opened.
    Inspection(Box<Inspection>),
    /// An inspection was closed.
    Concluded { inspection: InspectionId, at: i64 },
    /// Something was looked at for the first time in an inspection.
    Look { inspection: InspectionId, sight: Sight, at: i64, parties: [DepartmentId; 2] },
    /// A block added to the receipt log.
    Logged { height: i64 },
    /// An answer was acknowledged.
    Delivered { query: QueryId, outcome: DeliveryOutcome, at: i64 },
}

/// What a block changes. Numbers and names that do not change later are read from the head's state.
pub(crate) fn changes(reads: &dyn LedgerRead, block: &Block) -> Result<Vec<Change>, ReadFault> {
    let mut changes = Vec::new();
    let at = ms(block.header.time);
    for (place, signed) in (0u32..).zip(&block.transactions) {
        of_transaction(reads, signed, place, at, &mut changes)?;
    }
    if block.transactions.iter().any(|signed| signed.body.payload.is_logged()) {
        changes.push(Change::Logged { height: number(block.header.height.0) });
    }
    Ok(changes)
}

fn of_transaction(
    reads: &dyn LedgerRead,
    signed: &Signed,
    place: u32,
    at: i64,
    changes: &mut Vec<Change>,
) -> Result<(), ReadFault> {
    match &signed.body.payload {
        Payload::Publish(entry) => {
            if let Some(published) = views::entry(reads, &entry.id)? {
                let body = body(reads, &published)?;
                changes.push(Change::Entry { published: Box::new(published), body });
            }
        }
        Payload::SubmitRequest(_) => {
            let request = views::request(reads, &signed.body.request_id())?;
            changes.extend(request.map(|request| Change::Request(Box::new(request))));
        }
        Payload::ApproveRequest(step) => {
            let id = GrantId::from(signed.id());
            changes.push(decided(step.request, "granted", at, Some(id)));
            changes.extend(views::grant(reads, &id)?.map(|grant| Change::Grant(Box::new(grant))));
        }
        Payload::RefuseRequest(step) => changes.push(decided(step.request, "refused", at, None)),
        Payload::WithdrawRequest(step) => changes.push(decided(step.request, "withdrawn", at, None)),
        Payload::RevokeGrant(step) => changes.push(Change::Revoked { grant: step.grant, at }),
        Payload::RecordAnswer(receipt) => {
            changes.extend(record(reads, &receipt.ticket.query_id(), place)?);
        }
        Payload::RecordDenial(denial) => {
            changes.extend(record(reads, &denial.ticket.query_id(), place)?);
        }
        Payload::Acknowledge(delivery) => {
            let marks = delivery.marks.iter();
            changes.extend(marks.map(|(query, outcome)| Change::Delivered {
                query: *query,
                outcome: *outcome,
                at,
            }));
        }
        Payload::OpenInspection(_) => {
            let inspection = views::inspection(reads, &signed.body.inspection_id())?;
            changes.extend(inspection.map(|inspection| Change::Inspection(Box::new(inspection))));
        }
        Payload::CloseInspection(closing) => {
            changes.push(Change::Concluded { inspection: closing.inspection, at });
        }
        Payload::RecordLooks(looks) => {
            for sight in &looks.looks {
                changes.extend(look(reads, &looks.inspection, *sight, signed.id())?);
            }
        }
        // Pages read these from the state.
        Payload::DraftPolicy(_)
        | Payload::CountersignPolicy(_)
        | Payload::WithdrawPolicy(_)
        | Payload::AnchorRoster(_)
        | Payload::ReportEquivocation(_) => {}
    }
    Ok(())
}

fn decided(request: RequestId, status: &'static str, at: i64, grant: Option<GrantId>) -> Change {
    Change::Decided { request, status, at, grant }
}

fn record(reads: &dyn LedgerRead, query: &QueryId, place: u32) -> Result<Option<Change>, ReadFault> {
    let Some(record) = views::record(reads, query)? else { return Ok(None) };
    let grant = views::grant(reads, &record.ticket.grant)?;
    let entry = grant.map(|grant| (grant.entry.code.to_string(), grant.entry.version));
    let provinces = [province(reads, &record.ticket.requester)?, province(reads, &record.ticket.provider)?];
    Ok(Some(Change::Record { record: Box::new(record), place, provinces, entry }))
}

/// A look, if this transaction was the first to tell of it.
fn look(
    reads: &dyn LedgerRead,
    inspection: &InspectionId,
    sight: Sight,
    tx: TxId,
) -> Result<Option<Change>, ReadFault> {
    let first = views::look(reads, sight.object(), inspection)?;
    let Some(place) = first.filter(|place| place.tx == tx) else { return Ok(None) };
    let seen = inspections::seen(reads, &sight)?;
    let parties = seen.map(|seen| [seen.requester, seen.provider]);
    let at = ms(place.at);
    Ok(parties.map(|parties| Change::Look { inspection: *inspection, sight, at, parties }))
}

fn province(reads: &dyn StateRead, id: &ledger::ids::DepartmentId) -> Result<String, ReadFault> {
    let department = views::department(reads, id)?;
    Ok(department.map(|found| found.member.region.province().to_string()).unwrap_or_default())
}

/// Everything an entry is found by.
fn body(reads: &dyn StateRead, published: &PublishedEntry) -> Result<String, ReadFault> {
    let entry = &published.entry;
    let mut texts = vec![entry.id.code.to_string()];
    let mut words = vec![&entry.name, &entry.summary];
    words.extend(entry.items.iter().map(|item| &item.label));
    let provider = views::department(reads, &published.provider)?;
    words.extend(provider.iter().map(|provider| &provider.member.name));
    for word in words {
        texts.extend([word.zh.to_string(), word.en.to_string()]);
    }
    texts.extend(entry.items.iter().map(|item| item.code.to_string()));
    texts.extend(crate::region::region_name(entry.region.as_str()).map(str::to_owned));
    Ok(texts.join("\n"))
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Change {
    /// Writes the change.
    pub(crate) async fn write(self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        match self {
            Self::Entry { published, body } => write_entry(db, &published, &body).await,
            Self::Request(request) => write_request(db, &request).await,
            Self::Decided { request, status, at, grant } => {
                sqlx::query("UPDATE j_request SET status = ?, decided_at = ?, grant_id = ? WHERE id = ?")
                    .bind(status)
                    .bind(at)
                    .bind(grant.map(|grant| grant.as_bytes().to_vec()))
                    .bind(request.as_bytes().as_slice())
                    .execute(db)
                    .await
                    .map(drop)
            }
            Self::Grant(grant) => write_grant(db, &grant).await,
            Self::Revoked { grant, at } => sqlx::query("UPDATE j_grant SET revoked_at = ? WHERE id = ?")
                .bind(at)
                .bind(grant.as_bytes().as_slice())
                .execute(db)
                .await
                .map(drop),
            Self::Record { record, place, provinces, entry } => {
                write_record(db, &record, place, &provinces, entry).await
            }
            Self::Inspection(inspection) => write_inspection(db, &inspection).await,
            Self::Concluded { inspection, at } => {
                sqlx::query("UPDATE j_inspection SET closed_at = ? WHERE id = ?")
                    .bind(at)
                    .bind(inspection.as_bytes().as_slice())
                    .execute(db)
                    .await
                    .map(drop)
            }
            Self::Look { inspection, sight, at, parties } => {
                write_look(db, &inspection, &sight, at, &parties).await
            }
            Self::Logged { height } => sqlx::query("INSERT INTO j_leaves (height) VALUES (?)")
                .bind(height)
                .execute(db)
                .await
                .map(drop),
            Self::Delivered { query, outcome, at } => {
                sqlx::query("UPDATE j_record SET delivery = ?, delivered_at = ? WHERE query = ?")
                    .bind(i64::from(outcome.number()))
                    .bind(at)
                    .bind(query.as_bytes().as_slice())
                    .execute(db)
                    .await
                    .map(drop)
            }
        }
    }
}

async fn write_entry(
    db: &mut SqliteConnection,
    published: &PublishedEntry,
    body: &str,
) -> Result<(), sqlx::Error> {
    let entry = &published.entry;
    sqlx::query("UPDATE j_entry SET latest = 0 WHERE code = ?")
        .bind(entry.id.code.as_str())
        .execute(&mut *db)
        .await?;
    let done = sqlx::query(
        "INSERT INTO j_entry (code, version, provider, region, province, share_type, grade, mode_bits,
           name_zh, name_en, summary_zh, summary_en, item_count, at, height, latest, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
    )
    .bind(entry.id.code.as_str())
    .bind(i64::from(entry.id.version))
    .bind(published.provider.as_str())
    .bind(entry.region.as_str())
    .bind(entry.region.province().as_str())
    .bind(i64::from(entry.share_type.number()))
    .bind(i64::from(entry.grade))
    .bind(entry.modes.iter().fold(0, |bits, mode| bits | mode_bit(*mode)))
    .bind(entry.name.zh.as_str())
    .bind(entry.name.en.as_str())
    .bind(entry.summary.zh.as_str())
    .bind(entry.summary.en.as_str())
    .bind(number(entry.items.len() as u64))
    .bind(ms(published.at))
    .bind(number(published.height.0))
    .bind(body)
    .execute(&mut *db)
    .await?;
    sqlx::query("INSERT INTO j_entry_text (rowid, body) VALUES (?, ?)")
        .bind(done.last_insert_rowid())
        .bind(body)
        .execute(db)
        .await
        .map(drop)
}

async fn write_request(db: &mut SqliteConnection, request: &Request) -> Result<(), sqlx::Error> {
    let asked = &request.asked;
    sqlx::query(
        "INSERT INTO j_request (id, number, requester, provider, code, version, purpose, mode, item_count,
           quota, at, height, tx, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(request.id.as_bytes().as_slice())
    .bind(number(request.number))
    .bind(request.requester.as_str())
    .bind(asked.provider.as_str())
    .bind(asked.entry.code.as_str())
    .bind(i64::from(asked.entry.version))
    .bind(asked.purpose.as_str())
    .bind(i64::from(asked.mode.number()))
    .bind(number(asked.items.len() as u64))
    .bind(i64::from(asked.quota))
    .bind(ms(request.submitted.at))
    .bind(number(request.submitted.height.0))
    .bind(request.submitted.tx.as_bytes().as_slice())
    .bind(RequestStatus::Submitted.code())
    .execute(db)
    .await
    .map(drop)
}

async fn write_grant(db: &mut SqliteConnection, grant: &Grant) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO j_grant (id, number, request, requester, provider, code, version, purpose, mode,
           item_count, quota, used, uses, from_at, until_at, at, height)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)",
    )
    .bind(grant.id.as_bytes().as_slice())
    .bind(number(grant.number))
    .bind(grant.request.as_bytes().as_slice())
    .bind(grant.requester.as_str())
    .bind(grant.provider.as_str())
    .bind(grant.entry.code.as_str())
    .bind(i64::from(grant.entry.version))
    .bind(grant.purpose.as_str())
    .bind(i64::from(grant.mode.number()))
    .bind(number(grant.items.len() as u64))
    .bind(i64::from(grant.quota))
    .bind(ms(grant.from))
    .bind(ms(grant.until))
    .bind(ms(grant.approved.at))
    .bind(number(grant.approved.height.0))
    .execute(db)
    .await
    .map(drop)
}

async fn write_inspection(db: &mut SqliteConnection, inspection: &Inspection) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO j_inspection (id, number, department, at, ends_at) VALUES (?, ?, ?, ?, ?)")
        .bind(inspection.id.as_bytes().as_slice())
        .bind(number(inspection.number))
        .bind(inspection.department.as_str())
        .bind(ms(inspection.opened.at))
        .bind(ms(inspection.terms.ends))
        .execute(db)
        .await
        .map(drop)
}

async fn write_look(
    db: &mut SqliteConnection,
    inspection: &InspectionId,
    sight: &Sight,
    at: i64,
    parties: &[DepartmentId; 2],
) -> Result<(), sqlx::Error> {
    let [requester, provider] = parties;
    sqlx::query(
        "INSERT INTO j_look (inspection, kind, object, at, requester, provider) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(inspection.as_bytes().as_slice())
    .bind(SightKind::of(sight).number())
    .bind(sight.object().as_slice())
    .bind(at)
    .bind(requester.as_str())
    .bind(provider.as_str())
    .execute(db)
    .await
    .map(drop)
}

async fn write_record(
    db: &mut SqliteConnection,
    record: &Record,
    place: u32,
    provinces: &[String; 2],
    entry: Option<(String, u32)>,
) -> Result<(), sqlx::Error> {
    let ticket = &record.ticket;
    let at = ms(record.recorded.at);
    let (answered, class, use_no) = match &record.kind {
        RecordKind::Answer { use_no, .. } => (1i64, 0i64, Some(i64::from(*use_no))),
        RecordKind::Denial { class, .. } => (0, i64::from(class.number()), None),
    };
    let [requester_province, provider_province] = provinces;
    let (code, version) = entry.unzip();
    sqlx::query(
        "INSERT INTO j_record (query, answered, class, at, day, height, place, tx, requester,
           requester_province, provider, provider_province, grant_id, code, version, units, use_no, delivery)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
    )
    .bind(record.query.as_bytes().as_slice())
    .bind(answered)
    .bind(class)
    .bind(at)
    .bind(deadline::day(at).map(|day| day.to_string()).unwrap_or_default())
    .bind(number(record.recorded.height.0))
    .bind(i64::from(place))
    .bind(record.recorded.tx.as_bytes().as_slice())
    .bind(ticket.requester.as_str())
    .bind(requester_province)
    .bind(ticket.provider.as_str())
    .bind(provider_province)
    .bind(ticket.grant.as_bytes().as_slice())
    .bind(code)
    .bind(version.map(i64::from))
    .bind(i64::from(ticket.units))
    .bind(use_no)
    .execute(&mut *db)
    .await?;
    if answered == 1 {
        sqlx::query("UPDATE j_grant SET used = used + ?, uses = uses + 1 WHERE id = ?")
            .bind(i64::from(ticket.units))
            .bind(ticket.grant.as_bytes().as_slice())
            .execute(db)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
