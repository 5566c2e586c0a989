//! What this node decides: which block it proposes, whether a proposed block is valid, and
//! what a decided block makes of the ledger. How it hears and speaks is `app.rs`.

mod announcing;
mod docket;
mod growing;
mod head;
mod heeding;
mod timely;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use gm::sm3::sm3;
use ledger::apply::Verified;
use ledger::block::{self, Block, BlockInvalid, BlockRejection, Proposal};
use ledger::equivocation::Equivocation;
use ledger::ids::{Height, Time, TxId};
use ledger::limits as ledger_limits;
use ledger::refusal::Refusal;
use ledger::state::Changes;
use ledger::tip::Tip;
use ledger::views;
use ledger::wire::{from_bytes, to_bytes};
use malachitebft_app_channel::app::engine::host::HeightParams;
use malachitebft_core_types::{CommitCertificate, Round, Validity};

use self::docket::Docket;
use self::growing::Growing;
use self::head::at_head;
use self::timely::{Nearness, nearness};
use crate::checked::Checked;
use crate::clock::Skew;
use crate::engine::certificate::{split_certificate, to_ledger};
use crate::engine::context::{Address, Announcement, Backing, BlockId, Ctx, Validators, Vote};
use crate::engine::signing::{Sig, Signer, Verifier};
use crate::fault::NodeFault;
use crate::limits::{BLOCK_SIGNATURES_MIN, BLOCK_WIRE_BYTES_MAX, CAUTION_MAX, CHECKING_SHARE, EXECUTED_MAX};
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
    /// What was announced for the near heights.
    docket: Docket,
    /// Equivocations found since they were last taken.
    equivocations: Vec<Equivocation>,
    /// What others prevoted for at the next height, by our own engine's word or by their signatures.
    backings: BTreeMap<BlockId, Backing>,
    skew: Skew,
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
    changes: Arc<Changes>,
    tip: Tip,
    tree: Growing,
}

/// A block with the announcement under which it travels.
#[derive(Clone)]
pub(crate) struct Announced {
    /// Who proposes which block when.
    pub(crate) announcement: Announcement,
    /// The proposer's signature.
    pub(crate) signature: Sig,
    /// Who found its time good when it was new, if it goes out once more.
    pub(crate) backing: Option<Backing>,
    /// The block.
    pub(crate) bytes: Vec<u8>,
}

/// What was found of an announced block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Valid,
    /// For ever.
    Invalid,
    /// As far as we know now: the prevotes of others can turn it.
    Untimely,
}

