//! A query is written down, judged by the own policies, signed, sealed, and only then sent.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{Assurance, Decision};
use gm::domain::{ChainId, Kind, Salt, commit};
use gm::envelope::{self, Seed};
use gm::sm2::SecretKey;
use gm::sm3::Digest;
use ledger::catalogue::{Mode, ReceiptMode};
use ledger::ids::{ItemCode, Nonce, Pseudonym, QueryId, Time};
use ledger::receipt::{DenialClass, PolicyVersions, Ticket};
use ledger::refusal::Refusal;
use ledger::roster::OfficerWord;
use ledger::text::{Text, TextError, normal};
use ledger::wire::{Bytes, to_bytes};
use zeroize::Zeroizing;

use super::{Requester, denied_here};
use crate::fault::{AskError, ExchangeFault, Field, FieldCode};
use crate::judging::{self, no_of};
use crate::limits::{ACCOUNT_BYTES_MAX, CASE_BYTES_MAX};
use crate::officer::{self, OfficerPapers};
use crate::outcome::Outcome;
use crate::person::Person;
use crate::protocol::{Asked, AskerAttributes, Details, Envelope, Question, VERSION};
use crate::query::{Query, QueryState};
use crate::standing::Standing;
use crate::store::bounds::Written;
use crate::store::queries::Draft;

/// A form whose fields have been checked.
struct Form {
    person: Person,
    case_no: Zeroizing<String>,
    nonce: [u8; 32],
    /// Salts of what the officer's word commits to. Not drawn: the officer signs between two looks at the same form,
    /// and the word must come out the same, without anything being kept for a form that may never be sent. Nobody
    /// without the store's key can make them, and the nonce is another for each form.
    case_salt: Salt,
    subject_salt: Salt,
}

impl Form {
    fn asked(&self) -> Asked {
        Asked::One(self.person.clone(), self.subject_salt.clone())
    }

    fn case_commit(&self, chain: ChainId) -> Digest {
        commit(chain, &self.case_salt, self.case_no.as_bytes())
    }
}

/// All parts of a question.
struct Drafted {
    ticket: Ticket,
    question: Question,
    reply_key: SecretKey,
    decision: Vec<u8>,
    decision_salt: Salt,
}

