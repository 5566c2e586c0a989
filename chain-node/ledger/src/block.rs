//! Blocks: made from waiting transactions, and executed by everyone else. A block holds only what
//! took effect; one refused transaction makes it invalid.

use crate::apply::{self, BlockContext, Rejection, Verified};
use crate::certificate::{Certificate, CertificateError, ValidatorSet};
use crate::ids::{Address, BlockId, Height, Time, TxId};
use crate::keys;
use crate::limits::FORGOTTEN_PER_READ;
use crate::protocol::Fault;
use crate::refusal::Refusal;
use crate::share::{Beyond, Shares};
use crate::state::{Changes, Overlay, ReadFault, StateRead};
use crate::tip::Tip;
use crate::transaction::Encoded;
use crate::wire::to_bytes;
use crate::{turns, views};
use alloc::vec::Vec;
use gm::domain::{ChainId, Kind, digest};
use gm::merkle;
use gm::sm2::Signatures;
use gm::sm3::{Digest, sm3};

crate::wire_struct! {
    /// What validators vote on.
    pub struct Header {
        /// The version of the protocol that holds at the height.
        pub version: u16,
        /// The chain.
        pub chain: ChainId,
        /// The block's height.
        pub height: Height,
        /// The round it was made in. Proposed again in a later one, it stays the same block.
        pub round: u32,
        /// The block's time.
        pub time: Time,
        /// The block before.
        pub parent: BlockId,
        /// SM3 of the parent's certificate; zero at height 1.
        pub last_certificate: Digest,
        /// Merkle root over the transactions' full bytes.
        pub transaction_root: Digest,
        /// Transactions of the block: a path alone does not tell the size of its tree.
        pub transaction_count: u32,
        /// Root of the state's tree after the parent: that of this block's state grows while the block is voted on.
        pub state_root: Digest,
        /// Root of the receipt log after this block.
        pub receipt_root: Digest,
        /// Size of the receipt log after this block.
        pub receipt_count: u64,
        /// Digest of this height's validators, who decide the block.
        pub validators: Digest,
        /// Digest of the next height's validators.
        pub next_validators: Digest,
        /// Validators who wait their turns out at this height, in the order of their addresses.
        pub waiting: Vec<Address>,
        /// Who made it: whose turn it was at this height and round.
        pub proposer: Address,
    }
}

impl Header {
    /// The block's id.
    #[must_use]
    pub fn id(&self) -> BlockId {
        digest(self.chain, Kind::Header, &to_bytes(self)).into()
    }
}

crate::wire_struct! {
    /// A block.
    pub struct Block {
        /// What is voted on.
        pub header: Header,
        /// The certificate of the block before; none at height 1.
        pub last_certificate: Option<Certificate>,
        /// What took effect, in order.
        pub transactions: Vec<Encoded>,
    }
}

impl Block {
    /// The block's id.
    #[must_use]
    pub fn id(&self) -> BlockId {
        self.header.id()
    }

    /// The leaves of the transaction root.
    #[must_use]
    pub fn leaves(&self) -> Vec<Digest> {
        self.transactions.iter().map(Encoded::leaf).collect()
    }

    /// Whether transactions and certificate are those its header names. If so, who signed the header's
    /// id signed all of it; if not, somebody put other things under that header.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let Header { transaction_root, transaction_count, last_certificate, .. } = &self.header;
        usize::try_from(*transaction_count) == Ok(self.transactions.len())
            && *transaction_root == merkle::root(&self.leaves())
            && *last_certificate == certificate_digest(self.last_certificate.as_ref())
    }
}

