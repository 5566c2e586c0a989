//! An officer's act: from a form to a transaction that took effect.
//!
//! ```text
//!  form ─► sent before? ─► ledger behind? ─► judged on one scene ─► noted ─► signed, kept ─► submitted ─► applied
//!            │ yes: its kept bytes again                              (a no is noted too)
//!            └ it says something else, or is someone else's: refused
//! ```
//!
//! The form's id was drawn with the form. Its first submission is signed and kept; a double click
//! sends these same bytes again and gets the same answer. A refused or lapsed submission is forgotten:
//! it can never take effect, and the corrected form may be sent under the same id.

use gm::sm3::{Digest, sm3};
use ledger::department::KeyKind;
use ledger::ids::Nonce;
use ledger::protocol::{Fault, Protocol};
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::views;
use ledger::wire::{from_bytes, to_bytes};
use node::{Applied, Snapshot, SubmitError};
use serde::Serialize;
use sqlx::Row as _;

use crate::audit_log::Event;
use crate::codes::{FieldCode, OfficeRefusal};
use crate::error::ServiceError;
use crate::limits;
use crate::names::ms;
use crate::office::Office;
use crate::officer::{About, Officer};
use crate::scene::Scene;
use crate::store::OfficeStore;

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

/// What an officer is about to do.
pub(crate) struct Act<'a> {
    event: Event,
    /// The request or grant it is about.
    object: &'a str,
    form: Form,
    /// It may be decided on an old ledger: it only takes rights away.
    even_behind: bool,
}

/// A form as it was sent: its id and the digest of all it says.
struct Form {
    id: [u8; 32],
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
        Err(_) => Err(ServiceError::field("form_id", FieldCode::Missing)),
    }
}

impl<'a> Act<'a> {
    /// With what the form said: all of it is digested as it is encoded, so that no field's change is missed.
    pub(crate) fn new(
        event: Event,
        object: &'a str,
        form_id: &str,
        input: &impl Serialize,
    ) -> Result<Self, ServiceError> {
        let id = parse_id(form_id)?;
        let said = toml::to_string(input)
            .map_err(|error| ServiceError::fault("a form could not be encoded", &error))?;
        let said = sm3(&[event.code().as_bytes(), b"\0", object.as_bytes(), b"\0", said.as_bytes()]);
        Ok(Self { event, object, form: Form { id, said }, even_behind: false })
    }

    /// What the log says happened.
    pub(crate) const fn event(&self) -> Event {
        self.event
    }

    /// The request or grant it is about.
    pub(crate) const fn object(&self) -> &str {
        self.object
    }

    /// The form's id.
    pub(crate) const fn form_id(&self) -> &[u8; 32] {
        &self.form.id
    }

    /// The digest of all that the form said.
    pub(crate) const fn said(&self) -> &Digest {
        &self.form.said
    }

    /// What the log says of it: of what was decided also the items and the purpose.
    pub(crate) fn about(&self, decided: &Result<Payload, ServiceError>) -> About {
        let (items, purpose) = match decided {
            Ok(Payload::SubmitRequest(asked)) => {
                (asked.items.iter().map(ToString::to_string).collect(), asked.purpose.to_string())
            }
            Ok(Payload::ApproveRequest(step)) => {
                (step.items.iter().map(|item| item.code.to_string()).collect(), String::new())
            }
            Ok(Payload::OpenInspection(terms)) => {
                (Vec::new(), crate::purpose::inspection_text(terms.purpose.as_str()))
            }
            Ok(_) | Err(_) => (Vec::new(), String::new()),
        };
        About { object: self.object.to_owned(), items, purpose }
    }

    /// The same, decided even while the own ledger is behind.
    pub(crate) fn even_behind(self) -> Self {
        Self { even_behind: true, ..self }
    }
}

