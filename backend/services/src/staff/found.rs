//! Accounts from the command line: the first administrators of a department, and the people of a
//! demonstration. All others are made by administrators, in their portal.

use std::collections::BTreeSet;

use gm::sm2::PublicKey;
use ledger::role::Role;
use zeroize::Zeroizing;

use crate::audit_log::{AuditLog, Event, Note};
use crate::codes::{FieldCode, OfficeRefusal};
use crate::error::ServiceError;
use crate::fields::Mistakes;
use crate::limits;
use crate::staff::account::may_be_held_together;
use crate::staff::changes::{self, Change};
use crate::staff::details::{self, Details};
use crate::staff::password;
use crate::staff::rules::StaffAct;
use crate::store::OfficeStore;

/// An account of a demonstration.
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
    /// The public half of the officer's own key, if they have one.
    pub key: Option<PublicKey>,
}

/// Makes an account of a demonstration: active at once, marked as such, and no good where no
/// demonstration runs. For the command line: needs the office's store only.
///
/// # Errors
/// The fields that are wrong: `account`, `name`, `roles`, `password`.
pub async fn add(store: &OfficeStore, audit: &AuditLog, new: NewAccount) -> Result<(), ServiceError> {
    let roles: BTreeSet<Role> = new.roles.iter().copied().collect();
    let mut mistakes = Mistakes::default();
    let details = Details::read(&mut mistakes, &new.account, &new.name, "", "");
    if roles.is_empty() {
        mistakes.add("roles", FieldCode::NoneChosen);
    } else if !may_be_held_together(&roles) {
        mistakes.add("roles", FieldCode::Together);
    }
    mistakes.take("password", password::check_form(&new.password, &new.account));
    let Some(details) = details.filter(|_| mistakes.is_empty()) else { return Err(mistakes.into()) };
    let opened = Opened { roles, password: new.password, key: new.key, is_demo: true };
    insert(store, audit, &details, opened).await
}

/// Makes the first account of one of the three administrators, with their own key, and returns its one-time
/// secret, which is kept nowhere: who manages accounts cannot be made by accounts. For the command line.
///
/// # Errors
/// Refused `staff.in-portal` for any other role, `staff.held` while somebody holds it; fields that are
/// wrong.
pub async fn appoint(
    store: &OfficeStore,
    audit: &AuditLog,
    account: &str,
    name: &str,
    role: Role,
    key: PublicKey,
) -> Result<Zeroizing<String>, ServiceError> {
    if !role.is_administrator() {
        return Err(ServiceError::refused(OfficeRefusal::StaffInPortal));
    }
    let mut mistakes = Mistakes::default();
    let details = Details::read(&mut mistakes, account, name, "", "");
    let Some(details) = details.filter(|_| mistakes.is_empty()) else { return Err(mistakes.into()) };
    let held: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM staff WHERE state != 'stopped' AND demo = 0
         AND instr(',' || roles || ',', ',' || ? || ',') > 0 LIMIT 1",
    )
    .bind(role.code())
    .fetch_optional(store.pool())
    .await?;
    if held.is_some() {
        return Err(ServiceError::refused(OfficeRefusal::StaffHeld));
    }
    let secret = password::one_time()?;
    let opened = Opened { roles: [role].into(), password: secret.clone(), key: Some(key), is_demo: false };
    insert(store, audit, &details, opened).await?;
    Ok(secret)
}

/// What an account from the command line has beside its details.
struct Opened {
    roles: BTreeSet<Role>,
    password: Zeroizing<String>,
    key: Option<PublicKey>,
    is_demo: bool,
}

