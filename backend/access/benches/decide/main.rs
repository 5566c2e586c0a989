//! What a decision costs: rows × allowed or denied, by the index and by Casbin, answers compared; how soon a
//! version is in force; what a preview costs. Cedar stands beside them in a package of its own: `scripts/decide-bench`.
//!
//! ```text
//! cargo bench -p access --bench decide
//! ```
//!
//! The national layer has the rows; province and department have a hundred each, so that none is small
//! enough for Casbin to judge at the door. Casbin's time is that of judging one sample of the national
//! layer again (`Judge::recheck`), which compares; a difference ends the run.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, clippy::indexing_slicing)]

mod in_force;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::limits::SAMPLED_EVERY;
use access::{Judge, PolicySets, Question, Ruleset};
use ledger::ids::{DepartmentId, PolicyVersion};
use ledger::policy::{PolicyOwner, PolicyRow, PolicySet};
use rows::{Dice, a_question, a_row, departments};

const QUESTIONS: usize = 100_000;
/// Of these so many are judged by Casbin too; a quarter where each takes long.
const BY_CASBIN: usize = 400;

fn ruleset(owner: PolicyOwner, rows: Vec<PolicyRow>, version: u8) -> Arc<Ruleset> {
    let set = PolicySet { owner, number: 1, previous: PolicyVersion([0; 32]), rows };
    Arc::new(Ruleset::new(Arc::new(set), PolicyVersion([version; 32])))
}

fn open(count: usize) -> Vec<PolicyRow> {
    (0..count).map(|id| rows::open_row(&format!("open-{id}"))).collect()
}

/// The sets at a question's door.
fn sets(national: &Arc<Ruleset>, question: &Question, others: usize) -> PolicySets {
    let region = question.requester_region.province();
    PolicySets {
        national: Arc::clone(national),
        region: ruleset(PolicyOwner::Region(region), open(others), 2),
        department: ruleset(PolicyOwner::Department(question.requester.clone()), open(others), 3),
    }
}

fn told(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)].as_secs_f64() * 1e6;
    let count = times.len();
    println!(
        "{name:<36} p50 {:>9.1} µs   p99 {:>9.1} µs   p99.9 {:>9.1} µs   of {count}",
        at(500),
        at(990),
        at(999)
    );
}

fn main() {
    let departments = departments(500);
    for count in [100, 1_000, 10_000, 110_000] {
        decisions(&departments, count);
    }
    in_force::measured(&departments);
    preview(&departments);
}

fn decisions(departments: &[(DepartmentId, String)], count: usize) {
    let mut dice = Dice(count as u64);
    let rows: Vec<PolicyRow> = (0..count).map(|id| a_row(&mut dice, departments, id)).collect();
    let started = Instant::now();
    let national = ruleset(PolicyOwner::Nation, rows.clone(), 1);
    println!("\n{count} rows, ready after {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    let (judge, by_casbin) = (Judge::new().unwrap(), Judge::new().unwrap());
    // Of the answers yes and no, by the index and by Casbin.
    let mut times: [[Vec<Duration>; 2]; 2] = Default::default();
    let questions: Vec<_> = (0..QUESTIONS).map(|_| a_question(&mut dice, departments, &rows)).collect();
    // The sets of a door are made when a version comes in force, not when somebody asks.
    let mut doors: BTreeMap<DepartmentId, PolicySets> = BTreeMap::new();
    for question in &questions {
        doors.entry(question.requester.clone()).or_insert_with(|| sets(&national, question, 100));
    }
    let mut answers = Vec::with_capacity(QUESTIONS);
    for question in &questions {
        let started = Instant::now();
        let decision = judge.decide(&doors[&question.requester], question).unwrap();
        times[0][usize::from(!decision.allow)].push(started.elapsed());
        answers.push(decision.allow);
    }
    // Casbin reads all rows for each question, which leaves nothing of ours in the processor's caches.
    let every = QUESTIONS / if count > 10_000 { BY_CASBIN / 4 } else { BY_CASBIN };
    for (turn, (question, allow)) in questions.iter().zip(&answers).step_by(every).enumerate() {
        let few = sets(&national, question, 1);
        (0..SAMPLED_EVERY).for_each(|_| drop(by_casbin.decide(&few, question).unwrap()));
        let started = Instant::now();
        assert_eq!(by_casbin.recheck(1).unwrap(), 1);
        // The first makes the enforcer.
        if turn > 0 {
            times[1][usize::from(!allow)].push(started.elapsed());
        }
    }
    for (engine, times) in ["index, three layers", "casbin-rs, national layer"].iter().zip(&mut times) {
        for (answer, times) in ["allowed", "denied"].iter().zip(times) {
            told(&format!("{engine}, {answer}"), times);
        }
    }
}

/// A draft that takes a row of each hundred away, tried on a hundred thousand questions.
fn preview(departments: &[(DepartmentId, String)]) {
    for count in [200, 10_000, 110_000] {
        let mut dice = Dice(7);
        let rows: Vec<PolicyRow> = (0..count).map(|id| a_row(&mut dice, departments, id)).collect();
        let fewer = rows.iter().enumerate().filter(|(place, _)| place % 100 != 0).map(|(_, row)| row.clone());
        let (old, new) =
            (ruleset(PolicyOwner::Nation, rows.clone(), 1), ruleset(PolicyOwner::Nation, fewer.collect(), 2));
        let past: Vec<Question> = (0..100_000).map(|_| a_question(&mut dice, departments, &rows)).collect();
        let mut both: BTreeMap<DepartmentId, (PolicySets, PolicySets)> = BTreeMap::new();
        for question in &past {
            both.entry(question.requester.clone())
                .or_insert_with(|| (sets(&old, question, 10), sets(&new, question, 10)));
        }
        let started = Instant::now();
        let of = |question: &Question| both.get(&question.requester);
        let preview = Judge::new().unwrap().preview(past.iter(), of, 100).unwrap();
        let (took, turns) = (started.elapsed().as_secs_f64(), preview.turns());
        println!("preview of {} decisions, {count} rows: {took:.2} s, {turns} turn", preview.judged);
    }
}