/// Why a block is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockInvalid {
    /// Another chain.
    #[error("the block is of another chain")]
    Chain,
    /// Another version of the protocol than holds at its height.
    #[error("the block names another version of the protocol than holds at its height")]
    Version,
    /// Another height or parent.
    #[error("the block does not follow the tip")]
    Parent,
    /// Time does not move forward.
    #[error("the block's time is not after its parent's")]
    Time,
    /// Made by a stranger, or out of turn.
    #[error("it was not the proposer's turn in the block's round")]
    Proposer,
    /// The parent's certificate is missing, of another block, or not the one in the header.
    #[error("the parent's certificate is missing or another one")]
    Certificate,
    /// A block cannot be decided before it was made.
    #[error("the parent's certificate is of an earlier round than the parent")]
    CertificateRound,
    /// The parent's certificate proves nothing.
    #[error("the parent's certificate is not valid: {0}")]
    CertificateCheck(#[from] CertificateError),
    /// Too large, or too much of one department.
    #[error(transparent)]
    Share(#[from] Beyond),
    /// Made on another state than ours.
    #[error("the header's state root is not that of the state after the parent")]
    StateRoot,
    /// What takes rights away must stand before what uses them.
    #[error("the transactions are out of order")]
    Order,
    /// A transaction that does not take effect.
    #[error("transaction {index} does not take effect: {refusal}")]
    Transaction {
        /// Its place.
        index: u32,
        /// Why.
        refusal: Refusal,
    },
    /// A root in the header differs from the one computed.
    #[error("the header's roots differ from those computed")]
    Roots,
}

/// Why a block was not executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockRejection {
    /// The block is wrong: vote against it.
    #[error(transparent)]
    Invalid(#[from] BlockInvalid),
    /// We could not tell: stop.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<ReadFault> for BlockRejection {
    fn from(fault: ReadFault) -> Self {
        Self::Fault(fault.into())
    }
}

/// A block made here.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The block.
    pub block: Block,
    /// What it changes.
    pub changes: Changes,
    /// The tip after it.
    pub tip: Tip,
    /// Transactions that no longer take effect, and why.
    pub left_out: Vec<(TxId, Refusal)>,
}

/// What a proposer adds to the waiting transactions.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The chain.
    pub chain: ChainId,
    /// The round it is made in.
    pub round: u32,
    /// The block's time, after the tip's.
    pub time: Time,
    /// Who proposes: whose turn it is.
    pub proposer: Address,
    /// The tip's certificate; none at height 1.
    pub last_certificate: Option<Certificate>,
    /// Root of the state's tree after the tip.
    pub state_root: Digest,
}

fn certificate_digest(certificate: Option<&Certificate>) -> Digest {
    certificate.map_or(Digest::ZERO, |certificate| sm3(&[&to_bytes(certificate)]))
}

/// Opens the next block over a state: remembers the tip, and puts policies in force whose time has come.
fn open<'a>(reads: &'a dyn StateRead, tip: &Tip, context: &BlockContext) -> Result<Overlay<'a>, ReadFault> {
    let mut overlay = Overlay::new(reads);
    overlay.changes.put(keys::recent(tip.height), to_bytes(&(tip.time, tip.block)));
    if let Some(old) = tip.height.0.checked_sub(context.protocol.limits.recent_heights) {
        overlay.changes.remove(keys::recent(Height(old)));
    }
    apply::amendment::promote(&mut overlay, context)?;
    Ok(overlay)
}

/// Begins a block that this validator makes or made in this round: opens it, keeps this height's validators for the next
/// block, which brings their certificate, notes who let turns pass, and forgets what is over.
fn begin<'a>(
    reads: &'a dyn StateRead,
    tip: &Tip,
    context: &BlockContext,
    (round, proposer): (u32, &Address),
) -> Result<Overlay<'a>, ReadFault> {
    let mut overlay = open(reads, tip, context)?;
    let (before, set) = (views::passed_over(reads)?, views::validator_set(reads)?);
    let turns_max = context.protocol.limits.turns_waited;
    let passed = turns::after_block(&before, &set, (context.height, round, proposer), turns_max);
    if passed != before {
        overlay.changes.put(keys::PASSED_OVER.to_vec(), to_bytes(&passed));
    }
    if let Some(validators) = reads.get(keys::VALIDATORS)?
        && reads.get(keys::VALIDATORS_BEFORE)?.as_ref() != Some(&validators)
    {
        overlay.changes.put(keys::VALIDATORS_BEFORE.to_vec(), validators);
    }
    forget(&mut overlay, reads, context)?;
    apply::credit::forget(&mut overlay, reads, context)?;
    Ok(overlay)
}

/// Forgets what is over, oldest first: ids of transactions and tickets that cannot come again, and open answers that can
/// no longer be acknowledged.
fn forget(overlay: &mut Overlay<'_>, reads: &dyn StateRead, context: &BlockContext) -> Result<(), ReadFault> {
    for key in over(reads, keys::SEEN, keys::seen_until, context)? {
        overlay.changes.remove(key);
    }
    for key in over(reads, keys::LAPSING, |key| keys::lapsing_at(key).map(|(until, _)| until), context)? {
        if let Some((_, query)) = keys::lapsing_at(&key) {
            overlay.changes.remove(keys::open(&query));
        }
        overlay.changes.remove(key);
    }
    Ok(())
}

