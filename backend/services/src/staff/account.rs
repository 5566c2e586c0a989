//! The accounts of the own staff: made by the command line, counted and locked by failed sign-ins.

use std::collections::BTreeSet;

use ledger::role::Role;
use sqlx::{Row as _, SqlitePool};
use zeroize::Zeroizing;

use crate::audit_log::{AuditLog, Event, Note};
use crate::codes::FieldCode;
use crate::error::ServiceError;
use crate::fields::{Mistakes, is_seen};
use crate::limits;
use crate::office::Office;
use crate::officer::{Officer, Seat};
use crate::records::Records;
use crate::staff::password;
use crate::staff::sessions::Session;

/// An account to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// What to sign in with: letters, digits, `.`, `-`, `_`.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// Role codes.
    pub roles: Vec<Role>,
    /// The password.
    pub password: Zeroizing<String>,
}

/// Makes an account. For the command line: needs the records only.
///
/// # Errors
/// The fields that are wrong: `account`, `name`, `roles`, `password`.
pub async fn add(records: &Records, new: NewAccount) -> Result<(), ServiceError> {
    let account = new.account.trim().to_owned();
    let name = new.name.trim().to_owned();
    let roles: BTreeSet<Role> = new.roles.iter().copied().collect();
    let mut mistakes = Mistakes::default();
    if account.is_empty() {
        mistakes.add("account", FieldCode::Missing);
    } else if account.chars().count() > limits::ACCOUNT_CHARS_MAX {
        mistakes.add("account", FieldCode::TooLong);
    } else if !account.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
        mistakes.add("account", FieldCode::BadCharacters);
    }
    if name.is_empty() {
        mistakes.add("name", FieldCode::Missing);
    } else if name.chars().count() > limits::NAME_CHARS_MAX {
        mistakes.add("name", FieldCode::TooLong);
    } else if !is_seen(&name) {
        mistakes.add("name", FieldCode::BadCharacters);
    }
    if roles.is_empty() {
        mistakes.add("roles", FieldCode::NoneChosen);
    } else if !may_be_held_together(&roles) {
        mistakes.add("roles", FieldCode::Together);
    }
    mistakes.take("password", password::check_form(&new.password, &account));
    mistakes.done()?;

    let hash = password::hash(&new.password).await?;
    let staff_id = hex::encode(gm::random::bytes::<16>()?);
    let now = jiff::Timestamp::now().as_millisecond();
    let codes: Vec<&str> = roles.iter().map(|role| role.code()).collect();
    // Noted before it is made: an account without an entry must not exist.
    let audit = AuditLog::open(records).await?;
    let taken: Option<i64> = sqlx::query_scalar("SELECT id FROM staff WHERE account = ?")
        .bind(&account)
        .fetch_optional(records.pool())
        .await?;
    if taken.is_some() {
        return Err(ServiceError::field("account", FieldCode::Taken));
    }
    let note = Note {
        at: now,
        event: Event::StaffAdd,
        account: "system",
        role: "",
        object: &account,
        outcome: "ok",
    };
    audit.append(note).await?;
    sqlx::query(
        "INSERT INTO staff (staff_id, account, name, roles, password, created_at, used_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(staff_id)
    .bind(&account)
    .bind(&name)
    .bind(codes.join(","))
    .bind(hash)
    .bind(now)
    .bind(now)
    .execute(records.pool())
    .await?;
    Ok(())
}

/// Names of colleagues who hold a role: whom to turn to for what the own role does not do. A few.
///
/// # Errors
/// A fault of the records.
pub async fn holders(office: &Office, role: Role) -> Result<Vec<String>, ServiceError> {
    let names = sqlx::query_scalar(
        "SELECT name FROM staff WHERE active = 1 AND instr(',' || roles || ',', ',' || ? || ',') > 0
         ORDER BY used_at DESC LIMIT ?",
    )
    .bind(role.code())
    .bind(limits::HOLDERS_NAMED_MAX)
    .fetch_all(office.pool())
    .await?;
    Ok(names)
}

/// Whether one person may hold all of these: at least one role, and no two that are kept apart.
#[must_use]
pub fn may_be_held_together(roles: &BTreeSet<Role>) -> bool {
    !roles.is_empty() && roles.iter().all(|one| roles.iter().all(|other| one.goes_with(*other)))
}

/// An account as it is stored.
pub(super) struct Account {
    pub(super) id: i64,
    pub(super) staff_id: String,
    pub(super) account: String,
    pub(super) name: String,
    pub(super) roles: BTreeSet<Role>,
    pub(super) password: Zeroizing<String>,
    pub(super) signed_in_at: Option<i64>,
    pub(super) used_at: i64,
}

