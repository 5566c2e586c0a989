//! Blocks of a peer, checked and written at the end of our chain.
//!
//! One certificate proves the last block of a run, that block's header the one before it, and so on down
//! to our head: so nothing is executed that two thirds of the validators did not decide. What they decided
//! and we find invalid is a fault at once.

use std::sync::Arc;

use gm::sm3::Digest;
use ledger::block::{self, Block, BlockRejection, Header};
use ledger::certificate::{Certificate, CertificateError, ValidatorSet};
use ledger::ids::Height;
use ledger::tip::Tip;
use ledger::views;
use ledger::wire::from_bytes;

use crate::checked::Checked;
use crate::fault::NodeFault;
use crate::peers::blocks::Run;
use crate::store::snapshot::Snapshot;
use crate::store::{Decided, Store};

/// Why what a peer sent cannot be what was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lie {
    /// Bytes that are no block or no certificate.
    #[error("it sent bytes that are no blocks with a certificate")]
    Malformed,
    /// They do not follow our head, or each other.
    #[error("it sent blocks that do not follow each other")]
    Apart,
    /// Other things stand under a header than it names.
    #[error("it sent a block with another body than its header names")]
    Body,
    /// The certificate is of another block.
    #[error("it sent a certificate of another block")]
    OtherBlock,
    /// The certificate proves nothing.
    #[error("it sent a certificate that is not valid: {0}")]
    Certificate(#[from] CertificateError),
    /// It said that it has blocks, and has none or fewer than before.
    #[error("it said that it was further than it is")]
    Height,
}

/// Writes what others decided.
pub(crate) struct Append {
    store: Arc<Store>,
    signatures: Arc<Checked>,
}

/// A run read from its bytes.
struct Read {
    blocks: Vec<(Vec<u8>, Block)>,
    certificate: Certificate,
}

/// What was written, and why no more.
#[derive(Default)]
pub(crate) struct Appended {
    /// The blocks with the heads they made, all on disk.
    pub(crate) blocks: Vec<(Block, Tip)>,
    /// What was wrong with the next one.
    pub(crate) lie: Option<Lie>,
}

impl Append {
    /// To the chain in a store.
    pub(crate) fn new(store: Arc<Store>, signatures: Arc<Checked>) -> Self {
        Self { store, signatures }
    }

    /// Writes the blocks that a peer sent as those after a height; what we hold already is passed over.
    ///
    /// # Errors
    /// [`NodeFault::Diverged`] if a decided block is invalid here, or what broke.
    pub(crate) fn append(&self, after: Height, run: Run) -> Result<Appended, NodeFault> {
        let mut done = Appended::default();
        let ours = self.store.last_tip().height.0.saturating_sub(after.0);
        let Run { mut blocks, certificate, .. } = run;
        blocks.drain(..blocks.len().min(usize::try_from(ours).unwrap_or(usize::MAX)));
        if blocks.is_empty() {
            return Ok(done);
        }
        let Some(Read { mut blocks, certificate }) = read(blocks, &certificate) else {
            done.lie = Some(Lie::Malformed);
            return Ok(done);
        };
        while !blocks.is_empty() {
            let proven = self.prove(&blocks, &certificate)?;
            match proven {
                Ok(proven) => {
                    let rest = blocks.split_off(proven.min(blocks.len()));
                    let next = rest.first().map(|(_, block)| block);
                    done.blocks.extend(self.write(blocks, next, &certificate)?);
                    blocks = rest;
                }
                Err(lie) => {
                    done.lie = Some(lie);
                    break;
                }
            }
        }
        Ok(done)
    }

