//! The index of records: where in decided blocks the record of a query stands, and its acknowledgement.

use crate::block::Block;
use crate::grant::Grant;
use crate::history::HistoryRead;
use crate::ids::{GrantId, Height, QueryId};
use crate::keys;
use crate::receipt::{Place, Record, RecordKind};
use crate::state::{Changes, MemoryState, Pairs, ReadFault, StateRead};
use crate::transaction::{Encoded, Payload};
use crate::views::decode;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// What a block adds to the index of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexed {
    /// A receipt or denial stands at this place of the block; an answer is the use of this number of its grant.
    Record {
        /// Of which query.
        query: QueryId,
        /// Its place in the block, from 0.
        index: u32,
        /// 1, 2, 3 … within the grant; 0 for a denial.
        use_no: u32,
    },
    /// Its acknowledgement stands at this place.
    Delivery {
        /// Of which query.
        query: QueryId,
        /// Its place in the block, from 0.
        index: u32,
    },
}

/// What a block that made these changes adds to the index.
///
/// # Errors
/// [`ReadFault`] when the changes are not the block's.
pub fn indexed(block: &Block, changes: &Changes) -> Result<Vec<Indexed>, ReadFault> {
    let mut added = Vec::new();
    // Each answer counts one use: the last of a grant in the block is the one that its grant was left with.
    let mut uses: BTreeMap<GrantId, u32> = BTreeMap::new();
    let numbered: Vec<_> = (0u32..).zip(&block.transactions).collect();
    for (index, signed) in numbered.into_iter().rev() {
        match &signed.body.payload {
            Payload::RecordAnswer(receipt) => {
                let id = receipt.ticket.grant;
                let use_no = match uses.get(&id) {
                    Some(uses) => *uses,
                    None => uses_after(changes, &id)?,
                };
                uses.insert(id, use_no.saturating_sub(1));
                added.push(Indexed::Record { query: receipt.ticket.query_id(), index, use_no });
            }
            Payload::RecordDenial(denial) => {
                added.push(Indexed::Record { query: denial.ticket.query_id(), index, use_no: 0 });
            }
            Payload::Acknowledge(delivery) => {
                let marks = delivery.marks.iter();
                added.extend(marks.map(|(query, _)| Indexed::Delivery { query: *query, index }));
            }
            Payload::Publish(_)
            | Payload::SubmitRequest(_)
            | Payload::ApproveRequest(_)
            | Payload::RefuseRequest(_)
            | Payload::WithdrawRequest(_)
            | Payload::RevokeGrant(_)
            | Payload::DraftPolicy(_)
            | Payload::CountersignPolicy(_)
            | Payload::WithdrawPolicy(_)
            | Payload::AnchorRoster(_)
            | Payload::OpenInspection(_)
            | Payload::CloseInspection(_)
            | Payload::RecordLooks(_)
            | Payload::ReportEquivocation(_) => {}
        }
    }
    Ok(added)
}

fn uses_after(changes: &Changes, id: &GrantId) -> Result<u32, ReadFault> {
    let key = keys::grant(id);
    let grant = changes.get(&key).ok_or_else(|| ReadFault(String::from("an answer changed no grant")))?;
    Ok(decode::<Grant>(&key, grant)?.uses)
}

impl Record {
    /// The record at a place of a decided block, which the index says is an answer of this use, with the block and
    /// place of its acknowledgement. None where no record stands there, or none of its acknowledgement.
    #[must_use]
    pub fn from_block(
        block: &Block,
        index: u32,
        use_no: u32,
        delivery: Option<(&Block, u32)>,
    ) -> Option<Self> {
        let signed = at(block, index)?;
        let (kind, ticket, ticket_signature, policy_versions, judged_height, log_head) =
            match &signed.body.payload {
                Payload::RecordAnswer(r) => {
                    let kind = RecordKind::Answer { answer_digest: r.answer_digest, use_no };
                    (kind, &r.ticket, r.ticket_signature, r.policy_versions, r.judged_height, r.log_head)
                }
                Payload::RecordDenial(d) => {
                    let kind = RecordKind::Denial { class: d.class, decision_commit: d.decision_commit };
                    (kind, &d.ticket, d.ticket_signature, d.policy_versions, d.judged_height, d.log_head)
                }
                _ => return None,
            };
        let query = ticket.query_id();
        let delivery = match delivery {
            Some((block, index)) => {
                let signed = at(block, index)?;
                let Payload::Acknowledge(delivery) = &signed.body.payload else { return None };
                let (_, outcome) = delivery.marks.iter().find(|(of, _)| *of == query)?;
                Some((*outcome, place(block, signed)))
            }
            None => None,
        };
        Some(Self {
            query,
            kind,
            ticket: ticket.clone(),
            ticket_signature,
            policy_versions,
            judged_height,
            log_head,
            log_index: log_index(block, index)?,
            recorded: place(block, signed),
            delivery,
        })
    }
}

