//! What this node decides: which block it proposes, whether a proposed block is valid, and
//! what a decided block makes of the ledger. How it hears and speaks is `app.rs`.

mod head;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use gm::sm3::sm3;
use ledger::apply::Verified;
use ledger::block::{self, Block, BlockInvalid, BlockRejection, Proposal};
use ledger::ids::{Height, Time, TxId};
use ledger::limits as ledger_limits;
use ledger::refusal::Refusal;
use ledger::state::Changes;
use ledger::tip::Tip;
use ledger::views;
use ledger::wire::{from_bytes, to_bytes};
use malachitebft_app_channel::app::engine::host::HeightParams;
use malachitebft_core_types::{CommitCertificate, Round, Validity};

use self::head::at_head;
use crate::checked::Checked;
use crate::engine::certificate::{split_certificate, to_ledger};
use crate::engine::context::{Address, Announcement, BlockId, Ctx, Validators, Vote};
use crate::engine::signing::{Sig, Signer, Verifier};
use crate::fault::NodeFault;
use crate::limits::{
    BLOCK_SIGNATURES_MIN, BLOCK_WIRE_BYTES_MAX, BLOCKS_PER_ROUND_MAX, CAUTION_MAX, CHECKING_SHARE,
    CLOCK_AHEAD_MS_MAX, CLOCK_BEHIND_MS_MAX, EXECUTED_MAX, HEIGHTS_AHEAD_MAX, ROUNDS_AHEAD_MAX,
};
use crate::store::columns::Undecided;
use crate::store::{Decided, Store};

/// Decides over blocks, on the state of one store.
pub(crate) struct Replica {
    store: Arc<Store>,
    me: Address,
    signer: Option<Signer>,
    signatures: Arc<Checked>,
    verifier: Verifier,
    validators: Validators,
    params: HeightParams<Ctx>,
    heartbeat: Duration,
    round: (Height, Round),
    executed: VecDeque<Executed>,
    /// How many blocks of a round of the next height were found invalid.
    invalid: BTreeMap<Round, usize>,
    /// Where we proposed last.
    proposed: (Height, Round),
    /// Eights of halvings of what we propose: one more after a block of ours that did not get through,
    /// an eighth less after one that did.
    caution: u32,
}

/// A block found valid, with what it makes of the ledger.
struct Executed {
    content: [u8; 32],
    bytes: Vec<u8>,
    block: Block,
    changes: Changes,
    tip: Tip,
}

/// A block with the announcement under which it travels.
#[derive(Clone)]
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
enum Nearness {
    /// A fresh proposal: near our clock on both sides.
    Near,
    /// Proposed again, or in a round that is over: only not ahead of our clock.
    NotAhead,
}

impl Replica {
    /// A replica at the store's head. Without a signer it only follows.
    pub(crate) fn new(
        store: Arc<Store>,
        me: Address,
        signer: Option<Signer>,
        signatures: Arc<Checked>,
    ) -> Result<Self, NodeFault> {
        let (validators, params, heartbeat) = at_head(&store)?;
        let round = (store.last_tip().height, Round::Nil);
        let verifier = Verifier::new(store.chain(), Arc::<Checked>::clone(&signatures));
        let (executed, invalid) = (VecDeque::new(), BTreeMap::new());
        Ok(Self {
            store,
            me,
            signer,
            signatures,
            verifier,
            validators,
            params,
            heartbeat,
            round,
            executed,
            invalid,
            proposed: round,
            caution: 0,
        })
    }

    /// The height consensus is to decide next.
    pub(crate) fn next_height(&self) -> Height {
        self.store.last_tip().height.next()
    }

    /// The validators, timeouts and pace of the next height.
    pub(crate) fn params(&self) -> HeightParams<Ctx> {
        self.params.clone()
    }

    /// Whether a vote really is one of the next height's validators'.
    pub(crate) fn voted(&self, vote: &Vote, signature: &Sig) -> bool {
        self.validators.key(&vote.address).is_some_and(|key| self.verifier.voted(vote, signature, key))
    }

