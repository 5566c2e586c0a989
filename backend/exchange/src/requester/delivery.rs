//! Tells the chain what became of answers: gathered for a while, many in one transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use gm::domain::{Salt, commit};
use gm::merkle;
use ledger::ids::{QueryId, Time};
use ledger::limits::DELIVERIES_MAX;
use ledger::receipt::Delivery;
use ledger::transaction::{Payload, Signed};
use node::SubmitError;

use super::Requester;
use crate::context::Patience;
use crate::fault::ExchangeFault;
use crate::limits::RETRY_WAIT_MAX;
use crate::standing::{Acknowledging, Head};
use crate::store::delivery::{Due, SignedDelivery};

/// How long a delivery may wait for its block, in block time.
const VALID_MS: u64 = 5 * 60 * 1000;
/// How long to wait when nothing is due; a change ends the wait.
const IDLE: Duration = Duration::from_secs(60);

impl Requester {
    /// Works until the exchange stops.
    pub(super) async fn deliver(&self) {
        loop {
            match self.deliver_once().await {
                Ok(()) => {}
                Err(ExchangeFault::Stopping) => return,
                Err(fault) => {
                    tracing::error!(%fault, "deliveries could not be sent; trying again");
                    if self.context.pause(RETRY_WAIT_MAX).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn deliver_once(&self) -> Result<(), ExchangeFault> {
        // Those signed before a restart go first, byte for byte.
        for delivery in self.context.store.deliveries_open().await? {
            self.submit_delivery(&delivery).await?;
        }
        let mut changes = self.context.store.changes();
        let due =
            self.context.store.deliveries_due(u32::try_from(DELIVERIES_MAX).unwrap_or(u32::MAX)).await?;
        let Some(oldest) = due.iter().map(|due| due.since).min() else {
            let changed = tokio::time::timeout(IDLE, changes.changed());
            self.context.unless_stopping(changed).await?.ok(); // looked at again either way
            return Ok(());
        };
        let head = Head::read(&self.context.node)?;
        let ripe = oldest.plus_ms(head.parameters.delivery_wait_ms);
        let now = self.context.now();
        if due.len() < DELIVERIES_MAX && now < ripe {
            return self.context.pause(Duration::from_millis(ripe.0 - now.0)).await;
        }
        self.sign_delivery(due, head.tip.time).await
    }

    async fn sign_delivery(&self, due: Vec<Due>, head: Time) -> Result<(), ExchangeFault> {
        let mut open = BTreeMap::new();
        let mut done = Vec::new();
        for due in due {
            match Acknowledging::of(&self.context.node, &due.query)? {
                Acknowledging::Open => {
                    open.insert(due.query, due);
                }
                Acknowledging::Over => done.push(due.query),
                // Our node will come to it; without the record there is nothing to acknowledge yet.
                Acknowledging::NotYet => {}
            }
        }
        if !done.is_empty() {
            self.context.store.delivered(&done, self.context.now()).await?;
        }
        if open.is_empty() {
            return self.context.pause(RETRY_WAIT_MAX).await;
        }
        let leaves: Vec<_> = open
            .values()
            .map(|due| {
                let salt = Salt::from_bytes(due.mark.1);
                merkle::leaf_hash(&commit(self.context.chain, &salt, &due.mark.0).0)
            })
            .collect();
        let delivery = Delivery {
            marks: open.iter().map(|(query, due)| (*query, due.outcome)).collect(),
            marks_root: merkle::root(&leaves),
            log_head: self.context.log_head(),
        };
        let tx = self.context.sign(head.plus_ms(VALID_MS), Payload::Acknowledge(delivery))?;
        let queries: Vec<QueryId> = open.into_keys().collect();
        let id = self.context.store.delivery_signed(&queries, &tx).await?;
        self.submit_delivery(&SignedDelivery { id, tx }).await
    }

    async fn submit_delivery(&self, delivery: &SignedDelivery) -> Result<(), ExchangeFault> {
        let mut patience = Patience::new();
        let mut refused = false;
        loop {
            let submitted = self.context.node.submit(delivery.tx.clone());
            match self.context.unless_stopping(submitted).await? {
                Ok(_) => break,
                Err(SubmitError::Full | SubmitError::Fault(_)) => self.context.pause(patience.next()).await?,
                // Some of it may be acknowledged already; what is not is due again.
                Err(SubmitError::Refused(refusal)) => {
                    tracing::warn!(code = refusal.code(), "a delivery was refused");
                    refused = true;
                    break;
                }
                Err(SubmitError::Lapsed) => break,
            }
        }
        let mut done = Vec::new();
        for query in marks(&delivery.tx) {
            if matches!(Acknowledging::of(&self.context.node, &query)?, Acknowledging::Over) {
                done.push(query);
            }
        }
        self.context.store.delivered(&done, self.context.now()).await?;
        self.context.store.delivery_over(delivery.id).await?;
        if refused && done.is_empty() { self.context.pause(RETRY_WAIT_MAX).await } else { Ok(()) }
    }
}

fn marks(tx: &Signed) -> Vec<QueryId> {
    match &tx.body.payload {
        Payload::Acknowledge(delivery) => delivery.marks.iter().map(|(query, _)| *query).collect(),
        _ => Vec::new(),
    }
}
