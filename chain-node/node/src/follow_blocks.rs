//! Follows decided blocks: asks connected peers for what comes after our head, checks it and writes it.
//! Who does not vote at the next height does this for ever and never speaks to the engine; a validator
//! that is late, or that may have signed what its folders do not know, does it before its engine starts.
//! Who answers is in `peers/blocks.rs`.
//!
//! It runs on the thread that else carries the engine's questions, because it waits for the disk.

mod append;
mod sources;

use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use ledger::department::address;
use ledger::ids::Address;
use ledger::tip::Tip;
use libp2p::PeerId;
use tokio::sync::watch;

use self::append::{Append, Appended, Lie, validators_of_next};
use self::sources::{Ask, Sources, Want};
use crate::checked::Checked;
use crate::clock::Clock;
use crate::fault::NodeFault;
use crate::follow::Follow;
use crate::intake::Intake;
use crate::limits::{HEIGHTS_BEHIND_MAX, PEERS_WAIT};
use crate::peers::blocks::{Answer, BlockPeers, Run, Unanswered};
use crate::standing::{Abstention, Standing};
use crate::store::Store;

/// What a follower must be given.
pub(crate) struct Setup {
    /// Where blocks go.
    pub(crate) store: Arc<Store>,
    /// Checks signatures.
    pub(crate) signatures: Arc<Checked>,
    /// Is told what a block holds.
    pub(crate) intake: Arc<Intake>,
    /// Is told the heads.
    pub(crate) follow: Arc<Follow>,
    /// Is told whether this node votes at the next height.
    pub(crate) standing: Arc<Standing>,
    /// Set if this validator follows first, until what it may have signed before is decided.
    pub(crate) abstains: Option<Abstention>,
    /// Who is asked.
    pub(crate) peers: BlockPeers,
    /// Ourselves.
    pub(crate) me: PeerId,
    /// The key this node votes with, if it may.
    pub(crate) voter: Option<gm::sm2::PublicKey>,
    /// What time it is.
    pub(crate) clock: Clock,
    /// Is told how it goes.
    pub(crate) progress: watch::Sender<Progress>,
}

/// How a node follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Heights the furthest peer is ahead.
    pub(crate) behind: u64,
    /// Who sent blocks last; nobody while the engine decides.
    pub(crate) source: Option<PeerId>,
}

/// Why a follower ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The node stops.
    Stopped,
    /// The node votes at the next height: the engine is to start.
    Votes,
}

type Outcome = (Ask, Result<Answer, Unanswered>);

/// Follows decided blocks.
pub(crate) struct Follower {
    store: Arc<Store>,
    append: Append,
    intake: Arc<Intake>,
    follow: Arc<Follow>,
    standing: Arc<Standing>,
    abstains: Option<Abstention>,
    peers: BlockPeers,
    sources: Sources,
    voter: Option<Address>,
    clock: Clock,
    progress: watch::Sender<Progress>,
    answers: FuturesUnordered<BoxFuture<'static, Outcome>>,
    begun: Instant,
    /// A validator found itself behind: it goes on until it is not.
    is_catching_up: bool,
    /// Whether this node votes at the next height, and whether nobody else does.
    votes: Votes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Votes {
    No,
    WithOthers,
    Alone,
}

impl Follower {
    /// What it tells what a block holds.
    pub(crate) const fn intake(&self) -> &Arc<Intake> {
        &self.intake
    }

    /// One that goes on at the store's head.
    pub(crate) fn new(setup: Setup) -> Result<Self, NodeFault> {
        let Setup {
            store,
            signatures,
            intake,
            follow,
            standing,
            abstains,
            peers,
            me,
            voter,
            clock,
            progress,
        } = setup;
        let mut follower = Self {
            append: Append::new(Arc::clone(&store), signatures),
            sources: Sources::new(me),
            voter: voter.map(|key| address(&key)),
            begun: clock.now().instant,
            answers: FuturesUnordered::new(),
            is_catching_up: false,
            votes: Votes::No,
            store,
            intake,
            follow,
            standing,
            abstains,
            peers,
            clock,
            progress,
        };
        follower.read_validators()?;
        Ok(follower)
    }

