//! What the page of an entry shows, and to whom.

use super::*;
use crate::codes::Role;
use crate::stage::{CODE, House, Stage, revised, said, taken_back};
use ledger::transaction::Payload;

fn seen(
    stage: &Stage,
    house: House,
    role: Role,
    code: &str,
    version: Option<u32>,
) -> Result<EntryView, ServiceError> {
    stage.at(house, role, |scene| shown(scene, &code.parse().unwrap(), version, Vec::new()))
}

#[test]
fn the_latest_version_is_shown_unless_another_is_named() {
    let mut stage = Stage::published();
    stage.submit(House::Gz, Payload::Publish(revised(2))).unwrap();
    stage.submit(House::Gz, Payload::Publish(taken_back(3))).unwrap();
    for (asked, version, request) in [
        (None, 3, "entry.not-shared"),
        (Some(3), 3, "entry.not-shared"),
        // The latest version takes back what an older one offered.
        (Some(2), 2, "entry.not-shared"),
        (Some(1), 1, "entry.not-shared"),
    ] {
        let view = seen(&stage, House::Sz, Role::ReqOperator, CODE, asked).unwrap();
        assert_eq!((view.row.entry.version, view.latest), (version, 3), "{asked:?}");
        let versions: Vec<_> = view.versions.iter().map(|older| older.version).collect();
        assert_eq!(versions, [3, 2, 1]);
        assert!(view.versions.is_sorted_by(|newer, older| newer.place.at > older.place.at));
        assert_eq!(said(view.may_request.into_result(Action::Request)), request);
    }
    assert_eq!(said(seen(&stage, House::Sz, Role::ReqOperator, CODE, Some(4))), "not-found");
    assert_eq!(said(seen(&stage, House::Sz, Role::ReqOperator, "307001/000009", None)), "not-found");
}

#[test]
fn who_may_see_an_entry_and_ask_for_it() {
    let stage = Stage::published();
    for (house, role, expected) in [
        (House::Sz, Role::ReqOperator, Ok("ok")),
        (House::Sz, Role::BizUser, Ok("denied national")),
        (House::Gz, Role::ReqOperator, Ok("entry.own")),
        (House::Jd, Role::ReqOperator, Ok("ok")),
        (House::Jd, Role::BizUser, Err("denied department")),
    ] {
        let found = seen(&stage, house, role, CODE, None);
        let found = found.map(|view| said(view.may_request.into_result(Action::Request)));
        let found = found.map_err(|error| said::<()>(Err(error)));
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{house:?} {role:?}");
    }
}

#[test]
fn the_page_says_what_the_entry_says() {
    let stage = Stage::published();
    let view = seen(&stage, House::Sz, Role::ReqOperator, CODE, None).unwrap();
    assert_eq!((view.items.len(), view.row.grade, view.answer_days), (6, 4, Some(10)));
    let conditions: Vec<_> = view.conditions.iter().map(|one| (one.index, one.code.as_str())).collect();
    assert_eq!(conditions, [(0, "01"), (1, "02")]);
    assert_eq!((view.row.region.as_str(), view.row.provider.own), ("440100", false));
    assert_eq!(view.versions[0].place.height, 1);
    let keys: Vec<_> =
        view.items.iter().filter(|item| item.query_key).map(|item| item.code.as_str()).collect();
    assert_eq!(keys, ["ZJLX", "XingMing", "ZJHM"]);
}

#[tokio::test]
async fn the_grants_in_force_stand_beside_their_entry_the_newest_first() {
    let mut stage = Stage::published();
    stage.grant_for("2026-11-20", "2026-11-20");
    stage.grant_for("2026-12-20", "2026-12-31");
    let first = stage.grant_for("2026-11-20", "2026-12-31");
    let ended = stage.grant_for("2026-11-20", "2026-12-31");
    stage.revoke(ended);
    let second = stage.grant_for("2026-11-20", "2026-12-31");
    stage.wait_days(1);
    let projected = stage.projected().await;
    let code = CODE.parse().unwrap();
    let found = live_grants(projected.of(House::Sz), &code).await.unwrap();
    let ids: Vec<_> = found.iter().map(|grant| grant.id.clone()).collect();
    assert_eq!(ids, [second.to_string(), first.to_string()]);
    assert_eq!(found[0].number, "SQD-2026-000005");
    assert!(live_grants(projected.of(House::Gz), &code).await.unwrap().is_empty(), "given, not held");
    let other = "307001/000002".parse().unwrap();
    assert!(live_grants(projected.of(House::Sz), &other).await.unwrap().is_empty());
}
