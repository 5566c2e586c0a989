//! The department's own staff: accounts, signing in and out, roles, and the names behind pseudonyms.
//!
//! An [`Officer`] comes only from here ([`sign_in`], [`resume`], [`glance`]), so that no use case can
//! be called by nobody. The chain never learns a name: an officer appears there as a pseudonym that
//! is the same within one request and a stranger's everywhere else.

use std::collections::BTreeSet;

use access::Assurance;
use gm::sm3::Digest;
use ledger::ids::{DepartmentId, Pseudonym};
use ledger::role::{By, Role};
use sqlx::Row as _;
use zeroize::Zeroizing;

use crate::audit_log::{AuditLog, Event, Note};
use crate::departments::DepartmentRef;
use crate::error::{Mistakes, ServiceError};
use crate::office::Office;
use crate::records::Records;
use crate::sessions::{self, Session};
use crate::{limits, password};

/// The order in which a role is chosen when an officer signs in.
const FIRST_ROLES: [Role; 4] = [Role::ReqOperator, Role::ProvApprover, Role::BizUser, Role::Inspector];

/// Someone of the own department, signed in, in one role.
#[derive(Debug, Clone)]
pub struct Officer {
    staff: i64,
    staff_id: String,
    account: String,
    name: String,
    roles: BTreeSet<Role>,
    role: Role,
    department: DepartmentId,
    session: Digest,
    last_sign_in: Option<i64>,
    session_ends_at: i64,
}

impl Officer {
    /// The account they signed in with.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Their name, for their own department's pages only.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The role they act in now.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// All roles they hold.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        self.roles.iter().copied().collect()
    }

    /// Whether they hold another role to go on in.
    #[must_use]
    pub fn can_switch(&self) -> bool {
        self.roles.len() > 1
    }

    /// Their department's code.
    #[must_use]
    pub fn department(&self) -> &str {
        self.department.as_str()
    }

    /// When they signed in the time before, ms UTC.
    #[must_use]
    pub const fn last_sign_in(&self) -> Option<i64> {
        self.last_sign_in
    }

    /// When the session ends if nothing more is asked, ms UTC.
    #[must_use]
    pub const fn session_ends_at(&self) -> i64 {
        self.session_ends_at
    }

    /// How surely they were recognised: by password in this version.
    pub(crate) const fn assurance(&self) -> Assurance {
        Assurance::Password
    }

    pub(crate) const fn department_id(&self) -> &DepartmentId {
        &self.department
    }

    pub(crate) const fn staff(&self) -> i64 {
        self.staff
    }

    /// How they appear on the chain within one object.
    pub(crate) fn by(&self, office: &Office, object: &[u8]) -> By {
        By { pseudonym: office.pseudonym(object, &self.staff_id), role: self.role }
    }
}

/// A new session.
#[derive(Clone)]
pub struct SignedIn {
    /// The session's id, 64 hexadecimal characters. Goes into the cookie and nowhere else.
    pub session: Zeroizing<String>,
    /// Who signed in.
    pub officer: Officer,
}

