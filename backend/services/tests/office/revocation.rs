//! A right that is taken away is gone at the next use, also for what is under way: an open session, a page
//! that waits, a file that is being made.

use std::time::Duration;

use services::grants::{self, RevokeInput};
use services::queries;
use services::staff::{self, AuthoriseInput, Source, StaffAct, StaffFilter};
use services::{OfficeRefusal, Officer, Role, ServiceError, receipts};

use crate::query::{a_query, answered, sent};
use crate::town::{Department, PASSWORD, Town, until};

fn ended<T>() -> Result<T, ServiceError> {
    Err(ServiceError::Refused(OfficeRefusal::SessionEnded.into()))
}

/// The number of an account.
async fn number(house: &Department, security: &Officer, account: &str) -> i64 {
    let filter = StaffFilter { text: account.to_owned(), ..StaffFilter::default() };
    let list = staff::list(&house.office, security, filter).await.unwrap();
    list.rows.rows.iter().find(|row| row.account == account).unwrap().id
}

async fn lock(house: &Department, security: &Officer, account: &str) {
    let id = number(house, security, account).await;
    staff::do_simply(&house.office, security, id, StaffAct::Lock, "离岗核查").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_ends_the_open_session_the_waiting_page_and_the_download_under_way() {
    let town = Town::large().await;
    let office = &town.sz.office;
    let security = town.sz.officer("luo", Role::SecAdmin).await;
    let clerk = town.sz.officer_with_key("cheng", Role::BizUser).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_query(&town, &clerk, &approver).await;
    let id = sent(queries::ask(office, &clerk, input.clone()).await.unwrap());
    answered(&town, &clerk, &id).await;
    until(|| async { queries::show(office, &clerk, &id).await.unwrap().row.is_final }).await;
    receipts::evidence(office, &clerk, &id).await.unwrap();
    town.sz.officer("ye", Role::BizUser).await;
    let session = staff::sign_in(office, Source::OWN, "ye", PASSWORD).await.unwrap().session;
    staff::resume(office, &session).await.unwrap();

    // It waits for news that do not come, while the account is locked.
    let stamp = queries::show(office, &clerk, &id).await.unwrap().stamp;
    let waiting = tokio::spawn({
        let (office, clerk, id) = (office.clone(), clerk.clone(), id.clone());
        async move { queries::wait(&office, &clerk, &id, stamp, Duration::from_secs(3)).await.map(drop) }
    });
    lock(&town.sz, &security, "cheng").await;
    lock(&town.sz, &security, "ye").await;
    assert_eq!(waiting.await.unwrap(), ended());
    assert_eq!(receipts::evidence(office, &clerk, &id).await.map(drop), ended());
    assert_eq!(staff::resume(office, &session).await.map(drop), ended());
    assert!(staff::sign_in(office, Source::OWN, "ye", PASSWORD).await.is_err());
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_role_they_asked_in_sees_the_answer_no_more() {
    let town = Town::large().await;
    let office = &town.sz.office;
    let security = town.sz.officer("luo", Role::SecAdmin).await;
    let clerk = town.sz.officer_with("cheng", &[Role::BizUser, Role::ReqOperator]).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let clerk = staff::switch_role(office, &clerk, Role::BizUser).await.unwrap();
    let input = a_query(&town, &clerk, &approver).await;
    let id = sent(queries::ask(office, &clerk, input.clone()).await.unwrap());
    answered(&town, &clerk, &id).await;
    let session = staff::sign_in(office, Source::OWN, "cheng", PASSWORD).await.unwrap().session;
    let operator = staff::resume(office, &session).await.unwrap();
    assert_eq!(operator.roles().len(), 2);
    assert!(queries::show(office, &operator, &id).await.unwrap().result.is_some());

    let id_of = number(&town.sz, &security, "cheng").await;
    let rights = AuthoriseInput {
        roles: vec!["REQ_OPERATOR".to_owned()],
        clearance: "3".to_owned(),
        valid_until: String::new(),
        reason: "转岗".to_owned(),
    };
    staff::authorise(office, &security, id_of, rights).await.unwrap();
    let session = staff::sign_in(office, Source::OWN, "cheng", PASSWORD).await.unwrap().session;
    let operator = staff::resume(office, &session).await.unwrap();
    assert_eq!(operator.roles(), [Role::ReqOperator]);
    let view = queries::show(office, &operator, &id).await.unwrap();
    assert!(view.result.is_none() && view.cleared);
    let form = queries::form(office, &operator, &input.grant).await.unwrap();
    assert!(!form.ask.is_open());
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_drawn_under_a_grant_that_is_withdrawn_meanwhile_asks_nothing() {
    let town = Town::large().await;
    let (office, clerk) = (&town.sz.office, town.sz.officer("cheng", Role::BizUser).await);
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_query(&town, &clerk, &approver).await;
    let form = grants::show(&town.gz.office, &approver, &input.grant).await.unwrap().revoke_form_id;
    let revoke = RevokeInput { form_id: form, reason: "01".to_owned() };
    grants::revoke(&town.gz.office, &approver, &input.grant, revoke).await.unwrap();
    until(|| async { !queries::form(office, &clerk, &input.grant).await.unwrap().ask.is_open() }).await;
    let told = queries::ask(office, &clerk, input).await;
    assert!(matches!(told, Err(ServiceError::Refused(_))), "{told:?}");
    assert_eq!(queries::list(office, &clerk, Default::default()).await.unwrap().total, 0);
    assert!(town.gz.audit.newest(20).await.unwrap().iter().any(|entry| entry.event == "grant.revoke"));
    town.stop().await;
}
