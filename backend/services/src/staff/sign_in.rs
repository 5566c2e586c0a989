//! Signing in and out, going on with a session, and the role acted in.

use ledger::ids::InspectionId;
use ledger::role::{Assurance, Role};
use tokio::time::{Duration, Instant};
use zeroize::Zeroizing;

use crate::audit_log::{Event, Note, Seen};
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::staff::account::Account;
use crate::staff::sessions::SessionEnd;
use crate::staff::{manage, password, prove, rules, sessions};
use crate::throttle::Source;

/// The role an officer goes on in after signing in: who prepares before who decides, uses and inspects.
const fn first(role: Role) -> u8 {
    match role {
        Role::ReqOperator => 0,
        Role::ProvApprover => 1,
        Role::BizUser => 2,
        Role::CatalogEditor => 3,
        Role::CatalogReviewer => 4,
        Role::DataOwnerOps => 5,
        Role::DeptLead => 6,
        Role::CompReviewer => 7,
        Role::CompMediator => 8,
        Role::Inspector => 9,
        Role::SysAdmin => 10,
        Role::SecAdmin => 11,
        Role::AuditAdmin => 12,
        Role::Reader => 13,
    }
}

/// A new session.
#[derive(Clone)]
pub struct SignedIn {
    /// The session's id, 64 hexadecimal characters. Goes into the cookie and nowhere else.
    pub session: Zeroizing<String>,
    /// Who signed in: not at work yet while a factor or another password is due.
    pub(crate) officer: Officer,
}

impl SignedIn {
    /// The account.
    #[must_use]
    pub fn account(&self) -> &str {
        self.officer.account()
    }

    /// Goes on in the role of an earlier session, if it is still held.
    ///
    /// # Errors
    /// A fault of the office's store.
    pub async fn go_on_as(&self, office: &Office, role: Role) -> Result<(), ServiceError> {
        if role != self.officer.role() && self.officer.roles.contains(&role) {
            switch_role(office, &self.officer, role).await?;
        }
        Ok(())
    }
}

/// Signs in. An unknown account, a wrong password and a locked account are told alike and in the same
/// time, so that nobody learns which accounts there are.
///
/// # Errors
/// Refused `sign-in.wrong` (also while the account is closed to this source), `sign-in.often` (too many
/// failures from this address or in all), `sign-in.unused` (90 days), `sign-in.expired` (the account's
/// time is over), `sign-in.lapsed` (a one-time secret was not used in time), `sign-in.demo` (an account of
/// a demonstration), `sign-in.department` (the department is not active on the chain).
pub async fn sign_in(
    office: &Office,
    source: Source,
    account: &str,
    password: &str,
) -> Result<SignedIn, ServiceError> {
    let outcome = check_in(office, source, account, password).await;
    noted(office, source, "", outcome).await
}

/// Writes down how an attempt to sign in ended, and in which way it was made (nothing: by password), and counts
/// it.
pub(super) async fn noted(
    office: &Office,
    source: Source,
    way: &str,
    outcome: Result<SignedIn, Failure>,
) -> Result<SignedIn, ServiceError> {
    let now = office.now_ms();
    let (noted, role, object, result) = match &outcome {
        Ok(signed_in) => {
            let officer = &signed_in.officer;
            office.throttle().entered(officer.account(), source, now);
            (officer.account(), officer.role().code(), way.to_owned(), "ok")
        }
        Err(failure) => {
            match office.throttle().notes(failure.is_common, now) {
                // What was typed may be a password in the wrong field: only a known account is noted.
                Some(before) => (
                    failure.account.as_deref().unwrap_or("unknown"),
                    "",
                    if before == 0 {
                        way.to_owned()
                    } else {
                        format!("{way} and {before} before").trim_start().to_owned()
                    },
                    failure.outcome.as_str(),
                ),
                None => return outcome.map_err(|failure| failure.error),
            }
        }
    };
    let session = outcome.as_ref().map(|signed_in| signed_in.officer.seen().session).unwrap_or_default();
    let seen = Seen { address: source.to_string(), session };
    let said = Note::of_system(now, Event::SignIn, &object, result);
    office.audit().append(Note { account: noted, role, seen, ..said }).await?;
    outcome.map_err(|failure| failure.error)
}

/// Why nobody was let in, and what the log says about it.
pub(super) struct Failure {
    error: ServiceError,
    /// The account, if it is one of ours.
    account: Option<String>,
    /// What the log says; the page may say less.
    outcome: String,
    /// Anyone can have it without end: one a minute is noted.
    is_common: bool,
}

