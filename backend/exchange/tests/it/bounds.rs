//! What one officer may ask, at once, in an hour and of one grant; and that their department sees who came to it.

use exchange::{AskError, Bound, Bounds, Outcome, QueryState, Reached};
use ledger::ids::{GrantId, Time};
use ledger::refusal::Refusal;
use ledger::role::Role;

use crate::founding::{ASKER, Terms};
use crate::town::{THIRD, Town, ZHANG, patient, pseudonym, query, quick};

const BOUNDS: Bounds = Bounds { at_once: 2, per_hour: 4, share_percent: 50, share_above: 2 };

async fn town(departments: usize, validators: &[usize], bounds: Bounds) -> Town {
    let parameters = if validators.len() > 1 { patient() } else { quick() };
    let mut town = Town::start(departments, validators, parameters).await;
    town.bounds = bounds;
    town.stop_exchange(ASKER).await;
    town.start_exchange(ASKER).await;
    town
}

/// Asks as an account; what it became, or the bound it came to.
async fn ask(town: &Town, grant: GrantId, account: &str) -> Result<ledger::ids::QueryId, Bound> {
    let mut form = query(grant, ZHANG, Role::BizUser, gm::random::bytes().unwrap());
    form.asker.account = account.into();
    match town.exchange(ASKER).ask(form, pseudonym).await {
        Ok(query) => Ok(query),
        Err(AskError::Bound(bound)) => Err(bound),
        Err(other) => panic!("{other}"),
    }
}

async fn reached(town: &Town) -> Vec<(String, Bound, u64)> {
    let all = town.exchange(ASKER).bounds_reached(Time(0)).await.unwrap();
    let told = |one: Reached| {
        assert!(one.first <= one.last && one.first > Time(0));
        (one.account, one.bound, one.times)
    };
    let mut told: Vec<_> = all.into_iter().map(told).collect();
    told.sort();
    told
}

