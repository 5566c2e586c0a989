//! One seed from its beginning to its end: a time of trouble, then a calm one in which everybody must
//! come to agree again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::chance::Chance;
use super::checks::Broken;
use super::liar::Liar;
use super::settlement::{FOUR, SEVEN, Settlement};
use super::trace::Trace;
use super::world::{Fault, Happening, Weather, World};

/// After everything is well again, all honest nodes have written two more blocks before the longest wait
/// of a step of a round (a proposal's in a late round, `max_timeout`: eight times `propose_ms`) has passed
/// so often.
pub(super) const WAITS_MAX: u64 = 12;
/// How wrong a wrong clock is.
const WRONG: Duration = Duration::from_secs(60);
/// How often somebody submits something in the calm.
const SUBMITS_EVERY_MS: u64 = 500;

/// What became of a seed.
pub(super) struct Outcome {
    pub(super) seed: u64,
    pub(super) digest: u64,
    pub(super) happenings: u64,
    pub(super) ends: u64,
    pub(super) height: u64,
    pub(super) round_max: i64,
    pub(super) failed_rounds: u64,
    pub(super) replays: u64,
    /// Milliseconds from the calm until all had agreed again.
    pub(super) healing_ms: u64,
    pub(super) finding: Option<Broken>,
    pub(super) lines: Vec<String>,
}

/// Runs a seed; in words, if they are wanted.
pub(super) fn run(seed: u64, fault: Option<Fault>, in_words: bool) -> Outcome {
    simulate(plan(seed, fault), seed, in_words, trouble_and_calm)
}

/// Runs a prepared world and says what became of it. A panic in it is a finding.
pub(super) fn simulate(
    mut world: World,
    seed: u64,
    in_words: bool,
    act: impl FnOnce(&mut World) -> Result<u64, Broken>,
) -> Outcome {
    world.trace.lines = in_words.then(Vec::new);
    let ended = catch_unwind(AssertUnwindSafe(|| act(&mut world)));
    let (healing_ms, finding) = match ended {
        Ok(Ok(healing_ms)) => (healing_ms, None),
        Ok(Err(broken)) => (0, Some(broken)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            (0, Some(format!("a panic: {}", text.unwrap_or_default())))
        }
    };
    for tip in world.checks.decided().copied().collect::<Vec<_>>() {
        world.trace.note((tip.height.0, tip.block.0), String::new);
    }
    let Trace { happenings, ends, lines, .. } = &mut world.trace;
    Outcome {
        seed,
        happenings: *happenings,
        ends: *ends,
        lines: lines.take().unwrap_or_default(),
        digest: world.trace.digest(),
        height: world.checks.highest(),
        round_max: world.checks.round_max,
        failed_rounds: world.checks.failed_rounds,
        replays: world.checks.replays,
        healing_ms,
        finding,
    }
}

/// What a seed makes of a world, before anything happens.
fn plan(seed: u64, fault: Option<Fault>) -> World {
    let mut chance = Chance::new(seed);
    let settlement: &'static Settlement = if chance.percent(6) { &SEVEN } else { &FOUR };
    let apart = chance.apart();
    let liar = match chance.between(0, 10) {
        0..=5 => Some(Liar::validator(settlement, apart, &[])),
        6 => Some(Liar::member(settlement, apart)),
        _ => None,
    };
    let skew = chance.one_of(&[0, 100, 1_500]);
    let apart = chance.apart();
    let has_liar = liar.is_some();
    let mut world = World::new(settlement, apart, liar, skew);
    // Without a liar, one clock may be wrong by a minute: its node votes for nobody's blocks and nobody for
    // its own, but it follows.
    if !has_liar && chance.percent(30) {
        let of = chance.below(world.nodes.len());
        let is_ahead = chance.percent(50);
        for node in world.nodes.iter().filter(|node| (node.of == of) == is_ahead) {
            node.clock.pass(WRONG);
        }
    }
    world.set_fault(fault);
    world.weather = Weather {
        loss: chance.one_of(&[0, 0, 2, 10, 30]),
        doubled: chance.one_of(&[0, 5, 20]),
        delay_ms: chance.one_of(&[(1, 10), (1, 100), (20, 400), (100, 900)]),
        host_ms: chance.one_of(&[0, 0, 10, 150]),
        sides: None,
    };
    world
}

/// The end of a seed: how long it took to agree again.
fn trouble_and_calm(world: &mut World) -> Result<u64, Broken> {
    let mut chance = world.chance.apart();
    let trouble_ms = chance.between(2_000, 12_000);
    for of in 0..world.nodes.len() {
        let wait = if chance.percent(70) { 0 } else { chance.between(1, 3_000) };
        world.after(wait, Happening::Begins { of });
    }
    for _ in 0..chance.between(0, 7) {
        let of = chance.below(world.nodes.len());
        let at = chance.between(100, trouble_ms);
        let after = chance.percent(70).then(|| u32::try_from(chance.between(0, 60)).unwrap());
        world.after(at, Happening::Fails { of, after });
        world.after(at + chance.between(20, 4_000), Happening::Begins { of });
    }
    for _ in 0..chance.between(0, 4) {
        let at = chance.between(100, trouble_ms);
        let sides = chance.between(0, 1 << world.nodes.len());
        world.after(at, Happening::Splits(Some(sides)));
        world.after(at + chance.between(100, 3_000), Happening::Splits(None));
    }
    let mut submitted = 0;
    for number in 0..chance.below(14) {
        submitted = number + 1;
        world.after(chance.between(0, trouble_ms), Happening::Submits(number));
    }
    if world.liar.is_some() {
        world.after(10, Happening::Lies);
    }
    world.until(trouble_ms, |_| false)?;
    calm(world, submitted)
}

/// Everything is well again, but for a liar that goes on: all honest nodes write two more blocks in time.
pub(super) fn calm(world: &mut World, mut next: usize) -> Result<u64, Broken> {
    world.weather = Weather::fair();
    world.call_off();
    let honest = world.honest();
    for of in 0..world.nodes.len() {
        let is_away = world.nodes[of].life.as_ref().is_none_or(|life| life.host.power.is_some());
        if is_away {
            world.begin(of)?;
        }
    }
    let target = world.checks.highest() + 2;
    let begin_ms = world.now_ms;
    let longest = world.nodes[honest[0]]
        .life
        .as_ref()
        .map_or(4_000, |life| u64::try_from(life.engine.longest_wait().as_millis()).unwrap());
    let end_ms = begin_ms + WAITS_MAX * longest;
    let reached =
        |world: &World| world.honest().iter().all(|of| world.head(*of).is_some_and(|head| head >= target));
    while world.now_ms < end_ms {
        world.mend_clocks();
        let turn_ms = (world.now_ms + SUBMITS_EVERY_MS).min(end_ms);
        world.after(0, Happening::Submits(next));
        next += 1;
        if world.until(turn_ms, reached)? {
            return Ok(world.now_ms - begin_ms);
        }
    }
    let heads: Vec<_> = honest.iter().map(|of| (*of, world.head(*of), world.place(*of))).collect();
    Err(format!("{WAITS_MAX} of the longest waits after all was well, not all are at {target}: {heads:?}"))
}
