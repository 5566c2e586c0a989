//! What administrators do to one account. Each act is asked of [`rules`], noted, and done in one
//! transaction over the state it was judged in.

use std::collections::BTreeSet;

use gm::sm2::PublicKey;
use ledger::role::Role;
use sqlx::SqliteConnection;
use zeroize::Zeroizing;

use crate::audit_log::Event;
use crate::codes::{FieldCode, OfficeRefusal};
use crate::error::ServiceError;
use crate::fields::{Mistakes, plain};
use crate::office::Office;
use crate::officer::Officer;
use crate::staff::account::{Account, may_be_held_together};
use crate::staff::changes::{self, Change};
use crate::staff::details::{self, Details};
use crate::staff::rules::{self, StaffAct};
use crate::staff::sessions::SessionEnd;
use crate::staff::{password, prove, roster};
use crate::{deadline, limits};

/// What the form of a new account says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateInput {
    /// What to sign in with.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// Their number in the department's own list; may be empty.
    pub number: String,
    /// Their section; may be empty.
    pub unit: String,
}

/// What the form of rights says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthoriseInput {
    /// Role codes.
    pub roles: Vec<String>,
    /// Highest grade to be seen, `1` to `4`; empty: none.
    pub clearance: String,
    /// Last day; empty: without end.
    pub valid_until: String,
    /// Why.
    pub reason: String,
}

/// Makes an account: nobody can sign in with it until it has rights and is opened. Its number.
///
/// # Errors
/// Fields that are wrong; refused `staff.not-yours`, `staff.full`.
pub async fn create(office: &Office, officer: &Officer, input: CreateInput) -> Result<i64, ServiceError> {
    let decided = allowed(officer, StaffAct::Create);
    if decided.is_err() {
        office.note_result(officer, Event::Staff(StaffAct::Create), "", &decided).await?;
    }
    decided?;
    let mut mistakes = Mistakes::default();
    let details = Details::read(&mut mistakes, &input.account, &input.name, &input.number, &input.unit);
    let Some(details) = details.filter(|_| mistakes.is_empty()) else { return Err(mistakes.into()) };
    details::check_free(office.pool(), &details).await?;
    office.note(officer, Event::Staff(StaffAct::Create), &details.account, "ok").await?;
    let mut transaction = office.pool().begin_with("BEGIN IMMEDIATE").await?;
    let staff = made(&mut transaction, officer, &details, office.now_ms()).await?;
    transaction.commit().await?;
    Ok(staff)
}

/// Makes an account inside a transaction, with its first change.
pub(super) async fn made(
    connection: &mut SqliteConnection,
    officer: &Officer,
    details: &Details,
    now: i64,
) -> Result<i64, ServiceError> {
    let staff = details::insert(connection, details, now).await?;
    let by = Some(officer.staff());
    let change = Change { staff, act: StaffAct::Create.code(), by, detail: "", reason: "" };
    changes::write(connection, now, change).await?;
    Ok(staff)
}

/// Whether the officer's role does this at all.
pub(super) fn allowed(officer: &Officer, act: StaffAct) -> Result<(), ServiceError> {
    rules::may(officer.role(), act, false, None).map_err(ServiceError::refused)
}

/// Says which roles an account has, up to which grade and until when.
///
/// # Errors
/// Fields that are wrong; refused by `rules::may`.
pub async fn authorise(
    office: &Office,
    officer: &Officer,
    id: i64,
    input: AuthoriseInput,
) -> Result<(), ServiceError> {
    let now = office.now_ms();
    let rights = Rights::read(now, &input);
    act(
        office,
        officer,
        id,
        StaffAct::Authorise,
        &input.reason,
        rights,
        async |connection, account, rights| {
            sqlx::query(
                "UPDATE staff SET roles = ?, clearance = ?, valid_until = ?, review_due = ? WHERE id = ?",
            )
            .bind(rights.codes())
            .bind(rights.clearance)
            .bind(rights.valid_until)
            .bind(now + limits::REVIEW_MS)
            .bind(account.id)
            .execute(connection)
            .await?;
            Ok(rights.said())
        },
    )
    .await
}

/// Rights as a form says them.
struct Rights {
    roles: BTreeSet<Role>,
    clearance: Option<u8>,
    valid_until: Option<i64>,
}

