//! Many seeds, and that a seed is always the same.

use super::run::{Outcome, run};
use super::world::Fault;

/// Seeds of the gate: as many as a few seconds allow where nothing is optimised.
const SEEDS: u64 = 200;

/// Says what broke, and how.
fn fail(outcome: &Outcome, fault: Option<Fault>) -> ! {
    let again = run(outcome.seed, fault, true);
    let from = again.lines.len().saturating_sub(150);
    for line in &again.lines[from..] {
        eprintln!("{line}");
    }
    let finding = outcome.finding.as_deref().unwrap_or_default();
    panic!("seed {}: {finding} (scripts/simulate --seeds 1 --from {})", outcome.seed, outcome.seed);
}

#[test]
fn no_seed_breaks_what_must_hold() {
    let (from, count) = wanted();
    let begun = std::time::Instant::now();
    let (mut happenings, mut ends, mut heights, mut round_max, mut healing_ms) = (0, 0, 0, 0, (0, 0));
    let (mut failed_rounds, mut replays) = (0, 0);
    let mut broken = Vec::new();
    for seed in from..from + count {
        let outcome = run(seed, None, false);
        happenings += outcome.happenings;
        ends += outcome.ends;
        heights += outcome.height;
        failed_rounds += outcome.failed_rounds;
        replays += outcome.replays;
        round_max = round_max.max(outcome.round_max);
        healing_ms = healing_ms.max((outcome.healing_ms, seed));
        if let Some(finding) = &outcome.finding {
            eprintln!("seed {seed}: {finding}");
            broken.push(outcome);
        }
    }
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{count} seeds from {from} in {took:.1} s: {:.1} seeds/s, {happenings} happenings, {ends} ends of processes, \
         {heights} heights, {failed_rounds} failed rounds, highest {round_max}, {replays} logs read again, longest healing {} ms (seed {}), {} broken",
        count as f64 / took,
        healing_ms.0,
        healing_ms.1,
        broken.len()
    );
    assert!(count < 100 || (heights > count && failed_rounds > 0 && replays > count / 10), "too calm");
    if let Some(first) = broken.first() {
        fail(first, None);
    }
}

/// Which seeds, from which on: `scripts/simulate` says it, and the gate has its own.
fn wanted() -> (u64, u64) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    (number("ZHENGLIAN_SIMULATE_FROM").unwrap_or(0), number("ZHENGLIAN_SIMULATE_SEEDS").unwrap_or(SEEDS))
}

#[test]
fn a_seed_is_the_same_each_time() {
    for seed in 0..12 {
        let (one, other) = (run(seed, None, false), run(seed, None, true));
        assert_eq!((one.digest, one.happenings), (other.digest, other.happenings), "seed {seed}");
        assert_ne!(one.digest, run(seed + 1, None, false).digest);
        assert!(!other.lines.is_empty());
    }
}

/// What is broken on purpose is found.
#[test]
fn what_is_broken_on_purpose_is_found() {
    for fault in [Fault::LogNotFlushed, Fault::LogNotRead, Fault::LockForgotten] {
        let found =
            (0..2_000).find_map(|seed| run(seed, Some(fault), false).finding.map(|what| (seed, what)));
        let (seed, what) = found.unwrap_or_else(|| panic!("{fault:?} is not found"));
        println!("{fault:?} is found by seed {seed}: {what}");
    }
}
