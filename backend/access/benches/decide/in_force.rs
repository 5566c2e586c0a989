//! How long after its block a version judges: from a state that names it to the first decision under it.
//!
//! The ledger bounds a set at 200 rows (and a transaction at 64 KiB), so that no other can come in force; one
//! of 110,000 rows is measured beside it to show what the bound saves.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use access::Judge;
use gm::sm2::SecretKey;
use gm::sm3::Digest;
use ledger::founding::{self, Founder};
use ledger::ids::{DepartmentId, PeerKey, Time};
use ledger::limits::POLICY_ROWS_MAX;
use ledger::parameters::Parameters;
use ledger::policy::PolicyOwner;
use ledger::state::MemoryState;
use ledger::text::{Text, Words};

use crate::rows::{Dice, a_question, a_row, open_row};

pub(crate) fn measured(departments: &[(DepartmentId, String)]) {
    println!();
    let (member, region) = &departments[0];
    let key = SecretKey::generate().unwrap();
    for (count, versions) in [(POLICY_ROWS_MAX, 200), (110_000, 10)] {
        let mut times: Vec<Duration> = (0..versions)
            .map(|version| {
                let mut dice = Dice(version);
                let rows: Vec<_> = (0..count).map(|id| a_row(&mut dice, departments, id)).collect();
                let mut question = a_question(&mut dice, departments, &rows);
                (question.requester, question.requester_region) = (member.clone(), region.parse().unwrap());
                let layers = |owner: &PolicyOwner| {
                    Ok::<_, Infallible>(match owner {
                        PolicyOwner::Nation => rows.clone(),
                        PolicyOwner::Region(_) | PolicyOwner::Department(_) => vec![open_row("open")],
                    })
                };
                let state = state(member, region, &key, layers);
                let judge = Judge::new().unwrap();
                let started = Instant::now();
                let sets = judge.in_force(&state, member).unwrap().unwrap();
                drop(judge.decide(&sets, &question).unwrap());
                started.elapsed()
            })
            .collect();
        crate::told(&format!("version of {count} rows, first decision"), &mut times);
    }
}

/// What a chain of one department begins with.
fn state(
    id: &DepartmentId,
    region: &str,
    key: &SecretKey,
    rows: impl Fn(&PolicyOwner) -> Result<Vec<ledger::policy::PolicyRow>, Infallible>,
) -> MemoryState {
    let founder = Founder {
        id: id.clone(),
        name: Words::new("department", "department").unwrap(),
        region: region.parse().unwrap(),
        inspectorate: false,
        codes: Vec::new(),
        office: key,
        online: key,
        sealing: key,
        consensus: Some(key),
        peer: PeerKey::new(&[1]).unwrap(),
        actor_commit: Digest::ZERO,
    };
    let card = founder.card().unwrap();
    let name = Text::new("measured chain").unwrap();
    let genesis = founding::join(name, Time(0), Parameters::DEFAULT, vec![card], Vec::new(), rows).unwrap();
    let mut state = MemoryState::default();
    state.commit(&genesis.initial().0);
    state
}
