//! What the engine's consensus actor does around its core, without an actor: phases, the log, the buffer,
//! timers. The lines it mirrors are listed in `simulation.rs`.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;
use std::time::Duration;

use futures::executor::block_on;
use malachitebft_app_channel::app::engine::host::HeightParams;
use malachitebft_app_channel::app::metrics::Metrics;
use malachitebft_app_channel::app::streaming::StreamMessage;
use malachitebft_app_channel::app::types::{
    LocallyProposedValue, MisbehaviorEvidence, PeerId, ProposedValue,
};
use malachitebft_core_consensus::{
    self as core, ConsensusMsg, Effect, Error, Input, LivenessMsg, Params, Resumable, Resume,
    SignedConsensusMsg, VoteExtensionError, process,
};
use malachitebft_core_types::{
    CommitCertificate, LinearTimeouts, NilOrVal, PolkaCertificate, Round, Timeout, ValidatorSet as _,
    ValueOrigin, ValuePayload, ValueResponse, VoteType,
};
use malachitebft_signing::{Signer as _, Verifier as _, VerifierExt as _};

use crate::engine::context::{Address, BlockId, Ctx, Height, Part};
use crate::engine::signing::{Signer, Verifier};

/// Messages kept until the first height runs; the newest is dropped.
const BUFFER_MAX: usize = 1_024;
/// Heights of which the core keeps what comes early, and how much of each: the engine's defaults.
const QUEUE_HEIGHTS: usize = 10;
const QUEUE_PER_HEIGHT: usize = 500;

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::default);

/// What is around the engine.
pub(super) trait Outside {
    /// Its entries of a height, oldest first; those of another height are gone.
    fn log_of(&mut self, height: Height) -> Vec<Input<Ctx>>;
    fn append(&mut self, height: Height, entry: Input<Ctx>);
    fn flush(&mut self);
    /// The host knows these proposals for a round that starts. It has answered everything before.
    fn started_round(&mut self, height: Height, round: Round) -> Vec<ProposedValue<Ctx>>;
    /// Something for the host to do when it comes to it.
    fn ask(&mut self, question: Question);
    fn publish(&mut self, said: Said);
    fn start_timer(&mut self, timeout: Timeout, generation: u64, wait: Duration);
    /// What is told to whoever listens.
    fn tell(&mut self, event: Told);
    /// Comes back to the engine after what waits for it.
    fn remember(&mut self, message: Message);
    /// A height has started: what was fetched for it is wanted now.
    fn started_height(&mut self, height: Height);
    /// A value that a peer sent proves nothing.
    fn blame(&mut self, peer: PeerId, height: Height);
}

/// What the host is asked.
#[derive(Clone, Debug)]
pub(super) enum Question {
    Ready,
    Value(Height, Round),
    Part(PeerId, StreamMessage<Part>),
    Again {
        height: Height,
        round: Round,
        valid_round: Round,
        proposer: Address,
        id: BlockId,
    },
    Decided(CommitCertificate<Ctx>),
    Finalized(CommitCertificate<Ctx>, MisbehaviorEvidence<Ctx>),
    Synced(ValueResponse<Ctx>, Address),
    /// Not the engine's own: a peer wants decided blocks.
    Blocks(usize, u64, u64),
}

/// What goes out to all peers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Consensus(SignedConsensusMsg<Ctx>),
    Liveness(LivenessMsg<Ctx>),
}

/// What the engine tells: its events, as far as they follow from its core.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    Round(Height, Round),
    Published(SignedConsensusMsg<Ctx>),
    Decided(CommitCertificate<Ctx>),
    Finalized(CommitCertificate<Ctx>),
    Received(SignedConsensusMsg<Ctx>),
    Polka(PolkaCertificate<Ctx>),
    Replayed(usize),
}

/// What comes to the engine.
#[derive(Clone, Debug)]
pub(super) enum Message {
    StartHeight(Height, HeightParams<Ctx>),
    Heard(Heard),
    Timeout(Timeout, u64),
    Propose(LocallyProposedValue<Ctx>),
    Value(ProposedValue<Ctx>, ValueOrigin),
    Sync(ValueResponse<Ctx>),
}

