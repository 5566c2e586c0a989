//! Who may look at what is between two departments.

use super::{Between, Party};
use crate::catalogue;
use crate::codes::Role;
use crate::officer::Officer;
use crate::stage::{House, Stage, officer, said};
use crate::throttle::Source;

#[test]
fn parties_and_the_inspectorates_inspector_look_and_nobody_else() {
    let (stage, grant) = Stage::granted();
    for (house, role, expected) in [
        (House::Gz, Role::BizUser, Ok(Party::Own)),
        (House::Gz, Role::ProvApprover, Ok(Party::Own)),
        (House::Sz, Role::ReqOperator, Ok(Party::Own)),
        (House::Sz, Role::Inspector, Ok(Party::Own)),
        (House::Sz, Role::SysAdmin, Err("role.administers")),
        (House::Sz, Role::SecAdmin, Err("role.administers")),
        (House::Gz, Role::AuditAdmin, Err("role.administers")),
        (House::Jd, Role::Inspector, Ok(Party::Inspector)),
        (House::Jd, Role::ReqOperator, Err("denied national")),
        (House::Jd, Role::BizUser, Err("denied national")),
        (House::Jd, Role::ProvApprover, Err("denied national")),
    ] {
        stage.at(house, role, |scene| {
            let grant = scene.grant(&grant).unwrap();
            let request = scene.submitted(&grant.request).unwrap();
            for between in [Between::from(&grant), Between::from(&request)] {
                let found = scene.party_or_inspector(&between).map_err(|error| said::<()>(Err(error)));
                assert_eq!(found, expected.map_err(str::to_owned), "{house:?} {role:?}");
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
        let found = stage.at_for(House::Jd, &clerk, |scene| {
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
