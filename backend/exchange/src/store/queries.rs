//! The requester's side: one row a query. Each change is synced before it returns.

use access::{Assurance, Zone};
use gm::sm2::{SecretKey, Signature};
use ledger::ids::{Code2, DepartmentId, EntryId, GrantId, ItemCode, Pseudonym, QueryId, Time};
use ledger::policy::Layer;
use ledger::receipt::{DeliveryOutcome, DenialClass, Ticket};
use ledger::role::Role;
use ledger::text::Text;
use ledger::wire::{Bytes, to_bytes};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

use super::bounds::Written;
use super::{Store, bytes32, get, integer, number, object, optional_object, outcome, parse, query_id, time};
use crate::bounds::Bounds;
use crate::course::asking::{Sealed, Wrap};
use crate::fault::ExchangeFault;
use crate::officer::{OfficerPapers, WordOf};
use crate::outcome::Outcome;
use crate::protocol::{Envelope, Question};
use crate::query::{Asker, DeniedBy, Papers, Query as Form, QueryState, Stage};
use crate::table::Body;

pub(super) const DETAILS: &str = "queries.details";
pub(super) const SECRET: &str = "queries.secret";
pub(super) const DECISION: &str = "queries.decision";
const REPLY_KEY: &str = "queries.reply_key";
const CIPHERTEXT: &str = "queries.ciphertext";
const WRAP: &str = "queries.wrap";
const BODY: &str = "queries.body";
const MARK: &str = "queries.mark";
const OFFICER: &str = "queries.officer";
pub(super) const SHOWN: &str = "queries.shown";

/// A query as it is first written down.
pub(crate) struct Draft<'a> {
    pub(crate) query: QueryId,
    pub(crate) form: &'a Form,
    pub(crate) grant: GrantId,
    /// Units of the grant.
    pub(crate) quota: u32,
    pub(crate) provider: &'a DepartmentId,
    pub(crate) entry: &'a EntryId,
    pub(crate) purpose: &'a Code2,
    pub(crate) items: &'a BTreeSet<ItemCode>,
    pub(crate) asker: &'a Asker,
    pub(crate) seconded: bool,
    pub(crate) actor: Pseudonym,
    pub(crate) masked_person: &'a str,
    pub(crate) ticket: &'a Ticket,
    pub(crate) question: &'a Question,
    /// The officer's own signature, where there is one.
    pub(crate) officer: Option<&'a OfficerPapers>,
    pub(crate) decision: &'a [u8],
    pub(crate) decision_salt: &'a [u8; 32],
    pub(crate) reply_key: &'a SecretKey,
    pub(crate) now: Time,
}

/// What a form became when it was sent first.
pub(crate) struct FirstOfForm {
    pub(crate) query: QueryId,
    pub(crate) account: String,
    /// [`Store::content_tag`] of it.
    pub(crate) content: Option<[u8; 32]>,
}

/// What the course of a query needs to go on.
pub(crate) struct QueryRow {
    pub(crate) waiting: Option<Outcome>,
    pub(crate) grant: GrantId,
    pub(crate) provider: DepartmentId,
    pub(crate) ticket: Ticket,
    pub(crate) items: BTreeSet<ItemCode>,
    pub(crate) asker: Asker,
    /// Another officer confirmed it.
    pub(crate) seconded: bool,
    pub(crate) course: Course,
}

/// What there is of a query, by its state.
pub(crate) enum Course {
    Drafted,
    Asked(Box<Sent>),
    /// An answer, and its key if it came before the record was seen here.
    Held(Box<Sent>, Sealed, Option<Wrap>),
    /// On record; the answer and its key, once both are here.
    Recorded(Box<Sent>, Option<(Sealed, Wrap)>),
    Over,
}

/// What was sent, and what opens the reply.
pub(crate) struct Sent {
    pub(crate) ticket_signature: Signature,
    pub(crate) envelope: Envelope,
    pub(crate) reply_key: SecretKey,
}

