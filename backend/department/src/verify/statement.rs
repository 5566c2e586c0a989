//! What a verified file says, for somebody who was handed it: who asked whom, when, what for, under which grant, with
//! which outcome, and what the file does not show. Only what the steps of the check covered stands here.

use jiff::Timestamp;
use ledger::catalogue::Entry;
use ledger::genesis::Genesis;
use ledger::ids::{DepartmentId, ItemCode, Time};
use ledger::proof::{Evidence, Proven};
use ledger::query::Details;
use ledger::receipt::{DeliveryOutcome, DenialClass, Ticket};
use ledger::request::ApproveRequest;
use ledger::text::Words;
use ledger::transaction::Payload;
use ledger::wire::from_bytes;
use serde::Serialize;

/// What the file proves.
#[derive(Serialize)]
pub(super) struct Statement {
    /// `answered` or `denied`.
    outcome: &'static str,
    /// One sentence.
    sentence: String,
    receipt: String,
    requester: Party,
    provider: Party,
    mode: &'static str,
    units: u32,
    /// The grant that the ticket names.
    grant: String,
    /// Entry, request and grant, if the file shows them.
    basis: Option<Basis>,
    /// Items asked for, if the query's details are disclosed.
    asked: Option<Vec<String>>,
    /// Whose word it is that an officer asked, if the query's details are disclosed.
    officer: Option<Officer>,
    judged_height: u64,
    recorded: Place,
    delivery: Option<Delivery>,
    /// What the parties laid open beside the public record.
    disclosed: Vec<&'static str>,
    not_shown: Vec<&'static str>,
}

#[derive(Serialize)]
struct Party {
    id: String,
    name_zh: String,
    name_en: String,
}

