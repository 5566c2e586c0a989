//! The life of an account in the hands of three administrators.

use services::staff::{
    self, AccountState, AuthoriseInput, CreateInput, Imported, PasswordInput, StaffAct, StaffFilter,
    StaffView,
};
use services::{OfficeRefusal, Officer, Role, ServiceError};
use zeroize::Zeroizing;

use crate::town::{Department, PASSWORD, Town};

const HERE: staff::Source = staff::Source::OWN;

fn refused<T>(code: OfficeRefusal) -> Result<T, ServiceError> {
    Err(ServiceError::Refused(code.into()))
}

/// The three of one department.
struct Three {
    system: Officer,
    security: Officer,
    audit: Officer,
}

impl Three {
    async fn of(house: &Department) -> Self {
        Self {
            system: house.officer("he", Role::SysAdmin).await,
            security: house.officer("luo", Role::SecAdmin).await,
            audit: house.officer("wei", Role::AuditAdmin).await,
        }
    }

    /// An account in use, with its own password.
    async fn person(&self, house: &Department, account: &str, roles: &[&str]) -> i64 {
        let office = &house.office;
        let id = staff::create(office, &self.system, new(account)).await.unwrap();
        staff::authorise(office, &self.security, id, rights(roles)).await.unwrap();
        let secret = staff::activate(office, &self.security, id).await.unwrap();
        let session = staff::sign_in(office, HERE, account, &secret).await.unwrap().session;
        change(house, &session, &secret, PASSWORD).await.unwrap();
        id
    }

    async fn view(&self, house: &Department, id: i64) -> StaffView {
        staff::show(&house.office, &self.audit, id).await.unwrap()
    }
}

fn new(account: &str) -> CreateInput {
    CreateInput { account: account.to_owned(), name: "林知夏".to_owned(), ..CreateInput::default() }
}

fn rights(roles: &[&str]) -> AuthoriseInput {
    AuthoriseInput {
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        clearance: "3".to_owned(),
        valid_until: String::new(),
        reason: "岗位需要".to_owned(),
    }
}

