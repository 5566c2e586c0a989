//! What the transactions say to each other: that they are one story of two departments, and that the story
//! keeps the chain's rules as far as a file shows what they need.

use super::case::{Case, Outcome, count, ensure};
use super::policies::policies;
use super::{Evidence, Proven};
use crate::catalogue::{Entry, ReceiptMode};
use crate::ids::{GrantId, Height};
use crate::pair::Pair;
use crate::protocol::Limits;
use crate::receipt::{PolicyVersions, Ticket};
use crate::request::{ApproveRequest, SubmitRequest};
use crate::transaction::{Payload, Transaction};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gm::sm2::Signature;

/// What receipts and denials have in common.
pub(super) struct Judged<'a> {
    pub(super) ticket: &'a Ticket,
    pub(super) signature: &'a Signature,
    pub(super) versions: &'a PolicyVersions,
    pub(super) height: Height,
}

pub(super) fn judged(body: &Transaction) -> Result<Judged<'_>, String> {
    let (ticket, signature, versions, height) = match &body.payload {
        Payload::RecordAnswer(r) => (&r.ticket, &r.ticket_signature, &r.policy_versions, r.judged_height),
        Payload::RecordDenial(d) => (&d.ticket, &d.ticket_signature, &d.policy_versions, d.judged_height),
        Payload::Publish(_)
        | Payload::SubmitRequest(_)
        | Payload::ApproveRequest(_)
        | Payload::RefuseRequest(_)
        | Payload::WithdrawRequest(_)
        | Payload::RevokeGrant(_)
        | Payload::Acknowledge(_)
        | Payload::DraftPolicy(_)
        | Payload::CountersignPolicy(_)
        | Payload::WithdrawPolicy(_)
        | Payload::AnchorRoster(_)
        | Payload::OpenInspection(_)
        | Payload::CloseInspection(_)
        | Payload::RecordLooks(_)
        | Payload::ReportEquivocation(_) => return Err("the record is neither a receipt nor a denial".into()),
    };
    Ok(Judged { ticket, signature, versions, height })
}

/// Entry, request and approval of a basis, once their payloads are those.
pub(super) struct Story<'a> {
    pub(super) entry: &'a Entry,
    pub(super) asked: &'a SubmitRequest,
    pub(super) approval: &'a ApproveRequest,
}

pub(super) fn story(evidence: &Evidence) -> Result<Option<Story<'_>>, String> {
    let Some(basis) = &evidence.basis else { return Ok(None) };
    let [entry, asked, approval] = [&basis.publication, &basis.request, &basis.approval];
    if let (Payload::Publish(entry), Payload::SubmitRequest(asked), Payload::ApproveRequest(approval)) =
        (&entry.signed.body.payload, &asked.signed.body.payload, &approval.signed.body.payload)
    {
        return Ok(Some(Story { entry, asked, approval }));
    }
    Err("the basis is not an entry, a request and its approval".into())
}

/// Checks one thing after the other and counts them.
#[derive(Default)]
struct Tally(u32);

impl Tally {
    fn ensure(&mut self, ok: bool, wrong: &str) -> Result<(), String> {
        self.0 = self.0.saturating_add(1);
        ensure(ok, wrong)
    }
}

pub(super) fn links(case: &Case<'_>) -> Outcome {
    let evidence = case.evidence;
    let record = &evidence.record.signed.body;
    let is_answer = matches!(record.payload, Payload::RecordAnswer(_));
    let Judged { ticket, .. } = judged(record)?;
    let mut tally = Tally::default();
    tally
        .ensure(record.department == ticket.provider, "the record is not by the provider the ticket names")?;
    match (&evidence.basis, story(evidence)?) {
        (Some(basis), Some(Story { entry, asked, approval })) => {
            let request = &basis.request.signed.body;
            let grant = &basis.approval.signed.body;
            tally.ensure(
                basis.publication.signed.body.department == ticket.provider
                    && asked.provider == ticket.provider
                    && grant.department == ticket.provider,
                "entry, request and grant are not all the provider's",
            )?;
            tally.ensure(request.department == ticket.requester, "the request is another department's")?;
            tally.ensure(asked.entry == entry.id, "the request is for another entry")?;
            tally.ensure(approval.request == request.request_id(), "the grant answers another request")?;
            tally.ensure(ticket.grant == GrantId::from(grant.id()), "the ticket names another grant")?;
        }
        _ => ensure(!is_answer, "an answer's evidence needs entry, request and grant")?,
    }
    if let Some(delivery) = &evidence.delivery {
        let body = &delivery.signed.body;
        let Payload::Acknowledge(marks) = &body.payload else {
            return Err("the delivery is not an acknowledgement".into());
        };
        tally.ensure(
            is_answer
                && body.department == ticket.requester
                && marks.marks.iter().any(|(query, _)| *query == ticket.query_id()),
            "the acknowledgement is not the requester's for this answer",
        )?;
    }
    Ok(tally.0)
}

