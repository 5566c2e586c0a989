//! What this node decides: which block it proposes, whether a proposed block is valid, and
//! what a decided block makes of the ledger. How it hears and speaks is `app.rs`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use gm::sm2::Direct;
use gm::sm3::sm3;
use ledger::apply::Verified;
use ledger::block::{self, Block, BlockInvalid, BlockRejection, Proposal};
use ledger::certificate::Certificate;
use ledger::ids::{Height, Time};
use ledger::state::{Changes, ReadFault};
use ledger::tip::Tip;
use ledger::wire::{from_bytes, to_bytes};
use ledger::{limits as ledger_limits, views};
use malachitebft_app_channel::app::engine::host::HeightParams;
use malachitebft_core_types::{CommitCertificate, LinearTimeouts, Round, Validity};

use crate::clock;
use crate::engine::context::{Address, Announcement, BlockId, Ctx, Validators};
use crate::engine::signing::{self, Sig, Signer};
use crate::fault::NodeFault;
use crate::limits::{
    BLOCK_WIRE_BYTES_MAX, BLOCKS_PER_ROUND_MAX, CLOCK_AHEAD_MS_MAX, CLOCK_BEHIND_MS_MAX, EXECUTED_MAX,
    HEIGHTS_AHEAD_MAX, ROUNDS_AHEAD_MAX,
};
use crate::store::columns::Undecided;
use crate::store::{Decided, Store};

/// Decides over blocks, on the state of one store.
pub(crate) struct Replica {
    store: Arc<Store>,
    me: Address,
    signer: Option<Signer>,
    validators: Validators,
    params: HeightParams<Ctx>,
    heartbeat: Duration,
    round: (Height, Round),
    executed: VecDeque<(BlockId, Block, Changes, Tip)>,
}

/// A block with the announcement under which it travels.
pub(crate) struct Announced {
    /// Who proposes which block when.
    pub(crate) announcement: Announcement,
    /// The proposer's signature.
    pub(crate) signature: Sig,
    /// The block.
    pub(crate) bytes: Vec<u8>,
}

/// How strictly a block's time is compared with our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// A fresh proposal: near our clock on both sides.
    Near,
    /// Proposed again, or in a round that is over: only not ahead of our clock.
    NotAhead,
    /// Decided elsewhere: only the order counts.
    Order,
}

impl Replica {
    /// A replica at the store's head. Without a signer it only follows.
    pub(crate) fn new(store: Arc<Store>, me: Address, signer: Option<Signer>) -> Result<Self, NodeFault> {
        let (validators, params, heartbeat) = at_head(&store)?;
        let round = (store.last_tip().height, Round::Nil);
        Ok(Self { store, me, signer, validators, params, heartbeat, round, executed: VecDeque::new() })
    }

    /// The height consensus is to decide next.
    pub(crate) fn next_height(&self) -> Height {
        self.store.last_tip().height.next()
    }

    /// The validators, timeouts and pace of the next height.
    pub(crate) fn params(&self) -> HeightParams<Ctx> {
        self.params.clone()
    }

    /// The validators of the next height.
    pub(crate) fn validators(&self) -> &Validators {
        &self.validators
    }

    /// How long an idle chain waits for its next block.
    pub(crate) fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// Whether this node votes at the next height.
    pub(crate) fn votes(&self) -> bool {
        self.signer.is_some() && self.validators.contains(&self.me)
    }

    /// Whether this node is the only voter.
    pub(crate) fn is_alone(&self) -> bool {
        self.votes() && self.validators.others(&self.me) == 0
    }

    /// How many other validators there are.
    pub(crate) fn others(&self) -> usize {
        self.validators.others(&self.me)
    }

