//! Both sides killed (SIGKILL) in each state of a query. Whatever was
//! killed, started again it goes on where it stood: the answer is opened once,
//! under one record, or the query ends without one and without a field shown.
//!
//! How a process is put into a state: the provider's table locked keeps it
//! before *prepared*; validators stopped keep it before *recorded*; the other
//! side frozen keeps it before *held* or *released*.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use system_tests::centres::Centre;
use system_tests::story::{Story, is_open};
use system_tests::visitor::Visitor;

use crate::stage::{Granted, Stage, until_recorded_at};

/// The requester votes, the provider only follows: either can die without halting the chain.
const REQUESTER: &str = "gz";
const PROVIDER: &str = "cd";

/// Keeps a provider from reading its table while it is held.
struct LockedTable(SqliteConnection);

impl LockedTable {
    async fn of(stage: &Stage, centre: &Centre) -> Self {
        let options = SqliteConnectOptions::new().filename(stage.network.layout.table(centre));
        let mut connection = options.connect().await.unwrap();
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.unwrap();
        Self(connection)
    }

    async fn unlock(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}

/// An inspector with an inspection that two opened.
async fn inspector(stage: &Stage, granted: &Granted) -> Visitor {
    let story = Story::new(&stage.network, granted.requester, granted.provider);
    story.inspection(Centre::named("jd")).await.unwrap().0
}

/// The answer came, once: opened, on one record, and the grant's count says so.
async fn ends_well(stage: &mut Stage, granted: &Granted, query: &str) {
    let page = granted.answered(stage, query).await;
    assert!(is_open(&page));
    let inspector = inspector(stage, granted).await;
    until_recorded_at(&inspector, query).await;
    granted.until_state(query, &["closed"]).await;
    let log = inspector.get("/log").await.unwrap();
    let records =
        log.links().iter().filter(|(address, _)| address.starts_with(&format!("/receipts/{query}"))).count();
    assert!(records >= 1);
    assert_eq!(used(stage, granted).await, 1, "the query was counted more than once");
    stage.network.stop().await.unwrap();
}

/// How often the grant was used, as the provider's page of it says.
async fn used(stage: &Stage, granted: &Granted) -> u64 {
    let grant = granted.form.trim_end_matches("/query").to_owned();
    let visitor = stage.network.signed_in(granted.provider, "approver").await.unwrap();
    let page = visitor.get(&grant).await.unwrap();
    let figure =
        page.all(|element| element.has_class("figure"))[0].all(|element| element.tag == "b")[0].text();
    figure.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_killed_before_it_read_its_table_forgets_and_is_asked_again() {
    let mut stage = Stage::set(41).await;
    let granted = Granted::by(&stage, REQUESTER, PROVIDER).await;
    let lock = LockedTable::of(&stage, granted.provider).await;
    let query = granted.ask(&stage, &stage.person(granted.provider, 0)).await;
    granted.until_state(&query, &["asked"]).await;
    stage.network.kill(granted.provider).await.unwrap();
    lock.unlock().await;
    stage.network.start_one(granted.provider).await.unwrap();
    ends_well(&mut stage, &granted, &query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_killed_after_it_submitted_submits_the_same_bytes_again() {
    let mut stage = Stage::set(42).await;
    let granted = Granted::by(&stage, REQUESTER, PROVIDER).await;
    let (sz, nj) = (Centre::named("sz"), Centre::named("nj"));
    stage.network.stop_one(sz).await.unwrap();
    stage.network.stop_one(nj).await.unwrap();
    let query = granted.ask(&stage, &stage.person(granted.provider, 1)).await;
    granted.until_state(&query, &["held"]).await;
    stage.network.kill(granted.provider).await.unwrap();
    stage.network.start_one(nj).await.unwrap();
    stage.network.start_one(granted.provider).await.unwrap();
    stage.network.start_one(sz).await.unwrap();
    ends_well(&mut stage, &granted, &query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_killed_after_its_record_and_before_the_release_releases_later() {
    let mut stage = Stage::set(43).await;
    let granted = Granted::by(&stage, "cd", "su").await;
    let inspector = inspector(&stage, &granted).await;
    let (sz, nj) = (Centre::named("sz"), Centre::named("nj"));
    stage.network.stop_one(sz).await.unwrap();
    stage.network.stop_one(nj).await.unwrap();
    let query = granted.ask(&stage, &stage.person(granted.provider, 2)).await;
    granted.until_state(&query, &["held"]).await;
    // The requester says nothing more; the record is decided without it.
    stage.network.freeze(granted.requester).await.unwrap();
    stage.network.start_one(nj).await.unwrap();
    stage.network.start_one(sz).await.unwrap();
    until_recorded_at(&inspector, &query).await;
    stage.network.kill(granted.provider).await.unwrap();
    stage.network.start_one(granted.provider).await.unwrap();
    stage.network.thaw(granted.requester).await.unwrap();
    ends_well(&mut stage, &granted, &query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_killed_after_the_release_owes_nothing_more() {
    let mut stage = Stage::set(44).await;
    let granted = Granted::by(&stage, REQUESTER, PROVIDER).await;
    let query = granted.ask(&stage, &stage.person(granted.provider, 3)).await;
    granted.answered(&stage, &query).await;
    stage.network.kill(granted.provider).await.unwrap();
    granted.until_state(&query, &["closed"]).await;
    stage.network.start_one(granted.provider).await.unwrap();
    ends_well(&mut stage, &granted, &query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requester_killed_after_it_asked_follows_its_own_ledger() {
    let mut stage = Stage::set(45).await;
    let mut granted = Granted::by(&stage, PROVIDER, REQUESTER).await;
    let lock = LockedTable::of(&stage, granted.provider).await;
    let query = granted.ask(&stage, &stage.person(granted.provider, 4)).await;
    granted.until_state(&query, &["asked"]).await;
    stage.network.kill(granted.requester).await.unwrap();
    lock.unlock().await;
    stage.network.start_one(granted.requester).await.unwrap();
    granted.sign_in_again(&stage).await;
    ends_well(&mut stage, &granted, &query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requester_killed_while_it_held_a_sealed_answer_gets_its_key() {
    let mut stage = Stage::set(46).await;
    let mut granted = Granted::by(&stage, PROVIDER, REQUESTER).await;
    let (sz, nj) = (Centre::named("sz"), Centre::named("nj"));
    stage.network.stop_one(sz).await.unwrap();
    stage.network.stop_one(nj).await.unwrap();
    let query = granted.ask(&stage, &stage.person(granted.provider, 5)).await;
    granted.until_state(&query, &["held"]).await;
    stage.network.kill(granted.requester).await.unwrap();
    stage.network.start_one(nj).await.unwrap();
    stage.network.start_one(sz).await.unwrap();
    stage.network.start_one(granted.requester).await.unwrap();
    granted.sign_in_again(&stage).await;
    ends_well(&mut stage, &granted, &query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requester_killed_after_the_record_and_before_the_key_fetches_again() {
    let mut stage = Stage::set(47).await;
    let mut granted = Granted::by(&stage, REQUESTER, PROVIDER).await;
    let (sz, nj) = (Centre::named("sz"), Centre::named("nj"));
    stage.network.stop_one(sz).await.unwrap();
    stage.network.stop_one(nj).await.unwrap();
    let query = granted.ask(&stage, &stage.person(granted.provider, 6)).await;
    granted.until_state(&query, &["held"]).await;
    // The provider's record waits at the validators; the provider itself says nothing more.
    stage.network.freeze(granted.provider).await.unwrap();
    stage.network.start_one(nj).await.unwrap();
    stage.network.start_one(sz).await.unwrap();
    granted.until_state(&query, &["recorded"]).await;
    stage.network.kill(granted.requester).await.unwrap();
    stage.network.start_one(granted.requester).await.unwrap();
    stage.network.thaw(granted.provider).await.unwrap();
    granted.sign_in_again(&stage).await;
    ends_well(&mut stage, &granted, &query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requester_killed_after_it_opened_still_says_that_it_was_delivered() {
    let mut stage = Stage::set(48).await;
    let mut granted = Granted::by(&stage, REQUESTER, PROVIDER).await;
    let query = granted.ask(&stage, &stage.person(granted.provider, 7)).await;
    granted.answered(&stage, &query).await;
    stage.network.kill(granted.requester).await.unwrap();
    stage.network.start_one(granted.requester).await.unwrap();
    granted.sign_in_again(&stage).await;
    ends_well(&mut stage, &granted, &query).await;
}
