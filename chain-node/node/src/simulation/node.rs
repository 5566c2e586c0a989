//! One node: its disk and log, and while it lives the engine's driver over our council. What `app.rs`
//! does between the two is done here by value.

mod catch_up;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ledger::block::Block;
use ledger::tip::Tip;
use malachitebft_app_channel::app::engine::host::SyncedValueOutcome;
use malachitebft_app_channel::app::streaming::StreamMessage;
use malachitebft_app_channel::app::types::sync::RawDecidedValue;
use malachitebft_app_channel::app::types::{PeerId, ProposedValue};
use malachitebft_core_consensus::{Input, SignedConsensusMsg};
use malachitebft_core_types::{PolkaCertificate, Round, Timeout, Value as _, ValueOrigin, ValueResponse};
use tokio::sync::watch;

use self::catch_up::CatchUp;
use super::engine::{Engine, Heard, Message, Outside, Question, Said, Stopped, Told};
use super::marks::Marks;
use super::settlement::Settlement;
use super::world::Fault;
use crate::checked::Checked;
use crate::clock::{Clock, Now};
use crate::council::{Council, Start};
use crate::engine::context::{Ctx, Height, Part};
use crate::engine::sign_guard::{SignGuard, Voting};
use crate::engine::signing::{Signer, Verifier};
use crate::fault::NodeFault;
use crate::intake::Intake;
use crate::replica::Replica;
use crate::standing::Abstention;
use crate::store::Store;
use crate::store::database::Database;
use crate::store::memory::Memory;

/// Heights asked for at once: what our settings tell the engine.
pub(super) const BATCH: u64 = 16;

/// The engine's log of one node: what was flushed outlives the power.
#[derive(Default)]
pub(super) struct Log {
    height: u64,
    entries: Vec<Input<Ctx>>,
    flushed: usize,
    /// The height of which this life has seen the entries.
    of_this_life: u64,
}

impl Log {
    /// The power goes. So much of what was not flushed may have reached the disk by itself.
    pub(super) fn crash(&mut self, unflushed: usize) {
        self.entries.truncate(self.flushed.saturating_add(unflushed));
        self.flushed = self.entries.len();
        self.of_this_life = 0;
    }

    pub(super) fn unflushed(&self) -> usize {
        self.entries.len() - self.flushed
    }
}

/// What a node says.
#[derive(Clone, Debug)]
pub(super) enum Word {
    /// Consensus, under the name of who publishes it.
    Consensus(Heard),
    /// A transaction.
    Transaction(Vec<u8>),
    /// How far it is.
    Status(u64),
    /// Wants decided blocks from a height to another.
    Wants(u64, u64),
    /// Decided blocks.
    Blocks(Vec<RawDecidedValue<Ctx>>),
}

/// To one peer, or to all.
pub(super) type Outgoing = (Option<usize>, Word);

/// What lasts beyond a crash.
pub(super) struct Node {
    pub(super) of: usize,
    pub(super) disk: Memory,
    pub(super) log: Log,
    /// What it signed, which no crash takes.
    pub(super) guard: Arc<SignGuard>,
    pub(super) clock: Clock,
    pub(super) lives: u64,
    pub(super) life: Option<Life>,
    pub(super) fault: Option<Fault>,
}

/// A running node.
pub(super) struct Life {
    pub(super) engine: Engine,
    pub(super) host: Host,
}

/// The half that answers the engine.
pub(super) struct Host {
    peer: PeerId,
    pub(super) store: Arc<Store>,
    council: Council,
    intake: Intake,
    clock: Clock,
    pub(super) log: Log,
    pub(super) questions: VecDeque<Question>,
    pub(super) inbox: VecDeque<Message>,
    pub(super) outbox: Vec<Outgoing>,
    pub(super) timers: Vec<(Duration, Timeout, u64)>,
    pub(super) told: Vec<Told>,
    pub(super) decided: Vec<(Block, Tip)>,
    held: bool,
    catch_up: CatchUp,
    /// Set while it only follows. (A real node follows without an engine.)
    abstains: Option<Abstention>,
    /// Set when it ends by itself, to be started again.
    ends: Arc<AtomicBool>,
    polkas: Vec<PolkaCertificate<Ctx>>,
    fault: Option<Fault>,
    /// Writes and words until the power goes.
    pub(super) power: Option<u32>,
    pub(super) faults: Vec<String>,
}

