//! What both sides of the exchange work with.

use std::sync::Arc;
use std::time::Duration;

use access::Judge;
use gm::domain::ChainId;
use gm::sm2::{KeyId, SecretKey};
use ledger::ids::{DepartmentId, Nonce, Time};
use ledger::protocol::{Fault, Protocol};
use ledger::receipt::LogHead;
use ledger::tip::Tip;
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::views;
use node::NodeHandle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::bounds::Bounds;
use crate::fault::ExchangeFault;
use crate::limits::{HEAD_WAIT, RETRY_WAIT_FIRST, RETRY_WAIT_MAX};
use crate::log_head::LogHeadSource;
use crate::store::Store;

/// Shared by everything in one exchange.
pub(crate) struct Context {
    pub(crate) department: DepartmentId,
    pub(crate) chain: ChainId,
    pub(crate) online: SecretKey,
    pub(crate) online_id: KeyId,
    pub(crate) sealing: SecretKey,
    pub(crate) sealing_id: KeyId,
    pub(crate) node: NodeHandle,
    pub(crate) judge: Arc<Judge>,
    pub(crate) log: Arc<dyn LogHeadSource>,
    pub(crate) store: Store,
    pub(crate) bounds: Bounds,
    pub(crate) stopping: CancellationToken,
}

impl Context {
    /// This machine's clock: for people, and to refuse by; never to decide what counts.
    pub(crate) fn now(&self) -> Time {
        self.node.now()
    }

    pub(crate) fn log_head(&self) -> LogHead {
        self.log.head()
    }

    /// The rules of the next block.
    pub(crate) fn protocol(&self) -> Result<&'static Protocol, Fault> {
        self.node.read(|snapshot| views::protocol(snapshot, snapshot.tip().height.next()))
    }

    /// A transaction of this department under its `online` key.
    pub(crate) fn sign(&self, valid_until: Time, payload: Payload) -> Result<Signed, ExchangeFault> {
        let body = Transaction {
            version: self.protocol()?.version,
            chain: self.chain,
            department: self.department.clone(),
            key_id: self.online_id,
            nonce: Nonce(gm::random::bytes()?),
            valid_until,
            payload,
        };
        Signed::sign(body, &self.online).map_err(|_| ExchangeFault::Key("online"))
    }

    /// Waits, unless the exchange stops.
    pub(crate) async fn pause(&self, wait: Duration) -> Result<(), ExchangeFault> {
        tokio::select! {
            () = self.stopping.cancelled() => Err(ExchangeFault::Stopping),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    /// Waits for something, unless the exchange stops.
    pub(crate) async fn unless_stopping<T>(&self, work: impl Future<Output = T>) -> Result<T, ExchangeFault> {
        tokio::select! {
            () = self.stopping.cancelled() => Err(ExchangeFault::Stopping),
            done = work => Ok(done),
        }
    }

    /// Waits for a new head; comes back anyway after [`HEAD_WAIT`], for a head is only a hint.
    pub(crate) async fn next_head(&self, heads: &mut watch::Receiver<Tip>) -> Result<(), ExchangeFault> {
        tokio::select! {
            () = self.stopping.cancelled() => Err(ExchangeFault::Stopping),
            moved = tokio::time::timeout(HEAD_WAIT, heads.changed()) => match moved {
                Ok(Err(_)) => Err(ExchangeFault::Stopping), // the node is gone
                Ok(Ok(())) | Err(_) => Ok(()),
            },
        }
    }
}

/// Waits that double from try to try.
pub(crate) struct Patience(Duration);

impl Patience {
    pub(crate) const fn new() -> Self {
        Self(RETRY_WAIT_FIRST)
    }

    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.0;
        self.0 = wait.saturating_mul(2).min(RETRY_WAIT_MAX);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_grows_to_a_bound() {
        let mut patience = Patience::new();
        let waits: Vec<_> = (0..12).map(|_| patience.next()).collect();
        assert_eq!(waits.first(), Some(&RETRY_WAIT_FIRST));
        assert_eq!(waits.last(), Some(&RETRY_WAIT_MAX));
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]));
    }
}
