//! Who an account is for: what the system administrator types, or a line of a list brings.

use sqlx::{SqliteConnection, SqliteExecutor};

use crate::codes::{FieldCode, OfficeRefusal};
use crate::error::ServiceError;
use crate::fields::{Mistakes, is_seen, plain};
use crate::limits;

/// Read and found in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) number: String,
    pub(crate) unit: String,
}

impl Details {
    /// Reads the fields `account`, `name`, `number` and `unit`; the last two may be empty.
    pub(crate) fn read(
        mistakes: &mut Mistakes,
        account: &str,
        name: &str,
        number: &str,
        unit: &str,
    ) -> Option<Self> {
        let account = mistakes.take("account", read_account(account));
        let name = mistakes.take("name", plain(name, limits::NAME_CHARS_MAX).map(str::to_owned));
        let number = mistakes.take("number", optional(number, limits::STAFF_NUMBER_CHARS_MAX));
        let unit = mistakes.take("unit", optional(unit, limits::UNIT_CHARS_MAX));
        Some(Self { account: account?, name: name?, number: number?, unit: unit? })
    }
}

fn read_account(account: &str) -> Result<String, FieldCode> {
    match account.trim() {
        "" => Err(FieldCode::Missing),
        text if text.chars().count() > limits::ACCOUNT_CHARS_MAX => Err(FieldCode::TooLong),
        text if !text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) => {
            Err(FieldCode::BadCharacters)
        }
        // What the log calls who is nobody's account.
        "system" | "unknown" => Err(FieldCode::Taken),
        text => Ok(text.to_owned()),
    }
}

pub(crate) fn optional(text: &str, chars_max: usize) -> Result<String, FieldCode> {
    match text.trim() {
        text if text.chars().count() > chars_max => Err(FieldCode::TooLong),
        text if !is_seen(text) => Err(FieldCode::BadCharacters),
        text => Ok(text.to_owned()),
    }
}

/// Refuses an account's name that is in use, and an account beyond those a department may have.
pub(crate) async fn check_free(
    store: impl SqliteExecutor<'_> + Copy,
    details: &Details,
) -> Result<(), ServiceError> {
    let taken: Option<i64> = sqlx::query_scalar("SELECT id FROM staff WHERE account = ?")
        .bind(&details.account)
        .fetch_optional(store)
        .await?;
    if taken.is_some() {
        return Err(ServiceError::field("account", FieldCode::Taken));
    }
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM staff").fetch_one(store).await?;
    if count >= limits::STAFF_MAX {
        return Err(ServiceError::refused(OfficeRefusal::StaffFull));
    }
    Ok(())
}

/// Makes the account, without rights and without a password. Its number.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    details: &Details,
    now: i64,
) -> Result<i64, ServiceError> {
    let staff_id = hex::encode(gm::random::bytes::<16>()?);
    let made = sqlx::query(
        "INSERT INTO staff (staff_id, account, name, number, unit, roles, password, state, created_at, used_at)
         VALUES (?, ?, ?, ?, ?, '', '', 'created', ?, ?)",
    )
    .bind(staff_id)
    .bind(&details.account)
    .bind(&details.name)
    .bind(&details.number)
    .bind(&details.unit)
    .bind(now)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(made.last_insert_rowid())
}
