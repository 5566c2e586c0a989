//! What a decision costs in the product's own engine, in casbin-rs and in Cedar: the same rows, the same
//! questions, the answers compared; one run.
//!
//! ```text
//! scripts/decide-bench
//! ```
//!
//! Ours judges three layers, the national one with the rows and two of a hundred; Casbin and Cedar judge the
//! national layer alone, and as the other two allow everything, their answer is the whole one. Cedar's
//! language says no duties: those are compared with Casbin's only.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing)]

mod cedar;
#[allow(dead_code)] // shared with the bench `decide`
#[path = "../../decide/rows.rs"]
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::limits::SAMPLED_EVERY;
use access::{Judge, PolicySets, Question, Ruleset};
use ledger::ids::{DepartmentId, PolicyVersion};
use ledger::policy::{PolicyOwner, PolicyRow, PolicySet};
use rows::{Dice, a_question, a_row, departments};

const QUESTIONS: usize = 20_000;
/// Questions that the slow ones are asked too; a fifth where each takes long.
const COMPARED: usize = 1_000;

fn ruleset(owner: PolicyOwner, rows: Vec<PolicyRow>, version: u8) -> Arc<Ruleset> {
    let set = PolicySet { owner, number: 1, previous: PolicyVersion([0; 32]), rows };
    Arc::new(Ruleset::new(Arc::new(set), PolicyVersion([version; 32])))
}

/// The sets at a question's door; the other layers allow everything, by so many rows.
fn sets(national: &Arc<Ruleset>, question: &Question, others: usize) -> PolicySets {
    let open = || (0..others).map(|id| rows::open_row(&format!("open-{id}"))).collect();
    PolicySets {
        national: Arc::clone(national),
        region: ruleset(PolicyOwner::Region(question.requester_region.province()), open(), 2),
        department: ruleset(PolicyOwner::Department(question.requester.clone()), open(), 3),
    }
}

/// Times of one engine, allowed and denied.
#[derive(Default)]
struct Times([Vec<Duration>; 2]);

impl Times {
    fn add(&mut self, allow: bool, took: Duration) {
        self.0[usize::from(!allow)].push(took);
    }

    fn told(mut self, engine: &str, rows: usize) {
        for (times, what) in self.0.iter_mut().zip(["allowed", "denied"]) {
            times.sort_unstable();
            let last = times.len().saturating_sub(1);
            let at = |share: usize| {
                times.get((times.len() * share / 100).min(last)).map_or(0.0, |took| took.as_secs_f64() * 1e6)
            };
            println!(
                "| {rows:>7} | {engine:<10} | {what:<7} | {:>12.1} | {:>12.1} | {:>6} |",
                at(50),
                at(99),
                times.len()
            );
        }
    }
}

fn main() {
    println!("|    rows | engine     | answer  |       p50 µs |       p99 µs |     of |");
    println!("|--------:|------------|---------|-------------:|-------------:|-------:|");
    let departments = departments(500);
    for count in [100, 1_000, 10_000, 110_000] {
        compared(&departments, count);
    }
}

fn compared(departments: &[(DepartmentId, String)], count: usize) {
    let mut dice = Dice(count as u64);
    let rows: Vec<PolicyRow> = (0..count).map(|id| a_row(&mut dice, departments, id)).collect();
    let national = ruleset(PolicyOwner::Nation, rows.clone(), 1);
    let cedar = cedar::Cedar::new(&rows, departments);
    let (judge, by_casbin) = (Judge::new().unwrap(), Judge::new().unwrap());
    let (mut ours, mut casbin, mut cedars) = (Times::default(), Times::default(), Times::default());
    let questions: Vec<_> = (0..QUESTIONS).map(|_| a_question(&mut dice, departments, &rows)).collect();
    // The sets of a door are made when a version comes in force, not when somebody asks.
    let mut doors: BTreeMap<DepartmentId, PolicySets> = BTreeMap::new();
    for question in &questions {
        doors.entry(question.requester.clone()).or_insert_with(|| sets(&national, question, 100));
    }
    let mut decisions = Vec::with_capacity(QUESTIONS);
    for question in &questions {
        let started = Instant::now();
        let decision = judge.decide(&doors[&question.requester], question).unwrap();
        ours.add(decision.allow, started.elapsed());
        decisions.push(decision);
    }
    // The others read all rows for each question, which leaves nothing of ours in the processor's caches.
    let every = QUESTIONS / if count > 10_000 { COMPARED / 5 } else { COMPARED };
    for (turn, (question, decision)) in questions.iter().zip(&decisions).step_by(every).enumerate() {
        let few = sets(&national, question, 1);
        (0..SAMPLED_EVERY).for_each(|_| drop(by_casbin.decide(&few, question).unwrap()));
        let started = Instant::now();
        assert_eq!(by_casbin.recheck(1).unwrap(), 1);
        // The first one makes the enforcer.
        if turn > 0 {
            casbin.add(decision.allow, started.elapsed());
        }
        let request = cedar.request(question);
        let started = Instant::now();
        let said = cedar.judge(&request);
        cedars.add(decision.allow, started.elapsed());
        let row = decision.rows[0].1.as_ref().map(|row| row.as_str());
        cedar::compare(&said, decision.allow, row, question);
    }
    ours.told("ours", count);
    casbin.told("casbin-rs", count);
    cedars.told("Cedar", count);
}
