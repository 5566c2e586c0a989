//! An answer on record and here with its key: opened if the own policies still allow it, and shown no wider than they
//! allow.

use std::collections::BTreeSet;

use access::Obligation;
use ledger::ids::{QueryId, Time};
use ledger::receipt::{DeliveryOutcome, DenialClass, RecordKind};
use ledger::refusal::Refusal;

use super::open::{Rejection, narrow};
use super::{Requester, denied_here};
use crate::fault::ExchangeFault;
use crate::judging::{self, PolicyNo, no_of};
use crate::outcome::Outcome;
use crate::query::QueryState;
use crate::standing::{self, Standing};
use crate::store::queries::{Course, QueryRow};
use crate::table::Body;

impl Requester {
    /// Opens what is held, and writes down what came of it; the chain is told later.
    pub(super) async fn open(&self, query: &QueryId, row: &QueryRow) -> Result<(), ExchangeFault> {
        let (store, now) = (&self.context.store, self.context.now());
        let salt = gm::random::bytes::<32>()?;
        let mark = self.mark(query, row, now);
        match self.opened(query, row)? {
            Ok(body) => {
                store.opened(query, &body, (&mark, &salt), now).await?;
                tracing::info!(receipt.id = %query, "an answer was opened");
            }
            Err((state, outcome)) => {
                let code = state.reason().map(Outcome::code);
                tracing::warn!(receipt.id = %query, code, "an answer on record is not opened");
                store.ended(query, &state, Some((outcome, &mark, &salt)), now).await?;
            }
        }
        Ok(())
    }

    /// The rows, as narrow as both sides want them; or why there are none, for us and for the chain.
    fn opened(
        &self,
        query: &QueryId,
        row: &QueryRow,
    ) -> Result<Result<Body, (QueryState, DeliveryOutcome)>, ExchangeFault> {
        let Course::Recorded(sent, Some((sealed, wrap))) = &row.course else {
            return Err(ExchangeFault::Damaged("queries.state"));
        };
        let standing =
            Standing::read(&self.context.node, &self.context.judge, &row.grant, &self.context.department)?
                .ok_or(ExchangeFault::Damaged("queries.grant_id"))?;
        let record = standing::record(&self.context.node, query)?.1;
        let recorded = match record.map(|record| record.kind) {
            Some(RecordKind::Answer { answer_digest, .. }) => answer_digest,
            Some(RecordKind::Denial { .. }) | None => return Err(ExchangeFault::Damaged("record")),
        };
        let obligations = match self.own_duties(row, &standing)? {
            Ok(obligations) => obligations,
            Err(state) => return Ok(Err((state, DeliveryOutcome::Unopened))),
        };
        let key = (&sent.reply_key, wrap.0.as_slice());
        let opened = self.expected(query, row).open(
            &sealed.answer,
            &sealed.ciphertext,
            &recorded,
            &standing.grant,
            key,
        );
        Ok(match opened {
            Ok(body) => Ok(narrow(body, &obligations)),
            Err(Rejection { outcome, code }) => Err((QueryState::Rejected { code }, outcome)),
        })
    }

    /// What the own policies oblige to now, as they did when it was asked; or that they say no by now.
    fn own_duties(
        &self,
        row: &QueryRow,
        standing: &Standing,
    ) -> Result<Result<BTreeSet<Obligation>, QueryState>, ExchangeFault> {
        let decision = judging::ask(&self.context.judge, standing, &row.items, &row.asker.actor())?;
        let Some(decision) = decision else {
            let code = Refusal::PolicyNotLive.into();
            return Ok(Err(denied_here(DenialClass::Policy, PolicyNo { layer: None, row: None, code })));
        };
        Ok(match (no_of(&decision, row.seconded), standing.is_live()) {
            (None, _) => Ok(decision.obligations),
            // Without a grant that lives no policy says yes: that is the reason to be told.
            (Some(_), Err(refusal)) => {
                let no = PolicyNo { layer: None, row: None, code: refusal.into() };
                Err(denied_here(DenialClass::Grant, no))
            }
            (Some(no), Ok(())) => Err(denied_here(DenialClass::Policy, no)),
        })
    }

    /// The requester's own watermark: who saw it, when. Only its commitment leaves the department.
    fn mark(&self, query: &QueryId, row: &QueryRow, now: Time) -> String {
        format!("{} {} {query} {now}", self.context.department, row.asker.account)
    }
}
