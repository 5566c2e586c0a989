//! Which receipts are listed to whom, in which order, and what their rows say.

use sqlx::Row as _;

use super::*;
use crate::codes::{DeliveryOutcome, DenialClass, Role};
use crate::stage::{House, NOTHING, Projected, Stage};

async fn seen(stage: &Stage, projected: &Projected, house: House, side: Side) -> Page<RecordRow> {
    let page = listed(projected.of(house), side, 0).await.unwrap();
    let rows = stage.at(house, Role::BizUser, |scene| rows(scene, &page.rows)).unwrap();
    page.with(rows)
}

#[tokio::test]
async fn the_two_parties_see_their_receipts_newest_first_and_nobody_else_does() {
    let (mut stage, grant) = Stage::granted();
    let (first, second) = (stage.answer(grant), stage.deny(grant, DenialClass::Policy));
    let projected = stage.projected().await;
    for (house, side) in [(House::Sz, Side::Sent), (House::Gz, Side::Received)] {
        let page = seen(&stage, &projected, house, side).await;
        let ids: Vec<_> = page.rows.iter().map(|row| row.id.clone()).collect();
        assert_eq!(ids, [second.to_string(), first.to_string()], "{house:?}");
    }
    for (house, side) in [
        (House::Sz, Side::Received),
        (House::Gz, Side::Sent),
        (House::Jd, Side::Sent),
        (House::Jd, Side::Received),
    ] {
        assert_eq!(seen(&stage, &projected, house, side).await.total, 0, "{house:?} {side:?}");
    }
}

#[tokio::test]
async fn a_row_says_how_the_access_ended() {
    let (mut stage, grant) = Stage::granted();
    let opened = stage.answer(grant);
    stage.acknowledge(opened, DeliveryOutcome::Opened);
    let acknowledged = ms_before(&stage);
    stage.answer(grant);
    stage.deny(grant, DenialClass::Quota);
    stage.deny(GrantId(NOTHING), DenialClass::Grant);
    let projected = stage.projected().await;
    let rows = seen(&stage, &projected, House::Sz, Side::Sent).await.rows;
    let told: Vec<_> = rows
        .iter()
        .rev()
        .map(|row| {
            (
                row.outcome,
                row.class,
                row.use_no,
                row.delivery.as_ref().map(|told| told.outcome),
                row.entry.is_some(),
            )
        })
        .collect();
    let (answered, denied) = (Outcome::Answered, Outcome::Denied);
    assert_eq!(
        told,
        [
            (answered, None, Some(1), Some(DeliveryOutcome::Opened), true),
            (answered, None, Some(2), None, true),
            (denied, Some(DenialClass::Quota), None, None, true),
            (denied, Some(DenialClass::Grant), None, None, false),
        ]
    );
    assert_eq!(rows[3].delivery.as_ref().map(|told| told.place.at), Some(acknowledged));
    let day = format!("HZ-20261120-{}", opened.to_string()[..6].to_uppercase());
    assert_eq!(rows[3].number, day);
    assert_eq!((rows[3].requester.own, rows[3].provider.own), (true, false));
}

/// The time of the last block.
fn ms_before(stage: &Stage) -> i64 {
    crate::names::ms(stage.now) - 1_000
}

#[tokio::test]
async fn under_a_grant_stand_its_own_receipts_and_not_more_than_a_page() {
    let (mut stage, grant) = Stage::granted();
    let request = stage.request();
    let other = stage.approve(&request);
    stage.answer(other);
    let queries = [0; 22].map(|_| stage.answer(grant));
    let projected = stage.projected().await;
    let found = of_grant(projected.of(House::Sz), &grant).await.unwrap();
    let rows = stage.at(House::Sz, Role::BizUser, |scene| rows(scene, &found)).unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
    let newest: Vec<_> = queries.iter().rev().take(20).map(ToString::to_string).collect();
    assert_eq!(ids, newest);
    assert!(of_grant(projected.of(House::Sz), &GrantId(NOTHING)).await.unwrap().is_empty());
}

#[tokio::test]
async fn receipts_of_one_moment_keep_their_order_over_the_pages() {
    let (mut stage, grant) = Stage::granted();
    stage.answer(grant);
    let projected = stage.projected().await;
    projected
        .run(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO j_record SELECT randomblob(32), answered, class, at, day, height, i, tx, requester,
               requester_province, provider, provider_province, grant_id, code, version, units, use_no, delivery,
               delivered_at FROM n, (SELECT * FROM j_record LIMIT 1)",
        )
        .await;
    let place = |row: &SqliteRow| row.get::<i64, _>("place");
    let mut last = i64::MAX;
    for page in [1, 2, 500, 501] {
        let found = listed(projected.of(House::Sz), Side::Sent, page).await.unwrap();
        assert_eq!((found.total, found.page), (10_001, page));
        for row in &found.rows {
            assert!(place(row) < last, "{} after {last}", place(row));
            last = place(row);
        }
    }
    assert_eq!(last, 0, "the last page ends with the first receipt");
    assert!(listed(projected.of(House::Sz), Side::Sent, u64::MAX).await.unwrap().rows.is_empty());
}