#[derive(Serialize)]
struct Basis {
    entry: String,
    entry_zh: String,
    entry_en: String,
    purpose: String,
    legal_basis: String,
    granted: Vec<Granted>,
    rows: Option<String>,
    quota: u32,
    from: String,
    until: String,
    requested: Place,
    /// Roles of the two officers who asked: who drafted, who countersigned.
    requested_by: [&'static str; 2],
    approved: Place,
    /// Roles of the two officers who granted.
    approved_by: [&'static str; 2],
}

#[derive(Serialize)]
struct Granted {
    item: String,
    zh: String,
    en: String,
    /// None: in clear.
    mask: Option<&'static str>,
}

#[derive(Serialize)]
struct Place {
    height: u64,
    at: String,
    tx: String,
}

#[derive(Serialize)]
struct Delivery {
    outcome: &'static str,
    acknowledged: Place,
}

/// Whose word it is that an officer asked.
#[derive(Serialize)]
struct Officer {
    /// `ukey`, `otp`, `password`.
    assurance: &'static str,
    /// Id of the officer whose own signature the file shows; only the department can tell who it is.
    id: Option<String>,
    /// The role the officer signed in.
    role: Option<&'static str>,
    /// The roster that the officer is on, and the block that anchored it.
    roster: Option<String>,
    anchored_height: Option<u64>,
}

impl Officer {
    fn of(evidence: &Evidence, details: &Details) -> Self {
        let signer = evidence.signer();
        Self {
            assurance: details.assurance.code(),
            id: signer.as_ref().map(|signer| signer.officer.to_string()),
            role: signer.as_ref().map(|signer| signer.role.code()),
            roster: signer.as_ref().map(|signer| signer.root.to_string()),
            anchored_height: signer.as_ref().map(|signer| signer.anchored.0),
        }
    }

    fn line(&self) -> String {
        match (&self.id, self.role, &self.roster, self.anchored_height) {
            (Some(id), Some(role), Some(roster), Some(height)) => format!(
                "SIGNED by officer {id} as {role} with the officer's own key; roster {roster}, block {height}"
            ),
            _ if self.assurance == "ukey" => {
                "signed with the officer's own key, as the details say: this file does not show it".to_owned()
            }
            _ => format!("the requester's word only (signed in by {})", self.assurance),
        }
    }
}

/// A moment on the chain, in UTC.
fn at(time: Time) -> String {
    let moment = i64::try_from(time.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    moment.map_or_else(|| format!("{time} ms"), |moment| moment.to_string())
}

impl Place {
    fn of(proven: &Proven) -> Self {
        let header = &proven.header;
        Self { height: header.height.0, at: at(header.time), tx: proven.signed.id().to_string() }
    }
}

impl Party {
    fn of(genesis: &Genesis, id: &DepartmentId) -> Self {
        let name = |words: fn(&Words) -> &str| {
            genesis.member(id).map(|member| words(&member.name).to_owned()).unwrap_or_default()
        };
        Self {
            id: id.to_string(),
            name_zh: name(|words| words.zh.as_str()),
            name_en: name(|words| words.en.as_str()),
        }
    }
}

impl Granted {
    fn of(entry: &Entry, code: &ItemCode, mask: Option<&'static str>) -> Self {
        let label = |words: fn(&Words) -> &str| {
            entry.item(code).map(|item| words(&item.label).to_owned()).unwrap_or_default()
        };
        Self {
            item: code.to_string(),
            zh: label(|words| words.zh.as_str()),
            en: label(|words| words.en.as_str()),
            mask,
        }
    }
}

impl Basis {
    fn of(evidence: &Evidence) -> Option<Self> {
        let basis = evidence.basis.as_ref()?;
        let Payload::Publish(entry) = &basis.publication.signed.body.payload else { return None };
        let Payload::SubmitRequest(asked) = &basis.request.signed.body.payload else { return None };
        let Payload::ApproveRequest(approval) = &basis.approval.signed.body.payload else { return None };
        let ApproveRequest { items, row_scope, quota, from, until, purpose, .. } = approval;
        Some(Self {
            entry: entry.id.to_string(),
            entry_zh: entry.name.zh.to_string(),
            entry_en: entry.name.en.to_string(),
            purpose: purpose.to_string(),
            legal_basis: asked.basis.to_string(),
            granted: items
                .iter()
                .map(|item| Granted::of(entry, &item.code, item.mask.map(|mask| mask.code())))
                .collect(),
            rows: row_scope.as_ref().map(|scope| format!("{} = {}", scope.item, scope.equals)),
            quota: *quota,
            from: at(*from),
            until: at(*until),
            requested: Place::of(&basis.request),
            requested_by: [asked.by.role.code(), asked.second.role.code()],
            approved: Place::of(&basis.approval),
            approved_by: [approval.by.role.code(), approval.second.role.code()],
        })
    }
}

/// What the record's half of the file says.
struct Recorded<'a> {
    ticket: &'a Ticket,
    judged_height: u64,
    denied: Option<DenialClass>,
}

fn recorded(evidence: &Evidence) -> Option<Recorded<'_>> {
    match &evidence.record.signed.body.payload {
        Payload::RecordAnswer(receipt) => {
            Some(Recorded { ticket: &receipt.ticket, judged_height: receipt.judged_height.0, denied: None })
        }
        Payload::RecordDenial(denial) => Some(Recorded {
            ticket: &denial.ticket,
            judged_height: denial.judged_height.0,
            denied: Some(denial.class),
        }),
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
        | Payload::ReportEquivocation(_) => None,
    }
}

/// What became of the answer, if the file holds its acknowledgement.
fn delivered(evidence: &Evidence) -> Option<(DeliveryOutcome, Place)> {
    let proven = evidence.delivery.as_ref()?;
    let Payload::Acknowledge(delivery) = &proven.signed.body.payload else { return None };
    let query = evidence.query()?;
    let (_, outcome) = delivery.marks.iter().find(|(id, _)| *id == query)?;
    Some((*outcome, Place::of(proven)))
}

const fn denial(class: DenialClass) -> &'static str {
    match class {
        DenialClass::Grant => "the grant does not cover it",
        DenialClass::Quota => "the grant's quota is spent",
        DenialClass::Policy => "a sharing policy says no",
        DenialClass::Entry => "the catalogue entry is not served",
        DenialClass::Malformed => "the query contradicts itself",
    }
}

const fn delivery(outcome: Option<DeliveryOutcome>) -> &'static str {
    match outcome {
        None => "this file shows no acknowledgement",
        Some(DeliveryOutcome::Opened) => "the requester acknowledged that it opened it",
        Some(DeliveryOutcome::RejectedKey) => "the requester rejected it: the key did not fit",
        Some(DeliveryOutcome::RejectedContent) => {
            "the requester rejected it: the content was not as promised"
        }
        Some(DeliveryOutcome::Unopened) => "the requester never opened it",
    }
}

fn disclosed(evidence: &Evidence) -> Vec<&'static str> {
    let papers = [(evidence.details.is_some(), "details"), (evidence.answer.is_some(), "answer header")];
    let shown = papers.into_iter().filter_map(|(shown, name)| shown.then_some(name));
    shown.chain(evidence.openings.iter().map(|opening| opening.field.code())).collect()
}

fn not_shown(evidence: &Evidence, denied: bool) -> Vec<&'static str> {
    let mut missing = vec![
        "the data, the person and the case: neither chain nor file holds them, unless opened above",
        "which persons the officers are: they stand under pseudonyms of their own departments, and that two are \
         two people is that department's word",
    ];
    match (&evidence.basis, denied) {
        (Some(_), _) => missing.push(
            "that the grant was not revoked and its quota not spent, that the entry was the latest and the \
             ticket used once: the validators' rules see to that",
        ),
        (None, _) => {
            missing.push("whether there was a grant, and for what: its papers may have been left out")
        }
    }
    if !denied {
        missing.push("when the key to the answer was released, and what policies masked or withheld besides");
        if evidence.delivery.is_none() {
            missing.push("whether the answer arrived: an acknowledgement may have been left out");
        }
    }
    missing
}

