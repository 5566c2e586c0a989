//! Who may look at what is between two departments.

use ledger::ids::Time;
use ledger::inspection::{InspectionScope, OpenInspection};

use super::Between;
use crate::catalogue;
use crate::codes::Role;
use crate::officer::Officer;
use crate::stage::{House, Stage, as_whom, officer, said};
use crate::throttle::Source;

#[test]
fn parties_and_the_inspectorates_inspector_look_and_nobody_else() {
    let (mut stage, grant) = Stage::granted();
    stage.inspect();
    for (house, role, expected) in [
        (House::Gz, Role::BizUser, "own"),
        (House::Gz, Role::ProvApprover, "own"),
        (House::Sz, Role::ReqOperator, "own"),
        (House::Sz, Role::Inspector, "own"),
        (House::Sz, Role::SysAdmin, "role.administers"),
        (House::Sz, Role::SecAdmin, "role.administers"),
        (House::Gz, Role::AuditAdmin, "role.administers"),
        (House::Jd, Role::Inspector, "inspector"),
        (House::Jd, Role::ReqOperator, "denied national"),
        (House::Jd, Role::BizUser, "denied national"),
        (House::Jd, Role::ProvApprover, "denied national"),
    ] {
        stage.at(house, role, |scene| {
            let grant = scene.grant(&grant).unwrap();
            let request = scene.submitted(&grant.request).unwrap();
            for between in [Between::from(&grant), Between::from(&request)] {
                let found = as_whom(scene.party_or_inspector(&between));
                assert_eq!(found, expected, "{house:?} {role:?}");
            }
        });
    }
}

#[test]
fn what_may_not_be_known_is_not_there() {
    let (stage, grant) = Stage::granted();
    stage.at(House::Jd, Role::ReqOperator, |scene| {
        let grant = scene.grant(&grant).unwrap();
        let looked = scene.party_or_inspector(&Between::from(&grant)).map_err(crate::ServiceError::hidden);
        assert_eq!(said(looked), "not-found");
    });
}

#[test]
fn an_entry_is_offered_to_who_may_ask_for_it() {
    let stage = Stage::published();
    for (house, role, expected) in [
        (House::Sz, Role::ReqOperator, "ok"),
        (House::Sz, Role::BizUser, "denied national"),
        (House::Gz, Role::ReqOperator, "entry.own"),
    ] {
        let found = stage.at(house, role, |scene| {
            let code = crate::stage::CODE.parse().unwrap();
            let offer = scene.offer(&ledger::ids::EntryId { code, version: 1 }).unwrap();
            let provider = scene.department(&offer.asked().provider).unwrap();
            said(
                catalogue::may_request(scene, &offer, &provider)
                    .unwrap()
                    .into_result(access::Action::Request),
            )
        });
        assert_eq!(found, expected, "{house:?} {role:?}");
    }
}

#[test]
fn an_officer_is_one_pseudonym_within_an_object_and_another_elsewhere() {
    let stage = Stage::published();
    stage.at(House::Sz, Role::ReqOperator, |scene| {
        assert_eq!(scene.by(b"one"), scene.by(b"one"));
        assert_ne!(scene.by(b"one").pseudonym, scene.by(b"two").pseudonym);
    });
    let other = stage.at(House::Sz, Role::BizUser, |scene| scene.by(b"one"));
    assert_ne!(stage.at(House::Sz, Role::ReqOperator, |scene| scene.by(b"one")), other);
}

/// As whom jd's inspector looks at a grant of sz.
fn inspector_looks(stage: &Stage, grant: ledger::ids::GrantId) -> String {
    stage.at(House::Jd, Role::Inspector, |scene| {
        as_whom(scene.party_or_inspector(&Between::from(&scene.grant(&grant).unwrap())))
    })
}

#[test]
fn an_inspector_looks_inside_an_open_inspection_that_covers_it_and_nowhere_else() {
    let (stage, grant) = Stage::granted();
    let named = |house: House| InspectionScope::Departments([house.id()].into());
    type Terms = fn(OpenInspection) -> OpenInspection;
    assert_eq!(inspector_looks(&stage, grant), "inspection.none");
    for (what, terms, expected) in [
        (
            "of before its time",
            (|terms| OpenInspection { until: Time(1), ..terms }) as Terms,
            "inspection.beyond",
        ),
        (
            "as long as it is good for something",
            |terms| OpenInspection { from: terms.until, ..terms },
            "inspector",
        ),
    ] {
        let (mut stage, grant) = Stage::granted();
        stage.inspect_with(terms);
        assert_eq!(inspector_looks(&stage, grant), expected, "{what}");
    }
    for (house, expected) in
        [(House::Gz, "inspector"), (House::Sz, "inspector"), (House::Jd, "inspection.beyond")]
    {
        let (mut stage, grant) = Stage::granted();
        stage.inspect_with(|terms| OpenInspection { scope: named(house), ..terms });
        assert_eq!(inspector_looks(&stage, grant), expected, "{house:?}");
    }
}

#[test]
fn an_inspection_that_is_over_or_closed_lets_nobody_look() {
    let (mut stage, grant) = Stage::granted();
    let first = stage.inspect();
    assert_eq!(inspector_looks(&stage, grant), "inspector");
    let second = stage.inspect();
    assert_eq!(inspector_looks(&stage, grant), "inspection.unchosen", "which of the two is nobody's guess");
    stage.conclude(first);
    assert_eq!(inspector_looks(&stage, grant), "inspector");
    stage.now = stage.at(House::Jd, Role::Inspector, |scene| scene.working().unwrap().terms.ends);
    assert_eq!(inspector_looks(&stage, grant), "inspector", "in its last moment");
    stage.now = stage.now.plus_ms(1);
    assert_eq!(inspector_looks(&stage, grant), "inspection.none");
    stage.conclude(second);
    assert_eq!(inspector_looks(&stage, grant), "inspection.none");
}

#[test]
fn a_rule_for_a_zone_holds_for_who_asks_from_it_and_for_nobody_else() {
    let stage = Stage::published();
    for (address, expected) in [
        (None, "ok"),
        (Some("192.0.2.7"), "ok"),
        (Some("198.51.100.7"), "denied department dep-not-in-the-hall"),
        (Some("::ffff:198.51.100.7"), "denied department dep-not-in-the-hall"),
    ] {
        let clerk = officer(House::Jd, Role::ReqOperator);
        let source = address.map(|text| Source::from(text.parse::<std::net::IpAddr>().unwrap()));
        let clerk = Officer { source, ..clerk };
        let found = stage.met_by(House::Jd, &clerk, |scene| {
            let code = crate::stage::CODE.parse().unwrap();
            let offer = scene.offer(&ledger::ids::EntryId { code, version: 1 }).unwrap();
            let provider = scene.department(&offer.asked().provider).unwrap();
            let decision = scene.discover(&offer, &provider).unwrap();
            match decision.denied_by() {
                Some((layer, row)) => {
                    format!("denied {layer} {}", row.as_ref().map_or("", |row| row.as_str()))
                }
                None => "ok".to_owned(),
            }
        });
        assert_eq!(found, expected, "{address:?}");
    }
}
