//! What was done to an account, by whom and why: the history on its page. Each act stands in the audit log
//! as well; the reasons, which are free text, stand only here.

use sqlx::{Row as _, SqliteConnection};

use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::store::OfficeStore;

/// One change of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeView {
    /// When, ms UTC.
    pub at: i64,
    /// Code of the act, or what the system did: `locked`, `unused`, `password`, `code`, `added`.
    pub act: String,
    /// Who; none: the system or the command line.
    pub by: Option<String>,
    /// What it is now: role codes, a number.
    pub detail: String,
    /// Why, as typed.
    pub reason: String,
}

/// A change to be written.
pub(crate) struct Change<'a> {
    pub(crate) staff: i64,
    pub(crate) act: &'a str,
    pub(crate) by: Option<i64>,
    pub(crate) detail: &'a str,
    pub(crate) reason: &'a str,
}

/// Writes a change down.
pub(crate) async fn write(
    connection: &mut SqliteConnection,
    now: i64,
    change: Change<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO staff_change (staff, at, act, by, detail, reason) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(change.staff)
        .bind(now)
        .bind(change.act)
        .bind(change.by)
        .bind(change.detail)
        .bind(change.reason)
        .execute(connection)
        .await?;
    Ok(())
}

/// The system locked the account after wrong passwords or codes.
pub(crate) async fn locked_by_failures(
    store: &OfficeStore,
    staff: i64,
    now: i64,
) -> Result<(), ServiceError> {
    let mut connection = store.pool().acquire().await?;
    let change = Change { staff, act: "locked", by: None, detail: "", reason: "" };
    write(&mut connection, now, change).await?;
    Ok(())
}

/// The last changes of an account, newest first.
pub(super) async fn of(office: &Office, staff: i64) -> Result<Vec<ChangeView>, ServiceError> {
    let rows = sqlx::query(
        "SELECT c.at, c.act, c.detail, c.reason, s.name AS by_name
         FROM staff_change c LEFT JOIN staff s ON s.id = c.by
         WHERE c.staff = ? ORDER BY c.id DESC LIMIT ?",
    )
    .bind(staff)
    .bind(limits::CHANGES_SHOWN)
    .fetch_all(office.pool())
    .await?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        Ok(ChangeView {
            at: row.try_get("at")?,
            act: row.try_get("act")?,
            by: row.try_get("by_name")?,
            detail: row.try_get("detail")?,
            reason: row.try_get("reason")?,
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, sqlx::Error>>()?)
}