    /// How many signatures a block of ours may bring in this round: what this machine checks, at its
    /// pace of late, in a part of the time that the others wait for it. Half of it after a round that
    /// failed, and for a while after a block of ours that did not get through.
    pub(crate) fn budget(&self, round: Round) -> usize {
        let halvings = round.as_u32().unwrap_or_default().saturating_add(self.caution.div_ceil(8));
        let time = self.params.timeouts.propose / CHECKING_SHARE;
        let fit = time.as_nanos() / self.signatures.pace().as_nanos().max(1);
        usize::try_from(fit >> halvings.min(u32::BITS - 1)).unwrap_or(usize::MAX).max(BLOCK_SIGNATURES_MIN)
    }

    /// How long an idle chain waits for its next block.
    pub(crate) fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// Whether this node votes at the next height.
    pub(crate) fn votes(&self) -> bool {
        self.signer.is_some() && self.validators.contains(&self.me)
    }

    /// Consensus entered a round: the proposals known for it, judged.
    pub(crate) fn enter(
        &mut self,
        height: Height,
        round: Round,
        now: Time,
    ) -> Result<Vec<Undecided>, NodeFault> {
        self.round = (height, round);
        let mut known = self.store.undecided(height, round)?;
        for undecided in &mut known {
            if undecided.validity.is_none() && height == self.next_height() {
                let Some(bytes) = self.store.body(&undecided.announcement)? else { continue };
                undecided.validity = Some(self.judge(&undecided.announcement, &bytes, now)?);
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
        now: Time,
    ) -> Result<Made, NodeFault> {
        for undecided in self.store.undecided(height, round)? {
            if undecided.announcement.proposer == self.me {
                let bytes = self.store.body(&undecided.announcement)?;
                if let (Some(signature), Some(bytes)) = (undecided.signature, bytes) {
                    let announced = Announced { announcement: undecided.announcement, signature, bytes };
                    return Ok(Made { announced, refused: Vec::new() });
                }
            }
        }
        self.proposed = (height, round);
        let snapshot = self.store.snapshot();
        let tip = snapshot.tip();
        let proposal = Proposal {
            chain: self.store.chain(),
            round: round.as_u32().unwrap_or_default(),
            time: now.max(tip.time.plus_ms(1)),
            proposer: self.me.into(),
            last_certificate: snapshot.certificate(tip.height),
        };
        let made = block::propose(&snapshot, &tip, proposal, candidates).map_err(NodeFault::read)?;
        drop(snapshot);
        let block::Proposed { block, changes, tip, left_out } = made;
        let bytes = to_bytes(&block);
        let announcement = announcement(height, (round, Round::Nil), self.me, tip.block.into(), &bytes);
        let announced = self.announce(announcement, bytes)?;
        let (content, bytes) = (announced.announcement.content, announced.bytes.clone());
        let refused = if block.transactions.is_empty() { left_out } else { Vec::new() };
        self.remember(Executed { content, bytes, block, changes, tip });
        Ok(Made { announced, refused })
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
                .is_some_and(|key| self.verifier.announced(announcement, signature, key))
    }

    /// The last round of a height that is listened to: what is kept on disk grows with the rounds
    /// that really pass, not with what a proposer says.
    fn rounds_until(&self, height: Height) -> u32 {
        self.current_round(height).as_u32().unwrap_or_default().saturating_add(ROUNDS_AHEAD_MAX)
    }

    /// The round of a height that runs or is the first to run.
    fn current_round(&self, height: Height) -> Round {
        let first = Round::new(0);
        if self.round.0 == height { self.round.1.max(first) } else { first }
    }

    /// Takes a block that came in parts under an announcement that [`Self::heeds`] accepted, and
    /// judges it if its parent is the head. On disk when this returns something.
    pub(crate) fn receive(
        &mut self,
        announced: Announced,
        now: Time,
    ) -> Result<Option<Undecided>, NodeFault> {
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
        let of_round = known.iter().filter(|u| u.announcement.round == announcement.round).count();
        let invalid = self.invalid.get(&announcement.round).copied().unwrap_or_default();
        if of_round.saturating_add(invalid) >= BLOCKS_PER_ROUND_MAX {
            tracing::warn!(block.height = height.0, proposer = %announcement.proposer, "several blocks in one round, dropped");
            return Ok(None);
        }
        // Later rounds wait until they begin: judging takes time that the current one needs.
        let is_now = height == self.next_height() && announcement.round <= self.current_round(height);
        let validity = if is_now { Some(self.judge(&announcement, &bytes, now)?) } else { None };
        let undecided = Undecided { announcement, signature: Some(signature), validity };
        // What nobody can decide is not kept.
        if undecided.validity == Some(Validity::Invalid) {
            self.invalid.insert(undecided.announcement.round, invalid.saturating_add(1));
        } else {
            self.store.put_undecided(&undecided, &bytes)?;
        }
        Ok(undecided.validity.is_some().then_some(undecided))
    }

    /// Takes a block that a peer sent with a certificate. Judged if its parent is the head; what
    /// comes later is judged when it is decided. Nothing if the bytes are no block of this height, or not
    /// decided; a fault if it was decided and is invalid here: the engine would wait for ever.
    pub(crate) fn receive_decided(
        &mut self,
        height: Height,
        round: Round,
        proposer: Address,
        value: &[u8],
    ) -> Result<Option<Undecided>, NodeFault> {
        let Some((certificate, bytes)) = split_certificate(value) else { return Ok(None) };
        let Ok(block) = from_bytes::<Block>(bytes) else { return Ok(None) };
        if block.header.height != height || bytes.len() > BLOCK_WIRE_BYTES_MAX || !block.is_whole() {
            return Ok(None);
        }
        let id = block.id();
        let announcement = announcement(height, (round, Round::Nil), proposer, id.into(), bytes);
        let validity = if height == self.next_height() {
            let set = views::validator_set(&self.store.snapshot()).map_err(NodeFault::read)?;
            let is_decided = certificate.height == height
                && certificate.block == id
                && certificate.check(&set, self.store.chain(), &*self.signatures).is_ok();
            if !is_decided {
                return Ok(None);
            }
            let validity = self.judge_block(announcement.content, bytes, block)?;
            if validity == Validity::Invalid {
                return Err(diverged(height, id, "see the line before"));
            }
            validity
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

    /// Judges an announced block whose parent is the head.
    fn judge(&mut self, announcement: &Announcement, bytes: &[u8], now: Time) -> Result<Validity, NodeFault> {
        let invalid = |why: &str| {
            tracing::warn!(block.height = announcement.height.0, why, "invalid block, voting nil");
            Ok(Validity::Invalid)
        };
        let known = self.executed.iter().find(|executed| executed.content == announcement.content);
        let (header, block) = match known {
            Some(executed) => (executed.block.header.clone(), None),
            None => match from_bytes::<Block>(bytes) {
                Ok(block) => (block.header.clone(), Some(block)),
                Err(_) => return invalid("not a block"),
            },
        };
        if BlockId::from(header.id()) != announcement.id {
            return invalid("not the block announced");
        }
        // That it was the maker's turn in the header's round, `execute` sees to.
        let (is_first, made_in) = (announcement.valid_round.is_nil(), Round::new(header.round));
        if is_first && (made_in, header.proposer.into()) != (announcement.round, announcement.proposer) {
            return invalid("proposed under another name or round");
        }
        if !is_first && made_in > announcement.valid_round {
            return invalid("found valid before it was made");
        }
        let is_over =
            self.round.0 == announcement.height.into() && announcement.round.as_i64() < self.round.1.as_i64();
        let nearness = if is_first && !is_over { Nearness::Near } else { Nearness::NotAhead };
        if !is_timely(header.time, now, nearness) {
            return invalid("not of our time");
        }
        match block {
            Some(block) => self.judge_block(announcement.content, bytes, block),
            None => Ok(Validity::Valid), // as it was when it was executed, at this head
        }
    }

    fn judge_block(&mut self, content: [u8; 32], bytes: &[u8], block: Block) -> Result<Validity, NodeFault> {
        if self.executed.iter().any(|executed| executed.content == content) {
            return Ok(Validity::Valid);
        }
        match self.run(&block)? {
            Ok((changes, tip)) => {
                self.remember(Executed { content, bytes: bytes.to_vec(), block, changes, tip });
                Ok(Validity::Valid)
            }
            Err(reason) => {
                tracing::warn!(block.height = block.header.height.0, %reason, "invalid block, voting nil");
                Ok(Validity::Invalid)
            }
        }
    }

    /// Writes a decided block and moves the head. On disk when this returns.
    pub(crate) fn commit(&mut self, certificate: &CommitCertificate<Ctx>) -> Result<(Block, Tip), NodeFault> {
        let (height, id) = (Height::from(certificate.height), certificate.value_id);
        let executed = self.executed.iter().position(|executed| BlockId::from(executed.tip.block) == id);
        if let Some(executed) = executed.and_then(|at| self.executed.remove(at)) {
            return self.write(certificate, executed);
        }
        // Decided in an earlier life of this process, or before its parent was here.
        let mut known = self.store.undecided_at(height)?;
        known.retain(|undecided| undecided.announcement.id == id);
        // Found valid first; what was never judged may be garbled.
        known.sort_by_key(|undecided| undecided.validity != Some(Validity::Valid));
        let mut reason = "it is not on disk".to_owned();
        for Undecided { announcement, .. } in known {
            let Some(bytes) = self.store.body(&announcement)? else { continue };
            let Ok(block) = from_bytes::<Block>(&bytes) else { continue };
            match self.run(&block)? {
                Ok((changes, tip)) => {
                    let content = announcement.content;
                    return self.write(certificate, Executed { content, bytes, block, changes, tip });
                }
                Err(invalid) => reason = invalid.to_string(),
            }
        }
        Err(diverged(height, id, &reason))
    }

    /// What a block changes.
    fn run(&self, block: &Block) -> Result<Result<(Changes, Tip), BlockInvalid>, NodeFault> {
        let snapshot = self.store.snapshot();
        match block::execute(&snapshot, &snapshot.tip(), self.store.chain(), block, &*self.signatures) {
            Ok(done) => Ok(Ok(done)),
            Err(BlockRejection::Invalid(reason)) => Ok(Err(reason)),
            Err(BlockRejection::Fault(fault)) => Err(NodeFault::read(fault)),
        }
    }

    fn write(
        &mut self,
        certificate: &CommitCertificate<Ctx>,
        executed: Executed,
    ) -> Result<(Block, Tip), NodeFault> {
        let Executed { bytes, block, changes, tip, .. } = executed;
        let certificate = &to_ledger(certificate)?;
        self.store.commit(&Decided {
            block: &block,
            bytes: &bytes,
            certificate,
            changes: &changes,
            tip: &tip,
        })?;
        self.executed.clear();
        self.invalid.clear();
        if self.proposed.0 == tip.height {
            let got_through = Round::new(certificate.round) == self.proposed.1;
            self.caution = if got_through {
                self.caution.saturating_sub(1)
            } else {
                self.caution.saturating_add(8).min(CAUTION_MAX)
            };
        }
        (self.validators, self.params, self.heartbeat) = at_head(&self.store)?;
        Ok((block, tip))
    }

    fn remember(&mut self, executed: Executed) {
        if self.executed.len() >= EXECUTED_MAX {
            self.executed.pop_front();
        }
        self.executed.push_back(executed);
    }
}

/// A block made here.
pub(crate) struct Made {
    /// The block under its announcement.
    pub(crate) announced: Announced,
    /// What can no longer take effect, and why: the block stayed empty, so nothing in it was in the way.
    pub(crate) refused: Vec<(TxId, Refusal)>,
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

fn diverged(height: Height, block: impl ToString, reason: &str) -> NodeFault {
    NodeFault::Diverged { height: height.0, block: block.to_string().into(), reason: reason.into() }
}

fn is_timely(time: Time, now: Time, nearness: Nearness) -> bool {
    let is_ahead = time > now.plus_ms(CLOCK_AHEAD_MS_MAX);
    let is_behind = time < now.minus_ms(CLOCK_BEHIND_MS_MAX);
    match nearness {
        Nearness::Near => !is_ahead && !is_behind,
        Nearness::NotAhead => !is_ahead,
    }
}

#[cfg(test)]
pub(crate) mod chamber;
#[cfg(test)]
mod tests;