    /// Follows until told to stop, or until this node is to vote.
    pub(crate) async fn run(&mut self, mut stop: watch::Receiver<bool>) -> Result<End, NodeFault> {
        let mut connected = self.peers.connected.clone();
        self.sources.connect(&connected.borrow_and_update());
        loop {
            let now = self.clock.now().instant;
            if self.must_vote(now) {
                self.progress.send_replace(Progress::default());
                return Ok(End::Votes);
            }
            let head = self.store.last_tip().height;
            for ask in self.sources.next(head, now) {
                let answer = self.peers.clone().ask(ask.peer, ask.question);
                self.answers.push(Box::pin(async move { (ask, answer.await) }));
            }
            let behind = self.sources.lead(head).unwrap_or_default();
            self.progress.send_replace(Progress { behind, source: self.sources.favourite() });
            let due = self.due();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(End::Stopped),
                Some((ask, outcome)) = self.answers.next() => self.take(&ask, outcome)?,
                Ok(()) = connected.changed() => self.sources.connect(&connected.borrow_and_update()),
                () = until(due), if due.is_some() => {}
            }
        }
    }

    /// When something is due without any news.
    fn due(&self) -> Option<Instant> {
        let waits = self.votes != Votes::No && self.sources.lead(self.store.last_tip().height).is_none();
        self.sources.due().into_iter().chain(waits.then(|| self.begun + PEERS_WAIT)).min()
    }

    /// Whether the engine is to start: this node votes at the next height, and is not behind what others
    /// say, as far as anybody says something in time.
    fn must_vote(&mut self, now: Instant) -> bool {
        match self.votes {
            Votes::No => false,
            Votes::Alone => true,
            Votes::WithOthers => match self.sources.lead(self.store.last_tip().height) {
                Some(0) => true,
                Some(lead) => {
                    self.is_catching_up |= lead > HEIGHTS_BEHIND_MAX;
                    !self.is_catching_up
                }
                None => now >= self.begun + PEERS_WAIT,
            },
        }
    }

    fn read_validators(&mut self) -> Result<(), NodeFault> {
        let set = validators_of_next(&self.store.snapshot())?;
        self.votes = match self.voter.filter(|voter| set.get(voter).is_some()) {
            Some(_) if self.abstains.is_some() => Votes::No,
            None => Votes::No,
            Some(_) if set.validators().len() == 1 => Votes::Alone,
            Some(_) => Votes::WithOthers,
        };
        self.standing.set_votes(self.votes != Votes::No);
        Ok(())
    }

    fn take(&mut self, ask: &Ask, outcome: Result<Answer, Unanswered>) -> Result<(), NodeFault> {
        let now = self.clock.now().instant;
        match outcome {
            Err(why) => self.sources.silent(ask, why, now),
            Ok(Answer::Busy) => self.sources.busy(ask, now),
            Ok(Answer::Run(run)) if self.sources.told(ask, run.head, run.blocks.len(), now) => {
                if ask.want == Want::Blocks && !run.blocks.is_empty() {
                    self.write(ask, run)?;
                }
            }
            Ok(Answer::Run(_)) => self.doubt(ask.peer, Lie::Height),
        }
        Ok(())
    }

    fn write(&mut self, ask: &Ask, run: Run) -> Result<(), NodeFault> {
        let validators = self.store.last_tip().validators;
        let Appended { blocks, lie } = self.append.append(ask.question.after, run)?;
        let tip = blocks.last().map(|(_, tip)| *tip);
        for (block, tip) in blocks {
            tracing::info!(
                block.height = tip.height.0,
                block.id = %tip.block,
                block.transactions = block.transactions.len(),
                from = %ask.peer,
                "block followed"
            );
            self.intake.settle(&block, &tip);
        }
        if let Some(tip) = tip {
            self.sources.gave(ask.peer);
            if self.ends_abstaining(&tip)? || tip.validators != validators {
                self.read_validators()?;
            }
            self.follow.publish(tip);
        }
        if let Some(lie) = lie {
            self.doubt(ask.peer, lie);
        }
        Ok(())
    }

    /// Whether from this block on a validator votes that only followed.
    fn ends_abstaining(&mut self, tip: &Tip) -> Result<bool, NodeFault> {
        let is_over = match &self.abstains {
            Some(abstains) => abstains.is_over(tip)?,
            None => false,
        };
        if is_over {
            self.abstains = None;
            tracing::info!(
                block.height = tip.height.0,
                "decided up to where this validator may have signed before: it votes from here on"
            );
        }
        Ok(is_over)
    }

    fn doubt(&mut self, peer: PeerId, lie: Lie) {
        tracing::warn!(%peer, %lie, "a peer is not asked for blocks for a while");
        self.sources.lied(peer, self.clock.now().instant);
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
