//! Who may look at a receipt.

use ledger::ids::{GrantId, QueryId};
use ledger::receipt::DenialClass;

use super::*;
use crate::codes::Role;
use crate::stage::{House, NOTHING, Stage, said};

async fn looking(stage: &Stage, house: House, role: Role, query: &QueryId) -> String {
    let projected = stage.projected().await;
    let groups = catalogue::groups(projected.of(house)).await.unwrap();
    stage.at(house, role, |scene| said(may_see(scene, query, &groups)))
}

#[tokio::test]
async fn the_parties_and_the_inspector_look_at_a_receipt_and_nobody_else() {
    let (mut stage, grant) = Stage::granted();
    let (answer, denial) = (stage.answer(grant), stage.deny(grant, DenialClass::Policy));
    for query in [answer, denial] {
        for (house, role, expected) in [
            (House::Sz, Role::BizUser, "ok"),
            (House::Sz, Role::ReqOperator, "ok"),
            (House::Gz, Role::ProvApprover, "ok"),
            (House::Jd, Role::Inspector, "ok"),
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
    for (house, role, expected) in [
        (House::Sz, Role::BizUser, "ok"),
        (House::Gz, Role::ProvApprover, "ok"),
        (House::Jd, Role::Inspector, "ok"),
        (House::Jd, Role::BizUser, "denied national"),
    ] {
        assert_eq!(looking(&stage, house, role, &query).await, expected, "{house:?} {role:?}");
    }
    // Without an entry of the provider nothing says that it may be inspected.
    let mut bare = Stage::founded();
    bare.publish(House::Sz, "307001/000002", |text| text);
    let query = bare.deny(GrantId(NOTHING), DenialClass::Grant);
    assert_eq!(looking(&bare, House::Jd, Role::Inspector, &query).await, "not-found");
}
