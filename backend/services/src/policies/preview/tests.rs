use std::collections::BTreeSet;

use ledger::ids::EntryId;
use ledger::policy::PolicyRow;
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

use super::*;
use crate::codes::Role;
use crate::policies::layer::{self, LayerState};
use crate::policies::rows::{cells, typed};
use crate::stage::{CODE, House, Stage, province};

/// What sz's request door said of some items for a purpose, as it is committed to.
fn decision(stage: &Stage, role: Role, items: &[&str], purpose: &str) -> Vec<u8> {
    let items = items.iter().map(|item| item.parse().unwrap()).collect();
    stage.at(House::Sz, role, |scene| {
        let offer = scene.offer(&EntryId { code: CODE.parse().unwrap(), version: 1 }).unwrap();
        let provider = scene.department(&House::Gz.id()).unwrap();
        scene.request(&offer, &provider, &items, &purpose.parse().unwrap()).unwrap().bytes()
    })
}

fn past(number: u64, bytes: Vec<u8>) -> PastDecision {
    let mut query = [0; 32];
    query[..8].copy_from_slice(&number.to_be_bytes());
    PastDecision { query: QueryId(query), at: Time(1_000 - number), provided: false, bytes }
}

/// sz's layers against a province in which a purpose is denied, and one more is let pass.
fn trial(stage: &Stage) -> Trial {
    let state = LayerState::read(&stage.state, &House::Gz.id(), &province()).unwrap();
    let mut rows: Vec<PolicyRow> = state.in_force.set.rows.clone();
    let mut denied = cells(&rows[0]);
    (denied.id, denied.action) = ("reg-no-01".to_owned(), "request".to_owned());
    (denied.purpose, denied.effect) = ("01".to_owned(), "deny".to_owned());
    rows.push(typed(&denied).unwrap());
    let purposes = rows.iter_mut().find(|row| row.id.as_str() == "reg-purposes").unwrap();
    let mut more = cells(purposes);
    more.purpose = "01,02,03,04".to_owned();
    *purposes = typed(&more).unwrap();
    let draft = layer::ruleset(stage.chain(), state.next(rows));
    stage.at(House::Sz, Role::SecAdmin, |scene| {
        let judge = Arc::clone(&scene.bureau.judge);
        let in_force = judge.in_force(scene.reads, scene.own()).unwrap().unwrap();
        let then = in_force.with(&draft);
        Trial { judge, own: scene.own().clone(), sets: (in_force, then), names: Arc::clone(&scene.names) }
    })
}

#[test]
fn exactly_the_decisions_that_turn_are_found_and_the_row_that_turns_each() {
    let stage = Stage::published();
    let decisions = vec![
        past(1, decision(&stage, Role::ReqOperator, &["XingMing"], "01")),
        past(2, decision(&stage, Role::ReqOperator, &["XingMing"], "02")),
        past(3, decision(&stage, Role::ReqOperator, &["YJCE"], "04")),
        past(4, decision(&stage, Role::BizUser, &["YJCE"], "01")),
        past(5, b"class and code".to_vec()),
        past(6, decision(&stage, Role::ReqOperator, &["GRZHZT", "YJCE"], "01")),
    ];
    let trial = trial(&stage);
    let tally = trial.portion(Tally::default(), decisions).unwrap();
    let found = tally.view(&trial.names, 100, 1);
    assert_eq!((found.judged, found.unknown, found.turns, found.loosened), (5, 1, 3, 1));
    let told: Vec<_> = found
        .turned
        .iter()
        .map(|one| (one.at, one.turn.code(), one.row.as_deref().unwrap_or("-"), one.after.allow))
        .collect();
    assert_eq!(
        told,
        [
            (999, "denied", "reg-no-01", false),
            (997, "allowed", "reg-purposes", true),
            (994, "denied", "reg-no-01", false),
        ]
    );
    assert_eq!(found.by_turn, [(Turn::Denied, 2), (Turn::Allowed, 1)]);
    assert_eq!(found.by_row[0], (Some((Layer::Region, "reg-no-01".to_owned())), 2));
    assert_eq!(found.by_requester.len(), 1);
    assert_eq!(found.period, Some((994, 999)));
}

#[test]
fn a_decision_at_anothers_door_is_not_judged_by_our_layers() {
    let stage = Stage::published();
    let trial = Trial { own: House::Jd.id(), ..trial(&stage) };
    let one = past(1, decision(&stage, Role::ReqOperator, &["XingMing"], "01"));
    let tally = trial.portion(Tally::default(), vec![one]).unwrap();
    assert_eq!((tally.judged, tally.unknown, tally.turned.len()), (0, 1, 0));
}

#[test]
fn more_turns_than_are_shown_are_counted_all_the_same() {
    let stage = Stage::published();
    let (trial, bytes) = (trial(&stage), decision(&stage, Role::ReqOperator, &["XingMing"], "01"));
    let mut tally = Tally::default();
    for portion in 0..3_u64 {
        let some = (0..300).map(|number| past(portion * 300 + number, bytes.clone())).collect();
        tally = trial.portion(tally, some).unwrap();
    }
    let found = tally.view(&trial.names, 1_000, 0);
    assert_eq!((found.turns, found.turned.len()), (900, limits::PREVIEW_TURNED_MAX));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    /// Against the plainest way to know: both versions asked one by one.
    #[test]
    fn a_preview_finds_what_two_answers_differ_in(seeds in proptest::collection::vec(any::<u32>(), 1..60)) {
        thread_local!(static STAGE: Stage = Stage::published());
        STAGE.with(|stage| {
            let trial = trial(stage);
            let items = ["XingMing", "ZJHM", "GRZHZT", "YJCE"];
            let decisions: Vec<PastDecision> = seeds
                .iter()
                .enumerate()
                .map(|(number, seed)| {
                    let role = if seed & 1 == 0 { Role::ReqOperator } else { Role::BizUser };
                    let purpose = format!("0{}", 1 + (seed >> 1) % 5);
                    let asked: Vec<&str> =
                        items.iter().enumerate().filter(|(n, _)| seed >> (4 + n) & 1 == 1).map(|(_, i)| *i).collect();
                    past(number as u64, decision(stage, role, &asked, &purpose))
                })
                .collect();
            let mut expected = BTreeSet::new();
            for one in &decisions {
                let question = from_bytes::<DecisionRecord>(&one.bytes).unwrap().question;
                let said = |sets: &PolicySets| {
                    let said = trial.judge.decide(sets, &question).unwrap();
                    (said.allow, said.obligations)
                };
                if said(&trial.sets.0) != said(&trial.sets.1) {
                    expected.insert(one.query.to_string());
                }
            }
            let tally = trial.portion(Tally::default(), decisions).unwrap();
            let found: BTreeSet<String> = tally.turned.iter().map(|one| one.id.clone()).collect();
            prop_assert_eq!(found, expected);
            Ok(())
        })?;
    }
}