impl Rights {
    fn read(now: i64, input: &AuthoriseInput) -> Result<Self, ServiceError> {
        let mut mistakes = Mistakes::default();
        let read: Option<BTreeSet<Role>> = input.roles.iter().map(|code| Role::from_code(code)).collect();
        let roles = mistakes.take(
            "roles",
            match read {
                None => Err(FieldCode::NotACode),
                Some(roles) if roles.is_empty() => Err(FieldCode::NoneChosen),
                Some(roles) if !may_be_held_together(&roles) => Err(FieldCode::Together),
                Some(roles) => Ok(roles),
            },
        );
        let clearance = match input.clearance.trim() {
            "" => Ok(None),
            text => match text.parse::<u8>() {
                Ok(grade) if (1..=limits::CLEARANCE_MAX).contains(&grade) => Ok(Some(grade)),
                Ok(_) | Err(_) => Err(FieldCode::NotOffered),
            },
        };
        let clearance = mistakes.take("clearance", clearance);
        let valid_until = match input.valid_until.trim() {
            "" => Ok(None),
            text => match deadline::parse_day(text).and_then(deadline::day_end_ms) {
                None => Err(FieldCode::NotADate),
                Some(until) if until < now => Err(FieldCode::InThePast),
                Some(until) => Ok(Some(until)),
            },
        };
        let valid_until = mistakes.take("valid_until", valid_until);
        match (roles, clearance, valid_until) {
            (Some(roles), Some(clearance), Some(valid_until)) => Ok(Self { roles, clearance, valid_until }),
            _ => Err(mistakes.into()),
        }
    }

    fn codes(&self) -> String {
        self.roles.iter().map(|role| role.code()).collect::<Vec<_>>().join(",")
    }

    /// For the history: codes, grade, day.
    fn said(&self) -> String {
        let grade = self.clearance.map_or_else(String::new, |grade| format!(" / {grade}"));
        let until =
            self.valid_until.map_or_else(String::new, |at| format!(" / {}", crate::names::day_text(at)));
        format!("{}{grade}{until}", self.codes())
    }
}

/// Opens an account that has its rights, and returns the one-time secret to hand to its officer: shown
/// once, kept nowhere.
///
/// # Errors
/// Refused `staff.no-rights` before roles and clearance are given, and by `rules::may`.
pub async fn activate(
    office: &Office,
    officer: &Officer,
    id: i64,
) -> Result<Zeroizing<String>, ServiceError> {
    let (secret, hash) = fresh().await?;
    let now = office.now_ms();
    act(office, officer, id, StaffAct::Activate, NO_REASON, Ok(hash), async |connection, account, hash| {
        let needs_clearance = account.roles.iter().any(|role| !role.is_administrator());
        if account.roles.is_empty() || (needs_clearance && account.clearance.is_none()) {
            return Err(ServiceError::refused(OfficeRefusal::StaffNoRights));
        }
        set_once(connection, account, &hash, now).await?;
        sqlx::query("UPDATE staff SET state = 'active', used_at = ?, review_due = ? WHERE id = ?")
            .bind(now)
            .bind(now + limits::REVIEW_MS)
            .bind(account.id)
            .execute(connection)
            .await?;
        Ok(String::new())
    })
    .await?;
    Ok(secret)
}

/// Gives a new one-time secret for a forgotten password, and ends the session.
///
/// # Errors
/// A reason that is missing; refused by `rules::may`.
pub async fn reset_password(
    office: &Office,
    officer: &Officer,
    id: i64,
    reason: &str,
) -> Result<Zeroizing<String>, ServiceError> {
    let (secret, hash) = fresh().await?;
    let now = office.now_ms();
    act(office, officer, id, StaffAct::ResetPassword, reason, Ok(hash), async |connection, account, hash| {
        set_once(connection, account, &hash, now).await?;
        end_session(connection, account, now).await?;
        Ok(String::new())
    })
    .await?;
    Ok(secret)
}

async fn fresh() -> Result<(Zeroizing<String>, String), ServiceError> {
    let secret = password::one_time()?;
    let hash = password::hash(&secret).await?;
    Ok((secret, hash))
}

