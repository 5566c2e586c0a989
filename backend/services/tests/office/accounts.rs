//! Signing in, roles, sessions.

use services::staff::{self, resume, sign_in, sign_out, switch_role};
use services::{Role, ServiceError};

use crate::town::{PASSWORD, Town};

fn refused(code: &str) -> ServiceError {
    ServiceError::Refused { code: code.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_passwords_lock_the_account_even_for_the_right_one() {
    let town = Town::small().await;
    let office = &town.sz.office;
    town.sz.officer("lin", Role::BizUser).await;
    for _ in 0..5 {
        let error = sign_in(office, "lin", "Wrong-2026-xx").await.err();
        assert_eq!(error, Some(refused("sign-in.wrong")));
    }
    assert_eq!(sign_in(office, "lin", PASSWORD).await.err(), Some(refused("sign-in.locked")));
    assert_eq!(sign_in(office, "nobody", PASSWORD).await.err(), Some(refused("sign-in.wrong")));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_begins_the_count_of_failures_anew() {
    let town = Town::small().await;
    let office = &town.sz.office;
    town.sz.officer("lin", Role::BizUser).await;
    for _ in 0..2 {
        for _ in 0..4 {
            assert!(sign_in(office, "lin", "Wrong-2026-xx").await.is_err());
        }
        sign_in(office, "LIN", PASSWORD).await.unwrap();
    }
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_has_one_session_and_goes_on_in_the_role_it_chose() {
    let town = Town::small().await;
    let office = &town.sz.office;
    town.sz.officer_with("lin", &[Role::BizUser, Role::ReqOperator]).await;
    let first = sign_in(office, "lin", PASSWORD).await.unwrap();
    let second = sign_in(office, "lin", PASSWORD).await.unwrap();
    assert_eq!(resume(office, &first.session).await.err(), Some(refused("session.ended")));
    let officer = resume(office, &second.session).await.unwrap();
    assert_eq!((officer.role(), officer.can_switch()), (Role::ReqOperator, true));
    assert!(officer.last_sign_in().is_some());
    switch_role(office, &officer, Role::BizUser).await.unwrap();
    assert_eq!(staff::glance(office, &second.session).await.unwrap().role(), Role::BizUser);
    assert_eq!(switch_role(office, &officer, Role::Inspector).await.err(), Some(refused("role.not-held")));
    sign_out(office, &officer).await.unwrap();
    assert_eq!(resume(office, &second.session).await.err(), Some(refused("session.ended")));
    town.stop().await;
}
