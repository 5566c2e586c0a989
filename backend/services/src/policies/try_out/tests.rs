use std::collections::BTreeSet;

use access::Decision;
use ledger::ids::EntryId;
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use proptest::sample::subsequence;

use super::*;
use crate::policies::copy::WorkingCopy;
use crate::policies::rows::{cells, duties, typed};
use crate::purpose::PURPOSES;
use crate::stage::{CODE, House, MORNING, Stage, officer, province, said};

const ITEMS: [&str; 5] = ["XingMing", "ZJHM", "GRZH", "GRZHZT", "YJCE"];

/// The province's layer with a working copy that denies the first purpose of what is asked.
fn layer(stage: &Stage) -> (LayerState, Papers) {
    let state = LayerState::read(&stage.state, &House::Gz.id(), &province()).unwrap();
    let mut rows = state.in_force.set.rows.clone();
    let mut denied = cells(&rows[0]);
    (denied.id, denied.action) = ("reg-no-01".to_owned(), "request,ask,answer".to_owned());
    (denied.purpose, denied.effect) = ("01".to_owned(), "deny".to_owned());
    rows.push(typed(&denied).unwrap());
    let copy = WorkingCopy {
        stamp: 1,
        base: state.in_force.version,
        rows,
        changed_by: String::new(),
        changed_at: 0,
    };
    (state, Papers { copy: Some(copy), ..Papers::default() })
}

fn asked(requester: House, action: &str, role: Role, purpose: &str) -> TryOutInput {
    TryOutInput {
        requester: requester.id().to_string(),
        entry: CODE.to_owned(),
        items: vec!["XingMing".to_owned()],
        action: action.to_owned(),
        purpose: purpose.to_owned(),
        role: role.code().to_owned(),
        clearance: "4".to_owned(),
        assurance: "password".to_owned(),
        grant_live: true,
        ..TryOutInput::default()
    }
}

fn try_at(stage: &Stage, which: Which, input: &TryOutInput) -> Result<TriedOut, ServiceError> {
    let (state, papers) = layer(stage);
    stage.at(House::Gz, Role::SecAdmin, |scene| tried(scene, &state, &papers, which, input))
}