impl Node {
    /// Comes to life from what is on its disk and in its log.
    pub(super) fn begin(&mut self, settlement: &'static Settlement) -> Result<(), NodeFault> {
        let database = Database::Memory(self.disk.clone());
        let genesis = Arc::clone(&settlement.founded.genesis);
        let store = Arc::new(Store::open(database, genesis, watch::Sender::new(None))?);
        let ends = Arc::new(AtomicBool::new(false));
        let until = self.guard.voting(store.last_tip().height, true, true, self.clock.now().time);
        let abstains = (until != Voting::AtOnce).then(|| Abstention::of(Arc::clone(&self.guard), until));
        let signer = abstains.is_none().then(|| {
            let (key, told) = (settlement.keys[self.of].clone(), Arc::clone(&ends));
            let report = Arc::new(move |_| told.store(true, Ordering::Relaxed));
            Signer::marking(store.chain(), key, Arc::clone(&self.guard), report)
        });
        let me = settlement.addresses[self.of];
        let signatures = Arc::new(Checked::new(Marks, self.clock.clone()));
        let replica = Replica::new(Arc::clone(&store), me, signer.clone(), Arc::clone(&signatures))?;
        let intake = Intake::new(Arc::clone(&store), Arc::clone(&signatures), self.clock.clone());
        let verifier = Verifier::new(store.chain(), signatures);
        let host = Host {
            peer: settlement.peers[self.of],
            council: Council::new(Arc::clone(&store), replica),
            store,
            intake,
            clock: self.clock.clone(),
            log: std::mem::take(&mut self.log),
            questions: VecDeque::from([Question::Ready]),
            inbox: VecDeque::new(),
            outbox: Vec::new(),
            timers: Vec::new(),
            told: Vec::new(),
            decided: Vec::new(),
            held: false,
            catch_up: CatchUp::default(),
            abstains,
            ends,
            polkas: Vec::new(),
            fault: self.fault,
            power: None,
            faults: Vec::new(),
        };
        self.lives += 1;
        let mut engine = Engine::new(me, verifier, signer);
        if self.fault == Some(Fault::LockForgotten) {
            engine.forget_locks();
        }
        self.life = Some(Life { engine, host });
        Ok(())
    }

    /// The power goes.
    pub(super) fn crash(&mut self, unflushed: usize) {
        if let Some(life) = self.life.take() {
            self.log = life.host.log;
        }
        self.log.crash(unflushed);
        self.disk.crash();
    }
}

impl Life {
    /// The engine takes its next message.
    pub(super) fn turn(&mut self) -> Result<bool, Stopped> {
        let Some(message) = self.host.inbox.pop_front() else { return Ok(false) };
        self.engine.handle(message, &mut self.host)?;
        let told = self.host.told.clone();
        for told in told {
            if let Told::Received(SignedConsensusMsg::Vote(vote)) = told
                && self.host.council.due().is_some()
            {
                let start = self.host.council.see(&vote.message, &vote.signature, self.host.now());
                self.host.go_on(start);
            }
        }
        Ok(true)
    }

    /// The host answers its next question.
    pub(super) fn answer(&mut self) -> bool {
        let Some(question) = self.host.questions.pop_front() else { return false };
        self.host.answer(question);
        true
    }

    /// A peer says something.
    pub(super) fn hear(&mut self, from: usize, word: Word, peer: PeerId) {
        match word {
            Word::Consensus(heard) => self.host.inbox.push_back(Message::Heard(heard)),
            Word::Transaction(bytes) => {
                self.host.intake.gossiped(bytes);
                self.host.stir();
            }
            Word::Status(tip) => {
                self.host.catch_up.tips.insert(from, tip);
            }
            Word::Wants(first, last) => {
                let tip = self.host.store.last_tip().height.0;
                if first <= last && first <= tip {
                    let last = last.min(tip).min(first.saturating_add(BATCH - 1));
                    self.host.questions.push_back(Question::Blocks(from, first, last));
                } else {
                    self.host.say(Some(from), Word::Blocks(Vec::new()));
                }
            }
            Word::Blocks(values) => self.take(from, values, peer),
        }
    }