impl Failure {
    pub(super) fn common(account: Option<&Account>, outcome: &str, error: ServiceError) -> Self {
        let account = account.map(|known| known.account.clone());
        Self { error, account, outcome: outcome.to_owned(), is_common: true }
    }

    pub(super) fn of(account: &Account, error: ServiceError) -> Self {
        Self { account: Some(account.account.clone()), ..Self::from(error) }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self { account: None, outcome: error.outcome(), is_common: false, error }
    }
}

async fn check_in(
    office: &Office,
    source: Source,
    account: &str,
    password: &str,
) -> Result<SignedIn, Failure> {
    if !office.throttle().takes(source, office.now_ms()) {
        let often = ServiceError::refused(OfficeRefusal::SignInOften);
        return Err(Failure::common(None, "sign-in.often", often));
    }
    let turn = office.password_turn().await?;
    let (heard, now) = (Instant::now(), office.now_ms());
    // Longer ones fit no account, and take as long to say so.
    let password = if password.len() > limits::PASSWORD_BYTES_MAX { "" } else { password };
    let known = Account::find(office.pool(), account).await?;
    let is_desk = match &known {
        Some(known) => {
            office.audit().has_signed_in(&known.account, source).await.map_err(ServiceError::from)?
        }
        None => false,
    };
    // Closed to this source, or locked by wrong factors for all.
    let is_locked = known.as_ref().is_some_and(|known| known.locked_until > now);
    let is_open = office.throttle().opens(account, source, is_desk, now) && !is_locked;
    let failure = match &known {
        None => {
            password::pretend(password).await?;
            Failure::common(None, "sign-in.wrong", wrong())
        }
        Some(known) => {
            let fits = password::fits(password, &known.password).await?;
            if is_open && fits {
                drop(turn);
                return enter(office, source, known, None, now)
                    .await
                    .map_err(|error| Failure::of(known, error));
            }
            if is_open {
                Failure::of(known, wrong())
            } else {
                Failure::common(Some(known), "sign-in.locked", wrong())
            }
        }
    };
    drop(turn);
    tokio::time::sleep_until(heard + Duration::from_millis(limits::SIGN_IN_WRONG_MS)).await;
    Err(failure)
}

fn wrong() -> ServiceError {
    ServiceError::refused(OfficeRefusal::SignInWrong)
}

/// Begins the session of an account that somebody was recognised for; `factor_at`: they showed a second factor
/// then.
pub(super) async fn enter(
    office: &Office,
    source: Source,
    known: &Account,
    factor_at: Option<i64>,
    now: i64,
) -> Result<SignedIn, ServiceError> {
    let refused = |code| Err(ServiceError::refused(code));
    if known.is_demo && !office.is_demo() {
        return refused(OfficeRefusal::SignInDemo);
    }
    if now - known.used_at > limits::ACCOUNT_UNUSED_MS {
        manage::stop_one_unused(office, known.id, &known.account, now).await?;
        return refused(OfficeRefusal::SignInUnused);
    }
    if known.valid_until.is_some_and(|until| now > until) {
        return refused(OfficeRefusal::SignInExpired);
    }
    if known.once_until.is_some_and(|until| now > until) {
        return refused(OfficeRefusal::SignInLapsed);
    }
    if !office.is_active()? {
        return Err(ServiceError::refused(OfficeRefusal::SignInDepartment));
    }
    let role = known.roles.iter().copied().min_by_key(|role| first(*role)).ok_or_else(wrong)?;
    if !known.has_factor() || factor_at.is_some() {
        known.note_success(office.store(), now).await?;
    }
    let (session, mut began) =
        sessions::begin(office.store(), known.id, role, source, known.signed_in_at, now).await?;
    if let Some(at) = factor_at {
        sessions::set_proven(office.store(), &began, Assurance::Otp, at).await?;
        (began.proven, began.proven_at) = (Assurance::Otp, Some(at));
    }
    Ok(SignedIn { session, officer: known.officer(office, role, Some(&began)) })
}

