//! The provider's side: one row a query. Each change is synced before it returns.

use gm::envelope::Seed;
use gm::sm2::Signature;
use ledger::grant::Grant;
use ledger::ids::{DepartmentId, GrantId, QueryId, Time};
use ledger::policy::Layer;
use ledger::receipt::{DeliveryOutcome, DenialClass};
use ledger::transaction::Signed;
use ledger::wire::{Bytes, to_bytes};
use zeroize::Zeroizing;

use sqlx::sqlite::SqliteRow;

use super::{
    Statement, Store, answered_state, bytes32, day, decode, get, integer, object, optional_object, outcome,
    parse, query_id, time,
};
use crate::fault::ExchangeFault;
use crate::limits::DISPUTE_MS;
use crate::outcome::Outcome;
use crate::protocol::{Answer, Details, Envelope, Hold, Question};
use crate::query::AnsweredState;

const DETAILS: &str = "answers.details";
const SECRET: &str = "answers.secret";
pub(super) const DECISION: &str = "answers.decision";
const CIPHERTEXT: &str = "answers.ciphertext";
const SEED: &str = "answers.seed";

/// Who asked what, as it is kept with the answer or the denial.
pub(crate) struct Origin<'a> {
    pub(crate) envelope: &'a Envelope,
    /// None where the envelope does not open.
    pub(crate) question: Option<&'a Question>,
    /// The grant the ticket names.
    pub(crate) grant: &'a Grant,
    pub(crate) subject_tag: Option<[u8; 32]>,
    pub(crate) received: Time,
}

/// A decision and the salt of its commitment.
pub(crate) struct KeptDecision<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) salt: &'a [u8; 32],
}

/// An answer ready to be recorded.
pub(crate) struct Prepared<'a> {
    pub(crate) answer: &'a Answer,
    pub(crate) ciphertext: &'a [u8],
    pub(crate) seed: &'a Seed,
    pub(crate) tx: &'a Signed,
    pub(crate) decision: KeptDecision<'a>,
    pub(crate) found: bool,
}

/// A denial, recorded or only told.
pub(crate) struct Denied<'a> {
    pub(crate) class: DenialClass,
    pub(crate) layer: Option<Layer>,
    pub(crate) row: Option<&'a str>,
    pub(crate) code: Outcome,
    pub(crate) decision: KeptDecision<'a>,
    /// Wrap and sealed reason, as sent; none where there is no key to seal it to.
    pub(crate) reason: Option<&'a (Bytes, Bytes)>,
    /// The record; none when denials are only counted.
    pub(crate) tx: Option<&'a Signed>,
}

/// What the course of an answer needs to go on.
pub(crate) struct AnswerRow {
    pub(crate) requester: DepartmentId,
    pub(crate) grant: GrantId,
    pub(crate) received: Time,
    pub(crate) prepared_times: u8,
    /// None where the envelope did not open.
    pub(crate) details: Option<Details>,
    /// The bytes of the decision.
    pub(crate) decision: Option<Vec<u8>>,
    pub(crate) stand: Stand,
}

/// What there is of an answer or a denial, by its state.
pub(crate) enum Stand {
    /// Ready, and its record is to be made.
    Prepared(Box<ToRecord>),
    /// The policy moved: this question is to be answered once more.
    Unprepared(Box<Envelope>),
    /// Denied, and while `open` its record is to be made.
    Denied { reason: Option<(Bytes, Bytes)>, code: Option<Outcome>, open: Option<Box<(Envelope, Signed)>> },
    /// On record, and its key may be given.
    Recorded(Box<Ready>),
    /// Nothing is given any more.
    Over(Option<Outcome>),
}

/// An answer whose record is to be made.
pub(crate) struct ToRecord {
    pub(crate) envelope: Envelope,
    pub(crate) ready: Ready,
    pub(crate) tx: Signed,
    pub(crate) submitted: bool,
}

