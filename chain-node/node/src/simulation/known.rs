//! What stopped or split other chains of this kind does not stop or split this one.

use std::collections::BTreeSet;

use gm::sm3::sm3;
use ledger::block::Block;
use ledger::ids::Height as LedgerHeight;
use ledger::transaction::Encoded;
use ledger::wire::{from_bytes, to_bytes};
use malachitebft_core_types::{ExtendedCommitCertificate, Round, Validity};
use malachitebft_sync::{
    Config, Effect, Error, HeightStartType, Input, Metrics, OutboundRequestId, RawDecidedValue, Request,
    Resumable, State, Status, ValueRequest, ValueResponse, process,
};

use super::chance::Chance;
use super::checks::Broken;
use super::liar::{Liar, Trick};
use super::run::{Outcome, calm, simulate};
use super::settlement::{FOUR, peer_at};
use super::world::{Happening, World};
use crate::engine::context::{BlockId, Ctx, Height};
use crate::replica::Announced;
use crate::replica::chamber::Chamber;

/// Four validators, one of which may have a trick, and what happens to them.
fn four(seed: u64, trick: Option<Trick>, act: impl Fn(&mut World) -> Result<u64, Broken>) -> Outcome {
    let mut chance = Chance::new(seed);
    let liar = trick.map(|trick| Liar::validator(&FOUR, chance.apart(), &[trick]));
    let mut world = World::new(&FOUR, chance.apart(), liar, 100);
    for of in 0..4 {
        world.after(0, Happening::Begins { of });
    }
    if world.liar.is_some() {
        world.after(1, Happening::Lies);
    }
    simulate(world, seed, false, act)
}

fn all_well(outcome: &Outcome) {
    assert!(outcome.finding.is_none(), "seed {}: {:?}", outcome.seed, outcome.finding);
}

/// FISCO BCOS #2206, #2211, #2312: one node's view changes, with large views or fields changed, made all
/// others change views for ever. Here votes, proposals and certificates of any round and height, its own and
/// forged ones, move nobody: rounds go on only by what f + 1 say.
#[test]
fn one_bad_view_change_does_not_stop_all() {
    for seed in 0..12 {
        let outcome = four(seed, Some(Trick::JunkVotes), |world| {
            for number in 0..10 {
                world.after(500 * number + 100, Happening::Submits(usize::try_from(number).unwrap()));
            }
            world.until(6_000, |_| false)?;
            calm(world, 20)
        });
        all_well(&outcome);
        assert!(outcome.height >= 8, "seed {seed}: only {} heights", outcome.height);
        // Its turns may fail; its words alone change no round.
        assert!(outcome.round_max <= 3, "seed {seed}: round {}", outcome.round_max);
    }
}

/// Besu QBFT #7642, #9040: restarted validators stood in rounds of their own, each waiting longer than the
/// one before, and never met in one. Here rounds drift apart over bad links, then all restart, at different
/// times and with their logs.
#[test]
fn validators_that_restart_in_different_rounds_meet() {
    let mut drifted = 0;
    for seed in 100..112 {
        let outcome = four(seed, None, |world| {
            world.after(200, Happening::Submits(0));
            world.until(1_500, |_| false)?;
            world.weather.loss = 65;
            world.weather.delay_ms = (50, 700);
            for number in 1..6 {
                world.after(2_000 * number, Happening::Submits(usize::try_from(number).unwrap()));
            }
            world.until(25_000, |_| false)?;
            for of in 0..4 {
                let wait = world.chance.between(0, 2_500);
                world.after(wait, Happening::Fails { of, after: None });
                world.after(wait + 300, Happening::Begins { of });
            }
            world.until(28_500, |_| false)?;
            calm(world, 10)
        });
        all_well(&outcome);
        drifted += u64::from(outcome.round_max >= 2);
    }
    assert!(drifted >= 6, "rounds drifted apart in {drifted} of 12 only");
}

