//! Puts an answer or a denial on record, whatever happens in between: carries out what the course says.

use std::sync::Arc;

use access::Decision;

use ledger::ids::QueryId;
use ledger::refusal::Refusal;
use ledger::transaction::{Payload, Signed};
use node::SubmitError;

use super::Provider;
use super::judge::{Allowed, Denial, Judgement};
use crate::context::Patience;
use crate::course::answering::{At, Event, Judged, Next, Word, Write, step};
use crate::fault::ExchangeFault;
use crate::limits::RETRY_WAIT_MAX;
use crate::protocol::Envelope;
use crate::standing;
use crate::store::answers::{AnswerRow, Stand};

impl Provider {
    /// Works until the record's fate is known or the exchange stops.
    pub(super) async fn record(self: Arc<Self>, query: QueryId) {
        loop {
            match self.record_once(&query).await {
                Ok(true) | Err(ExchangeFault::Stopping) => return,
                Ok(false) => {}
                Err(fault) => {
                    tracing::error!(receipt.id = %query, %fault, "a record could not be made; trying again");
                    if self.context.pause(RETRY_WAIT_MAX).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// From one look at store and ledger to the next; whether it is over.
    pub(super) async fn record_once(&self, query: &QueryId) -> Result<bool, ExchangeFault> {
        let mut event = Event::Look;
        loop {
            // The head is taken before the ledger is read, so that none is missed.
            let mut heads = self.context.node.follow();
            let Some(row) = self.context.store.answer_row(query).await? else { return Ok(true) };
            let at = row.stand.at();
            let record = standing::record(&self.context.node, query)?.1;
            let word = Word::of(record.as_ref(), at);
            if word == Word::Other {
                tracing::error!(receipt.id = %query, "the record on the chain is not of the answer prepared here");
            }
            let (write, mut next) = step(at, word, event);
            if let Next::Judge(refusal) = next {
                next = self.judge_again(query, &row, word, refusal).await?;
            } else if let Some(write) = write {
                self.write(query, write).await?;
            }
            event = match next {
                Next::Look => return Ok(false),
                Next::Done => return Ok(true),
                Next::Head => {
                    self.context.next_head(&mut heads).await?;
                    return Ok(false);
                }
                Next::Submit => match row.stand.record() {
                    Some(tx) => self.submit(query, tx.clone()).await?,
                    None => return Err(ExchangeFault::Damaged("answers.tx")),
                },
                Next::Judge(refusal) => Event::Refused(refusal),
            };
        }
    }

    /// Submits, and waits for room when there is none.
    async fn submit(&self, query: &QueryId, tx: Signed) -> Result<Event, ExchangeFault> {
        let mut patience = Patience::new();
        loop {
            let submitted = self.context.unless_stopping(self.context.node.submit(tx.clone())).await?;
            return Ok(match submitted {
                Ok(applied) => Event::Applied(applied.time),
                Err(SubmitError::Refused(refusal)) => {
                    tracing::warn!(receipt.id = %query, code = refusal.code(), "the ledger refused a record");
                    Event::Refused(refusal)
                }
                Err(SubmitError::Lapsed) => Event::Lapsed,
                Err(SubmitError::Full | SubmitError::Fault(_)) => {
                    self.context.pause(patience.next()).await?;
                    continue;
                }
            });
        }
    }

    /// What needs no judging.
    async fn write(&self, query: &QueryId, write: Write) -> Result<(), ExchangeFault> {
        let (store, now) = (&self.context.store, self.context.now());
        match write {
            Write::Submitted => store.submitted(query, now).await,
            Write::Recorded(at) => store.answer_recorded(query, at, now).await,
            Write::DenialOver => store.denial_closed(query).await,
            Write::Over(state, code) => store.answer_over(query, state, code, now).await,
            // These come only of judging.
            Write::Renew | Write::Prepare | Write::Deny => Ok(()),
        }
    }

    /// The decision is no longer good: the policy moved, or the chain stood still for too long. Judges
    /// at the new head. An equal decision keeps the answer under a new receipt; any other destroys the
    /// seed, and the answer is prepared once more from the source.
    async fn judge_again(
        &self,
        query: &QueryId,
        row: &AnswerRow,
        word: Word,
        refusal: Refusal,
    ) -> Result<Next, ExchangeFault> {
        let _alone = self.locks.lock(*query).await;
        let (at, store, now) = (row.stand.at(), &self.context.store, self.context.now());
        let envelope = row.stand.envelope();
        let question = envelope.and_then(|envelope| self.open(envelope));
        // It opened before: the sealing key is another now, which is not the requester's fault.
        let lost = question.is_none() && row.details.is_some();
        let judgement = match envelope {
            Some(envelope) if !lost => Some((envelope, self.judge(envelope, question.as_ref())?)),
            Some(_) | None => None,
        };
        let judged = match &judgement {
            None => Judged::Unreadable,
            Some((_, Judgement::Impossible(code))) => Judged::Impossible(*code),
            Some((_, Judgement::Denied(_))) => Judged::Denied,
            Some((_, Judgement::Allowed(allowed))) => {
                Judged::Allowed { same: self.is_same(row, &allowed.decision), times: row.prepared_times }
            }
        };
        let (write, next) = step(at, word, Event::Judged(judged, refusal));
        match (write, judgement) {
            (Some(Write::Deny), Some((envelope, Judgement::Denied(denial)))) => {
                if at != At::Denied {
                    store.unprepared(query, now).await?;
                }
                let Denial { grant, officer, .. } = &*denial;
                let origin =
                    self.origin(envelope, question.as_ref(), grant, officer.as_ref(), row.received).await?;
                self.deny(&origin, &denial).await?;
            }
            (Some(Write::Renew), Some((envelope, Judgement::Allowed(allowed)))) => {
                if let Some(ready) = row.stand.ready() {
                    let tx = self.receipt(envelope, &ready.answer, &allowed)?;
                    store.renewed(query, &tx, now).await?;
                }
            }
            (Some(Write::Prepare), Some((envelope, Judgement::Allowed(allowed)))) => {
                store.unprepared(query, now).await?;
                let Allowed { grant, officer, .. } = &*allowed;
                let origin =
                    self.origin(envelope, question.as_ref(), grant, officer.as_ref(), row.received).await?;
                self.prepare(&origin, &allowed).await?;
            }
            (Some(write), _) => self.write(query, write).await?,
            (None, _) => {}
        }
        Ok(next)
    }

    /// Whether the answer that is prepared says what would be said now, under the key in use now.
    fn is_same(&self, row: &AnswerRow, decision: &Decision) -> bool {
        row.decision.as_deref().is_some_and(|recorded| decision.says_again(recorded))
            && row.stand.record().is_some_and(|tx| matches!(tx.body.payload, Payload::RecordAnswer(_)))
            && row.stand.ready().is_some_and(|ready| ready.answer.key_id == self.context.online_id)
    }
}

impl Stand {
    /// Where the course has it.
    pub(super) fn at(&self) -> At {
        match self {
            Self::Prepared(prepared) => {
                let answer = prepared.ready.answer.digest();
                if prepared.submitted { At::Submitted { answer } } else { At::Prepared { answer } }
            }
            Self::Unprepared(_) => At::Unprepared,
            Self::Denied { open: Some(_), .. } => At::Denied,
            Self::Denied { open: None, .. } | Self::Recorded(_) | Self::Over(..) => At::Over,
        }
    }

    /// The question as it was sent, while it may have to be judged again.
    fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Prepared(prepared) => Some(&prepared.envelope),
            Self::Unprepared(envelope) => Some(envelope),
            Self::Denied { open, .. } => open.as_ref().map(|open| &open.0),
            Self::Recorded(_) | Self::Over(..) => None,
        }
    }

    /// The record to be submitted.
    fn record(&self) -> Option<&Signed> {
        match self {
            Self::Prepared(prepared) => Some(&prepared.tx),
            Self::Denied { open, .. } => open.as_ref().map(|open| &open.1),
            Self::Unprepared(_) | Self::Recorded(_) | Self::Over(..) => None,
        }
    }
}
