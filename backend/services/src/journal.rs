//! The read model follows the chain: a cursor, one database transaction per portion of blocks.
//!
//! Events of the node are hints, its store is the truth: whatever was missed is read again from the
//! cursor on. The model can be emptied and filled anew at any time ([`rebuild`]); it then holds the
//! same rows.

pub(crate) mod projection;

use ledger::ids::Height;
use sqlx::SqliteConnection;

use crate::fault::JournalFault;
use crate::journal::projection::Change;
use crate::limits;
use crate::office::Office;

/// Follows the chain for ever.
///
/// # Errors
/// [`JournalFault`]; the process must end.
pub(crate) async fn follow(office: &Office) -> Result<std::convert::Infallible, crate::fault::OfficeFault> {
    let mut tip = office.node().follow();
    loop {
        catch_up(office).await?;
        tip.changed().await.map_err(|_| JournalFault::Stopped)?;
    }
}

/// Fills the read model up to the node's head.
///
/// # Errors
/// [`JournalFault`].
pub(crate) async fn catch_up(office: &Office) -> Result<(), JournalFault> {
    while !step(office).await? {}
    Ok(())
}

/// Empties the read model and fills it anew.
///
/// # Errors
/// [`JournalFault`].
pub async fn rebuild(office: &Office) -> Result<(), JournalFault> {
    let mut transaction = office.pool().begin_with("BEGIN IMMEDIATE").await?;
    empty(&mut transaction).await?;
    transaction.commit().await?;
    catch_up(office).await
}

/// Takes one portion of blocks over. True when the head is reached.
async fn step(office: &Office) -> Result<bool, JournalFault> {
    let mut transaction = office.pool().begin_with("BEGIN IMMEDIATE").await?;
    let (height, chain): (i64, Vec<u8>) =
        sqlx::query_as("SELECT height, chain FROM journal").fetch_one(&mut *transaction).await?;
    let head = office.node().read(|snapshot| snapshot.tip().height.0);
    if chain != office.chain().0.0 || height.unsigned_abs() > head {
        // Another chain, or the node began anew: what is here says nothing about it.
        empty(&mut transaction).await?;
        sqlx::query("UPDATE journal SET chain = ?")
            .bind(office.chain().0.0.as_slice())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        return Ok(false);
    }
    let from = height.unsigned_abs();
    let to = head.min(from.saturating_add(limits::JOURNAL_BLOCKS_PER_STEP));
    if from == to {
        office.projected().send_replace(from);
        return Ok(true);
    }
    for change in read(office, from, to)? {
        change.write(&mut transaction).await?;
    }
    sqlx::query("UPDATE journal SET height = ?")
        .bind(i64::try_from(to).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    office.projected().send_replace(to);
    Ok(to == head)
}

fn read(office: &Office, from: u64, to: u64) -> Result<Vec<Change>, JournalFault> {
    office.node().read(|snapshot| {
        let mut changes = Vec::new();
        for height in from + 1..=to {
            let block = snapshot.block(Height(height)).ok_or(JournalFault::NoBlock(height))?;
            changes.extend(projection::changes(snapshot, &block)?);
        }
        Ok(changes)
    })
}

async fn empty(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for statement in [
        "INSERT INTO j_entry_text (j_entry_text) VALUES ('delete-all')",
        "DELETE FROM j_entry",
        "DELETE FROM j_request",
        "DELETE FROM j_grant",
        "DELETE FROM j_record",
        "DELETE FROM j_leaves",
        "DELETE FROM j_look",
        "DELETE FROM j_inspection",
        "UPDATE journal SET height = 0",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}
