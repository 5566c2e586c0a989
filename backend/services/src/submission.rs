//! From a decided form to a transaction that took effect.
//!
//! The form's id was drawn with the form. Its first submission is signed and kept; a double click
//! sends these same bytes again and gets the same answer. A refused or lapsed submission is forgotten:
//! it can never take effect, and the corrected form may be sent under the same id.

use gm::sm3::{Digest, Sm3};
use ledger::ids::Nonce;
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::wire::{from_bytes, to_bytes};
use node::{Applied, SubmitError};
use sqlx::Row as _;

use crate::error::ServiceError;
use crate::limits;
use crate::names::ms;
use crate::office::Office;
use crate::officer::Officer;
use crate::records::Records;

/// A step that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// What it made or changed: the request's or grant's id, 64 hexadecimal characters.
    pub id: String,
    /// The transaction.
    pub tx: String,
    /// Its block.
    pub height: u64,
    /// Its block's time, ms UTC.
    pub at: i64,
}

/// A form as it was sent: its id, what it is for, and the digest of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) id: [u8; 32],
    said: Digest,
}

/// A fresh id for a form that is drawn now.
pub(crate) fn draw() -> Result<String, ServiceError> {
    Ok(hex::encode(gm::random::bytes::<32>()?))
}

/// The id of a form that came back.
pub(crate) fn parse_id(text: &str) -> Result<[u8; 32], ServiceError> {
    let mut id = [0; 32];
    match hex::decode_to_slice(text, &mut id) {
        Ok(()) => Ok(id),
        Err(_) => Err(ServiceError::field("form_id", "missing")),
    }
}

impl Form {
    /// Reads the id and digests what the form said, field by field with lengths.
    pub(crate) fn new(kind: &'static str, id: &str, said: &[&str]) -> Result<Self, ServiceError> {
        let mut digest = Sm3::new();
        for field in std::iter::once(&kind).chain(said) {
            digest.update(&(field.len() as u64).to_be_bytes());
            digest.update(field.as_bytes());
        }
        Ok(Self { id: parse_id(id)?, said: digest.finish() })
    }
}

/// The answer to a form that was sent before: its kept bytes are submitted again. None for a new form.
///
/// # Errors
/// Refused `form.used` by someone else, `form.changed` when it said something else; else as [`submit`].
pub(crate) async fn again(
    office: &Office,
    officer: &Officer,
    form: &Form,
) -> Result<Option<(Signed, Applied)>, ServiceError> {
    match kept(office, officer, form).await? {
        Some(signed) => send(office, form, signed).await.map(Some),
        None => Ok(None),
    }
}

/// Signs with the office key and waits until the transaction is on the chain or cannot get there.
pub(crate) async fn submit(
    office: &Office,
    officer: &Officer,
    form: &Form,
    payload: Payload,
) -> Result<(Signed, Applied), ServiceError> {
    let signed = sign(office, Nonce(form.id), payload)?;
    // Two clicks at once: the first insert wins, both send what is kept.
    sqlx::query(
        "INSERT OR IGNORE INTO submission (form_id, staff, input, signed, made_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(form.id.as_slice())
    .bind(officer.staff())
    .bind(form.said.0.as_slice())
    .bind(to_bytes(&signed))
    .bind(office.now_ms())
    .execute(office.pool())
    .await?;
    let kept = kept(office, officer, form).await?.unwrap_or(signed);
    send(office, form, kept).await
}

/// Signs a transaction of the own department.
pub(crate) fn sign(office: &Office, nonce: Nonce, payload: Payload) -> Result<Signed, ServiceError> {
    let transaction = Transaction {
        version: 1,
        chain: office.chain(),
        department: office.department().clone(),
        key_id: office.office_key().public().key_id(),
        nonce,
        valid_until: office.node().now().plus_ms(limits::SUBMIT_VALID_MS),
        payload,
    };
    Signed::sign(transaction, office.office_key())
        .map_err(|fault| ServiceError::fault("the office key could not sign", &fault))
}

async fn kept(office: &Office, officer: &Officer, form: &Form) -> Result<Option<Signed>, ServiceError> {
    let row = sqlx::query("SELECT staff, input, signed FROM submission WHERE form_id = ?")
        .bind(form.id.as_slice())
        .fetch_optional(office.pool())
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<i64, _>("staff")? != officer.staff() {
        return Err(ServiceError::refused("form.used"));
    }
    if row.try_get::<Vec<u8>, _>("input")? != form.said.0 {
        return Err(ServiceError::refused("form.changed"));
    }
    from_bytes(&row.try_get::<Vec<u8>, _>("signed")?)
        .map(Some)
        .map_err(|error| ServiceError::fault("a kept submission is damaged", &error))
}

async fn send(office: &Office, form: &Form, signed: Signed) -> Result<(Signed, Applied), ServiceError> {
    match office.node().submit(signed.clone()).await {
        Ok(applied) => {
            office.wait_projected(applied.height).await;
            Ok((signed, applied))
        }
        Err(error) => {
            let (error, is_over) = match error {
                SubmitError::Refused(refusal) => (ServiceError::refused(refusal.code()), true),
                SubmitError::Lapsed => (ServiceError::Lapsed, true),
                SubmitError::Full => (ServiceError::refused("node.full"), true),
                SubmitError::Fault(fault) => (ServiceError::from(fault), false),
            };
            if is_over {
                forget(office, form).await?;
            }
            Err(error)
        }
    }
}

/// Where a step stands, as a view.
pub(crate) fn submitted(id: String, applied: &Applied) -> Submitted {
    Submitted { id, tx: applied.tx.to_string(), height: applied.height.0, at: ms(applied.time) }
}

async fn forget(office: &Office, form: &Form) -> Result<(), ServiceError> {
    sqlx::query("DELETE FROM submission WHERE form_id = ?")
        .bind(form.id.as_slice())
        .execute(office.pool())
        .await?;
    Ok(())
}

/// Removes submissions whose time is long over.
pub(crate) async fn sweep(records: &Records, now: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM submission WHERE made_at < ?")
        .bind(now - limits::SUBMISSION_KEEP_MS)
        .execute(records.pool())
        .await?;
    Ok(())
}