/// Goes on with a session and extends its idle time.
///
/// # Errors
/// Refused `session.ended` when it ended, or when account, role or department are no longer in standing;
/// `session.factor-due` and `session.password-due` before the officer may work.
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
    let ended = || ServiceError::refused(OfficeRefusal::SessionEnded);
    let now = office.now_ms();
    let session = sessions::find(office.store(), session, now, extends).await?.ok_or_else(ended)?;
    let account = Account::numbered(office.pool(), session.staff).await?.ok_or_else(ended)?;
    let stands = account.is_usable(now, office.is_demo()) && account.roles.contains(&session.role);
    if !stands || !office.is_active()? {
        sessions::end(office.store(), &session.digest, SessionEnd::Account, now).await?;
        return Err(ended());
    }
    let (is_proven, age) = (session.proven_at.is_some(), now - account.password_at);
    rules::standing(account.has_factor(), is_proven, account.is_password_due, age)
        .map_err(ServiceError::refused)?;
    Ok(account.officer(office, session.role, Some(&session)))
}

/// Asks once more whether an officer may be given what they wanted: for what took a while to make or to wait
/// for. The account, its session and its role are read anew; a lock in between is felt here and not at the next
/// request only.
///
/// # Errors
/// Refused `session.ended` when the session ended meanwhile, or account, role or department are no longer in
/// standing.
pub(crate) async fn still(office: &Office, officer: &Officer) -> Result<(), ServiceError> {
    let ended = || ServiceError::refused(OfficeRefusal::SessionEnded);
    let account = Account::numbered(office.pool(), officer.staff()).await?.ok_or_else(ended)?;
    let stands =
        account.is_usable(office.now_ms(), office.is_demo()) && account.roles.contains(&officer.role());
    let runs = match &officer.session {
        Some(seat) => sessions::runs(office.store(), &seat.digest).await?,
        None => true, // a machine sits in none
    };
    if stands && runs && office.is_active()? { Ok(()) } else { Err(ended()) }
}

/// A machine of the department: an account with one role, in no session. Whoever calls this has recognised
/// it, by a key of its own.
///
/// # Errors
/// Refused `sign-in.wrong` for an account that there is not, or with several roles; `sign-in.department`.
pub async fn machine(office: &Office, account: &str) -> Result<Officer, ServiceError> {
    let account = Account::find(office.pool(), account).await?.ok_or_else(wrong)?;
    if !account.is_usable(office.now_ms(), office.is_demo()) {
        return Err(wrong());
    }
    if !office.is_active()? {
        return Err(ServiceError::refused(OfficeRefusal::SignInDepartment));
    }
    match account.roles.first() {
        Some(role) if account.roles.len() == 1 => Ok(account.officer(office, *role, None)),
        _ => Err(wrong()),
    }
}

/// Ends a session, also one whose factor or password is still due.
///
/// # Errors
/// Refused `session.ended` for one that does not run; a fault of the office's store.
pub async fn sign_out(office: &Office, session: &str) -> Result<(), ServiceError> {
    let (session, account) = prove::known(office, session).await?;
    let now = office.now_ms();
    sessions::end(office.store(), &session.digest, SessionEnd::SignedOut, now).await?;
    let role = session.role.code();
    let (event, account) = (Event::SignOut, account.account.as_str());
    let seen = Seen::of(None, Some(&session.digest));
    office.audit().append(Note { account, role, seen, ..Note::of_system(now, event, "", "ok") }).await?;
    Ok(())
}

/// Goes on in another inspection. Who may, and that it is noted, is the caller's.
///
/// # Errors
/// Refused `session.ended` for a machine, which sits in no session.
pub(crate) async fn go_on_in(
    office: &Office,
    officer: &Officer,
    inspection: &InspectionId,
) -> Result<(), ServiceError> {
    match &officer.session {
        Some(session) => sessions::set_inspection(office.store(), &session.digest, inspection).await,
        None => Err(ServiceError::refused(OfficeRefusal::SessionEnded)),
    }
}

/// Goes on in another role that the officer holds.
///
/// # Errors
/// Refused `role.not-held`.
pub async fn switch_role(office: &Office, officer: &Officer, role: Role) -> Result<Officer, ServiceError> {
    if !officer.roles.contains(&role) {
        office.note(officer, Event::SwitchRole, role.code(), OfficeRefusal::RoleNotHeld.code()).await?;
        return Err(ServiceError::refused(OfficeRefusal::RoleNotHeld));
    }
    office.note(officer, Event::SwitchRole, role.code(), "ok").await?;
    if let Some(session) = &officer.session {
        sessions::set_role(office.store(), &session.digest, role).await?;
    }
    Ok(Officer { role, ..officer.clone() })
}
