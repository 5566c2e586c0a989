//! Which grants are listed to whom, in which order, and what their rows say.

use super::*;
use crate::codes::Role;
use crate::stage::{CODE, House, Projected, Stage};

/// A stage with one grant of each status: `[live, upcoming, expired, revoked]`, seen two days later.
fn of_each_status() -> (Stage, [GrantId; 4]) {
    let mut stage = Stage::published();
    let expired = stage.grant_for("2026-11-20", "2026-11-20");
    let revoked = stage.grant_for("2026-11-20", "2027-01-20");
    stage.revoke(revoked);
    let upcoming = stage.grant_for("2026-12-20", "2027-01-20");
    let live = stage.grant_for("2026-11-20", "2027-02-17");
    stage.wait_days(2);
    (stage, [live, upcoming, expired, revoked])
}

async fn seen(
    stage: &Stage,
    projected: &Projected,
    house: House,
    role: Role,
    filter: GrantFilter,
) -> Page<GrantRow> {
    let page = listed(projected.of(house), &filter).await.unwrap();
    let rows = stage.at(house, role, |scene| rows(scene, &page.rows)).unwrap();
    page.with(rows)
}

fn ids(page: &Page<GrantRow>) -> Vec<&str> {
    page.rows.iter().map(|row| row.id.as_str()).collect()
}

#[tokio::test]
async fn every_grant_stands_under_its_one_status() {
    let (stage, grants) = of_each_status();
    let projected = stage.projected().await;
    let statuses = [GrantStatus::Live, GrantStatus::Upcoming, GrantStatus::Expired, GrantStatus::Revoked];
    for (status, grant) in statuses.into_iter().zip(grants) {
        let filter = GrantFilter { status: Some(status), ..GrantFilter::default() };
        let page = seen(&stage, &projected, House::Sz, Role::BizUser, filter).await;
        assert_eq!((ids(&page), page.total), (vec![grant.to_string().as_str()], 1), "{status:?}");
        assert_eq!(page.rows[0].status, status, "list and row say the same");
    }
}

#[tokio::test]
async fn what_is_in_force_stands_before_what_has_ended_each_by_its_end() {
    let (stage, [live, upcoming, expired, revoked]) = of_each_status();
    let projected = stage.projected().await;
    let page = seen(&stage, &projected, House::Sz, Role::BizUser, GrantFilter::default()).await;
    let expected = [upcoming, live, expired, revoked].map(|grant| grant.to_string());
    assert_eq!(ids(&page), expected);
}

#[tokio::test]
async fn a_house_lists_what_it_holds_and_what_it_gave_and_nothing_of_others() {
    let (mut stage, request) = Stage::requested();
    stage.approve(&request);
    let projected = stage.projected().await;
    for (house, side, total) in [
        (House::Sz, Side::Sent, 1),
        (House::Sz, Side::Received, 0),
        (House::Gz, Side::Sent, 0),
        (House::Gz, Side::Received, 1),
        (House::Jd, Side::Sent, 0),
        (House::Jd, Side::Received, 0),
    ] {
        let filter = GrantFilter { side, ..GrantFilter::default() };
        let page = seen(&stage, &projected, house, Role::Inspector, filter).await;
        assert_eq!((page.total, page.rows.len() as u64), (total, total), "{house:?} {side:?}");
    }
    for (code, total) in [(CODE, 1), ("307001/000002", 0), ("' OR '1'='1", 0)] {
        let filter = GrantFilter { entry: Some(code.to_owned()), ..GrantFilter::default() };
        assert_eq!(listed(projected.of(House::Sz), &filter).await.unwrap().total, total, "{code}");
    }
}

#[tokio::test]
async fn only_who_may_ask_is_offered_to_ask() {
    let (stage, [live, upcoming, expired, revoked]) = of_each_status();
    let projected = stage.projected().await;
    for (role, open) in
        [(Role::BizUser, vec![live]), (Role::ReqOperator, vec![]), (Role::ProvApprover, vec![])]
    {
        let page = seen(&stage, &projected, House::Sz, role, GrantFilter::default()).await;
        for grant in [live, upcoming, expired, revoked] {
            let row = page.rows.iter().find(|row| row.id == grant.to_string()).unwrap();
            assert_eq!(row.may_ask, open.contains(&grant), "{role:?} {:?}", row.status);
        }
    }
    let given = GrantFilter { side: Side::Received, ..GrantFilter::default() };
    let page = seen(&stage, &projected, House::Gz, Role::BizUser, given).await;
    assert!(page.rows.iter().all(|row| !row.may_ask), "who gave a grant asks nothing under it");
}

#[tokio::test]
async fn a_row_says_what_was_granted_and_what_was_used() {
    let (mut stage, request) = Stage::requested();
    let grant = stage.approve(&request);
    let approved = ms(stage.now) - 1_000;
    stage.answer(grant);
    stage.answer(grant);
    let projected = stage.projected().await;
    let page = seen(&stage, &projected, House::Sz, Role::BizUser, GrantFilter::default()).await;
    let row = &page.rows[0];
    assert_eq!(row.number, "SQD-2026-000001");
    assert_eq!((row.quota, row.used, row.items), (200, 2, 3));
    assert_eq!(row.at, approved);
    assert_eq!((row.requester.own, row.provider.own), (true, false));
    assert_eq!(row.entry.name.en, "Proof of contributions");
    assert!(!row.ending);
    stage.now = ledger::ids::Time((row.until - 7 * limits::DAY_MS).unsigned_abs());
    let page = seen(&stage, &projected, House::Sz, Role::BizUser, GrantFilter::default()).await;
    assert!(page.rows[0].ending, "seven days before its end");
}

#[tokio::test]
async fn ten_thousand_and_one_grants_are_counted_and_shown_a_page_at_a_time() {
    let (mut stage, request) = Stage::requested();
    stage.approve(&request);
    let projected = stage.projected().await;
    projected
        .run(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO j_grant SELECT randomblob(32), i + 1, request, requester, provider, code, version,
               purpose, mode, item_count, quota, used, uses, from_at, until_at, at, height, revoked_at
             FROM n, (SELECT * FROM j_grant LIMIT 1)",
        )
        .await;
    for (asked, page, rows) in [(0, 1, 20), (1, 1, 20), (500, 500, 20), (501, 501, 1), (502, 502, 0)] {
        let filter = GrantFilter { page: asked, ..GrantFilter::default() };
        let found = listed(projected.of(House::Sz), &filter).await.unwrap();
        assert_eq!((found.total, found.page, found.rows.len()), (10_001, page, rows), "{asked}");
    }
    let beyond = GrantFilter { page: u64::MAX, ..GrantFilter::default() };
    let found = listed(projected.of(House::Sz), &beyond).await.unwrap();
    assert_eq!((found.page, found.rows.len()), (limits::PAGES_MAX, 0));
    // Rows that the chain of this look does not know yet are left out, not made up.
    let filter = GrantFilter::default();
    let page = seen(&stage, &projected, House::Sz, Role::BizUser, filter).await;
    assert!(page.rows.len() <= 1, "{}", page.rows.len());
}