/// An answer with its seed.
pub(crate) struct Ready {
    pub(crate) answer: Answer,
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) seed: Seed,
}

impl Stand {
    /// The answer, while its key may still be given.
    pub(crate) fn ready(&self) -> Option<&Ready> {
        match self {
            Self::Prepared(prepared) => Some(&prepared.ready),
            Self::Recorded(ready) => Some(ready),
            Self::Unprepared(_) | Self::Denied { .. } | Self::Over(..) => None,
        }
    }
}

impl Store {
    /// Prepared: everything of the answer is on the disk before its record is submitted.
    pub(crate) async fn prepared(
        &self,
        origin: &Origin<'_>,
        prepared: &Prepared<'_>,
        now: Time,
    ) -> Result<(), ExchangeFault> {
        let id = origin.envelope.query_id();
        let first = self.origin(origin, AnsweredState::Prepared, now)?;
        let then = sqlx::query(
            "UPDATE answers SET state = 'prepared', changed = ?, prepared_times = prepared_times + 1, found = ?,
                decision = ?, answer = ?, ciphertext = ?, seed = ?, tx = ?, hold = NULL, open = 1
             WHERE query = ?",
        )
        .bind(integer(now.0))
        .bind(prepared.found)
        .bind(self.seal_decision(&id, &prepared.decision)?)
        .bind(to_bytes(prepared.answer))
        .bind(self.seal(CIPHERTEXT, &id.0, prepared.ciphertext)?)
        .bind(self.seal(SEED, &id.0, prepared.seed.as_bytes())?)
        .bind(to_bytes(prepared.tx))
        .bind(id.0.as_slice());
        self.change(vec![first, then]).await?;
        Ok(())
    }

    /// Denied: the reason is on the disk before anyone is told. A query that is not known yet is written
    /// down only with its record: denials above the minute's bound must not fill the disk.
    pub(crate) async fn denied(
        &self,
        origin: &Origin<'_>,
        denied: &Denied<'_>,
        now: Time,
    ) -> Result<(), ExchangeFault> {
        let id = origin.envelope.query_id();
        let first = match denied.tx {
            Some(_) => Some(self.origin(origin, AnsweredState::Denied, now)?),
            None => None,
        };
        let then = sqlx::query(
            "UPDATE answers SET state = 'denied', changed = ?, code = ?, class = ?, layer = ?, policy_row = ?,
                decision = ?, reason = ?, tx = ?, open = ?, envelope = IIF(?, envelope, NULL), found = NULL,
                answer = NULL, ciphertext = NULL, seed = NULL, hold = NULL WHERE query = ?",
        )
        .bind(integer(now.0))
        .bind(denied.code.code())
        .bind(denied.class.number())
        .bind(denied.layer.map(Layer::number))
        .bind(denied.row)
        .bind(self.seal_decision(&id, &denied.decision)?)
        .bind(denied.reason.map(to_bytes))
        .bind(denied.tx.map(to_bytes))
        .bind(denied.tx.is_some())
        .bind(denied.tx.is_some())
        .bind(id.0.as_slice());
        self.change(first.into_iter().chain([then]).collect()).await?;
        Ok(())
    }

