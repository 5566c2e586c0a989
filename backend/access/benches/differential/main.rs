//! Index and Casbin over random rows: a hundred thousand questions to a thousand sets of at most 300 rows, a
//! thousand to sets of 110,000. Not a measurement, but as long as one:
//!
//! ```text
//! cargo bench -p access --bench differential              both; the second takes a quarter of an hour
//! cargo bench -p access --bench differential -- small     the hundred thousand alone; or `large`
//! ```
//!
//! Both judge as in the product: small sets at the door, samples of large ones by `Judge::recheck`. The first
//! difference ends the run.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, clippy::indexing_slicing)]

mod dice;

use std::sync::Arc;
use std::time::Instant;

use access::limits::{CASBIN_ROWS_MAX, SAMPLED_EVERY};
use access::{Action, Judge, Obligation, PolicySets, Question, Ruleset};
use dice::Dice;
use ledger::ids::PolicyVersion;
use ledger::policy::{PolicyOwner, PolicyRow, PolicySet};

fn ruleset(owner: PolicyOwner, rows: Vec<PolicyRow>) -> Arc<Ruleset> {
    let set = PolicySet { owner, number: 1, previous: PolicyVersion([0; 32]), rows };
    Arc::new(Ruleset::new(Arc::new(set), PolicyVersion([0; 32])))
}

/// Judges questions over random sets by both.
fn compared(seed: u64, sets: usize, questions: usize, rows: impl Fn(&mut Dice) -> (usize, usize)) {
    let (mut dice, mut came, started) = (Dice(seed), [0; 3], Instant::now());
    for _ in 0..sets {
        let (judge, (count, every)) = (Judge::new().unwrap(), rows(&mut dice));
        let national = ruleset(PolicyOwner::Nation, (0..count).map(|id| dice.row(id, every)).collect());
        for _ in 0..questions {
            let question = dice.question();
            let (id, region) = if question.action.is_providers() {
                (&question.provider, &question.provider_region)
            } else {
                (&question.requester, &question.requester_region)
            };
            let sets = PolicySets {
                national: Arc::clone(&national),
                region: ruleset(PolicyOwner::Region(region.province()), vec![]),
                department: ruleset(PolicyOwner::Department(id.clone()), vec![]),
            };
            let decision = judge.decide(&sets, &question).unwrap();
            if count > CASBIN_ROWS_MAX {
                (1..SAMPLED_EVERY).for_each(|_| drop(judge.decide(&sets, &question).unwrap()));
                assert_eq!(judge.recheck(2).unwrap(), 1);
            }
            let row = &decision.rows[0].1;
            let denied = decision.denied_by().is_some_and(|(_, denied)| denied.is_some());
            came[if denied {
                1
            } else if row.is_some() {
                0
            } else {
                2
            }] += 1;
        }
    }
    let took = started.elapsed().as_secs();
    println!(
        "{} questions to {sets} sets in {took} s: {came:?} allowed, denied by a row, by none",
        came.iter().sum::<usize>()
    );
}

fn main() {
    let asked = |part: &str| std::env::args().any(|argument| argument == part);
    if !asked("large") {
        compared(3, 1_000, 100, |dice| (dice.below(301), 40 + dice.below(55)));
    }
    if !asked("small") {
        compared(4, 2, 500, |dice| (110_000, 20 + dice.below(30)));
    }
}
