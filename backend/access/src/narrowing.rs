//! What the ledger promises of a set, tried against the judge of the doors: that each can judge by what it
//! lets in force, and that what it says only narrows lets nothing more pass (`ledger::policy::narrows`).

use crate::cases::sets_for;
use crate::known::Known;
use crate::obligation::strictest;
use crate::properties::{Duties, a_question, any_row, duties_are_as_strict, named, text};
use crate::rule::tests::a_row;
use crate::ruleset::tests::a_set;
use crate::{Decision, Judge, Obligation, Question, Ruleset, check};
use ledger::ids::PolicyVersion;
use ledger::policy::{Effect, PolicyRow, PolicySet, narrows};
use ledger::protocol::Protocol;
use ledger::refusal::Refusal;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::sync::Arc;

/// What may be written into a cell: right there, right elsewhere, nearly right, and anything.
fn a_word() -> impl Strategy<Value = String> {
    let known = select(vec![
        "*",
        "BIZ_USER",
        "biz_user",
        "BIZ_USER,READER",
        "440000",
        "440100,inspectorate",
        "inspectorate",
        "000000",
        "12440100X00000254F",
        "12440100X00000254G",
        "307001",
        "307001,",
        "share:conditional",
        "share:",
        "ZJHM",
        "ZJHM,GRZH",
        "0",
        "0,1",
        "4",
        "ask",
        "ask,answer",
        "Ask",
        "01",
        "01,02",
        "1",
        "1-5@08:00-18:00",
        "1@18:00-08:00",
        "1-5@08:00-24:00,7@00:00-00:01",
        "8@00:00-01:00",
        "hall",
        "hall-2,office",
        "Hall",
        "*,*",
        "mask:ZJHM=MK-ID",
        "drop:GRZH",
        "limit:0",
        "watermark",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => "[ -~]{1,8}", 1 => "\\PC{1,4}"]
}

/// Writes a word into a cell, if it may stand on the chain at all.
fn written(row: &mut PolicyRow, cell: u8, word: &str) {
    macro_rules! cells {
        ($($number:literal => $name:ident),*) => {
            match cell {
                $($number => row.$name = word.parse().unwrap_or(row.$name.clone()),)*
                10 => row.obligations.extend(word.parse()),
                11 => row.grade_max = u8::try_from(word.len()).unwrap(),
                12 => row.assurance_min = u8::try_from(word.len()).unwrap(),
                _ => row.effect = Effect::Deny,
            }
        };
    }
    cells!(0 => role, 1 => requester, 2 => provider, 3 => entry_class, 4 => items, 5 => sensitivity,
        6 => action, 7 => purpose, 8 => hours, 9 => zones)
}

fn set_of(rows: Vec<PolicyRow>) -> Arc<PolicySet> {
    a_set(rows)
}

fn ready(set: &Arc<PolicySet>) -> Arc<Ruleset> {
    Arc::new(Ruleset::new(Arc::clone(set), PolicyVersion([9; 32])))
}

/// What the nation's set decides: the other two layers allow everything.
fn decided(judge: &Judge, set: &Arc<Ruleset>, question: &Question) -> Decision {
    let open = [vec![a_row("open")], vec![a_row("open")], vec![a_row("open")]];
    judge.try_out(&sets_for(question, open).with(set), question).unwrap()
}

/// A step from one set to the next; more of them narrow than widen.
#[derive(Clone, Debug)]
enum Step {
    Drop(Index),
    Add(PolicyRow),
    Deny(Index),
    Cell(Index, u8, PolicyRow),
    Duty(Index, &'static str),
    Free(Index),
}

fn a_step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let duty = select(vec!["drop:GRZHYE", "mask:ZJHM=MK-ID", "clear:ZJHM", "limit:5", "watermark"]);
    prop_oneof![
        2 => index().prop_map(Step::Drop),
        1 => any_row().prop_map(Step::Add),
        1 => index().prop_map(Step::Deny),
        3 => (index(), 0u8..12, any_row()).prop_map(|(at, cell, row)| Step::Cell(at, cell, row)),
        2 => (index(), duty).prop_map(|(at, duty)| Step::Duty(at, duty)),
        1 => index().prop_map(Step::Free),
    ]
}

fn changed(rows: &mut Vec<PolicyRow>, step: &Step) {
    match step {
        Step::Add(row) => rows.push(row.clone()),
        _ if rows.is_empty() => {}
        Step::Drop(at) => drop(rows.remove(at.index(rows.len()))),
        Step::Deny(at) => {
            let row = at.get_mut(rows);
            (row.effect, row.grade_max, row.assurance_min) = (Effect::Deny, 4, 1);
            row.obligations.clear();
        }
        Step::Cell(at, cell, from) => {
            let row = at.get_mut(rows);
            match cell {
                0 => row.role = from.role.clone(),
                1 => row.requester = from.requester.clone(),
                2 => row.entry_class = from.entry_class.clone(),
                3 => row.sensitivity = from.sensitivity.clone(),
                4 => row.action = from.action.clone(),
                5 => row.purpose = from.purpose.clone(),
                6 => row.hours = from.hours.clone(),
                7 => row.zones = from.zones.clone(),
                8 if row.obligations.is_empty() => row.items = from.items.clone(),
                9 if row.effect == Effect::Allow => row.grade_max = from.grade_max,
                10 if row.effect == Effect::Allow => row.assurance_min = from.assurance_min,
                _ => {}
            }
        }
        Step::Duty(at, duty) => {
            let row = at.get_mut(rows);
            if row.effect == Effect::Allow && row.items.as_str() == "*" {
                row.obligations.push(text(duty));
            }
        }
        Step::Free(at) => drop(at.get_mut(rows).obligations.pop()),
    }
}

fn pair() -> impl Strategy<Value = [Arc<PolicySet>; 2]> {
    (vec(any_row(), 1..6), vec(a_step(), 0..4)).prop_map(|(rows, steps)| {
        let mut next = rows.clone();
        steps.iter().for_each(|step| changed(&mut next, step));
        [set_of(named(rows)), set_of(named(next))]
    })
}

/// Whether `later` lets out nothing that `earlier` kept back: a `clear` is a permission, all else are duties.
fn is_no_looser(later: &Decision, earlier: &Decision) -> bool {
    let clears = |decision: &Decision| -> Duties {
        let all = decision.obligations.iter().cloned();
        all.filter(|duty| matches!(duty, Obligation::Clear { .. })).collect()
    };
    let are_kept = duties_are_as_strict(&later.obligations, &earlier.obligations);
    !later.allow || (earlier.allow && are_kept && clears(later).is_subset(&clears(earlier)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_ledger_lets_in_force_every_door_can_read_and_nothing_else(
        row in any_row(), words in vec((0u8..14, a_word()), 0..3), twice in prop::bool::weighted(0.1),
        question in a_question(),
    ) {
        let mut row = row;
        words.iter().for_each(|(cell, word)| written(&mut row, *cell, word));
        let mut rows = named(vec![a_row("a"), row]);
        if twice {
            rows[1].id = rows[0].id.clone();
        }
        let set = set_of(rows);
        let ruleset = ready(&set);
        let is_taken = set.check(&Protocol::NEWEST.limits).is_ok();
        prop_assert_eq!(is_taken, ruleset.read().is_ok(), "{:?}", set.check(&Protocol::NEWEST.limits));
        prop_assert_eq!(is_taken, !check(&set, &[], &Known::default()).iter().any(|found| found.kind.is_error()));
        prop_assert_eq!(set.check(&Protocol::NEWEST.limits) == Err(Refusal::PolicyUnsound), twice, "a row twice");
        if is_taken {
            // By the index and by Casbin: a fault would be no decision.
            decided(&Judge::new().unwrap(), &ruleset, &question);
        }
    }

    #[test]
    fn what_the_ledger_says_narrows_lets_nothing_more_pass(
        [old, new] in pair(), questions in vec(a_question(), 10),
    ) {
        if narrows(&old, &new) {
            let judge = Judge::new().unwrap();
            let (before, after) = (ready(&old), ready(&new));
            for question in &questions {
                let (earlier, later) = (decided(&judge, &before, question), decided(&judge, &after, question));
                prop_assert!(is_no_looser(&later, &earlier), "{earlier:?}\n{later:?}");
            }
        }
    }
}

/// The promise above is worth something only if it is tried on sets that let pass, and if wider sets are told.
#[test]
fn narrower_and_wider_sets_are_among_those_tried() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut narrower, mut passed, mut wider) = (0, 0, 0);
    for _ in 0..600 {
        let [old, new] = pair().new_tree(&mut runner).unwrap().current();
        let questions = vec(a_question(), 10).new_tree(&mut runner).unwrap().current();
        let said = old.rows != new.rows && narrows(&old, &new);
        let (before, after) = (ready(&old), ready(&new));
        let verdict = |set: &Ruleset, question: &Question| {
            let said = set.judge(question).unwrap();
            (said.allow, strictest(said.obligations, &question.items))
        };
        let passes = |set: &Ruleset| questions.iter().any(|question| verdict(set, question).0);
        narrower += u32::from(said);
        passed += u32::from(said && passes(&after));
        wider += u32::from(questions.iter().any(|question| {
            let ((could, were), (can, are)) = (verdict(&before, question), verdict(&after, question));
            can && (!could || !duties_are_as_strict(&are, &were))
        }));
    }
    assert!(narrower > 100 && passed > 40 && wider > 60, "{narrower} narrower, {passed} pass, {wider} wider");
}
