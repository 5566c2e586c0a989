//! Four validators, of which two stop: nothing is decided and nothing is
//! released; they come back: all six go on with one state.

use std::time::Duration;

use system_tests::centres::{CENTRES, Centre};
use system_tests::story::is_open;
use system_tests::waiting::until;

use crate::stage::{Granted, Stage, state};

/// Three heartbeats of ten seconds, and room.
const BEHIND_MAX: Duration = Duration::from_secs(50);

#[tokio::test(flavor = "multi_thread")]
async fn with_two_validators_stopped_nothing_is_decided_and_nothing_released() {
    let mut stage = Stage::set(31).await;
    let granted = Granted::by(&stage, "cd", "gz").await;
    let (sz, nj, gz) = (Centre::named("sz"), Centre::named("nj"), Centre::named("gz"));
    assert_eq!(stage.network.stop_one(sz).await.unwrap(), 0);
    assert_eq!(stage.network.stop_one(nj).await.unwrap(), 0);

    let query = granted.ask(&stage, &stage.person(gz, 0)).await;
    granted.until_state(&query, &["held"]).await;
    // The node itself says so once its head is three heartbeats old.
    let visitor = stage.network.visitor(gz).unwrap();
    until("a chain that stands", BEHIND_MAX, || async {
        match visitor.download("/healthz").await {
            Ok((503, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();
    let page = granted.clerk.get(&format!("/queries/{query}")).await.unwrap();
    assert!(!is_open(&page), "an answer was opened without a record");
    assert_eq!(state(&page).as_deref(), Some("held"));

    stage.network.start_one(nj).await.unwrap();
    let page = granted.answered(&stage, &query).await;
    assert!(page.link_to("/receipts/").is_some());
    stage.network.start_one(sz).await.unwrap();
    let reached = stage.network.height(gz).await.unwrap();
    stage.network.until_common_height(reached).await.unwrap();
    one_state(&stage, reached).await;
    stage.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_validator_killed_the_others_go_on_and_it_catches_up() {
    let mut stage = Stage::set(32).await;
    let su = Centre::named("su");
    stage.network.kill(su).await.unwrap();
    let granted = Granted::by(&stage, "cd", "gz").await;
    let query = granted.ask(&stage, &stage.person(Centre::named("gz"), 1)).await;
    granted.answered(&stage, &query).await;
    stage.network.start_one(su).await.unwrap();
    let reached = stage.network.height(Centre::named("gz")).await.unwrap();
    stage.network.until_common_height(reached).await.unwrap();
    one_state(&stage, reached).await;
    stage.network.stop().await.unwrap();
}

/// Every department shows the same state root at this height.
async fn one_state(stage: &Stage, height: u64) {
    let mut pages = Vec::new();
    for centre in &CENTRES {
        let account = if centre.inspectorate { "inspector" } else { "clerk" };
        let visitor = stage.network.signed_in(centre, account).await.unwrap();
        let page = visitor.get(&format!("/chain/blocks/{height}")).await.unwrap();
        let roots: Vec<String> =
            page.all(|element| element.has_class("hash")).iter().map(|root| root.text()).collect();
        assert!(!roots.is_empty(), "no root on {}", page.text());
        pages.push((centre.short, roots));
    }
    for (short, roots) in &pages {
        assert_eq!(roots, &pages[0].1, "{short} has another state at {height}");
    }
}