    /// Consensus entered a round: the proposals known for it, judged.
    pub(crate) fn enter(&mut self, height: Height, round: Round) -> Result<Vec<Undecided>, NodeFault> {
        self.round = (height, round);
        let mut known = self.store.undecided(height, round)?;
        for undecided in &mut known {
            if undecided.validity.is_none() && height == self.next_height() {
                let Some(bytes) = self.store.body(&undecided.announcement)? else { continue };
                undecided.validity = Some(self.judge(&undecided.announcement, &bytes)?);
                self.store.put_undecided(undecided, &bytes)?;
            }
        }
        known.retain(|undecided| undecided.validity.is_some());
        Ok(known)
    }

    /// The block this node proposes. The same height and round give the same block again, also
    /// after a crash. On disk when this returns.
    pub(crate) fn propose(
        &mut self,
        height: Height,
        round: Round,
        candidates: Vec<Verified>,
    ) -> Result<Made, NodeFault> {
        for undecided in self.store.undecided(height, round)? {
            if undecided.announcement.proposer == self.me {
                let bytes = self.store.body(&undecided.announcement)?;
                if let (Some(signature), Some(bytes)) = (undecided.signature, bytes) {
                    let announced = Announced { announcement: undecided.announcement, signature, bytes };
                    return Ok(Made { announced, empty: false, left_out: Vec::new() });
                }
            }
        }
        let snapshot = self.store.snapshot();
        let tip = snapshot.tip();
        let proposal = Proposal {
            chain: self.store.chain(),
            time: clock::now().max(tip.time.plus_ms(1)),
            proposer: self.me.into(),
            last_certificate: snapshot.certificate(tip.height),
        };
        let made = block::propose(&snapshot, &tip, proposal, candidates).map_err(read)?;
        drop(snapshot);
        let bytes = to_bytes(&made.block);
        let id = made.block.id().into();
        let announcement = announcement(height, (round, Round::Nil), self.me, id, &bytes);
        let announced = self.announce(announcement, bytes)?;
        let empty = made.block.transactions.is_empty();
        self.remember(announced.announcement.id, made.block, made.changes, made.tip);
        Ok(Made { announced, empty, left_out: made.left_out })
    }