/// The keys below a prefix whose time is over, as many as one block forgets of a kind.
fn over(
    reads: &dyn StateRead,
    prefix: &[u8],
    until: fn(&[u8]) -> Option<Time>,
    context: &BlockContext,
) -> Result<Vec<Vec<u8>>, ReadFault> {
    let mut over: Vec<Vec<u8>> = Vec::new();
    for _ in 0..context.protocol.limits.forgotten_per_block / FORGOTTEN_PER_READ {
        let page = reads.scan(prefix, over.last().map(Vec::as_slice), FORGOTTEN_PER_READ)?;
        if page.is_empty() {
            break;
        }
        for (key, _) in page {
            // In the order of their time: the first that must be kept ends the search.
            if until(&key).is_none_or(|until| until >= context.time) {
                return Ok(over);
            }
            over.push(key);
        }
    }
    Ok(over)
}

fn run(overlay: &mut Overlay<'_>, context: &BlockContext, verified: &Verified) -> Result<(), Rejection> {
    let changes = apply::apply(overlay, context, verified)?;
    overlay.changes.extend(changes);
    Ok(())
}

/// The tip after a block with these changes.
fn finish(overlay: &Overlay<'_>, context: &BlockContext, round: u32) -> Result<Tip, ReadFault> {
    let log = apply::receipt::receipt_log(overlay)?;
    Ok(Tip {
        height: context.height,
        round,
        time: context.time,
        block: BlockId([0; 32]), // the header is made from the rest, the id from the header
        receipt_root: log.root(),
        receipt_count: log.size(),
        validators: views::validator_set(overlay)?.digest(),
    })
}

fn header(
    version: u16,
    tip: &Tip,
    after: &Tip,
    proposal: &Proposal,
    waiting: Vec<Address>,
    leaves: &[Digest],
) -> Header {
    Header {
        version,
        chain: proposal.chain,
        height: after.height,
        round: after.round,
        time: after.time,
        parent: tip.block,
        last_certificate: certificate_digest(proposal.last_certificate.as_ref()),
        transaction_root: merkle::root(leaves),
        transaction_count: u32::try_from(leaves.len()).unwrap_or(u32::MAX),
        state_root: proposal.state_root,
        receipt_root: after.receipt_root,
        receipt_count: after.receipt_count,
        validators: tip.validators,
        next_validators: after.validators,
        waiting,
        proposer: proposal.proposer,
    }
}

/// Whether a transaction would take effect in the next block.
///
/// # Errors
/// [`Rejection`].
pub fn probe(
    reads: &dyn StateRead,
    tip: &Tip,
    chain: ChainId,
    time: Time,
    signed: Encoded,
    signatures: &dyn Signatures,
) -> Result<Verified, Rejection> {
    let context = BlockContext::read(reads, chain, tip.height.next(), time)?;
    let overlay = open(reads, tip, &context)?;
    let verified = Verified::check(&overlay, &context, signed, signatures)?;
    apply::apply(&overlay, &context, &verified)?;
    Ok(verified)
}

/// Whether a transaction that was checked before would still take effect: [`probe`] without the signatures.
///
/// # Errors
/// [`Rejection`].
pub fn probe_again(
    reads: &dyn StateRead,
    tip: &Tip,
    chain: ChainId,
    time: Time,
    verified: &Verified,
) -> Result<(), Rejection> {
    let context = BlockContext::read(reads, chain, tip.height.next(), time)?;
    let overlay = open(reads, tip, &context)?;
    verified.check_again(&overlay, &context)?;
    apply::apply(&overlay, &context, verified).map(|_| ())
}

/// Makes the next block from waiting transactions, leaving out what no longer takes effect. What does
/// not fit the block or its department's share stays waiting: who is given first has its place first. No signature
/// is checked: that was done when the transactions came.
///
/// # Errors
/// [`Fault`] when the store breaks, or the rules are newer than this program.
pub fn propose(
    reads: &dyn StateRead,
    tip: &Tip,
    proposal: Proposal,
    mut candidates: Vec<Verified>,
) -> Result<Proposed, Fault> {
    let context = BlockContext::read(reads, proposal.chain, tip.height.next(), proposal.time)?;
    let limits = &context.protocol.limits;
    let waiting = views::waiting(reads, context.height)?;
    let mut overlay = begin(reads, tip, &context, (proposal.round, &proposal.proposer))?;
    // In the order in which they were given each takes its place, whatever its rank.
    let mut shares = Shares::new(limits);
    candidates.retain(|verified| shares.take(verified).is_ok());
    candidates.sort_by_key(|verified| verified.body.payload.rank());
    let mut left_out = Vec::new();
    let mut transactions = Vec::new();
    for verified in candidates {
        let stands = verified.check_again(&overlay, &context);
        match stands.and_then(|()| run(&mut overlay, &context, &verified)) {
            Ok(()) => transactions.push(Encoded::clone(&verified)),
            Err(Rejection::Refused(refusal)) => left_out.push((verified.id(), refusal)),
            Err(Rejection::Fault(fault)) => return Err(fault),
        }
    }
    let mut after = finish(&overlay, &context, proposal.round)?;
    let leaves: Vec<_> = transactions.iter().map(Encoded::leaf).collect();
    let header = header(context.protocol.version, tip, &after, &proposal, waiting, &leaves);
    after.block = header.id();
    let block = Block { header, last_certificate: proposal.last_certificate, transactions };
    Ok(Proposed { block, changes: overlay.changes, tip: after, left_out })
}

