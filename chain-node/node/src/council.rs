//! What this node answers the consensus engine, and what it does besides. The time and what waits
//! come in as arguments, answers and acts go out as values: no channel, no clock, no task. How
//! questions come and answers go is `app.rs`; what is decided over blocks is `replica.rs`.
//!
//! Here alone it is decided when a height starts: an idle chain waits for a reason (a transaction,
//! a block or a vote of another validator, a node that is ahead), and for its heartbeat without one. Behind
//! an empty block it takes more than a third of the validators, or some patience.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use ledger::apply::Verified;
use ledger::block::Block;
use ledger::equivocation::{Equivocation, Message};
use ledger::ids::{Height, TxId};
use ledger::refusal::Refusal;
use ledger::tip::Tip;
use malachitebft_app_channel::app::engine::host::{HeightParams, SyncedValueOutcome};
use malachitebft_app_channel::app::streaming::StreamMessage;
use malachitebft_app_channel::app::types::sync::RawDecidedValue;
use malachitebft_app_channel::app::types::{
    LocallyProposedValue, MisbehaviorEvidence, PeerId, ProposedValue,
};
use malachitebft_core_types::{
    CommitCertificate, ExtendedCommitCertificate, PolkaCertificate, Round, Validity, VoteExtensions,
};

use crate::clock::Now;
use crate::engine::certificate::{to_engine, with_certificate};
use crate::engine::context::{self, Address, Backing, BlockId, BlockRef, Ctx, Part, Vote};
use crate::engine::signing::{Sig, proposal_message, vote_message};
use crate::fault::NodeFault;
use crate::limits::{QUIET_SHARE, SYNC_BYTES_MAX, SYNC_HEIGHTS_MAX};
use crate::parts::{Arrival, Parts};
use crate::replica::Replica;
use crate::store::Store;
use crate::store::columns::Undecided;

/// Answers the engine's questions.
pub(crate) struct Council {
    replica: Replica,
    store: Arc<Store>,
    parts: Parts,
    held: Option<Held>,
    /// Who announced a block or voted, by height: they ask for that height to start.
    asking: BTreeMap<Height, BTreeSet<Address>>,
    /// Whether the last block was empty.
    is_idle: bool,
    /// The highest height that came from a node that was ahead.
    caught_up: Height,
}

/// The start of a height that waits for a reason.
struct Held {
    height: Height,
    since: Instant,
}

/// A height that starts, and its reason.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) height: Height,
    pub(crate) params: HeightParams<Ctx>,
    pub(crate) why: &'static str,
}

/// A block of ours goes out.
pub(crate) struct Proposed {
    /// The answer.
    pub(crate) value: LocallyProposedValue<Ctx>,
    /// Its parts, for everyone else.
    pub(crate) parts: Vec<StreamMessage<Part>>,
    /// What can no longer take effect, and why.
    pub(crate) refused: Vec<(TxId, Refusal)>,
}

impl Council {
    /// One that decides with this replica.
    pub(crate) fn new(store: Arc<Store>, replica: Replica) -> Self {
        let (asking, caught_up) = (BTreeMap::new(), Height(0));
        Self { replica, store, parts: Parts::default(), held: None, asking, is_idle: false, caught_up }
    }

    /// What it decides with.
    pub(crate) fn replica(&self) -> &Replica {
        &self.replica
    }

    /// Where consensus goes on.
    pub(crate) fn first(&self) -> (context::Height, HeightParams<Ctx>) {
        (self.replica.next_height().into(), self.replica.params())
    }

    /// Consensus entered a round: the proposals known for it.
    pub(crate) fn enter(
        &mut self,
        height: Height,
        round: Round,
        now: Now,
    ) -> Result<Vec<ProposedValue<Ctx>>, NodeFault> {
        Ok(self.replica.enter(height, round, now.time)?.iter().filter_map(proposed).collect())
    }

    /// How many signatures a block of ours may bring in this round.
    pub(crate) fn budget(&self, round: Round) -> usize {
        self.replica.budget(round)
    }

    /// It is our turn.
    pub(crate) fn propose(
        &mut self,
        height: Height,
        round: Round,
        candidates: Vec<Verified>,
        now: Now,
    ) -> Result<Proposed, NodeFault> {
        let made = self.replica.propose(height, round, candidates, now.time)?;
        let value = BlockRef(made.announced.announcement.id);
        Ok(Proposed {
            value: LocallyProposedValue::new(height.into(), round, value),
            parts: self.parts.cut(&made.announced, now.time),
            refused: made.refused,
        })
    }

