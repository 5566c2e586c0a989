//! The engine's questions, and who else wakes the council: channels in and out, nothing else. What
//! is answered is decided in `council.rs`.
//!
//! Every question is answered, and soon: the engine's host takes one at a time, and consensus
//! hangs at a question without answer. A fault ends the loop and with it the node. It runs on a
//! thread of its own, because it waits for the disk.

use std::sync::Arc;
use std::time::Instant;

use malachitebft_app_channel::app::consensus::SignedConsensusMsg;
use malachitebft_app_channel::app::engine::host::Next;
use malachitebft_app_channel::app::engine::util::events::Event;
use malachitebft_app_channel::app::events::RxEvent;
use malachitebft_app_channel::app::streaming::StreamMessage;
use malachitebft_app_channel::{AppMsg, Channels, NetworkMsg, Reply};
use malachitebft_core_types::PolkaCertificate;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::council::{Council, Start};
use crate::engine::context::{self, Ctx, Part, Vote};
use crate::engine::signing::Sig;
use crate::fault::NodeFault;
use crate::follow::Follow;
use crate::intake::Intake;
use crate::standing::Standing;

/// Carries questions and answers between the engine and the council.
pub(crate) struct App {
    pub(crate) council: Council,
    pub(crate) intake: Arc<Intake>,
    pub(crate) follow: Arc<Follow>,
    pub(crate) standing: Arc<Standing>,
    pub(crate) channels: Channels<Ctx>,
    pub(crate) clock: Clock,
    /// Where the start of a height goes that is held.
    pub(crate) held: Option<Reply<Next<Ctx>>>,
}

impl App {
    /// Answers until told to stop, or until the engine or the store breaks.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), NodeFault> {
        let mut events = self.channels.events.subscribe();
        let intake = Arc::clone(&self.intake);
        let mut stopping = stop.clone();
        self.standing.set_votes(self.council.replica().votes());
        loop {
            let due = self.council.due();
            let start = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                question = self.channels.consensus.recv() => match question {
                    Some(question) => {
                        if matches!(question, AppMsg::RestreamProposal { .. }) {
                            // The engine has told before what backs the block.
                            told(&mut events).into_iter().for_each(|polka| self.council.back(polka));
                        }
                        tokio::select! {
                            _ = stopping.wait_for(|stop| *stop) => return Ok(()),
                            answered = self.answer(question) => answered?,
                        }
                    }
                    None => return Err(NodeFault::engine("it closed its channel")),
                },
                () = intake.arrived() => self.council.stir(intake.is_ready()),
                (vote, signature) = vote(&mut events), if due.is_some() => self.council.see(&vote, &signature, self.clock.now()),
                () = until(due), if due.is_some() => self.council.wake(self.clock.now()),
            };
            if let Some(Start { height, params, why }) = start
                && let Some(reply) = self.held.take()
            {
                tracing::debug!(block.height = height.0, why, "height starts");
                reply.send(Next::Start(height.into(), params)).ok();
            }
        }
    }

    /// Answers a question. What is left is the start of a height that is held no longer.
    async fn answer(&mut self, question: AppMsg<Ctx>) -> Result<Option<Start>, NodeFault> {
        let now = self.clock.now();
        match question {
            AppMsg::ConsensusReady { reply } => {
                reply.send(self.council.first()).ok(); // it fails only when the engine is gone, which `recv` tells
            }
            AppMsg::StartedRound { height, round, reply_value, .. } => {
                reply_value.send(self.council.enter(height.into(), round, now)?).ok();
            }
            AppMsg::GetValue { height, round, reply, .. } => {
                let candidates = self.intake.candidates(self.council.budget(round));
                let made = self.council.propose(height.into(), round, candidates, now)?;
                reply.send(made.value).ok();
                self.intake.refuse(made.refused);
                self.publish(made.parts).await;
            }
            AppMsg::ReceivedProposalPart { from, published_by, part, reply } => {
                let (value, start) = self.council.hear(published_by.unwrap_or(from), part, now)?;
                reply.send(value).ok();
                self.standing.set_clock_ahead_ms(self.council.replica().clock_ahead_ms());
                return Ok(start);
            }
            AppMsg::RestreamProposal { height, round, valid_round, address, value_id } => {
                let rounds = (height.into(), round, valid_round);
                let parts = self.council.again(rounds, address, value_id, now)?;
                self.publish(parts).await;
            }
            AppMsg::Decided { certificate, reply, .. } => {
                let (block, tip) = self.council.decide(&certificate)?;
                reply.send(()).ok();
                tracing::info!(
                    block.height = tip.height.0,
                    block.id = %tip.block,
                    block.transactions = block.transactions.len(),
                    round = certificate.round.as_i64(),
                    "block"
                );
                self.standing.set_votes(self.council.replica().votes());
                self.intake.settle(&block, &tip);
                self.follow.publish(tip);
            }
            AppMsg::Finalized { certificate, evidence, reply, .. } => {
                self.held = Some(reply);
                let waits = self.intake.is_ready();
                return self.council.finish(certificate.height.into(), &evidence, waits, now);
            }
            AppMsg::GetDecidedValues { range, reply } => {
                reply.send(self.council.decided((*range.start()).into(), (*range.end()).into())).ok();
            }
            AppMsg::GetHistoryMinHeight { reply } => {
                reply.send(context::Height(1)).ok(); // nothing is pruned
            }
            AppMsg::ProcessSyncedValue { height, round, proposer, value_bytes, reply } => {
                let at = (height.into(), round);
                let (outcome, start) = self.council.catch_up(at, proposer, &value_bytes)?;
                reply.send(outcome).ok();
                return Ok(start);
            }
            AppMsg::ExtendVote { reply, .. } => {
                reply.send(None).ok(); // extensions are disabled on this chain
            }
            AppMsg::VerifyVoteExtensions { extensions, reply, .. } => {
                reply.send(extensions.into_iter().map(|(address, ())| (address, Ok(()))).collect()).ok();
            }
        }
        Ok(None)
    }

    async fn publish(&self, parts: Vec<StreamMessage<Part>>) {
        for part in parts {
            if self.channels.network.send(NetworkMsg::PublishProposalPart(part)).await.is_err() {
                return; // the engine is gone, which `recv` tells
            }
        }
    }
}

/// What the engine told of prevotes of two thirds, if nobody listened since.
fn told(events: &mut RxEvent<Ctx>) -> Vec<PolkaCertificate<Ctx>> {
    use tokio::sync::broadcast::error::TryRecvError;
    let mut polkas = Vec::new();
    loop {
        match events.try_recv() {
            Ok(Event::PolkaCertificate(polka)) => polkas.push(polka),
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return polkas,
        }
    }
}

/// The next vote that comes from the network, checked by nobody yet.
async fn vote(events: &mut RxEvent<Ctx>) -> (Vote, Sig) {
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
