//! Second factors: at sign-in, and before what is done in a person's own name.

use gm::sm2::SecretKey;
use services::staff::{self, Factor, NewAccount, Source, StaffAct};
use services::{OfficeRefusal, Role, ServiceError, countersigning};
use totp_rs::{Builder, Secret};
use zeroize::Zeroizing;

use crate::town::{Department, PASSWORD, Town};

const HERE: Source = Source::OWN;

fn refused(code: OfficeRefusal) -> Option<ServiceError> {
    Some(ServiceError::Refused(code.into()))
}

async fn with_key(house: &Department, account: &str, roles: &[Role], key: &SecretKey) {
    let new = NewAccount {
        account: account.to_owned(),
        name: "某人".to_owned(),
        roles: roles.to_vec(),
        password: Zeroizing::new(PASSWORD.to_owned()),
        key: Some(key.public()),
    };
    staff::add(&house.store, &house.audit, new).await.unwrap();
}

async fn enter(house: &Department, account: &str) -> Zeroizing<String> {
    staff::sign_in(&house.office, HERE, account, PASSWORD).await.unwrap().session
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_key_does_nothing_before_it_answered_and_an_answer_is_good_once() {
    let town = Town::small().await;
    let (house, office) = (&town.gz, &town.gz.office);
    let (key, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    with_key(house, "su", &[Role::ProvApprover], &key).await;
    let session = enter(house, "su").await;
    assert_eq!(staff::resume(office, &session).await.err(), refused(OfficeRefusal::SessionFactorDue));
    assert_eq!(staff::glance(office, &session).await.err(), refused(OfficeRefusal::SessionFactorDue));
    assert_eq!(house.show_key(&session, &other).await.err(), refused(OfficeRefusal::FactorWrong));

    let asked = staff::proving(office, &session).await.unwrap();
    assert_eq!((asked.code, asked.again), (false, false));
    let asked = asked.challenge.unwrap();
    assert_eq!(
        staff::proving(office, &session).await.unwrap().challenge,
        Some(asked.clone()),
        "until it is answered"
    );
    let answer = staff::challenge::answer(&asked, &key).unwrap();
    staff::prove(office, HERE, &session, Factor::Answer(&answer)).await.unwrap();
    assert_eq!(staff::resume(office, &session).await.unwrap().assurance().code(), "ukey");
    let again = staff::prove(office, HERE, &session, Factor::Answer(&answer)).await.err();
    assert_eq!(again, refused(OfficeRefusal::FactorWrong));
    let fresh = enter(house, "su").await;
    let stolen = staff::prove(office, HERE, &fresh, Factor::Answer(&answer)).await.err();
    assert_eq!(stolen, refused(OfficeRefusal::FactorWrong));
    assert_eq!(staff::resume(office, &fresh).await.err(), refused(OfficeRefusal::SessionFactorDue));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_answers_lock_the_account_although_its_password_is_known() {
    let town = Town::small().await;
    let (house, office) = (&town.gz, &town.gz.office);
    let key = SecretKey::generate().unwrap();
    with_key(house, "su", &[Role::ProvApprover], &key).await;
    // Signing in again in between does not begin the count anew.
    let first = enter(house, "su").await;
    for _ in 0..2 {
        let told = staff::prove(office, HERE, &first, Factor::Answer("zl1-answer.00")).await.err();
        assert_eq!(told, refused(OfficeRefusal::FactorWrong));
    }
    let second = enter(house, "su").await;
    for _ in 0..2 {
        staff::prove(office, HERE, &second, Factor::Code("123456")).await.unwrap_err();
    }
    let told = staff::prove(office, HERE, &second, Factor::Code("123456")).await.err();
    assert_eq!(told, refused(OfficeRefusal::SessionEnded));
    assert_eq!(staff::sign_in(office, HERE, "su", PASSWORD).await.err(), refused(OfficeRefusal::SignInWrong));
    let failures = house.audit.newest(20).await.unwrap();
    assert_eq!(failures.iter().filter(|entry| entry.outcome == "factor.wrong").count(), 5);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_allowed_by_an_administrator_bound_by_their_officer_and_each_is_good_once() {
    let town = Town::small().await;
    let (house, office) = (&town.gz, &town.gz.office);
    let security = house.officer("luo", Role::SecAdmin).await;
    let officer = house.officer("lin", Role::BizUser).await;
    let not_allowed = staff::code_secret(office, &officer).await.err();
    assert_eq!(not_allowed, refused(OfficeRefusal::CodeNotAllowed));
    let list = staff::list(office, &security, staff::StaffFilter::default()).await.unwrap();
    let id = list.rows.rows.iter().find(|row| row.account == "lin").unwrap().id;
    staff::do_simply(office, &security, id, StaffAct::AllowCode, "新手机").await.unwrap();

    let session = enter(house, "lin").await;
    let officer = staff::resume(office, &session).await.unwrap();
    let secret = staff::code_secret(office, &officer).await.unwrap();
    assert_eq!(*staff::code_secret(office, &officer).await.unwrap().text, *secret.text);
    assert!(!house.file_holds(secret.text.as_bytes()));
    let app = Builder::new()
        .with_secret(Secret::try_from_base32(secret.text.as_str()).unwrap())
        .with_account_name("lin")
        .build()
        .unwrap();
    let code = |steps: i64| {
        let now = office.now_ms() / 1_000 + steps * 30;
        app.generate(now.unsigned_abs()).to_string()
    };
    // In the middle of a step no clock of this test passes into the next.
    let wrong = staff::bind_code(office, &officer, HERE, &code(40)).await.err();
    assert_eq!(wrong, refused(OfficeRefusal::FactorWrong));
    let first = code(0);
    staff::bind_code(office, &officer, HERE, &first).await.unwrap();
    assert_eq!(staff::resume(office, &session).await.unwrap().assurance().code(), "otp");

    let session = enter(house, "lin").await;
    assert_eq!(staff::resume(office, &session).await.err(), refused(OfficeRefusal::SessionFactorDue));
    let again = staff::prove(office, HERE, &session, Factor::Code(&first)).await.err();
    assert_eq!(again, refused(OfficeRefusal::FactorWrong), "it was taken already");
    staff::prove(office, HERE, &session, Factor::Code(&code(1))).await.unwrap();
    assert_eq!(staff::resume(office, &session).await.unwrap().assurance().code(), "otp");

    staff::do_simply(office, &security, id, StaffAct::UnbindCode, "手机遗失").await.unwrap();
    assert_eq!(staff::resume(office, &session).await.err(), refused(OfficeRefusal::SessionEnded));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_and_evidence_want_a_factor_shown_within_five_minutes() {
    let town = Town::small().await;
    let (house, office) = (&town.gz, &town.gz.office);
    let operator = town.sz.officer("shen", Role::ReqOperator).await;
    let input = crate::workflow::a_request(&town.sz, &operator).await;
    let request = crate::workflow::ask_for(&town.sz, &operator, input).await.id;
    let key = SecretKey::generate().unwrap();
    with_key(house, "su", &[Role::ProvApprover], &key).await;
    let session = enter(house, "su").await;
    house.show_key(&session, &key).await.unwrap();
    house.execute("UPDATE session SET proven_at = proven_at - 300000").await;
    let stale = staff::resume(office, &session).await.unwrap();
    let form = crate::workflow::approval(&services::requests::show(office, &stale, &request).await.unwrap());
    let told = services::requests::approve(office, &stale, &request, form.clone()).await.err();
    assert_eq!(told, refused(OfficeRefusal::StepUpDue));
    let noted = house.audit.newest(1).await.unwrap();
    assert_eq!((noted[0].event.as_str(), noted[0].outcome.as_str()), ("approval.draft", "step-up.due"));

    let without = staff::machine(office, "reader").await.unwrap();
    let told = services::requests::approve(office, &without, &request, form.clone()).await.err();
    assert_eq!(told, refused(OfficeRefusal::StepUpNone));

    assert!(staff::proving(office, &session).await.unwrap().again);
    house.show_key(&session, &key).await.unwrap();
    let fresh = staff::resume(office, &session).await.unwrap();
    let step = services::requests::approve(office, &fresh, &request, form).await.unwrap().id;

    // The second person signs in their own name as well.
    let second_key = SecretKey::generate().unwrap();
    with_key(house, "tao", &[Role::DeptLead], &second_key).await;
    let second = enter(house, "tao").await;
    house.show_key(&second, &second_key).await.unwrap();
    house.execute("UPDATE session SET proven_at = proven_at - 300000 WHERE staff = (SELECT id FROM staff WHERE account = 'tao')").await;
    let stale_second = staff::resume(office, &second).await.unwrap();
    let told = countersigning::sign(office, &stale_second, &step, "").await.err();
    assert_eq!(told, refused(OfficeRefusal::StepUpDue));
    house.show_key(&second, &second_key).await.unwrap();
    let fresh_second = staff::resume(office, &second).await.unwrap();
    countersigning::sign(office, &fresh_second, &step, "").await.unwrap();

    let query = house.denies_an_unknown_grant_of(&town.sz).await.to_string();
    services::receipts::evidence(office, &fresh, &query).await.unwrap();
    let told = services::receipts::evidence(office, &stale, &query).await.err();
    assert_eq!(told, refused(OfficeRefusal::StepUpDue));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changes_what_others_are_recognised_by_shows_their_own_factor_first() {
    let town = Town::small().await;
    let (house, office) = (&town.gz, &town.gz.office);
    house.officer("lin", Role::BizUser).await;
    let key = SecretKey::generate().unwrap();
    with_key(house, "luo", &[Role::SecAdmin], &key).await;
    let session = enter(house, "luo").await;
    house.show_key(&session, &key).await.unwrap();
    let fresh = staff::resume(office, &session).await.unwrap();
    house.execute("UPDATE session SET proven_at = proven_at - 300000").await;
    let stale = staff::resume(office, &session).await.unwrap();
    let list = staff::list(office, &stale, staff::StaffFilter::default()).await.unwrap();
    let id = list.rows.rows.iter().find(|row| row.account == "lin").unwrap().id;
    for act in [StaffAct::AllowCode, StaffAct::UnbindCode, StaffAct::UnbindKey] {
        let told = staff::do_simply(office, &stale, id, act, "为何").await.err();
        assert_eq!(told, refused(OfficeRefusal::StepUpDue), "{}", act.code());
    }
    let public = hex::encode(SecretKey::generate().unwrap().public().as_bytes());
    let told = staff::bind_key(office, &stale, id, &public, "为何").await.err();
    assert_eq!(told, refused(OfficeRefusal::StepUpDue));
    assert_eq!(
        staff::reset_password(office, &stale, id, "为何").await.err(),
        refused(OfficeRefusal::StepUpDue)
    );
    staff::do_simply(office, &stale, id, StaffAct::Lock, "锁定不等人").await.unwrap();
    staff::bind_key(office, &fresh, id, &public, "新钥匙").await.unwrap();
    town.stop().await;
}