    /// A part of somebody's block came: the block, if it is complete.
    pub(crate) fn hear(
        &mut self,
        publisher: PeerId,
        part: StreamMessage<Part>,
        now: Now,
    ) -> Result<(Option<ProposedValue<Ctx>>, Option<Start>), NodeFault> {
        let replica = &mut self.replica;
        let heeds = |announcement: &_, signature: &_| replica.heeds(announcement, signature);
        let value = match self.parts.take(publisher, part, now.instant, heeds) {
            Arrival::Complete(announced) => {
                let announcement = &announced.announcement;
                self.ask(announcement.height.into(), announcement.proposer);
                let received = self.replica.receive(*announced, now.time)?;
                self.tell_of_clock(now.instant);
                received.as_ref().and_then(proposed)
            }
            Arrival::Begun(height, proposer) => {
                self.ask(height, proposer);
                None
            }
            Arrival::Nothing => None,
        };
        for proof in self.replica.equivocations() {
            tracing::error!(block.height = proof.height.0, validator = %proof.validator, "a validator announced two blocks in one round");
            self.store.put_equivocation(&proof)?;
        }
        let is_asked = self.is_asked(self.replica.next_height(), now.instant);
        Ok((value, self.start_if("a block is on its way", is_asked)))
    }

    /// A validator wants a height to start.
    fn ask(&mut self, height: Height, validator: Address) {
        if height >= self.replica.next_height() {
            self.asking.entry(height).or_default().insert(validator);
        }
    }

    /// Whether a height is to start because others ask. Behind an empty block one validator's word does not do for a
    /// while: it could keep an idle chain busy for ever.
    fn is_asked(&self, height: Height, now: Instant) -> bool {
        // Who asks for a later one has decided this one already.
        let asking: BTreeSet<_> =
            self.asking.range(height..).flat_map(|(_, asking)| asking).copied().collect();
        !asking.is_empty() && (!self.is_quiet(now) || self.replica.is_third(&asking))
    }

    fn is_quiet(&self, now: Instant) -> bool {
        self.is_idle && self.quiet_until().is_none_or(|until| now < until)
    }

    fn quiet_until(&self) -> Option<Instant> {
        self.held.as_ref().map(|held| held.since + self.replica.heartbeat() / QUIET_SHARE)
    }

    fn tell_of_clock(&mut self, now: Instant) {
        if let Some(ahead_ms) = self.replica.clock_ahead_ms()
            && self.replica.is_clock_to_be_told(ahead_ms, now)
        {
            tracing::warn!(
                ahead_ms,
                "this machine's clock differs from the other validators': set it by a time server, or blocks will be refused"
            );
        }
    }

    /// Our own engine saw prevotes of two thirds for a block.
    pub(crate) fn back(&mut self, polka: PolkaCertificate<Ctx>) {
        let signed = polka.polka_signatures.into_iter();
        let prevotes = signed.map(|signed| (signed.address, signed.signature)).collect();
        self.replica.back(polka.height.into(), polka.value_id, Backing { round: polka.round, prevotes });
    }

    /// The parts of a block that goes out once more; none if we do not hold it.
    pub(crate) fn again(
        &mut self,
        (height, round, valid_round): (Height, Round, Round),
        proposer: Address,
        id: BlockId,
        now: Now,
    ) -> Result<Vec<StreamMessage<Part>>, NodeFault> {
        match self.replica.again(height, round, valid_round, proposer, id)? {
            Some(announced) => Ok(self.parts.cut(&announced, now.time)),
            None => {
                tracing::debug!(block.height = height.0, "asked to send a block we do not hold");
                Ok(Vec::new())
            }
        }
    }

    /// A block is decided. It and what follows from it are on disk when this returns.
    pub(crate) fn decide(&mut self, certificate: &CommitCertificate<Ctx>) -> Result<(Block, Tip), NodeFault> {
        let (block, tip) = self.replica.commit(certificate)?;
        self.parts.forget(tip.height);
        self.asking.retain(|height, _| *height > tip.height);
        self.is_idle = block.transactions.is_empty();
        Ok((block, tip))
    }

    /// A height is over: the next one starts now, or is held. `waits` tells whether transactions do.
    pub(crate) fn finish(
        &mut self,
        height: Height,
        evidence: &MisbehaviorEvidence<Ctx>,
        waits: bool,
        now: Now,
    ) -> Result<Option<Start>, NodeFault> {
        self.keep(height, evidence)?;
        let next = self.replica.next_height();
        self.held = Some(Held { height: next, since: now.instant });
        let must_go_on = self.must_go_on(next, waits, now);
        Ok(self.start_if("nothing to wait for", must_go_on))
    }