/// What the chain is told of an answer on record: outcome, own watermark and its salt.
type Told<'a> = (DeliveryOutcome, &'a str, &'a [u8; 32]);

impl Store {
    /// Writes a query down; not when its form was before, or its officer has as many as they may.
    pub(crate) async fn draft(&self, draft: &Draft<'_>, bounds: &Bounds) -> Result<Written, ExchangeFault> {
        let row = &draft.query.0;
        let shown = Zeroizing::new(to_bytes(&(
            Bytes(draft.question.case_no.as_bytes().to_vec()),
            Bytes(draft.masked_person.as_bytes().to_vec()),
        )));
        let decision = Zeroizing::new(to_bytes(&(Bytes(draft.decision.to_vec()), *draft.decision_salt)));
        let insert = sqlx::query(
            "INSERT INTO queries (query, form, state, grant_id, provider, entry, purpose, items, account, role,
                clearance, assurance, zone, actor, case_tag, shown, valid_until, drafted, ticket, details, secret,
                decision, reply_key, content, officer, seconded)
             VALUES (?, ?, 'drafted', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (form) DO NOTHING",
        )
        .bind(row.as_slice())
        .bind(self.form_tag(&draft.form.form_id).to_vec())
        .bind(draft.grant.0.as_slice())
        .bind(draft.provider.as_str())
        .bind(to_bytes(draft.entry))
        .bind(draft.purpose.as_str())
        .bind(to_bytes(draft.items))
        .bind(&draft.asker.account)
        .bind(draft.asker.role.code())
        .bind(draft.asker.clearance)
        .bind(draft.asker.assurance.code())
        .bind(draft.asker.zone.as_ref().map(Text::as_str))
        .bind(draft.actor.0.as_slice())
        .bind(self.case_tag(&draft.question.case_no).to_vec())
        .bind(self.seal(SHOWN, row, &shown)?)
        .bind(integer(draft.ticket.valid_until.0))
        .bind(integer(draft.now.0))
        .bind(to_bytes(draft.ticket))
        .bind(self.seal(DETAILS, row, &to_bytes(&draft.question.details))?)
        .bind(self.seal(SECRET, row, &draft.question.kept_secret())?)
        .bind(self.seal(DECISION, row, &decision)?)
        .bind(self.seal(REPLY_KEY, row, &*draft.reply_key.to_bytes())?)
        .bind(self.content_tag(draft.form).to_vec())
        .bind(draft.officer.map(|papers| self.seal(OFFICER, row, &to_bytes(papers))).transpose()?)
        .bind(draft.seconded);
        self.write_within(insert, draft, bounds).await
    }

