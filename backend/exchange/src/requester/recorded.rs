//! An answer on record: fetched again if it is not here, opened if the own policies still allow it, and
//! shown no wider than they allow.

use std::collections::BTreeSet;

use access::{Actor, Obligation};
use gm::sm2::SecretKey;
use gm::sm3::Digest;
use ledger::ids::{QueryId, Time};
use ledger::receipt::{DeliveryOutcome, DenialClass, Record, RecordKind};
use ledger::refusal::Refusal;

use super::course::{Memory, Turn};
use super::open::{Rejection, narrow};
use super::{Requester, denied_here};
use crate::enquiry::EnquiryState;
use crate::fault::ExchangeFault;
use crate::judging::{self, PolicyNo, no_of};
use crate::limits::HOLD_WAIT;
use crate::outcome::Outcome;
use crate::protocol::{Call, Refetch, Reply, VERSION};
use crate::standing::{self, Head, Standing};
use crate::store::enquiries::{Ending, EnquiryRow};
use crate::table::Body;

impl Requester {
    /// On record here: opens what is held, or fetches it again.
    pub(super) async fn recorded(
        &self,
        query: &QueryId,
        row: &EnquiryRow,
        memory: &mut Memory,
    ) -> Result<Turn, ExchangeFault> {
        let (tip, record) = standing::record(&self.context.node, query)?;
        let Some(record) = record else {
            // A node whose store was put back to an older day: its head will come to the record again.
            return self.wait(query, Outcome::LedgerBehind, memory).await;
        };
        let Some(recorded) = digest(&record) else {
            return self.end(query, EnquiryState::Rejected { code: Outcome::RecordDiffers }).await;
        };
        if record.ticket != row.ticket || Some(record.ticket_signature) != row.ticket_signature {
            return self.end(query, EnquiryState::Rejected { code: Outcome::RecordDiffers }).await;
        }
        let Some(standing) = Standing::read(&self.context.node, &row.grant, &self.context.department)? else {
            return Err(ExchangeFault::Damaged("enquiries.grant_id"));
        };
        if let (Some(answer), Some(sealed), Some(wrap), Some(reply_key)) =
            (&row.answer, &row.ciphertext, &row.wrap, &row.reply_key)
            && answer.digest() == recorded
        {
            let obligations = match self.own_duties(row, &standing)? {
                Ok(obligations) => obligations,
                Err(state) => return self.unopened(query, row, state, DeliveryOutcome::Unopened).await,
            };
            let key = (reply_key, wrap.as_slice());
            let opened = self.expected(query, row).open(answer, sealed, &recorded, &standing.grant, key);
            return match opened {
                Ok(body) => self.opened(query, row, &narrow(body, &obligations)).await,
                Err(Rejection { outcome, code }) => {
                    self.unopened(query, row, EnquiryState::Rejected { code }, outcome).await
                }
            };
        }
        if let Err(refusal) = standing.is_live() {
            return self.end(query, EnquiryState::Undelivered { code: refusal.into() }).await;
        }
        if tip.time > record.recorded.at.plus_ms(standing.head.parameters.refetch_ms) {
            return self.end(query, EnquiryState::Undelivered { code: Outcome::RefetchOver }).await;
        }
        self.refetch(query, row, &record, memory).await
    }

    /// What the own policies oblige to now, as they did when it was asked; or that they say no by now.
    fn own_duties(
        &self,
        row: &EnquiryRow,
        standing: &Standing,
    ) -> Result<Result<BTreeSet<Obligation>, EnquiryState>, ExchangeFault> {
        let actor = Actor { role: row.role, assurance: row.assurance };
        let decision = judging::ask(&self.context.judge, standing, &row.items, actor)?;
        let Some(decision) = decision else {
            let code = Refusal::PolicyNotLive.into();
            return Ok(Err(denied_here(DenialClass::Policy, PolicyNo { layer: None, row: None, code })));
        };
        Ok(match (no_of(&decision), standing.is_live()) {
            (None, _) => Ok(decision.obligations),
            // Without a grant that lives no policy says yes: that is the reason to be told.
            (Some(_), Err(refusal)) => {
                let no = PolicyNo { layer: None, row: None, code: refusal.into() };
                Err(denied_here(DenialClass::Grant, no))
            }
            (Some(no), Ok(())) => Err(denied_here(DenialClass::Policy, no)),
        })
    }