/// CometBFT CVE-2025-24371: a peer that reports a height and then a lower one left whoever caught up
/// waiting for ever for the first. Here: a validator that lags, and one that claims any height.
#[test]
fn a_peer_that_reports_a_height_and_then_a_lower_one_does_not_hold_up_who_catches_up() {
    for seed in 200..212 {
        let outcome = four(seed, Some(Trick::FalseHeights), |world| {
            let liar = world.liar.as_ref().map_or(0, |liar| liar.of);
            let late = (liar + 1) % 4;
            world.until(50, |_| false)?;
            world.after(0, Happening::Fails { of: late, after: None });
            for number in 0..16 {
                world.after(400 * number, Happening::Submits(usize::try_from(number).unwrap()));
            }
            world.until(9_000, |_| false)?;
            calm(world, 20)
        });
        all_well(&outcome);
    }
}

/// The same for the core of the engine's own sync, whatever peer it picks first.
#[test]
fn a_peer_that_reports_a_lower_height_does_not_hold_up_the_engines_own_sync() {
    for seed in 0..20 {
        assert_eq!(Fetching::new(seed).fetch(), 40, "seed {seed}");
    }
}

/// One node that fetches blocks 1 to 40 from an honest peer, beside one that claims 1,000 and then 3.
struct Fetching {
    state: State<Ctx>,
    metrics: Metrics,
    /// Requests on their way, oldest first.
    asked: Vec<(OutboundRequestId, usize, ValueRequest<Ctx>)>,
    came: Vec<RawDecidedValue<Ctx>>,
    number: u64,
}

const HONEST: usize = 0;
const LIAR: usize = 1;

impl Fetching {
    fn new(seed: u64) -> Self {
        let rng = rand::rngs::mock::StepRng::new(seed, 0x9e37_79b9_7f4a_7c15);
        let config = Config { batch_size: 16, ..Config::default() };
        let state = State::new(Box::new(rng), config);
        Self { state, metrics: Metrics::default(), asked: Vec::new(), came: Vec::new(), number: 0 }
    }

    fn feed(&mut self, input: Input<Ctx>) -> Result<(), Error<Ctx>> {
        let Self { state, metrics, asked, came, number } = self;
        process!(input: input, state: state, metrics: metrics, with: effect => {
            Ok::<_, Error<Ctx>>(match effect {
                Effect::SendValueRequest(peer, request, r) => {
                    *number += 1;
                    let id = OutboundRequestId::new(*number);
                    let peer = if peer == peer_at(HONEST) { HONEST } else { LIAR };
                    asked.push((id.clone(), peer, request));
                    r.resume_with(Some(id))
                }
                Effect::ProcessValueResponse(_, _, response, r) => {
                    came.extend(response.values);
                    r.resume_with(())
                }
                Effect::CancelValueRequest(id, r) => {
                    asked.retain(|(asked, ..)| *asked != id);
                    r.resume_with(())
                }
                Effect::BroadcastStatus(_, r) => r.resume_with(()),
                Effect::SendValueResponse(_, _, r) => r.resume_with(()),
                Effect::GetDecidedValues(_, _, r) => r.resume_with(()),
            })
        })
    }

    fn status(&mut self, of: usize, tip: u64) {
        let status = Status { peer_id: peer_at(of), tip_height: Height(tip), history_min_height: Height(1) };
        self.feed(Input::Status(status)).unwrap();
    }

