//! The chain at a glance, and its blocks.

use ledger::equivocation::Equivocated;
use ledger::ids::Height;
use ledger::transaction::Signed;
use ledger::views;
use ledger::wire::to_bytes;
use node::Snapshot;

use crate::chain::proof::{certificate_view, validator};
use crate::chain::view::{BlockPage, BlockRow, ChainOverview, EquivocationRow, TransactionRow};
use crate::error::ServiceError;
use crate::limits;
use crate::names::{Names, ms};
use crate::office::Office;
use crate::officer::Officer;

/// The chain at a glance.
///
/// # Errors
/// Faults of ledger or the office's store.
pub async fn overview(office: &Office, _officer: &Officer) -> Result<ChainOverview, ServiceError> {
    let (entries, requests, grants): (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM j_entry WHERE latest = 1), (SELECT COUNT(*) FROM j_request),
                (SELECT COUNT(*) FROM j_grant)",
    )
    .fetch_one(office.pool())
    .await?;
    let line = office.status();
    office.node().read(|snapshot| {
        let names = office.names(snapshot)?;
        let (tip, genesis) = (snapshot.tip(), snapshot.genesis());
        let validators = views::validator_set(snapshot)?;
        let certificate = snapshot
            .certificate(tip.height)
            .map(|certificate| certificate_view(office, snapshot, &names, &certificate, &validators));
        Ok(ChainOverview {
            name: genesis.name.to_string(),
            trust_root: snapshot.chain().0.to_string(),
            began_at: ms(genesis.time),
            line,
            block: tip.block.to_string(),
            state_root: snapshot.state_root()?.to_string(),
            receipt_root: tip.receipt_root.to_string(),
            receipts: tip.receipt_count,
            heartbeat_ms: views::parameters(snapshot)?.heartbeat_ms,
            departments: names.all().count() as u64,
            certificate,
            entries: entries.unsigned_abs(),
            requests: requests.unsigned_abs(),
            grants: grants.unsigned_abs(),
            blocks: block_rows(office, snapshot, &names, tip.height, limits::HOME_ROWS),
            transactions: newest_transactions(snapshot, &names, limits::HOME_ROWS),
            equivocations: views::equivocations_counted(snapshot)?,
            equivocated: views::newest_equivocations(snapshot)?
                .iter()
                .map(|mark| equivocation_row(office, &names, mark))
                .collect(),
        })
    })
}

fn equivocation_row(office: &Office, names: &Names, mark: &Equivocated) -> EquivocationRow {
    let Equivocated { proof, reporter, reported } = mark;
    let (round, kind) = proof.one.0.place();
    EquivocationRow {
        validator: validator(office, names, &proof.validator),
        height: proof.height.0,
        round,
        kind: kind.code(),
        reporter: names.of(reporter.as_str()),
        tx: reported.tx.to_string(),
        at: ms(reported.at),
    }
}

/// Blocks below a height, newest first; from the head when none is named.
///
/// # Errors
/// Faults of the ledger.
pub async fn blocks(
    office: &Office,
    _officer: &Officer,
    before: Option<u64>,
) -> Result<BlockPage, ServiceError> {
    office.node().read(|snapshot| {
        let names = office.names(snapshot)?;
        let head = snapshot.tip().height.0;
        let (from, older, newer) = around(head, before);
        let blocks = block_rows(office, snapshot, &names, Height(from), limits::BLOCKS_PER_PAGE);
        Ok(BlockPage { blocks, head, older, newer })
    })
}

/// The highest block of the page below a height, and what to ask before for older and newer ones.
fn around(head: u64, before: Option<u64>) -> (u64, Option<u64>, Option<u64>) {
    let from = before.map_or(head, |before| before.saturating_sub(1).min(head));
    let newer = from.saturating_add(limits::BLOCKS_PER_PAGE).min(head).saturating_add(1);
    (
        from,
        Some(lowest(from, limits::BLOCKS_PER_PAGE)).filter(|lowest| *lowest > 1),
        (from < head).then_some(newer),
    )
}

/// The lowest of so many blocks down from a height.
fn lowest(from: u64, count: u64) -> u64 {
    from.saturating_sub(count.saturating_sub(1)).max(1)
}

fn block_rows(
    office: &Office,
    snapshot: &Snapshot<'_>,
    names: &Names,
    from: Height,
    count: u64,
) -> Vec<BlockRow> {
    (lowest(from.0, count)..=from.0)
        .rev()
        .filter_map(|height| block_row(office, snapshot, names, Height(height)))
        .collect()
}

pub(super) fn block_row(
    office: &Office,
    snapshot: &Snapshot<'_>,
    names: &Names,
    height: Height,
) -> Option<BlockRow> {
    let block = snapshot.block(height)?;
    Some(BlockRow {
        height: height.0,
        id: block.id().to_string(),
        at: ms(block.header.time),
        transactions: block.transactions.len() as u64,
        proposer: validator(office, names, &block.header.proposer),
    })
}

/// The newest transactions, looking back over a bounded number of blocks.
fn newest_transactions(snapshot: &Snapshot<'_>, names: &Names, count: u64) -> Vec<TransactionRow> {
    let head = snapshot.tip().height.0;
    let lowest = head.saturating_sub(limits::BLOCKS_PER_PAGE * 4).max(1);
    (lowest..=head)
        .rev()
        .filter_map(|height| snapshot.block(Height(height)))
        .flat_map(|block| {
            let header = block.header;
            (0u32..).zip(block.transactions).map(move |place| (header.clone(), place)).collect::<Vec<_>>()
        })
        .take(usize::try_from(count).unwrap_or(usize::MAX))
        .map(|(header, (index, signed))| {
            transaction_row(&signed, index, header.height, ms(header.time), names)
        })
        .collect()
}

pub(super) fn transaction_row(
    signed: &Signed,
    index: u32,
    height: Height,
    at: i64,
    names: &Names,
) -> TransactionRow {
    TransactionRow {
        id: signed.id().to_string(),
        kind: signed.body.payload.name(),
        department: names.of(signed.body.department.as_str()),
        height: height.0,
        at,
        index: u64::from(index),
        size: to_bytes(signed).len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_back_page_by_page_meets_every_block_once() {
        for head in 0..130 {
            let (mut next, mut before, mut seen) = (head, None, Vec::new());
            loop {
                let (from, older, newer) = around(head, before);
                assert_eq!(from, next, "{head}");
                assert_eq!(newer.is_some(), before.is_some(), "only the first page has nothing newer");
                if from > 0 {
                    seen.extend((lowest(from, limits::BLOCKS_PER_PAGE)..=from).rev());
                }
                let Some(older) = older else { break };
                (next, before) = (older - 1, Some(older));
            }
            assert_eq!(seen, (1..=head).rev().collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_typed_into_the_address_stays_on_the_chain() {
        for (head, before, expected) in [
            (100, None, (100, Some(76), None)),
            (100, Some(76), (75, Some(51), Some(101))),
            (100, Some(101), (100, Some(76), None)),
            (100, Some(u64::MAX), (100, Some(76), None)),
            (100, Some(0), (0, None, Some(26))),
            (100, Some(1), (0, None, Some(26))),
            (3, None, (3, None, None)),
            (0, None, (0, None, None)),
        ] {
            assert_eq!(around(head, before), expected, "{head} {before:?}");
        }
    }
}
