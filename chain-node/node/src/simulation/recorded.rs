//! What the real engine did runs through the simulator's: four nodes decide blocks over a real network, each
//! engine's events are written down, and what came in must make ours do, sign and decide the same, in the
//! same order. A release of the engine that behaves differently is noticed here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use gm::sm2::Direct;
use malachitebft_app_channel::app::engine::util::events::Event;
use malachitebft_app_channel::app::events::TxEvent;
use malachitebft_app_channel::app::types::{PeerId, ProposedValue};
use malachitebft_core_consensus::{Input, SignedConsensusMsg};
use malachitebft_core_types::{NilOrVal, Round, Timeout, TimeoutKind, VoteType};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::engine::{Engine, Heard, Message, Outside, Question, Said, Told};
use crate::engine::context::{Address, Ctx, Height};
use crate::engine::signing::{Signer, Verifier};
use crate::nodes::town::Town;
use crate::replica::chamber::params_of;

/// Blocks that are recorded.
const BLOCKS: u64 = 8;

/// Whose engines are listened to. An event that was missed is none.
type Listened = BTreeMap<[u8; 20], mpsc::UnboundedSender<Option<Event<Ctx>>>>;
static LISTENED: LazyLock<Mutex<Listened>> = LazyLock::new(Mutex::default);

/// Called where a node starts: writes down what its engine tells, if anybody asked for it.
pub(crate) fn listen(me: Address, events: &TxEvent<Ctx>) {
    let Some(to) = LISTENED.lock().unwrap().remove(&me.0) else { return };
    let mut events = events.subscribe();
    tokio::spawn(async move {
        loop {
            let event = match events.recv().await {
                Ok(event) => Some(event),
                Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => return,
            };
            if to.send(event).is_err() {
                return;
            }
        }
    });
}

/// Stands for everything around the engine: what it says and asks is only written down.
#[derive(Default)]
struct Desk {
    told: VecDeque<Told>,
    inbox: VecDeque<Message>,
}

impl Outside for Desk {
    fn log_of(&mut self, _: Height) -> Vec<Input<Ctx>> {
        Vec::new()
    }
    fn append(&mut self, _: Height, _: Input<Ctx>) {}
    fn flush(&mut self) {}
    fn started_round(&mut self, _: Height, _: Round) -> Vec<ProposedValue<Ctx>> {
        Vec::new() // what it knew comes as an event of its own
    }
    fn ask(&mut self, _: Question) {}
    fn publish(&mut self, _: Said) {}
    fn start_timer(&mut self, _: Timeout, _: u64, _: Duration) {}
    fn tell(&mut self, told: Told) {
        if !matches!(told, Told::Received(_) | Told::Polka(_)) {
            self.told.push_back(told);
        }
    }
    fn remember(&mut self, message: Message) {
        self.inbox.push_back(message);
    }
    fn started_height(&mut self, _: Height) {}
    fn blame(&mut self, _: PeerId, _: Height) {}
}

/// What an event is to the engine.
enum Kind {
    In(Message),
    /// What is proposed went in before what it made came out.
    Proposed(Message),
    Out(Told),
    Neither,
}

fn kind(event: &Event<Ctx>, params: &malachitebft_app_channel::app::engine::host::HeightParams<Ctx>) -> Kind {
    match event.clone() {
        Event::StartedHeight(height, _) => Kind::In(Message::StartHeight(height, params.clone())),
        Event::Received(message) => Kind::In(Message::Heard(Heard::Said(Said::Consensus(message)))),
        Event::ReceivedProposedValue(value, origin) => Kind::In(Message::Value(value, origin)),
        Event::ProposedValue(value) => Kind::Proposed(Message::Propose(value)),
        Event::StartedRound(height, round, ..) => Kind::Out(Told::Round(height, round)),
        Event::Published(message) => Kind::Out(Told::Published(message)),
        Event::Decided { commit_certificate } => Kind::Out(Told::Decided(commit_certificate)),
        Event::Finalized { commit_certificate, .. } => Kind::Out(Told::Finalized(commit_certificate)),
        _ => Kind::Neither,
    }
}

