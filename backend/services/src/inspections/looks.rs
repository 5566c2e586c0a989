//! Looks on their way to the chain: written down before a page is shown, put on record together some seconds
//! later, again and again until the chain has them. What a crash interrupts goes on with the next start.

use std::convert::Infallible;
use std::time::Duration;

use ledger::ids::{GrantId, InspectionId, Nonce, QueryId, RequestId};
use ledger::inspection::{Inspection, RecordLooks, Sight};
use ledger::refusal::Refusal;
use ledger::transaction::Payload;
use ledger::views;
use node::SubmitError;
use sqlx::Row as _;

use crate::error::ServiceError;
use crate::fault::OfficeFault;
use crate::inspections::open_ones::seen;
use crate::inspections::view::SightKind;
use crate::office::Office;
use crate::{act, limits};

/// On the chain.
const RECORDED: i64 = 1;
/// The chain does not take it: its inspection ended long ago, or does not cover it.
const NOT_TAKEN: i64 = 2;

/// Writes a look down. Of several at one thing in one inspection the first counts.
pub(super) async fn keep(
    office: &Office,
    inspection: &InspectionId,
    sight: &Sight,
) -> Result<(), ServiceError> {
    sqlx::query("INSERT OR IGNORE INTO look (inspection, kind, object, at) VALUES (?, ?, ?, ?)")
        .bind(inspection.as_bytes().as_slice())
        .bind(SightKind::of(sight).number())
        .bind(sight.object().as_slice())
        .bind(office.now_ms())
        .execute(office.pool())
        .await?;
    office.looks().notify_one();
    Ok(())
}

/// How many looks of an inspection wait.
pub(super) async fn waiting_of(office: &Office, inspection: &InspectionId) -> Result<u64, ServiceError> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM look WHERE inspection = ? AND state = 0")
        .bind(inspection.as_bytes().as_slice())
        .fetch_one(office.pool())
        .await?;
    Ok(count.unsigned_abs())
}

/// Puts looks on record, for ever.
///
/// # Errors
/// None: what fails is logged and tried again.
pub(crate) async fn put_looks_on_record(office: &Office) -> Result<Infallible, OfficeFault> {
    loop {
        // A fault is in the log already, under its number.
        send(office).await.ok();
        let again = Duration::from_millis(limits::LOOKS_RETRY_MS);
        tokio::time::timeout(again, office.looks().notified()).await.ok();
        tokio::time::sleep(Duration::from_millis(limits::LOOKS_COLLECT_MS)).await;
    }
}

/// One portion of each inspection that has looks waiting.
async fn send(office: &Office) -> Result<(), ServiceError> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar("SELECT DISTINCT inspection FROM look WHERE state = 0")
        .fetch_all(office.pool())
        .await?;
    for id in rows.into_iter().filter_map(|id| id.try_into().ok()).map(InspectionId) {
        send_of(office, &id).await?;
    }
    Ok(())
}

async fn send_of(office: &Office, id: &InspectionId) -> Result<(), ServiceError> {
    let waiting = waiting(office, id).await?;
    let inspection = office.node().read(|snapshot| views::inspection(snapshot, id))?;
    let Some(inspection) = inspection else { return Ok(()) };
    let Sorted { mut fresh, recorded, beyond } = sorted(office, &inspection, &waiting)?;
    mark(office, id, &recorded, RECORDED).await?;
    mark(office, id, &beyond, NOT_TAKEN).await?;
    if fresh.is_empty() {
        return Ok(());
    }
    fresh.sort_unstable();
    let looks = RecordLooks { inspection: *id, looks: fresh.clone(), log_head: office.audit().head() };
    let nonce = Nonce(gm::random::bytes::<32>()?);
    match office.node().submit(act::sign(office, nonce, Payload::RecordLooks(looks))?).await {
        Ok(_) => mark(office, id, &fresh, RECORDED).await,
        Err(SubmitError::Refused(Refusal::InspectionClosed)) => {
            tracing::error!(inspection.id = %id, looks = fresh.len(), "the inspection ended too long ago to put its last looks on record");
            mark(office, id, &fresh, NOT_TAKEN).await
        }
        Err(SubmitError::Refused(refusal)) => {
            tracing::warn!(inspection.id = %id, code = refusal.code(), "looks were not put on record yet");
            Ok(())
        }
        // Tried again at the next turn; what was put on record all the same is found there.
        Err(SubmitError::Lapsed | SubmitError::Full) => Ok(()),
        Err(SubmitError::Fault(fault)) => Err(fault.into()),
    }
}

async fn waiting(office: &Office, id: &InspectionId) -> Result<Vec<Sight>, ServiceError> {
    let rows =
        sqlx::query("SELECT kind, object FROM look WHERE inspection = ? AND state = 0 ORDER BY at LIMIT ?")
            .bind(id.as_bytes().as_slice())
            .bind(limits::LOOKS_PER_SUBMISSION)
            .fetch_all(office.pool())
            .await?;
    rows.iter()
        .map(|row| {
            sight(row.try_get("kind")?, row.try_get("object")?)
                .ok_or_else(|| ServiceError::fault("a look that was written down is damaged", &"its kind"))
        })
        .collect()
}

/// What a row of the store or the read model looked at.
pub(super) fn sight(kind: i64, object: Vec<u8>) -> Option<Sight> {
    let object: [u8; 32] = object.try_into().ok()?;
    match SightKind::ALL.iter().find(|known| known.number() == kind)? {
        SightKind::Record => Some(Sight::Record(QueryId(object))),
        SightKind::Request => Some(Sight::Request(RequestId(object))),
        SightKind::Grant => Some(Sight::Grant(GrantId(object))),
    }
}

/// Looks by what is to be done with them.
struct Sorted {
    fresh: Vec<Sight>,
    recorded: Vec<Sight>,
    beyond: Vec<Sight>,
}

fn sorted(office: &Office, inspection: &Inspection, waiting: &[Sight]) -> Result<Sorted, ServiceError> {
    office.node().read(|snapshot| {
        let mut sorted = Sorted { fresh: Vec::new(), recorded: Vec::new(), beyond: Vec::new() };
        for sight in waiting {
            let Some(seen) = seen(snapshot, sight)? else { continue };
            let list = if views::look(snapshot, sight.object(), &inspection.id)?.is_some() {
                &mut sorted.recorded
            } else if inspection.overlaps(&seen.requester, &seen.provider, seen.span) {
                &mut sorted.fresh
            } else {
                &mut sorted.beyond
            };
            list.push(*sight);
        }
        Ok(sorted)
    })
}

async fn mark(
    office: &Office,
    inspection: &InspectionId,
    sights: &[Sight],
    state: i64,
) -> Result<(), ServiceError> {
    for sight in sights {
        sqlx::query("UPDATE look SET state = ? WHERE inspection = ? AND object = ?")
            .bind(state)
            .bind(inspection.as_bytes().as_slice())
            .bind(sight.object().as_slice())
            .execute(office.pool())
            .await?;
    }
    Ok(())
}
