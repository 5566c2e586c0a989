//! Every head of the own audit log that this department signed, compared with the log.
//!
//! A head stands in each receipt, denial and acknowledgement of the department on the chain, and in the
//! details behind each of its tickets. A log that was cut, or written anew by whoever has the key, lacks
//! one of them: the chain remembers what the log once was. All are read from the blocks themselves, for
//! the read model lies in the same file as the log.

use exchange::{ExchangeFault, Papers};
use gm::domain::ChainId;
use gm::sm3::Digest;
use ledger::block::Block;
use ledger::ids::{DepartmentId, Height, QueryId};
use ledger::receipt::{LogHead, Ticket};
use ledger::transaction::{Payload, Signed};
use serde::Serialize;

use crate::audit_log::AuditLog;
use crate::store::StoreFault;

/// Blocks read before others may go on.
const BLOCKS_PER_TURN: u64 = 64;

/// Where the heads are: the chain as one node holds it.
pub struct Witness<'a> {
    /// Whose log it is.
    pub own: &'a DepartmentId,
    /// Of which chain.
    pub chain: ChainId,
    /// A block by its height.
    pub block: &'a dyn Fn(Height) -> Option<Block>,
}

impl std::fmt::Debug for Witness<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Witness").field("own", self.own).finish_non_exhaustive()
    }
}

/// What was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Blocks read.
    pub blocks: u64,
    /// Heads in receipts, denials and acknowledgements.
    pub heads: u64,
    /// Heads in the details of tickets.
    pub tickets: u64,
    /// Tickets whose details are not kept any more: their heads cannot be compared.
    pub tickets_without_details: u64,
}

/// The log is not the one the chain has heads of, or that could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum HeadFault {
    /// The log lacks an entry that the department signed.
    #[error(
        "the audit log does not hold entry {size} as it was signed in block {height}: it was cut or replaced; restore it from the backup"
    )]
    Missing {
        /// The entry the chain knows of.
        size: u64,
        /// Where.
        height: Height,
    },
    /// The papers of a ticket are not those that were signed.
    #[error("the details of query {0} are not those of its ticket: the exchange's store was changed")]
    Details(QueryId),
    /// The chain lacks a block below its own head.
    #[error("the node has no block at height {0}")]
    NoBlock(Height),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The papers could not be read.
    #[error(transparent)]
    Exchange(#[from] ExchangeFault),
}

impl Witness<'_> {
    /// Compares every head up to a height.
    ///
    /// # Errors
    /// [`HeadFault`] names the first that does not fit.
    pub async fn compare(
        &self,
        log: &AuditLog,
        tip: Height,
        papers: impl AsyncFn(&QueryId) -> Result<Option<Papers>, ExchangeFault>,
    ) -> Result<Compared, HeadFault> {
        let mut compared = Compared::default();
        for height in (1..=tip.0).map(Height) {
            let block = (self.block)(height).ok_or(HeadFault::NoBlock(height))?;
            compared.blocks += 1;
            for signed in &block.transactions {
                if let Some(head) = self.head(signed) {
                    fits(log, head, height).await?;
                    compared.heads += 1;
                }
                let Some((query, details_digest)) = self.ticket(signed) else { continue };
                let Some(papers) = papers(&query).await? else {
                    compared.tickets_without_details += 1;
                    continue;
                };
                if papers.details.digest(self.chain) != details_digest {
                    return Err(HeadFault::Details(query));
                }
                fits(log, &papers.details.log_head, height).await?;
                compared.tickets += 1;
            }
            if height.0 % BLOCKS_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(compared)
    }

    /// The head in what this department signed itself.
    fn head<'s>(&self, signed: &'s Signed) -> Option<&'s LogHead> {
        if signed.body.department != *self.own {
            return None;
        }
        match &signed.body.payload {
            Payload::RecordAnswer(receipt) => Some(&receipt.log_head),
            Payload::RecordDenial(denial) => Some(&denial.log_head),
            Payload::Acknowledge(delivery) => Some(&delivery.log_head),
            Payload::RecordLooks(looks) => Some(&looks.log_head),
            _ => None,
        }
    }

    /// Its own ticket, in what the provider put on record.
    fn ticket(&self, signed: &Signed) -> Option<(QueryId, Digest)> {
        let ticket: &Ticket = match &signed.body.payload {
            Payload::RecordAnswer(receipt) => &receipt.ticket,
            Payload::RecordDenial(denial) => &denial.ticket,
            _ => return None,
        };
        (ticket.requester == *self.own).then(|| (ticket.query_id(), ticket.details_digest))
    }
}

async fn fits(log: &AuditLog, head: &LogHead, height: Height) -> Result<(), HeadFault> {
    if log.contains(head).await? { Ok(()) } else { Err(HeadFault::Missing { size: head.size, height }) }
}
