//! The engine's questions and their answers: dispatch only. What is decided here is decided in
//! `replica.rs`.
//!
//! Every question is answered, and soon: the engine's host takes one at a time, and consensus
//! hangs at a question without answer. A fault ends the loop and with it the node. It runs on a
//! thread of its own, because it waits for the disk.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use borsh::BorshSerialize;
use bytes::Bytes;
use ledger::ids::Height;
use malachitebft_app_channel::app::consensus::SignedConsensusMsg;
use malachitebft_app_channel::app::engine::host::{HeightParams, Next, SyncedValueOutcome};
use malachitebft_app_channel::app::engine::util::events::Event;
use malachitebft_app_channel::app::events::RxEvent;
use malachitebft_app_channel::app::types::sync::RawDecidedValue;
use malachitebft_app_channel::app::types::{LocallyProposedValue, MisbehaviorEvidence, ProposedValue};
use malachitebft_app_channel::{AppMsg, Channels, NetworkMsg, NetworkRequest, Reply};
use malachitebft_core_types::{ExtendedCommitCertificate, Validity, VoteExtensions};
use tokio::sync::watch;

use crate::clock;
use crate::engine;
use crate::engine::context::{self, BlockRef, Ctx, Vote};
use crate::engine::signing;
use crate::fault::NodeFault;
use crate::follow::Follow;
use crate::intake::Intake;
use crate::limits::{PEERS_POLL, PEERS_WAIT, SYNC_BYTES_MAX, SYNC_HEIGHTS_MAX};
use crate::parts::{Arrival, Parts};
use crate::replica::{self, Announced, Replica};
use crate::store::Store;
use crate::store::columns::Undecided;

/// Answers the engine.
pub(crate) struct App {
    pub(crate) replica: Replica,
    pub(crate) store: Arc<Store>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) follow: Arc<Follow>,
    pub(crate) validator: Arc<AtomicBool>,
    pub(crate) channels: Channels<Ctx>,
    pub(crate) parts: Parts,
    pub(crate) held: Option<Held>,
    /// The highest height a heeded first part was seen for.
    pub(crate) begun: Height,
    /// The highest height that came from a node that was ahead.
    pub(crate) caught_up: Height,
}

/// The start of a height that waits for a reason.
pub(crate) struct Held {
    height: Height,
    since: Instant,
    reply: Reply<Next<Ctx>>,
}