    /// A node that is ahead sent a decided block.
    pub(crate) fn catch_up(
        &mut self,
        (height, round): (Height, Round),
        proposer: Address,
        bytes: &[u8],
    ) -> Result<(SyncedValueOutcome<Ctx>, Option<Start>), NodeFault> {
        let received = self.replica.receive_decided(height, round, proposer, bytes)?;
        self.caught_up = self.caught_up.max(height);
        let outcome = match received.as_ref().and_then(proposed) {
            Some(value) => SyncedValueOutcome::Verdict(value),
            None => SyncedValueOutcome::PeerFault,
        };
        Ok((outcome, self.start_if("others are ahead", true)))
    }

    /// Decided blocks for a node that catches up.
    pub(crate) fn decided(&self, first: Height, last: Height) -> Vec<RawDecidedValue<Ctx>> {
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
            let value = Bytes::from(with_certificate(&certificate, &block));
            let certificate = ExtendedCommitCertificate::from_commit_certificate_and_extensions(
                to_engine(&certificate),
                VoteExtensions::default(),
            );
            values.push(RawDecidedValue::new(value, certificate));
        }
        values
    }

    /// Whether transactions wait may have changed.
    pub(crate) fn stir(&mut self, waits: bool) -> Option<Start> {
        self.start_if("a transaction waits", waits)
    }

    /// A vote was seen, checked by nobody yet.
    pub(crate) fn see(&mut self, vote: &Vote, signature: &Sig, now: Now) -> Option<Start> {
        let height = self.held.as_ref().map(|held| held.height)?;
        let is_of_next = vote.height == height.into();
        let is_new = !self.asking.get(&height).is_some_and(|asking| asking.contains(&vote.address));
        if is_of_next && is_new && self.replica.voted(vote, signature) {
            self.ask(height, vote.address);
        }
        let is_asked = self.is_asked(height, now.instant);
        self.start_if("a validator votes", is_asked)
    }

    /// When the height that is held starts without another reason.
    pub(crate) fn due(&self) -> Option<Instant> {
        let held = self.held.as_ref()?;
        if self.asking.range(held.height..).next().is_some() {
            self.quiet_until()
        } else {
            Some(held.since + self.replica.heartbeat())
        }
    }

    /// Time has passed.
    pub(crate) fn wake(&mut self, now: Now) -> Option<Start> {
        let is_due = self.due().is_some_and(|due| now.instant >= due);
        self.start_if("heartbeat", is_due)
    }

    /// Open streams and their bytes.
    #[cfg(test)]
    pub(crate) fn load(&self) -> (usize, usize) {
        self.parts.load()
    }

    /// The held height, if there is one and a reason.
    fn start_if(&mut self, why: &'static str, is_reason: bool) -> Option<Start> {
        let held = self.held.take_if(|_| is_reason)?;
        Some(Start { height: held.height, params: self.replica.params(), why })
    }

    /// Whether the next height must not wait. A node that does not vote starts no block and must not
    /// keep others' from itself; one that is behind asks for the next block only when it starts it.
    fn must_go_on(&self, next: Height, waits: bool, now: Now) -> bool {
        let tip = self.store.last_tip();
        let pause = u64::try_from(self.replica.heartbeat().as_millis()).unwrap_or(u64::MAX) / 2;
        let is_behind = self.caught_up >= tip.height || tip.time.plus_ms(pause) < now.time;
        !self.replica.votes() || is_behind || waits || self.is_asked(next, now.instant)
    }

    /// Conflicting messages of one validator are told only once: they are kept on disk until the chain knows.
    fn keep(&self, height: Height, evidence: &MisbehaviorEvidence<Ctx>) -> Result<(), NodeFault> {
        let votes = evidence.votes.iter().flat_map(|(validator, pairs)| {
            pairs.iter().map(move |(one, other)| {
                let said = [one, other].map(|signed| (vote_message(&signed.message), signed.signature));
                (*validator, said)
            })
        });
        let proposals = evidence.proposals.iter().flat_map(|(validator, pairs)| {
            pairs.iter().map(move |(one, other)| {
                let said = [one, other].map(|signed| (proposal_message(&signed.message), signed.signature));
                (*validator, said)
            })
        });
        for (validator, [one, other]) in votes.chain(proposals) {
            tracing::error!(block.height = height.0, %validator, "a validator said two things at one place");
            let parsed = |(message, signature): (Message, Sig)| Some((message, signature.parse()?));
            if let Some((one, other)) = parsed(one).zip(parsed(other))
                && let Some(proof) = Equivocation::of(height, validator.into(), one, other)
                && self.replica.equivocated(&proof)
            {
                self.store.put_equivocation(&proof)?;
            }
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests;
