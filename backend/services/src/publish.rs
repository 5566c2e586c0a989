//! Publishing: each entry file whose version the chain lacks is submitted with the office key.
//!
//! Runs once after the start, beside everything else. An entry that the chain refuses is logged and
//! left: it hinders nobody.

use std::time::Duration;

use ledger::catalogue::Entry;
use ledger::ids::Nonce;
use ledger::refusal::Refusal;
use ledger::transaction::Payload;
use ledger::views;
use node::SubmitError;

use crate::act;
use crate::audit_log::{Event, Note};
use crate::fault::OfficeFault;
use crate::limits;
use crate::office::Office;

/// Publishes what the chain lacks.
pub(crate) async fn publish(office: &Office) -> Result<(), OfficeFault> {
    for entry in office.entries() {
        while let Some(wait_ms) = publish_one(office, entry).await? {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }
    Ok(())
}

/// After how many milliseconds this entry needs another attempt, if it does.
async fn publish_one(office: &Office, entry: &Entry) -> Result<Option<u64>, OfficeFault> {
    let published = office.node().read(|snapshot| views::entry(snapshot, &entry.id))?;
    if let Some(published) = published {
        if published.entry != *entry || published.provider != *office.department() {
            tracing::warn!(entry.id = %entry.id, "the entry file differs from what is published under its version: raise the version to publish the change");
        }
        return Ok(None);
    }
    let object = entry.id.to_string();
    let note = Note::of_system(office.now_ms(), Event::EntryPublish, &object, "ok");
    office.audit().append(note).await?;
    let nonce = gm::random::bytes::<32>().map(Nonce);
    let signed = match nonce.map(|nonce| act::sign(office, nonce, Payload::Publish(entry.clone()))) {
        Ok(Ok(signed)) => signed,
        Ok(Err(error)) => {
            tracing::error!(entry.id = %entry.id, %error, "the entry could not be signed");
            return Ok(Some(limits::PUBLISH_RETRY_MS));
        }
        Err(error) => {
            tracing::error!(entry.id = %entry.id, %error, "the entry could not be signed");
            return Ok(Some(limits::PUBLISH_RETRY_MS));
        }
    };
    match office.node().submit(signed).await {
        Ok(applied) => {
            tracing::info!(entry.id = %entry.id, block.height = applied.height.0, "the entry is published");
            Ok(None)
        }
        Err(SubmitError::Refused(refusal @ Refusal::CreditPublications)) => {
            tracing::warn!(entry.id = %entry.id, code = refusal.code(), "the entry waits for the next day");
            Ok(Some(limits::PUBLISH_CREDIT_MS))
        }
        Err(SubmitError::Refused(refusal)) => {
            tracing::error!(entry.id = %entry.id, code = refusal.code(), "the chain refuses the entry");
            Ok(None)
        }
        Err(SubmitError::Lapsed | SubmitError::Full) => Ok(Some(limits::PUBLISH_RETRY_MS)),
        Err(SubmitError::Fault(fault)) => {
            // The node stops the process itself; until then there is nothing to publish to.
            tracing::error!(entry.id = %entry.id, %fault, "the entry was not published");
            Ok(Some(limits::PUBLISH_RETRY_MS))
        }
    }
}
