//! Nodes, links between them and a clock: everything that happens, in an order that the seed alone makes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use malachitebft_core_types::Timeout;

use super::chance::Chance;
use super::checks::{Broken, Checks};
use super::engine::{Heard, Message, Told};
use super::liar::Liar;
use super::node::{Log, Node, Outgoing, Word};
use super::settlement::{BEGINNING, Settlement, peer_at};
use super::trace::{Trace, brief, marks, told_brief, told_marks};
use crate::clock::Clock;
use crate::engine::context::{BlockId, Part};
use crate::engine::sign_guard::SignGuard;
use crate::store::memory::Memory;

/// How often a node says how far it is, in milliseconds.
const BEAT_MS: u64 = 1_000;
/// How soon a process that ended by itself is started again, in milliseconds.
const RESTART_MS: u64 = 100;
/// More than this happens in no simulation that comes to an end.
const HAPPENINGS_MAX: u64 = 400_000;

/// What happens.
#[derive(Debug)]
pub(super) enum Happening {
    Arrives {
        from: usize,
        to: usize,
        word: Word,
    },
    /// The host comes to its next question.
    Answers {
        of: usize,
        life: u64,
    },
    Elapses {
        of: usize,
        life: u64,
        timeout: Timeout,
        generation: u64,
    },
    Wakes {
        of: usize,
        life: u64,
    },
    Beats {
        of: usize,
        life: u64,
    },
    /// The power goes, at once or after so many more writes and words.
    Fails {
        of: usize,
        after: Option<u32>,
    },
    Begins {
        of: usize,
    },
    /// Who is on which side; none when all meet.
    Splits(Option<u64>),
    Submits(usize),
    Lies,
}

/// How the links are.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    pub(super) loss: u64,
    pub(super) doubled: u64,
    pub(super) delay_ms: (u64, u64),
    /// How long the host takes to come to a question.
    pub(super) host_ms: u64,
    pub(super) sides: Option<u64>,
}

impl Weather {
    /// Nothing is lost, and little late.
    pub(super) fn fair() -> Self {
        Self { loss: 0, doubled: 0, delay_ms: (1, 20), host_ms: 0, sides: None }
    }
}

/// What is broken on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The log says it is on disk, and is not.
    LogNotFlushed,
    /// The log is not read after a crash.
    LogNotRead,
    /// A node prevotes what is proposed, whatever it is locked on.
    LockForgotten,
}

/// One simulation.
pub(super) struct World {
    pub(super) settlement: &'static Settlement,
    pub(super) chance: Chance,
    pub(super) nodes: Vec<Node>,
    pub(super) weather: Weather,
    pub(super) checks: Checks,
    pub(super) liar: Option<Liar>,
    pub(super) now_ms: u64,
    pub(super) trace: Trace,
    queue: BTreeMap<(u64, u64), Happening>,
    sequence: u64,
    clocks: Vec<u64>,
    answering: Vec<bool>,
    waking: Vec<Option<u64>>,
}

impl World {
    pub(super) fn new(
        settlement: &'static Settlement,
        mut chance: Chance,
        liar: Option<Liar>,
        skew_ms: u64,
    ) -> Self {
        let count = settlement.keys.len();
        let liars = usize::from(liar.as_ref().is_some_and(|liar| liar.of < count));
        let nodes = (0..count).map(|of| {
            let skew = chance.between(0, skew_ms + 1);
            let clock = Clock::set(BEGINNING.plus_ms(100_000 + skew));
            Node {
                of,
                disk: Memory::default(),
                log: Log::default(),
                guard: Arc::new(SignGuard::in_memory()),
                clock,
                lives: 0,
                life: None,
                fault: None,
            }
        });
        Self {
            nodes: nodes.collect(),
            settlement,
            chance,
            weather: Weather::fair(),
            checks: Checks::new(settlement, liars),
            liar,
            now_ms: 0,
            trace: Trace::default(),
            queue: BTreeMap::new(),
            sequence: 0,
            clocks: vec![0; count],
            answering: vec![false; count],
            waking: vec![None; count],
        }
    }

    /// Breaks all nodes on purpose.
    pub(super) fn set_fault(&mut self, fault: Option<Fault>) {
        self.nodes.iter_mut().for_each(|node| node.fault = fault);
    }

