//! Signing in, roles, sessions.

use std::net::Ipv4Addr;

use services::staff::{self, Source, resume, sign_in, sign_out, switch_role};
use services::{Office, OfficeRefusal, Role, ServiceError, limits};
use tokio::time::{Duration, Instant};

use crate::town::{PASSWORD, Town};

const HERE: Source = Source::OWN;

pub(crate) fn elsewhere() -> Source {
    std::net::IpAddr::from(Ipv4Addr::new(192, 0, 2, 7)).into()
}

fn refused(code: OfficeRefusal) -> ServiceError {
    ServiceError::Refused(code.into())
}

/// Six wrong passwords: what each attempt was told, and in which time.
async fn six_tries(office: &Office, account: &str, from: Source) -> Vec<(Option<ServiceError>, Duration)> {
    let mut told = Vec::new();
    for _ in 0..6 {
        let began = Instant::now();
        let error = sign_in(office, from, account, "Wrong-2026-xx").await.err();
        told.push((error, began.elapsed()));
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_passwords_close_the_account_to_their_source_and_it_is_told_like_an_unknown_one() {
    let town = Town::small().await;
    let office = &town.sz.office;
    town.sz.officer("lin", Role::BizUser).await;
    let (known, unknown) = (six_tries(office, "lin", HERE).await, six_tries(office, "nobody", HERE).await);
    for (error, time) in known.into_iter().chain(unknown) {
        assert_eq!(error, Some(refused(OfficeRefusal::SignInWrong)));
        assert!(time >= Duration::from_millis(limits::SIGN_IN_WRONG_MS), "{time:?}");
    }
    assert_eq!(sign_in(office, HERE, "lin", PASSWORD).await.err(), Some(refused(OfficeRefusal::SignInWrong)));
    sign_in(office, elsewhere(), "lin", PASSWORD).await.unwrap();
    // Five that lock it, and what can be had without end once a minute; never what was typed.
    let noted = town.sz.audit.newest(20).await.unwrap();
    let failures: Vec<_> = noted.iter().filter(|entry| entry.outcome.starts_with("sign-in.")).collect();
    assert!((5..=8).contains(&failures.len()), "{failures:?}");
    assert!(failures.iter().all(|entry| entry.address == "127.0.0.1"));
    assert!(failures.iter().all(|entry| ["lin", "unknown"].contains(&entry.account.as_str())));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_failures_leave_few_entries_and_an_officer_signs_in_meanwhile() {
    let town = Town::small().await;
    let office = town.sz.office.clone();
    town.sz.officer("lin", Role::BizUser).await;
    town.sz.officer("zhou", Role::BizUser).await;
    let before = town.sz.audit.head().size;
    let flood = (0..10_000).map(|number| {
        let office = office.clone();
        let account = if number % 2 == 0 { "zhou".to_owned() } else { format!("nobody{number}") };
        tokio::spawn(async move { sign_in(&office, elsewhere(), &account, "Wrong-2026-xx").await.err() })
    });
    let flood: Vec<_> = flood.collect();
    sign_in(&office, HERE, "lin", PASSWORD).await.unwrap();
    for attempt in flood {
        assert!(attempt.await.unwrap().is_some());
    }
    let gained = town.sz.audit.head().size - before;
    assert!(gained < 100, "{gained} entries");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stranger_keeps_an_officer_from_the_desk_they_signed_in_at_before() {
    let town = Town::small().await;
    let office = &town.sz.office;
    town.sz.officer("lin", Role::BizUser).await;
    sign_in(office, HERE, "lin", PASSWORD).await.unwrap();
    let stranger = |number: u8| Source::from(std::net::IpAddr::from(Ipv4Addr::new(192, 0, 2, number)));
    for number in 0..60 {
        assert!(sign_in(office, stranger(number), "lin", "Wrong-2026-xx").await.is_err());
    }
    // Guessing is slowed for everybody else, even with the right password.
    assert!(sign_in(office, stranger(100), "lin", PASSWORD).await.is_err());
    sign_in(office, HERE, "lin", PASSWORD).await.unwrap();
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_begins_the_count_of_failures_anew() {
    let town = Town::small().await;
    let office = &town.sz.office;
    town.sz.officer("lin", Role::BizUser).await;
    for _ in 0..2 {
        for _ in 0..4 {
            assert!(sign_in(office, HERE, "lin", "Wrong-2026-xx").await.is_err());
        }
        sign_in(office, HERE, "LIN", PASSWORD).await.unwrap();
    }
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_acts_in_its_one_role_without_a_session() {
    let town = Town::small().await;
    let office = &town.sz.office;
    town.sz.officer("loans", Role::ReqOperator).await;
    town.sz.officer_with("lin", &[Role::BizUser, Role::ReqOperator]).await;
    let machine = staff::machine(office, "loans").await.unwrap();
    assert_eq!((machine.role(), machine.last_sign_in()), (Role::ReqOperator, None));
    let input = crate::workflow::a_request(&town.sz, &machine).await;
    services::requests::request_access(office, &machine, input).await.unwrap();
    for no_machine in ["lin", "nobody"] {
        let refusal = staff::machine(office, no_machine).await.err();
        assert_eq!(refusal, Some(refused(OfficeRefusal::SignInWrong)), "{no_machine}");
    }
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_has_one_session_and_goes_on_in_the_role_it_chose() {
    let town = Town::small().await;
    let office = &town.sz.office;
    town.sz.officer_with("lin", &[Role::BizUser, Role::ReqOperator]).await;
    let first = sign_in(office, HERE, "lin", PASSWORD).await.unwrap();
    let second = sign_in(office, HERE, "lin", PASSWORD).await.unwrap();
    assert_eq!(resume(office, &first.session).await.err(), Some(refused(OfficeRefusal::SessionEnded)));
    let officer = resume(office, &second.session).await.unwrap();
    assert_eq!((officer.role(), officer.can_switch()), (Role::ReqOperator, true));
    assert!(officer.last_sign_in().is_some());
    switch_role(office, &officer, Role::BizUser).await.unwrap();
    assert_eq!(staff::glance(office, &second.session).await.unwrap().role(), Role::BizUser);
    assert_eq!(
        switch_role(office, &officer, Role::Inspector).await.err(),
        Some(refused(OfficeRefusal::RoleNotHeld))
    );
    sign_out(office, &second.session).await.unwrap();
    assert_eq!(resume(office, &second.session).await.err(), Some(refused(OfficeRefusal::SessionEnded)));
    town.stop().await;
}
