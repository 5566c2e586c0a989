//! What the page of a request shows, and to whom.

use super::*;
use crate::codes::{Code, Role};
use crate::read_model::ReadModel;
use crate::requests::RequestState;
use crate::stage::as_whom;
use crate::stage::{House, NOTHING, Stage, said, taken_back};
use ledger::ids::GrantId;
use ledger::receipt::DenialClass;
use ledger::transaction::Payload;

#[test]
fn an_approval_is_never_offered_to_lift_a_mask() {
    assert_eq!(masks_offered(Some(MaskRule::Id), None), [Some(MaskRule::Id)]);
    assert_eq!(masks_offered(None, Some(MaskRule::Amt)), [Some(MaskRule::Amt)]);
    assert_eq!(masks_offered(None, None).first(), Some(&None));
    assert_eq!(masks_offered(None, None).len(), MaskRule::ALL.len() + 1);
}

fn seen(
    stage: &Stage,
    house: House,
    role: Role,
    id: &RequestId,
) -> Result<(RequestView, Party), ServiceError> {
    stage.at(house, role, |scene| Shown::read(scene, id, Colleagues::default())?.view())
}

fn shown(stage: &Stage, house: House, role: Role, id: &RequestId) -> RequestView {
    seen(stage, house, role, id).unwrap().0
}

#[test]
fn a_request_is_shown_to_its_parties_and_to_the_inspector() {
    let (mut stage, request) = Stage::requested();
    stage.inspect();
    for (house, role, expected) in [
        (House::Sz, Role::BizUser, "own"),
        (House::Gz, Role::BizUser, "own"),
        (House::Jd, Role::Inspector, "inspector"),
        (House::Jd, Role::ReqOperator, "not-found"),
    ] {
        let found = seen(&stage, house, role, &request);
        let found = as_whom(found.map(|(_, party)| party));
        assert_eq!(found, expected, "{house:?} {role:?}");
    }
    assert_eq!(said(seen(&stage, House::Sz, Role::BizUser, &RequestId(NOTHING))), "not-found");
}