/// The answer of the office's own door.
fn door(stage: &Stage, house: House, role: Role, action: &str, items: &[&str], purpose: &str) -> Decision {
    let items: BTreeSet<ItemCode> = items.iter().map(|item| item.parse().unwrap()).collect();
    let purpose = purpose.parse().unwrap();
    stage.met_by(house, &officer(house, role), |scene| {
        let offer = scene.offer(&EntryId { code: CODE.parse().unwrap(), version: 1 }).unwrap();
        let provider = scene.department(&House::Gz.id()).unwrap();
        match action {
            "discover" => scene.discover(&offer, &provider),
            "request" => scene.request(&offer, &provider, &items, &purpose),
            "inspect" => scene.inspect(&offer, &provider, &items, &purpose),
            other => panic!("{other}"),
        }
        .unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_simulator_gives_the_doors_own_answer(
        role in 0..Role::ALL.len(),
        house in 0..2usize,
        action in 0..3usize,
        purpose in 0..PURPOSES.len(),
        items in subsequence(ITEMS.to_vec(), 0..=5),
    ) {
        thread_local!(static STAGE: Stage = Stage::published());
        let (role, purpose) = (Role::ALL[role], PURPOSES[purpose]);
        let house = [House::Sz, House::Jd][house];
        let action = ["discover", "request", "inspect"][action];
        STAGE.with(|stage| {
            let said = door(stage, house, role, action, &items, purpose);
            let input = TryOutInput {
                items: items.iter().map(|item| (*item).to_owned()).collect(),
                ..asked(house, action, role, purpose)
            };
            let tried = try_at(stage, Which::InForce, &input).unwrap();
            prop_assert_eq!(tried.in_force.said.allow, said.allow);
            prop_assert_eq!(&tried.in_force.said.duties, &duties(&said.obligations));
            let rows: Vec<_> = said.rows.iter().map(|(_, row)| row.as_ref().map(ToString::to_string)).collect();
            let decided: Vec<_> = tried.in_force.layers.iter().map(|layer| layer.decided.clone()).collect();
            prop_assert_eq!(decided, rows);
            Ok(())
        })?;
    }

    #[test]
    fn whatever_is_typed_is_answered_or_told_as_a_mistake(
        requester in "\\PC{0,20}", entry in "\\PC{0,20}", at in "\\PC{0,20}", clearance in "\\PC{0,4}",
        zone in "\\PC{0,50}", is_live in any::<bool>(),
    ) {
        thread_local!(static STAGE: Stage = Stage::published());
        STAGE.with(|stage| {
            let good = asked(House::Sz, "ask", Role::BizUser, "01");
            let input = TryOutInput { requester, entry, at, clearance, zone, grant_live: is_live, ..good };
            let told = said(try_at(stage, Which::InForce, &input));
            prop_assert_eq!(told.starts_with("E-"), false);
            Ok(())
        })?;
    }
}

#[test]
fn both_versions_answer_and_each_row_that_is_silent_says_why() {
    let stage = Stage::published();
    let input = asked(House::Sz, "ask", Role::BizUser, "01");
    let tried = try_at(&stage, Which::Copy, &input).unwrap();
    let draft = tried.draft.unwrap();
    assert!(tried.concerns && tried.in_force.said.allow && !draft.said.allow);
    assert_eq!(draft.said.denied_row.as_deref(), Some("reg-no-01"));
    assert_eq!(draft.layers.iter().map(|layer| layer.is_draft).collect::<Vec<_>>(), [false, true, false]);
    let row = |name: &str| draft.layers[1].rows.iter().find(|row| row.row == name).unwrap();
    assert!(row("reg-no-01").decided && row("reg-no-01").misses.is_empty());
    let misses: Vec<_> = row("reg-look").misses.iter().map(|column| column.code()).collect();
    assert_eq!(misses, ["action"]);
}

#[test]
fn a_grant_a_clearance_and_an_hour_are_the_doors_too() {
    let stage = Stage::published();
    let good = asked(House::Sz, "answer", Role::BizUser, "01");
    let allow = |input: &TryOutInput| try_at(&stage, Which::InForce, input).unwrap().in_force.said.allow;
    assert!(allow(&good));
    assert!(!allow(&TryOutInput { grant_live: false, ..good.clone() }));
    assert!(!allow(&TryOutInput { clearance: "0".to_owned(), ..good.clone() }));
    let at = |text: &str| {
        let input = TryOutInput { at: text.to_owned(), ..good.clone() };
        try_at(&stage, Which::InForce, &input).map(|tried| tried.question.at)
    };
    assert_eq!(at("2026-11-20T10:00"), Ok(ms(MORNING)), "a moment is of UTC+8");
    assert_eq!(said(at("yesterday")), "at not-a-date");
}

#[test]
fn what_is_not_offered_is_told_by_its_field() {
    let stage = Stage::published();
    let good = asked(House::Sz, "ask", Role::BizUser, "01");
    let told = |input: TryOutInput| said(try_at(&stage, Which::InForce, &input));
    assert_eq!(told(TryOutInput { items: vec!["NOBODY".to_owned()], ..good.clone() }), "items not-offered");
    assert_eq!(told(TryOutInput { entry: "307001/000009".to_owned(), ..good.clone() }), "entry not-offered");
    assert_eq!(told(TryOutInput { purpose: String::new(), ..good.clone() }), "purpose missing");
    assert_eq!(
        told(TryOutInput { action: "query".to_owned(), role: "ROOT".to_owned(), ..good.clone() }),
        "action not-offered, role not-offered"
    );
    assert_eq!(
        told(TryOutInput { purpose: String::new(), ..asked(House::Sz, "discover", Role::BizUser, "") }),
        "ok"
    );
    assert_eq!(said(try_at(&stage, Which::Draft, &good)), "not-found");
}