    /// Writes down who asked what, if it is not there yet. Of an envelope that does not open only the
    /// ticket is kept, and the entry is the one its grant is for.
    fn origin(
        &self,
        origin: &Origin<'_>,
        state: AnsweredState,
        now: Time,
    ) -> Result<Statement<'static>, ExchangeFault> {
        let id = origin.envelope.query_id();
        let ticket = &origin.envelope.ticket;
        let (envelope, entry, purpose, details, secret) = match origin.question {
            Some(question) => (
                to_bytes(origin.envelope),
                &question.details.entry,
                &question.details.purpose,
                Some(self.seal(DETAILS, &id.0, &to_bytes(&question.details))?),
                Some(self.seal(SECRET, &id.0, &question.kept_secret())?),
            ),
            None => {
                let (wrap, sealed) = Default::default();
                let bare = Envelope { ticket: ticket.clone(), wrap, sealed, ..*origin.envelope };
                (to_bytes(&bare), &origin.grant.entry, &origin.grant.purpose, None, None)
            }
        };
        Ok(sqlx::query(
            "INSERT INTO answers (query, state, requester, grant_id, entry, purpose, received, changed, valid_until,
                subject_tag, prepared_times, envelope, details, secret, open)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, 0) ON CONFLICT (query) DO NOTHING",
        )
        .bind(id.0.to_vec())
        .bind(state.code())
        .bind(ticket.requester.to_string())
        .bind(ticket.grant.0.to_vec())
        .bind(to_bytes(entry))
        .bind(purpose.to_string())
        .bind(integer(origin.received.0))
        .bind(integer(now.0))
        .bind(integer(ticket.valid_until.0))
        .bind(origin.subject_tag.map(|tag| tag.to_vec()))
        .bind(envelope)
        .bind(details)
        .bind(secret))
    }

    fn seal_decision(&self, id: &QueryId, decision: &KeptDecision<'_>) -> Result<Vec<u8>, ExchangeFault> {
        let plain = Zeroizing::new(to_bytes(&(Bytes(decision.bytes.to_vec()), *decision.salt)));
        self.seal(DECISION, &id.0, &plain)
    }

    /// The record goes to the node now.
    pub(crate) async fn submitted(&self, query: &QueryId, now: Time) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE answers SET state = 'submitted', changed = ? WHERE query = ? AND state = 'prepared'",
        )
        .bind(integer(now.0))
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The same answer under a newer decision: another record, before it is submitted.
    pub(crate) async fn renewed(&self, query: &QueryId, tx: &Signed, now: Time) -> Result<(), ExchangeFault> {
        let change =
            sqlx::query("UPDATE answers SET state = 'prepared', tx = ?, changed = ? WHERE query = ?")
                .bind(to_bytes(tx))
                .bind(integer(now.0))
                .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The seed is destroyed: the policy moved, and the answer is to be prepared once more.
    pub(crate) async fn unprepared(&self, query: &QueryId, now: Time) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE answers SET seed = NULL, ciphertext = NULL, answer = NULL, tx = NULL, hold = NULL, changed = ?
             WHERE query = ?",
        )
        .bind(integer(now.0))
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The record of an answer is applied on the own node, in a block of this time.
    pub(crate) async fn answer_recorded(
        &self,
        query: &QueryId,
        at: Time,
        now: Time,
    ) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE answers SET state = 'recorded', changed = ?, open = 0, envelope = NULL, keep_until = ?
             WHERE query = ? AND state IN ('prepared', 'submitted')",
        )
        .bind(integer(now.0))
        .bind(integer(at.plus_ms(DISPUTE_MS).0))
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The record of a denial is applied, or never will be.
    pub(crate) async fn denial_closed(&self, query: &QueryId) -> Result<(), ExchangeFault> {
        let change =
            sqlx::query("UPDATE answers SET open = 0, envelope = NULL WHERE query = ? AND state = 'denied'")
                .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The requester holds the ciphertext.
    pub(crate) async fn hold_kept(
        &self,
        query: &QueryId,
        hold: &Hold,
        signature: &Signature,
    ) -> Result<(), ExchangeFault> {
        let change = sqlx::query("UPDATE answers SET hold = ? WHERE query = ? AND hold IS NULL")
            .bind(to_bytes(&(hold.clone(), *signature)))
            .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The key is given now.
    pub(crate) async fn released(&self, query: &QueryId, now: Time) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE answers SET state = 'released', changed = ? WHERE query = ? AND state IN ('recorded', 'released')",
        )
        .bind(integer(now.0))
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// On record, and nothing more is given. The seed stays for a dispute.
    pub(crate) async fn stopped(
        &self,
        query: &QueryId,
        code: Outcome,
        now: Time,
    ) -> Result<(), ExchangeFault> {
        let change =
            sqlx::query("UPDATE answers SET state = 'stopped', code = ?, changed = ? WHERE query = ?")
                .bind(code.code())
                .bind(integer(now.0))
                .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// The requester's word on these answers is on the chain, in a block of this time. Only one it opened needs
    /// no seed any more: of every other the provider may have to show that it gave the right one. Marks of
    /// answers that are not of this department are passed over.
    pub(crate) async fn acknowledged(
        &self,
        marks: &[(QueryId, DeliveryOutcome)],
        at: Time,
        now: Time,
    ) -> Result<(), ExchangeFault> {
        let mut changes = Vec::new();
        for (query, outcome) in marks {
            let known = sqlx::query("SELECT 1 FROM answers WHERE query = ?").bind(query.0.as_slice());
            if known.fetch_optional(&self.read).await?.is_none() {
                continue;
            }
            let opened = *outcome == DeliveryOutcome::Opened;
            let change = sqlx::query(
                "UPDATE answers SET state = 'closed', changed = ?, open = 0, envelope = NULL,
                    keep_until = COALESCE(keep_until, ?), seed = IIF(?, NULL, seed),
                    ciphertext = IIF(?, NULL, ciphertext)
                 WHERE query = ? AND state IN ('prepared', 'submitted', 'recorded', 'released', 'stopped')",
            );
            changes.push(
                change
                    .bind(integer(now.0))
                    .bind(integer(at.plus_ms(DISPUTE_MS).0))
                    .bind(opened)
                    .bind(opened)
                    .bind(query.0.as_slice()),
            );
        }
        if !changes.is_empty() {
            self.change(changes).await?;
        }
        Ok(())
    }

    /// The seeds of answers whose time for a dispute was over at this block time are destroyed.
    pub(crate) async fn destroy_undisputed(&self, head: Time) -> Result<u64, ExchangeFault> {
        let change = sqlx::query(
            "UPDATE answers SET seed = NULL, ciphertext = NULL WHERE seed IS NOT NULL AND keep_until < ?",
        )
        .bind(integer(head.0));
        Ok(self.change(vec![change]).await?.rows_affected())
    }

    /// Ended without a record: the seed and the ciphertext are destroyed.
    pub(crate) async fn answer_over(
        &self,
        query: &QueryId,
        state: AnsweredState,
        code: Outcome,
        now: Time,
    ) -> Result<(), ExchangeFault> {
        let change = sqlx::query(
            "UPDATE answers SET state = ?, code = ?, changed = ?, seed = NULL, ciphertext = NULL, envelope = NULL,
                open = 0 WHERE query = ?",
        )
        .bind(state.code())
        .bind(code.code())
        .bind(integer(now.0))
        .bind(query.0.as_slice());
        self.change(vec![change]).await?;
        Ok(())
    }

    /// Answers whose record is still to be put on the chain, oldest first.
    pub(crate) async fn answers_open(&self) -> Result<Vec<QueryId>, ExchangeFault> {
        let rows = sqlx::query("SELECT query FROM answers WHERE open = 1 ORDER BY received")
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(query_id).collect()
    }

    /// Answers on record of which no word of the requester was seen yet.
    pub(crate) async fn unacknowledged(&self) -> Result<Vec<QueryId>, ExchangeFault> {
        let rows = sqlx::query(
            "SELECT query FROM answers WHERE state IN ('recorded', 'released', 'stopped') AND seed IS NOT NULL",
        )
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(query_id).collect()
    }

    /// What the course of an answer needs.
    pub(crate) async fn answer_row(&self, query: &QueryId) -> Result<Option<AnswerRow>, ExchangeFault> {
        let Some(row) = sqlx::query(
            "SELECT state, code, requester, grant_id, received, prepared_times, envelope, details, decision, answer,
                ciphertext, seed, tx, reason, open FROM answers WHERE query = ?",
        )
        .bind(query.0.as_slice())
        .fetch_optional(&self.read)
        .await?
        else {
            return Ok(None);
        };
        let open = |column, name: &str| self.open_optional(column, &query.0, get(&row, name)?);
        let decision: Option<(Bytes, [u8; 32])> =
            open(DECISION, "decision")?.map(|bytes| decode(&bytes, DECISION)).transpose()?;
        Ok(Some(AnswerRow {
            requester: parse(&row, "requester")?,
            grant: bytes32(&row, "grant_id").map(GrantId)?,
            received: time(get(&row, "received")?),
            prepared_times: get(&row, "prepared_times")?,
            details: open(DETAILS, "details")?.map(|bytes| decode(&bytes, DETAILS)).transpose()?,
            decision: decision.map(|(bytes, _)| bytes.0),
            stand: self.stand(query, &row)?,
        }))
    }

    fn stand(&self, query: &QueryId, row: &SqliteRow) -> Result<Stand, ExchangeFault> {
        let state = answered_state(row)?;
        let envelope = || object::<Envelope>(row, "envelope");
        Ok(match state {
            AnsweredState::Prepared | AnsweredState::Submitted => {
                match (self.ready(query, row)?, optional_object(row, "tx")?) {
                    (Some(ready), Some(tx)) => Stand::Prepared(Box::new(ToRecord {
                        envelope: envelope()?,
                        ready,
                        tx,
                        submitted: state == AnsweredState::Submitted,
                    })),
                    _ => Stand::Unprepared(Box::new(envelope()?)),
                }
            }
            AnsweredState::Recorded | AnsweredState::Released => match self.ready(query, row)? {
                Some(ready) => Stand::Recorded(Box::new(ready)),
                None => Stand::Over(None),
            },
            AnsweredState::Denied => Stand::Denied {
                reason: optional_object(row, "reason")?,
                code: outcome(row, "code")?,
                open: match get(row, "open")? {
                    true => Some(Box::new((envelope()?, object(row, "tx")?))),
                    false => None,
                },
            },
            AnsweredState::Closed
            | AnsweredState::Lapsed
            | AnsweredState::Stopped
            | AnsweredState::Refused => Stand::Over(outcome(row, "code")?),
        })
    }

    fn ready(&self, query: &QueryId, row: &SqliteRow) -> Result<Option<Ready>, ExchangeFault> {
        let open = |column, name: &str| self.open_optional(column, &query.0, get(row, name)?);
        let (Some(seed), Some(ciphertext)) = (open(SEED, "seed")?, open(CIPHERTEXT, "ciphertext")?) else {
            return Ok(None);
        };
        let seed = seed.as_slice().try_into().map_err(|_| ExchangeFault::Damaged(SEED))?;
        let (answer, seed) = (object(row, "answer")?, Seed::from_bytes(seed));
        Ok(Some(Ready { answer, ciphertext: ciphertext.to_vec(), seed }))
    }

    /// What no one may keep longer than `before`.
    pub(crate) async fn destroy_answer_papers(&self, before: Time) -> Result<u64, ExchangeFault> {
        let papers = sqlx::query(
            "UPDATE answers SET details = NULL, secret = NULL, decision = NULL, answer = NULL, subject_tag = NULL,
                reason = NULL, hold = NULL WHERE received < ? AND decision IS NOT NULL AND open = 0",
        )
        .bind(integer(before.0));
        // Year 0 is the probe by which a wrong store key is found out at the start.
        let keys = sqlx::query("DELETE FROM tag_keys WHERE year > 0 AND year < ?")
            .bind(crate::person::date(before).year());
        let counts = sqlx::query("DELETE FROM refused_calls WHERE day < ?").bind(day(before));
        Ok(self.change(vec![keys, counts, papers]).await?.rows_affected())
    }
}