/// What peers say.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    Said(Said),
    Part(PeerId, StreamMessage<Part>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Ready,
    Recovering,
    Running,
}

/// The engine of one life of a node.
pub(super) struct Engine {
    state: Option<core::State<Ctx>>,
    buffer: VecDeque<Message>,
    hands: Hands,
}

/// What effects are handled with.
struct Hands {
    params: Params<Ctx>,
    phase: Phase,
    is_validator: bool,
    timeouts: LinearTimeouts,
    timers: HashMap<Timeout, u64>,
    generation: u64,
    verifier: Verifier,
    signer: Option<Signer>,
    /// What was proposed last, if that is voted for whatever was locked on (a fault on purpose).
    forgets: Option<Option<(Height, Round, BlockId)>>,
}

/// Why the engine stopped. No honest node's may.
pub(super) type Stopped = String;

impl Engine {
    pub(super) fn new(me: Address, verifier: Verifier, signer: Option<Signer>) -> Self {
        let params = Params {
            address: me,
            threshold_params: Default::default(),
            value_payload: ValuePayload::ProposalAndParts,
            enabled: signer.is_some(),
        };
        let hands = Hands {
            params,
            phase: Phase::Ready,
            is_validator: false,
            timeouts: LinearTimeouts::default(),
            timers: HashMap::new(),
            generation: 0,
            verifier,
            signer,
            forgets: None,
        };
        Self { state: None, buffer: VecDeque::new(), hands }
    }

    /// From now on it votes for what is proposed, whatever it is locked on.
    pub(super) fn forget_locks(&mut self) {
        self.hands.forgets = Some(None);
    }

    /// Where it is.
    pub(super) fn place(&self) -> (Height, Round) {
        self.state.as_ref().map_or((Height(0), Round::Nil), |state| (state.height(), state.round()))
    }

    /// The waits that run.
    pub(super) fn timers(&self) -> Vec<(Timeout, u64)> {
        self.hands.timers.iter().map(|(timeout, generation)| (*timeout, *generation)).collect()
    }

    /// The longest a step of a round waits.
    pub(super) fn longest_wait(&self) -> Duration {
        self.hands.timeouts.max_timeout
    }

    pub(super) fn handle(&mut self, message: Message, outside: &mut impl Outside) -> Result<(), Stopped> {
        if self.hands.phase != Phase::Running && !matches!(message, Message::StartHeight(..)) {
            if self.buffer.len() < BUFFER_MAX {
                self.buffer.push_back(message);
            }
            return Ok(());
        }
        match message {
            Message::StartHeight(height, params) => self.start(height, params, outside),
            Message::Heard(Heard::Part(publisher, part)) => {
                outside.ask(Question::Part(publisher, part));
                Ok(())
            }
            Message::Heard(Heard::Said(Said::Consensus(message))) => {
                outside.tell(Told::Received(message.clone()));
                let input = match message {
                    SignedConsensusMsg::Vote(vote) => Input::Vote(vote),
                    SignedConsensusMsg::Proposal(proposal) => {
                        if let Some(last) = &mut self.hands.forgets {
                            *last = Some((proposal.height, proposal.round, proposal.value.0));
                        }
                        Input::Proposal(proposal)
                    }
                };
                self.process(input, outside)
            }
            Message::Heard(Heard::Said(Said::Liveness(message))) => match message {
                LivenessMsg::Vote(vote) => {
                    outside.tell(Told::Received(SignedConsensusMsg::Vote(vote.clone())));
                    self.process(Input::Vote(vote), outside)
                }
                LivenessMsg::PolkaCertificate(polka) => self.process(Input::PolkaCertificate(polka), outside),
                LivenessMsg::SkipRoundCertificate(round) => {
                    self.process(Input::RoundCertificate(round), outside)
                }
            },
            Message::Timeout(timeout, generation) => {
                if self.hands.timers.get(&timeout) != Some(&generation) {
                    return Ok(()); // cancelled meanwhile
                }
                self.hands.timers.remove(&timeout);
                self.process(Input::TimeoutElapsed(timeout), outside)
            }
            Message::Propose(value) => self.process(Input::Propose(value), outside),
            Message::Value(value, origin) => self.process(Input::ProposedValue(value, origin), outside),
            Message::Sync(value) => self.process(Input::SyncValueResponse(value), outside),
        }
    }