async fn set_once(
    connection: &mut SqliteConnection,
    account: &Account,
    hash: &str,
    now: i64,
) -> Result<(), ServiceError> {
    sqlx::query(
        "UPDATE staff SET password = ?, password_at = ?, password_due = 1, once_until = ? WHERE id = ?",
    )
    .bind(hash)
    .bind(now)
    .bind(now + limits::ONE_TIME_MS)
    .bind(account.id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Does one of the acts that need no more than a reason: stop, lock, unlock, demand another password, let
/// codes be bound, forget a key or codes, find the rights still needed.
///
/// # Errors
/// A reason that is missing; refused by `rules::may`, or `step-up.due` and `step-up.none` where the act
/// touches what others are recognised by; not found for an act that needs more.
pub async fn do_simply(
    office: &Office,
    officer: &Officer,
    id: i64,
    what: StaffAct,
    reason: &str,
) -> Result<(), ServiceError> {
    let now = office.now_ms();
    let ends = matches!(what, StaffAct::Stop | StaffAct::Lock | StaffAct::UnbindKey | StaffAct::UnbindCode);
    let (statement, value) = match what {
        StaffAct::Stop => ("UPDATE staff SET state = 'stopped' WHERE id = ? AND ? > 0", now),
        StaffAct::Lock => ("UPDATE staff SET state = 'locked' WHERE id = ? AND ? > 0", now),
        StaffAct::Unlock => (
            "UPDATE staff SET state = 'active', locked_until = 0, failures = 0, password_due = 1
             WHERE id = ? AND ? > 0",
            now,
        ),
        StaffAct::DemandPassword => ("UPDATE staff SET password_due = 1 WHERE id = ? AND ? > 0", now),
        StaffAct::Review => ("UPDATE staff SET review_due = ?2 WHERE id = ?1", now + limits::REVIEW_MS),
        StaffAct::UnbindKey => ("DELETE FROM officer_key WHERE staff = ? AND ? > 0", now),
        StaffAct::UnbindCode => ("DELETE FROM officer_code WHERE staff = ? AND ? > 0", now),
        StaffAct::AllowCode => (
            "INSERT OR REPLACE INTO officer_code (staff, allowed_until) VALUES (?, ?)",
            now + limits::CODE_ALLOWED_MS,
        ),
        StaffAct::Create
        | StaffAct::Authorise
        | StaffAct::Activate
        | StaffAct::ResetPassword
        | StaffAct::BindKey
        | StaffAct::Publish
        | StaffAct::Look => return Err(ServiceError::NotFound),
    };
    act(office, officer, id, what, reason, Ok(()), async |connection, account, ()| {
        sqlx::query(statement).bind(account.id).bind(value).execute(&mut *connection).await?;
        if ends {
            end_session(connection, account, now).await?;
        }
        Ok(String::new())
    })
    .await
}

/// Registers an officer's public key, in the place of an earlier one.
///
/// # Errors
/// Fields that are wrong; refused by `rules::may`.
pub async fn bind_key(
    office: &Office,
    officer: &Officer,
    id: i64,
    public: &str,
    reason: &str,
) -> Result<(), ServiceError> {
    let key = read_key(public).ok_or_else(|| ServiceError::field("key", FieldCode::NotAKey));
    let now = office.now_ms();
    act(office, officer, id, StaffAct::BindKey, reason, key, async |connection, account, key| {
        let held: Option<i64> =
            sqlx::query_scalar("SELECT staff FROM officer_key WHERE public = ? AND staff != ?")
                .bind(key.as_bytes().as_slice())
                .bind(account.id)
                .fetch_optional(&mut *connection)
                .await?;
        if held.is_some() {
            return Err(ServiceError::field("key", FieldCode::Taken));
        }
        sqlx::query("INSERT OR REPLACE INTO officer_key (staff, public, bound_at) VALUES (?, ?, ?)")
            .bind(account.id)
            .bind(key.as_bytes().as_slice())
            .bind(now)
            .execute(&mut *connection)
            .await?;
        end_session(connection, account, now).await?;
        Ok(key.key_id().to_string())
    })
    .await
}

/// A public key as its file or page shows it: 130 hexadecimal digits.
#[must_use]
pub fn read_key(text: &str) -> Option<PublicKey> {
    let bytes = hex::decode(text.trim()).ok()?;
    PublicKey::from_bytes(&bytes).ok()
}

const NO_REASON: &str = "-";

async fn act<T>(
    office: &Office,
    officer: &Officer,
    id: i64,
    act: StaffAct,
    reason: &str,
    input: Result<T, ServiceError>,
    change: impl AsyncFnOnce(&mut SqliteConnection, &Account, T) -> Result<String, ServiceError>,
) -> Result<(), ServiceError> {
    // Who does nothing of the kind does not learn which accounts there are.
    if let Err(refused) = allowed(officer, act) {
        office.note_result(officer, Event::Staff(act), "", &Err::<(), _>(refused.clone())).await?;
        return Err(refused);
    }
    let now = office.now_ms();
    let found = Account::numbered(office.pool(), id).await?.ok_or(ServiceError::NotFound)?;
    let is_own = found.id == officer.staff();
    let may = rules::may(officer.role(), act, is_own, Some(found.state_at(now)));
    let may = may.map_err(ServiceError::refused);
    let may = may.and_then(|()| if act.wants_factor() { prove::stepped_up(office, officer) } else { Ok(()) });
    let decided = may.and_then(|()| {
        let reason = plain(reason, limits::REASON_CHARS_MAX);
        match (input, reason) {
            (Ok(input), Ok(reason)) => Ok((input, if reason == NO_REASON { "" } else { reason })),
            (Err(ServiceError::Invalid(mut fields)), Err(code)) => {
                fields.push(crate::error::FieldError { field: "reason", code });
                Err(ServiceError::Invalid(fields))
            }
            (Err(error), _) => Err(error),
            (Ok(_), Err(code)) => Err(ServiceError::field("reason", code)),
        }
    });
    office.note_result(officer, Event::Staff(act), &found.account, &decided).await?;
    let (input, reason) = decided?;
    let mut transaction = office.pool().begin_with("BEGIN IMMEDIATE").await?;
    let state: String = sqlx::query_scalar("SELECT state FROM staff WHERE id = ?")
        .bind(found.id)
        .fetch_one(&mut *transaction)
        .await?;
    if state != found.state.code() {
        // Another administrator was faster.
        return Err(ServiceError::refused(OfficeRefusal::StaffState));
    }
    let detail = change(&mut transaction, &found, input).await?;
    let by = Some(officer.staff());
    let change = Change { staff: found.id, act: act.code(), by, detail: &detail, reason };
    changes::write(&mut transaction, now, change).await?;
    transaction.commit().await?;
    if act.moves_roster() {
        roster::follow(office).await;
    }
    Ok(())
}

/// Dead at its next request, whatever it is about to do.
async fn end_session(
    connection: &mut SqliteConnection,
    account: &Account,
    now: i64,
) -> Result<(), ServiceError> {
    sqlx::query("UPDATE session SET ended_at = ?, ended_for = ? WHERE staff = ? AND ended_at IS NULL")
        .bind(now)
        .bind(SessionEnd::Account.code())
        .bind(account.id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Stops every account that nobody used for 90 days.
pub(crate) async fn stop_unused(office: &Office) -> Result<(), ServiceError> {
    let now = office.now_ms();
    let unused: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, account FROM staff WHERE state != 'stopped' AND used_at < ?")
            .bind(now - limits::ACCOUNT_UNUSED_MS)
            .fetch_all(office.pool())
            .await?;
    for (staff, account) in unused {
        stop_one_unused(office, staff, &account, now).await?;
    }
    Ok(())
}

pub(super) async fn stop_one_unused(
    office: &Office,
    staff: i64,
    account: &str,
    now: i64,
) -> Result<(), ServiceError> {
    let note = crate::audit_log::Note::of_system(now, Event::Staff(StaffAct::Stop), account, "ok");
    office.audit().append(note).await?;
    let mut transaction = office.pool().begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("UPDATE staff SET state = 'stopped' WHERE id = ?")
        .bind(staff)
        .execute(&mut *transaction)
        .await?;
    let change = Change { staff, act: "unused", by: None, detail: "", reason: "" };
    changes::write(&mut transaction, now, change).await?;
    transaction.commit().await?;
    roster::follow(office).await;
    Ok(())
}
