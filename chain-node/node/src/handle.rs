//! What the rest of the process may do with a node: submit, read, follow, call.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ledger::ids::{DepartmentId, Height, Time, TxId};
use ledger::tip::Tip;
use ledger::transaction::Signed;
use ledger::views;
use tokio::sync::{mpsc, oneshot, watch};

use crate::fault::{CallError, NodeFault, SubmitError};
use crate::follow::Follow;
use crate::intake::{Entered, Intake};
use crate::limits::{CALL_BYTES_MAX, CALL_WAIT_MAX};
use crate::peers::Peers;
use crate::store::Store;
use crate::store::snapshot::Snapshot;
use crate::{clock, config};

/// A transaction took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its id.
    pub tx: TxId,
    /// The block's height.
    pub height: Height,
    /// Its place in the block, from 0.
    pub index: u32,
    /// The block's time.
    pub time: Time,
}

/// A call from another department, waiting for an answer.
#[derive(Debug)]
pub struct IncomingCall {
    /// Who calls: proven by the connection, active at our head.
    pub from: DepartmentId,
    /// What it says.
    pub body: Vec<u8>,
    /// Where the answer goes. Dropped without answer, the caller finds [`CallError::TimedOut`].
    pub answer: oneshot::Sender<Vec<u8>>,
}

/// How a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// The head.
    pub tip: Tip,
    /// Departments connected at the peer network.
    pub peers_connected: usize,
    /// Other nodes in the configuration.
    pub peers_configured: usize,
    /// Transactions that wait.
    pub mempool_transactions: usize,
    /// Bytes that wait.
    pub mempool_bytes: usize,
    /// Whether this node votes at the next height.
    pub validator: bool,
}

/// The face of a node. Clones share one node.
#[derive(Clone)]
pub struct NodeHandle(Arc<Inside>);

/// What a handle reaches.
pub(crate) struct Inside {
    pub(crate) department: DepartmentId,
    pub(crate) store: Arc<Store>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) follow: Arc<Follow>,
    pub(crate) peers: Peers,
    pub(crate) peers_configured: usize,
    pub(crate) incoming: mpsc::Sender<IncomingCall>,
    pub(crate) validator: Arc<std::sync::atomic::AtomicBool>,
}

impl std::fmt::Debug for NodeHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeHandle").field("department", &self.0.department).finish_non_exhaustive()
    }
}

impl NodeHandle {
    pub(crate) fn new(inside: Inside) -> Self {
        Self(Arc::new(inside))
    }

    /// Submits a transaction and waits until it ends. The same transaction again gives the same
    /// answer; one already applied gives its place. While the chain stands still this waits too.
    ///
    /// # Errors
    /// [`SubmitError`] tells a rule's no, a lapse and a lack of room apart from a fault.
    pub async fn submit(&self, transaction: Signed) -> Result<Applied, SubmitError> {
        let intake = Arc::clone(&self.0.intake);
        let entered = tokio::task::spawn_blocking(move || intake.submit(transaction))
            .await
            .map_err(|_| NodeFault::Stopped)?;
        match entered {
            Entered::Ended(outcome) => outcome,
            Entered::Waits(end, new) => {
                if let Some(bytes) = new {
                    self.0.peers.gossip(bytes).await;
                }
                end.await.unwrap_or(Err(SubmitError::Fault(NodeFault::Stopped)))
            }
        }
    }

    /// Reads the ledger as it stands at one head. Keep it short; do not wait inside.
    pub fn read<T>(&self, read: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        read(&self.0.store.snapshot())
    }

    /// The newest head, and a way to wait for the next. Heads in between may be passed over.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Tip> {
        self.0.follow.subscribe()
    }

    /// Asks another department and waits for its answer, at most `timeout`.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(
        &self,
        to: &DepartmentId,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Vec<u8>, CallError> {
        if body.len() > CALL_BYTES_MAX {
            return Err(CallError::TooLarge);
        }
        let found = self.read(|snapshot| views::department(snapshot, to)).map_err(NodeFault::read)?;
        let department = found.filter(|department| department.active).ok_or(CallError::NotAMember)?;
        let answer = async {
            if *to == self.0.department {
                self.call_ourselves(body).await
            } else {
                let peer = config::peer_id(&department.member.peer)?;
                self.0.peers.call(peer, body).await
            }
        };
        tokio::time::timeout(timeout.min(CALL_WAIT_MAX), answer).await.unwrap_or(Err(CallError::TimedOut))
    }

    /// A department that holds both sides of an enquiry speaks with itself.
    async fn call_ourselves(&self, body: Vec<u8>) -> Result<Vec<u8>, CallError> {
        let (answer, answered) = oneshot::channel();
        let call = IncomingCall { from: self.0.department.clone(), body, answer };
        self.0.incoming.try_send(call).map_err(|_| CallError::Unreachable)?;
        answered.await.map_err(|_| CallError::TimedOut)
    }

    /// This machine's clock.
    #[must_use]
    pub fn now(&self) -> Time {
        clock::now()
    }

    /// The department this node belongs to.
    #[must_use]
    pub fn department(&self) -> &DepartmentId {
        &self.0.department
    }

    /// How the node stands.
    #[must_use]
    pub fn status(&self) -> NodeStatus {
        let (mempool_transactions, mempool_bytes) = self.0.intake.load();
        NodeStatus {
            tip: self.0.follow.tip(),
            peers_connected: self.0.peers.connected(),
            peers_configured: self.0.peers_configured,
            mempool_transactions,
            mempool_bytes,
            validator: self.0.validator.load(Ordering::Relaxed),
        }
    }

    /// The node's figures in the text format of Prometheus, the engine's among them.
    #[must_use]
    pub fn metrics(&self) -> String {
        let status = self.status();
        let mut text = String::new();
        let figures = [
            ("zhenglian_block_height", "Height of the head", status.tip.height.0),
            ("zhenglian_block_time_ms", "Time of the head, ms since 1970", status.tip.time.0),
            ("zhenglian_receipts", "Receipts and denials since genesis", status.tip.receipt_count),
            ("zhenglian_peers_connected", "Departments connected", status.peers_connected as u64),
            ("zhenglian_mempool_transactions", "Transactions that wait", status.mempool_transactions as u64),
            ("zhenglian_mempool_bytes", "Bytes that wait", status.mempool_bytes as u64),
            ("zhenglian_validator", "1 if this node votes", u64::from(status.validator)),
        ];
        for (name, help, value) in figures {
            text.push_str(&format!("# HELP {name} {help}.\n# TYPE {name} gauge\n{name} {value}\n"));
        }
        malachitebft_app_channel::app::metrics::export(&mut text);
        text
    }
}