    fn start(
        &mut self,
        height: Height,
        params: HeightParams<Ctx>,
        outside: &mut impl Outside,
    ) -> Result<(), Stopped> {
        let set = params.validator_set;
        if set.count() == 0 {
            return Err("an empty set of validators".into());
        }
        let own = self.hands.params.clone();
        self.state.get_or_insert_with(|| {
            core::State::new(Ctx, height, set.clone(), own, QUEUE_HEIGHTS, QUEUE_PER_HEIGHT)
        });
        self.hands.is_validator =
            self.hands.params.enabled && set.get_by_address(&self.hands.params.address).is_some();
        let entries = if self.hands.is_validator { outside.log_of(height) } else { Vec::new() };
        self.hands.timeouts = params.timeouts;
        let start = Input::StartHeight(height, set, false, params.target_time, params.vote_extension_policy);
        self.process(start, outside)?;
        if !entries.is_empty() {
            self.hands.phase = Phase::Recovering;
            self.replay(entries, outside)?;
        }
        self.hands.phase = Phase::Running;
        outside.started_height(height);
        while let Some(message) = self.buffer.pop_front() {
            self.handle(message, outside)?;
        }
        Ok(())
    }

    /// An entry that cannot be applied hangs the engine "for safety".
    fn replay(&mut self, entries: Vec<Input<Ctx>>, outside: &mut impl Outside) -> Result<(), Stopped> {
        outside.tell(Told::Replayed(entries.len()));
        if let Some(state) = &mut self.state {
            state.record_recovered_own_precommit_extensions(entries.iter());
            state.index_wal_entries(entries.iter());
        }
        for entry in entries {
            self.process(entry, outside)?;
        }
        if let Some(state) = &mut self.state {
            state.reset_entries_index();
        }
        Ok(())
    }

    fn process(&mut self, input: Input<Ctx>, outside: &mut impl Outside) -> Result<(), Stopped> {
        let Self { state, hands, .. } = self;
        let state = state.as_mut().ok_or("no height has started")?;
        let done: Result<(), Error<Ctx>> = process!(
            input: input,
            state: state,
            metrics: &METRICS,
            with: effect => hands.handle(effect, outside)
        );
        done.map_err(|error| error.to_string())
    }
}

