//! Which requests are listed to whom, in which order, and how long they may wait.

use super::*;
use crate::codes::{Mode, Role};
use crate::deadline::Light;
use crate::requests::RequestInput;
use crate::stage::{House, Projected, Stage};

async fn seen(
    stage: &Stage,
    projected: &Projected,
    house: House,
    role: Role,
    filter: RequestFilter,
) -> Page<RequestRow> {
    let page = listed(projected.of(house), &filter).await.unwrap();
    let rows = stage.at(house, role, |scene| rows(scene, &page.rows)).unwrap();
    page.with(rows)
}

fn received() -> RequestFilter {
    RequestFilter { side: Side::Received, ..RequestFilter::default() }
}

#[tokio::test]
async fn what_waits_stands_first_the_oldest_of_it_at_the_top_then_what_was_decided_the_newest_first() {
    let mut stage = Stage::published();
    let requests = [0; 5].map(|_| stage.request());
    stage.refuse(requests[1]);
    stage.approve(&requests[0]);
    stage.withdraw(requests[3]);
    let projected = stage.projected().await;
    for (house, side) in [(House::Sz, Side::Sent), (House::Gz, Side::Received)] {
        let filter = RequestFilter { side, ..RequestFilter::default() };
        let page = seen(&stage, &projected, house, Role::BizUser, filter).await;
        let found: Vec<_> = page.rows.iter().map(|row| row.id.clone()).collect();
        let expected = [2, 4, 3, 1, 0].map(|place: usize| requests[place].to_string());
        assert_eq!(found, expected, "{side:?}");
    }
}

#[tokio::test]
async fn a_status_lists_what_stands_in_it_and_only_to_the_two_parties() {
    let mut stage = Stage::published();
    let requests = [0; 4].map(|_| stage.request());
    stage.approve(&requests[1]);
    stage.refuse(requests[2]);
    stage.withdraw(requests[3]);
    let projected = stage.projected().await;
    for (place, state) in RequestState::ALL.iter().enumerate() {
        let filter = RequestFilter { status: Some(*state), ..received() };
        let page = seen(&stage, &projected, House::Gz, Role::ProvApprover, filter.clone()).await;
        let found: Vec<_> = page.rows.iter().map(|row| (row.id.clone(), row.state)).collect();
        assert_eq!(found, [(requests[place].to_string(), *state)]);
        let waits = *state == RequestState::Submitted;
        assert_eq!((page.rows[0].decided_at.is_none(), page.rows[0].deadline.is_some()), (waits, waits));
        for (house, side) in [(House::Sz, Side::Received), (House::Gz, Side::Sent), (House::Jd, Side::Sent)] {
            let filter = RequestFilter { side, ..filter.clone() };
            assert_eq!(listed(projected.of(house), &filter).await.unwrap().total, 0, "{house:?} {side:?}");
        }
    }
}

#[tokio::test]
async fn only_the_providers_approver_may_decide_and_only_while_it_waits() {
    let (mut stage, request) = Stage::requested();
    let decided = stage.request();
    stage.refuse(decided);
    let projected = stage.projected().await;
    for (house, role, side, expected) in [
        (House::Gz, Role::ProvApprover, Side::Received, true),
        (House::Gz, Role::ReqOperator, Side::Received, false),
        (House::Gz, Role::Inspector, Side::Received, false),
        (House::Sz, Role::ProvApprover, Side::Sent, false),
        (House::Sz, Role::ReqOperator, Side::Sent, false),
    ] {
        let filter = RequestFilter { side, ..RequestFilter::default() };
        let page = seen(&stage, &projected, house, role, filter).await;
        let open: Vec<_> = page.rows.iter().filter(|row| row.may_decide).map(|row| row.id.clone()).collect();
        let expected = if expected { vec![request.to_string()] } else { Vec::new() };
        assert_eq!(open, expected, "{house:?} {role:?}");
    }
}

/// 2026-11-20 is a Friday: ten working days end with Friday the 4th of December.
#[tokio::test]
async fn a_request_that_waits_is_shown_with_its_working_days() {
    let (mut stage, _) = Stage::requested();
    let projected = stage.projected().await;
    let start = stage.now;
    for (days, left, today, light) in [
        (0, 10, false, Light::Green),
        (3, 9, false, Light::Green),
        (10, 4, false, Light::Green),
        (11, 3, false, Light::Yellow),
        (14, 0, true, Light::Yellow),
        (15, 0, false, Light::Red),
        (17, -1, false, Light::Red),
    ] {
        stage.now = start;
        stage.wait_days(days);
        let page = seen(&stage, &projected, House::Gz, Role::ProvApprover, received()).await;
        let deadline = page.rows[0].deadline.unwrap();
        let found = (deadline.working_days_left, deadline.due_today, deadline.light);
        assert_eq!(found, (left, today, light), "after {days} days");
        assert_eq!(crate::names::day_text(deadline.due_at), "2026-12-04");
    }
}

#[tokio::test]
async fn a_row_says_what_was_asked() {
    let mut stage = Stage::published();
    stage.request_with(|form| RequestInput {
        items: vec!["XingMing".to_owned()],
        purpose: "02".to_owned(),
        ..form
    });
    let projected = stage.projected().await;
    let page = seen(&stage, &projected, House::Gz, Role::ProvApprover, received()).await;
    let row = &page.rows[0];
    assert_eq!((row.number.as_str(), row.purpose.as_str(), row.items), ("SQ-2026-000001", "02", 1));
    assert_eq!((row.requester.own, row.provider.own, row.mode), (false, true, Mode::Query));
    assert_eq!((row.at, row.decided_at), (ms(stage.now) - 1_000, None));
}

#[tokio::test]
async fn ten_thousand_and_one_requests_are_counted_and_unknown_ones_are_left_out() {
    let (stage, request) = Stage::requested();
    let projected = stage.projected().await;
    projected
        .run(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO j_request SELECT randomblob(32), i + 1, requester, provider, code, version, purpose,
               mode, item_count, quota, at, height, tx, status, decided_at, grant_id
             FROM n, (SELECT * FROM j_request LIMIT 1)",
        )
        .await;
    for (asked, rows) in [(0, 20), (1, 20), (501, 1), (502, 0), (u64::MAX, 0)] {
        let found =
            listed(projected.of(House::Gz), &RequestFilter { page: asked, ..received() }).await.unwrap();
        assert_eq!((found.total, found.rows.len()), (10_001, rows), "{asked}");
    }
    // Of a page's twenty the chain knows one: the model is ahead of this look.
    let page = seen(&stage, &projected, House::Gz, Role::ProvApprover, received()).await;
    assert_eq!(page.rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), [request.to_string()]);
}

#[tokio::test]
async fn a_damaged_row_is_a_fault_and_no_row() {
    let (stage, _) = Stage::requested();
    let projected = stage.projected().await;
    projected.run("UPDATE j_request SET id = x'00'").await;
    let page = listed(projected.of(House::Gz), &received()).await.unwrap();
    let found = stage.at(House::Gz, Role::ProvApprover, |scene| rows(scene, &page.rows));
    assert!(matches!(found, Err(ServiceError::Fault { .. })), "{found:?}");
}
