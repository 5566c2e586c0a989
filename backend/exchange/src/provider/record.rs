//! Puts an answer or a denial on record, whatever happens in between: the same bytes are submitted until
//! they are applied, refused, or their time is over.

use std::sync::Arc;

use ledger::ids::{QueryId, Time};
use ledger::receipt::RecordKind;
use ledger::refusal::Refusal;
use ledger::transaction::{Payload, Signed};
use node::SubmitError;

use super::Provider;
use super::judge::Judgement;
use crate::context::Patience;
use crate::enquiry::AnsweredState;
use crate::fault::ExchangeFault;
use crate::limits::RETRY_WAIT_MAX;
use crate::outcome::Outcome;
use crate::protocol::Answer;
use crate::standing;
use crate::store::answers::AnswerRow;

/// An answer is prepared this often at most: once, and once more when the policy moved.
const PREPARED_TIMES_MAX: u8 = 2;

impl Provider {
    /// Works until the record's fate is known or the exchange stops.
    pub(super) async fn record(self: Arc<Self>, query: QueryId) {
        loop {
            match self.record_once(&query).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(ExchangeFault::Stopping) => return,
                Err(fault) => {
                    tracing::error!(receipt.id = %query, %fault, "a record could not be made; trying again");
                    if self.context.pause(RETRY_WAIT_MAX).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// One attempt; whether it is over.
    pub(super) async fn record_once(self: &Arc<Self>, query: &QueryId) -> Result<bool, ExchangeFault> {
        let Some(row) = self.context.store.answer_row(query).await? else { return Ok(true) };
        if !row.open {
            return Ok(true);
        }
        if self.is_on_record(query, &row).await? {
            return Ok(true);
        }
        let Some(tx) = row.tx.clone() else {
            // The policy moved, and the process ended before the answer was prepared once more.
            return self.judge_again(query, &row, Refusal::PolicyMoved).await;
        };
        if row.state == AnsweredState::Prepared {
            self.context.store.submitted(query, self.context.now()).await?;
        }
        match self.submit(tx).await? {
            Ok(at) => {
                self.recorded(query, row.state, at).await?;
                Ok(true)
            }
            Err(SubmitError::Refused(Refusal::TxReplayed | Refusal::TicketUsed)) => {
                // It is on the chain; our own node shows it now or with its next block.
                let mut heads = self.context.node.follow();
                if !self.is_on_record(query, &row).await? {
                    self.context.next_head(&mut heads).await?;
                }
                Ok(false)
            }
            Err(SubmitError::Refused(refusal @ (Refusal::PolicyMoved | Refusal::RecordStale))) => {
                self.judge_again(query, &row, refusal).await
            }
            Err(SubmitError::Refused(refusal)) => {
                tracing::warn!(receipt.id = %query, code = refusal.code(), "the ledger refused a record");
                self.over(query, &row, AnsweredState::Refused, refusal.into()).await
            }
            Err(SubmitError::Lapsed) => {
                self.over(query, &row, AnsweredState::Lapsed, Refusal::TicketExpired.into()).await
            }
            Err(SubmitError::Full | SubmitError::Fault(_)) => Ok(false), // `submit` gave up waiting for room
        }
    }

    /// Submits, and waits for room when there is none. Gives the time of the record's block.
    async fn submit(&self, tx: Signed) -> Result<Result<Time, SubmitError>, ExchangeFault> {
        let mut patience = Patience::new();
        loop {
            let submitted = self.context.unless_stopping(self.context.node.submit(tx.clone())).await?;
            match submitted {
                Ok(applied) => return Ok(Ok(applied.time)),
                Err(SubmitError::Full | SubmitError::Fault(_)) => self.context.pause(patience.next()).await?,
                Err(end) => return Ok(Err(end)),
            }
        }
    }

    /// Looks at the own ledger: after a restart the record may be there already.
    async fn is_on_record(&self, query: &QueryId, row: &AnswerRow) -> Result<bool, ExchangeFault> {
        let (_, record) = standing::record(&self.context.node, query)?;
        let Some(record) = record else { return Ok(false) };
        let ours = match (&record.kind, &row.answer) {
            (RecordKind::Answer { answer_digest, .. }, Some(answer)) => *answer_digest == answer.digest(),
            (RecordKind::Denial { .. }, _) => row.state == AnsweredState::Denied,
            (RecordKind::Answer { .. }, None) => false,
        };
        if ours {
            self.recorded(query, row.state, record.recorded.at).await?;
            return Ok(true);
        }
        // Only our own key can have signed it: two processes share one key, or a store was put back.
        tracing::error!(receipt.id = %query, "the record on the chain is not of the answer prepared here");
        self.over(query, row, AnsweredState::Refused, Refusal::TicketUsed.into()).await
    }

    async fn recorded(&self, query: &QueryId, state: AnsweredState, at: Time) -> Result<(), ExchangeFault> {
        if state == AnsweredState::Denied {
            self.context.store.denial_closed(query).await
        } else {
            self.context.store.answer_recorded(query, at, self.context.now()).await
        }
    }

    /// The seed is destroyed; a denial stays one, told but not on the chain.
    async fn over(
        &self,
        query: &QueryId,
        row: &AnswerRow,
        state: AnsweredState,
        code: Outcome,
    ) -> Result<bool, ExchangeFault> {
        if row.state == AnsweredState::Denied {
            self.context.store.denial_closed(query).await?;
        } else {
            self.context.store.answer_over(query, state, Some(code), self.context.now()).await?;
        }
        Ok(true)
    }

    /// The decision is no longer good: the policy moved, or the chain stood still for too long. Judges
    /// at the new head. An equal decision keeps the answer under a new receipt; any other destroys the
    /// seed, and the answer is prepared once more from the source.
    async fn judge_again(
        self: &Arc<Self>,
        query: &QueryId,
        row: &AnswerRow,
        refusal: Refusal,
    ) -> Result<bool, ExchangeFault> {
        let _alone = self.locks.lock(*query).await;
        let Some(envelope) = &row.envelope else {
            return self.over(query, row, AnsweredState::Refused, refusal.into()).await;
        };
        let question = self.open(envelope);
        if question.is_none() && row.details.is_some() {
            // It opened before: the sealing key is another now, which is not the requester's fault.
            return self.over(query, row, AnsweredState::Refused, refusal.into()).await;
        }
        match self.judge(envelope, question.as_ref())? {
            Judgement::Impossible(code) => self.over(query, row, AnsweredState::Refused, code).await,
            Judgement::Allowed(_) if row.state == AnsweredState::Denied => {
                // The requester has been told no; it may ask anew under the new policy.
                self.over(query, row, AnsweredState::Denied, refusal.into()).await
            }
            Judgement::Denied(denial) => {
                if row.state != AnsweredState::Denied {
                    self.context.store.unprepared(query, self.context.now()).await?;
                }
                let origin = self.origin(envelope, question.as_ref(), &denial.grant, row.received).await?;
                self.deny(&origin, &denial).await?;
                Ok(false)
            }
            Judgement::Allowed(allowed) => {
                let same = |answer: &Answer| {
                    let kept = row.decision.as_ref().map(|(bytes, _)| bytes.as_slice());
                    row.tx.as_ref().is_some_and(is_answer)
                        && kept == Some(allowed.decision.bytes().as_slice())
                        && answer.key_id == self.context.online_id
                };
                match row.answer.as_ref().filter(|answer| same(answer)) {
                    Some(answer) => {
                        let tx = self.receipt(envelope, answer, &allowed)?;
                        self.context.store.renewed(query, &tx, self.context.now()).await?;
                    }
                    None if row.prepared_times >= PREPARED_TIMES_MAX => {
                        return self.over(query, row, AnsweredState::Refused, refusal.into()).await;
                    }
                    None => {
                        self.context.store.unprepared(query, self.context.now()).await?;
                        let origin =
                            self.origin(envelope, question.as_ref(), &allowed.grant, row.received).await?;
                        self.prepare(&origin, &allowed).await?;
                    }
                }
                Ok(false)
            }
        }
    }
}

fn is_answer(tx: &Signed) -> bool {
    matches!(tx.body.payload, Payload::RecordAnswer(_))
}