/// While the chain stands still nothing ends, so that all that is asked is under way at once.
#[tokio::test(flavor = "multi_thread")]
async fn queries_under_way_are_bounded_for_each_officer_and_a_restart_forgets_none() {
    let mut town = town(3, &[0, 1, 2], BOUNDS).await;
    let grant = town.grant(&Terms::new()).await;
    town.stop_node(THIRD).await;
    let mut asked = vec![ask(&town, grant, "wang").await.unwrap(), ask(&town, grant, "wang").await.unwrap()];
    assert_eq!(ask(&town, grant, "wang").await, Err(Bound::AtOnce));
    // The bound is the officer's own.
    asked.push(ask(&town, grant, "li").await.unwrap());
    town.restart(ASKER).await;
    assert_eq!(ask(&town, grant, "wang").await, Err(Bound::AtOnce));
    assert_eq!(reached(&town).await, [("wang".to_owned(), Bound::AtOnce, 2)]);
    assert_eq!(town.journal().await.len(), 3, "what was turned away is not written down");
    town.start_node(THIRD).await;
    for query in &asked {
        assert_eq!(town.until_closed(query).await.state, QueryState::Closed);
    }
    let again = ask(&town, grant, "wang").await.unwrap();
    assert_eq!(town.until_closed(&again).await.state, QueryState::Closed);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_in_an_hour_count_whatever_came_of_them() {
    let town = town(2, &[0], Bounds { at_once: 100, ..BOUNDS }).await;
    let revoked = town.grant(&Terms::new()).await;
    town.revoke(revoked).await;
    let grant = town.grant(&Terms { quota: 1, ..Terms::new() }).await;
    for _ in 0..3 {
        let query = ask(&town, revoked, "wang").await.unwrap();
        assert_eq!(town.look(&query).await.state, QueryState::Refused { code: Refusal::GrantRevoked.into() });
    }
    let query = ask(&town, grant, "wang").await.unwrap();
    assert_eq!(town.until_closed(&query).await.state, QueryState::Closed);
    for _ in 0..3 {
        assert_eq!(ask(&town, grant, "wang").await, Err(Bound::PerHour));
    }
    assert_eq!(reached(&town).await, [("wang".to_owned(), Bound::PerHour, 3)]);
    let away = town.exchange(ASKER).turned_away().await.unwrap();
    assert_eq!(away, [(Bound::AtOnce, 0), (Bound::PerHour, 3), (Bound::Share, 0)]);
    // A form that became a query before is that query still.
    let form = || query_of(grant, "li");
    let first = town.exchange(ASKER).ask(form(), pseudonym).await.unwrap();
    for _ in 0..3 {
        ask(&town, revoked, "li").await.unwrap();
    }
    assert_eq!(town.exchange(ASKER).ask(form(), pseudonym).await.unwrap(), first);
    town.stop().await;
}

fn query_of(grant: GrantId, account: &str) -> exchange::Query {
    let mut form = query(grant, ZHANG, Role::BizUser, [3; 32]);
    form.asker.account = account.into();
    form
}

/// Of six units three are one officer's; a query that used none is not among them.
#[tokio::test(flavor = "multi_thread")]
async fn one_officer_has_a_share_of_a_grant_and_the_rest_is_their_colleagues() {
    let bounds = Bounds { at_once: 100, per_hour: 100, ..BOUNDS };
    let town = town(2, &[0], bounds).await;
    // What the provider denies uses nothing.
    let denied = town.grant(&Terms { purpose: "02", quota: 6, ..Terms::new() }).await;
    for _ in 0..4 {
        let query = ask(&town, denied, "wang").await.unwrap();
        let state = town.until_closed(&query).await.state;
        assert_eq!(state.reason(), Some(Outcome::PolicyDenied), "{state:?}");
    }
    let grant = town.grant(&Terms { quota: 6, ..Terms::new() }).await;
    for account in ["wang", "wang", "wang", "li"] {
        let query = ask(&town, grant, account).await.unwrap();
        assert_eq!(town.until_closed(&query).await.state, QueryState::Closed);
    }
    assert_eq!(ask(&town, grant, "wang").await, Err(Bound::Share));
    assert!(ask(&town, grant, "li").await.is_ok());
    assert_eq!(reached(&town).await, [("wang".to_owned(), Bound::Share, 1)]);
    // A small grant may be used up by one, and says itself when it is.
    let small = town.grant(&Terms { quota: 2, ..Terms::new() }).await;
    for _ in 0..2 {
        let query = ask(&town, small, "wang").await.unwrap();
        assert_eq!(town.until_closed(&query).await.state, QueryState::Closed);
    }
    let query = ask(&town, small, "wang").await.unwrap();
    assert_eq!(town.look(&query).await.state, QueryState::Refused { code: Refusal::GrantQuota.into() });
    town.stop().await;
}

/// Twelve forms sent in the same moment: as many are taken as may be.
#[tokio::test(flavor = "multi_thread")]
async fn forms_sent_at_once_cannot_pass_a_bound_together() {
    let town = town(2, &[0], Bounds { at_once: 100, per_hour: 5, ..BOUNDS }).await;
    let grant = town.grant(&Terms::new()).await;
    let mut asks = tokio::task::JoinSet::new();
    for number in 0..12 {
        let exchange = town.exchange(ASKER).clone();
        let form = query(grant, ZHANG, Role::BizUser, [number; 32]);
        asks.spawn(async move { exchange.ask(form, pseudonym).await });
    }
    let mut taken = 0;
    for asked in asks.join_all().await {
        match asked {
            Ok(_) => taken += 1,
            Err(AskError::Bound(bound)) => assert_eq!(bound, Bound::PerHour),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(taken, 5);
    assert_eq!(reached(&town).await, [("wang".to_owned(), Bound::PerHour, 7)]);
    town.stop().await;
}