    /// Hands in a transaction of this department.
    pub(super) fn submit(&mut self, signed: ledger::transaction::Signed) {
        if let crate::intake::Entered::Waits(_, Some(bytes)) = self.host.intake.submit(signed) {
            self.host.say(None, Word::Transaction(bytes));
        }
        self.host.stir();
    }

    /// Says how far it is, and what waits here.
    pub(super) fn speak_up(&mut self) {
        let tip = self.host.store.last_tip().height.0;
        if tip > 0 {
            self.host.say(None, Word::Status(tip));
        }
        for bytes in self.host.intake.own() {
            self.host.say(None, Word::Transaction(bytes));
        }
    }

    /// Time has passed.
    pub(super) fn wake(&mut self) {
        let now = self.host.clock.now();
        let start = self.host.council.wake(now);
        self.host.go_on(start);
    }
}

impl Host {
    fn now(&self) -> Now {
        self.clock.now()
    }

    /// When the height that is held starts.
    pub(super) fn due(&self) -> Option<Instant> {
        self.council.due()
    }

    /// Whether a start is owed to the engine.
    pub(super) fn holds(&self) -> bool {
        self.held
    }

    /// Transactions and bytes that wait, and open streams with their bytes.
    pub(super) fn load(&self) -> ((usize, usize), (usize, usize)) {
        (self.intake.load(), self.council.load())
    }

    /// Whether it follows until a height is decided at which it may have voted.
    pub(super) fn abstains(&self) -> bool {
        self.abstains.is_some()
    }

    /// Whether there is power for one more write or word.
    fn has_power(&mut self) -> bool {
        match &mut self.power {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }

    /// A message that contradicts another ends the process, which is started again; nothing else may.
    fn fail(&mut self, fault: &NodeFault) {
        match fault {
            NodeFault::Contradiction { .. } => self.ends.store(true, Ordering::Relaxed),
            other => self.faults.push(other.to_string()),
        }
    }

    /// Whether it ends by itself.
    pub(super) fn ends(&self) -> bool {
        self.ends.load(Ordering::Relaxed)
    }

    pub(super) fn is_dead(&self) -> bool {
        self.power == Some(0)
    }

    fn say(&mut self, to: Option<usize>, word: Word) {
        if self.has_power() {
            self.outbox.push((to, word));
        }
    }

    fn stir(&mut self) {
        let start = self.council.stir(self.intake.is_ready());
        self.go_on(start);
    }

    fn go_on(&mut self, start: Option<Start>) {
        if let Some(Start { height, params, .. }) = start
            && std::mem::take(&mut self.held)
        {
            self.inbox.push_back(Message::StartHeight(height.into(), params));
        }
    }

    fn publish_parts(&mut self, parts: Vec<StreamMessage<Part>>) {
        let peer = self.peer;
        for part in parts {
            self.say(None, Word::Consensus(Heard::Part(peer, part)));
        }
    }

    fn answer(&mut self, question: Question) {
        if !self.has_power() {
            return;
        }
        if let Err(fault) = self.try_answer(question) {
            self.fail(&fault);
        }
    }

    /// As `App::answer` does.
    fn try_answer(&mut self, question: Question) -> Result<(), NodeFault> {
        let now = self.now();
        match question {
            Question::Ready => {
                let (height, params) = self.council.first();
                self.inbox.push_back(Message::StartHeight(height, params));
            }
            Question::Value(height, round) => {
                let candidates = self.intake.candidates(self.council.budget(round));
                let made = self.council.propose(height.into(), round, candidates, now)?;
                self.inbox.push_back(Message::Propose(made.value));
                self.intake.refuse(made.refused);
                self.publish_parts(made.parts);
            }
            Question::Part(publisher, part) => {
                let (value, start) = self.council.hear(publisher, part, now)?;
                self.inbox.extend(value.map(|value| Message::Value(value, ValueOrigin::Consensus)));
                self.go_on(start);
            }
            Question::Again { height, round, valid_round, proposer, id } => {
                self.polkas.drain(..).for_each(|polka| self.council.back(polka));
                let parts = self.council.again((height.into(), round, valid_round), proposer, id, now)?;
                self.publish_parts(parts);
            }
            Question::Decided(certificate) => {
                let (block, tip) = self.council.decide(&certificate)?;
                self.intake.settle(&block, &tip);
                self.intake.judge_again();
                self.decided.push((block, tip));
                if let Some(abstains) = &self.abstains
                    && abstains.is_over(&tip)?
                {
                    self.ends.store(true, Ordering::Relaxed); // started again, it votes
                }
                self.stir();
            }
            Question::Finalized(certificate, evidence) => {
                self.held = true;
                let waits = self.intake.is_ready();
                let start = self.council.finish(certificate.height.into(), &evidence, waits, now)?;
                self.go_on(start);
            }
            Question::Synced(value, proposer) => self.judge_synced(value, proposer)?,
            Question::Blocks(peer, first, last) => {
                let values = self.council.decided(ledger::ids::Height(first), ledger::ids::Height(last));
                self.say(Some(peer), Word::Blocks(values));
            }
        }
        Ok(())
    }

    fn judge_synced(
        &mut self,
        value: ValueResponse<Ctx>,
        proposer: crate::engine::context::Address,
    ) -> Result<(), NodeFault> {
        let (height, round) = (value.certificate.height, value.certificate.round);
        let (outcome, start) = self.council.catch_up((height.into(), round), proposer, &value.value_bytes)?;
        match outcome {
            SyncedValueOutcome::Verdict(mut proposed)
                if proposed.value.id() == value.certificate.value_id =>
            {
                proposed.round = round;
                self.inbox.push_back(Message::Value(proposed, ValueOrigin::Sync));
            }
            _ => self.blame(value.peer, height),
        }
        self.go_on(start);
        Ok(())
    }
}

impl Outside for Host {
    fn log_of(&mut self, height: Height) -> Vec<Input<Ctx>> {
        if self.log.of_this_life == height.0 {
            return Vec::new();
        }
        self.log.of_this_life = height.0;
        if self.log.height == height.0 && self.fault != Some(Fault::LogNotRead) {
            return self.log.entries.clone();
        }
        if self.has_power() {
            self.log = Log { height: height.0, of_this_life: height.0, ..Log::default() };
        }
        Vec::new()
    }

