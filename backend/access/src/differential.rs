//! The index against Casbin over random rows: the same answer, the same row, the same duties. The gate judges
//! some thousand questions; `cargo bench -p access --bench differential` a hundred thousand, and a thousand
//! over 110,000 rows.

use crate::casbin::{CheckedModel, MODEL};
use crate::ruleset::Ruleset;
use crate::ruleset::tests::a_set;
use crate::{Action, Obligation, Question};
use dice::Dice;
use ledger::ids::PolicyVersion;

#[path = "../benches/differential/dice.rs"]
mod dice;

/// Judges questions over random sets by both; how many were allowed, denied by a row, denied by none.
fn compared(
    seed: u64,
    sets: usize,
    questions: usize,
    rows: impl Fn(&mut Dice) -> (usize, usize),
) -> [usize; 3] {
    let model = CheckedModel::parse(MODEL).unwrap();
    let (mut dice, mut came) = (Dice(seed), [0; 3]);
    for _ in 0..sets {
        let (count, every) = rows(&mut dice);
        let rows = (0..count).map(|id| dice.row(id, every)).collect();
        let set = Ruleset::new(a_set(rows), PolicyVersion([0; 32]));
        for _ in 0..questions {
            let question = dice.question();
            let verdict = set.judge(&question).unwrap();
            assert_eq!(verdict, set.judge_by_casbin(&model, &question).unwrap(), "{question:?}");
            came[if verdict.allow {
                0
            } else if verdict.row.is_some() {
                1
            } else {
                2
            }] += 1;
        }
    }
    came
}

#[test]
fn index_and_casbin_say_the_same() {
    let came = compared(1, 40, 60, |dice| (dice.below(64), 50 + dice.below(45)));
    assert!(came.iter().all(|count| *count > 100), "allowed, denied by a row, by none: {came:?}");
    let came = compared(2, 3, 60, |dice| (200 + dice.below(100), 55 + dice.below(25)));
    assert!(came.iter().all(|count| *count > 10), "{came:?}");
}
