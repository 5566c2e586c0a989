//! Exactly as many validators as are needed: each restart is one that everybody waits for.

use super::town::Town;

/// The others propose and vote while one is away; when it is back, the height goes on.
#[tokio::test(flavor = "multi_thread")]
async fn three_of_three_go_on_whoever_was_restarted() {
    let mut town = Town::found(3, 3);
    town.start_all().await;
    let mut last = town.publish(0, 1).await.unwrap();
    for turn in 0..6u64 {
        let away = (turn % 3) as usize;
        let asks = (away + 1) % 3;
        town.stop(away).await;
        let transaction = town.founded.publication(asks, 10 + turn);
        let handle = town.handle(asks).clone();
        let waiting = tokio::spawn(async move { handle.submit(transaction).await });
        town.start(away).await;
        let applied = super::town::within(waiting).await.unwrap().unwrap();
        assert!(applied.height > last.height);
        last = applied;
        town.agree(last.height).await;
    }
    town.stop_all().await;
}

/// One is away, and the others are restarted in the middle of the height that waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_height_that_waits_outlives_everybodys_restart() {
    let mut town = Town::found(3, 3);
    town.start_all().await;
    let mut last = town.publish(0, 1).await.unwrap();
    for turn in 0..4u64 {
        let away = (turn % 3) as usize;
        let (one, other) = ((away + 1) % 3, (away + 2) % 3);
        town.stop(away).await;
        let transaction = town.founded.publication(one, 10 + turn);
        let handle = town.handle(one).clone();
        tokio::spawn(async move { handle.submit(transaction).await });
        let mut follow = town.handle(other).follow();
        tokio::time::timeout(std::time::Duration::from_secs(2), follow.changed()).await.ok();
        for again in [one, other] {
            town.stop(again).await;
            town.start(again).await;
        }
        town.start(away).await;
        let applied = town.publish(one, 50 + turn).await.unwrap();
        assert!(applied.height > last.height);
        last = applied;
        town.agree(last.height).await;
    }
    town.stop_all().await;
}