/// Executes a block over the state of its parent, whose tree has this root: the rules always, and every signature in it
/// unless `signatures` remembers its answer.
///
/// # Errors
/// [`BlockRejection`] keeps apart what is wrong from what we could not tell.
pub fn execute(
    reads: &dyn StateRead,
    tip: &Tip,
    state_root: Digest,
    chain: ChainId,
    block: &Block,
    signatures: &dyn Signatures,
) -> Result<(Changes, Tip), BlockRejection> {
    let given = &block.header;
    if given.chain != chain {
        return Err(BlockInvalid::Chain.into());
    }
    if given.height != tip.height.next() || given.parent != tip.block {
        return Err(BlockInvalid::Parent.into());
    }
    let context = BlockContext::read(reads, chain, given.height, given.time)?;
    let limits = &context.protocol.limits;
    if given.version != context.protocol.version {
        return Err(BlockInvalid::Version.into());
    }
    if given.time <= tip.time {
        return Err(BlockInvalid::Time.into());
    }
    let validators = views::validator_set(reads)?;
    let waiting = views::waiting(reads, given.height)?;
    let turn = validators.proposer(given.height, given.round, &waiting);
    if turn.is_none_or(|validator| validator.address != given.proposer) {
        return Err(BlockInvalid::Proposer.into());
    }
    if given.state_root != state_root {
        return Err(BlockInvalid::StateRoot.into());
    }
    let mut shares = Shares::new(limits);
    for transaction in &block.transactions {
        shares.take(transaction).map_err(BlockInvalid::from)?;
    }
    if !block.transactions.is_sorted_by_key(|signed| signed.body.payload.rank()) {
        return Err(BlockInvalid::Order.into());
    }
    check_certificate(block, tip, &views::validators_before(reads)?, chain, signatures)?;
    let mut overlay = begin(reads, tip, &context, (given.round, &given.proposer))?;
    for (index, signed) in (0u32..).zip(&block.transactions) {
        Verified::check(&overlay, &context, signed.clone(), signatures)
            .and_then(|verified| run(&mut overlay, &context, &verified))
            .map_err(|rejection| match rejection {
                Rejection::Refused(refusal) => {
                    BlockRejection::Invalid(BlockInvalid::Transaction { index, refusal })
                }
                Rejection::Fault(fault) => BlockRejection::Fault(fault),
            })?;
    }
    let mut after = finish(&overlay, &context, given.round)?;
    let proposal = Proposal {
        chain,
        round: given.round,
        time: given.time,
        proposer: given.proposer,
        last_certificate: block.last_certificate.clone(),
        state_root,
    };
    if header(given.version, tip, &after, &proposal, waiting, &block.leaves()) != *given {
        return Err(BlockInvalid::Roots.into());
    }
    after.block = given.id();
    Ok((overlay.changes, after))
}

/// Whether the validators of the parent's height decided it, in the round it was made in or a later one.
fn check_certificate(
    block: &Block,
    tip: &Tip,
    validators: &ValidatorSet,
    chain: ChainId,
    signatures: &dyn Signatures,
) -> Result<(), BlockInvalid> {
    match &block.last_certificate {
        None if tip.height == Height(0) => Ok(()),
        Some(last) if last.height == tip.height && last.block == tip.block && tip.height > Height(0) => {
            if last.round < tip.round {
                return Err(BlockInvalid::CertificateRound);
            }
            Ok(last.check(validators, chain, signatures)?)
        }
        _ => Err(BlockInvalid::Certificate),
    }
}

#[cfg(test)]
mod tests;