    /// The query this form has become.
    pub(crate) async fn query_of_form(
        &self,
        form_id: &[u8; 32],
    ) -> Result<Option<FirstOfForm>, ExchangeFault> {
        let row = sqlx::query("SELECT query, account, content FROM queries WHERE form = ?")
            .bind(self.form_tag(form_id).to_vec())
            .fetch_optional(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let content: Option<Vec<u8>> = get(&row, "content")?;
        Ok(Some(FirstOfForm {
            query: query_id(&row)?,
            account: get(&row, "account")?,
            content: content.and_then(|content| content.try_into().ok()),
        }))
    }

    fn form_tag(&self, form_id: &[u8; 32]) -> [u8; 32] {
        self.tag("queries.form", form_id)
    }

    /// Equal for forms that say the same.
    pub(crate) fn content_tag(&self, form: &Form) -> [u8; 32] {
        let text = |text: &str| Bytes(text.as_bytes().to_vec());
        let subject = &form.subject;
        let said = Zeroizing::new(to_bytes(&(
            form.grant,
            form.items.clone(),
            (text(&subject.name), text(&subject.id_type), text(&subject.id_number)),
            text(&form.case_no),
        )));
        // Signed by its officer it says more than without.
        let what = if form.officer.is_some() { "queries.content.signed" } else { "queries.content" };
        self.tag(what, &said)
    }

    pub(crate) fn case_tag(&self, case_no: &str) -> [u8; 32] {
        self.tag("queries.case", case_no.as_bytes())
    }

    /// Signed and sealed: from now on it may be sent.
    pub(crate) async fn asked(
        &self,
        query: &QueryId,
        signature: &Signature,
        envelope: &Envelope,
        now: Time,
    ) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE queries SET state = 'asked', asked = ?, ticket_signature = ?, envelope = ?, stamp = stamp + 1
             WHERE query = ? AND state = 'drafted'",
        )
        .bind(integer(now.0))
        .bind(to_bytes(signature))
        .bind(to_bytes(envelope))
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// What it waits for now.
    pub(crate) async fn waits_for(&self, query: &QueryId, code: Outcome) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE queries SET waiting = ?, stamp = stamp + 1 WHERE query = ? AND waiting IS NOT ?",
        )
        .bind(code.code())
        .bind(query.0.as_slice())
        .bind(code.code());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The sealed answer is here.
    pub(crate) async fn held(
        &self,
        query: &QueryId,
        sealed: &Sealed,
        now: Time,
    ) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE queries SET state = 'held', held = ?, answer = ?, ciphertext = ?, waiting = NULL,
                stamp = stamp + 1 WHERE query = ?",
        )
        .bind(integer(now.0))
        .bind(to_bytes(&*sealed.answer))
        .bind(self.seal(CIPHERTEXT, &query.0, &sealed.ciphertext)?)
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The key came, perhaps before the record was seen here.
    pub(crate) async fn wrapped(&self, query: &QueryId, wrap: &Wrap) -> Result<(), ExchangeFault> {
        let change = sqlx::query("UPDATE queries SET wrap = ?, stamp = stamp + 1 WHERE query = ?")
            .bind(self.seal(WRAP, &query.0, &wrap.0)?)
            .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The record is applied on the own node.
    pub(crate) async fn recorded(&self, query: &QueryId, now: Time) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE queries SET state = 'recorded', recorded = ?, waiting = NULL, stamp = stamp + 1
             WHERE query = ?",
        )
        .bind(integer(now.0))
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// A new reply key, before a Refetch names it. What was held under the old one is dropped.
    pub(crate) async fn new_reply_key(&self, query: &QueryId, key: &SecretKey) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE queries SET reply_key = ?, answer = NULL, ciphertext = NULL, wrap = NULL, stamp = stamp + 1
             WHERE query = ?",
        )
        .bind(self.seal(REPLY_KEY, &query.0, &*key.to_bytes())?)
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The answer came again with its key.
    pub(crate) async fn fetched_again(
        &self,
        query: &QueryId,
        sealed: &Sealed,
        wrap: &Wrap,
    ) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE queries SET answer = ?, ciphertext = ?, wrap = ?, stamp = stamp + 1 WHERE query = ?",
        )
        .bind(to_bytes(&*sealed.answer))
        .bind(self.seal(CIPHERTEXT, &query.0, &sealed.ciphertext)?)
        .bind(self.seal(WRAP, &query.0, &wrap.0)?)
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// Opened: the rows are kept, and what opened them is destroyed.
    pub(crate) async fn opened(
        &self,
        query: &QueryId,
        body: &Body,
        mark: (&str, &[u8; 32]),
        now: Time,
    ) -> Result<(), ExchangeFault> {
        let plain = body.sealable(0);
        let mark = to_bytes(&(Bytes(mark.0.as_bytes().to_vec()), *mark.1));
        let change = sqlx::query(
            "UPDATE queries SET state = 'opened', opened = ?, body = ?, mark = ?, outcome = ?,
                reply_key = NULL, envelope = NULL, ciphertext = NULL, wrap = NULL, waiting = NULL,
                stamp = stamp + 1 WHERE query = ?",
        )
        .bind(integer(now.0))
        .bind(self.seal(BODY, &query.0, &plain)?)
        .bind(self.seal(MARK, &query.0, &mark)?)
        .bind(DeliveryOutcome::Opened.number())
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// Ended without being opened; `told` where there is a record.
    pub(crate) async fn ended(
        &self,
        query: &QueryId,
        state: &QueryState,
        told: Option<Told<'_>>,
        now: Time,
    ) -> Result<(), ExchangeFault> {
        let mut denied: (Option<u8>, Option<u8>, Option<u8>, Option<&str>) = Default::default();
        if let QueryState::Denied { by, class, layer, row, .. } = state {
            let by = match by {
                DeniedBy::Requester => 1,
                DeniedBy::Provider => 2,
            };
            denied = (Some(by), Some(class.number()), layer.map(Layer::number), row.as_deref());
        }
        let outcome = told.map(|(outcome, ..)| outcome.number());
        let mark = told
            .map(|(_, text, salt)| {
                self.seal(MARK, &query.0, &to_bytes(&(Bytes(text.as_bytes().to_vec()), *salt)))
            })
            .transpose()?;
        let change = sqlx::query(
            "UPDATE queries SET state = ?, code = ?, denied_by = ?, denied_class = ?, denied_layer = ?,
                denied_row = ?, outcome = ?, mark = ?, closed = CASE WHEN ? IS NULL THEN ? ELSE NULL END,
                waiting = NULL, reply_key = NULL, envelope = NULL, ciphertext = NULL, wrap = NULL,
                stamp = stamp + 1 WHERE query = ?",
        )
        .bind(state.stage().code())
        .bind(state.reason().map(Outcome::code))
        .bind(denied.0)
        .bind(denied.1)
        .bind(denied.2)
        .bind(denied.3)
        .bind(outcome)
        .bind(mark)
        .bind(outcome)
        .bind(integer(now.0))
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// Queries to be gone on with after a start, oldest first.
    pub(crate) async fn unfinished(&self) -> Result<Vec<QueryId>, ExchangeFault> {
        let rows = sqlx::query(
            "SELECT query FROM queries WHERE state IN ('drafted', 'asked', 'held', 'recorded') ORDER BY drafted",
        )
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(query_id).collect()
    }

    /// What the course of a query needs.
    pub(crate) async fn query_row(&self, query: &QueryId) -> Result<Option<QueryRow>, ExchangeFault> {
        let Some(row) = sqlx::query(
            "SELECT state, waiting, grant_id, provider, ticket, ticket_signature, items, account, role, clearance, assurance, zone,
                envelope, seconded,
                reply_key, answer, ciphertext, wrap FROM queries WHERE query = ?",
        )
        .bind(query.0.as_slice())
        .fetch_optional(&self.read)
        .await?
        else {
            return Ok(None);
        };
        Ok(Some(QueryRow {
            waiting: outcome(&row, "waiting")?,
            grant: bytes32(&row, "grant_id").map(GrantId)?,
            provider: parse(&row, "provider")?,
            ticket: object(&row, "ticket")?,
            items: object(&row, "items")?,
            asker: asker(&row)?,
            seconded: get(&row, "seconded")?,
            course: self.course(query, &row)?,
        }))
    }

    fn course(&self, query: &QueryId, row: &SqliteRow) -> Result<Course, ExchangeFault> {
        let open = |column, name: &str| self.open_optional(column, &query.0, get(row, name)?);
        let sent = || -> Result<Box<Sent>, ExchangeFault> {
            const DAMAGED: ExchangeFault = ExchangeFault::Damaged(REPLY_KEY);
            let key = open(REPLY_KEY, "reply_key")?.ok_or(DAMAGED)?;
            let key = Zeroizing::new(key.as_slice().try_into().map_err(|_| DAMAGED)?);
            Ok(Box::new(Sent {
                ticket_signature: object(row, "ticket_signature")?,
                envelope: object(row, "envelope")?,
                reply_key: SecretKey::from_bytes(&key).map_err(|_| DAMAGED)?,
            }))
        };
        let sealed = || -> Result<Option<Sealed>, ExchangeFault> {
            let Some(ciphertext) = open(CIPHERTEXT, "ciphertext")? else { return Ok(None) };
            let answer = Box::new(object(row, "answer")?);
            Ok(Some(Sealed { answer, ciphertext: ciphertext.to_vec() }))
        };
        let wrap = || Ok::<_, ExchangeFault>(open(WRAP, "wrap")?.map(|bytes| Wrap(bytes.to_vec())));
        Ok(match stage(row)? {
            Stage::Drafted => Course::Drafted,
            Stage::Asked => Course::Asked(sent()?),
            Stage::Held => {
                Course::Held(sent()?, sealed()?.ok_or(ExchangeFault::Damaged(CIPHERTEXT))?, wrap()?)
            }
            Stage::Recorded => Course::Recorded(sent()?, sealed()?.zip(wrap()?)),
            Stage::Opened
            | Stage::Closed
            | Stage::Denied
            | Stage::Lapsed
            | Stage::Undelivered
            | Stage::Rejected
            | Stage::Refused => Course::Over,
        })
    }

    /// The rows as they were opened.
    pub(crate) async fn opened_body(&self, query: &QueryId) -> Result<Option<Body>, ExchangeFault> {
        let row = sqlx::query("SELECT body FROM queries WHERE query = ?")
            .bind(query.0.as_slice())
            .fetch_optional(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        match self.open_optional(BODY, &query.0, get(&row, "body")?)? {
            Some(bytes) => Body::read(&bytes).map(Some).map_err(|_| ExchangeFault::Damaged(BODY)),
            None => Ok(None),
        }
    }

    /// Destroys rows opened before `before`. Gives when the oldest that is left was opened.
    pub(crate) async fn destroy_bodies(&self, before: Time) -> Result<Option<Time>, ExchangeFault> {
        let oldest = async || -> Result<Option<Time>, ExchangeFault> {
            let oldest: Option<i64> =
                sqlx::query_scalar("SELECT MIN(opened) FROM queries WHERE body IS NOT NULL")
                    .fetch_one(&self.read)
                    .await?;
            Ok(oldest.map(time))
        };
        match oldest().await? {
            Some(opened) if opened <= before => {}
            left => return Ok(left),
        }
        let destroy = sqlx::query(
            "UPDATE queries SET body = NULL, stamp = stamp + 1 WHERE body IS NOT NULL AND opened <= ?",
        )
        .bind(integer(before.0));
        self.change(vec![destroy]).await?;
        oldest().await
    }

    /// Whose word it is that an officer asked, of an own query; none where the papers are gone.
    pub(crate) async fn word_of_query(&self, query: &QueryId) -> Result<Option<WordOf>, ExchangeFault> {
        let row = sqlx::query("SELECT details, officer FROM queries WHERE query = ?")
            .bind(query.0.as_slice())
            .fetch_optional(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        self.word_of(query, &row, DETAILS, OFFICER)
    }

    /// What may be disclosed in evidence.
    pub(crate) async fn papers(&self, query: &QueryId) -> Result<Option<Papers>, ExchangeFault> {
        let row = sqlx::query("SELECT details, answer, officer FROM queries WHERE query = ?")
            .bind(query.0.as_slice())
            .fetch_optional(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let open = |column, name: &str| self.open_optional(column, &query.0, get(&row, name)?);
        let Some(details) = open(DETAILS, "details")? else { return Ok(None) };
        let officer = open(OFFICER, "officer")?;
        Ok(Some(Papers {
            details: super::decode(&details, DETAILS)?,
            answer: optional_object(&row, "answer")?,
            officer: officer.map(|bytes| super::decode(&bytes, OFFICER)).transpose()?,
        }))
    }

    /// What no one may keep longer than `before`: the papers of queries that ended earlier.
    pub(crate) async fn destroy_papers(&self, before: Time) -> Result<u64, ExchangeFault> {
        let destroy = sqlx::query(
            "UPDATE queries SET details = NULL, secret = NULL, officer = NULL, decision = NULL, answer = NULL, mark = NULL,
                body = NULL, shown = x'', case_tag = x'', stamp = stamp + 1
             WHERE COALESCE(closed, drafted) < ? AND details IS NOT NULL
                AND state NOT IN ('drafted', 'asked', 'held', 'recorded')",
        )
        .bind(integer(before.0));
        Ok(self.change(vec![destroy]).await?.rows_affected())
    }
}

pub(super) fn asker(row: &SqliteRow) -> Result<Asker, ExchangeFault> {
    let (role, assurance): (String, String) = (get(row, "role")?, get(row, "assurance")?);
    let zone: Option<String> = get(row, "zone")?;
    let zone = zone.map(|zone| Zone::new(&zone).map_err(|_| ExchangeFault::Damaged("queries.zone")));
    Ok(Asker {
        account: get(row, "account")?,
        role: Role::from_code(&role).ok_or(ExchangeFault::Damaged("queries.role"))?,
        clearance: get(row, "clearance")?,
        assurance: Assurance::from_code(&assurance).ok_or(ExchangeFault::Damaged("queries.assurance"))?,
        zone: zone.transpose()?,
    })
}

/// Own watermark and its salt.
pub(crate) type Mark = (Vec<u8>, [u8; 32]);

/// The mark of a final state as it was stored.
pub(super) fn open_mark(
    store: &Store,
    query: &QueryId,
    row: &SqliteRow,
) -> Result<Option<Mark>, ExchangeFault> {
    let sealed: Option<Vec<u8>> = row.try_get("mark")?;
    match store.open_optional(MARK, &query.0, sealed)? {
        Some(bytes) => {
            let (text, salt): (Bytes, [u8; 32]) = super::decode(&bytes, MARK)?;
            Ok(Some((text.0, salt)))
        }
        None => Ok(None),
    }
}

fn stage(row: &SqliteRow) -> Result<Stage, ExchangeFault> {
    Stage::from_code(&get::<String>(row, "state")?).ok_or(ExchangeFault::Damaged("queries.state"))
}

/// The state of a row.
pub(super) fn state(row: &SqliteRow) -> Result<QueryState, ExchangeFault> {
    const DAMAGED: ExchangeFault = ExchangeFault::Damaged("queries.state");
    let code = || outcome(row, "code")?.ok_or(ExchangeFault::Damaged("queries.code"));
    Ok(match stage(row)? {
        Stage::Drafted => QueryState::Drafted,
        Stage::Asked => QueryState::Asked,
        Stage::Held => QueryState::Held,
        Stage::Recorded => QueryState::Recorded,
        Stage::Opened => QueryState::Opened,
        Stage::Closed => QueryState::Closed,
        Stage::Lapsed => QueryState::Lapsed { code: code()? },
        Stage::Undelivered => QueryState::Undelivered { code: code()? },
        Stage::Rejected => QueryState::Rejected { code: code()? },
        Stage::Refused => QueryState::Refused { code: code()? },
        Stage::Denied => QueryState::Denied {
            by: match get::<Option<u8>>(row, "denied_by")? {
                Some(1) => DeniedBy::Requester,
                Some(2) => DeniedBy::Provider,
                _ => return Err(DAMAGED),
            },
            class: number(DenialClass::ALL, DenialClass::number, get(row, "denied_class")?).ok_or(DAMAGED)?,
            layer: number(Layer::ALL, Layer::number, get(row, "denied_layer")?),
            row: get(row, "denied_row")?,
            code: code()?,
        },
    })
}
