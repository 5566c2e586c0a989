//! One validator: what it applies, refuses, remembers and locks.

use crate::{NodeFault, SubmitError};
use ledger::ids::{Height, Time};
use ledger::refusal::Refusal;
use ledger::state::StateRead;
use ledger::views;

use super::town::{Town, refused_start, within};
use crate::founding::now;

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_takes_effect_and_survives_a_restart() {
    let mut town = Town::found(1, 1);
    town.start(0).await;
    let transaction = town.founded.publication(0, 1);
    let applied = within(town.handle(0).submit(transaction.clone())).await.unwrap();
    assert_eq!(applied.index, 0);
    assert_eq!(within(town.handle(0).submit(transaction.clone())).await.unwrap(), applied);
    let tip = town.reach(0, applied.height).await;
    let entries = |town: &Town| town.handle(0).read(|snapshot| views::entries(snapshot, None, 10).unwrap());
    let before = entries(&town);
    assert_eq!(before.len(), 1);

    town.stop(0).await;
    town.start(0).await;
    let reopened = town.handle(0).read(|snapshot| snapshot.block(applied.height)).unwrap();
    assert_eq!(reopened.id(), tip.block);
    assert_eq!(entries(&town), before);
    assert_eq!(within(town.handle(0).submit(transaction)).await.unwrap(), applied);
    let next = town.publish(0, 2).await.unwrap();
    assert!(next.height > applied.height);
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_stands_still_while_the_chain_goes_on() {
    let mut town = Town::found(1, 1);
    town.start(0).await;
    let first = town.publish(0, 1).await.unwrap();
    let (tip, later, key) = tokio::task::block_in_place(|| {
        town.handle(0).read(|snapshot| {
            let tip = snapshot.tip();
            let runtime = tokio::runtime::Handle::current();
            let later = runtime.block_on(town.publish(0, 2)).unwrap();
            assert_eq!(snapshot.tip(), tip);
            assert_eq!(snapshot.block(later.height), None);
            assert_eq!(snapshot.transaction(later.tx), None);
            (tip, later, snapshot.scan(b"entry/", None, 10).unwrap().len())
        })
    });
    assert!(first.height <= tip.height && tip.height < later.height);
    assert_eq!(key, 1);
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_ends_refused_or_lapsed() {
    let mut town = Town::found(2, 1);
    town.start(0).await;
    let lapsed = town.founded.publication_until(0, 1, Time(now().0 - 1));
    assert!(matches!(within(town.handle(0).submit(lapsed)).await, Err(SubmitError::Lapsed)));
    let mut forged = town.founded.publication(0, 1);
    forged.signature = town.founded.publication(1, 1).signature;
    let outcome = within(town.handle(0).submit(forged)).await;
    assert!(matches!(outcome, Err(SubmitError::Refused(Refusal::SignatureBad))), "{outcome:?}");
    let mut foreign = town.founded.publication(0, 1);
    foreign.body.chain = gm::domain::ChainId::ZERO;
    let outcome = within(town.handle(0).submit(foreign)).await;
    assert!(matches!(outcome, Err(SubmitError::Refused(Refusal::ChainOther))), "{outcome:?}");
    // Of two that exclude each other one takes effect, the other is refused, not forgotten.
    let (one, other) = tokio::join!(town.publish(0, 7), town.publish(0, 7));
    let refused = [one, other].into_iter().filter(Result::is_err).count();
    assert_eq!(refused, 1);
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_has_one_process_and_one_chain() {
    let mut town = Town::found(1, 1);
    town.start(0).await;
    assert!(matches!(refused_start(town.config(0)).await, NodeFault::InUse(_)));
    town.publish(0, 1).await.unwrap();
    town.stop(0).await;
    let other = Town::found(1, 1);
    let mut config = town.config(0);
    config.genesis = other.config(0).genesis;
    assert!(matches!(refused_start(config).await, NodeFault::OtherChain));
    town.start(0).await;
    town.stop(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_chain_moves_with_its_heartbeat() {
    let parameters =
        ledger::parameters::Parameters { heartbeat_ms: 300, ..ledger::parameters::Parameters::DEFAULT };
    let mut town = Town::found_with(1, 1, parameters);
    town.start(0).await;
    let first = town.reach(0, Height(1)).await;
    let third = town.reach(0, Height(3)).await;
    assert!(third.time.0 - first.time.0 >= 600);
    town.stop_all().await;
}