    async fn refetch(
        &self,
        query: &QueryId,
        row: &EnquiryRow,
        record: &Record,
        memory: &mut Memory,
    ) -> Result<Turn, ExchangeFault> {
        let recorded = digest(record).ok_or(ExchangeFault::Damaged("record"))?;
        let reply_key = match row.reply_key.as_ref().filter(|_| memory.refetching) {
            Some(key) => key.public(),
            None => {
                let key = SecretKey::generate()?;
                self.context.store.new_reply_key(query, &key).await?;
                memory.refetching = true;
                key.public()
            }
        };
        let refetch = Refetch {
            version: VERSION,
            query_id: *query,
            answer_digest: recorded,
            reply_key,
            key_id: self.context.online_id,
            seen_height: Head::read(&self.context.node)?.tip.height,
        };
        let signature = refetch
            .sign(self.context.chain, &self.context.online)
            .map_err(|_| ExchangeFault::Key("online"))?;
        match self.call(&row.provider, query, &Call::Refetch(refetch, signature), HOLD_WAIT).await? {
            Ok(Reply::Again { answer, sealed, wrap }) => {
                let checked = self.expected(query, row).check_header(&answer, &sealed.0);
                match checked {
                    Ok(()) if answer.digest() == recorded => {
                        self.context.store.fetched_again(query, &answer, &sealed.0, &wrap.0).await?;
                        Ok(Turn::On)
                    }
                    Ok(()) => self.wait(query, Outcome::AnswerHeader, memory).await,
                    Err(code) => self.wait(query, code, memory).await,
                }
            }
            Ok(Reply::Refused { code }) => {
                let code = Outcome::from_provider(code.as_str());
                if code.is_passing() {
                    self.wait(query, code, memory).await
                } else {
                    self.end(query, EnquiryState::Undelivered { code }).await
                }
            }
            Ok(Reply::Answered { .. } | Reply::Denied { .. } | Reply::Released { .. }) => {
                self.wait(query, Outcome::ProviderGarbled, memory).await
            }
            Err(no) => self.wait(query, no.code, memory).await,
        }
    }

    async fn opened(&self, query: &QueryId, row: &EnquiryRow, body: &Body) -> Result<Turn, ExchangeFault> {
        let now = self.context.now();
        let salt = gm::random::bytes::<32>()?;
        let mark = self.mark(query, row, now);
        self.context.store.opened(query, body, (&mark, &salt), now).await?;
        tracing::info!(receipt.id = %query, "an answer was opened");
        Ok(Turn::Done)
    }

    /// On record, and not opened; the chain is told why.
    async fn unopened(
        &self,
        query: &QueryId,
        row: &EnquiryRow,
        state: EnquiryState,
        outcome: DeliveryOutcome,
    ) -> Result<Turn, ExchangeFault> {
        let now = self.context.now();
        let salt = gm::random::bytes::<32>()?;
        let mark = self.mark(query, row, now);
        tracing::warn!(receipt.id = %query, code = state.reason().map(Outcome::code), "an answer on record is not opened");
        let ending = Ending { state, outcome: Some(outcome) };
        self.context.store.ended(query, &ending, Some((&mark, &salt)), now).await?;
        Ok(Turn::Done)
    }

    /// The requester's own watermark: who saw it, when. Only its commitment leaves the department.
    fn mark(&self, query: &QueryId, row: &EnquiryRow, now: Time) -> String {
        format!("{} {} {query} {now}", self.context.department, row.account)
    }
}

/// The answer a record names; nothing for a denial.
pub(super) fn digest(record: &Record) -> Option<Digest> {
    match record.kind {
        RecordKind::Answer { answer_digest, .. } => Some(answer_digest),
        RecordKind::Denial { .. } => None,
    }
}
