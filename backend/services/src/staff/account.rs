//! An account as it is stored: found for signing in, counted and locked by wrong factors.

use std::collections::BTreeSet;

use gm::sm3::Digest;
use ledger::role::Role;
use sqlx::{Row as _, SqlitePool};
use zeroize::Zeroizing;

use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::{Officer, Seat};
use crate::staff::changes;
use crate::staff::rules::AccountState;
use crate::staff::sessions::{self, Session, SessionEnd};
use crate::store::OfficeStore;

/// All of an account, with what it may show beside its password.
pub(super) const SELECT: &str = "SELECT *,
    EXISTS (SELECT 1 FROM officer_key k WHERE k.staff = staff.id) AS has_key,
    EXISTS (SELECT 1 FROM officer_code c WHERE c.staff = staff.id AND c.bound_at IS NOT NULL) AS has_code
    FROM staff ";

/// Names of colleagues who hold a role: whom to turn to for what the own role does not do. A few.
///
/// # Errors
/// A fault of the office's store.
pub async fn holders(office: &Office, role: Role) -> Result<Vec<String>, ServiceError> {
    let names = sqlx::query_scalar(
        "SELECT name FROM staff WHERE state = 'active' AND instr(',' || roles || ',', ',' || ? || ',') > 0
         ORDER BY used_at DESC LIMIT ?",
    )
    .bind(role.code())
    .bind(limits::HOLDERS_NAMED_MAX)
    .fetch_all(office.pool())
    .await?;
    Ok(names)
}

/// Who drafted a step, as they stand now.
pub(crate) struct Drafter {
    pub(crate) account: String,
    pub(crate) staff_id: String,
    pub(crate) clearance: u8,
}

