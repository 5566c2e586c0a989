//! Whether a question is answered: it opens, fits its ticket, and grant, quota, entry and policies say yes
//! at the own head.

use access::{Actor, Decision};
use gm::envelope::{self, Seed};
use ledger::catalogue::{ReceiptMode, ShareType};
use ledger::grant::Grant;
use ledger::ids::{Height, Time};
use ledger::policy::Layer;
use ledger::receipt::{DenialClass, PolicyVersions};
use ledger::refusal::Refusal;
use ledger::text::Text;
use ledger::wire::{from_bytes, to_bytes};

use super::Provider;
use crate::fault::ExchangeFault;
use crate::judging::{self, PolicyNo, Selection, no_of, select};
use crate::officer::OfficerPapers;
use crate::outcome::Outcome;
use crate::protocol::{Asked, Envelope, Question};
use crate::standing::Standing;
use crate::store::answers::Origin;

/// What came of judging.
pub(super) enum Judgement<'a> {
    /// The answer is to be prepared.
    Allowed(Box<Allowed<'a>>),
    /// Denied, with a record.
    Denied(Box<Denial>),
    /// Neither can be recorded: the ledger would take nothing from us now.
    Impossible(Outcome),
}

/// All that is needed to prepare.
pub(super) struct Allowed<'a> {
    pub(super) question: &'a Question,
    pub(super) grant: Grant,
    pub(super) decision: Decision,
    pub(super) selection: Selection,
    pub(super) judged_height: Height,
    pub(super) judged_at: Time,
    pub(super) refetch_ms: u64,
    /// The officer's own signature, where there is one.
    pub(super) officer: Option<OfficerPapers>,
}

/// All that is needed to deny.
pub(super) struct Denial {
    pub(super) grant: Grant,
    pub(super) class: DenialClass,
    pub(super) layer: Option<Layer>,
    pub(super) row: Option<String>,
    pub(super) code: Outcome,
    /// What `decision_commit` covers: the decision, or class and code where no policy was asked.
    pub(super) decision: Vec<u8>,
    pub(super) versions: PolicyVersions,
    pub(super) judged_height: Height,
    pub(super) per_minute: u32,
    /// The officer's own signature, where there is one and it holds.
    pub(super) officer: Option<OfficerPapers>,
}

/// A no of one step.
type Step<T> = Result<T, (DenialClass, Outcome)>;

impl Provider {
    /// The details and the secret, if they open and are what the ticket says.
    pub(super) fn open(&self, envelope: &Envelope) -> Option<Question> {
        let context = &self.context;
        let query = envelope.query_id();
        let seed = Seed::unwrap_with(&context.sealing, &envelope.wrap.0).ok()?;
        let plain = envelope::open(&seed, context.chain, &query.0, &envelope.sealed.0).ok()?;
        let question: Question = from_bytes(&plain).ok()?;
        let fits = question.details.digest(context.chain) == envelope.ticket.details_digest
            && question.details.sealing_key_id == context.sealing_id;
        fits.then_some(question)
    }