fn at(block: &Block, index: u32) -> Option<&Encoded> {
    block.transactions.get(usize::try_from(index).ok()?)
}

fn place(block: &Block, signed: &Encoded) -> Place {
    Place { tx: signed.id(), height: block.header.height, at: block.header.time }
}

/// Where the leaf of a transaction stands in the receipt log: the header says how long the log is after the block.
fn log_index(block: &Block, index: u32) -> Option<u64> {
    let rest = block.transactions.get(usize::try_from(index).ok()?..)?;
    let leaves = rest.iter().filter(|signed| signed.body.payload.is_logged()).count();
    block.header.receipt_count.checked_sub(u64::try_from(leaves).ok()?)
}

/// Decided blocks in memory, with their index: for tests, as [`MemoryState`] is.
#[derive(Clone, Debug, Default)]
pub struct MemoryHistory {
    blocks: BTreeMap<Height, Block>,
    records: BTreeMap<QueryId, (Height, u32, u32)>,
    deliveries: BTreeMap<QueryId, (Height, u32)>,
}

impl MemoryHistory {
    /// Takes a decided block over that made these changes.
    ///
    /// # Errors
    /// [`ReadFault`] when the changes are not the block's.
    pub fn add(&mut self, block: &Block, changes: &Changes) -> Result<(), ReadFault> {
        let height = block.header.height;
        for added in indexed(block, changes)? {
            match added {
                Indexed::Record { query, index, use_no } => {
                    self.records.insert(query, (height, index, use_no));
                }
                Indexed::Delivery { query, index } => {
                    self.deliveries.insert(query, (height, index));
                }
            }
        }
        self.blocks.insert(height, block.clone());
        Ok(())
    }

    /// All records, in the order of their queries' ids.
    ///
    /// # Errors
    /// [`ReadFault`] when the index is not the blocks'.
    pub fn records(&self) -> Result<Vec<Record>, ReadFault> {
        let all: Result<Vec<_>, _> = self.records.keys().map(|query| self.record(query)).collect();
        Ok(all?.into_iter().flatten().collect())
    }
}

impl HistoryRead for MemoryHistory {
    fn record(&self, query: &QueryId) -> Result<Option<Record>, ReadFault> {
        let Some((height, index, use_no)) = self.records.get(query) else { return Ok(None) };
        let block = |height| {
            self.blocks.get(height).ok_or_else(|| ReadFault(String::from("the index names no block")))
        };
        let delivery = match self.deliveries.get(query) {
            Some((height, index)) => Some((block(height)?, *index)),
            None => None,
        };
        Ok(Record::from_block(block(height)?, *index, *use_no, delivery))
    }
}

/// State and history in memory, for tests.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger {
    /// The state.
    pub state: MemoryState,
    /// The blocks.
    pub history: MemoryHistory,
}

impl MemoryLedger {
    /// Takes a decided block over that made these changes.
    ///
    /// # Errors
    /// [`ReadFault`] when the changes are not the block's.
    pub fn commit(&mut self, block: &Block, changes: &Changes) -> Result<(), ReadFault> {
        self.state.commit(changes);
        self.history.add(block, changes)
    }
}

impl StateRead for MemoryLedger {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        self.state.get(key)
    }
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Pairs, ReadFault> {
        self.state.scan(prefix, after, limit)
    }
}

impl HistoryRead for MemoryLedger {
    fn record(&self, query: &QueryId) -> Result<Option<Record>, ReadFault> {
        self.history.record(query)
    }
}