impl Statement {
    /// What a verified file says; nothing for one that holds no record.
    pub(super) fn of(evidence: &Evidence) -> Option<Self> {
        let Recorded { ticket, judged_height, denied } = recorded(evidence)?;
        let delivered = delivered(evidence);
        let sentence = match denied {
            Some(class) => format!("a DENIAL is on record, nothing was answered: {}", denial(class)),
            None => format!(
                "an ANSWER is on record; {}",
                delivery(delivered.as_ref().map(|(outcome, _)| *outcome))
            ),
        };
        let details = evidence.details.as_ref().and_then(|bytes| from_bytes::<Details>(&bytes.0).ok());
        Some(Self {
            outcome: if denied.is_some() { "denied" } else { "answered" },
            sentence,
            receipt: ticket.query_id().to_string(),
            requester: Party::of(&evidence.genesis, &ticket.requester),
            provider: Party::of(&evidence.genesis, &ticket.provider),
            mode: ticket.mode.code(),
            units: ticket.units,
            grant: ticket.grant.to_string(),
            basis: Basis::of(evidence),
            officer: details.as_ref().map(|details| Officer::of(evidence, details)),
            asked: details.map(|details| details.items.iter().map(ToString::to_string).collect()),
            judged_height,
            recorded: Place::of(&evidence.record),
            delivery: delivered
                .map(|(outcome, acknowledged)| Delivery { outcome: outcome.code(), acknowledged }),
            disclosed: disclosed(evidence),
            not_shown: not_shown(evidence, denied.is_some()),
        })
    }

    /// The same for people, a fact a line.
    pub(super) fn lines(&self) -> Vec<String> {
        let fact = |name: &str, what: String| format!("  {name:<13} {what}");
        let party = |party: &Party| format!("{} {} / {}", party.id, party.name_en, party.name_zh);
        let place = |place: &Place| format!("block {}, {}, transaction {}", place.height, place.at, place.tx);
        let mut lines = vec![
            format!("VERIFIED: {}", self.sentence),
            fact("asked by", party(&self.requester)),
            fact("asked of", party(&self.provider)),
            fact("receipt", self.receipt.clone()),
            fact("recorded", format!("{}; judged at block {}", place(&self.recorded), self.judged_height)),
        ];
        if let Some(delivery) = &self.delivery {
            lines.push(fact(delivery.outcome, place(&delivery.acknowledged)));
        }
        lines.push(fact("query", format!("mode {}, about {} subject(s)", self.mode, self.units)));
        if let Some(asked) = &self.asked {
            lines.push(fact("items asked", asked.join(", ")));
        }
        if let Some(officer) = &self.officer {
            lines.push(fact("officer", officer.line()));
        }
        lines.push(fact("under grant", self.grant.clone()));
        if let Some(basis) = &self.basis {
            lines.extend(basis.lines().into_iter().map(|(name, what)| fact(name, what)));
        }
        if !self.disclosed.is_empty() {
            lines.push(fact("disclosed", self.disclosed.join(", ")));
        }
        lines.push("This file does not show:".to_owned());
        lines.extend(self.not_shown.iter().map(|missing| format!("  - {missing}")));
        lines
    }
}

/// A step of two officers, in a line.
fn step(place: &Place, [drafted, countersigned]: [&str; 2]) -> String {
    let Place { height, at, .. } = place;
    format!(
        "block {height}, {at}, by two officers of the department: {drafted} drafted, {countersigned} countersigned"
    )
}

impl Basis {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let granted = self.granted.iter().map(|granted| match granted.mask {
            Some(mask) => format!("{} ({}) {mask}", granted.item, granted.en),
            None => format!("{} ({}) in clear", granted.item, granted.en),
        });
        let mut lines = vec![
            ("entry", format!("{} {} / {}", self.entry, self.entry_en, self.entry_zh)),
            ("purpose", format!("code {}, on basis code {}", self.purpose, self.legal_basis)),
            ("items granted", granted.collect::<Vec<_>>().join(", ")),
            ("granted for", format!("{} queries, {} to {}", self.quota, self.from, self.until)),
            ("requested", step(&self.requested, self.requested_by)),
            ("approved", step(&self.approved, self.approved_by)),
        ];
        if let Some(rows) = &self.rows {
            lines.push(("rows only", rows.clone()));
        }
        lines
    }
}