impl From<Finding> for Validity {
    fn from(finding: Finding) -> Self {
        if finding == Finding::Valid { Self::Valid } else { Self::Invalid }
    }
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
            executed: VecDeque::new(),
            docket: Docket::default(),
            equivocations: Vec::new(),
            backings: BTreeMap::new(),
            skew: Skew::default(),
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
                let (finding, _) = self.judge(&undecided.announcement, &bytes, now)?;
                undecided.validity = Some(finding.into());
                // Prevotes that are still to come can turn it.
                if finding != Finding::Untimely {
                    self.store.put_undecided(undecided, &bytes)?;
                }
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
                    let announcement = undecided.announcement;
                    self.let_out(&announcement)?;
                    let announced = Announced { announcement, signature, backing: None, bytes };
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
            state_root: snapshot.state_root().map_err(NodeFault::read)?,
        };
        let made = block::propose(&snapshot, &tip, proposal, candidates).map_err(NodeFault::read)?;
        drop(snapshot);
        let block::Proposed { block, changes, tip, left_out } = made;
        let bytes = to_bytes(&block);
        let announcement = announcement(height, (round, Round::Nil), self.me, tip.block.into(), &bytes);
        let announced = self.announce(announcement, bytes)?.ok_or(NodeFault::Signing)?;
        let (content, bytes) = (announced.announcement.content, announced.bytes.clone());
        let refused = if block.transactions.is_empty() { left_out } else { Vec::new() };
        let executed = self.executed(content, bytes, block, (changes, tip))?;
        self.remember(executed);
        Ok(Made { announced, refused })
    }

    /// Takes a block that came in parts under an announcement that [`Self::heeds`] accepted, and
    /// judges it if its parent is the head. On disk when this returns something.
    pub(crate) fn receive(
        &mut self,
        announced: Announced,
        now: Time,
    ) -> Result<Option<Undecided>, NodeFault> {
        let Announced { announcement, signature, backing, bytes } = announced;
        let height = Height::from(announcement.height);
        // Decided meanwhile, or bytes of somebody who borrowed the proposer's announcement.
        if height <= self.store.last_tip().height || sm3(&[&bytes]).0 != announcement.content {
            return Ok(None);
        }
        let known = self.store.undecided_at(height)?;
        if let Some(same) = known.iter().find(|u| u.announcement == announcement && u.validity.is_some()) {
            return Ok(Some(same.clone()));
        }
        self.docket.count(&announcement, signature);
        if !self.docket.has_room(&announcement) {
            tracing::warn!(block.height = height.0, proposer = %announcement.proposer, "several blocks in one round, dropped");
            return Ok(None);
        }
        if let Some(backing) = backing {
            self.believe(&announcement, backing);
        }
        // Judging takes time that the current round needs. Later ones wait until they begin; of those that are over
        // only the last is judged, whose parts may be late, and what others prevoted for.
        let is_now = height == self.next_height() && {
            let (round, current) = (announcement.round, self.current_round(height));
            let is_recent = round <= current && round.increment() >= current;
            is_recent || (round < current && self.is_backed(&announcement))
        };
        let mut finding = None;
        if is_now {
            let (found, made) = self.judge(&announcement, &bytes, now)?;
            self.hear_time(&announcement, made, now);
            finding = Some(found);
        }
        if finding == Some(Finding::Invalid) {
            self.docket.refuse(&announcement);
        }
        let validity = finding.map(Into::into);
        let undecided = Undecided { announcement, signature: Some(signature), validity };
        // What nobody can decide is not kept.
        if undecided.validity != Some(Validity::Invalid) {
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

    /// Judges an announced block whose parent is the head: what was found, and when it was made if it is of its
    /// announcement.
    fn judge(
        &mut self,
        announcement: &Announcement,
        bytes: &[u8],
        now: Time,
    ) -> Result<(Finding, Option<Time>), NodeFault> {
        let not = |finding: Finding, made: Option<Time>, why: &str| {
            tracing::warn!(block.height = announcement.height.0, why, "invalid block, voting nil");
            Ok((finding, made))
        };
        let invalid = |why: &str| not(Finding::Invalid, None, why);
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
        // Who locked a block proposes it again, however late: an honest validator found its time near then. Of that
        // we were witness, or others' prevotes are. What a proposer alone says of it counts for nothing.
        let is_good = match nearness(header.time, now) {
            Nearness::Near => true,
            Nearness::Behind => self.saw_in_time(announcement)? || self.is_backed(announcement),
            Nearness::Ahead => false,
        };
        let made = Some(header.time);
        if !is_good {
            return not(Finding::Untimely, made, "not of our time");
        }
        let finding = match block {
            Some(block) => match self.judge_block(announcement.content, bytes, block)? {
                Validity::Valid => Finding::Valid,
                Validity::Invalid => Finding::Invalid,
            },
            None => Finding::Valid, // as it was when it was executed, at this head
        };
        Ok((finding, made))
    }

    fn judge_block(&mut self, content: [u8; 32], bytes: &[u8], block: Block) -> Result<Validity, NodeFault> {
        if self.executed.iter().any(|executed| executed.content == content) {
            return Ok(Validity::Valid);
        }
        match self.run(&block)? {
            Ok(made) => {
                let executed = self.executed(content, bytes.to_vec(), block, made)?;
                self.remember(executed);
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
                Ok(made) => {
                    let executed = self.executed(announcement.content, bytes, block, made)?;
                    return self.write(certificate, executed);
                }
                Err(invalid) => reason = invalid.to_string(),
            }
        }
        Err(diverged(height, id, &reason))
    }

    /// What a block changes.
    fn run(&self, block: &Block) -> Result<Result<(Changes, Tip), BlockInvalid>, NodeFault> {
        let snapshot = self.store.snapshot();
        let (tip, root) = (snapshot.tip(), snapshot.state_root().map_err(NodeFault::read)?);
        match block::execute(&snapshot, &tip, root, self.store.chain(), block, &*self.signatures) {
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
        let Executed { bytes, block, changes, tip, tree, .. } = executed;
        let certificate = &to_ledger(certificate)?;
        self.store.commit(&Decided {
            block: &block,
            bytes: &bytes,
            certificate,
            changes: &changes,
            tree: &tree.finish()?,
            tip: &tip,
        })?;
        self.executed.clear();
        self.docket.forget(tip.height);
        self.backings.clear();
        if self.proposed.0 == tip.height {
            let got_through = Round::new(certificate.round) == self.proposed.1;
            self.caution = if got_through {
                self.caution.saturating_sub(1)
            } else {
                self.caution.saturating_add(8).min(CAUTION_MAX)
            };
        }
        (self.validators, self.params, self.heartbeat) = at_head(&self.store)?;
        self.skew.retain(|address| self.validators.contains(address));
        Ok((block, tip))
    }

    /// A block that was executed at the head, whose tree begins to grow.
    fn executed(
        &self,
        content: [u8; 32],
        bytes: Vec<u8>,
        block: Block,
        (changes, tip): (Changes, Tip),
    ) -> Result<Executed, NodeFault> {
        let changes = Arc::new(changes);
        let tree = Growing::start(&self.store, tip.height, &changes)?;
        Ok(Executed { content, bytes, block, changes, tip, tree })
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

#[cfg(test)]
pub(crate) mod chamber;
#[cfg(test)]
mod tests;
