//! A process that ends in any state goes on from its disk and its ledger.

use exchange::{AnsweredState, EnquiryState, outcome};
use ledger::grant::RevokeGrant;
use ledger::parameters::Parameters;
use ledger::role::Role;
use ledger::transaction::Payload;
use ledger::views;

use crate::founding::{ASKER, PROVIDER, Terms};
use crate::town::{Town, ZHANG, quick};

const THIRD: usize = 2;

fn patient() -> Parameters {
    Parameters { heartbeat_ms: 60_000, ..quick() }
}

/// On record. A Hold that was under way when the requester ended may have been answered into the void.
fn is_recorded(state: AnsweredState) -> bool {
    [AnsweredState::Recorded, AnsweredState::Released].contains(&state)
}

fn used(town: &Town, grant: ledger::ids::GrantId) -> u32 {
    town.handle(ASKER).read(|snapshot| views::grant(snapshot, &grant)).unwrap().unwrap().used_units
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_that_ended_asked_goes_on() {
    let mut town = Town::start(2, &[0], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    town.stop_exchange(PROVIDER).await;
    town.stop_node(PROVIDER).await;
    let query = town.ask(grant, ZHANG).await;
    town.restart(ASKER).await;
    assert_eq!(town.look(&query).await.state, EnquiryState::Asked);
    town.start_node(PROVIDER).await;
    town.start_exchange(PROVIDER).await;
    let view = town.until_closed(&query).await;
    assert_eq!(view.state, EnquiryState::Closed);
    assert_eq!(used(&town, grant), 1);
    town.stop().await;
}

/// Both sides end while the record waits for a chain that stands still.
#[tokio::test(flavor = "multi_thread")]
async fn both_sides_that_ended_before_the_record_go_on() {
    let mut town = Town::start(3, &[0, 1, 2], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    town.stop_node(THIRD).await;
    let query = town.ask(grant, ZHANG).await;
    town.until(&query, |view| view.state == EnquiryState::Held).await;
    town.restart(ASKER).await;
    assert_eq!(town.look(&query).await.state, EnquiryState::Held);
    town.restart(PROVIDER).await;
    assert!(town.look(&query).await.answer.is_none());
    town.start_node(THIRD).await;
    let view = town.until_closed(&query).await;
    assert_eq!(view.state, EnquiryState::Closed);
    assert!(view.answer.unwrap().found);
    assert_eq!(used(&town, grant), 1);
    town.stop().await;
}

/// The requester is away while the answer is recorded; it fetches it again under a new key.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_recorded_in_absence_is_fetched_again() {
    let mut town = Town::start(4, &[1, 2, 3], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    town.stop_node(THIRD).await;
    let query = town.ask(grant, ZHANG).await;
    town.until(&query, |view| view.state == EnquiryState::Held).await;
    town.stop_exchange(ASKER).await;
    town.stop_node(ASKER).await;
    town.start_node(THIRD).await;
    town.until_provider(is_recorded).await;
    town.start_node(ASKER).await;
    town.start_exchange(ASKER).await;
    let view = town.until_closed(&query).await;
    assert_eq!(view.state, EnquiryState::Closed);
    assert!(view.answer.unwrap().found);
    assert_eq!(used(&town, grant), 1);
    town.stop().await;
}

/// Recorded, then revoked before the key was given: both sides show that nothing was released.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_grant_died_before_the_release_is_not_released() {
    let mut town = Town::start(4, &[1, 2, 3], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    town.stop_node(THIRD).await;
    let query = town.ask(grant, ZHANG).await;
    town.until(&query, |view| view.state == EnquiryState::Held).await;
    town.stop_exchange(ASKER).await;
    town.stop_node(ASKER).await;
    town.start_node(THIRD).await;
    town.until_provider(is_recorded).await;
    let by = town.founded.by(Role::ProvApprover);
    let revocation = RevokeGrant { grant, reason: "01".parse().unwrap(), by };
    town.submit(PROVIDER, town.founded.office(PROVIDER, Payload::RevokeGrant(revocation))).await;
    town.start_node(ASKER).await;
    town.start_exchange(ASKER).await;
    let view = town.until(&query, |view| view.state.is_final()).await;
    assert_eq!(view.state, EnquiryState::Undelivered { code: "grant.revoked" });
    assert!(view.answer.is_none() && view.record.is_some());
    town.until_provider(|state| [AnsweredState::Stopped, AnsweredState::Closed].contains(&state)).await;
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opened_answer_is_acknowledged_after_a_restart() {
    let mut town = Town::start(2, &[0], Parameters { delivery_wait_ms: 3_000, ..patient() }).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask(grant, ZHANG).await;
    town.until(&query, |view| view.state == EnquiryState::Opened).await;
    town.restart(ASKER).await;
    assert!(town.look(&query).await.answer.is_some());
    let view = town.until_closed(&query).await;
    assert_eq!(view.state, EnquiryState::Closed);
    assert!(view.record.unwrap().delivered);
    town.stop().await;
}

/// A provider whose calls nobody takes any more is silent; the enquiry waits for it and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_waited_for() {
    let mut town = Town::start(2, &[0], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    town.stop_exchange(PROVIDER).await;
    let query = town.ask(grant, ZHANG).await;
    let view = town.until(&query, |view| view.waiting.is_some() || view.state.is_final()).await;
    assert_eq!(view.state, EnquiryState::Asked);
    assert!([Some(outcome::PROVIDER_SILENT), Some(outcome::PROVIDER_UNREACHABLE)].contains(&view.waiting));
    town.stop_node(PROVIDER).await;
    town.start_node(PROVIDER).await;
    town.start_exchange(PROVIDER).await;
    assert_eq!(town.until_closed(&query).await.state, EnquiryState::Closed);
    town.stop().await;
}
