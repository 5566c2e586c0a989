//! What a number names, and to whom.

use ledger::receipt::DenialClass;

use super::*;
use crate::stage::{House, NOTHING, Projected, Stage};

#[test]
fn a_persons_number_is_no_height() {
    assert_eq!(height("1,204"), Some(Thing::Block(1204)));
    for other in ["990000199001010017", "10000000001", "", "12a", "-3"] {
        assert_eq!(height(other), None, "{other}");
    }
}

#[test]
fn the_count_stands_at_the_end_of_a_number() {
    assert_eq!(count_of("SQ-2026-000012", "SQ-"), Some(12));
    assert_eq!(count_of("SQD-2026-000003", "SQD-"), Some(3));
    assert_eq!(count_of("SQ-2026", "SQ-"), None);
    assert_eq!(count_of("SQD-2026-000003", "SQ-"), None);
}

async fn told(projected: &Projected, house: House, sees_all: bool, typed: &str) -> Option<Thing> {
    in_model(projected.of(house), sees_all, typed).await.unwrap()
}

#[tokio::test]
async fn every_number_leads_its_parties_and_the_inspector_to_its_thing() {
    let (mut stage, request) = Stage::requested();
    let grant = stage.approve(&request);
    let query = stage.answer(grant);
    let projected = stage.projected().await;
    let receipt = format!("HZ-20261120-{}", &query.to_string()[..6]);
    for (typed, thing) in [
        ("SQ-2026-000001".to_owned(), Thing::Request(request.to_string())),
        ("sq-2026-000001".to_owned(), Thing::Request(request.to_string())),
        ("SQD-2026-000001".to_owned(), Thing::Grant(grant.to_string())),
        (receipt.clone(), Thing::Receipt(query.to_string())),
        (receipt.to_uppercase(), Thing::Receipt(query.to_string())),
        (request.to_string(), Thing::Request(request.to_string())),
        (grant.to_string().to_uppercase(), Thing::Grant(grant.to_string())),
        (query.to_string(), Thing::Receipt(query.to_string())),
    ] {
        for (house, sees_all) in [(House::Gz, false), (House::Sz, false), (House::Jd, true)] {
            assert_eq!(
                told(&projected, house, sees_all, &typed).await.as_ref(),
                Some(&thing),
                "{house:?} {typed}"
            );
        }
        assert_eq!(told(&projected, House::Jd, false, &typed).await, None, "{typed}");
    }
}

#[tokio::test]
async fn a_number_that_nothing_bears_names_nothing() {
    let (mut stage, grant) = Stage::granted();
    let query = stage.answer(grant).to_string();
    stage.deny(GrantId(NOTHING), DenialClass::Grant);
    let projected = stage.projected().await;
    let other_day = format!("HZ-20261121-{}", &query[..6]);
    for typed in [
        "SQ-2025-000001",
        "SQ-2026-000002",
        "SQ-2026-1",
        "SQ-2026-",
        "SQ-2026-99999999999999999999",
        "SQ--1",
        "SQD-2027-000001",
        "SQD-x",
        "HZ-",
        "HZ-20261120",
        "HZ-20261120-",
        "HZ-20261120-'; --",
        &other_day,
        &query[..63],
        &"0".repeat(64),
        "王小明",
        "1",
    ] {
        assert_eq!(told(&projected, House::Sz, true, typed).await, None, "{typed}");
    }
}

/// The count of a request and of a grant is the same; their prefixes tell them apart.
#[tokio::test]
async fn a_request_and_a_grant_of_the_same_count_are_two_things() {
    let mut stage = Stage::published();
    let [first, second] = [0; 2].map(|_| stage.request());
    let grant = stage.approve(&second);
    let projected = stage.projected().await;
    let request = told(&projected, House::Sz, false, "SQ-2026-000001").await;
    assert_eq!(request, Some(Thing::Request(first.to_string())));
    let granted = told(&projected, House::Sz, false, "SQD-2026-000001").await;
    assert_eq!(granted, Some(Thing::Grant(grant.to_string())));
}