    /// What was planned and is trouble does not happen any more.
    pub(super) fn call_off(&mut self) {
        self.queue.retain(|_, happening| {
            !matches!(happening, Happening::Fails { .. } | Happening::Begins { .. } | Happening::Splits(_))
        });
    }

    /// At which height and round the engine of a node is.
    pub(super) fn place(&self, of: usize) -> Option<(u64, i64)> {
        let place = self.nodes[of].life.as_ref().map(|life| life.engine.place())?;
        Some((place.0.0, place.1.as_i64()))
    }

    pub(super) fn is_honest(&self, of: usize) -> bool {
        self.liar.as_ref().is_none_or(|liar| liar.of != of)
    }

    pub(super) fn honest(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|of| self.is_honest(*of)).collect()
    }

    /// Sets all clocks right while somebody sits a height out (D74): it is the one of four that may be missing, and
    /// who has a wrong clock would be one too many.
    pub(super) fn mend_clocks(&self) {
        if self.nodes.iter().any(|node| node.life.as_ref().is_some_and(|life| life.host.abstains())) {
            let latest = self.nodes.iter().map(|node| node.clock.now().time.0).max().unwrap_or_default();
            for node in &self.nodes {
                node.clock.pass(Duration::from_millis(latest - node.clock.now().time.0));
            }
        }
    }

    /// Where an honest node that lives stands.
    pub(super) fn head(&self, of: usize) -> Option<u64> {
        self.nodes[of].life.as_ref().map(|life| life.host.store.last_tip().height.0)
    }

    /// Something will happen.
    pub(super) fn after(&mut self, wait_ms: u64, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((self.now_ms + wait_ms, self.sequence), happening);
    }

    /// Things happen until this moment, or until something is reached.
    pub(super) fn until(&mut self, end_ms: u64, reached: impl Fn(&Self) -> bool) -> Result<bool, Broken> {
        while !reached(self) {
            let Some(entry) = self.queue.first_entry() else { return Ok(false) };
            let (at, _) = *entry.key();
            if at > end_ms {
                self.now_ms = end_ms;
                return Ok(false);
            }
            let happening = entry.remove();
            self.now_ms = at;
            self.trace.happenings += 1;
            if self.trace.happenings > HAPPENINGS_MAX {
                return Err("it does not come to an end".into());
            }
            self.happen(happening)?;
        }
        Ok(true)
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Broken> {
        let now_ms = self.now_ms;
        match happening {
            Happening::Arrives { from, to, word } => {
                if self.nodes[to].life.is_none() {
                    return Ok(());
                }
                let mark = marks(&word);
                self.trace.note((now_ms, 1, from, to, mark), || {
                    format!("{now_ms} {from} -> {to}: {}", brief(&word))
                });
                self.pass(to);
                let peer = peer_at(from);
                if let Some(life) = &mut self.nodes[to].life {
                    life.hear(from, word, peer);
                }
                self.run(to)
            }
            Happening::Answers { of, life } => self.living(of, life, |world, of| {
                world.answering[of] = false;
                if let Some(life) = &mut world.nodes[of].life {
                    life.answer();
                }
            }),
            Happening::Elapses { of, life, timeout, generation } => self.living(of, life, |world, of| {
                if let Some(life) = &mut world.nodes[of].life {
                    life.host.inbox.push_back(Message::Timeout(timeout, generation));
                }
            }),
            Happening::Wakes { of, life } => self.living(of, life, |world, of| {
                world.waking[of] = None;
                if let Some(life) = &mut world.nodes[of].life {
                    life.wake();
                }
            }),
            Happening::Beats { of, life } => {
                self.living(of, life, |world, of| {
                    let chance = &mut world.chance;
                    if let Some(life) = &mut world.nodes[of].life {
                        life.speak_up();
                        life.look_ahead(now_ms, |peers| chance.one_of(peers));
                    }
                })?;
                if self.lives(of, life) {
                    self.after(BEAT_MS, Happening::Beats { of, life });
                    if let Some(life) = &self.nodes[of].life
                        && self.is_honest(of)
                    {
                        Checks::keeps(of, life)?;
                    }
                }
                Ok(())
            }
            Happening::Fails { of, after } => {
                self.trace.note((now_ms, 2, of), || format!("{now_ms} {of} loses its power: {after:?}"));
                match (after, &mut self.nodes[of].life) {
                    (Some(after), Some(life)) => life.host.power = Some(after),
                    _ => self.crash(of),
                }
                Ok(())
            }
            Happening::Begins { of } => self.begin(of),
            Happening::Splits(sides) => {
                self.trace.note((now_ms, 3, sides), || format!("{now_ms} the net splits: {sides:?}"));
                self.weather.sides = sides;
                Ok(())
            }
            Happening::Submits(number) => {
                let (of, signed) = &self.settlement.transactions[number % self.settlement.transactions.len()];
                let of = *of;
                self.trace.note((now_ms, 4, number), || format!("{now_ms} {of} submits {number}"));
                self.pass(of);
                match &mut self.nodes[of].life {
                    Some(life) => life.submit(signed.clone()),
                    None => return Ok(()),
                }
                self.run(of)
            }
            Happening::Lies => {
                let Some(mut liar) = self.liar.take() else { return Ok(()) };
                let head = self.checks.highest();
                let said = liar.say(head, self.nodes.len());
                let wait = liar.pause();
                let of = liar.of;
                self.liar = Some(liar);
                for (to, word) in said {
                    self.send(of, to, word);
                }
                self.after(wait, Happening::Lies);
                Ok(())
            }
        }
    }

    fn lives(&self, of: usize, life: u64) -> bool {
        self.nodes[of].life.is_some() && self.nodes[of].lives == life
    }

    fn living(&mut self, of: usize, life: u64, act: impl FnOnce(&mut Self, usize)) -> Result<(), Broken> {
        if !self.lives(of, life) {
            return Ok(());
        }
        self.pass(of);
        act(self, of);
        self.run(of)
    }

    /// A node's clock shows what time it is. No two things happen at the same instant.
    fn pass(&mut self, of: usize) {
        let passed = self.now_ms - self.clocks[of];
        self.clocks[of] = self.now_ms;
        self.nodes[of].clock.pass(Duration::from_millis(passed));
        self.nodes[of].clock.pass(Duration::from_micros(1));
    }

    /// A node comes to life, from what it finds on its disk. One that lives loses its power first.
    pub(super) fn begin(&mut self, of: usize) -> Result<(), Broken> {
        self.crash(of);
        self.pass(of);
        self.nodes[of].begin(self.settlement).map_err(|fault| format!("node {of}: {fault}"))?;
        let (now_ms, tip, life) = (self.now_ms, self.head(of).unwrap_or_default(), self.nodes[of].lives);
        self.trace.note((now_ms, 5, of, tip), || format!("{now_ms} {of} begins at {tip}"));
        if self.is_honest(of) {
            self.checks.began(of, tip)?;
        }
        (self.answering[of], self.waking[of]) = (false, None);
        let beat = self.chance.between(1, BEAT_MS);
        self.after(beat, Happening::Beats { of, life });
        self.run(of)
    }

    pub(super) fn crash(&mut self, of: usize) {
        if let Some(life) = &self.nodes[of].life {
            let kept = self.chance.below(life.host.log.unflushed() + 1);
            self.nodes[of].crash(kept);
        }
    }

    /// The engine of a node takes what has come, and what it says and does goes out.
    fn run(&mut self, of: usize) -> Result<(), Broken> {
        loop {
            let Some(life) = &mut self.nodes[of].life else { return Ok(()) };
            let turned = life.turn();
            let (is_dead, ends) = (life.host.is_dead(), life.host.ends());
            let place = life.engine.place();
            self.gather(of)?;
            match turned {
                _ if is_dead => {
                    self.trace.note((self.now_ms, 6, of), || format!("{} {of} is without power", place.0));
                    self.crash(of);
                    return Ok(());
                }
                _ if ends => {
                    self.trace
                        .note((self.now_ms, 9, of), || format!("{} {of} ends and is started again", place.0));
                    self.trace.ends += 1;
                    self.crash(of);
                    self.after(RESTART_MS, Happening::Begins { of });
                    return Ok(());
                }
                Err(stopped) if self.is_honest(of) => {
                    return Err(format!("the engine of node {of} stopped at {place:?}: {stopped}"));
                }
                Err(_) => self.crash(of),
                Ok(false) => break,
                Ok(true) => {}
            }
        }
        let Some(life) = &self.nodes[of].life else { return Ok(()) };
        if self.is_honest(of) {
            Checks::holds(of, life)?;
        }
        let number = self.nodes[of].lives;
        let due = life.host.due();
        if !life.host.questions.is_empty() && !self.answering[of] {
            self.answering[of] = true;
            let wait =
                if self.weather.host_ms == 0 { 0 } else { self.chance.between(0, self.weather.host_ms) };
            self.after(wait, Happening::Answers { of, life: number });
        }
        if let Some(due) = due {
            let left = due.saturating_duration_since(self.nodes[of].clock.now().instant);
            let at = self.now_ms + u64::try_from(left.as_millis()).unwrap() + 1;
            if self.waking[of].is_none_or(|known| known > at) {
                self.waking[of] = Some(at);
                self.after(at - self.now_ms, Happening::Wakes { of, life: number });
            }
        }
        Ok(())
    }

    /// What a node did leaves it.
    fn gather(&mut self, of: usize) -> Result<(), Broken> {
        let (number, now_ms, is_honest) = (self.nodes[of].lives, self.now_ms, self.is_honest(of));
        let Some(life) = &mut self.nodes[of].life else { return Ok(()) };
        let told = std::mem::take(&mut life.host.told);
        let decided = std::mem::take(&mut life.host.decided);
        let outbox = std::mem::take(&mut life.host.outbox);
        let timers = std::mem::take(&mut life.host.timers);
        let faults = std::mem::take(&mut life.host.faults);
        for told in told.iter().filter(|_| is_honest) {
            if !matches!(told, Told::Received(_)) {
                let trace = &mut self.trace;
                trace.note((now_ms, 7, of, told_marks(told)), || {
                    format!("{now_ms} {of}: {}", told_brief(told))
                });
            }
            self.checks.told(of, told)?;
        }
        for (block, tip) in decided.iter().filter(|_| is_honest) {
            self.trace.note((now_ms, 8, of, tip.block.0), || {
                format!("{now_ms} {of} writes {} {}", tip.height, BlockId::from(tip.block))
            });
            self.checks.wrote(of, block, tip)?;
        }
        if let Some(fault) = faults.first()
            && is_honest
        {
            return Err(format!("node {of} cannot go on: {fault}"));
        }
        for (wait, timeout, generation) in timers {
            let wait = u64::try_from(wait.as_millis()).unwrap();
            self.after(wait, Happening::Elapses { of, life: number, timeout, generation });
        }
        for outgoing in outbox {
            if let Word::Consensus(Heard::Part(_, part)) = &outgoing.1
                && let Some(Part::Head(announcement, _)) = part.content.as_data()
                && is_honest
            {
                self.checks.announced(of, announcement)?;
            }
            self.go_out(of, outgoing);
        }
        Ok(())
    }

    fn go_out(&mut self, of: usize, (to, word): Outgoing) {
        let others = |to: Option<usize>, count: usize| -> Vec<usize> {
            (0..count).filter(|other| *other != of && to.is_none_or(|to| to == *other)).collect()
        };
        let others = others(to, self.nodes.len());
        if self.is_honest(of) {
            for to in others {
                self.send(of, to, word.clone());
            }
            return;
        }
        let Some(mut liar) = self.liar.take() else { return };
        let said = match &self.nodes[of].life {
            Some(life) => liar.bend(&life.host, &others, word),
            None => Vec::new(),
        };
        self.liar = Some(liar);
        for (to, word) in said {
            self.send(of, to, word);
        }
    }

    /// Over a link: lost, late, doubled, as the weather is.
    pub(super) fn send(&mut self, from: usize, to: usize, word: Word) {
        let side = |of: usize, sides: u64| sides >> (of % 64) & 1;
        let is_cut = self.weather.sides.is_some_and(|sides| side(from, sides) != side(to, sides));
        if is_cut || to >= self.nodes.len() || from == to || self.chance.percent(self.weather.loss) {
            return;
        }
        let (least, most) = self.weather.delay_ms;
        if self.chance.percent(self.weather.doubled) {
            let wait = self.chance.between(least, most * 3);
            self.after(wait, Happening::Arrives { from, to, word: word.clone() });
        }
        let wait = self.chance.between(least, most);
        self.after(wait, Happening::Arrives { from, to, word });
    }
}
