//! What officers see and do of their own account: password, codes, sessions.

use ledger::role::Assurance;
use sqlx::Row as _;
use zeroize::Zeroizing;

use crate::audit_log::{Event, Note, Seen};
use crate::codes::{FieldCode, OfficeRefusal};
use crate::error::ServiceError;
use crate::fields::Mistakes;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::staff::account::Account;
use crate::staff::changes::{self, Change};
use crate::staff::list::{self, CodeView, KeyView, SessionView};
use crate::staff::sessions::Session;
use crate::staff::{code, password, prove};
use crate::throttle::Source;

/// An officer's own account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnView {
    /// What it signs in with.
    pub account: String,
    /// When the password is to be changed at the latest, ms UTC.
    pub password_until: i64,
    /// How the officer was recognised in this session.
    pub proven: Assurance,
    /// Highest grade to be seen.
    pub clearance: Option<u8>,
    /// Last moment the account is good for.
    pub valid_until: Option<i64>,
    /// The own key.
    pub key: Option<KeyView>,
    /// Time-based codes.
    pub code: Option<CodeView>,
    /// The last sessions, newest first.
    pub sessions: Vec<SessionView>,
    /// When this session ends if nothing more is asked.
    pub session_ends_at: i64,
}

impl OwnView {
    /// Whether time-based codes are bound.
    #[must_use]
    pub fn has_code(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.bound_at.is_some())
    }

    /// Whether the officer may bind them now.
    #[must_use]
    pub fn may_bind_code(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.bound_at.is_none())
    }
}

/// What the form for another password says.
#[derive(Clone, Default)]
pub struct PasswordInput {
    /// The present one.
    pub old: Zeroizing<String>,
    /// The other one.
    pub new: Zeroizing<String>,
    /// The other one again.
    pub again: Zeroizing<String>,
}

/// A secret for an authenticator app, shown to its officer alone.
#[derive(Clone)]
pub struct CodeSecret {
    /// In letters and digits.
    pub text: Zeroizing<String>,
    /// The address an app takes, `otpauth://…`.
    pub address: Zeroizing<String>,
}

/// The officer's own account.
///
/// # Errors
/// Refused `session.ended` for a machine, which has none; faults.
pub async fn own(office: &Office, officer: &Officer) -> Result<OwnView, ServiceError> {
    let account = account_of(office, officer).await?;
    Ok(OwnView {
        password_until: account.password_at + limits::PASSWORD_AGE_MS,
        proven: officer.assurance(),
        clearance: account.clearance,
        valid_until: account.valid_until,
        key: list::key(office, account.id).await?,
        code: list::code(office, account.id).await?,
        sessions: list::sessions(office, account.id).await?,
        session_ends_at: officer.session_ends_at(),
        account: account.account,
    })
}

async fn account_of(office: &Office, officer: &Officer) -> Result<Account, ServiceError> {
    let found = Account::numbered(office.pool(), officer.staff()).await?;
    found.ok_or(ServiceError::refused(OfficeRefusal::SessionEnded))
}

/// Whose password is to be changed on this session's page: also while nothing else is open to them.
///
/// # Errors
/// Refused `session.ended`, `session.factor-due`.
pub async fn password_of(office: &Office, session: &str) -> Result<String, ServiceError> {
    Ok(shown(office, session).await?.1.account)
}

/// A running session whose factor was shown, if there is one.
async fn shown(office: &Office, session: &str) -> Result<(Session, Account), ServiceError> {
    let (session, account) = prove::known(office, session).await?;
    if account.has_factor() && session.proven_at.is_none() {
        return Err(ServiceError::refused(OfficeRefusal::SessionFactorDue));
    }
    Ok((session, account))
}

/// Changes the password of this session's account.
///
/// # Errors
/// Fields that are wrong: `old` (five in a row lock the account and end the session), `new`, `again`;
/// refused `session.ended`, `session.factor-due`, `sign-in.often`.
pub async fn change_password(
    office: &Office,
    source: Source,
    session: &str,
    input: PasswordInput,
) -> Result<(), ServiceError> {
    let (session, account) = shown(office, session).await?;
    if !office.throttle().takes(source, office.now_ms()) {
        return Err(ServiceError::refused(OfficeRefusal::SignInOften));
    }
    let changed = changed(office, &session, &account, &input).await;
    let outcome = changed.as_ref().map_or_else(ServiceError::outcome, |_| "ok".to_owned());
    let note = Note {
        account: &account.account,
        role: session.role.code(),
        seen: Seen::of(Some(source), Some(&session.digest)),
        ..Note::of_system(office.now_ms(), Event::PasswordChange, "", &outcome)
    };
    office.audit().append(note).await?;
    let hash = changed?;
    office.throttle().succeeded(source, office.now_ms());
    set(office, &account, &hash).await
}

/// The hash of the other password, if the form is right.
async fn changed(
    office: &Office,
    session: &Session,
    account: &Account,
    input: &PasswordInput,
) -> Result<String, ServiceError> {
    let _turn = office.password_turn().await?;
    let now = office.now_ms();
    account.take_attempt(office.store(), now).await?;
    let old = if input.old.len() > limits::PASSWORD_BYTES_MAX { "" } else { input.old.as_str() };
    if !password::fits(old, &account.password).await? {
        let wrong = ServiceError::field("old", FieldCode::Wrong);
        return Err(account.attempt_failed(office.store(), &session.digest, now, wrong).await?);
    }
    account.give_back(office.store()).await?;
    let mut mistakes = Mistakes::default();
    let good = mistakes.take("new", password::check_form(&input.new, &account.account));
    if good.is_some() && was_used(office, account, &input.new).await? {
        mistakes.add("new", FieldCode::UsedBefore);
    }
    if input.new != input.again {
        mistakes.add("again", FieldCode::NotSame);
    }
    mistakes.done()?;
    password::hash(&input.new).await
}

