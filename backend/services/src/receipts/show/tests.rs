//! Who may look at a receipt.

use ledger::ids::{GrantId, QueryId, Time};
use ledger::inspection::OpenInspection;
use ledger::receipt::DenialClass;

use super::*;
use crate::codes::Role;
use crate::stage::{House, NOTHING, Stage, as_whom};

async fn looking(stage: &Stage, house: House, role: Role, query: &QueryId) -> String {
    let projected = stage.projected().await;
    let groups = catalogue::groups(projected.of(house)).await.unwrap();
    stage.at(house, role, |scene| as_whom(may_see(scene, query, &groups)))
}

#[tokio::test]
async fn the_parties_and_the_inspector_look_at_a_receipt_and_nobody_else() {
    let (mut stage, grant) = Stage::granted();
    let (answer, denial) = (stage.answer(grant), stage.deny(grant, DenialClass::Policy));
    stage.inspect();
    for query in [answer, denial] {
        for (house, role, expected) in [
            (House::Sz, Role::BizUser, "own"),
            (House::Sz, Role::ReqOperator, "own"),
            (House::Gz, Role::ProvApprover, "own"),
            (House::Jd, Role::Inspector, "inspector"),
            (House::Jd, Role::BizUser, "denied national"),
            (House::Jd, Role::ReqOperator, "denied national"),
        ] {
            assert_eq!(looking(&stage, house, role, &query).await, expected, "{house:?} {role:?}");
        }
    }
    assert_eq!(looking(&stage, House::Sz, Role::BizUser, &QueryId(NOTHING)).await, "not-found");
}

/// Who tries grants out is seen by who inspects: the denial is about no entry.
#[tokio::test]
async fn a_denial_under_an_unknown_grant_is_seen_by_its_parties_and_by_who_inspects_the_provider() {
    let mut stage = Stage::published();
    let query = stage.deny(GrantId(NOTHING), DenialClass::Grant);
    assert_eq!(looking(&stage, House::Jd, Role::Inspector, &query).await, "inspection.none");
    stage.inspect();
    for (house, role, expected) in [
        (House::Sz, Role::BizUser, "own"),
        (House::Gz, Role::ProvApprover, "own"),
        (House::Jd, Role::Inspector, "inspector"),
        (House::Jd, Role::BizUser, "denied national"),
    ] {
        assert_eq!(looking(&stage, house, role, &query).await, expected, "{house:?} {role:?}");
    }
    // Without an entry of the provider nothing says that it may be inspected.
    let mut bare = Stage::founded();
    bare.publish(House::Sz, "307001/000002", |text| text);
    let query = bare.deny(GrantId(NOTHING), DenialClass::Grant);
    bare.inspect();
    assert_eq!(looking(&bare, House::Jd, Role::Inspector, &query).await, "not-found");
}

#[tokio::test]
async fn a_receipt_of_before_or_after_the_period_is_beyond_the_inspection() {
    let (mut stage, grant) = Stage::granted();
    let query = stage.answer(grant);
    let at = views::record(&stage.state, &query).unwrap().unwrap().recorded.at;
    type Terms = fn(OpenInspection, Time) -> OpenInspection;
    for (terms, expected) in [
        ((|terms, at| OpenInspection { from: at, until: at, ..terms }) as Terms, "inspector"),
        (|terms, at| OpenInspection { from: at.plus_ms(1), ..terms }, "inspection.beyond"),
        (|terms, at| OpenInspection { until: at.minus_ms(1), ..terms }, "inspection.beyond"),
    ] {
        let id = stage.inspect_with(|all| terms(all, at));
        assert_eq!(looking(&stage, House::Jd, Role::Inspector, &query).await, expected);
        stage.conclude(id);
    }
}