    /// A block that goes out once more: ours in a later round, or another's as it was signed.
    pub(crate) fn again(
        &self,
        height: Height,
        round: Round,
        valid_round: Round,
        proposer: Address,
        id: BlockId,
    ) -> Result<Option<Announced>, NodeFault> {
        let known = self.store.undecided_at(height)?;
        let of_round = known.iter().find(|undecided| {
            let announcement = &undecided.announcement;
            announcement.id == id && announcement.round == round && announcement.proposer == proposer
        });
        if let Some(Undecided { announcement, signature: Some(signature), .. }) = of_round {
            let (announcement, signature) = (announcement.clone(), *signature);
            let bytes = self.store.body(&announcement)?;
            return Ok(bytes.map(|bytes| Announced { announcement, signature, bytes }));
        }
        let valid = known.iter().find(|u| u.announcement.id == id && u.validity == Some(Validity::Valid));
        match valid {
            Some(valid) if proposer == self.me => match self.store.body(&valid.announcement)? {
                Some(bytes) => {
                    let announcement = announcement(height, (round, valid_round), proposer, id, &bytes);
                    self.announce(announcement, bytes).map(Some)
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn announce(&self, announcement: Announcement, bytes: Vec<u8>) -> Result<Announced, NodeFault> {
        let signer = self.signer.as_ref().ok_or(NodeFault::Signing)?;
        let signature = signer.announce(&announcement).map_err(|_| NodeFault::Signing)?;
        let validity = Some(Validity::Valid);
        let undecided = Undecided { announcement, signature: Some(signature), validity };
        self.store.put_undecided(&undecided, &bytes)?;
        Ok(Announced { announcement: undecided.announcement, signature, bytes })
    }

    /// Whether an announcement is worth listening to: of a near height, by the validator whose
    /// turn it is, and signed by it.
    pub(crate) fn heeds(&self, announcement: &Announcement, signature: &Sig) -> bool {
        let tip = self.store.last_tip().height;
        let height = Height::from(announcement.height);
        height > tip
            && height.0.saturating_sub(tip.0) <= HEIGHTS_AHEAD_MAX
            && announcement.round.as_u32().is_some_and(|round| round <= self.rounds_until(height))
            && usize::try_from(announcement.size).is_ok_and(|size| size <= BLOCK_WIRE_BYTES_MAX)
            && self
                .validators
                .turn(announcement.height, announcement.round, &announcement.proposer)
                .is_some_and(|key| signing::announced_by(self.store.chain(), announcement, signature, key))
    }

    /// The last round of a height that is listened to: what is kept on disk grows with the rounds
    /// that really pass, not with what a proposer says.
    fn rounds_until(&self, height: Height) -> u32 {
        let current = if self.round.0 == height { self.round.1.as_u32().unwrap_or_default() } else { 0 };
        current.saturating_add(ROUNDS_AHEAD_MAX)
    }

    /// Takes a block that came in parts under an announcement that [`Self::heeds`] accepted, and
    /// judges it if its parent is the head. On disk when this returns something.
    pub(crate) fn receive(&mut self, announced: Announced) -> Result<Option<Undecided>, NodeFault> {
        let Announced { announcement, signature, bytes } = announced;
        let height = Height::from(announcement.height);
        // Decided meanwhile, or bytes of somebody who borrowed the proposer's announcement.
        if height <= self.store.last_tip().height || sm3(&[&bytes]).0 != announcement.content {
            return Ok(None);
        }
        let known = self.store.undecided_at(height)?;
        if let Some(same) = known.iter().find(|u| u.announcement == announcement && u.validity.is_some()) {
            return Ok(Some(same.clone()));
        }
        let of_round = known.iter().filter(|u| u.announcement.round == announcement.round);
        if of_round.count() >= BLOCKS_PER_ROUND_MAX {
            tracing::warn!(block.height = height.0, proposer = %announcement.proposer, "several blocks in one round, dropped");
            return Ok(None);
        }
        let validity =
            if height == self.next_height() { Some(self.judge(&announcement, &bytes)?) } else { None };
        let undecided = Undecided { announcement, signature: Some(signature), validity };
        // What nobody can decide is not kept.
        if undecided.validity != Some(Validity::Invalid) {
            self.store.put_undecided(&undecided, &bytes)?;
        }
        Ok(undecided.validity.is_some().then_some(undecided))
    }

    /// Takes a block that a peer sent with a certificate. Judged if its parent is the head; what
    /// comes later is judged when it is decided. Nothing if the bytes are no block of this height.
    pub(crate) fn receive_decided(
        &mut self,
        height: Height,
        round: Round,
        proposer: Address,
        bytes: &[u8],
    ) -> Result<Option<Undecided>, NodeFault> {
        let Ok(block) = from_bytes::<Block>(bytes) else { return Ok(None) };
        if block.header.height != height || bytes.len() > BLOCK_WIRE_BYTES_MAX {
            return Ok(None);
        }
        let id = block.id().into();
        let announcement = announcement(height, (round, Round::Nil), proposer, id, bytes);
        let validity = if height == self.next_height() {
            self.judge_block(&block, id, Clock::Order)?
        } else {
            Validity::Valid // two thirds found it valid: that is what the certificate says
        };
        let known = self.store.undecided(height, round)?;
        let signature = known.into_iter().find(|u| u.announcement == announcement).and_then(|u| u.signature);
        let undecided = Undecided { announcement, signature, validity: Some(validity) };
        if validity.is_valid() {
            self.store.put_undecided(&undecided, bytes)?;
        }
        Ok(Some(undecided))
    }

    fn judge(&mut self, announcement: &Announcement, bytes: &[u8]) -> Result<Validity, NodeFault> {
        let block = match from_bytes::<Block>(bytes) {
            Ok(block) if BlockId::from(block.id()) == announcement.id => block,
            _ => {
                tracing::warn!(block.height = announcement.height.0, "not the block announced, voting nil");
                return Ok(Validity::Invalid);
            }
        };
        let is_first = announcement.valid_round.is_nil();
        if is_first && Address::from(block.header.proposer) != announcement.proposer {
            tracing::warn!(block.height = announcement.height.0, "proposed under another name, voting nil");
            return Ok(Validity::Invalid);
        }
        let is_over =
            self.round.0 == announcement.height.into() && announcement.round.as_i64() < self.round.1.as_i64();
        let clock = if is_first && !is_over { Clock::Near } else { Clock::NotAhead };
        self.judge_block(&block, announcement.id, clock)
    }

    fn judge_block(&mut self, block: &Block, id: BlockId, clock: Clock) -> Result<Validity, NodeFault> {
        let height = block.header.height.0;
        if !is_timely(block.header.time, clock::now(), clock) {
            tracing::warn!(
                block.height = height,
                block.time = block.header.time.0,
                "not of our time, voting nil"
            );
            return Ok(Validity::Invalid);
        }
        match self.run(block, id)? {
            Ok((changes, tip)) => {
                self.remember(id, block.clone(), changes, tip);
                Ok(Validity::Valid)
            }
            Err(reason) => {
                tracing::warn!(block.height = height, %reason, "invalid block, voting nil");
                Ok(Validity::Invalid)
            }
        }
    }

    /// Writes a decided block and moves the head. On disk when this returns.
    pub(crate) fn commit(&mut self, certificate: &CommitCertificate<Ctx>) -> Result<(Block, Tip), NodeFault> {
        let height = Height::from(certificate.height);
        let id = certificate.value_id;
        let mut known = self.store.undecided_at(height)?;
        known.retain(|undecided| undecided.announcement.id == id);
        // Found valid first; what was never judged may be garbled.
        known.sort_by_key(|undecided| undecided.validity != Some(Validity::Valid));
        let mut reason = "it is not on disk".to_owned();
        for undecided in known {
            let Some(bytes) = self.store.body(&undecided.announcement)? else { continue };
            let Ok(block) = from_bytes::<Block>(&bytes) else { continue };
            match self.run(&block, id)? {
                Ok((changes, tip)) => return self.write(certificate, block, &bytes, &changes, tip),
                Err(invalid) => reason = invalid.to_string(),
            }
        }
        Err(NodeFault::Diverged { height: height.0, block: id.to_string().into(), reason: reason.into() })
    }

    /// What a block changes: known since it was judged, or executed now.
    fn run(&mut self, block: &Block, id: BlockId) -> Result<Result<(Changes, Tip), BlockInvalid>, NodeFault> {
        let known = self.executed.iter().position(|(known, made, ..)| *known == id && made == block);
        if let Some((_, _, changes, tip)) = known.and_then(|at| self.executed.remove(at)) {
            return Ok(Ok((changes, tip)));
        }
        let snapshot = self.store.snapshot();
        match block::execute(&snapshot, &snapshot.tip(), self.store.chain(), block, &Direct) {
            Ok(done) => Ok(Ok(done)),
            Err(BlockRejection::Invalid(reason)) => Ok(Err(reason)),
            Err(BlockRejection::Fault(fault)) => Err(read(fault)),
        }
    }

    fn write(
        &mut self,
        certificate: &CommitCertificate<Ctx>,
        block: Block,
        bytes: &[u8],
        changes: &Changes,
        tip: Tip,
    ) -> Result<(Block, Tip), NodeFault> {
        let certificate = to_ledger(certificate)?;
        let certificate = &certificate;
        self.store.commit(&Decided { block: &block, bytes, certificate, changes, tip: &tip })?;
        self.executed.clear();
        (self.validators, self.params, self.heartbeat) = at_head(&self.store)?;
        Ok((block, tip))
    }

    fn remember(&mut self, id: BlockId, block: Block, changes: Changes, tip: Tip) {
        if self.executed.len() >= EXECUTED_MAX {
            self.executed.pop_front();
        }
        self.executed.push_back((id, block, changes, tip));
    }
}

/// A block made here.
pub(crate) struct Made {
    /// The block under its announcement.
    pub(crate) announced: Announced,
    /// Whether it holds no transaction.
    pub(crate) empty: bool,
    /// What no longer takes effect, and why.
    pub(crate) left_out: Vec<(ledger::ids::TxId, ledger::refusal::Refusal)>,
}

const _: () = assert!(ledger_limits::BLOCK_BYTES_MAX < BLOCK_WIRE_BYTES_MAX);

fn announcement(
    height: Height,
    (round, valid_round): (Round, Round),
    proposer: Address,
    id: BlockId,
    bytes: &[u8],
) -> Announcement {
    let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    Announcement { height: height.into(), round, valid_round, proposer, id, content: sm3(&[bytes]).0, size }
}

fn read(fault: ReadFault) -> NodeFault {
    NodeFault::read(fault)
}

fn is_timely(time: Time, now: Time, clock: Clock) -> bool {
    let is_ahead = time > now.plus_ms(CLOCK_AHEAD_MS_MAX);
    let is_behind = time < now.minus_ms(CLOCK_BEHIND_MS_MAX);
    match clock {
        Clock::Near => !is_ahead && !is_behind,
        Clock::NotAhead => !is_ahead,
        Clock::Order => true,
    }
}

/// What the state says about the next height: equal on all nodes.
fn at_head(store: &Store) -> Result<(Validators, HeightParams<Ctx>, Duration), NodeFault> {
    let snapshot = store.snapshot();
    let set = views::validator_set(&snapshot).map_err(read)?;
    let parameters = views::parameters(&snapshot).map_err(read)?;
    let validators = Validators::from(&set);
    let params = HeightParams::new(validators.clone(), timeouts(parameters.propose_ms), None);
    Ok((validators, params, Duration::from_millis(parameters.heartbeat_ms)))
}

/// Waits of consensus. Votes are sent again early and rounds grow slowly, so that a chain that
/// lost its majority goes on within seconds when it is back.
fn timeouts(propose_ms: u64) -> LinearTimeouts {
    let step = Duration::from_millis(propose_ms);
    let delta = step / 2;
    LinearTimeouts {
        propose: step,
        propose_delta: delta,
        prevote: step,
        prevote_delta: delta,
        precommit: step,
        precommit_delta: delta,
        rebroadcast: step * 2,
        max_timeout: step * 8,
    }
}

fn to_ledger(certificate: &CommitCertificate<Ctx>) -> Result<Certificate, NodeFault> {
    let mut signatures = Vec::with_capacity(certificate.commit_signatures.len());
    for signed in &certificate.commit_signatures {
        let signature = signed
            .signature
            .parse()
            .ok_or_else(|| NodeFault::engine("a certificate holds a malformed signature"))?;
        signatures.push((signed.address.into(), signature));
    }
    signatures.sort_by_key(|(address, _)| *address);
    signatures.dedup_by_key(|(address, _)| *address);
    let round = certificate.round.as_u32().ok_or_else(|| NodeFault::engine("a certificate without round"))?;
    Ok(Certificate {
        height: certificate.height.into(),
        round,
        block: certificate.value_id.into(),
        signatures,
    })
}

/// The engine's form of a certificate, for nodes that catch up.
pub(crate) fn to_engine(certificate: &Certificate) -> CommitCertificate<Ctx> {
    let signatures = certificate.signatures.iter();
    CommitCertificate {
        height: certificate.height.into(),
        round: Round::new(certificate.round),
        value_id: certificate.block.into(),
        commit_signatures: signatures
            .map(|(address, signature)| {
                malachitebft_core_types::CommitSignature::new((*address).into(), Sig::from(signature))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