impl Requester {
    /// Takes a query; returns when it is synced to the disk as asked, or has ended at once. `officers` makes the
    /// pseudonyms over its nonce: of who asks, and of who confirmed it if one did.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        query: Query,
        officers: impl FnOnce(&[u8; 32]) -> (Pseudonym, Option<Pseudonym>) + Send,
    ) -> Result<QueryId, AskError> {
        let context = &self.context;
        if let Some(id) = self.asked_before(&query).await? {
            return Ok(id);
        }
        let form = self.check(&query)?;
        if self.room.available_permits() == 0 {
            return Err(AskError::Busy);
        }
        let standing = self.standing(&query)?;
        let items = items(&query, &standing)?;
        let now = context.now();
        let officers = officers(&form.nonce);
        let (refusal, decision) = self.judge(&query, &standing, &items, officers.1.is_some(), now)?;
        let drafted = self.draft(&query, &form, &standing, &items, decision, officers)?;
        // The provider looks in the same way: what it would not take is not sent.
        let officer = judging::believed(context, &drafted.question, &standing).map_err(AskError::Officer)?;
        let id = drafted.ticket.query_id();
        match self.write_down(&query, &form, &standing, &items, (&drafted, officer.as_ref()), now).await? {
            Written::New => {}
            // The same form came twice at once.
            Written::Before => {
                return self.asked_before(&query).await?.ok_or(ExchangeFault::Damaged("queries.form").into());
            }
            Written::Beyond(bound) => {
                tracing::warn!(grant.id = %query.grant, bound = bound.code(), "an officer came to a bound");
                return Err(AskError::Bound(bound));
            }
        }
        if let Some(state) = refusal {
            tracing::info!(receipt.id = %id, code = state.reason().map(Outcome::code), "a query ended before it was sent");
            context.store.ended(&id, &state, None, context.now()).await?;
            return Ok(id);
        }
        self.sign(&id, &standing, &drafted).await?;
        tracing::info!(receipt.id = %id, grant.id = %query.grant, "a query was asked");
        self.start_course(id, true);
        Ok(id)
    }

    /// What the officer signs for this form.
    pub(crate) fn word(
        &self,
        query: &Query,
        actor: impl FnOnce(&[u8; 32]) -> Pseudonym,
    ) -> Result<OfficerWord, AskError> {
        let context = &self.context;
        let form = self.check(query)?;
        let standing = self.standing(query)?;
        let items = items(query, &standing)?;
        Ok(OfficerWord {
            version: VERSION,
            chain: context.chain,
            department: context.department.clone(),
            nonce: Nonce(form.nonce),
            actor: actor(&form.nonce),
            role: query.asker.role,
            assurance: Assurance::Ukey,
            entry: standing.grant.entry.clone(),
            items,
            purpose: standing.grant.purpose,
            case_commit: form.case_commit(context.chain),
            subject_commit: Some(form.asked().commitment(context.chain)),
            subjects: None,
            claims_commit: None,
        })
    }

    /// How things stand with the grant, if it is this department's.
    fn standing(&self, query: &Query) -> Result<Standing, AskError> {
        let context = &self.context;
        Standing::read(&context.node, &context.judge, &query.grant, &context.department)
            .map_err(ExchangeFault::from)?
            .filter(|standing| standing.grant.requester == context.department)
            .ok_or(Field::Grant.fault(FieldCode::Unknown).into())
    }

    /// The query that this form has become, if it has.
    pub(crate) async fn asked_before(&self, query: &Query) -> Result<Option<QueryId>, AskError> {
        let store = &self.context.store;
        let Some(first) = store.query_of_form(&query.form_id).await? else { return Ok(None) };
        if first.account != query.asker.account {
            Err(AskError::FormUsed)
        } else if first.content != Some(store.content_tag(query)) {
            Err(AskError::FormChanged)
        } else {
            Ok(Some(first.query))
        }
    }

    fn check(&self, query: &Query) -> Result<Form, AskError> {
        let now = self.context.now();
        let mut faults = Vec::new();
        let account = &query.asker.account;
        if account.is_empty() || account.len() > ACCOUNT_BYTES_MAX {
            faults.push(Field::Account.fault(FieldCode::Form));
        }
        let case_no: Zeroizing<String> = Zeroizing::new(normal(query.case_no.trim()));
        match Text::<CASE_BYTES_MAX>::new(&case_no) {
            Ok(_) => {}
            Err(TextError::Empty) => faults.push(Field::CaseNo.fault(FieldCode::Empty)),
            Err(_) => faults.push(Field::CaseNo.fault(FieldCode::Form)),
        }
        let person = match query.subject.checked(now) {
            Ok(person) => Some(person),
            Err(found) => {
                faults.extend(found);
                None
            }
        };
        match person {
            Some(person) if faults.is_empty() => {
                let same = to_bytes(&(Bytes(account.as_bytes().to_vec()), query.form_id));
                // Known to nobody else, though the form's id was in a browser.
                let store = &self.context.store;
                let nonce = store.tag("queries.nonce", &same);
                let salt = |what| Salt::from_bytes(store.tag(what, &nonce));
                let (case_salt, subject_salt) = (salt("queries.case.salt"), salt("queries.subject.salt"));
                Ok(Form { person, case_no, nonce, case_salt, subject_salt })
            }
            _ => Err(AskError::Invalid(faults)),
        }
    }

    /// Whether it may be sent: the own ledger, the grant, then the own policies at the door "ask".
    fn judge(
        &self,
        query: &Query,
        standing: &Standing,
        items: &BTreeSet<ItemCode>,
        seconded: bool,
        now: Time,
    ) -> Result<(Option<QueryState>, Option<Decision>), ExchangeFault> {
        let refused = |code: Outcome| QueryState::Refused { code };
        let asker = &query.asker;
        let decision = judging::ask(&self.context.judge, standing, items, &asker.actor())?;
        let grant = &standing.grant;
        let refusal = if standing.head.is_behind(now) {
            Some(refused(Outcome::LedgerBehind))
        } else if let Err(refusal) = standing.members() {
            Some(refused(refusal.into()))
        } else if let Err(refusal) = grant.check_use(standing.head.tip.time, 1) {
            Some(refused(refusal.into()))
        } else if grant.mode != Mode::Query || grant.receipt_mode != ReceiptMode::Each {
            Some(refused(Refusal::GrantMode.into()))
        } else if standing.offer.is_none() {
            Some(refused(Refusal::EntryUnknown.into()))
        } else {
            match &decision {
                None => Some(refused(Refusal::PolicyNotLive.into())),
                Some(decision) => no_of(decision, seconded).map(|no| denied_here(DenialClass::Policy, no)),
            }
        };
        Ok((refusal, decision))
    }

    fn draft(
        &self,
        query: &Query,
        form: &Form,
        standing: &Standing,
        items: &BTreeSet<ItemCode>,
        decision: Option<Decision>,
        (actor, second): (Pseudonym, Option<Pseudonym>),
    ) -> Result<Drafted, ExchangeFault> {
        let context = &self.context;
        let (grant, tip, chain) = (&standing.grant, &standing.head.tip, context.chain);
        let provider = standing.provider.as_ref().ok_or(ExchangeFault::NotAMember)?;
        let (asked, asker_salt) = (form.asked(), Salt::generate()?);
        let officer = match &query.officer {
            Some(proof) => Some((proof.clone(), Salt::generate()?)),
            None => None,
        };
        let asker = AskerAttributes {
            role: query.asker.role,
            clearance: query.asker.clearance,
            zone: query.asker.zone.clone(),
            second,
        };
        let none = PolicyVersions {
            national: ledger::ids::PolicyVersion([0; 32]),
            region: ledger::ids::PolicyVersion([0; 32]),
            department: ledger::ids::PolicyVersion([0; 32]),
        };
        let versions = decision.as_ref().map_or(none, |decision| decision.versions);
        let (decision, decision_salt) =
            (decision.map(|decision| decision.bytes()).unwrap_or_default(), Salt::generate()?);
        let reply_key = SecretKey::generate()?;
        let details = Details {
            version: VERSION,
            nonce: Nonce(form.nonce),
            entry: grant.entry.clone(),
            items: items.clone(),
            purpose: grant.purpose.clone(),
            subject_commit: Some(asked.commitment(chain)),
            subjects: None,
            case_commit: form.case_commit(chain),
            claims_commit: None,
            actor,
            assurance: query.asker.assurance,
            officer_proof_commit: officer.as_ref().map(|officer| officer::commitment(chain, officer)),
            asker_commit: commit(chain, &asker_salt, &to_bytes(&asker)),
            requester_decision_commit: commit(chain, &decision_salt, &decision),
            policy_versions: versions,
            sealing_key_id: provider.member.sealing.key_id(),
            reply_key: reply_key.public(),
            job: None,
            log_head: context.log_head(),
        };
        let ticket = Ticket {
            version: context.protocol()?.version,
            chain,
            requester: context.department.clone(),
            key_id: context.online_id,
            grant: grant.id,
            provider: grant.provider.clone(),
            mode: Mode::Query,
            units: 1,
            seen_height: tip.height,
            seen_block: tip.block,
            valid_until: tip.time.plus_ms(standing.head.parameters.ticket_ms),
            details_digest: details.digest(chain),
        };
        let (case_no, case_salt) = (form.case_no.clone(), form.case_salt.clone());
        let question = Question { details, asked, case_no, case_salt, asker, asker_salt, officer };
        Ok(Drafted { ticket, question, reply_key, decision, decision_salt })
    }

    async fn write_down(
        &self,
        query: &Query,
        form: &Form,
        standing: &Standing,
        items: &BTreeSet<ItemCode>,
        (drafted, officer): (&Drafted, Option<&OfficerPapers>),
        now: Time,
    ) -> Result<Written, ExchangeFault> {
        let grant = &standing.grant;
        let draft = Draft {
            query: drafted.ticket.query_id(),
            form: query,
            grant: grant.id,
            quota: grant.quota,
            provider: &grant.provider,
            entry: &grant.entry,
            purpose: &grant.purpose,
            items,
            asker: &query.asker,
            seconded: drafted.question.asker.second.is_some(),
            actor: drafted.question.details.actor,
            masked_person: &form.person.masked(),
            ticket: &drafted.ticket,
            question: &drafted.question,
            officer,
            decision: &drafted.decision,
            decision_salt: drafted.decision_salt.as_bytes(),
            reply_key: &drafted.reply_key,
            now,
        };
        self.context.store.draft(&draft, &self.context.bounds).await
    }

    /// Signs the ticket, seals the question, and syncs both: from here on it may be sent.
    async fn sign(
        &self,
        query: &QueryId,
        standing: &Standing,
        drafted: &Drafted,
    ) -> Result<(), ExchangeFault> {
        let context = &self.context;
        let provider = standing.provider.as_ref().ok_or(ExchangeFault::NotAMember)?;
        let ticket = &drafted.ticket;
        let ticket_signature = context
            .online
            .sign(context.chain, Kind::Ticket, &to_bytes(ticket))
            .map_err(|_| ExchangeFault::Key("online"))?;
        let seed = Seed::generate()?;
        let envelope = Envelope {
            version: VERSION,
            chain: context.chain,
            ticket: ticket.clone(),
            ticket_signature,
            wrap: Bytes(seed.wrap(&provider.member.sealing)?),
            sealed: Bytes(envelope::seal(&seed, context.chain, &query.0, &drafted.question.sealable())),
        };
        context.store.asked(query, &ticket_signature, &envelope, context.now()).await
    }
}

/// The items asked for: at least one, and only those of the grant.
fn items(query: &Query, standing: &Standing) -> Result<BTreeSet<ItemCode>, AskError> {
    if query.items.is_empty() {
        return Err(Field::Items.fault(FieldCode::Empty).into());
    }
    if query.items.iter().all(|item| standing.grant.item(item).is_some()) {
        Ok(query.items.clone())
    } else {
        Err(Field::Items.fault(FieldCode::NotGranted).into())
    }
}
