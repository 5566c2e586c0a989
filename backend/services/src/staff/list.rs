//! The people of the department as their administrators see them: the list, one person.

use std::collections::BTreeSet;

use ledger::role::{Assurance, Role};
use sqlx::Row as _;

use crate::audit_log::Event;
use crate::codes::codes;
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::page::{Page, Wanted};
use crate::staff::account::{Account, SELECT};
use crate::staff::changes::{self, ChangeView};
use crate::staff::manage;
use crate::staff::rules::{self, AccountState, StaffAct};

codes! {
    /// Which accounts a list shows.
    pub enum Which {
        /// All that are not stopped.
        All => "all",
        /// Those that wait for an administrator.
        ToDo => "to-do",
        /// Stopped ones.
        Stopped => "stopped",
    }

    /// What an account waits for.
    pub enum StaffTask {
        /// Rights and opening.
        Open => "open",
        /// Somebody to look into its lock.
        Unlock => "unlock",
        /// The review of its rights.
        Review => "review",
    }
}

/// Which page of the list is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaffFilter {
    /// Code of [`Which`]; anything else: all.
    pub which: String,
    /// Part of a name, an account or a section.
    pub text: String,
    /// From 1.
    pub page: u64,
}

/// One account in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRow {
    /// Its number, for addresses.
    pub id: i64,
    /// What it signs in with.
    pub account: String,
    /// The person.
    pub name: String,
    /// Number in the department's own list; may be empty.
    pub number: String,
    /// Section; may be empty.
    pub unit: String,
    /// Roles held.
    pub roles: Vec<Role>,
    /// Highest grade to be seen.
    pub clearance: Option<u8>,
    /// Whether a key is bound.
    pub has_key: bool,
    /// Whether time-based codes are bound.
    pub has_code: bool,
    /// Last sign-in, ms UTC.
    pub signed_in_at: Option<i64>,
    /// When the rights are to be looked at again, ms UTC.
    pub review_due: Option<i64>,
    /// Days until then; negative when it is over.
    pub review_days: i64,
    /// Where in its life it is now.
    pub state: AccountState,
    /// What it waits for.
    pub task: Option<StaffTask>,
    /// Made for a demonstration.
    pub is_demo: bool,
}

/// Figures over the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StaffFigures {
    /// Accounts that are not stopped.
    pub total: u64,
    /// Of these, in use.
    pub active: u64,
    /// Waiting to be opened.
    pub to_open: u64,
    /// Locked.
    pub locked: u64,
    /// Reviews over their day.
    pub review_over: u64,
    /// Reviews due within a week, those over included.
    pub review_due: u64,
    /// In use without a key.
    pub without_key: u64,
    /// Of these, without any second factor.
    pub without_factor: u64,
    /// Stopped.
    pub stopped: u64,
    /// Waiting for an administrator.
    pub to_do: u64,
}

/// One of the three administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// Which.
    pub role: Role,
    /// Who holds it.
    pub names: Vec<String>,
    /// Whether the officer who looks acts in it.
    pub is_you: bool,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffList {
    /// Figures over all.
    pub figures: StaffFigures,
    /// The three administrators.
    pub administrators: Vec<Administrator>,
    /// What the list shows.
    pub which: Which,
    /// The rows asked for.
    pub rows: Page<StaffRow>,
    /// Whether the officer makes accounts.
    pub may_create: bool,
}

/// A role as the form of rights offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleOffer {
    /// Which.
    pub role: Role,
    /// Whether it is held.
    pub held: bool,
    /// Held roles that it does not go with.
    pub apart_from: Vec<Role>,
}

/// An officer's key as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// The short name of the key.
    pub id: String,
    /// When it was bound, ms UTC.
    pub bound_at: i64,
    /// When it was last used.
    pub used_at: Option<i64>,
}

/// Time-based codes as pages show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeView {
    /// When they were bound; none: they may be until `allowed_until`.
    pub bound_at: Option<i64>,
    /// Until when they may be bound.
    pub allowed_until: i64,
    /// When one was last used.
    pub used_at: Option<i64>,
}

