//! While the chain stands still no field is shown, and its state says why; afterwards it ends well or lapses.

use exchange::{AnsweredState, Outcome, QueryState};
use ledger::parameters::Parameters;
use ledger::refusal::Refusal;

use crate::founding::{ASKER, Terms};
use crate::town::{THIRD, Town, ZHANG, patient, quick, until_clock};

#[tokio::test(flavor = "multi_thread")]
async fn no_field_is_shown_before_its_record_and_all_is_well_afterwards() {
    let mut town = Town::start(3, &[0, 1, 2], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    town.stop_node(THIRD).await;
    let query = town.ask(grant, ZHANG).await;
    let view = town.until(&query, |view| view.waiting.is_some() || view.state.is_final()).await;
    assert_eq!((view.state, view.waiting), (QueryState::Held, Some(Outcome::RecordPending)));
    assert!(view.record.is_none() && view.answer.is_none());
    town.until_answered(AnsweredState::Submitted).await;
    town.start_node(THIRD).await;
    let view = town.until_closed(&query).await;
    assert_eq!(view.state, QueryState::Closed);
    assert!(view.answer.unwrap().found);
    town.stop().await;
}

/// The decision grows too old for the ledger while the chain stands still: it is judged again, and the
/// answer that the requester holds stays good.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_grew_old_is_made_again() {
    let mut town = Town::start(3, &[0, 1, 2], Parameters { judged_lag_ms: 1_000, ..patient() }).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask_until_held(grant).await;
    let held = town.until(&query, |view| view.waiting.is_some()).await;
    until_clock(held.times.held.unwrap().plus_ms(1_500)).await;
    let before = town.header(&query).await;
    town.start_node(THIRD).await;
    assert_eq!(town.until_closed(&query).await.state, QueryState::Closed);
    assert_eq!(town.header(&query).await, before);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_whose_time_passed_meanwhile_lapses() {
    let mut town = Town::start(3, &[0, 1, 2], Parameters { ticket_ms: 3_000, ..patient() }).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask_until_held(grant).await;
    until_clock(town.look(&query).await.valid_until.plus_ms(500)).await;
    assert_eq!(town.look(&query).await.state, QueryState::Held);
    town.start_node(THIRD).await;
    let view = town.until(&query, |view| view.state.is_final()).await;
    // Its own ledger and the provider say so at the same block; the reason is of whoever is heard first.
    let QueryState::Lapsed { code } = view.state else { panic!("{:?}", view.state) };
    assert!([Outcome::RecordPending, Refusal::TicketExpired.into()].contains(&code), "{code}");
    assert!(view.answer.is_none());
    town.until_answered(AnsweredState::Lapsed).await;
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_behind_asks_nothing() {
    let mut town = Town::start(3, &[0, 1, 2], Parameters { heartbeat_ms: 300, ..quick() }).await;
    let grant = town.grant(&Terms::new()).await;
    town.stop_node(THIRD).await;
    let head = town.handle(ASKER).status().tip.time;
    until_clock(head.plus_ms(2_000)).await;
    let query = town.ask(grant, ZHANG).await;
    assert_eq!(town.look(&query).await.state, QueryState::Refused { code: Outcome::LedgerBehind });
    town.stop().await;
}