/// Which wait must have passed for this to come out.
fn waited_for(told: &Told) -> Option<Timeout> {
    match told {
        Told::Published(SignedConsensusMsg::Vote(vote)) if vote.value == NilOrVal::Nil => {
            let kind = match vote.kind {
                VoteType::Prevote => TimeoutKind::Propose,
                VoteType::Precommit => TimeoutKind::Prevote,
            };
            Some(Timeout::new(vote.round, kind))
        }
        Told::Round(_, round) => {
            let before = round.as_u32()?.checked_sub(1)?;
            Some(Timeout::new(Round::new(before), TimeoutKind::Precommit))
        }
        _ => None,
    }
}

/// Heights that came out the same, and why others did not.
#[derive(Default)]
struct Compared {
    same: u64,
    others: Vec<String>,
}

/// Feeds what came in, and compares what comes out. A height in which something came in that no event
/// tells (a certificate, a block of a node that was ahead) is passed over from there.
fn compare(events: &[Event<Ctx>], mut engine: Engine, params: &Params) -> Compared {
    let kinds: Vec<_> = events.iter().map(|event| kind(event, params)).collect();
    let (mut desk, mut compared) = (Desk::default(), Compared::default());
    let (mut fed, mut passed_over) = (vec![false; kinds.len()], false);
    for (at, kind) in kinds.iter().enumerate() {
        match kind {
            Kind::In(message) | Kind::Proposed(message) if !fed[at] => {
                if let Message::StartHeight(..) = message {
                    desk.told.clear();
                    passed_over = false;
                }
                engine.handle(message.clone(), &mut desk).unwrap();
            }
            Kind::Out(told) if !passed_over => {
                if desk.told.is_empty() {
                    let ahead = kinds.iter().enumerate().skip(at);
                    let next =
                        ahead.take_while(|(_, kind)| !matches!(kind, Kind::In(_))).find_map(|(at, kind)| {
                            if let Kind::Proposed(message) = kind { Some((at, message)) } else { None }
                        });
                    if let Some((at, message)) = next.filter(|(at, _)| !fed[*at]) {
                        fed[at] = true;
                        engine.handle(message.clone(), &mut desk).unwrap();
                    } else if let Some(timeout) = waited_for(told)
                        && let Some((_, generation)) = engine.timers().iter().find(|(t, _)| *t == timeout)
                    {
                        engine.handle(Message::Timeout(timeout, *generation), &mut desk).unwrap();
                    }
                }
                let ours = desk.told.pop_front();
                if ours.as_ref() != Some(told) {
                    compared.others.push(format!("the engine: {told:?}; ours: {ours:?}"));
                    passed_over = true;
                } else if matches!(told, Told::Finalized(_)) {
                    compared.same += 1;
                }
            }
            Kind::In(_) | Kind::Proposed(_) | Kind::Out(_) | Kind::Neither => {}
        }
    }
    compared
}

type Params = malachitebft_app_channel::app::engine::host::HeightParams<Ctx>;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_real_engine_did_runs_through_ours() {
    let mut town = Town::found(4, 4);
    let chain = town.founded.genesis.chain();
    let mut records = Vec::new();
    for founder in &town.founded.departments {
        let signer = Signer::forgetful(chain, founder.consensus.clone());
        let me: Address = ledger::department::address(&signer.public()).into();
        let (to, record) = mpsc::unbounded_channel();
        LISTENED.lock().unwrap().insert(me.0, to);
        records.push((me, signer, record));
    }
    town.start_all().await;
    for number in 0..BLOCKS {
        let of = usize::try_from(number).unwrap() % 4;
        let applied = town.publish(of, number).await.unwrap();
        town.agree(applied.height).await;
    }
    town.stop_all().await;
    let params = params_of(&town.founded);
    let (mut same, mut others) = (0, Vec::new());
    for (me, signer, mut record) in records {
        let mut events = Vec::new();
        while let Ok(Some(event)) = record.try_recv() {
            events.push(event);
        }
        let verifier = Verifier::new(chain, std::sync::Arc::new(Direct));
        let compared = compare(&events, Engine::new(me, verifier, Some(signer)), &params);
        same += compared.same;
        others.extend(compared.others);
    }
    println!("{same} heights of {} came out the same", 4 * BLOCKS);
    // A busy machine lets rounds fail or a node fetch a block, which no event tells in full; an engine that
    // behaves differently does so at every height.
    assert!(same >= 2 * BLOCKS, "{same} heights are the same, others not: {others:#?}");
}