/// A session as its officer and the administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// When it began, ms UTC.
    pub began_at: i64,
    /// From where.
    pub source: String,
    /// The strongest that was shown.
    pub proven: Assurance,
    /// When something was last asked for.
    pub seen_at: i64,
    /// When it ended, and the code of why; none: it runs.
    pub ended: Option<(i64, String)>,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffView {
    /// As in the list.
    pub row: StaffRow,
    /// When it was made, ms UTC.
    pub created_at: i64,
    /// Last moment it is good for.
    pub valid_until: Option<i64>,
    /// The same as the form takes it.
    pub valid_until_day: String,
    /// Until when wrong passwords keep it locked.
    pub locked_until: Option<i64>,
    /// When the password was set.
    pub password_at: i64,
    /// When it is to be changed at the latest.
    pub password_until: i64,
    /// Whether it is to be changed at the next sign-in.
    pub is_password_due: bool,
    /// A one-time secret that lapses then.
    pub once_until: Option<i64>,
    /// The key.
    pub key: Option<KeyView>,
    /// The codes.
    pub code: Option<CodeView>,
    /// The last sessions, newest first.
    pub sessions: Vec<SessionView>,
    /// What was done to it, newest first.
    pub changes: Vec<ChangeView>,
    /// Roles as the form offers them.
    pub roles: Vec<RoleOffer>,
    /// What the officer who looks may do now.
    pub may: Vec<StaffAct>,
    /// Whether it is the officer's own.
    pub is_own: bool,
}

impl StaffView {
    /// Whether the officer who looks may do this now.
    #[must_use]
    pub fn offers(&self, act: StaffAct) -> bool {
        self.may.contains(&act)
    }
}

/// The list, for the three administrators.
///
/// # Errors
/// Refused `staff.not-yours`.
pub async fn list(
    office: &Office,
    officer: &Officer,
    filter: StaffFilter,
) -> Result<StaffList, ServiceError> {
    manage::allowed(officer, StaffAct::Look)?;
    let all = rows(office).await?;
    let which = Which::from_code(&filter.which).unwrap_or(Which::All);
    let text = filter.text.trim().to_lowercase();
    let mut found: Vec<StaffRow> =
        all.iter().filter(|row| is_shown(row, which) && names(row, &text)).cloned().collect();
    // What waits longest is first; then by name, as people look for people.
    found.sort_by(|a, b| {
        let place = |row: &StaffRow| (row.task.is_none(), row.review_due.unwrap_or(i64::MIN));
        place(a).cmp(&place(b)).then_with(|| a.account.cmp(&b.account))
    });
    let total = found.len() as u64;
    let wanted = Wanted::new(filter.page, limits::ROWS_PER_PAGE);
    let skipped = usize::try_from(wanted.offset()).unwrap_or(usize::MAX);
    let rows = found.into_iter().skip(skipped).take(limits::ROWS_PER_PAGE as usize).collect();
    Ok(StaffList {
        figures: figures(&all),
        administrators: administrators(&all, officer.role()),
        which,
        rows: wanted.filled(rows, total),
        may_create: manage::allowed(officer, StaffAct::Create).is_ok(),
    })
}

/// How many accounts wait for the officer: for the side bar.
pub(crate) async fn waiting(office: &Office, officer: &Officer) -> Result<u64, ServiceError> {
    if officer.role() != Role::SecAdmin {
        return Ok(0);
    }
    Ok(figures(&rows(office).await?).to_do)
}

fn is_shown(row: &StaffRow, which: Which) -> bool {
    match which {
        Which::All => row.state != AccountState::Stopped,
        Which::ToDo => row.task.is_some(),
        Which::Stopped => row.state == AccountState::Stopped,
    }
}

fn names(row: &StaffRow, text: &str) -> bool {
    [&row.name, &row.account, &row.unit, &row.number].iter().any(|field| field.to_lowercase().contains(text))
}

