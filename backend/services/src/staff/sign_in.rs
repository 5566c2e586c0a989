//! Signing in and out, going on with a session, and the role acted in.

use ledger::role::Role;
use zeroize::Zeroizing;

use crate::audit_log::{Event, Note};
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::staff::account::Account;
use crate::staff::{password, sessions};

/// The order in which a role is chosen when an officer signs in.
const FIRST_ROLES: [Role; 4] = [Role::ReqOperator, Role::ProvApprover, Role::BizUser, Role::Inspector];

/// A new session.
#[derive(Clone)]
pub struct SignedIn {
    /// The session's id, 64 hexadecimal characters. Goes into the cookie and nowhere else.
    pub session: Zeroizing<String>,
    /// Who signed in.
    pub officer: Officer,
}

/// Signs in. Takes the same time for an unknown account as for a wrong password.
///
/// # Errors
/// Refused `sign-in.wrong`, `sign-in.locked` (five failures, 30 minutes), `sign-in.unused` (90 days),
/// `sign-in.department` (the department is not active on the chain).
pub async fn sign_in(office: &Office, account: &str, password: &str) -> Result<SignedIn, ServiceError> {
    let outcome = check_in(office, account, password).await;
    let (noted, role, result) = match &outcome {
        Ok(signed_in) => (signed_in.officer.account(), signed_in.officer.role().code(), "ok"),
        // What was typed may be a password in the wrong field: only a known account is noted.
        Err((known, ServiceError::Refused { code })) => {
            (known.as_deref().unwrap_or("unknown"), "", code.as_str())
        }
        Err((known, _)) => (known.as_deref().unwrap_or("unknown"), "", "fault"),
    };
    let note =
        Note { at: office.now_ms(), event: Event::SignIn, account: noted, role, object: "", outcome: result };
    office.audit().append(note).await?;
    outcome.map_err(|(_, error)| error)
}

/// A failure with the account it was about, if that is known.
type CheckError = (Option<String>, ServiceError);

async fn check_in(office: &Office, account: &str, password: &str) -> Result<SignedIn, CheckError> {
    let nobody = |error: ServiceError| (None, error);
    let wrong = || ServiceError::refused("sign-in.wrong");
    if account.chars().count() > limits::ACCOUNT_CHARS_MAX || password.len() > limits::PASSWORD_BYTES_MAX {
        return Err((None, wrong()));
    }
    let _turn = office.password_turn().await.map_err(nobody)?;
    let now = office.now_ms();
    let row = sqlx::query("SELECT * FROM staff WHERE account = ? AND active = 1")
        .bind(account.trim())
        .fetch_optional(office.pool())
        .await
        .map_err(|error| nobody(error.into()))?;
    let Some(row) = row else {
        password::pretend(password).await.map_err(nobody)?;
        return Err((None, wrong()));
    };
    let known = Account::read(&row).map_err(|error| nobody(error.into()))?;
    let named = |error: ServiceError| (Some(known.account.clone()), error);
    known.take_attempt(office.records(), now).await.map_err(named)?;
    if !password::fits(password, &known.password).await.map_err(named)? {
        known.note_failure(office.records(), now).await.map_err(named)?;
        return Err(named(wrong()));
    }
    if now - known.used_at > limits::ACCOUNT_UNUSED_MS {
        return Err(named(ServiceError::refused("sign-in.unused")));
    }
    if !office.is_active().map_err(named)? {
        return Err(named(ServiceError::refused("sign-in.department")));
    }
    let role =
        FIRST_ROLES.into_iter().find(|role| known.roles.contains(role)).ok_or_else(|| named(wrong()))?;
    known.note_success(office.records(), now).await.map_err(named)?;
    let (session, began) =
        sessions::begin(office.records(), known.id, role, known.signed_in_at, now).await.map_err(named)?;
    Ok(SignedIn { session, officer: known.officer(office, &began) })
}

/// Goes on with a session and extends its idle time.
///
/// # Errors
/// Refused `session.ended` when it ended, or when account or department are no longer in standing.
pub async fn resume(office: &Office, session: &str) -> Result<Officer, ServiceError> {
    find(office, session, true).await
}

/// Goes on with a session without extending its idle time: for what a page fetches by itself.
///
/// # Errors
/// As [`resume`].
pub async fn glance(office: &Office, session: &str) -> Result<Officer, ServiceError> {
    find(office, session, false).await
}

async fn find(office: &Office, session: &str, extends: bool) -> Result<Officer, ServiceError> {
    let ended = || ServiceError::refused("session.ended");
    let session =
        sessions::find(office.records(), session, office.now_ms(), extends).await?.ok_or_else(ended)?;
    let row = sqlx::query("SELECT * FROM staff WHERE id = ? AND active = 1")
        .bind(session.staff)
        .fetch_optional(office.pool())
        .await?
        .ok_or_else(ended)?;
    let account = Account::read(&row)?;
    if !account.roles.contains(&session.role) || !office.is_active()? {
        sessions::end(office.records(), &session.digest).await?;
        return Err(ended());
    }
    Ok(account.officer(office, &session))
}

/// Ends the officer's session.
///
/// # Errors
/// A fault of the records.
pub async fn sign_out(office: &Office, officer: &Officer) -> Result<(), ServiceError> {
    sessions::end(office.records(), &officer.session).await?;
    office.note(officer, Event::SignOut, "", "ok").await
}

/// Goes on in another role that the officer holds.
///
/// # Errors
/// Refused `role.not-held`.
pub async fn switch_role(office: &Office, officer: &Officer, role: Role) -> Result<Officer, ServiceError> {
    if !officer.roles.contains(&role) {
        office.note(officer, Event::SwitchRole, role.code(), "role.not-held").await?;
        return Err(ServiceError::refused("role.not-held"));
    }
    office.note(officer, Event::SwitchRole, role.code(), "ok").await?;
    sessions::set_role(office.records(), &officer.session, role).await?;
    Ok(Officer { role, ..officer.clone() })
}