    fn append(&mut self, height: Height, entry: Input<Ctx>) {
        if height.0 == self.log.height && self.has_power() {
            self.log.entries.push(entry);
        }
    }

    fn flush(&mut self) {
        if self.has_power() && self.fault != Some(Fault::LogNotFlushed) {
            self.log.flushed = self.log.entries.len();
        }
    }

    fn started_round(&mut self, height: Height, round: Round) -> Vec<ProposedValue<Ctx>> {
        // The host answers one question after the other.
        while let Some(question) = self.questions.pop_front() {
            self.answer(question);
        }
        if !self.has_power() {
            return Vec::new();
        }
        self.council.enter(height.into(), round, self.now()).unwrap_or_else(|fault| {
            self.fail(&fault);
            Vec::new()
        })
    }

    fn ask(&mut self, question: Question) {
        self.questions.push_back(question);
    }

    fn publish(&mut self, said: Said) {
        self.say(None, Word::Consensus(Heard::Said(said)));
    }

    fn start_timer(&mut self, timeout: Timeout, generation: u64, wait: Duration) {
        self.timers.push((wait, timeout, generation));
    }

    fn tell(&mut self, event: Told) {
        if !self.is_dead() {
            if let Told::Polka(polka) = &event {
                self.polkas.push(polka.clone());
            }
            self.told.push(event);
        }
    }

    fn remember(&mut self, message: Message) {
        self.inbox.push_back(message);
    }

    fn started_height(&mut self, height: Height) {
        self.catch_up.ahead = self.catch_up.ahead.split_off(&height.0);
        if let Some(value) = self.catch_up.ahead.remove(&height.0) {
            self.inbox.push_back(Message::Sync(value));
        }
    }

    fn blame(&mut self, peer: PeerId, _: Height) {
        self.catch_up.ahead.retain(|_, value| value.peer != peer);
        let of = super::settlement::place_of(peer);
        self.catch_up.passed_over.extend(of);
    }
}
