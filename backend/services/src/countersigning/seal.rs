//! Seals of a step: once the department has officers on an anchored roster, the ledger takes a request or an approval
//! only with the own signatures of both. The drafter's waits with the step; the second officer's comes with their
//! countersignature. Proofs are made at the end, on the roster that holds then.

use gm::sm2::{PublicKey, Signature};
use ledger::ids::Nonce;
use ledger::pair::Pair;
use ledger::request::{ApproveRequest, SubmitRequest};
use ledger::role::By;
use ledger::roster::OfficerProof;
use ledger::seal::{Seals, StepWord};
use ledger::transaction::{Payload, Transaction};

use crate::audit_log::Event;
use crate::codes::{FieldCode, OfficeRefusal};
use crate::countersigning::step::{Step, StepKind, StepState};
use crate::countersigning::view::SealAsked;
use crate::error::ServiceError;
use crate::office::Office;
use crate::officer::Officer;
use crate::staff::{challenge, roster};
use crate::verdict::Verdict;

/// The keys on the roster of who drafted a step and of who looks at it; each none for who is not on it.
pub(super) struct Keys {
    drafter: Option<PublicKey>,
    looker: Option<PublicKey>,
}

impl Keys {
    /// Of a step that is to be sealed; none of any other, and without a roster.
    pub(super) async fn of(
        office: &Office,
        officer: &Officer,
        step: &Step,
    ) -> Result<Option<Self>, ServiceError> {
        let takes_seals = match step.kind {
            StepKind::Request | StepKind::Approval => step.state == StepState::Waiting,
            StepKind::Query => false,
        };
        if !takes_seals || !roster::has_officers(office)? {
            return Ok(None);
        }
        let drafter = roster::key_on(office, step.staff, step.role).await?;
        let looker = roster::key_on(office, officer.staff(), officer.role()).await?;
        Ok(Some(Self { drafter, looker }))
    }

    /// The drafter's signature, if it is there and is under this step with the key they have on the roster.
    fn given<'a>(&self, office: &Office, step: &'a Step) -> Result<Option<&'a Signature>, ServiceError> {
        let (Some(key), Some(signature)) = (&self.drafter, &step.seal) else { return Ok(None) };
        let [word, _] = words(office, step, step.payload()?)?;
        Ok(key.verify_digest(&word.digest(), signature).then_some(signature))
    }

    /// Whether the second officer can seal it, once they sign.
    pub(super) fn open_to_second(&self, office: &Office, step: &Step) -> Result<(), ServiceError> {
        self.given_to_second(office, step).map(drop)
    }

    fn given_to_second<'a>(&self, office: &Office, step: &'a Step) -> Result<&'a Signature, ServiceError> {
        if self.drafter.is_none() {
            return Err(ServiceError::refused(OfficeRefusal::StepDrafterNotOn));
        }
        let given = self.given(office, step)?;
        let given = given.ok_or(ServiceError::refused(OfficeRefusal::StepUnsealed))?;
        if self.looker.is_none() { Err(ServiceError::refused(OfficeRefusal::RosterNotOn)) } else { Ok(given) }
    }

    /// What who drafted it is asked to sign.
    pub(super) fn of_drafter(&self, office: &Office, step: &Step) -> Result<SealAsked, ServiceError> {
        let [first, _] = words(office, step, step.payload()?)?;
        let may = match &self.drafter {
            Some(_) => Verdict::Open,
            None => Verdict::no(OfficeRefusal::RosterNotOn),
        };
        Ok(SealAsked { text: challenge::word_text(&first), given: self.given(office, step)?.is_some(), may })
    }
}

/// What the second officer is asked to sign. `payload`: with them as the second.
pub(super) fn of_second(office: &Office, step: &Step, payload: Payload) -> Result<SealAsked, ServiceError> {
    let [_, second] = words(office, step, payload)?;
    Ok(SealAsked { text: challenge::word_text(&second), given: false, may: Verdict::Open })
}

/// What the two officers sign, as the ledger will read it out of the transaction.
fn words(office: &Office, step: &Step, payload: Payload) -> Result<[StepWord; 2], ServiceError> {
    let nonce = step.key.as_slice().try_into();
    let nonce = nonce.map_err(|_| ServiceError::fault("a step that waits is damaged", &"its id"))?;
    let transaction = Transaction {
        version: 1,
        chain: office.chain(),
        department: office.department().clone(),
        // Neither is in what they sign.
        key_id: office.office_key().public().key_id(),
        valid_until: office.node().now(),
        nonce: Nonce(nonce),
        payload,
    };
    let pair = Pair::of(&transaction);
    let pair =
        pair.ok_or_else(|| ServiceError::fault("a step that waits takes one officer only", &step.id))?;
    Ok(pair.words())
}

