//! A process that ends in any state goes on from its disk and its ledger.

use exchange::{AnsweredState, Outcome, QueryState};
use ledger::ids::{GrantId, QueryId};
use ledger::parameters::Parameters;
use ledger::refusal::Refusal;

use crate::founding::{ASKER, PROVIDER, Terms};
use crate::town::{THIRD, Town, ZHANG, patient};

/// On record. A Hold that was under way when the requester ended may have been answered into the void.
fn is_recorded(state: AnsweredState) -> bool {
    [AnsweredState::Recorded, AnsweredState::Released].contains(&state)
}

/// Four departments, and an answer that is recorded while its requester is away: held, key not given.
async fn recorded_in_absence() -> (Town, GrantId, QueryId) {
    let mut town = Town::start(4, &[1, 2, 3], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask_until_held(grant).await;
    town.leave(ASKER).await;
    town.start_node(THIRD).await;
    town.until_provider(is_recorded).await;
    (town, grant, query)
}

/// It ends as if nothing had happened, and the grant is used once.
async fn closes_well(town: Town, grant: GrantId, query: &QueryId) {
    let view = town.until_closed(query).await;
    assert_eq!(view.state, QueryState::Closed);
    assert!(view.answer.unwrap().found);
    assert!(view.record.unwrap().delivered);
    assert_eq!(town.used(grant), 1);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_that_ended_asked_goes_on() {
    let mut town = Town::start(2, &[0], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    town.leave(PROVIDER).await;
    let query = town.ask(grant, ZHANG).await;
    town.restart(ASKER).await;
    assert_eq!(town.look(&query).await.state, QueryState::Asked);
    town.come_back(PROVIDER).await;
    closes_well(town, grant, &query).await;
}

/// Both sides end while the record waits for a chain that stands still.
#[tokio::test(flavor = "multi_thread")]
async fn both_sides_that_ended_before_the_record_go_on() {
    let mut town = Town::start(3, &[0, 1, 2], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask_until_held(grant).await;
    town.restart(ASKER).await;
    assert_eq!(town.look(&query).await.state, QueryState::Held);
    town.restart(PROVIDER).await;
    assert!(town.look(&query).await.answer.is_none());
    town.start_node(THIRD).await;
    closes_well(town, grant, &query).await;
}

/// The requester is away while the answer is recorded; it fetches it again under a new key.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_recorded_in_absence_is_fetched_again() {
    let (mut town, grant, query) = recorded_in_absence().await;
    town.come_back(ASKER).await;
    closes_well(town, grant, &query).await;
}

/// Recorded, then revoked before the key was given: both sides show that nothing was released.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_grant_died_before_the_release_is_not_released() {
    let (mut town, grant, query) = recorded_in_absence().await;
    town.revoke(grant).await;
    town.come_back(ASKER).await;
    let view = town.until(&query, |view| view.state.is_final()).await;
    assert_eq!(view.state, QueryState::Undelivered { code: Refusal::GrantRevoked.into() });
    assert!(view.answer.is_none() && view.record.is_some());
    town.until_provider(|state| [AnsweredState::Stopped, AnsweredState::Closed].contains(&state)).await;
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opened_answer_is_acknowledged_after_a_restart() {
    let mut town = Town::start(2, &[0], Parameters { delivery_wait_ms: 3_000, ..patient() }).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask(grant, ZHANG).await;
    town.until(&query, |view| view.state == QueryState::Opened).await;
    town.restart(ASKER).await;
    assert!(town.look(&query).await.answer.is_some());
    closes_well(town, grant, &query).await;
}

/// A provider whose calls nobody takes any more is silent; the query waits for it and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_waited_for() {
    let mut town = Town::start(2, &[0], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    town.stop_exchange(PROVIDER).await;
    let query = town.ask(grant, ZHANG).await;
    let view = town.until(&query, |view| view.waiting.is_some() || view.state.is_final()).await;
    assert_eq!(view.state, QueryState::Asked);
    assert!([Some(Outcome::ProviderSilent), Some(Outcome::ProviderUnreachable)].contains(&view.waiting));
    town.stop_node(PROVIDER).await;
    town.come_back(PROVIDER).await;
    closes_well(town, grant, &query).await;
}
