//! The steps of a check, cheapest first.

use super::{Evidence, Proven, Step, StepResult};
use crate::catalogue::{Entry, ReceiptMode};
use crate::certificate::{ValidatorSet, vote_body};
use crate::department::{KeyKind, Member};
use crate::ids::{Address, DepartmentId, GrantId, Height};
use crate::receipt::{PolicyVersions, Ticket};
use crate::request::{ApproveRequest, SubmitRequest};
use crate::role::Role;
use crate::transaction::{Payload, Transaction};
use crate::wire::to_bytes;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gm::domain::{ChainId, Kind, Salt, commit, digest};
use gm::merkle;
use gm::sm2::{Direct, PublicKey, Signature};
use gm::sm3::{Digest, digest_eq};

/// How to check.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Check every signature a second time with an unrelated implementation.
    pub second_opinion: bool,
}

/// How many things were checked, or what is wrong.
type Outcome = Result<u32, String>;

pub(super) fn run(evidence: &Evidence, root: &Digest, options: &Options, steps: &mut Vec<StepResult>) {
    type Check = fn(&Evidence, &Digest) -> Outcome;
    let mut checks: Vec<(Step, Check)> = alloc::vec![
        (Step::TrustRoot, trust_root),
        (Step::Genesis, genesis),
        (Step::Inclusion, inclusion),
        (Step::Certificates, certificates),
        (Step::Signatures, signatures),
        (Step::Links, links),
        (Step::Rules, rules),
        (Step::Disclosures, disclosures),
    ];
    if options.second_opinion {
        checks.push((Step::SecondOpinion, second_opinion));
    }
    for (step, check) in checks {
        let (wrong, checked) = match check(evidence, root) {
            Ok(checked) => (None, checked),
            Err(wrong) => (Some(wrong), 0),
        };
        let stop = wrong.is_some();
        steps.push(StepResult { step, wrong, checked });
        if stop {
            return;
        }
    }
}

fn ensure(ok: bool, wrong: &str) -> Result<(), String> {
    if ok { Ok(()) } else { Err(wrong.to_string()) }
}

fn trust_root(evidence: &Evidence, root: &Digest) -> Outcome {
    ensure(evidence.version == 1, "the evidence has another format version")?;
    let computed = evidence.genesis.chain();
    ensure(digest_eq(&computed.0, root), "the genesis file in the evidence is not the trust root's")?;
    ensure(evidence.chain == computed, "the chain named is not the genesis file's")?;
    Ok(1)
}

fn genesis(evidence: &Evidence, _: &Digest) -> Outcome {
    evidence.genesis.check().map_err(|error| error.to_string())?;
    count(evidence.genesis.departments.len())
}

fn count(n: usize) -> Outcome {
    u32::try_from(n).map_err(|_| "too many".to_string())
}

fn inclusion(evidence: &Evidence, _: &Digest) -> Outcome {
    let mut checked = 0;
    for proven in evidence.proven() {
        let Proven { header, certificate, .. } = proven;
        let name = proven.signed.body.payload.name();
        ensure(header.version == 1 && header.chain == evidence.chain, "a header is of another chain")?;
        ensure(
            certificate.block == header.id() && certificate.height == header.height,
            &format!("the certificate of {name} is of another block"),
        )?;
        let leaf = merkle::leaf_hash(&to_bytes(&proven.signed));
        let (index, size) = (u64::from(proven.index), u64::from(header.transaction_count));
        let included = proven.count == header.transaction_count
            && merkle::verify(leaf, index, size, &proven.path, header.transaction_root);
        ensure(included, &format!("{name} is not in its block"))?;
        checked += 1;
    }
    Ok(checked)
}

fn certificates(evidence: &Evidence, _: &Digest) -> Outcome {
    let validators = evidence.genesis.validator_set();
    let mut checked = 0;
    for proven in evidence.proven() {
        ensure(
            proven.header.next_validators == validators.digest(),
            "a block names validators that the genesis file does not",
        )?;
        proven.certificate.check(&validators, evidence.chain, &Direct).map_err(|error| error.to_string())?;
        checked += 1;
    }
    Ok(checked)
}

/// A signature to check: by whom, with which key, over which digest.
struct Claim {
    who: DepartmentId,
    what: &'static str,
    key: PublicKey,
    digest: Digest,
    signature: Signature,
}

fn member<'a>(evidence: &'a Evidence, id: &DepartmentId) -> Result<&'a Member, String> {
    evidence.genesis.member(id).ok_or_else(|| format!("{id} is not a member"))
}

fn key_of(member: &Member, kind: KeyKind) -> Result<&PublicKey, String> {
    member
        .keys()
        .into_iter()
        .find_map(|(of, key)| (of == kind).then_some(key))
        .ok_or_else(|| "a key of another kind is needed".to_string())
}