/// Does it once. `judge` reads the scene and says what is to be signed, or why not.
///
/// # Errors
/// Refused `form.used` by someone else, `form.changed` when it said something else before; what `judge`
/// or the ledger says; behind; lapsed; faults.
pub(crate) async fn take(
    office: &Office,
    officer: &Officer,
    act: Act<'_>,
    judge: impl FnOnce(&Scene<'_>) -> Result<Payload, ServiceError>,
) -> Result<Submitted, ServiceError> {
    if let Some(signed) = kept(office, officer, &act.form).await? {
        return send(office, &act, signed).await;
    }
    if !act.even_behind {
        office.not_behind()?;
    }
    let decided = office.scene(officer, judge);
    office.note_result(officer, act.event, act.about(&decided), &decided).await?;
    let signed = sign(office, Nonce(act.form.id), decided?)?;
    // Two clicks at once: the first insert wins, both send what is kept.
    sqlx::query(
        "INSERT OR IGNORE INTO submission (form_id, staff, input, signed, made_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(act.form.id.as_slice())
    .bind(officer.staff())
    .bind(act.form.said.0.as_slice())
    .bind(to_bytes(&signed))
    .bind(office.now_ms())
    .execute(office.pool())
    .await?;
    let kept = kept(office, officer, &act.form).await?.unwrap_or(signed);
    send(office, &act, kept).await
}

/// Signs a transaction of the own department, with the office key or, for what is no act of an officer, the
/// online key.
pub(crate) fn sign(office: &Office, nonce: Nonce, payload: Payload) -> Result<Signed, ServiceError> {
    let key = match payload.key_kind() {
        KeyKind::Online => office.online_key(),
        KeyKind::Office | KeyKind::Sealing | KeyKind::Consensus => office.office_key(),
    };
    let transaction = Transaction {
        version: office.node().read(of_next_block)?.version,
        chain: office.chain(),
        department: office.department().clone(),
        key_id: key.public().key_id(),
        nonce,
        valid_until: office.node().now().plus_ms(limits::SUBMIT_VALID_MS),
        payload,
    };
    Signed::sign(transaction, key)
        .map_err(|fault| ServiceError::fault("the department's key could not sign", &fault))
}

/// The rules of the next block.
fn of_next_block(snapshot: &Snapshot<'_>) -> Result<&'static Protocol, Fault> {
    views::protocol(snapshot, snapshot.tip().height.next())
}

/// What this form signed before.
async fn kept(office: &Office, officer: &Officer, form: &Form) -> Result<Option<Signed>, ServiceError> {
    let row = sqlx::query("SELECT staff, input, signed FROM submission WHERE form_id = ?")
        .bind(form.id.as_slice())
        .fetch_optional(office.pool())
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<i64, _>("staff")? != officer.staff() {
        return Err(ServiceError::refused(OfficeRefusal::FormUsed));
    }
    if row.try_get::<Vec<u8>, _>("input")? != form.said.0 {
        return Err(ServiceError::refused(OfficeRefusal::FormChanged));
    }
    from_bytes(&row.try_get::<Vec<u8>, _>("signed")?)
        .map(Some)
        .map_err(|error| ServiceError::fault("a kept submission is damaged", &error))
}

async fn send(office: &Office, act: &Act<'_>, signed: Signed) -> Result<Submitted, ServiceError> {
    let error = match office.node().submit(signed).await {
        Ok(Applied { tx, height, time, index: _ }) => {
            office.wait_projected(height).await;
            let id = act.object.to_owned();
            return Ok(Submitted { id, tx: tx.to_string(), height: height.0, at: ms(time) });
        }
        // It may still take effect: what is kept stays.
        Err(SubmitError::Fault(fault)) => return Err(fault.into()),
        Err(SubmitError::Refused(refusal)) => ServiceError::refused(refusal),
        Err(SubmitError::Lapsed) => ServiceError::Lapsed,
        Err(SubmitError::Full) => ServiceError::refused(OfficeRefusal::NodeFull),
    };
    sqlx::query("DELETE FROM submission WHERE form_id = ?")
        .bind(act.form.id.as_slice())
        .execute(office.pool())
        .await?;
    Err(error)
}

/// Removes submissions whose time is long over.
pub(crate) async fn sweep(store: &OfficeStore, now: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM submission WHERE made_at < ?")
        .bind(now - limits::SUBMISSION_KEEP_MS)
        .execute(store.pool())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