/// Someone behind a step, as far as this department may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name, if they are of the own department.
    pub name: Option<String>,
    /// The first and last digits of the pseudonym, for people.
    pub pseudonym: String,
    /// The whole pseudonym, 64 hexadecimal characters.
    pub pseudonym_full: String,
    /// In which role they acted.
    pub role: Role,
    /// Whose staff they are.
    pub department: DepartmentRef,
}

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
        mistakes.add("account", "missing");
    } else if account.chars().count() > limits::ACCOUNT_CHARS_MAX {
        mistakes.add("account", "too-long");
    } else if !account.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
        mistakes.add("account", "bad-characters");
    }
    if name.is_empty() {
        mistakes.add("name", "missing");
    } else if name.chars().count() > limits::NAME_CHARS_MAX {
        mistakes.add("name", "too-long");
    } else if name.chars().any(char::is_control) {
        mistakes.add("name", "bad-characters");
    }
    if roles.is_empty() {
        mistakes.add("roles", "none-chosen");
    } else if !may_be_held_together(&roles) {
        mistakes.add("roles", "together");
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
        return Err(ServiceError::field("account", "taken"));
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

/// Whether one person may hold all of these: at least one role, and never an inspector together with
/// a role that the inspector would inspect (DOMAIN 4.1).
#[must_use]
pub fn may_be_held_together(roles: &BTreeSet<Role>) -> bool {
    !roles.is_empty() && (!roles.contains(&Role::Inspector) || roles.len() == 1)
}

/// Names of the own department's staff by their pseudonym within one object.
#[derive(Debug, Default)]
pub(crate) struct Colleagues(Vec<(Pseudonym, String)>);

impl Colleagues {
    /// Computes everybody's pseudonym within `object`: nothing that links them is ever stored.
    pub(crate) async fn within(office: &Office, object: &[u8]) -> Result<Self, ServiceError> {
        let rows = sqlx::query("SELECT staff_id, name FROM staff LIMIT ?")
            .bind(limits::STAFF_MAX)
            .fetch_all(office.pool())
            .await?;
        let mut names = Vec::with_capacity(rows.len());
        for row in rows {
            let staff_id: String = row.try_get("staff_id")?;
            names.push((office.pseudonym(object, &staff_id), row.try_get("name")?));
        }
        Ok(Self(names))
    }

    /// The person behind a step.
    pub(crate) fn person(&self, by: &By, department: DepartmentRef) -> Person {
        let full = by.pseudonym.to_string();
        Person {
            name: self.0.iter().find(|(known, _)| *known == by.pseudonym).map(|(_, name)| name.clone()),
            pseudonym: short(&full),
            pseudonym_full: full,
            role: by.role,
            department,
        }
    }
}

/// `7f3a…91` of a long hexadecimal text.
pub(crate) fn short(full: &str) -> String {
    match (full.get(..4), full.len().checked_sub(2).and_then(|from| full.get(from..))) {
        (Some(head), Some(tail)) if full.len() > 6 => format!("{head}…{tail}"),
        _ => full.to_owned(),
    }
}

/// An account as it is stored.
struct Account {
    id: i64,
    staff_id: String,
    account: String,
    name: String,
    roles: BTreeSet<Role>,
    password: Zeroizing<String>,
    signed_in_at: Option<i64>,
    used_at: i64,
}

impl Account {
    fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Self, sqlx::Error> {
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

    /// Counts the attempt before the password is looked at, so that many at once are counted too.
    async fn take_attempt(&self, records: &Records, now: i64) -> Result<(), ServiceError> {
        let taken = sqlx::query(
            "UPDATE staff SET failures = failures + 1 WHERE id = ? AND locked_until <= ? AND failures < ?",
        )
        .bind(self.id)
        .bind(now)
        .bind(limits::SIGN_IN_FAILURES_MAX)
        .execute(records.pool())
        .await?;
        if taken.rows_affected() == 1 {
            return Ok(());
        }
        // Five attempts stand although no lock was set: the process stopped in between.
        self.note_failure(records, now).await?;
        Err(ServiceError::refused("sign-in.locked"))
    }

    /// The fifth failure in a row locks the account; its count begins anew when the lock opens.
    async fn note_failure(&self, records: &Records, now: i64) -> Result<(), ServiceError> {
        sqlx::query("UPDATE staff SET failures = 0, locked_until = ? WHERE id = ? AND failures >= ?")
            .bind(now + limits::LOCK_MS)
            .bind(self.id)
            .bind(limits::SIGN_IN_FAILURES_MAX)
            .execute(records.pool())
            .await?;
        Ok(())
    }

    async fn note_success(&self, records: &Records, now: i64) -> Result<(), ServiceError> {
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

    fn officer(self, office: &Office, session: &Session) -> Officer {
        Officer {
            staff: self.id,
            staff_id: self.staff_id,
            account: self.account,
            name: self.name,
            roles: self.roles,
            role: session.role,
            department: office.department().clone(),
            session: session.digest,
            last_sign_in: session.previous_sign_in,
            session_ends_at: session.ends_at,
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
        assert_eq!(taken, Err(ServiceError::field("account", "taken")));
        let both = add(&records, account("shen", &[Role::Inspector, Role::BizUser])).await;
        assert_eq!(both, Err(ServiceError::field("roles", "together")));
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

    #[test]
    fn a_pseudonym_is_shown_by_its_ends() {
        assert_eq!(short(&"7f3a00000091".repeat(2)), "7f3a…91");
        assert_eq!(short("abc"), "abc");
    }
}
