//! Where a thing lies that someone has the number of: a receipt, a request, a grant, a case, a block,
//! a transaction. Looking something up is not looking at it: nothing is noted and nothing decided
//! here, and what an officer may not see is not found either.

use exchange::QueryFilter;
use ledger::ids::{GrantId, InspectionId, RequestId, TxId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, query};

use crate::error::ServiceError;
use crate::names::{GrantRef, InspectionRef, RequestRef, receipt_number};
use crate::office::Office;
use crate::officer::Officer;
use crate::read_model::ReadModel;
use crate::{Role, limits};

/// What a number names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A request, by its id.
    Request(String),
    /// A grant, by its id.
    Grant(String),
    /// A receipt, by its query's id.
    Receipt(String),
    /// An inspection, by its id.
    Inspection(String),
    /// A transaction, by its id.
    Transaction(String),
    /// A block, by its height.
    Block(u64),
    /// A business case in which this officer asked.
    Case(String),
}

/// Digits of the largest height; a longer number is no block, and may be a person's.
const HEIGHT_DIGITS_MAX: usize = 10;
/// Hexadecimal characters of an id.
const ID_CHARS: usize = 64;

/// Finds what a number names: `HZ-20261120-7F3A91`, `SQ-2026-000012`, `SQD-2026-000003`, `JC-2026-000001`, an id of 64
/// hexadecimal characters, a height, or a case number.
///
/// # Errors
/// Faults of the office's store, the node and the exchange.
pub async fn find(office: &Office, officer: &Officer, typed: &str) -> Result<Option<Thing>, ServiceError> {
    let typed = typed.trim();
    if typed.is_empty() || typed.chars().count() > limits::SEARCH_CHARS_MAX.max(ID_CHARS) {
        return Ok(None);
    }
    let sees_all = officer.role() == Role::Inspector && office.own().inspectorate;
    if let Some(thing) = in_model(office.model(), sees_all, typed).await? {
        return Ok(Some(thing));
    }
    if let Some(thing) = transaction(office, typed) {
        return Ok(Some(thing));
    }
    Ok(case(office, officer, typed).await?.or_else(|| height(typed)))
}

/// What a number names in the read model, among the things of the own department or, for who inspects, of
/// all.
async fn in_model(model: ReadModel<'_>, sees_all: bool, typed: &str) -> Result<Option<Thing>, ServiceError> {
    let number = typed.to_ascii_uppercase();
    if typed.len() == ID_CHARS && typed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        by_id(model, sees_all, &typed.to_ascii_lowercase()).await
    } else if number.starts_with("HZ-") {
        receipt(model, sees_all, &number).await
    } else if let Some(count) = count_of(&number, "JC-") {
        let named = |id, at| {
            let named = InspectionRef::new(InspectionId(id), at, count.unsigned_abs());
            (named.number == number).then_some(Thing::Inspection(named.id))
        };
        counted(model, sees_all, count, INSPECTIONS, named).await
    } else if let Some(count) = count_of(&number, "SQD-") {
        let named = |id, at| {
            let named = GrantRef::new(GrantId(id), at, count.unsigned_abs());
            (named.number == number).then_some(Thing::Grant(named.id))
        };
        counted(model, sees_all, count, GRANTS, named).await
    } else if let Some(count) = count_of(&number, "SQ-") {
        let named = |id, at| {
            let named = RequestRef::new(RequestId(id), at, count.unsigned_abs());
            (named.number == number).then_some(Thing::Request(named.id))
        };
        counted(model, sees_all, count, REQUESTS, named).await
    } else {
        Ok(None)
    }
}

/// The count at the end of `SQ-2026-000012`.
fn count_of(number: &str, prefix: &str) -> Option<i64> {
    let (_, count) = number.strip_prefix(prefix)?.split_once('-')?;
    count.parse().ok()
}

/// A height, with or without marks between thousands.
fn height(typed: &str) -> Option<Thing> {
    let digits = typed.replace(',', "");
    let is_height = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_height && digits.len() <= HEIGHT_DIGITS_MAX).then(|| digits.parse().ok().map(Thing::Block))?
}

/// A row of the read model with the hexadecimal id of the thing.
fn hex_id(row: &SqliteRow, name: &str) -> Result<String, sqlx::Error> {
    Ok(hex::encode(row.try_get::<Vec<u8>, _>(name)?))
}

