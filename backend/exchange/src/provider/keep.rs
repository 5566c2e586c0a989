//! Nothing is kept longer than it is needed: seeds end with the delivery, papers after three years.

use std::time::{Duration, Instant};

use ledger::ids::QueryId;

use super::Provider;
use crate::enquiry::AnsweredState;
use crate::fault::ExchangeFault;
use crate::limits::KEPT_MS;
use crate::outcome;
use crate::standing::{self, Standing};

/// How often old papers are looked for.
const PAPERS_EVERY: Duration = Duration::from_secs(6 * 60 * 60);

impl Provider {
    /// Works at every head until the exchange stops.
    pub(super) async fn keep(&self) {
        let mut heads = self.context.node.follow();
        let mut papers = None::<Instant>;
        loop {
            if let Err(fault) = self.destroy_seeds().await {
                tracing::error!(%fault, "seeds that are over could not be destroyed; trying again");
            }
            if papers.is_none_or(|at| at.elapsed() >= PAPERS_EVERY) {
                papers = Some(Instant::now());
                if let Err(fault) = self.destroy_papers().await {
                    tracing::error!(%fault, "old papers could not be destroyed; trying again later");
                }
            }
            if self.context.next_head(&mut heads).await.is_err() {
                return;
            }
        }
    }

    async fn destroy_seeds(&self) -> Result<(), ExchangeFault> {
        for query in self.context.store.seeds_kept().await? {
            self.destroy_seed(&query).await?;
        }
        Ok(())
    }

    async fn destroy_seed(&self, query: &QueryId) -> Result<(), ExchangeFault> {
        let context = &self.context;
        let (tip, record) = standing::record(&context.node, query)?;
        let delivered = record.is_some_and(|record| record.delivery.is_some());
        let _alone = self.locks.lock(*query).await;
        let Some(row) = context.store.answer_row(query).await? else { return Ok(()) };
        let fetchable = row.answer.as_ref().is_some_and(|answer| tip.time <= answer.refetch_until);
        let dead = match Standing::read(&context.node, &row.grant, &context.department)? {
            Some(standing) => standing.is_live().err().map(ledger::refusal::Refusal::code),
            None => None,
        };
        let (state, code) = match (row.state, dead) {
            _ if delivered => (AnsweredState::Closed, None),
            (AnsweredState::Recorded, Some(code)) => (AnsweredState::Stopped, Some(code)),
            (_, Some(code)) => (AnsweredState::Closed, Some(code)),
            _ if !fetchable => (AnsweredState::Closed, Some(outcome::REFETCH_OVER)),
            _ => return Ok(()),
        };
        context.store.answer_over(query, state, code, context.now()).await
    }

    async fn destroy_papers(&self) -> Result<(), ExchangeFault> {
        let before = self.context.now().minus_ms(KEPT_MS);
        let asked = self.context.store.destroy_papers(before).await?;
        let answered = self.context.store.destroy_answer_papers(before).await?;
        if asked + answered > 0 {
            tracing::info!(asked, answered, "papers of three years ago were destroyed");
        }
        Ok(())
    }
}
