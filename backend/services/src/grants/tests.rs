//! Ending a grant, and asking under it.

use ledger::ids::{GrantId, Time};
use ledger::transaction::Payload;

use super::revoke::{RevokeInput, revocation};
use super::standing::{is_ending, may_ask, may_ask_for};
use crate::codes::Role;
use crate::stage::{House, NOTHING, Stage, said, taken_back};
use crate::verdict::Verdict;

fn input(reason: &str) -> RevokeInput {
    RevokeInput { form_id: String::new(), reason: reason.to_owned() }
}

/// Whether an officer may ask under a grant, in a word.
fn asking(stage: &Stage, house: House, role: Role, grant: &GrantId) -> String {
    stage.at(house, role, |scene| {
        let grant = scene.grant(grant).unwrap();
        let (offer, provider) =
            (scene.offer(&grant.entry).unwrap(), scene.department(&grant.provider).unwrap());
        said(may_ask(scene, &grant, &offer, &provider).unwrap().into_result(access::Action::Ask))
    })
}

#[test]
fn who_may_end_a_grant() {
    let (mut stage, grant) = Stage::granted();
    let cases = [
        (House::Gz, Role::ProvApprover, "01", "ok"),
        (House::Gz, Role::ProvApprover, "", "reason missing"),
        (House::Gz, Role::ProvApprover, "77", "reason not-offered"),
        (House::Gz, Role::BizUser, "01", "denied national"),
        (House::Sz, Role::ProvApprover, "01", "grant.not-ours"),
        (House::Jd, Role::Inspector, "01", "grant.not-ours"),
    ];
    for (house, role, reason, expected) in cases {
        let found = stage.at(house, role, |scene| said(revocation(scene, &grant, &input(reason))));
        assert_eq!(found, expected, "{house:?} {role:?} {reason}");
    }
    let unknown = stage
        .at(House::Gz, Role::ProvApprover, |scene| said(revocation(scene, &GrantId(NOTHING), &input("01"))));
    assert_eq!(unknown, "not-found");
    let payload =
        stage.at(House::Gz, Role::ProvApprover, |scene| revocation(scene, &grant, &input("01"))).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    let again =
        stage.at(House::Gz, Role::ProvApprover, |scene| said(revocation(scene, &grant, &input("01"))));
    assert_eq!(again, "grant.not-live");
}

#[test]
fn who_may_ask_under_a_grant() {
    let (stage, grant) = Stage::granted();
    for (house, role, expected) in [
        (House::Sz, Role::BizUser, "ok"),
        (House::Sz, Role::ReqOperator, "denied national"),
        (House::Sz, Role::Inspector, "denied national"),
        (House::Gz, Role::BizUser, "grant.not-ours"),
        (House::Jd, Role::Inspector, "grant.not-ours"),
    ] {
        assert_eq!(asking(&stage, house, role, &grant), expected, "{house:?} {role:?}");
    }
}

#[test]
fn a_grant_is_asked_under_from_its_first_to_its_last_day() {
    let (mut stage, grant) = Stage::granted();
    for (days, expected) in [(0, "ok"), (89, "ok"), (1, "grant.expired")] {
        stage.wait_days(days);
        assert_eq!(asking(&stage, House::Sz, Role::BizUser, &grant), expected, "{days}");
    }
}

#[test]
fn an_ended_grant_is_not_asked_under() {
    let (mut stage, grant) = Stage::granted();
    let payload =
        stage.at(House::Gz, Role::ProvApprover, |scene| revocation(scene, &grant, &input("01"))).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    assert_eq!(asking(&stage, House::Sz, Role::BizUser, &grant), "grant.revoked");
}

#[test]
fn an_entry_that_is_shared_no_more_is_not_asked_under_old_grants() {
    let (mut stage, grant) = Stage::granted();
    stage.submit(House::Gz, Payload::Publish(taken_back(2))).unwrap();
    assert_eq!(asking(&stage, House::Sz, Role::BizUser, &grant), "denied national");
}

#[test]
fn the_door_is_asked_for_the_items_ticked() {
    let (stage, grant) = Stage::granted();
    stage.at(House::Sz, Role::BizUser, |scene| {
        let grant = scene.grant(&grant).unwrap();
        let (offer, provider) =
            (scene.offer(&grant.entry).unwrap(), scene.department(&grant.provider).unwrap());
        for item in &grant.items {
            let one = [item.code.clone()].into();
            let found =
                may_ask_for(scene, scene.officer.assurance(), &grant, &offer, &provider, &one).unwrap();
            assert_eq!(found, Verdict::Open, "{}", item.code);
        }
    });
}

#[test]
fn a_grant_is_ending_in_its_last_week() {
    let (stage, grant) = Stage::granted();
    let grant = stage.at(House::Sz, Role::BizUser, |scene| scene.grant(&grant).unwrap());
    let day = 24 * 60 * 60 * 1000;
    for (left, ending) in [(8 * day, false), (7 * day, true), (1, true)] {
        assert_eq!(is_ending(&grant, Time(grant.until.0 - left)), ending, "{left}");
    }
    assert!(!is_ending(&grant, Time(grant.until.0 + 1)), "it has ended");
}
