//! Four validators and a node that follows: one ledger, whoever stops.

use std::time::{Duration, Instant};

use super::town::{Town, within};
use ledger::ids::Height;

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_reach_the_same_ledger_also_one_that_only_follows() {
    let mut town = Town::found(5, 4);
    town.start_all().await;
    assert!(town.handle(0).status().validator);
    assert!(!town.handle(4).status().validator);
    let mut last = Height(0);
    for (of, number) in [(0, 1), (1, 2), (4, 3), (2, 4), (4, 5)] {
        let applied = town.publish(of, number).await.unwrap();
        last = last.max(applied.height);
    }
    // Many at once, from everywhere.
    let all = futures::future::join_all((0..5).map(|of| town.publish(of, 10 + of as u64))).await;
    for applied in all {
        last = last.max(applied.unwrap().height);
    }
    town.agree(last).await;
    for of in 0..5 {
        let entries = town.handle(of).read(|snapshot| ledger::views::entries(snapshot, None, 100).unwrap());
        assert_eq!(entries.len(), 10);
        assert_eq!(town.handle(of).status().mempool_transactions, 0);
    }
    assert!(town.handle(3).metrics().contains("zhenglian_validator 1"));
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_four_decide_nothing_and_four_go_on() {
    let mut town = Town::found(4, 4);
    town.start_all().await;
    let first = town.publish(0, 1).await.unwrap();
    town.agree(first.height).await;
    town.stop(2).await;
    let three = town.publish(0, 2).await.unwrap();
    assert!(three.height > first.height);
    town.stop(3).await;

    let transaction = town.founded.publication(0, 3);
    let handle = town.handle(0).clone();
    let waiting = tokio::spawn({
        let transaction = transaction.clone();
        async move { handle.submit(transaction).await }
    });
    // A height that was under way when the third stopped may still have been decided.
    let mut follow = town.handle(0).follow();
    let stopped_at = follow.borrow_and_update().height;
    let moved = tokio::time::timeout(Duration::from_secs(5), follow.changed()).await;
    assert!(moved.is_err() || follow.borrow().height.0 <= stopped_at.0 + 1);
    assert!(!waiting.is_finished());

    let back = Instant::now();
    town.start(2).await;
    let applied = within(waiting).await.unwrap().unwrap();
    assert!(back.elapsed() < Duration::from_secs(30), "{:?} until the chain went on", back.elapsed());
    town.start(3).await;
    town.agree(applied.height).await;
    for of in 0..4 {
        assert_eq!(town.applied(of, transaction.id()).await, (applied.height, applied.index));
    }
    let last = town.publish(3, 4).await.unwrap();
    town.agree(last.height).await;
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_four_stop_and_go_on_from_disk() {
    let mut town = Town::found(4, 4);
    town.start_all().await;
    let before = town.publish(1, 1).await.unwrap();
    town.agree(before.height).await;
    town.stop_all().await;
    town.start_all().await;
    let after = town.publish(2, 2).await.unwrap();
    assert!(after.height > before.height);
    town.agree(before.height).await;
    town.agree(after.height).await;
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_catches_up_a_validator_and_one_that_only_follows() {
    let mut town = Town::found(5, 4);
    for of in 0..4 {
        town.start(of).await;
    }
    town.agree(town.publish(3, 1).await.unwrap().height).await;
    town.stop(3).await;
    let mut last = Height(0);
    for number in 2..=40 {
        last = town.publish(number % 3, number as u64).await.unwrap().height;
    }
    assert!(last.0 >= 40);
    town.start(3).await;
    town.start(4).await; // has nothing but genesis
    town.agree(last).await;
    // And both go on with the others.
    let next = town.publish(4, 50).await.unwrap();
    town.agree(next.height).await;
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_chain_of_four_keeps_moving() {
    let parameters =
        ledger::parameters::Parameters { heartbeat_ms: 500, ..ledger::parameters::Parameters::DEFAULT };
    let mut town = Town::found_with(4, 4, parameters);
    town.start_all().await;
    let first = town.reach(0, Height(1)).await;
    let later = town.reach(0, Height(5)).await;
    assert!(later.time.0 - first.time.0 >= 4 * 400, "{first:?} {later:?}");
    town.agree(Height(5)).await;
    assert!(town.handle(1).read(|snapshot| snapshot.block(Height(5))).unwrap().transactions.is_empty());
    town.stop_all().await;
}