    /// How many of these blocks are proven to have been decided after our head: all, or those up to one
    /// after which other validators decide.
    pub(super) fn prove(
        &self,
        blocks: &[(Vec<u8>, Block)],
        last: &Certificate,
    ) -> Result<Result<usize, Lie>, NodeFault> {
        let snapshot = self.store.snapshot();
        let set = validators_of_next(&snapshot)?;
        let digest = set.digest();
        let mut parent = snapshot.tip();
        for (index, (_, block)) in blocks.iter().enumerate() {
            let header = &block.header;
            if header.height != parent.height.next() || header.parent != parent.block {
                return Ok(Err(Lie::Apart));
            }
            if !block.is_whole() {
                return Ok(Err(Lie::Body));
            }
            (parent.height, parent.block) = (header.height, block.id());
            let count = index.saturating_add(1);
            let next = blocks.get(count).map(|(_, next)| next);
            if next.is_none() || others_decide_after(header, digest) {
                let certificate = next.map_or(Some(last), |next| next.last_certificate.as_ref());
                return Ok(self.holds(certificate, &parent, &set).map(|()| count));
            }
        }
        Ok(Ok(blocks.len()))
    }

    fn holds(&self, certificate: Option<&Certificate>, of: &Tip, set: &ValidatorSet) -> Result<(), Lie> {
        match certificate {
            Some(certificate) if certificate.height == of.height && certificate.block == of.block => {
                Ok(certificate.check(set, self.store.chain(), &*self.signatures)?)
            }
            _ => Err(Lie::OtherBlock),
        }
    }

    /// Executes and writes blocks that were decided. The last one's certificate stands in the next block,
    /// or is the run's. On disk when this returns.
    fn write(
        &self,
        blocks: Vec<(Vec<u8>, Block)>,
        next: Option<&Block>,
        last: &Certificate,
    ) -> Result<Vec<(Block, Tip)>, NodeFault> {
        let certificate_after =
            |next: Option<&Block>| next.map_or(Some(last), |next| next.last_certificate.as_ref()).cloned();
        let mut done = Vec::with_capacity(blocks.len());
        let mut blocks = blocks.into_iter().peekable();
        while let Some((bytes, block)) = blocks.next() {
            let is_last = blocks.peek().is_none();
            let certificate = certificate_after(blocks.peek().map(|(_, next)| next).or(next));
            let (changes, tip) = self.execute(&block)?;
            let certificate = &certificate.ok_or_else(|| diverged(&block, "the next has no certificate"))?;
            let (changes, tip, tree) = (&changes, &tip, &self.store.grow_tree(tip.height, &changes)?);
            let decided = Decided { block: &block, bytes: &bytes, certificate, changes, tree, tip };
            if is_last {
                self.store.commit(&decided)?;
            } else {
                self.store.commit_with_next(&decided)?;
            }
            done.push((block, *tip));
        }
        Ok(done)
    }

    fn execute(&self, block: &Block) -> Result<(ledger::state::Changes, Tip), NodeFault> {
        let snapshot = self.store.snapshot();
        let (tip, root) = (snapshot.tip(), snapshot.state_root().map_err(NodeFault::read)?);
        let done = block::execute(&snapshot, &tip, root, self.store.chain(), block, &*self.signatures);
        done.map_err(|rejection| match rejection {
            BlockRejection::Invalid(reason) => diverged(block, reason),
            BlockRejection::Fault(fault) => NodeFault::read(fault),
        })
    }
}

/// The validators who decide the height after a view's head.
pub(super) fn validators_of_next(snapshot: &Snapshot<'_>) -> Result<ValidatorSet, NodeFault> {
    views::validator_set(snapshot).map_err(NodeFault::read)
}

/// Whether other validators than these decide the height after a block's.
fn others_decide_after(header: &Header, set: Digest) -> bool {
    header.next_validators != set
}

fn diverged(block: &Block, reason: impl ToString) -> NodeFault {
    let (height, id) = (block.header.height.0, block.id().to_string());
    NodeFault::Diverged { height, block: id.into(), reason: reason.to_string().into() }
}

fn read(blocks: Vec<Vec<u8>>, certificate: &[u8]) -> Option<Read> {
    let certificate = from_bytes(certificate).ok()?;
    let blocks = blocks.into_iter().map(|bytes| from_bytes(&bytes).ok().map(|block| (bytes, block)));
    Some(Read { blocks: blocks.collect::<Option<_>>()?, certificate })
}