fn figures(rows: &[StaffRow]) -> StaffFigures {
    let count = |is: fn(&StaffRow) -> bool| rows.iter().filter(|row| is(row)).count() as u64;
    let soon = limits::REVIEW_SOON_MS / limits::DAY_MS;
    StaffFigures {
        total: count(|row| row.state != AccountState::Stopped),
        active: count(|row| row.state == AccountState::Active),
        to_open: count(|row| row.state == AccountState::Created),
        locked: count(|row| row.state == AccountState::Locked),
        review_over: count(|row| row.task == Some(StaffTask::Review) && row.review_days < 0),
        review_due: rows
            .iter()
            .filter(|row| row.task == Some(StaffTask::Review) && row.review_days <= soon)
            .count() as u64,
        without_key: count(|row| row.state == AccountState::Active && !row.has_key),
        without_factor: count(|row| row.state == AccountState::Active && !row.has_key && !row.has_code),
        stopped: count(|row| row.state == AccountState::Stopped),
        to_do: count(|row| row.task.is_some()),
    }
}

fn administrators(rows: &[StaffRow], own: Role) -> Vec<Administrator> {
    [Role::SysAdmin, Role::SecAdmin, Role::AuditAdmin]
        .into_iter()
        .map(|role| Administrator {
            role,
            names: rows
                .iter()
                .filter(|row| row.state != AccountState::Stopped && row.roles.contains(&role))
                .map(|row| row.name.clone())
                .collect(),
            is_you: role == own,
        })
        .collect()
}

async fn rows(office: &Office) -> Result<Vec<StaffRow>, ServiceError> {
    let found = sqlx::query(sqlx::AssertSqlSafe(format!("{SELECT} LIMIT ?")))
        .bind(limits::STAFF_MAX)
        .fetch_all(office.pool())
        .await?;
    let now = office.now_ms();
    Ok(found.iter().map(|row| row_of(row, now)).collect::<Result<_, _>>()?)
}

fn row_of(row: &sqlx::sqlite::SqliteRow, now: i64) -> Result<StaffRow, sqlx::Error> {
    let account = Account::read(row)?;
    let review_due: Option<i64> = row.try_get("review_due")?;
    let state = account.state_at(now);
    Ok(StaffRow {
        id: account.id,
        number: row.try_get("number")?,
        unit: row.try_get("unit")?,
        roles: account.roles.iter().copied().collect(),
        clearance: account.clearance,
        has_key: account.has_key,
        has_code: account.has_code,
        signed_in_at: account.signed_in_at,
        review_due,
        review_days: review_due.map_or(0, |due| (due - now).div_euclid(limits::DAY_MS)),
        task: task(state, review_due, now),
        state,
        is_demo: account.is_demo,
        account: account.account,
        name: account.name,
    })
}

/// What an account waits for.
fn task(state: AccountState, review_due: Option<i64>, now: i64) -> Option<StaffTask> {
    match state {
        AccountState::Created => Some(StaffTask::Open),
        AccountState::Locked => Some(StaffTask::Unlock),
        AccountState::Active if review_due.is_some_and(|due| due - now <= limits::REVIEW_SOON_MS) => {
            Some(StaffTask::Review)
        }
        AccountState::Active | AccountState::Stopped => None,
    }
}

/// One account, for the three administrators. The look is noted.
///
/// # Errors
/// Refused `staff.not-yours`; not found.
pub async fn show(office: &Office, officer: &Officer, id: i64) -> Result<StaffView, ServiceError> {
    manage::allowed(officer, StaffAct::Look)?;
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("{SELECT} WHERE id = ?")))
        .bind(id)
        .fetch_optional(office.pool())
        .await?
        .ok_or(ServiceError::NotFound)?;
    let account = Account::read(&row)?;
    office.note(officer, Event::Staff(StaffAct::Look), &account.account, "ok").await?;
    let now = office.now_ms();
    let is_own = account.id == officer.staff();
    let state = Some(account.state_at(now));
    let may = |act: &&StaffAct| {
        // There is nothing to make or to look at twice.
        !matches!(act, StaffAct::Create | StaffAct::Look)
            && rules::may(officer.role(), **act, is_own, state).is_ok()
    };
    Ok(StaffView {
        row: row_of(&row, now)?,
        created_at: row.try_get("created_at")?,
        valid_until: account.valid_until,
        valid_until_day: account.valid_until.map(crate::names::day_text).unwrap_or_default(),
        locked_until: Some(account.locked_until).filter(|until| *until > now),
        password_at: account.password_at,
        password_until: account.password_at + limits::PASSWORD_AGE_MS,
        is_password_due: account.is_password_due,
        once_until: account.once_until,
        key: key(office, account.id).await?,
        code: code(office, account.id).await?,
        sessions: sessions(office, account.id).await?,
        changes: changes::of(office, account.id).await?,
        roles: offers(&account.roles),
        may: StaffAct::ALL.iter().filter(may).copied().collect(),
        is_own,
    })
}

