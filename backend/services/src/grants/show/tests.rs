//! What the page of a grant shows, and to whom.

use ledger::catalogue::MaskRule;
use ledger::grant::GrantStatus;
use ledger::refusal::Refusal;

use super::*;
use crate::codes::{OfficeRefusal, Role};
use crate::stage::{House, NOTHING, Stage, as_whom, said};
use crate::verdict::Verdict;

fn seen(stage: &Stage, house: House, role: Role, id: &GrantId) -> Result<(GrantView, Party), ServiceError> {
    stage.at(house, role, |scene| view(scene, id, &Colleagues::default()))
}

#[test]
fn a_grant_is_shown_to_its_parties_and_to_the_inspector() {
    let (mut stage, grant) = Stage::granted();
    stage.inspect();
    for (house, role, expected) in [
        (House::Sz, Role::BizUser, "own"),
        (House::Gz, Role::ReqOperator, "own"),
        (House::Jd, Role::Inspector, "inspector"),
        (House::Jd, Role::ProvApprover, "not-found"),
    ] {
        let found = seen(&stage, house, role, &grant);
        let found = as_whom(found.map(|(_, party)| party));
        assert_eq!(found, expected, "{house:?} {role:?}");
    }
    let unknown = seen(&stage, House::Sz, Role::BizUser, &GrantId(NOTHING));
    assert_eq!(said(unknown), "not-found");
}

#[test]
fn the_page_says_what_is_granted_and_what_is_left() {
    let (mut stage, grant) = Stage::granted();
    stage.answer(grant);
    let (view, _) = seen(&stage, House::Sz, Role::BizUser, &grant).unwrap();
    let items: Vec<_> = view.items.iter().map(|item| (item.item.code.as_str(), item.mask)).collect();
    assert_eq!(items, [("XingMing", Some(MaskRule::Name)), ("GRZHZT", None), ("YJCE", None)]);
    assert_eq!((view.row.quota, view.row.used, view.left), (200, 1, 199));
    assert_eq!(
        (view.row.number.as_str(), view.request.number.as_str()),
        ("SQD-2026-000001", "SQ-2026-000001")
    );
    assert_eq!((view.approved.by.role, view.approved.by.name), (Role::ProvApprover, None));
    assert_eq!((view.row.status, view.revoked), (GrantStatus::Live, None));
    assert_eq!((view.row.requester.own, view.row.provider.own), (true, false));
}

#[tokio::test]
async fn an_inspector_is_shown_the_records_that_the_inspection_covers() {
    let (mut stage, grant) = Stage::granted();
    let queries = [stage.answer(grant), stage.answer(grant)];
    let at = |query| ledger::views::record(&stage.state, query).unwrap().unwrap().recorded.at;
    let first = at(&queries[0]);
    assert!(first < at(&queries[1]));
    stage.inspect_with(|terms| ledger::inspection::OpenInspection { until: first, ..terms });
    let projected = stage.projected().await;
    let found = receipts::of_grant(projected.of(House::Jd), &grant).await.unwrap();
    let shown = stage.at(House::Jd, Role::Inspector, |scene| {
        inspections::covered(scene, receipts::rows(scene, &found).unwrap()).unwrap()
    });
    let shown: Vec<_> = shown.into_iter().map(|row| row.id).collect();
    assert_eq!((found.len(), shown), (2, vec![queries[0].to_string()]));
}

#[test]
fn who_may_ask_and_who_may_end_it() {
    let (mut stage, grant) = Stage::granted();
    stage.inspect();
    let refused = |code: OfficeRefusal| Some(Verdict::Refused(code.into()));
    let not_ours = || refused(OfficeRefusal::GrantNotOurs);
    for (house, role, ask, revoke) in [
        (House::Sz, Role::BizUser, Some(Verdict::Open), not_ours()),
        (House::Sz, Role::ProvApprover, None, not_ours()),
        (House::Gz, Role::ProvApprover, not_ours(), Some(Verdict::Open)),
        (House::Gz, Role::BizUser, not_ours(), None),
        (House::Jd, Role::Inspector, not_ours(), not_ours()),
    ] {
        let may = seen(&stage, house, role, &grant).unwrap().0.may;
        for (found, expected) in [(may.ask, ask), (may.revoke, revoke)] {
            match expected {
                Some(expected) => assert_eq!(found, expected, "{house:?} {role:?}"),
                None => assert!(matches!(found, Verdict::Denied(_)), "{house:?} {role:?} {found:?}"),
            }
        }
    }
}

#[test]
fn an_ended_grant_says_when_and_why_and_opens_nothing() {
    let (mut stage, grant) = Stage::granted();
    stage.revoke(grant);
    let ended = ms(stage.now) - 1_000;
    let (view, _) = seen(&stage, House::Gz, Role::ProvApprover, &grant).unwrap();
    let revoked = view.revoked.unwrap();
    assert_eq!(
        (revoked.reason.as_str(), revoked.step.place.at, view.row.status),
        ("01", ended, GrantStatus::Revoked)
    );
    assert_eq!(view.may.revoke, Verdict::Refused(OfficeRefusal::GrantNotLive.into()));
    let (held, _) = seen(&stage, House::Sz, Role::BizUser, &grant).unwrap();
    assert_eq!(held.may.ask, Verdict::Refused(Refusal::GrantRevoked.into()));
}