/// Kinds of a course, with a star at what is waited for.
fn course(view: &RequestView) -> String {
    let step = |step: &TimelineEntry| format!("{}{}", step.kind.code(), if step.now { "*" } else { "" });
    view.timeline.iter().map(step).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_course_says_what_happened_and_what_comes_next() {
    let mut stage = Stage::published();
    let [waiting, refused, withdrawn, granted, revoked, expired] = [0; 6].map(|_| stage.request());
    stage.refuse(refused);
    stage.withdraw(withdrawn);
    stage.approve(&granted);
    let ended = stage.approve(&revoked);
    stage.revoke(ended);
    stage.approve(&expired);
    for (request, expected, state) in [
        (waiting, "submitted decide* use", RequestState::Submitted),
        (refused, "submitted refused", RequestState::Refused),
        (withdrawn, "submitted withdrawn", RequestState::Withdrawn),
        (granted, "submitted granted use*", RequestState::Granted),
        (revoked, "submitted granted revoked", RequestState::Granted),
    ] {
        let view = shown(&stage, House::Sz, Role::BizUser, &request);
        assert_eq!((course(&view).as_str(), view.row.state), (expected, state));
    }
    stage.wait_days(90);
    let view = shown(&stage, House::Sz, Role::BizUser, &expired);
    assert_eq!(course(&view), "submitted granted expired");
    let last = view.timeline.last().unwrap();
    assert!(last.at.is_some() && last.step.is_none(), "nobody made it end");
}

#[test]
fn a_decision_is_shown_with_its_reason() {
    let mut stage = Stage::published();
    let [refused, withdrawn, granted] = [0; 3].map(|_| stage.request());
    stage.refuse(refused);
    stage.withdraw(withdrawn);
    let grant = stage.approve(&granted);
    let view = shown(&stage, House::Sz, Role::ReqOperator, &refused);
    assert_eq!(
        view.refused_under.map(|condition| (condition.index, condition.code)),
        Some((1, "02".to_owned()))
    );
    let view = shown(&stage, House::Gz, Role::ReqOperator, &withdrawn);
    assert_eq!((view.withdrawn_for.as_deref(), view.grant), (Some("01"), None));
    let view = shown(&stage, House::Gz, Role::ReqOperator, &granted);
    assert_eq!(view.grant.map(|grant| grant.id), Some(grant.to_string()));
    assert!(view.row.deadline.is_none(), "nothing is left to decide");
    let granted: Vec<_> =
        view.items.iter().map(|item| (item.item.code.as_str(), item.granted, item.granted_mask)).collect();
    let name = Some(MaskRule::Name);
    assert_eq!(
        granted,
        [("XingMing", Some(true), name), ("GRZHZT", Some(true), None), ("YJCE", Some(true), None)]
    );
}

/// What is open of approve, refuse, withdraw.
fn open(view: &RequestView) -> [bool; 3] {
    let may = &view.may;
    [&may.approve, &may.refuse, &may.withdraw].map(Verdict::is_open)
}

#[test]
fn who_may_do_what_with_a_request() {
    let mut stage = Stage::published();
    stage.inspect();
    let [waiting, granted] = [0; 2].map(|_| stage.request());
    stage.approve(&granted);
    for (house, role, request, expected) in [
        (House::Gz, Role::ProvApprover, waiting, [true, true, false]),
        (House::Gz, Role::ReqOperator, waiting, [false; 3]),
        (House::Sz, Role::ReqOperator, waiting, [false, false, true]),
        (House::Sz, Role::BizUser, waiting, [false; 3]),
        (House::Jd, Role::Inspector, waiting, [false; 3]),
        (House::Gz, Role::ProvApprover, granted, [false; 3]),
        (House::Sz, Role::ReqOperator, granted, [false; 3]),
        (House::Sz, Role::BizUser, granted, [false; 3]),
    ] {
        assert_eq!(open(&shown(&stage, house, role, &request)), expected, "{house:?} {role:?}");
    }
    let code = |verdict: Verdict| match verdict {
        Verdict::Refused(code) => code.code(),
        other => panic!("{other:?}"),
    };
    let decided = shown(&stage, House::Gz, Role::ProvApprover, &granted).may;
    assert_eq!((code(decided.approve), code(decided.withdraw)), ("request.not-open", "request.not-ours"));
}

#[test]
fn what_was_revised_meanwhile_is_refused_or_taken_back_only() {
    let (mut stage, request) = Stage::requested();
    stage.submit(House::Gz, Payload::Publish(taken_back(2))).unwrap();
    let view = shown(&stage, House::Gz, Role::ProvApprover, &request);
    assert!(view.entry_outdated);
    assert_eq!(view.may.approve, Verdict::Refused(Code::Ledger(Refusal::EntryOutdated)));
    assert!(view.may.refuse.is_open());
    assert!(shown(&stage, House::Sz, Role::ReqOperator, &request).may.withdraw.is_open());
}

#[test]
fn the_provider_is_told_what_it_may_narrow_and_until_when() {
    let (stage, request) = Stage::requested();
    let provider = shown(&stage, House::Gz, Role::ProvApprover, &request);
    assert!(provider.may.approve.is_open());
    let masks: Vec<_> = provider.items.iter().map(|item| item.masks_offered.len()).collect();
    assert_eq!(masks, [1, MaskRule::ALL.len() + 1, MaskRule::ALL.len() + 1]);
    let deadline = provider.row.deadline.unwrap();
    assert_eq!((deadline.working_days, deadline.working_days_left), (10, 10));
    assert_eq!((provider.from_day.as_str(), provider.until_day.as_str()), ("2026-11-20", "2027-02-17"));
}

#[test]
fn an_item_that_the_purpose_does_not_need_is_marked() {
    let mut stage = Stage::published();
    let items = || ["GRZHZT", "GRZH"].map(str::to_owned).to_vec();
    for (purpose, beyond) in [("01", [true, false]), ("02", [false, false])] {
        let form =
            |form| crate::requests::RequestInput { items: items(), purpose: purpose.to_owned(), ..form };
        let request = stage.request_with(form);
        let view = shown(&stage, House::Gz, Role::ProvApprover, &request);
        let found: Vec<_> = view.items.iter().map(|item| item.beyond_need).collect();
        assert_eq!(found, beyond, "{purpose}: the number, then the state of the account");
    }
}

#[tokio::test]
async fn what_the_requester_did_before_is_counted_for_ninety_days() {
    let (mut stage, grant) = Stage::granted();
    let refused = stage.request();
    stage.refuse(refused);
    stage.answer(grant);
    stage.deny(grant, DenialClass::Policy);
    stage.deny(GrantId(NOTHING), DenialClass::Grant);
    let projected = stage.projected().await;
    let of = |house: House, now: i64| ReadModel { now, ..projected.of(house) };
    let sz = House::Sz.id();
    let all = RequesterHistory { requests: 2, granted: 1, asked: 3, denied: 2 };
    assert_eq!(history(of(House::Gz, projected.now), sz.as_str()).await.unwrap(), all);
    let none = RequesterHistory::default();
    assert_eq!(
        history(of(House::Jd, projected.now), sz.as_str()).await.unwrap(),
        none,
        "of this provider only"
    );
    let first = ms(crate::stage::MORNING) + 1_000;
    let later = history(of(House::Gz, first + 90 * limits::DAY_MS), sz.as_str()).await.unwrap();
    assert_eq!(later, all, "ninety days later");
    let later = history(of(House::Gz, first + 90 * limits::DAY_MS + 1), sz.as_str()).await.unwrap();
    assert_eq!((later.requests, later.asked), (1, 3), "the first request is older");
}