fn offers(held: &BTreeSet<Role>) -> Vec<RoleOffer> {
    Role::ALL
        .iter()
        .map(|role| RoleOffer {
            role: *role,
            held: held.contains(role),
            apart_from: held.iter().filter(|other| !role.goes_with(**other)).copied().collect(),
        })
        .collect()
}

pub(super) async fn key(office: &Office, staff: i64) -> Result<Option<KeyView>, ServiceError> {
    let row = sqlx::query("SELECT * FROM officer_key WHERE staff = ?")
        .bind(staff)
        .fetch_optional(office.pool())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let public: Vec<u8> = row.try_get("public")?;
    let public = gm::sm2::PublicKey::from_bytes(&public)
        .map_err(|error| ServiceError::fault("an officer's public key is damaged", &error))?;
    let (bound_at, used_at) = (row.try_get("bound_at")?, row.try_get("used_at")?);
    Ok(Some(KeyView { id: public.key_id().to_string(), bound_at, used_at }))
}

pub(super) async fn code(office: &Office, staff: i64) -> Result<Option<CodeView>, ServiceError> {
    let row = sqlx::query("SELECT * FROM officer_code WHERE staff = ?")
        .bind(staff)
        .fetch_optional(office.pool())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let view = CodeView {
        bound_at: row.try_get("bound_at")?,
        allowed_until: row.try_get("allowed_until")?,
        used_at: row.try_get("used_at")?,
    };
    // What was allowed and not done in time is nothing.
    Ok(Some(view).filter(|code| code.bound_at.is_some() || code.allowed_until > office.now_ms()))
}

pub(super) async fn sessions(office: &Office, staff: i64) -> Result<Vec<SessionView>, ServiceError> {
    let rows = sqlx::query("SELECT * FROM session WHERE staff = ? ORDER BY began_at DESC, id DESC LIMIT ?")
        .bind(staff)
        .bind(limits::SESSIONS_SHOWN)
        .fetch_all(office.pool())
        .await?;
    let read = |row: &sqlx::sqlite::SqliteRow| -> Result<SessionView, sqlx::Error> {
        let (at, why): (Option<i64>, Option<String>) = (row.try_get("ended_at")?, row.try_get("ended_for")?);
        Ok(SessionView {
            began_at: row.try_get("began_at")?,
            source: row.try_get("source")?,
            proven: Assurance::from_code(row.try_get("proven")?).unwrap_or(Assurance::Password),
            seen_at: row.try_get("seen_at")?,
            ended: at.map(|at| (at, why.unwrap_or_default())),
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_763_000_000_000;

    #[test]
    fn an_account_waits_to_be_opened_unlocked_or_reviewed() {
        let (soon, later) = (Some(NOW + 6 * limits::DAY_MS), Some(NOW + 8 * limits::DAY_MS));
        for (state, due, expected) in [
            (AccountState::Created, None, Some(StaffTask::Open)),
            (AccountState::Locked, later, Some(StaffTask::Unlock)),
            (AccountState::Active, later, None),
            (AccountState::Active, soon, Some(StaffTask::Review)),
            (AccountState::Active, Some(NOW - 1), Some(StaffTask::Review)),
            (AccountState::Active, None, None),
            (AccountState::Stopped, Some(NOW - 1), None),
        ] {
            assert_eq!(task(state, due, NOW), expected, "{} {due:?}", state.code());
        }
    }

    #[test]
    fn a_role_names_the_held_ones_it_does_not_go_with() {
        let offers = offers(&BTreeSet::from([Role::BizUser, Role::CatalogEditor]));
        let apart = |role: Role| offers.iter().find(|offer| offer.role == role).unwrap().apart_from.clone();
        assert_eq!(apart(Role::ReqOperator), []);
        assert_eq!(apart(Role::CatalogReviewer), [Role::CatalogEditor]);
        assert_eq!(apart(Role::Inspector), [Role::BizUser, Role::CatalogEditor]);
        assert_eq!(apart(Role::BizUser), []);
    }
}
