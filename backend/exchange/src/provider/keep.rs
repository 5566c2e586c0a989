//! Nothing is kept longer than it is needed: seeds end with the delivery of an opened answer or with the time for
//! a dispute, papers after three years.

use std::time::{Duration, Instant};

use ledger::ids::Height;
use ledger::receipt::DeliveryOutcome;
use ledger::transaction::Payload;

use super::Provider;
use crate::fault::ExchangeFault;
use crate::limits::{KEPT_MS, RETRY_WAIT_MAX};
use crate::standing;

/// How often it is looked for what has become too old.
const AGED_EVERY: Duration = Duration::from_secs(60 * 60);

impl Provider {
    /// Works at every head until the exchange stops.
    pub(super) async fn keep(&self) {
        let mut heads = self.context.node.follow();
        let mut aged = None::<Instant>;
        let mut seen = None;
        loop {
            match self.keep_up(seen).await {
                Ok(head) => seen = Some(head),
                Err(fault) => {
                    tracing::error!(%fault, "deliveries could not be taken over; trying again");
                    if self.context.pause(RETRY_WAIT_MAX).await.is_err() {
                        return;
                    }
                    continue;
                }
            }
            if aged.is_none_or(|at| at.elapsed() >= AGED_EVERY) {
                aged = Some(Instant::now());
                if let Err(fault) = self.destroy_aged().await {
                    tracing::error!(%fault, "what is too old could not be destroyed; trying again later");
                }
            }
            if self.context.next_head(&mut heads).await.is_err() {
                return;
            }
        }
    }

    /// Takes over what requesters said of answers in the blocks after the last one seen; at the start the ledger is
    /// asked about each answer on record instead. Gives the block seen now.
    pub(super) async fn keep_up(&self, seen: Option<Height>) -> Result<Height, ExchangeFault> {
        let context = &self.context;
        let head = context.node.read(|snapshot| snapshot.tip().height);
        let Some(seen) = seen else {
            for query in context.store.unacknowledged().await? {
                let (tip, record) = standing::record(&context.node, &query)?;
                if let Some((outcome, _)) = record.and_then(|record| record.delivery) {
                    context.store.acknowledged(&[(query, outcome)], tip.time, context.now()).await?;
                }
            }
            return Ok(head);
        };
        for height in seen.0 + 1..=head.0 {
            // A block below the head is there, or the node has reported its fault and stops.
            let Some(block) = context.node.read(|snapshot| snapshot.block(Height(height))) else { break };
            let marks: Vec<_> =
                block.transactions.iter().flat_map(|tx| marks(&tx.body.payload)).copied().collect();
            context.store.acknowledged(&marks, block.header.time, context.now()).await?;
        }
        Ok(head)
    }

    async fn destroy_aged(&self) -> Result<(), ExchangeFault> {
        let context = &self.context;
        let head = context.node.read(|snapshot| snapshot.tip().time);
        let seeds = context.store.destroy_undisputed(head).await?;
        let before = context.now().minus_ms(KEPT_MS);
        let asked = context.store.destroy_papers(before).await?;
        let answered = context.store.destroy_answer_papers(before).await?;
        if seeds + asked + answered > 0 {
            tracing::info!(seeds, asked, answered, "what nobody needs any more was destroyed");
        }
        Ok(())
    }
}

fn marks(payload: &Payload) -> &[(ledger::ids::QueryId, DeliveryOutcome)] {
    match payload {
        Payload::Acknowledge(delivery) => &delivery.marks,
        _ => &[],
    }
}