impl App {
    /// Answers until told to stop, or until the engine or the store breaks.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), NodeFault> {
        let mut events = self.channels.events.subscribe();
        let intake = Arc::clone(&self.intake);
        let mut stopping = stop.clone();
        self.validator.store(self.replica.votes(), Ordering::Relaxed);
        loop {
            let heartbeat = self.held.as_ref().map(|held| held.since + self.replica.heartbeat());
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                question = self.channels.consensus.recv() => match question {
                    Some(question) => {
                        tokio::select! {
                            _ = stopping.wait_for(|stop| *stop) => return Ok(()),
                            answered = self.answer(question) => answered?,
                        }
                    }
                    None => return Err(NodeFault::engine("it closed its channel")),
                },
                () = intake.arrived() => self.release_if("a transaction waits", |app, _| !app.intake.is_empty()),
                vote = vote(&mut events), if self.held.is_some() => {
                    self.release_if("a validator votes", |app, height| app.is_genuine(&vote, height));
                }
                () = until(heartbeat), if heartbeat.is_some() => self.release_if("heartbeat", |_, _| true),
            }
        }
    }

    async fn answer(&mut self, question: AppMsg<Ctx>) -> Result<(), NodeFault> {
        match question {
            AppMsg::ConsensusReady { reply } => {
                self.wait_for_peers().await;
                let start = (self.replica.next_height().into(), self.replica.params());
                reply.send(start).ok(); // a reply fails only when the engine is gone, which `recv` tells
            }
            AppMsg::StartedRound { height, round, reply_value, .. } => {
                let known = self.replica.enter(height.into(), round)?;
                reply_value.send(known.iter().filter_map(proposed).collect()).ok();
            }
            AppMsg::GetValue { height, round, reply, .. } => {
                let candidates = self.intake.candidates();
                let made = self.replica.propose(height.into(), round, candidates)?;
                let value = BlockRef(made.announced.announcement.id);
                reply.send(LocallyProposedValue::new(height, round, value)).ok();
                if made.empty {
                    self.intake.refuse(made.left_out);
                }
                self.publish(&made.announced).await;
            }
            AppMsg::ReceivedProposalPart { from, published_by, part, reply } => {
                let publisher = published_by.unwrap_or(from);
                let replica = &self.replica;
                let heeds = |announcement: &_, signature: &_| replica.heeds(announcement, signature);
                let value = match self.parts.take(publisher, part, Instant::now(), heeds) {
                    Arrival::Complete(announced) => {
                        self.begun = self.begun.max(announced.announcement.height.into());
                        self.replica.receive(announced)?.as_ref().and_then(proposed)
                    }
                    Arrival::Begun(height) => {
                        self.begun = self.begun.max(height);
                        None
                    }
                    Arrival::Nothing => None,
                };
                reply.send(value).ok();
                self.release_if("a block is on its way", |app, next| app.begun >= next);
            }
            AppMsg::RestreamProposal { height, round, valid_round, address, value_id } => {
                match self.replica.again(height.into(), round, valid_round, address, value_id)? {
                    Some(announced) => self.publish(&announced).await,
                    None => tracing::debug!(block.height = height.0, "asked to send a block we do not hold"),
                }
            }
            AppMsg::Decided { certificate, reply, .. } => {
                let (block, tip) = self.replica.commit(&certificate)?;
                reply.send(()).ok();
                tracing::info!(
                    block.height = tip.height.0,
                    block.id = %tip.block,
                    block.transactions = block.transactions.len(),
                    round = certificate.round.as_i64(),
                    "block"
                );
                self.validator.store(self.replica.votes(), Ordering::Relaxed);
                self.parts.forget(tip.height);
                self.intake.settle(&block, &tip);
                self.follow.publish(tip);
            }
            AppMsg::Finalized { certificate, evidence, reply, .. } => {
                self.keep(certificate.height.into(), &evidence)?;
                let height = self.replica.next_height();
                self.held = Some(Held { height, since: Instant::now(), reply });
                self.release_if("nothing to wait for", |app, next| app.must_go_on(next));
            }
            AppMsg::GetDecidedValues { range, reply } => {
                reply.send(self.decided((*range.start()).into(), (*range.end()).into())).ok();
            }
            AppMsg::GetHistoryMinHeight { reply } => {
                reply.send(context::Height(1)).ok(); // nothing is pruned
            }
            AppMsg::ProcessSyncedValue { height, round, proposer, value_bytes, reply } => {
                let received = self.replica.receive_decided(height.into(), round, proposer, &value_bytes)?;
                self.caught_up = self.caught_up.max(height.into());
                let outcome = match received.as_ref().and_then(proposed) {
                    Some(value) => SyncedValueOutcome::Verdict(value),
                    None => SyncedValueOutcome::PeerFault,
                };
                reply.send(outcome).ok();
                self.release_if("others are ahead", |_, _| true);
            }
            AppMsg::ExtendVote { reply, .. } => {
                reply.send(None).ok(); // extensions are disabled on this chain
            }
            AppMsg::VerifyVoteExtensions { extensions, reply, .. } => {
                reply.send(extensions.into_iter().map(|(address, ())| (address, Ok(()))).collect()).ok();
            }
        }
        Ok(())
    }

    /// The engine is ready as soon as it listens, but what it says before anybody is in the mesh is
    /// lost, and a vote may not be said again: with only just enough validators the height would hang.
    /// So one that votes waits a while for two thirds of the others, and then for one at least, through
    /// whom gossip reaches the rest; without any nothing can be decided. One that only follows does
    /// not wait for long.
    async fn wait_for_peers(&self) {
        if self.replica.is_alone() {
            return;
        }
        let mut enough = self.replica.others().saturating_mul(2).div_ceil(3);
        let mut turns = tokio::time::interval(PEERS_POLL);
        let since = Instant::now();
        loop {
            turns.tick().await;
            if let Ok(Some(network)) = NetworkRequest::dump_state(&self.channels.net_requests).await {
                let hears_votes = |topics: &HashSet<String>| topics.iter().any(|t| engine::is_votes(t));
                if network.peers.values().filter(|peer| hears_votes(&peer.topics)).count() >= enough {
                    return;
                }
            }
            if since.elapsed() >= PEERS_WAIT {
                if !self.replica.votes() {
                    return;
                }
                if enough > 1 {
                    tracing::warn!("less than two thirds of the other validators are connected");
                    enough = 1;
                }
            }
        }
    }

    async fn publish(&mut self, announced: &Announced) {
        for message in self.parts.cut(announced) {
            if self.channels.network.send(NetworkMsg::PublishProposalPart(message)).await.is_err() {
                return; // the engine is gone, which `recv` tells
            }
        }
    }

    /// Starts the held height if the reason holds.
    fn release_if(&mut self, why: &str, reason: impl FnOnce(&Self, Height) -> bool) {
        let Some(height) = self.held.as_ref().map(|held| held.height) else { return };
        if !reason(self, height) {
            return;
        }
        if let Some(held) = self.held.take() {
            tracing::debug!(
                block.height = height.0,
                waited_ms = held.since.elapsed().as_millis(),
                why,
                "height starts"
            );
            let params: HeightParams<Ctx> = self.replica.params();
            held.reply.send(Next::Start(height.into(), params)).ok();
        }
    }

    /// Whether the next height must not wait. A node that does not vote starts no block and must not
    /// keep others' from itself; one that is behind asks for the next block only when it starts it.
    fn must_go_on(&self, next: Height) -> bool {
        let tip = self.store.last_tip();
        let pause = u64::try_from(self.replica.heartbeat().as_millis()).unwrap_or(u64::MAX) / 2;
        let is_behind = self.caught_up >= tip.height || tip.time.plus_ms(pause) < clock::now();
        !self.replica.votes() || is_behind || !self.intake.is_empty() || self.begun >= next
    }

    /// Whether a vote for the height that waits really is a validator's.
    fn is_genuine(&self, (vote, signature): &(Vote, signing::Sig), height: Height) -> bool {
        vote.height == height.into()
            && self
                .replica
                .validators()
                .key(&vote.address)
                .is_some_and(|key| signing::voted_by(self.store.chain(), vote, signature, key))
    }

    fn decided(&self, first: Height, last: Height) -> Vec<RawDecidedValue<Ctx>> {
        let snapshot = self.store.snapshot();
        let last = last.min(snapshot.tip().height).0.min(first.0.saturating_add(SYNC_HEIGHTS_MAX - 1));
        let mut values = Vec::new();
        let mut bytes = 0usize;
        for height in (first.0..=last).map(Height) {
            let (Some(block), Some(certificate)) =
                (snapshot.block_bytes(height), snapshot.certificate(height))
            else {
                break;
            };
            bytes = bytes.saturating_add(block.len());
            if !values.is_empty() && bytes > SYNC_BYTES_MAX {
                break;
            }
            let certificate = ExtendedCommitCertificate::from_commit_certificate_and_extensions(
                replica::to_engine(&certificate),
                VoteExtensions::default(),
            );
            values.push(RawDecidedValue::new(Bytes::from(block), certificate));
        }
        values
    }

    /// Conflicting messages of one validator are told only once: they are kept on disk.
    fn keep(&self, height: Height, evidence: &MisbehaviorEvidence<Ctx>) -> Result<(), NodeFault> {
        let mut proofs = Vec::new();
        for (validator, pairs) in evidence.votes.iter() {
            tracing::error!(block.height = height.0, %validator, "a validator voted twice");
            for pair in pairs {
                proofs.push(proof(0, pair)?);
            }
        }
        for (validator, pairs) in evidence.proposals.iter() {
            tracing::error!(block.height = height.0, %validator, "a validator proposed twice");
            for pair in pairs {
                proofs.push(proof(1, pair)?);
            }
        }
        if proofs.is_empty() { Ok(()) } else { self.store.put_misbehaviour(height, &proofs) }
    }
}

fn proof(kind: u8, pair: &impl BorshSerialize) -> Result<Vec<u8>, NodeFault> {
    borsh::to_vec(&(kind, pair)).map_err(NodeFault::store)
}

/// A judged proposal in the engine's words.
fn proposed(undecided: &Undecided) -> Option<ProposedValue<Ctx>> {
    let announcement = &undecided.announcement;
    let validity: Validity = undecided.validity?;
    Some(ProposedValue {
        height: announcement.height,
        round: announcement.round,
        valid_round: announcement.valid_round,
        proposer: announcement.proposer,
        value: BlockRef(announcement.id),
        validity,
    })
}

/// The next vote that comes from the network, checked by nobody yet.
async fn vote(events: &mut RxEvent<Ctx>) -> (Vote, signing::Sig) {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match events.recv().await {
            Ok(Event::Received(SignedConsensusMsg::Vote(vote))) => return (vote.message, vote.signature),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
