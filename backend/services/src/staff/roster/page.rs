//! The roster as the department's administrators see it, and its publication by the security administrator. Other
//! departments see a root and a number.

use std::collections::BTreeMap;
use std::time::Duration;

use ledger::role::Role;
use ledger::roster::OfficerEntry;
use sqlx::Row as _;

use super::{Wanted, anchor, certificates, holding, make, newest, wanted};
use crate::audit_log::Event;
use crate::codes::codes;
use crate::error::ServiceError;
use crate::limits;
use crate::names::ms;
use crate::office::Office;
use crate::officer::{Officer, short};
use crate::staff::rules::{self, StaffAct};
use crate::staff::{manage, prove};

codes! {
    /// How an officer's account and the roster that holds compare.
    pub enum MemberState {
        /// Certified for what the account says.
        On => "on",
        /// Not on it yet.
        Joins => "joins",
        /// Certified for something else than the account says now.
        Changes => "changes",
        /// On it, though the account should not be any more.
        Leaves => "leaves",
    }
}

/// An officer on the roster, or on its way on or off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterMember {
    /// The account's number, for addresses.
    pub staff: i64,
    /// What it signs in with.
    pub account: String,
    /// The person.
    pub name: String,
    /// The random id in the certificate, as evidence names it.
    pub officer: String,
    /// Roles certified.
    pub roles: Vec<Role>,
    /// Highest grade certified; 0 for none.
    pub clearance: u8,
    /// Certified since, ms UTC; none for who is not on it yet.
    pub since: Option<i64>,
    /// Until, ms UTC.
    pub until: Option<i64>,
    /// How account and roster compare.
    pub state: MemberState,
}

/// The roster on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchoredView {
    /// Its root, 64 hexadecimal digits.
    pub root: String,
    /// How many officers.
    pub size: u64,
    /// In this block.
    pub height: u64,
    /// The transaction.
    pub tx: String,
    /// Since, ms UTC.
    pub at: i64,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterView {
    /// Whether it was ever published; from then on it follows the accounts.
    pub published: bool,
    /// What the chain has.
    pub anchored: Option<AnchoredView>,
    /// Whether the accounts say something that is not anchored yet.
    pub pending: bool,
    /// Everybody on it or on the way, by name of account.
    pub members: Vec<RosterMember>,
    /// Accounts in use that cannot be on it for want of a key.
    pub without_key: u64,
    /// Whether the officer who looks may publish it.
    pub may_publish: bool,
}

/// The roster, for the three administrators.
///
/// # Errors
/// Refused `staff.not-yours`.
pub async fn show(office: &Office, officer: &Officer) -> Result<RosterView, ServiceError> {
    manage::allowed(officer, StaffAct::Look)?;
    let holding = holding(office).await?;
    let certified = match &holding {
        Some((id, _)) => certificates(office, *id).await?,
        None => BTreeMap::new(),
    };
    let mut said: BTreeMap<i64, (Option<OfficerEntry>, Option<Wanted>)> =
        certified.into_iter().map(|(staff, certificate)| (staff, (Some(certificate.entry), None))).collect();
    for wanted in wanted(office).await? {
        let staff = wanted.staff;
        said.entry(staff).or_default().1 = Some(wanted);
    }
    let now = office.node().read(|snapshot| snapshot.tip().time);
    let names = names(office).await?;
    let mut members: Vec<RosterMember> = said
        .into_iter()
        .filter_map(|(staff, (entry, wanted))| {
            let state = match (&entry, &wanted) {
                (Some(entry), Some(wanted)) if wanted.is_said_by(entry, now) => MemberState::On,
                (Some(_), Some(_)) => MemberState::Changes,
                (None, Some(_)) => MemberState::Joins,
                (Some(_), None) => MemberState::Leaves,
                (None, None) => return None,
            };
            let (account, name) = names.get(&staff)?.clone();
            let (officer, roles, clearance) = match (&entry, &wanted) {
                (Some(entry), _) => (entry.officer, &entry.roles, entry.clearance),
                (None, Some(wanted)) => (wanted.officer, &wanted.roles, wanted.clearance),
                (None, None) => return None,
            };
            Some(RosterMember {
                staff,
                account,
                name,
                officer: short(&officer.to_string()),
                roles: roles.iter().copied().collect(),
                clearance,
                since: entry.as_ref().map(|entry| ms(entry.from)),
                until: entry.as_ref().map(|entry| ms(entry.until)),
                state,
            })
        })
        .collect();
    members.sort_by(|a, b| {
        (a.state == MemberState::On, &a.account).cmp(&(b.state == MemberState::On, &b.account))
    });
    let published = newest(office).await?.is_some();
    Ok(RosterView {
        published,
        pending: published
            && (holding.is_none() || members.iter().any(|member| member.state != MemberState::On)),
        anchored: holding.map(|(_, anchored)| AnchoredView {
            root: anchored.root.to_string(),
            size: anchored.size,
            height: anchored.anchored.height.0,
            tx: anchored.anchored.tx.to_string(),
            at: ms(anchored.anchored.at),
        }),
        members,
        without_key: without_key(office).await?,
        may_publish: rules::may(officer.role(), StaffAct::Publish, false, None).is_ok(),
    })
}

async fn names(office: &Office) -> Result<BTreeMap<i64, (String, String)>, ServiceError> {
    let rows = sqlx::query("SELECT id, account, name FROM staff LIMIT ?")
        .bind(limits::STAFF_MAX)
        .fetch_all(office.pool())
        .await?;
    let read = |row: &sqlx::sqlite::SqliteRow| -> Result<_, sqlx::Error> {
        Ok((row.try_get("id")?, (row.try_get("account")?, row.try_get("name")?)))
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

async fn without_key(office: &Office) -> Result<u64, ServiceError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM staff s WHERE s.state = 'active'
         AND NOT EXISTS (SELECT 1 FROM officer_key k WHERE k.staff = s.id)",
    )
    .fetch_one(office.pool())
    .await?;
    Ok(count.unsigned_abs())
}

/// Publishes the roster: makes it from the accounts and anchors it. From the first time on it follows the accounts by
/// itself. With a chain that does not move it is anchored later; the page says so.
///
/// # Errors
/// Refused `staff.not-yours`, `step-up.due`, `step-up.none`; what the ledger says; faults.
pub async fn publish(office: &Office, officer: &Officer) -> Result<(), ServiceError> {
    let may = rules::may(officer.role(), StaffAct::Publish, false, None).map_err(ServiceError::refused);
    let may = may.and_then(|()| prove::stepped_up(office, officer));
    office.note_result(officer, Event::Staff(StaffAct::Publish), "", &may).await?;
    may?;
    let published = async {
        let _turn = office.roster_turn().await;
        let made = make(office).await?;
        anchor(office, &made).await
    };
    match tokio::time::timeout(Duration::from_millis(limits::ROSTER_WAIT_MS), published).await {
        Ok(done) => done,
        // It is made; the background goes on.
        Err(_) => Ok(()),
    }
}