pub(super) fn rules(case: &Case<'_>) -> Outcome {
    blocks(case)?;
    let evidence = case.evidence;
    let record = &evidence.record;
    let Judged { ticket, height, .. } = judged(&record.signed.body)?;
    ensure(ticket.requester != ticket.provider, "requester and provider are one department")?;
    ensure(height < record.header.height, "the record was not judged before the block it is recorded in")?;
    ensure(record.header.time <= ticket.valid_until, "the record entered a block after the ticket's time")?;
    let ticket_ms = case.trusted.ticket_ms();
    ensure(
        ticket.valid_until <= record.header.time.plus_ms(ticket_ms),
        "the ticket is valid for longer than tickets may be",
    )?;
    seen(case, ticket)?;
    policies(case)?;
    if let (Some(basis), Some(story)) = (&evidence.basis, story(evidence)?) {
        let provider = case.trusted.member(&basis.publication.signed.body.department);
        ensure(
            provider.is_some_and(|provider| provider.publishes(&story.entry.id.code)),
            "the entry's code is not its provider's",
        )?;
        granted(&story, &case.trusted.protocol_at(record.header.height)?.limits)?;
        sealed(&basis.request)?;
        sealed(&basis.approval)?;
        ensure(
            height >= basis.approval.header.height,
            "the record was judged before its grant was on the chain",
        )?;
        if matches!(record.signed.body.payload, Payload::RecordAnswer(_)) {
            used(record, ticket, &story)?;
        }
    }
    if let Some(Payload::Acknowledge(delivery)) = evidence.delivery.as_ref().map(|d| &d.signed.body.payload) {
        let protocol = case.trusted.protocol_at(record.header.height)?;
        delivery.check(&protocol.limits).map_err(|refusal| refusal.to_string())?;
    }
    count(evidence.proven().count())
}

/// The blocks are blocks of one chain, as far as they are shown: one of each height, in order, later ones
/// later, neighbours joined, each proposed by whose turn it was, none with a transaction whose time was over.
fn blocks(case: &Case<'_>) -> Result<(), String> {
    let place = |step: &Proven| (step.header.height, step.index);
    ensure(case.evidence.story().map(place).is_sorted(), "the steps are not in the order of their blocks")?;
    let (mut id, mut time) = case.trusted.start();
    let mut before = Height(0);
    let mut all: Vec<_> = case.evidence.proven().collect();
    all.sort_by_key(|step| place(step));
    for Proven { signed, header, .. } in all {
        let height = header.height;
        if height == before {
            ensure(header.id() == id, &format!("two different blocks of height {height} are shown"))?;
        } else {
            ensure(header.time > time, "a later block has no later time")?;
            ensure(
                height > before.next() || header.parent == id,
                &format!("the block of height {height} does not follow the one before it"),
            )?;
        }
        let proposer = case.trusted.validators_at(height).proposer(height, header.round, &header.waiting);
        let is_turn = proposer.is_some_and(|validator| validator.address == header.proposer);
        ensure(is_turn, "a block was proposed by none whose turn it was")?;
        ensure(header.time <= signed.body.valid_until, "a transaction entered a block after its time")?;
        (id, time, before) = (header.id(), header.time, height);
    }
    Ok(())
}

/// The head that the ticket says its requester saw: below the record, and the block of that height if the file
/// shows it.
fn seen(case: &Case<'_>, ticket: &Ticket) -> Result<(), String> {
    let record = &case.evidence.record.header;
    ensure(
        ticket.seen_height < record.height,
        "the ticket saw a block that was not there before the record",
    )?;
    let shown = case.evidence.proven().find(|proven| proven.header.height == ticket.seen_height);
    let id = match shown {
        Some(proven) => Some(proven.header.id()),
        None if ticket.seen_height == Height(0) => Some(case.trusted.start().0),
        None => None,
    };
    ensure(id.is_none_or(|id| id == ticket.seen_block), "the ticket saw another block than the chain has")
}

/// The grant stays within request and entry, and was asked and given in due form: the same rules as `apply` keeps.
fn granted(story: &Story<'_>, limits: &Limits) -> Result<(), String> {
    let Story { entry, asked, approval } = story;
    let checked = entry
        .check(limits)
        .and_then(|()| asked.check(entry, limits))
        .and_then(|()| approval.check(asked, entry));
    checked.map_err(|refusal| refusal.to_string())?;
    ensure(
        asked.check_officers().is_ok() && approval.check_officers(asked).is_ok(),
        "the request was not asked and approved by two officers each in their roles",
    )
}

/// Where two officers sealed a step, they are two of its department, certified for it then. That they stood on the
/// roster anchored then, and that a step without seals needs none, the validators' rules see to.
fn sealed(step: &Proven) -> Result<(), String> {
    match Pair::of(&step.signed.body).filter(Pair::is_sealed) {
        Some(pair) => pair.check_officers(None, step.header.time).map_err(|refusal| refusal.to_string()),
        None => Ok(()),
    }
}

/// The answer is within the grant.
fn used(record: &Proven, ticket: &Ticket, story: &Story<'_>) -> Result<(), String> {
    let Story { asked, approval, .. } = story;
    ensure(
        (approval.from..=approval.until).contains(&record.header.time),
        "the grant was not in force when the answer was recorded",
    )?;
    ensure(
        ticket.mode == asked.mode && approval.receipt_mode == ReceiptMode::Each,
        "the ticket's mode is not the grant's",
    )?;
    ticket.check_units().map_err(|refusal| refusal.to_string())?;
    ensure(ticket.units <= approval.quota, "the ticket asks for more units than were granted")
}
