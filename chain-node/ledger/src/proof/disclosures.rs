//! What a party laid open: details and the answer's header are those whose digests stand on the chain and say the
//! same as grant and record; an opening fits the one field it names.

use super::case::{Case, Outcome, ensure};
use super::policies::seen_in_force;
use super::rules::{judged, story};
use super::{Evidence, Field};
use crate::department::KeyKind;
use crate::ids::Height;
use crate::query::{Answer, Details};
use crate::receipt::Ticket;
use crate::transaction::{Payload, Transaction};
use crate::wire::from_bytes;
use alloc::format;
use alloc::string::{String, ToString};
use gm::domain::{Kind, Salt, commit, digest};
use gm::sm3::Digest;

pub(super) fn disclosures(case: &Case<'_>) -> Outcome {
    let evidence = case.evidence;
    let body = &evidence.record.signed.body;
    let ticket = judged(body)?.ticket;
    let details = details(case, ticket)?;
    let answer = answer(case, body, ticket)?;
    let mut checked = u32::from(details.is_some()).saturating_add(u32::from(answer.is_some()));
    let mut last: Option<Field> = None;
    for opening in &evidence.openings {
        let field = opening.field;
        ensure(last < Some(field), "the openings are out of order or name a field twice")?;
        let commitment = commitment(field, details.as_ref(), answer.as_ref(), &body.payload);
        let commitment =
            commitment.ok_or_else(|| format!("the opening of {field} opens nothing that is disclosed"))?;
        let computed = commit(case.trusted.chain(), &Salt::from_bytes(opening.salt), &opening.value.0);
        ensure(computed == commitment, &format!("the opening of {field} does not fit its commitment"))?;
        last = Some(field);
        checked = checked.saturating_add(1);
    }
    Ok(checked)
}

/// The details, compared with ticket and grant. A denial's may ask for anything: that is why it was denied.
fn details(case: &Case<'_>, ticket: &Ticket) -> Result<Option<Details>, String> {
    let Evidence { details: Some(bytes), record, .. } = case.evidence else { return Ok(None) };
    let chain = case.trusted.chain();
    ensure(
        digest(chain, Kind::Details, &bytes.0) == ticket.details_digest,
        "the details are not those of the ticket",
    )?;
    let details: Details =
        from_bytes(&bytes.0).map_err(|error| format!("the details are malformed: {error}"))?;
    let is_answer = matches!(record.signed.body.payload, Payload::RecordAnswer(_));
    if let (true, Some(story)) = (is_answer, story(case.evidence)?) {
        if let Some(wrong) = details.beyond(ticket, &story.asked.entry, story.approval) {
            return Err(wrong.to_string());
        }
        decided(case, ticket, &details, ticket.seen_height)?;
    }
    Ok(Some(details))
}

/// The requester decided under its policies in force, and sealed to the provider's key.
fn decided(case: &Case<'_>, ticket: &Ticket, details: &Details, seen: Height) -> Result<(), String> {
    seen_in_force(case, &ticket.requester, &details.policy_versions, seen).map_err(|wrong| {
        format!("the requester decided under other policies than those in force: {wrong}")
    })?;
    let sealing = case.trusted.key_at(&ticket.provider, KeyKind::Sealing, seen);
    ensure(
        sealing.is_some_and(|key| key.key_id() == details.sealing_key_id),
        "the details are sealed to a key that is not the provider's",
    )
}

/// The answer's header, compared with receipt and ticket.
fn answer(case: &Case<'_>, record: &Transaction, ticket: &Ticket) -> Result<Option<Answer>, String> {
    let Some(bytes) = &case.evidence.answer else { return Ok(None) };
    let Payload::RecordAnswer(receipt) = &record.payload else {
        return Err("a denial has no answer".into());
    };
    let chain = case.trusted.chain();
    ensure(
        digest(chain, Kind::Answer, &bytes.0) == receipt.answer_digest,
        "the answer's header is not that of the receipt",
    )?;
    let answer: Answer =
        from_bytes(&bytes.0).map_err(|error| format!("the answer's header is malformed: {error}"))?;
    ensure(
        answer.version == 1 && answer.chain == chain,
        "the answer's header is of another version or chain",
    )?;
    ensure(answer.query_id == ticket.query_id(), "the answer's header is of another query")?;
    ensure(
        answer.provider == ticket.provider && answer.key_id == record.key_id,
        "the answer's header names another provider or key than the receipt",
    )?;
    ensure(
        answer.leaf_count_padded.is_power_of_two(),
        "the answer's header has an impossible number of rows",
    )?;
    Ok(Some(answer))
}

/// The commitment of a field, if the file shows it.
fn commitment(
    field: Field,
    details: Option<&Details>,
    answer: Option<&Answer>,
    record: &Payload,
) -> Option<Digest> {
    match field {
        Field::Subject => details?.subject_commit,
        Field::Case => details.map(|details| details.case_commit),
        Field::Claims => details?.claims_commit,
        Field::OfficerProof => details?.officer_proof_commit,
        Field::Asker => details.map(|details| details.asker_commit),
        Field::RequesterDecision => details.map(|details| details.requester_decision_commit),
        Field::Decision => match record {
            Payload::RecordDenial(denial) => Some(denial.decision_commit),
            _ => answer.map(|answer| answer.decision_commit),
        },
    }
}
