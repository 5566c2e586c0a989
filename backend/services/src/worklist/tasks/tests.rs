use crate::codes::{GrantStatus, Mode, Stage};
use crate::queries::QueryRow;

use super::*;

const NOW: i64 = 1_763_000_000_000;
const DAY: i64 = limits::DAY_MS;

fn request(state: RequestState, decided_at: Option<i64>) -> RequestRow {
    RequestRow {
        id: "r".to_owned(),
        number: "SQ-2025-000001".to_owned(),
        entry: Default::default(),
        requester: Default::default(),
        provider: Default::default(),
        purpose: "01".to_owned(),
        mode: Mode::Query,
        items: 3,
        state,
        at: NOW - 20 * DAY,
        decided_at,
        deadline: None,
        may_decide: state == RequestState::Submitted,
    }
}

fn grant(at: i64, used: u64, ending: bool) -> GrantRow {
    GrantRow {
        id: "g".to_owned(),
        number: "SQD-2025-000001".to_owned(),
        entry: Default::default(),
        requester: Default::default(),
        provider: Default::default(),
        purpose: "01".to_owned(),
        items: 3,
        status: GrantStatus::Live,
        until: NOW + 3 * DAY,
        ending,
        quota: 10,
        used,
        at,
        may_ask: true,
    }
}

fn query() -> QueryRow {
    QueryRow {
        id: "q".to_owned(),
        entry: Default::default(),
        provider: Default::default(),
        grant: "g".to_owned(),
        purpose: "01".to_owned(),
        case_no: "case 1".to_owned(),
        subject: "**明".to_owned(),
        state: Stage::Lapsed,
        reason: None,
        is_final: true,
        at: NOW,
        receipt: None,
    }
}

fn kinds(role: Role, found: &Found<'_>) -> Vec<TaskKind> {
    tasks(role, NOW, found).iter().map(|task| task.kind).collect()
}

const NOTHING: Found<'static> = Found {
    received: &[],
    sent: &[],
    live: &[],
    ended: &[],
    failed: &[],
    inspections: &[],
    steps: &[],
    drafts: &[],
};

#[test]
fn a_draft_that_waits_is_named_by_its_layer_and_number() {
    let layer = crate::policies::LayerRef {
        owner: "440000".to_owned(),
        layer: crate::codes::Layer::Region,
        department: None,
        writer: None,
    };
    let by = crate::officer::Person {
        name: None,
        pseudonym: "7f3a…91".to_owned(),
        role: Role::SecAdmin,
        department: Default::default(),
    };
    let drafts = [WaitingDraft { layer, number: 17, by, at: NOW }];
    let told = tasks(Role::SecAdmin, NOW, &Found { drafts: &drafts, ..NOTHING });
    assert_eq!(
        (told[0].kind, told[0].number.as_str(), told[0].id.as_str()),
        (TaskKind::PolicyDraft, "17", "440000")
    );
}

#[test]
fn who_asks_is_told_of_a_grant_until_it_is_used() {
    for (at, used, told) in [(NOW - DAY, 0, true), (NOW - DAY, 1, false), (NOW - 15 * DAY, 0, false)] {
        let live = [grant(at, used, false)];
        let found = Found { live: &live, ..NOTHING };
        for role in [Role::ReqOperator, Role::BizUser] {
            assert_eq!(kinds(role, &found) == [TaskKind::Granted], told, "{role:?} {at} {used}");
        }
        assert!(kinds(Role::ProvApprover, &found).is_empty());
    }
}

#[test]
fn who_asks_is_told_that_a_grant_was_ended() {
    let ended = [grant(NOW - DAY, 4, false)];
    let found = Found { ended: &ended, ..NOTHING };
    assert_eq!(kinds(Role::BizUser, &found), [TaskKind::Revoked]);
    assert_eq!(kinds(Role::ReqOperator, &found), [TaskKind::Revoked]);
    assert!(kinds(Role::Inspector, &found).is_empty());
}

#[test]
fn a_failed_query_is_named_by_its_case() {
    let failed = [query()];
    let told = tasks(Role::BizUser, NOW, &Found { failed: &failed, ..NOTHING });
    assert_eq!(
        (told[0].kind, told[0].number.as_str(), told[0].id.as_str()),
        (TaskKind::Failed, "case 1", "q")
    );
}

#[test]
fn a_refusal_is_the_operators_for_two_weeks() {
    for (decided, told) in [(NOW - DAY, true), (NOW - 15 * DAY, false)] {
        let sent =
            [request(RequestState::Refused, Some(decided)), request(RequestState::Withdrawn, Some(decided))];
        let found = Found { sent: &sent, ..NOTHING };
        assert_eq!(kinds(Role::ReqOperator, &found) == [TaskKind::Refused], told);
        assert!(kinds(Role::BizUser, &found).is_empty());
    }
}

#[test]
fn what_has_a_limit_comes_before_what_has_none() {
    let (live, ended) = ([grant(NOW - 30 * DAY, 5, true)], [grant(NOW - 30 * DAY, 5, false)]);
    let received = [request(RequestState::Submitted, None), request(RequestState::Granted, Some(NOW))];
    let found = Found { received: &received, live: &live, ended: &ended, ..NOTHING };
    assert_eq!(
        kinds(Role::ReqOperator, &found),
        [TaskKind::Renew, TaskKind::Decide, TaskKind::Revoked],
        "a request that may not be decided is no task"
    );
}