/// What receipts and denials have in common.
struct Judged<'a> {
    ticket: &'a Ticket,
    signature: &'a Signature,
    versions: &'a PolicyVersions,
    height: Height,
}

fn judged(body: &Transaction) -> Result<Judged<'_>, String> {
    let (ticket, signature, versions, height) = match &body.payload {
        Payload::RecordAnswer(r) => (&r.ticket, &r.ticket_signature, &r.policy_versions, r.judged_height),
        Payload::RecordDenial(d) => (&d.ticket, &d.ticket_signature, &d.policy_versions, d.judged_height),
        _ => return Err("the record is neither a receipt nor a denial".into()),
    };
    Ok(Judged { ticket, signature, versions, height })
}

/// The departments' signatures: one a transaction, and the ticket's.
fn claims(evidence: &Evidence) -> Result<Vec<Claim>, String> {
    let mut claims = Vec::new();
    for proven in evidence.proven() {
        let body = &proven.signed.body;
        let key = key_of(member(evidence, &body.department)?, body.payload.key_kind())?;
        ensure(
            key.key_id() == body.key_id && body.chain == evidence.chain && body.version == 1,
            &format!("{} is signed with another key or for another chain", body.payload.name()),
        )?;
        claims.push(Claim {
            who: body.department.clone(),
            what: body.payload.name(),
            key: key.clone(),
            digest: body.id().into(),
            signature: proven.signed.signature,
        });
    }
    let Judged { ticket, signature, .. } = judged(&evidence.record.signed.body)?;
    let key = key_of(member(evidence, &ticket.requester)?, KeyKind::Online)?;
    ensure(
        key.key_id() == ticket.key_id && ticket.chain == evidence.chain && ticket.version == 1,
        "the ticket is signed with another key or for another chain",
    )?;
    claims.push(Claim {
        who: ticket.requester.clone(),
        what: "ticket",
        key: key.clone(),
        digest: ticket.query_id().into(),
        signature: *signature,
    });
    Ok(claims)
}

fn signatures(evidence: &Evidence, _: &Digest) -> Outcome {
    let claims = claims(evidence)?;
    for Claim { who, what, key, digest, signature } in &claims {
        ensure(
            key.verify_digest(digest, signature),
            &format!("the signature of {who} under {what} does not fit"),
        )?;
    }
    count(claims.len())
}

/// Entry, request and approval of a basis, once their payloads are those.
fn story(evidence: &Evidence) -> Result<Option<(&Entry, &SubmitRequest, &ApproveRequest)>, String> {
    let Some(basis) = &evidence.basis else { return Ok(None) };
    match (
        &basis.publication.signed.body.payload,
        &basis.request.signed.body.payload,
        &basis.approval.signed.body.payload,
    ) {
        (Payload::Publish(entry), Payload::SubmitRequest(asked), Payload::ApproveRequest(approval)) => {
            Ok(Some((entry, asked, approval)))
        }
        _ => Err("the basis is not an entry, a request and its approval".into()),
    }
}

fn links(evidence: &Evidence, _: &Digest) -> Outcome {
    let record = &evidence.record.signed.body;
    let Judged { ticket, .. } = judged(record)?;
    ensure(record.department == ticket.provider, "the record is not by the provider the ticket names")?;
    match (&evidence.basis, story(evidence)?) {
        (Some(basis), Some((entry, asked, approval))) => {
            let request = &basis.request.signed.body;
            let grant = &basis.approval.signed.body;
            ensure(
                basis.publication.signed.body.department == ticket.provider
                    && asked.provider == ticket.provider
                    && grant.department == ticket.provider,
                "entry, request and grant are not all the provider's",
            )?;
            ensure(request.department == ticket.requester, "the request is another department's")?;
            ensure(asked.entry == entry.id, "the request is for another entry")?;
            ensure(approval.request == request.request_id(), "the grant answers another request")?;
            ensure(ticket.grant == GrantId::from(grant.id()), "the ticket names another grant")?;
        }
        _ => ensure(
            matches!(record.payload, Payload::RecordDenial(_)),
            "an answer's evidence needs entry, request and grant",
        )?,
    }
    if let Some(delivery) = &evidence.delivery {
        let body = &delivery.signed.body;
        let Payload::Acknowledge(marks) = &body.payload else {
            return Err("the delivery is not an acknowledgement".into());
        };
        ensure(
            matches!(record.payload, Payload::RecordAnswer(_))
                && body.department == ticket.requester
                && marks.marks.iter().any(|(query, _)| *query == ticket.query_id()),
            "the acknowledgement is not the requester's for this answer",
        )?;
    }
    Ok(5)
}