/// Who drafted a step, if they may still act in this role: what they drafted is not signed once they may not.
pub(crate) async fn drafter(
    office: &Office,
    staff: i64,
    role: Role,
) -> Result<Option<Drafter>, ServiceError> {
    let account = Account::numbered(office.pool(), staff).await?;
    let account = account.filter(|account| {
        account.is_usable(office.now_ms(), office.is_demo()) && account.roles.contains(&role)
    });
    Ok(account.map(|Account { account, staff_id, clearance, .. }| Drafter {
        account,
        staff_id,
        clearance: clearance.unwrap_or_default(),
    }))
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
    pub(super) password_at: i64,
    /// To be changed before anything else.
    pub(super) is_password_due: bool,
    /// The password is a one-time secret that lapses then.
    pub(super) once_until: Option<i64>,
    /// As stored; see [`Self::state_at`].
    pub(super) state: AccountState,
    pub(super) locked_until: i64,
    pub(super) valid_until: Option<i64>,
    pub(super) clearance: Option<u8>,
    pub(super) is_demo: bool,
    pub(super) has_key: bool,
    pub(super) has_code: bool,
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
            password_at: row.try_get("password_at")?,
            is_password_due: row.try_get("password_due")?,
            once_until: row.try_get("once_until")?,
            state: AccountState::from_code(row.try_get("state")?)
                .ok_or_else(|| sqlx::Error::Decode("an account is in no known state".into()))?,
            locked_until: row.try_get("locked_until")?,
            valid_until: row.try_get("valid_until")?,
            clearance: row.try_get("clearance")?,
            is_demo: row.try_get("demo")?,
            has_key: row.try_get("has_key")?,
            has_code: row.try_get("has_code")?,
            signed_in_at: row.try_get("signed_in_at")?,
            used_at: row.try_get("used_at")?,
        })
    }

    /// The active account of this name.
    pub(super) async fn find(pool: &SqlitePool, account: &str) -> Result<Option<Self>, ServiceError> {
        if account.chars().count() > limits::ACCOUNT_CHARS_MAX {
            return Ok(None);
        }
        let row =
            sqlx::query(sqlx::AssertSqlSafe(format!("{SELECT} WHERE account = ? AND state = 'active'")))
                .bind(account.trim())
                .fetch_optional(pool)
                .await?;
        Ok(row.as_ref().map(Self::read).transpose()?)
    }

    /// The account of this number, in whatever state.
    pub(super) async fn numbered(pool: &SqlitePool, id: i64) -> Result<Option<Self>, ServiceError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{SELECT} WHERE id = ?")))
            .bind(id)
            .fetch_optional(pool)
            .await?;
        Ok(row.as_ref().map(Self::read).transpose()?)
    }

    /// Its state now: wrong passwords lock for a while, too.
    pub(super) fn state_at(&self, now: i64) -> AccountState {
        if self.state == AccountState::Active && self.locked_until > now {
            AccountState::Locked
        } else {
            self.state
        }
    }

    /// Whether there is a second factor to be shown.
    pub(super) const fn has_factor(&self) -> bool {
        self.has_key || self.has_code
    }

    /// Whether somebody may work under it now, as far as the account goes.
    pub(super) fn is_usable(&self, now: i64, demo: bool) -> bool {
        self.state == AccountState::Active
            && self.valid_until.is_none_or(|until| now <= until)
            && (demo || !self.is_demo)
    }

    /// Counts the attempt before the password is looked at, so that many at once are counted too.
    ///
    /// # Errors
    /// Refused `sign-in.often` when the account was not open to it, perhaps by a stranger's guesses: no session
    /// is theirs to end.
    pub(super) async fn take_attempt(&self, store: &OfficeStore, now: i64) -> Result<(), ServiceError> {
        let taken = sqlx::query(
            "UPDATE staff SET failures = failures + 1 WHERE id = ? AND locked_until <= ? AND failures < ?",
        )
        .bind(self.id)
        .bind(now)
        .bind(limits::SIGN_IN_FAILURES_MAX)
        .execute(store.pool())
        .await?;
        if taken.rows_affected() == 1 {
            return Ok(());
        }
        // Five attempts stand although no lock was set: the process stopped in between.
        self.note_failure(store, now).await?;
        Err(ServiceError::refused(OfficeRefusal::SignInOften))
    }

    /// What a failed attempt in a session is told: `wrong`, or that the session ended with the fifth in a row.
    pub(super) async fn attempt_failed(
        &self,
        store: &OfficeStore,
        session: &Digest,
        now: i64,
        wrong: ServiceError,
    ) -> Result<ServiceError, ServiceError> {
        if !self.note_failure(store, now).await? {
            return Ok(wrong);
        }
        sessions::end(store, session, SessionEnd::Failures, now).await?;
        Ok(ServiceError::refused(OfficeRefusal::SessionEnded))
    }

    /// The fifth failure in a row locks the account; its count begins anew when the lock opens.
    /// Whether it was this one.
    async fn note_failure(&self, store: &OfficeStore, now: i64) -> Result<bool, ServiceError> {
        let locked =
            sqlx::query("UPDATE staff SET failures = 0, locked_until = ? WHERE id = ? AND failures >= ?")
                .bind(now + limits::LOCK_MS)
                .bind(self.id)
                .bind(limits::SIGN_IN_FAILURES_MAX)
                .execute(store.pool())
                .await?;
        let locked = locked.rows_affected() == 1;
        if locked {
            changes::locked_by_failures(store, self.id, now).await?;
        }
        Ok(locked)
    }

    /// The password fitted, a second factor is still to be shown: the attempt counts no longer, the
    /// failures before it still do, else wrong codes could be tried without end.
    pub(super) async fn give_back(&self, store: &OfficeStore) -> Result<(), ServiceError> {
        sqlx::query("UPDATE staff SET failures = MAX(failures - 1, 0) WHERE id = ?")
            .bind(self.id)
            .execute(store.pool())
            .await?;
        Ok(())
    }

    pub(super) async fn note_success(&self, store: &OfficeStore, now: i64) -> Result<(), ServiceError> {
        sqlx::query(
            "UPDATE staff SET failures = 0, locked_until = 0, signed_in_at = ?, used_at = ? WHERE id = ?",
        )
        .bind(now)
        .bind(now)
        .bind(self.id)
        .execute(store.pool())
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
            clearance: self.clearance,
            session: session.map(|session| Seat {
                digest: session.digest,
                proven: session.proven,
                proven_at: session.proven_at,
                has_factor: self.has_factor(),
                last_sign_in: session.previous_sign_in,
                ends_at: session.ends_at,
                inspection: session.inspection,
            }),
            source: None,
        }
    }
}
