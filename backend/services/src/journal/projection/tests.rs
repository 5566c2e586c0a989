//! What blocks make of the read model.

use ledger::ids::Time;
use ledger::inspection::Sight;
use ledger::receipt::DeliveryOutcome;
use proptest::prelude::{ProptestConfig, prop, proptest};
use proptest::strategy::Strategy as _;

use super::*;
use crate::stage::{CODE, House, MORNING, NOTHING, Projected, Stage, revised};
use ledger::receipt::DenialClass;

/// Every value of every row, in words.
async fn dump(projected: &Projected) -> Vec<String> {
    let mut rows = Vec::new();
    for statement in [
        "SELECT 'entry ' || code || '@' || version || ' ' || provider || ' ' || province || ' ' || share_type
           || ' ' || grade || ' ' || mode_bits || ' ' || item_count || ' ' || latest || ' ' || at FROM j_entry",
        "SELECT 'request ' || hex(id) || number || requester || provider || code || version || status
           || ' ' || coalesce(decided_at, '-') || ' ' || coalesce(hex(grant_id), '-') FROM j_request",
        "SELECT 'grant ' || hex(id) || number || hex(request) || ' ' || used || ' ' || uses || ' ' || from_at
           || ' ' || until_at || ' ' || coalesce(revoked_at, '-') FROM j_grant",
        "SELECT 'record ' || hex(query) || answered || class || ' ' || day || ' ' || requester_province || ' '
           || provider_province || ' ' || coalesce(code, '-') || ' ' || coalesce(use_no, '-') || ' ' || delivery
           || ' ' || coalesce(delivered_at, '-') FROM j_record",
        "SELECT 'inspection ' || hex(id) || number || department || ' ' || at || ' ' || ends_at
           || ' ' || coalesce(closed_at, '-') FROM j_inspection",
        "SELECT 'leaves ' || height FROM j_leaves",
        "SELECT 'look ' || hex(inspection) || kind || hex(object) || ' ' || at || requester || provider
           FROM j_look",
    ] {
        let mut found: Vec<String> =
            sqlx::query_scalar(statement).fetch_all(projected.store.pool()).await.unwrap();
        found.sort();
        rows.append(&mut found);
    }
    rows
}

/// One value of the read model, as text.
async fn value(projected: &Projected, statement: &'static str) -> Option<String> {
    sqlx::query_scalar(statement).fetch_one(projected.store.pool()).await.unwrap()
}