/// The drafter seals what they drafted. Again is well: the last signature counts.
///
/// # Errors
/// Not found, also where no seal is asked for; the field `answer` is wrong; refused `step.not-yours`,
/// `step.not-waiting`, `roster.not-on`.
pub async fn seal(office: &Office, officer: &Officer, id: &str, answer: &str) -> Result<(), ServiceError> {
    let step = Step::of(office, officer, id).await?;
    let sealed = sealed_by_drafter(office, officer, &step, answer).await;
    office.note_result(officer, Event::StepSeal, &step.object, &sealed).await?;
    let kept = sqlx::query("UPDATE waiting_step SET seal = ? WHERE id = ? AND state = 'waiting'")
        .bind(sealed?.as_bytes().as_slice())
        .bind(&step.key)
        .execute(office.pool())
        .await?;
    let not_waiting = ServiceError::refused(OfficeRefusal::StepNotWaiting);
    if kept.rows_affected() == 1 { Ok(()) } else { Err(not_waiting) }
}

async fn sealed_by_drafter(
    office: &Office,
    officer: &Officer,
    step: &Step,
    answer: &str,
) -> Result<Signature, ServiceError> {
    if !step.is_of(officer) {
        return Err(ServiceError::refused(OfficeRefusal::StepNotYours));
    }
    if step.state != StepState::Waiting {
        return Err(ServiceError::refused(OfficeRefusal::StepNotWaiting));
    }
    let keys = Keys::of(office, officer, step).await?.ok_or(ServiceError::NotFound)?;
    let key = keys.drafter.ok_or(ServiceError::refused(OfficeRefusal::RosterNotOn))?;
    let [word, _] = words(office, step, step.payload()?)?;
    read(answer, &key, &word)
}

/// The signature in an answer, if it is this key's under this word.
fn read(answer: &str, key: &PublicKey, word: &StepWord) -> Result<Signature, ServiceError> {
    let code = if answer.trim().is_empty() { FieldCode::Missing } else { FieldCode::Wrong };
    challenge::signature(answer)
        .filter(|signature| key.verify_digest(&word.digest(), signature))
        .ok_or_else(|| ServiceError::field("answer", code))
}

/// Both seals, on the roster that holds; none where none are asked for.
///
/// # Errors
/// The field `answer` is wrong; refused `step.unsealed`, `step.drafter-not-on`, `roster.not-on`.
pub(super) async fn seals(
    office: &Office,
    officer: &Officer,
    step: &Step,
    answer: &str,
) -> Result<Option<Seals>, ServiceError> {
    let Some(keys) = Keys::of(office, officer, step).await? else { return Ok(None) };
    let first = *keys.given_to_second(office, step)?;
    let looker = keys.looker.as_ref().ok_or(ServiceError::refused(OfficeRefusal::RosterNotOn))?;
    let by = officer.by(office.bureau(), step.request()?.as_bytes());
    let [_, word] = words(office, step, with_second(step.payload()?, by))?;
    let second = read(answer, looker, &word)?;
    let by: OfficerProof = match roster::proof_of(office, step.staff, step.role, first).await {
        Ok(proof) => proof,
        // The roster went on just now.
        Err(ServiceError::Refused(_)) => return Err(ServiceError::refused(OfficeRefusal::StepDrafterNotOn)),
        Err(other) => return Err(other),
    };
    Ok(Some(Seals { by, second: roster::proof(office, officer, second).await? }))
}

/// The payload with this second officer.
fn with_second(payload: Payload, second: By) -> Payload {
    match payload {
        Payload::SubmitRequest(asked) => Payload::SubmitRequest(SubmitRequest { second, ..asked }),
        Payload::ApproveRequest(given) => Payload::ApproveRequest(ApproveRequest { second, ..given }),
        other => other,
    }
}

/// The payload with these seals.
pub(super) fn with_seals(payload: Payload, seals: Option<Seals>) -> Payload {
    match payload {
        Payload::SubmitRequest(asked) => Payload::SubmitRequest(SubmitRequest { seals, ..asked }),
        Payload::ApproveRequest(given) => Payload::ApproveRequest(ApproveRequest { seals, ..given }),
        other => other,
    }
}
