//! Showing the second factor: at sign-in, and again before what is done in a person's own name.

use ledger::role::Assurance;
use sqlx::Row as _;

use crate::audit_log::{Event, Note, Seen};
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::staff::account::Account;
use crate::staff::challenge::Challenge;
use crate::staff::sessions::{self, Session};
use crate::staff::{code, rules};
use crate::throttle::Source;

/// What the page offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proving {
    /// Whose factor it is.
    pub account: String,
    /// What the officer's key is to sign; none without a key.
    pub challenge: Option<String>,
    /// Whether a time-based code will do.
    pub code: bool,
    /// Whether the officer is at work already and is asked again.
    pub again: bool,
}

/// A factor as it is shown.
#[derive(Clone, Copy)]
pub enum Factor<'a> {
    /// Six digits.
    Code(&'a str),
    /// `zl1-answer.…`
    Answer(&'a str),
}

/// What can be shown in this session.
///
/// # Errors
/// Refused `session.ended`; `step-up.none` without a factor.
pub async fn proving(office: &Office, session: &str) -> Result<Proving, ServiceError> {
    let (session, account) = known(office, session).await?;
    if !account.has_factor() {
        return Err(ServiceError::refused(OfficeRefusal::StepUpNone));
    }
    let challenge = if account.has_key {
        Some(drawn(office, &session, &account).await?.text(office.chain()))
    } else {
        None
    };
    Ok(Proving {
        account: account.account,
        challenge,
        code: account.has_code,
        again: session.proven_at.is_some(),
    })
}

/// A running session and its account, whatever is still to be shown.
pub(super) async fn known(office: &Office, session: &str) -> Result<(Session, Account), ServiceError> {
    let ended = || ServiceError::refused(OfficeRefusal::SessionEnded);
    let now = office.now_ms();
    let session = sessions::find(office.store(), session, now, true).await?.ok_or_else(ended)?;
    let account = Account::numbered(office.pool(), session.staff).await?.ok_or_else(ended)?;
    if account.is_usable(now, office.is_demo()) { Ok((session, account)) } else { Err(ended()) }
}

/// The challenge of this session: the one on the page as long as it is fresh, else a new one.
async fn drawn(office: &Office, session: &Session, account: &Account) -> Result<Challenge, ServiceError> {
    let now = office.now_ms();
    if let Some(kept) = kept(office, session, account).await? {
        return Ok(kept);
    }
    let nonce = gm::random::bytes::<32>()?;
    sqlx::query("UPDATE session SET challenge = ?, challenge_at = ? WHERE digest = ?")
        .bind(nonce.as_slice())
        .bind(now)
        .bind(session.digest.0.as_slice())
        .execute(office.pool())
        .await?;
    Challenge::new(office.host(), &account.account, session.digest, nonce, now)
}

async fn kept(
    office: &Office,
    session: &Session,
    account: &Account,
) -> Result<Option<Challenge>, ServiceError> {
    let row = sqlx::query("SELECT challenge, challenge_at FROM session WHERE digest = ?")
        .bind(session.digest.0.as_slice())
        .fetch_one(office.pool())
        .await?;
    let (nonce, at): (Option<Vec<u8>>, Option<i64>) =
        (row.try_get("challenge")?, row.try_get("challenge_at")?);
    let nonce = nonce.and_then(|nonce| <[u8; 32]>::try_from(nonce).ok());
    match (nonce, at) {
        (Some(nonce), Some(at)) if (0..limits::CHALLENGE_MS).contains(&(office.now_ms() - at)) => {
            Challenge::new(office.host(), &account.account, session.digest, nonce, at).map(Some)
        }
        _ => Ok(None),
    }
}

/// Shows a factor. Five wrong ones in a row, passwords among them, lock the account and end the session.
///
/// # Errors
/// Refused `factor.wrong`, `sign-in.often`, `session.ended`.
pub async fn prove(
    office: &Office,
    source: Source,
    session: &str,
    factor: Factor<'_>,
) -> Result<(), ServiceError> {
    let (session, account) = known(office, session).await?;
    let now = office.now_ms();
    if !office.throttle().takes(source, now) {
        return Err(ServiceError::refused(OfficeRefusal::SignInOften));
    }
    account.take_attempt(office.store(), now).await?;
    let shown = shown(office, &session, &account, factor).await?;
    let result = if shown.is_some() { "ok" } else { OfficeRefusal::FactorWrong.code() };
    let role = session.role.code();
    let event = Event::FactorShow;
    let seen = Seen::of(Some(source), Some(&session.digest));
    let note = Note { account: &account.account, role, seen, ..Note::of_system(now, event, "", result) };
    office.audit().append(note).await?;
    let Some(proven) = shown else {
        let wrong = ServiceError::refused(OfficeRefusal::FactorWrong);
        return Err(account.attempt_failed(office.store(), &session.digest, now, wrong).await?);
    };
    office.throttle().succeeded(source, now);
    account.note_success(office.store(), now).await?;
    sessions::set_proven(office.store(), &session, proven, now).await
}

/// Which factor it was, if it was right.
async fn shown(
    office: &Office,
    session: &Session,
    account: &Account,
    factor: Factor<'_>,
) -> Result<Option<Assurance>, ServiceError> {
    match factor {
        Factor::Code(typed) => {
            let is_right = takes_code(office, account, typed, true).await?;
            Ok(is_right.then_some(Assurance::Otp))
        }
        Factor::Answer(answer) => {
            let asked = kept(office, session, account).await?;
            // Good for one answer, right or wrong.
            sqlx::query("UPDATE session SET challenge = NULL, challenge_at = NULL WHERE digest = ?")
                .bind(session.digest.0.as_slice())
                .execute(office.pool())
                .await?;
            let public: Option<Vec<u8>> =
                sqlx::query_scalar("SELECT public FROM officer_key WHERE staff = ?")
                    .bind(account.id)
                    .fetch_optional(office.pool())
                    .await?;
            let key = public.and_then(|bytes| gm::sm2::PublicKey::from_bytes(&bytes).ok());
            let (Some(asked), Some(key)) = (asked, key) else { return Ok(None) };
            if !asked.is_answered(office.chain(), &key, answer) {
                return Ok(None);
            }
            sqlx::query("UPDATE officer_key SET used_at = ? WHERE staff = ?")
                .bind(office.now_ms())
                .bind(account.id)
                .execute(office.pool())
                .await?;
            Ok(Some(Assurance::Ukey))
        }
    }
}

/// Whether a code is right and was not taken before: taking it is one statement, so that of two at once
/// one is refused.
pub(super) async fn takes_code(
    office: &Office,
    account: &Account,
    typed: &str,
    is_bound: bool,
) -> Result<bool, ServiceError> {
    let row = sqlx::query("SELECT sealed FROM officer_code WHERE staff = ? AND (bound_at IS NOT NULL) = ?")
        .bind(account.id)
        .bind(is_bound)
        .fetch_optional(office.pool())
        .await?;
    let sealed: Option<Vec<u8>> = row.as_ref().map(|row| row.try_get("sealed")).transpose()?.flatten();
    let Some(sealed) = sealed else { return Ok(false) };
    let secret = code::open(office.store_key(), &account.staff_id, &sealed)?;
    let now = office.now_ms();
    let Some(step) = code::step_of(&secret, typed, now)? else { return Ok(false) };
    let taken =
        sqlx::query("UPDATE officer_code SET last_step = ?, used_at = ? WHERE staff = ? AND last_step < ?")
            .bind(step)
            .bind(now)
            .bind(account.id)
            .bind(step)
            .execute(office.pool())
            .await?;
    Ok(taken.rows_affected() == 1)
}

/// Refuses what is done in a person's own name to whoever did not show their second factor within the last
/// five minutes. Asked where the act is done, so that no page can forget it.
///
/// # Errors
/// Refused `step-up.due`, `step-up.none`.
pub(crate) fn stepped_up(office: &Office, officer: &Officer) -> Result<(), ServiceError> {
    let (has_factor, proven_at) =
        officer.session.as_ref().map_or((false, None), |seat| (seat.has_factor, seat.proven_at));
    rules::stepped_up(has_factor, proven_at, office.now_ms()).map_err(ServiceError::refused)
}

/// The same where only who has a second factor can be asked for it.
///
/// # Errors
/// Refused `step-up.due`.
pub(crate) fn stepped_up_if_able(office: &Office, officer: &Officer) -> Result<(), ServiceError> {
    if officer.session.as_ref().is_some_and(|seat| seat.has_factor) {
        stepped_up(office, officer)
    } else {
        Ok(())
    }
}