impl Hands {
    fn handle(&mut self, effect: Effect<Ctx>, outside: &mut impl Outside) -> Result<Resume<Ctx>, Stopped> {
        let logs = self.phase != Phase::Recovering && self.is_validator;
        let flush = |outside: &mut _| {
            if logs {
                Outside::flush(outside);
            }
        };
        Ok(match effect {
            Effect::CancelAllTimeouts(r) => {
                self.timers.clear();
                r.resume_with(())
            }
            Effect::CancelTimeout(timeout, r) => {
                self.timers.remove(&timeout);
                r.resume_with(())
            }
            Effect::ScheduleTimeout(timeout, r) => {
                self.generation += 1;
                self.timers.insert(timeout, self.generation);
                outside.start_timer(timeout, self.generation, self.timeouts.duration_for(timeout));
                r.resume_with(())
            }
            Effect::StartRound(height, round, _, _, r) => {
                flush(outside);
                outside.tell(Told::Round(height, round));
                for value in outside.started_round(height, round) {
                    outside.remember(Message::Value(value, ValueOrigin::Consensus));
                }
                r.resume_with(())
            }
            Effect::SignProposal(proposal, r) => {
                r.resume_with(block_on(self.signer()?.sign_proposal(proposal)).map_err(|e| e.to_string())?)
            }
            Effect::SignVote(mut vote, r) => {
                if let Some(Some((height, round, id))) = self.forgets
                    && (vote.height, vote.round, vote.kind) == (height, round, VoteType::Prevote)
                {
                    vote.value = NilOrVal::Val(id);
                }
                r.resume_with(block_on(self.signer()?.sign_vote(vote)).map_err(|e| e.to_string())?)
            }
            Effect::VerifySignature(signed, key, r) => {
                let signature = &signed.signature;
                let result = match &signed.message {
                    ConsensusMsg::Vote(vote) => {
                        block_on(self.verifier.verify_signed_vote(vote, signature, &key))
                    }
                    ConsensusMsg::Proposal(proposal) => {
                        block_on(self.verifier.verify_signed_proposal(proposal, signature, &key))
                    }
                };
                r.resume_with(result.is_ok_and(|result| result.is_valid()))
            }
            Effect::VerifyCommitCertificate(certificate, set, thresholds, r) => r.resume_with(block_on(
                self.verifier.verify_commit_certificate(&Ctx, &certificate, &set, thresholds),
            )),
            Effect::VerifyPolkaCertificate(certificate, set, thresholds, r) => r.resume_with(block_on(
                self.verifier.verify_polka_certificate(&Ctx, &certificate, &set, thresholds),
            )),
            Effect::VerifyExtendedCommitCertificate(certificate, set, thresholds, policy, r) => {
                let check = self.verifier.verify_extended_commit_certificate(
                    &Ctx,
                    &certificate,
                    &set,
                    thresholds,
                    policy,
                );
                r.resume_with(block_on(check))
            }
            Effect::VerifyRoundCertificate(certificate, set, thresholds, r) => r.resume_with(block_on(
                self.verifier.verify_round_certificate(&Ctx, &certificate, &set, thresholds),
            )),
            // Extensions are disabled on this chain.
            Effect::ExtendVote(_, _, _, _, r) => r.resume_with(None),
            Effect::VerifyVoteExtension(_, _, _, _, _, _, r) => {
                r.resume_with(Err(VoteExtensionError::InvalidSignature))
            }
            Effect::PublishConsensusMsg(message, r) => {
                flush(outside);
                outside.tell(Told::Published(message.clone()));
                outside.publish(Said::Consensus(message));
                r.resume_with(())
            }
            Effect::PublishLivenessMsg(message, r) => {
                if let LivenessMsg::PolkaCertificate(polka) = &message {
                    outside.tell(Told::Polka(polka.clone()));
                }
                outside.publish(Said::Liveness(message));
                r.resume_with(())
            }
            Effect::RepublishVote(vote, r) => {
                outside.publish(Said::Liveness(LivenessMsg::Vote(vote)));
                r.resume_with(())
            }
            Effect::RepublishRoundCertificate(certificate, r) => {
                outside.publish(Said::Liveness(LivenessMsg::SkipRoundCertificate(certificate)));
                r.resume_with(())
            }
            Effect::GetValue(height, round, _, r) => {
                outside.ask(Question::Value(height, round));
                r.resume_with(())
            }
            Effect::RestreamProposal(height, round, valid_round, proposer, id, r) => {
                outside.ask(Question::Again { height, round, valid_round, proposer, id });
                r.resume_with(())
            }
            Effect::Decide(certificate, _, r) => {
                flush(outside);
                outside.tell(Told::Decided(certificate.clone()));
                outside.ask(Question::Decided(certificate));
                r.resume_with(())
            }
            Effect::Finalize(certificate, _, evidence, r) => {
                outside.tell(Told::Finalized(certificate.clone()));
                outside.ask(Question::Finalized(certificate, evidence));
                r.resume_with(())
            }
            Effect::CertRejectedSyncValue(peer, height, _, r) => {
                outside.blame(peer, height);
                r.resume_with(())
            }
            Effect::CertVerifiedSyncValue(value, proposer, r) => {
                outside.ask(Question::Synced(value, proposer));
                r.resume_with(())
            }
            Effect::WalAppend(height, entry, r) => {
                if logs {
                    outside.append(height, entry);
                }
                r.resume_with(())
            }
        })
    }

    fn signer(&self) -> Result<&Signer, Stopped> {
        self.signer.as_ref().ok_or_else(|| "asked to sign without a key".into())
    }
}