async fn receipt(model: ReadModel<'_>, sees_all: bool, number: &str) -> Result<Option<Thing>, ServiceError> {
    let Some((day, head)) = number.strip_prefix("HZ-").and_then(|rest| rest.split_once('-')) else {
        return Ok(None);
    };
    let rows = query(
        "SELECT query, at FROM j_record
         WHERE replace(day, '-', '') = ? AND substr(hex(query), 1, 6) = ? AND (? OR ? IN (requester, provider))
         ORDER BY at DESC LIMIT 1",
    )
    .bind(day)
    .bind(head)
    .bind(sees_all)
    .bind(model.own.as_str())
    .fetch_optional(model.pool)
    .await?;
    let Some(row) = rows else { return Ok(None) };
    let id = hex_id(&row, "query")?;
    Ok((receipt_number(row.try_get("at")?, &id) == *number).then_some(Thing::Receipt(id)))
}

/// A request or a grant by its number, which holds the year: the count alone is not enough.
async fn counted(
    model: ReadModel<'_>,
    sees_all: bool,
    count: i64,
    rows: &'static str,
    named: impl Fn([u8; 32], i64) -> Option<Thing>,
) -> Result<Option<Thing>, ServiceError> {
    let rows = query(rows).bind(count).bind(sees_all).bind(model.own.as_str()).fetch_all(model.pool).await?;
    for row in rows {
        let (id, at) = (row.try_get::<Vec<u8>, _>("id")?, row.try_get("at")?);
        if let Some(thing) = id.try_into().ok().and_then(|id| named(id, at)) {
            return Ok(Some(thing));
        }
    }
    Ok(None)
}

const REQUESTS: &str = "SELECT id, at FROM j_request WHERE number = ? AND (? OR ? IN (requester, provider))";
const GRANTS: &str = "SELECT id, at FROM j_grant WHERE number = ? AND (? OR ? IN (requester, provider))";

/// Those of the own inspectorate, and those that looked at what is the own department's.
const INSPECTIONS: &str = "SELECT id, at FROM j_inspection i WHERE number = ?1 AND ((?2 AND department = ?3)
  OR EXISTS (SELECT 1 FROM j_look l WHERE l.inspection = i.id AND ?3 IN (l.requester, l.provider)))";

async fn by_id(model: ReadModel<'_>, sees_all: bool, id: &str) -> Result<Option<Thing>, ServiceError> {
    let kind: Option<String> = sqlx::query_scalar(
        "SELECT kind FROM (
           SELECT 'request' AS kind, requester, provider FROM j_request WHERE hex(id) = ?1
           UNION ALL SELECT 'grant', requester, provider FROM j_grant WHERE hex(id) = ?1
           UNION ALL SELECT 'receipt', requester, provider FROM j_record WHERE hex(query) = ?1)
         WHERE ?2 OR ?3 IN (requester, provider)",
    )
    .bind(id.to_ascii_uppercase())
    .bind(sees_all)
    .bind(model.own.as_str())
    .fetch_optional(model.pool)
    .await?;
    let id = id.to_owned();
    Ok(match kind.as_deref() {
        Some("request") => Some(Thing::Request(id)),
        Some("grant") => Some(Thing::Grant(id)),
        Some(_) => Some(Thing::Receipt(id)),
        None => None,
    })
}

/// The id of a grant is that of the transaction that gave it: the thing comes first, it is nearer to people.
fn transaction(office: &Office, typed: &str) -> Option<Thing> {
    let id: TxId = typed.to_ascii_lowercase().parse().ok()?;
    office.node().read(|snapshot| snapshot.transaction(id))?;
    Some(Thing::Transaction(id.to_string()))
}

async fn case(office: &Office, officer: &Officer, typed: &str) -> Result<Option<Thing>, ServiceError> {
    let filter = QueryFilter {
        account: Some(officer.account().to_owned()),
        case_no: Some(typed.to_owned()),
        limit: 1,
        ..QueryFilter::default()
    };
    let found = office.exchange().queries(&filter).await?;
    Ok((found.total > 0).then(|| Thing::Case(typed.to_owned())))
}

#[cfg(test)]
mod tests;