#[tokio::test]
async fn a_request_is_kept_with_what_became_of_it() {
    let (mut stage, waiting) = Stage::requested();
    let [granted, refused, withdrawn] = [0; 3].map(|_| stage.request());
    let grant = stage.approve(&granted);
    let decided_at = ms(stage.now) - 1_000;
    stage.refuse(refused);
    stage.withdraw(withdrawn);
    let projected = stage.projected().await;
    type Row = (Vec<u8>, String, Option<i64>, Option<Vec<u8>>);
    let rows: Vec<Row> =
        sqlx::query_as("SELECT id, status, decided_at, grant_id FROM j_request ORDER BY number")
            .fetch_all(projected.store.pool())
            .await
            .unwrap();
    let expected = [
        (waiting, "submitted", None, None),
        (granted, "granted", Some(decided_at), Some(grant.as_bytes().to_vec())),
        (refused, "refused", Some(decided_at + 1_000), None),
        (withdrawn, "withdrawn", Some(decided_at + 2_000), None),
    ];
    let expected =
        expected.map(|(id, status, at, grant)| (id.as_bytes().to_vec(), status.to_owned(), at, grant));
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn of_an_entry_the_last_version_is_the_latest() {
    let mut stage = Stage::published();
    stage.submit(House::Gz, Payload::Publish(revised(2))).unwrap();
    stage.publish(House::Sz, "307001/000002", |text| text);
    let projected = stage.projected().await;
    let rows: Vec<(String, i64, i64)> =
        sqlx::query_as("SELECT code, version, latest FROM j_entry ORDER BY code, version")
            .fetch_all(projected.store.pool())
            .await
            .unwrap();
    let code = CODE.to_owned();
    assert_eq!(rows, [(code.clone(), 1, 0), (code, 2, 1), ("307001/000002".to_owned(), 1, 1)]);
}

#[tokio::test]
async fn an_entry_is_found_by_all_its_words() {
    let projected = Stage::published().projected().await;
    let body = value(&projected, "SELECT body FROM j_entry").await.unwrap();
    for word in
        ["307001/000001", "缴存证明查询", "Proof of contributions", "个人账号", "YJCE", "440100", "广州市"]
    {
        assert!(body.contains(word), "{word} in {body}");
    }
    let indexed = "SELECT CAST(count(*) AS TEXT) FROM j_entry_text WHERE j_entry_text MATCH '\"月缴存额\"'";
    assert_eq!(value(&projected, indexed).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn an_answer_is_counted_against_its_grant_and_a_denial_is_not() {
    let (mut stage, grant) = Stage::granted();
    stage.answer(grant);
    stage.deny(grant, DenialClass::Policy);
    stage.answer(grant);
    let projected = stage.projected().await;
    let counted = value(&projected, "SELECT used || ' ' || uses FROM j_grant").await;
    assert_eq!(counted.as_deref(), Some("2 2"));
    let uses = "SELECT group_concat(answered || ':' || coalesce(use_no, '-') || ':' || class, ' ')
                FROM (SELECT * FROM j_record ORDER BY at)";
    let policy = DenialClass::Policy.number();
    assert_eq!(value(&projected, uses).await, Some(format!("1:1:0 0:-:{policy} 1:2:0")));
}

#[tokio::test]
async fn a_denial_under_no_known_grant_is_kept_without_an_entry() {
    let (mut stage, grant) = Stage::granted();
    stage.deny(GrantId(NOTHING), DenialClass::Grant);
    let projected = stage.projected().await;
    let row = "SELECT coalesce(code, 'none') || coalesce(version, 'none') FROM j_record";
    assert_eq!(value(&projected, row).await.as_deref(), Some("nonenone"));
    stage.deny(grant, DenialClass::Grant);
    let projected = stage.projected().await;
    let row = "SELECT code || ' ' || version FROM j_record WHERE code IS NOT NULL";
    assert_eq!(value(&projected, row).await, Some(format!("{CODE} 1")));
}

#[tokio::test]
async fn an_access_belongs_to_its_day_in_beijing() {
    let (mut stage, grant) = Stage::granted();
    // The record stands in the second block from here: at the last second of the day, at the first of the next.
    stage.now = Time(MORNING.0 + 14 * 3_600_000 - 2_000);
    stage.answer(grant);
    stage.now = Time(MORNING.0 + 14 * 3_600_000 - 1_000 + 1);
    stage.answer(grant);
    let projected = stage.projected().await;
    let days =
        value(&projected, "SELECT group_concat(day, ' ') FROM (SELECT * FROM j_record ORDER BY at)").await;
    assert_eq!(days.as_deref(), Some("2026-11-20 2026-11-21"));
    let provinces = "SELECT DISTINCT requester_province || ' ' || provider_province FROM j_record";
    assert_eq!(value(&projected, provinces).await.as_deref(), Some("440000 440000"));
}

#[tokio::test]
async fn an_acknowledgement_marks_its_own_answer() {
    let (mut stage, grant) = Stage::granted();
    let (first, _second) = (stage.answer(grant), stage.answer(grant));
    stage.acknowledge(first, DeliveryOutcome::RejectedContent);
    let projected = stage.projected().await;
    let rows: Vec<(i64, Option<i64>)> =
        sqlx::query_as("SELECT delivery, delivered_at FROM j_record ORDER BY at")
            .fetch_all(projected.store.pool())
            .await
            .unwrap();
    assert_eq!(rows, [(3, Some(ms(stage.now) - 1_000)), (0, None)]);
}

/// A step of a history.
#[derive(Debug, Clone, Copy)]
enum Happens {
    Revision,
    Request,
    Approval,
    Refusal,
    Withdrawal,
    Revocation,
    Answer,
    Denial,
    Look,
    Acknowledgement,
}

#[tokio::test]
async fn a_look_is_one_row_where_it_was_told_first() {
    let (mut stage, grant) = Stage::granted();
    let query = stage.answer(grant);
    let inspection = stage.inspect();
    stage.look(inspection, &[Sight::Record(query)]);
    let at = crate::names::ms(stage.now) - 1_000;
    stage.look(inspection, &[Sight::Record(query), Sight::Grant(grant)]);
    let projected = stage.projected().await;
    let rows: Vec<(i64, Vec<u8>, i64, String, String)> =
        sqlx::query_as("SELECT kind, object, at, requester, provider FROM j_look ORDER BY at")
            .fetch_all(projected.store.pool())
            .await
            .unwrap();
    let (gz, sz) = (House::Gz.id().to_string(), House::Sz.id().to_string());
    let row = |kind, object: &[u8; 32], at| (kind, object.to_vec(), at, sz.clone(), gz.clone());
    assert_eq!(rows, [row(1, query.as_bytes(), at), row(3, grant.as_bytes(), at + 1_000)]);
    stage.conclude(inspection);
    let closed = value(&stage.projected().await, "SELECT CAST(closed_at AS TEXT) FROM j_inspection").await;
    assert_eq!(closed, Some((at + 2_000).to_string()));
}

/// Whatever may happen, in an order in which it can.
fn play(history: &[Happens]) -> Stage {
    let mut stage = Stage::published();
    let (mut waiting, mut held, mut answers, mut version) = (Vec::new(), Vec::new(), Vec::new(), 1);
    for step in history {
        match step {
            Happens::Revision => {
                version += 1;
                stage.submit(House::Gz, Payload::Publish(revised(version))).unwrap();
                waiting.clear();
            }
            Happens::Request => {
                waiting.push(stage.request_with(|form| crate::requests::RequestInput { version, ..form }));
            }
            Happens::Approval => held.extend(waiting.pop().map(|request| stage.approve(&request))),
            Happens::Refusal => waiting.pop().into_iter().for_each(|request| stage.refuse(request)),
            Happens::Withdrawal => waiting.pop().into_iter().for_each(|request| stage.withdraw(request)),
            Happens::Revocation => held.pop().into_iter().for_each(|grant| stage.revoke(grant)),
            Happens::Answer => answers.extend(held.last().map(|grant| stage.answer(*grant))),
            Happens::Denial => drop(stage.deny(GrantId(NOTHING), DenialClass::Grant)),
            Happens::Look => answers.last().into_iter().for_each(|query| {
                let inspection = stage.inspect();
                stage.look(inspection, &[Sight::Record(*query)]);
                stage.conclude(inspection);
            }),
            Happens::Acknowledgement => {
                let outcome = DeliveryOutcome::Opened;
                answers.pop().into_iter().for_each(|query| stage.acknowledge(query, outcome));
            }
        }
    }
    stage
}

fn a_history() -> impl proptest::strategy::Strategy<Value = Vec<Happens>> {
    use Happens::{
        Acknowledgement, Answer, Approval, Denial, Look, Refusal, Request, Revision, Revocation, Withdrawal,
    };
    let step = prop::sample::select(vec![
        Request,
        Request,
        Request,
        Approval,
        Approval,
        Answer,
        Answer,
        Refusal,
        Withdrawal,
        Revocation,
        Acknowledgement,
        Denial,
        Look,
        Revision,
    ]);
    prop::collection::vec(step, 0..14).prop_map(|steps| steps)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rows are written from the state of the head, which may be far ahead of the block they are about.
    #[test]
    fn following_along_gives_the_rows_of_catching_up_at_the_end(history in a_history()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stage = play(&history);
        let (late, along) = runtime.block_on(async {
            let late = dump(&stage.projected().await).await;
            (late, dump(&stage.followed().await).await)
        });
        assert_eq!(late, along);
    }

    /// The number of rows is the number of things that happened; nothing is lost or doubled.
    #[test]
    fn each_record_and_each_request_is_one_row(history in a_history()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stage = play(&history);
        let payloads = || stage.blocks.iter().flat_map(|(block, _)| &block.transactions).map(|signed| &signed.body.payload);
        let requests = payloads().filter(|payload| matches!(payload, Payload::SubmitRequest(_))).count();
        let records = payloads().filter(|payload| payload.ticket().is_some()).count();
        let rows = runtime.block_on(async { dump(&stage.projected().await).await });
        let of = |kind: &str| rows.iter().filter(|row| row.starts_with(kind)).count();
        assert_eq!((of("request "), of("record ")), (requests, records));
        let adds = |block: &Block| block.transactions.iter().any(|signed| signed.body.payload.is_logged());
        assert_eq!(of("leaves "), stage.blocks.iter().filter(|(block, _)| adds(block)).count());
    }
}