async fn change(house: &Department, session: &str, old: &str, new: &str) -> Result<(), ServiceError> {
    let text = |text: &str| Zeroizing::new(text.to_owned());
    let input = PasswordInput { old: text(old), new: text(new), again: text(new) };
    staff::change_password(&house.office, HERE, session, input).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_by_one_opened_by_another_and_its_first_password_is_its_own() {
    let town = Town::small().await;
    let (house, office) = (&town.sz, &town.sz.office);
    let three = Three::of(house).await;
    let id = staff::create(office, &three.system, new("lin.zx")).await.unwrap();
    assert_eq!(
        staff::activate(office, &three.security, id).await,
        refused(OfficeRefusal::StaffNoRights),
        "it has no rights yet"
    );
    staff::authorise(office, &three.security, id, rights(&["BIZ_USER"])).await.unwrap();
    assert!(staff::sign_in(office, HERE, "lin.zx", PASSWORD).await.is_err(), "it is not open yet");
    let secret = staff::activate(office, &three.security, id).await.unwrap();
    let session = staff::sign_in(office, HERE, "lin.zx", &secret).await.unwrap().session;
    assert_eq!(
        staff::resume(office, &session).await.err(),
        refused::<()>(OfficeRefusal::SessionPasswordDue).err()
    );
    assert!(change(house, &session, &secret, &secret).await.is_err(), "the one-time secret is no password");
    change(house, &session, &secret, PASSWORD).await.unwrap();
    let officer = staff::resume(office, &session).await.unwrap();
    assert_eq!((officer.role(), officer.clearance()), (Role::BizUser, Some(3)));
    assert!(staff::sign_in(office, HERE, "lin.zx", &secret).await.is_err(), "it was good once");
    let told: Vec<_> = three.view(house, id).await.changes.into_iter().rev().map(|one| one.act).collect();
    assert_eq!(told, ["create", "authorise", "activate", "password"]);
    let noted = house.audit.newest(40).await.unwrap();
    for event in ["staff.create", "staff.authorise", "staff.activate", "password.change", "staff.look"] {
        assert!(noted.iter().any(|entry| entry.event == event && entry.outcome == "ok"), "{event}");
    }
    assert!(noted.iter().any(|entry| entry.event == "staff.activate" && entry.outcome == "ok"));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_administrator_does_anothers_part_or_anything_to_themselves_and_each_try_is_noted() {
    let town = Town::small().await;
    let (house, office) = (&town.sz, &town.sz.office);
    let three = Three::of(house).await;
    let id = three.person(house, "lin", &["BIZ_USER"]).await;
    let clerk = house.officer("clerk", Role::BizUser).await;
    let before = house.audit.head().size;
    for (officer, act) in [
        (&three.system, StaffAct::Lock),
        (&three.system, StaffAct::DemandPassword),
        (&three.security, StaffAct::Stop),
        (&three.audit, StaffAct::Lock),
        (&three.audit, StaffAct::Stop),
        (&clerk, StaffAct::Lock),
        (&clerk, StaffAct::Stop),
    ] {
        let told = staff::do_simply(office, officer, id, act, "为何").await;
        assert_eq!(told, refused(OfficeRefusal::StaffNotYours), "{} {}", officer.account(), act.code());
    }
    for officer in [&three.security, &three.audit, &clerk] {
        assert!(staff::create(office, officer, new("other")).await.is_err());
    }
    assert!(staff::authorise(office, &three.system, id, rights(&["INSPECTOR"])).await.is_err());
    assert!(staff::activate(office, &three.system, id).await.is_err());
    assert_eq!(house.audit.head().size - before, 12);
    assert_eq!(
        staff::show(office, &clerk, id).await.err(),
        refused::<()>(OfficeRefusal::StaffNotYours).err()
    );
    let list = staff::list(office, &three.audit, StaffFilter::default()).await.unwrap();
    let own = |name: &str| list.rows.rows.iter().find(|row| row.account == name).unwrap().id;
    let told = staff::authorise(office, &three.security, own("luo"), rights(&["SEC_ADMIN"])).await;
    assert_eq!(told, refused(OfficeRefusal::StaffSelf));
    let told = staff::do_simply(office, &three.system, own("he"), StaffAct::Stop, "为何").await;
    assert_eq!(told, refused(OfficeRefusal::StaffSelf));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_a_stop_and_a_role_taken_away_end_the_session_at_its_next_request() {
    let town = Town::small().await;
    let (house, office) = (&town.sz, &town.sz.office);
    let three = Three::of(house).await;
    let ended = refused::<()>(OfficeRefusal::SessionEnded).err();
    let id = three.person(house, "lin", &["BIZ_USER", "REQ_OPERATOR"]).await;
    let enter = async || staff::sign_in(office, HERE, "lin", PASSWORD).await.map(|signed| signed.session);

    let session = enter().await.unwrap();
    staff::do_simply(office, &three.security, id, StaffAct::Lock, "电话核实中").await.unwrap();
    assert_eq!(staff::resume(office, &session).await.err(), ended);
    assert!(enter().await.is_err());
    let view = three.view(house, id).await;
    assert_eq!((view.row.state, view.changes[0].reason.as_str()), (AccountState::Locked, "电话核实中"));
    assert_eq!(view.sessions[0].ended.as_ref().map(|(_, why)| why.as_str()), Some("account"));

    staff::do_simply(office, &three.security, id, StaffAct::Unlock, "已核实").await.unwrap();
    let session = enter().await.unwrap();
    assert_eq!(
        staff::resume(office, &session).await.err(),
        refused::<()>(OfficeRefusal::SessionPasswordDue).err(),
        "whoever unlocks wants another password"
    );
    change(house, &session, PASSWORD, "Another-2026-x").await.unwrap();
    assert_eq!(staff::resume(office, &session).await.unwrap().role(), Role::ReqOperator);

    staff::authorise(office, &three.security, id, rights(&["BIZ_USER"])).await.unwrap();
    assert_eq!(staff::resume(office, &session).await.err(), ended, "it was in the role that is gone");

    let session = staff::sign_in(office, HERE, "lin", "Another-2026-x").await.unwrap().session;
    staff::do_simply(office, &three.system, id, StaffAct::Stop, "离职").await.unwrap();
    assert_eq!(staff::resume(office, &session).await.err(), ended);
    let told = staff::do_simply(office, &three.security, id, StaffAct::Unlock, "为何").await;
    assert_eq!(told, refused(OfficeRefusal::StaffState), "stopped is for good");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_five_passwords_are_not_taken_again() {
    let town = Town::small().await;
    let house = &town.sz;
    let three = Three::of(house).await;
    three.person(house, "lin", &["BIZ_USER"]).await;
    let session = staff::sign_in(&house.office, HERE, "lin", PASSWORD).await.unwrap().session;
    let nth = |n: u32| format!("Mountain-{n}-river");
    let mut old = PASSWORD.to_owned();
    for n in 1..=4 {
        change(house, &session, &old, &nth(n)).await.unwrap();
        old = nth(n);
    }
    for used in [PASSWORD.to_owned(), nth(1), nth(4)] {
        let told = change(house, &session, &old, &used).await.unwrap_err();
        let ServiceError::Invalid(fields) = told else { panic!("{told}") };
        assert_eq!((fields[0].field, fields[0].code.code()), ("new", "used-before"), "{used}");
    }
    change(house, &session, &old, &nth(5)).await.unwrap();
    change(house, &session, &nth(5), PASSWORD).await.unwrap();
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_passwords_on_the_password_page_end_the_session() {
    let town = Town::small().await;
    let house = &town.sz;
    house.officer("lin", Role::BizUser).await;
    let session = staff::sign_in(&house.office, HERE, "lin", PASSWORD).await.unwrap().session;
    for _ in 0..4 {
        let told = change(house, &session, "Wrong-2026-xx", "Another-2026-x").await;
        assert!(matches!(told, Err(ServiceError::Invalid(_))), "{told:?}");
    }
    let told = change(house, &session, "Wrong-2026-xx", "Another-2026-x").await;
    assert_eq!(told, refused(OfficeRefusal::SessionEnded));
    assert!(staff::sign_in(&house.office, HERE, "lin", PASSWORD).await.is_err(), "it is locked");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_people_is_taken_whole_or_not_at_all() {
    let town = Town::small().await;
    let (house, office) = (&town.sz, &town.sz.office);
    let three = Three::of(house).await;
    let total =
        async || staff::list(office, &three.audit, StaffFilter::default()).await.unwrap().figures.total;
    let before = total().await;
    let told = staff::import(office, &three.system, "account,name\nlin,林\nhe,贺\n").await.unwrap();
    let Imported::Wrong(mistakes) = told else { panic!("{told:?}") };
    assert_eq!((mistakes.len(), mistakes[0].line, mistakes[0].code.code()), (1, 3, "taken"));
    assert_eq!(total().await, before, "nothing is half taken");
    let told =
        staff::import(office, &three.system, "账号,姓名,科室\nlin,林知夏,贷款科\ngu,顾念,贷款科\n").await;
    assert_eq!(told, Ok(Imported::Made(2)));
    assert_eq!(total().await, before + 2);
    let told = staff::import(office, &three.security, "account,name\nx,林\n").await;
    assert_eq!(told, refused(OfficeRefusal::StaffNotYours));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_nobody_uses_or_whose_time_is_over_or_of_a_demonstration_lets_nobody_in() {
    let town = Town::small().await;
    let (house, office) = (&town.sz, &town.sz.office);
    let three = Three::of(house).await;
    let unused = three.person(house, "unused", &["BIZ_USER"]).await;
    three.person(house, "over", &["BIZ_USER"]).await;
    let session = staff::sign_in(office, HERE, "over", PASSWORD).await.unwrap().session;
    house.execute("UPDATE staff SET used_at = used_at - 91 * 86400000 WHERE account = 'unused'").await;
    house.execute("UPDATE staff SET valid_until = 1 WHERE account = 'over'").await;
    assert_eq!(staff::resume(office, &session).await.err(), refused::<()>(OfficeRefusal::SessionEnded).err());
    let told = async |account: &str| staff::sign_in(office, HERE, account, PASSWORD).await.err();
    assert_eq!(told("unused").await, refused::<()>(OfficeRefusal::SignInUnused).err());
    let view = three.view(house, unused).await;
    assert_eq!((view.row.state, view.changes[0].act.as_str()), (AccountState::Stopped, "unused"));
    assert_eq!(told("over").await, refused::<()>(OfficeRefusal::SignInExpired).err());
    let earnest = house.start_again().await.unwrap();
    let told = staff::sign_in(&earnest, HERE, "luo", PASSWORD).await.err();
    assert_eq!(told, refused::<()>(OfficeRefusal::SignInDemo).err());
    town.stop().await;
}