fn rules(evidence: &Evidence, _: &Digest) -> Outcome {
    let in_order = |a: &Proven, b: &Proven| (a.header.height, a.index) < (b.header.height, b.index);
    let all: Vec<_> = evidence.proven().collect();
    ensure(
        all.windows(2).all(|w| matches!(w, [a, b] if in_order(a, b))),
        "the steps are not in the order of their blocks",
    )?;
    ensure(
        all.iter().all(|p| p.header.time <= p.signed.body.valid_until),
        "a transaction entered a block after its time",
    )?;
    let record = &evidence.record;
    let Judged { ticket, versions, height, .. } = judged(&record.signed.body)?;
    ensure(height < record.header.height, "the record was judged later than it was recorded")?;
    ensure(record.header.time <= ticket.valid_until, "the record entered a block after the ticket's time")?;
    // Policies do not change in this version of the protocol: those of genesis are in force.
    let in_force = evidence.genesis.policy_versions(&ticket.provider);
    ensure(
        in_force.as_ref() == Some(versions),
        "the decision was made under other policies than those in force",
    )?;
    if let Some((entry, asked, approval)) = story(evidence)? {
        // The same rules as `apply` keeps, as far as the file shows what they need.
        let checked =
            entry.check().and_then(|()| asked.check(entry)).and_then(|()| approval.check(asked, entry));
        checked.map_err(|refusal| refusal.to_string())?;
        ensure(
            asked.by.role == Role::ReqOperator
                && approval.by.role == Role::ProvApprover
                && asked.by.pseudonym != approval.by.pseudonym,
            "the request was not asked and approved by two officers in their roles",
        )?;
        ensure(
            in_force.as_ref() == Some(&approval.policy_versions),
            "the grant was given under other policies than those in force",
        )?;
        if matches!(record.signed.body.payload, Payload::RecordAnswer(_)) {
            ensure(
                (approval.from..=approval.until).contains(&record.header.time),
                "the grant was not in force when the answer was recorded",
            )?;
            ensure(
                ticket.mode == asked.mode && approval.receipt_mode == ReceiptMode::Each,
                "the ticket's mode is not the grant's",
            )?;
            ticket.check_units().map_err(|refusal| refusal.to_string())?;
            ensure(ticket.units <= approval.quota, "the ticket asks for more units than were granted")?;
        }
    }
    count(all.len())
}

fn disclosures(evidence: &Evidence, _: &Digest) -> Outcome {
    let body = &evidence.record.signed.body;
    let Judged { ticket, .. } = judged(body)?;
    let mut checked = 0;
    if let Some(details) = &evidence.details {
        let computed = digest(evidence.chain, Kind::Details, &details.0);
        ensure(computed == ticket.details_digest, "the details are not those of the ticket")?;
        checked += 1;
    }
    if let Some(answer) = &evidence.answer {
        let Payload::RecordAnswer(receipt) = &body.payload else {
            return Err("a denial has no answer".into());
        };
        let computed = digest(evidence.chain, Kind::Answer, &answer.0);
        ensure(computed == receipt.answer_digest, "the answer's header is not that of the receipt")?;
        checked += 1;
    }
    let disclosed: Vec<&[u8]> =
        evidence.details.iter().chain(&evidence.answer).map(|bytes| bytes.0.as_slice()).collect();
    for opening in &evidence.openings {
        ensure(
            disclosed.iter().any(|bytes| bytes.windows(32).any(|w| w == opening.commitment.0)),
            "an opening is of a commitment that nobody made",
        )?;
        let computed = commit(evidence.chain, &Salt::from_bytes(opening.salt), &opening.value.0);
        ensure(computed == opening.commitment, "an opening does not fit its commitment")?;
        checked += 1;
    }
    Ok(checked)
}

fn second_opinion(evidence: &Evidence, _: &Digest) -> Outcome {
    let mut all: Vec<(PublicKey, Digest, Signature)> =
        claims(evidence)?.into_iter().map(|c| (c.key, c.digest, c.signature)).collect();
    let validators = evidence.genesis.validator_set();
    for proven in evidence.proven() {
        all.extend(votes(proven, &validators, evidence.chain));
    }
    for (key, digest, signature) in &all {
        ensure(
            gm::second_opinion::verify_digest(key, digest, signature),
            "the second implementation of SM2 refuses a signature that the first accepts",
        )?;
    }
    count(all.len())
}

fn votes(proven: &Proven, validators: &ValidatorSet, chain: ChainId) -> Vec<(PublicKey, Digest, Signature)> {
    let certificate = &proven.certificate;
    let vote = |(voter, signature): &(Address, Signature)| {
        let key = validators.get(voter)?.key.clone();
        let body = vote_body(certificate.height, certificate.round, Some(certificate.block), *voter, true);
        Some((key, digest(chain, Kind::Vote, &body), *signature))
    };
    certificate.signatures.iter().filter_map(vote).collect()
}