    /// The height it comes to.
    fn fetch(&mut self) -> u64 {
        let mut height = 1;
        self.feed(Input::StartedHeight(Height(1), HeightStartType::Start)).unwrap();
        self.status(LIAR, 1_000);
        self.status(HONEST, 20);
        for turn in 0..200 {
            match turn {
                10 => self.status(LIAR, 3),
                20 => self.status(HONEST, 40),
                30 => self.status(LIAR, 2),
                _ => {}
            }
            if self.asked.is_empty() {
                self.feed(Input::TryRequestValues).unwrap();
                continue;
            }
            let (id, peer, request) = self.asked.remove(0);
            if peer == LIAR {
                let request = Request::ValueRequest(request);
                self.feed(Input::SyncRequestTimedOut(id, peer_at(LIAR), request)).unwrap();
            } else {
                let tip = if turn < 20 { 20 } else { 40 };
                let heights = request.range.start().0..=request.range.end().0.min(tip);
                let response = ValueResponse::new(*request.range.start(), heights.map(decided).collect());
                self.feed(Input::ValueResponse(id, peer_at(HONEST), Some(response))).unwrap();
            }
            let came: BTreeSet<_> = self.came.iter().map(|value| value.height().0).collect();
            while came.contains(&height) {
                self.feed(Input::Decided(Height(height))).unwrap();
                height += 1;
                self.feed(Input::StartedHeight(Height(height), HeightStartType::Start)).unwrap();
            }
        }
        height - 1
    }
}

fn decided(height: u64) -> RawDecidedValue<Ctx> {
    let certificate = ExtendedCommitCertificate {
        height: Height(height),
        round: Round::new(0),
        value_id: BlockId([1; 32]),
        commit_signatures: Vec::new(),
    };
    RawDecidedValue::new(vec![1].into(), certificate)
}

/// Fabric CVE-2023-46132: a block whose transactions are cut elsewhere had the same hash, and peers that got
/// it came to another state. Here the bytes of a block are cut, put together and changed in every way under
/// the id of the true one: none is taken, and the true one still is.
#[test]
fn transactions_cut_elsewhere_under_one_hash_are_another_block_or_none() {
    let mut chamber = Chamber::new(4);
    let (_, announced) = chamber.propose(1, 0, &[1, 2]);
    let block: Block = from_bytes(&announced.bytes).unwrap();
    let [one, two] = [0, 1].map(|at| block.transactions[at].clone());
    let joined = [one.bytes(), two.bytes()].concat();
    for cut in (0..=joined.len()).filter(|cut| *cut != one.bytes().len()) {
        let halves = joined.split_at(cut);
        let read = from_bytes::<Encoded>(halves.0).and(from_bytes::<Encoded>(halves.1));
        assert!(read.is_err(), "cut at {cut} they are transactions too");
    }
    let mut others = Vec::new();
    let lists = [vec![&two, &one], vec![&one], vec![&two], vec![&one, &one], vec![&one, &two, &two], vec![]];
    for list in lists {
        let transactions = list.into_iter().cloned().collect();
        others.push(to_bytes(&Block { transactions, ..block.clone() }));
    }
    for at in 0..announced.bytes.len() {
        let mut bytes = announced.bytes.clone();
        bytes[at] ^= 1;
        others.push(bytes);
        if at % 7 == 0 {
            others.push([&announced.bytes[..at], &announced.bytes[at + 1..]].concat());
            others.push([&announced.bytes[..at], &[0], &announced.bytes[at..]].concat());
        }
    }
    let (now, who) = (chamber.now(), (chamber.proposer(1, 0) + 1) % 4);
    for bytes in others {
        let mut announcement = announced.announcement.clone();
        announcement.content = sm3(&[&bytes]).0;
        announcement.size = u32::try_from(bytes.len()).unwrap();
        let signature = announced.signature;
        let judged = chamber.replicas[who]
            .receive(Announced { announcement, signature, backing: None, bytes }, now)
            .unwrap();
        assert_eq!(judged.unwrap().validity, Some(Validity::Invalid));
        chamber.replicas[who].forgive();
    }
    let certificate = chamber.certificate(&announced.announcement);
    let mut tips = BTreeSet::new();
    for replica in &mut chamber.replicas {
        replica.enter(LedgerHeight(1), Round::new(0), now).unwrap();
        replica.receive(announced.clone(), now).unwrap();
        replica.commit(&certificate).unwrap();
        tips.insert(replica.store().snapshot().state_root().unwrap().0);
    }
    assert_eq!(tips.len(), 1);
}
