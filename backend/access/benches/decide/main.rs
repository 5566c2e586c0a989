//! What a decision costs: rows × allowed or denied, by the index and by Casbin, answers compared.
//!
//! ```text
//! cargo bench -p access --bench decide
//! ```
//!
//! The national layer has the rows; province and department have a hundred each, so that none is small
//! enough for Casbin to judge at the door. Casbin's time is that of judging one sample of the national
//! layer again (`Judge::recheck`), which compares; a difference ends the run.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, clippy::indexing_slicing)]

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
const BY_CASBIN: usize = 20;

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

fn told(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)].as_secs_f64() * 1e6;
    println!("{name:<28} p50 {:>10.1} µs   p99 {:>10.1} µs   p99.9 {:>10.1} µs", at(500), at(990), at(999));
}

fn main() {
    let departments = departments(500);
    for count in [100, 1_000, 10_000, 110_000] {
        let mut dice = Dice(count as u64);
        let rows: Vec<PolicyRow> = (0..count).map(|id| a_row(&mut dice, &departments, id)).collect();
        let started = Instant::now();
        let national = ruleset(PolicyOwner::Nation, rows.clone(), 1);
        println!("\n{count} rows, ready after {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        let judge = Judge::new().unwrap();
        let by_casbin = Judge::new().unwrap();
        let (mut casbin_yes, mut casbin_no) = (Vec::new(), Vec::new());
        for turn in 0..QUESTIONS {
            let question = a_question(&mut dice, &departments, &rows);
            let all = sets(&national, &question, 100);
            let started = Instant::now();
            let decision = judge.decide(&all, &question).unwrap();
            let took = started.elapsed();
            if decision.allow {
                yes.push(took)
            } else {
                no.push(took)
            }
            if turn % (QUESTIONS / BY_CASBIN / 2) == 0 {
                let all = sets(&national, &question, 1);
                (0..SAMPLED_EVERY).for_each(|_| drop(by_casbin.decide(&all, &question).unwrap()));
                let started = Instant::now();
                assert_eq!(by_casbin.recheck(1).unwrap(), 1);
                let took = started.elapsed();
                if decision.allow { casbin_yes.push(took) } else { casbin_no.push(took) }
            }
        }
        println!("{} allowed, {} denied", yes.len(), no.len());
        told("index, three layers, allowed", yes);
        told("index, three layers, denied", no);
        told("casbin-rs, national, allowed", casbin_yes);
        told("casbin-rs, national, denied", casbin_no);
    }
    preview(&departments);
}

/// A draft that takes a row of each hundred away, tried on a hundred thousand questions.
fn preview(departments: &[(DepartmentId, String)]) {
    let mut dice = Dice(7);
    let rows: Vec<PolicyRow> = (0..10_000).map(|id| a_row(&mut dice, departments, id)).collect();
    let fewer =
        rows.iter().enumerate().filter(|(place, _)| place % 100 != 0).map(|(_, row)| row.clone()).collect();
    let (old, new) = (ruleset(PolicyOwner::Nation, rows.clone(), 1), ruleset(PolicyOwner::Nation, fewer, 2));
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
    println!("\npreview of {} decisions, 10000 rows: {took:.2} s, {turns} turn", preview.judged);
}