/// Whether it is the present password or one of the last before it.
async fn was_used(office: &Office, account: &Account, new: &str) -> Result<bool, ServiceError> {
    let mut past: Vec<String> =
        sqlx::query_scalar("SELECT password FROM password_past WHERE staff = ? ORDER BY id DESC LIMIT ?")
            .bind(account.id)
            .bind(limits::PASSWORDS_KEPT - 1)
            .fetch_all(office.pool())
            .await?;
    past.push(account.password.to_string());
    for stored in past {
        if password::fits(new, &stored).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn set(office: &Office, account: &Account, hash: &str) -> Result<(), ServiceError> {
    let now = office.now_ms();
    let mut transaction = office.pool().begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("INSERT INTO password_past (staff, password) VALUES (?, ?)")
        .bind(account.id)
        .bind(account.password.as_str())
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "DELETE FROM password_past WHERE staff = ?1 AND id NOT IN
         (SELECT id FROM password_past WHERE staff = ?1 ORDER BY id DESC LIMIT ?2)",
    )
    .bind(account.id)
    .bind(limits::PASSWORDS_KEPT)
    .execute(&mut *transaction)
    .await?;
    let set = sqlx::query(
        "UPDATE staff SET password = ?, password_at = ?, password_due = 0, once_until = NULL
         WHERE id = ? AND password = ?",
    )
    .bind(hash)
    .bind(now)
    .bind(account.id)
    // An administrator may have given another one meanwhile.
    .bind(account.password.as_str())
    .execute(&mut *transaction)
    .await?;
    if set.rows_affected() != 1 {
        return Err(ServiceError::refused(OfficeRefusal::SessionEnded));
    }
    let change = Change { staff: account.id, act: "password", by: Some(account.id), detail: "", reason: "" };
    changes::write(&mut transaction, now, change).await?;
    transaction.commit().await?;
    Ok(())
}

/// The secret of the codes that the officer may bind: drawn at the first look, the same until then.
///
/// # Errors
/// Refused `code.not-allowed` unless the security administrator allowed it within the last day.
pub async fn code_secret(office: &Office, officer: &Officer) -> Result<CodeSecret, ServiceError> {
    let account = account_of(office, officer).await?;
    let sealed = allowed(office, &account).await?;
    let secret = match sealed {
        Some(sealed) => code::open(office.store_key(), &account.staff_id, &sealed)?,
        None => {
            let secret = code::draw()?;
            let sealed = code::seal(office.store_key(), &account.staff_id, &secret)?;
            sqlx::query("UPDATE officer_code SET sealed = ? WHERE staff = ? AND bound_at IS NULL")
                .bind(sealed)
                .bind(account.id)
                .execute(office.pool())
                .await?;
            secret
        }
    };
    let (text, address) = code::shown(&secret, &account.account)?;
    Ok(CodeSecret { text, address })
}

/// The sealed secret of codes that may be bound now.
async fn allowed(office: &Office, account: &Account) -> Result<Option<Vec<u8>>, ServiceError> {
    let row = sqlx::query(
        "SELECT sealed FROM officer_code WHERE staff = ? AND bound_at IS NULL AND allowed_until > ?",
    )
    .bind(account.id)
    .bind(office.now_ms())
    .fetch_optional(office.pool())
    .await?;
    let row = row.ok_or(ServiceError::refused(OfficeRefusal::CodeNotAllowed))?;
    Ok(row.try_get("sealed")?)
}

/// Binds the codes of [`code_secret`] with one of them. From now on they are asked for at sign-in.
///
/// # Errors
/// Refused `code.not-allowed`, `factor.wrong` (five in a row lock the account and end the session),
/// `sign-in.often`.
pub async fn bind_code(
    office: &Office,
    officer: &Officer,
    source: Source,
    typed: &str,
) -> Result<(), ServiceError> {
    let account = account_of(office, officer).await?;
    allowed(office, &account).await?;
    let now = office.now_ms();
    if !office.throttle().takes(source, now) {
        return Err(ServiceError::refused(OfficeRefusal::SignInOften));
    }
    account.take_attempt(office.store(), now).await?;
    let is_right = prove::takes_code(office, &account, typed, false).await?;
    let result = if is_right { "ok" } else { OfficeRefusal::FactorWrong.code() };
    office.note(officer, Event::CodeBind, "", result).await?;
    let seat = officer.session.as_ref().ok_or(ServiceError::refused(OfficeRefusal::SessionEnded))?;
    if !is_right {
        let wrong = ServiceError::refused(OfficeRefusal::FactorWrong);
        return Err(account.attempt_failed(office.store(), &seat.digest, now, wrong).await?);
    }
    office.throttle().succeeded(source, now);
    account.give_back(office.store()).await?;
    let mut transaction = office.pool().begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("UPDATE officer_code SET bound_at = ? WHERE staff = ?")
        .bind(now)
        .bind(account.id)
        .execute(&mut *transaction)
        .await?;
    // It was shown just now.
    sqlx::query("UPDATE session SET proven = ?, proven_at = ? WHERE digest = ?")
        .bind(seat.proven.max(Assurance::Otp).code())
        .bind(now)
        .bind(seat.digest.0.as_slice())
        .execute(&mut *transaction)
        .await?;
    let change = Change { staff: account.id, act: "code", by: Some(account.id), detail: "", reason: "" };
    changes::write(&mut transaction, now, change).await?;
    transaction.commit().await?;
    Ok(())
}