async fn insert(
    store: &OfficeStore,
    audit: &AuditLog,
    details: &Details,
    opened: Opened,
) -> Result<(), ServiceError> {
    details::check_free(store.pool(), details).await?;
    let hash = password::hash(&opened.password).await?;
    let now = jiff::Timestamp::now().as_millisecond();
    let codes: Vec<&str> = opened.roles.iter().map(|role| role.code()).collect();
    // Noted before it is made: an account without an entry must not exist.
    let note = Note::of_system(now, Event::Staff(StaffAct::Create), &details.account, "ok");
    audit.append(note).await?;
    let mut transaction = store.pool().begin_with("BEGIN IMMEDIATE").await?;
    let staff = details::insert(&mut transaction, details, now).await?;
    sqlx::query(
        "UPDATE staff SET state = 'active', roles = ?, clearance = ?, password = ?, password_at = ?,
         password_due = ?, once_until = ?, review_due = ?, demo = ? WHERE id = ?",
    )
    .bind(codes.join(","))
    .bind(opened.is_demo.then_some(limits::CLEARANCE_MAX))
    .bind(hash)
    .bind(now)
    .bind(!opened.is_demo)
    .bind((!opened.is_demo).then_some(now + limits::ONE_TIME_MS))
    .bind(now + limits::REVIEW_MS)
    .bind(opened.is_demo)
    .bind(staff)
    .execute(&mut *transaction)
    .await?;
    if let Some(key) = &opened.key {
        sqlx::query("INSERT INTO officer_key (staff, public, bound_at) VALUES (?, ?, ?)")
            .bind(staff)
            .bind(key.as_bytes().as_slice())
            .bind(now)
            .execute(&mut *transaction)
            .await?;
    }
    let change = Change { staff, act: "added", by: None, detail: &codes.join(","), reason: "" };
    changes::write(&mut transaction, now, change).await?;
    transaction.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use gm::store_key::StoreKey;

    use super::*;
    use crate::audit_log::AuditKey;

    fn account(name: &str, roles: &[Role]) -> NewAccount {
        NewAccount {
            account: name.to_owned(),
            name: "林知夏".to_owned(),
            roles: roles.to_vec(),
            password: Zeroizing::new("Guang-2026-x".to_owned()),
            key: None,
        }
    }

    fn key() -> PublicKey {
        gm::sm2::SecretKey::generate().unwrap().public()
    }

    async fn store() -> (tempfile::TempDir, OfficeStore, AuditLog) {
        let folder = tempfile::tempdir().unwrap();
        let store = OfficeStore::open(folder.path()).await.unwrap();
        let key = AuditKey::of(&StoreKey::from_bytes([1; 32]));
        let log = AuditLog::open(&store, key).await.unwrap();
        (folder, store, log)
    }

    #[tokio::test]
    async fn an_account_is_made_once_and_only_with_roles_that_go_together() {
        let (_folder, store, log) = store().await;
        add(&store, &log, account("lin", &[Role::ReqOperator])).await.unwrap();
        let taken = add(&store, &log, account("LIN", &[Role::ReqOperator])).await;
        assert_eq!(taken, Err(ServiceError::field("account", FieldCode::Taken)));
        let both = add(&store, &log, account("shen", &[Role::Inspector, Role::BizUser])).await;
        assert_eq!(both, Err(ServiceError::field("roles", FieldCode::Together)));
    }

    #[tokio::test]
    async fn all_mistakes_are_named_at_once() {
        let (_folder, store, log) = store().await;
        let new = NewAccount {
            account: "lin zhi".to_owned(),
            name: String::new(),
            password: Zeroizing::new("short".to_owned()),
            ..account("", &[])
        };
        let Err(ServiceError::Invalid(mistakes)) = add(&store, &log, new).await else {
            panic!("it was taken")
        };
        let fields: Vec<_> = mistakes.iter().map(|mistake| mistake.field).collect();
        assert_eq!(fields, ["account", "name", "roles", "password"]);
    }

    #[tokio::test]
    async fn the_command_line_appoints_each_administrator_once_and_nobody_else() {
        let (_folder, store, log) = store().await;
        let refused = |code: OfficeRefusal| Some(ServiceError::refused(code));
        for (account, role) in [("he", Role::SysAdmin), ("luo", Role::SecAdmin), ("wei", Role::AuditAdmin)] {
            let secret = appoint(&store, &log, account, "某人", role, key()).await.unwrap();
            assert!(password::check_form(&secret, account).is_ok());
            let second = appoint(&store, &log, "second", "某人", role, key()).await.err();
            assert_eq!(second, refused(OfficeRefusal::StaffHeld), "{role}");
        }
        let clerk = appoint(&store, &log, "lin", "某人", Role::BizUser, key()).await.err();
        assert_eq!(clerk, refused(OfficeRefusal::StaffInPortal));
        sqlx::query("UPDATE staff SET state = 'stopped' WHERE account = 'luo'")
            .execute(store.pool())
            .await
            .unwrap();
        appoint(&store, &log, "luo2", "某人", Role::SecAdmin, key()).await.unwrap();
    }
}