    /// What is kept of who asked what. The person is kept only as a tag under the year's key.
    pub(super) async fn origin<'a>(
        &self,
        envelope: &'a Envelope,
        question: Option<&'a Question>,
        grant: &'a Grant,
        officer: Option<&'a OfficerPapers>,
        received: Time,
    ) -> Result<Origin<'a>, ExchangeFault> {
        let subject_tag = match question.map(|question| &question.asked) {
            Some(Asked::One(person, _)) => {
                let year = crate::person::date(received).year();
                Some(self.context.store.subject_tag(year, person.id_number()).await?)
            }
            None => None,
        };
        Ok(Origin { envelope, question, grant, officer, subject_tag, received })
    }

    /// Judges a question, or none where the envelope does not open: that is denied as malformed.
    pub(super) fn judge<'a>(
        &self,
        envelope: &Envelope,
        question: Option<&'a Question>,
    ) -> Result<Judgement<'a>, ExchangeFault> {
        let context = &self.context;
        let ticket = &envelope.ticket;
        let Some(standing) =
            Standing::read(&context.node, &context.judge, &ticket.grant, &context.department)?
        else {
            // A ticket under no grant of this chain cannot be judged under any version.
            return Ok(Judgement::Impossible(Refusal::GrantUnknown.into()));
        };
        let Some(policies) = &standing.policies else {
            return Ok(Judgement::Impossible(Refusal::PolicyNotLive.into()));
        };
        if let Err(refusal) = standing.members() {
            return Ok(Judgement::Impossible(refusal.into()));
        }
        let deny = |class, no: PolicyNo, decision: Vec<u8>, officer| {
            Judgement::Denied(Box::new(Denial {
                officer,
                grant: standing.grant.clone(),
                class,
                layer: no.layer,
                row: no.row,
                code: no.code,
                decision,
                versions: policies.versions(),
                judged_height: standing.head.tip.height,
                per_minute: standing.head.parameters.denials_per_minute,
            }))
        };
        let deny_facts = |class, code: Outcome| {
            let said = Text::<40>::new(code.code()).map(|code| to_bytes(&(class, code))).unwrap_or_default();
            deny(class, PolicyNo { layer: None, row: None, code }, said, None)
        };
        let Some(question) = question else {
            return Ok(deny_facts(DenialClass::Malformed, Outcome::QuestionMalformed));
        };
        let officer = match self.judge_facts(envelope, question, &standing) {
            Ok(officer) => officer,
            Err((class, code)) => return Ok(deny_facts(class, code)),
        };
        let details = &question.details;
        let asker = &question.asker;
        let actor = Actor {
            role: asker.role,
            clearance: asker.clearance,
            assurance: details.assurance,
            zone: asker.zone.clone(),
        };
        let judged = judging::answer(&context.judge, &standing, &details.items, &actor)?;
        let (Some(decision), Some(offer)) = (judged, &standing.offer) else {
            return Ok(Judgement::Impossible(Refusal::PolicyNotLive.into()));
        };
        // Another than who asks: that they are two people is the requester's word.
        let seconded = asker.second.is_some_and(|second| second != details.actor);
        if let Some(no) = no_of(&decision, seconded) {
            return Ok(deny(DenialClass::Policy, no, decision.bytes(), officer));
        }
        let selection = select(offer, &standing.grant, &details.items, &decision.obligations);
        Ok(Judgement::Allowed(Box::new(Allowed {
            question,
            selection,
            decision,
            judged_height: standing.head.tip.height,
            judged_at: standing.head.tip.time,
            refetch_ms: standing.head.parameters.refetch_ms,
            grant: standing.grant,
            officer,
        })))
    }

    /// Everything but the policies; the officer's signature last, for it costs most.
    fn judge_facts(
        &self,
        envelope: &Envelope,
        question: &Question,
        standing: &Standing,
    ) -> Step<Option<OfficerPapers>> {
        use DenialClass::{Entry, Grant, Malformed, Quota};
        let (context, ticket, details) = (&self.context, &envelope.ticket, &question.details);
        let grant = &standing.grant;
        let Asked::One(person, _) = &question.asked;
        if !question.opens(context.chain)
            || details.entry != grant.entry
            || details.purpose != grant.purpose
            || !person.is_plausible(context.now())
        {
            return Err((Malformed, Outcome::QuestionMalformed));
        }
        if grant.requester != ticket.requester || grant.provider != context.department {
            return Err((Grant, Refusal::GrantParties.into()));
        }
        if grant.mode != ticket.mode || grant.receipt_mode != ReceiptMode::Each {
            return Err((Grant, Refusal::GrantMode.into()));
        }
        match grant.check_use(standing.head.tip.time, ticket.units) {
            Ok(()) => {}
            Err(Refusal::GrantQuota) => return Err((Quota, Refusal::GrantQuota.into())),
            Err(refusal) => return Err((Grant, refusal.into())),
        }
        if !details.items.iter().all(|item| grant.item(item).is_some()) {
            return Err((Grant, Outcome::ItemsNotGranted));
        }
        let offer = standing.offer.as_ref().ok_or((Entry, Refusal::EntryUnknown.into()))?;
        if offer.asked().provider != context.department {
            return Err((Entry, Refusal::EntryOwner.into()));
        }
        if offer.share_type() == ShareType::NotShared {
            return Err((Entry, Refusal::EntryNotShared.into()));
        }
        if !offer.offers(ticket.mode) {
            return Err((Entry, Refusal::RequestMode.into()));
        }
        let source = self.sources.get(&grant.entry).ok_or((Entry, Outcome::EntryUnbound))?;
        if !details.items.iter().all(|item| source.items().contains(item)) {
            return Err((Entry, Outcome::EntryUnbound));
        }
        judging::believed(context, question, standing).map_err(|flaw| (Malformed, flaw))
    }
}