impl Account {
    pub(super) fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Self, sqlx::Error> {
        let roles: String = row.try_get("roles")?;
        Ok(Self {
            id: row.try_get("id")?,
            staff_id: row.try_get("staff_id")?,
            account: row.try_get("account")?,
            name: row.try_get("name")?,
            roles: roles.split(',').filter_map(Role::from_code).collect(),
            password: Zeroizing::new(row.try_get("password")?),
            signed_in_at: row.try_get("signed_in_at")?,
            used_at: row.try_get("used_at")?,
        })
    }

    /// The active account of this name.
    pub(super) async fn find(pool: &SqlitePool, account: &str) -> Result<Option<Self>, ServiceError> {
        if account.chars().count() > limits::ACCOUNT_CHARS_MAX {
            return Ok(None);
        }
        let row = sqlx::query("SELECT * FROM staff WHERE account = ? AND active = 1")
            .bind(account.trim())
            .fetch_optional(pool)
            .await?;
        Ok(row.as_ref().map(Self::read).transpose()?)
    }

    /// Counts the attempt before the password is looked at, so that many at once are counted too.
    /// Whether the account was open to it.
    pub(super) async fn take_attempt(&self, records: &Records, now: i64) -> Result<bool, ServiceError> {
        let taken = sqlx::query(
            "UPDATE staff SET failures = failures + 1 WHERE id = ? AND locked_until <= ? AND failures < ?",
        )
        .bind(self.id)
        .bind(now)
        .bind(limits::SIGN_IN_FAILURES_MAX)
        .execute(records.pool())
        .await?;
        if taken.rows_affected() == 1 {
            return Ok(true);
        }
        // Five attempts stand although no lock was set: the process stopped in between.
        self.note_failure(records, now).await?;
        Ok(false)
    }

    /// The fifth failure in a row locks the account; its count begins anew when the lock opens.
    pub(super) async fn note_failure(&self, records: &Records, now: i64) -> Result<(), ServiceError> {
        sqlx::query("UPDATE staff SET failures = 0, locked_until = ? WHERE id = ? AND failures >= ?")
            .bind(now + limits::LOCK_MS)
            .bind(self.id)
            .bind(limits::SIGN_IN_FAILURES_MAX)
            .execute(records.pool())
            .await?;
        Ok(())
    }

    pub(super) async fn note_success(&self, records: &Records, now: i64) -> Result<(), ServiceError> {
        sqlx::query(
            "UPDATE staff SET failures = 0, locked_until = 0, signed_in_at = ?, used_at = ? WHERE id = ?",
        )
        .bind(now)
        .bind(now)
        .bind(self.id)
        .execute(records.pool())
        .await?;
        Ok(())
    }

    /// The officer of this account in a role, in a session or without.
    pub(super) fn officer(&self, office: &Office, role: Role, session: Option<&Session>) -> Officer {
        Officer {
            staff: self.id,
            staff_id: self.staff_id.clone(),
            account: self.account.clone(),
            name: self.name.clone(),
            roles: self.roles.clone(),
            role,
            department: office.department().clone(),
            session: session.map(|session| Seat {
                digest: session.digest,
                last_sign_in: session.previous_sign_in,
                ends_at: session.ends_at,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str, roles: &[Role]) -> NewAccount {
        NewAccount {
            account: name.to_owned(),
            name: "林知夏".to_owned(),
            roles: roles.to_vec(),
            password: Zeroizing::new("Guang-2026-x".to_owned()),
        }
    }

    #[test]
    fn an_inspector_holds_no_operative_role() {
        for role in [Role::BizUser, Role::ReqOperator, Role::ProvApprover] {
            assert!(!may_be_held_together(&BTreeSet::from([Role::Inspector, role])));
        }
        assert!(may_be_held_together(&BTreeSet::from([Role::Inspector])));
        assert!(may_be_held_together(&BTreeSet::from([
            Role::BizUser,
            Role::ReqOperator,
            Role::ProvApprover
        ])));
        assert!(!may_be_held_together(&BTreeSet::new()));
    }

    #[tokio::test]
    async fn an_account_is_made_once_and_only_with_roles_that_go_together() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(folder.path()).await.unwrap();
        add(&records, account("lin", &[Role::ReqOperator])).await.unwrap();
        let taken = add(&records, account("LIN", &[Role::ReqOperator])).await;
        assert_eq!(taken, Err(ServiceError::field("account", FieldCode::Taken)));
        let both = add(&records, account("shen", &[Role::Inspector, Role::BizUser])).await;
        assert_eq!(both, Err(ServiceError::field("roles", FieldCode::Together)));
    }

    #[tokio::test]
    async fn all_mistakes_are_named_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(folder.path()).await.unwrap();
        let new = NewAccount {
            account: "lin zhi".to_owned(),
            name: String::new(),
            roles: Vec::new(),
            password: Zeroizing::new("short".to_owned()),
        };
        let Err(ServiceError::Invalid(mistakes)) = add(&records, new).await else { panic!("it was taken") };
        let fields: Vec<_> = mistakes.iter().map(|mistake| mistake.field).collect();
        assert_eq!(fields, ["account", "name", "roles", "password"]);
    }
}
