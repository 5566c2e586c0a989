//! What the rest of the process may do with a node: submit, read, follow, call.

use std::sync::Arc;
use std::time::Duration;

use gm::sm2::Signatures;
use ledger::equivocation::Equivocation;
use ledger::ids::{DepartmentId, Time};
use ledger::tip::Tip;
use ledger::transaction::Signed;
use ledger::views;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::call::{CallError, IncomingCall};
use crate::clock::Clock;
use crate::fault::NodeFault;
use crate::follow::Follow;
use crate::follow_blocks::Progress;
use crate::intake::{Entered, Intake};
use crate::limits::{CALL_BYTES_MAX, CALL_WAIT_MAX, CLOCK_WARN_MS};
use crate::peers::Peers;
use crate::standing::Standing;
use crate::store::Store;
use crate::store::snapshot::Snapshot;
use crate::submission::{Applied, SubmitError};
use crate::{config, metrics};

/// How a node stands.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Heights that the furthest of its peers is ahead, as far as this node follows decided blocks.
    pub blocks_behind: u64,
    /// Whose node sent it decided blocks last; nobody's while it takes part in deciding them.
    pub blocks_from: Option<DepartmentId>,
    /// How far this machine's clock is ahead of the median of the other validators', by the times of the blocks they
    /// make, in milliseconds; negative when it is behind. None until two thirds of them were heard.
    pub clock_ahead_ms: Option<i64>,
    /// Equivocations of validators on record.
    pub equivocations: u64,
}

impl NodeStatus {
    /// Whether this machine's clock is so far off that its validator is of little use.
    #[must_use]
    pub fn is_clock_off(&self) -> bool {
        self.clock_ahead_ms.is_some_and(|ahead| ahead.unsigned_abs() >= CLOCK_WARN_MS)
    }
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
    pub(crate) standing: Arc<Standing>,
    pub(crate) follows: watch::Receiver<Progress>,
    pub(crate) clock: Clock,
    /// Checking leaves room for consensus: so many submissions at once, the others in turn.
    pub(crate) turns: Semaphore,
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
        let turn = self.0.turns.acquire().await.map_err(|_| NodeFault::Stopped)?;
        let entered = tokio::task::spawn_blocking(move || intake.submit(transaction))
            .await
            .map_err(|_| NodeFault::Stopped)?;
        drop(turn);
        match entered {
            Entered::Ended(outcome) => outcome,
            Entered::Waits(end, new) => {
                if let Some(bytes) = new {
                    self.0.peers.gossip(bytes);
                }
                end.await.unwrap_or(Err(SubmitError::Fault(NodeFault::Stopped)))
            }
        }
    }

    /// Equivocations of validators that this node saw and the chain does not know yet, for its department to report.
    #[must_use]
    pub fn equivocations(&self) -> Vec<Equivocation> {
        let (unknown, known): (Vec<_>, Vec<_>) = self.read(|snapshot| {
            let is_known = |proof: &Equivocation| {
                views::equivocation(snapshot, proof.height, &proof.validator)
                    .is_ok_and(|known| known.is_some())
            };
            snapshot.equivocations().into_iter().partition(|proof| !is_known(proof))
        });
        for proof in known {
            if let Err(fault) = self.0.store.forget_equivocation(proof.height, &proof.validator) {
                self.0.store.report(fault);
            }
        }
        unknown
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

    /// A department that holds both sides of a query speaks with itself.
    async fn call_ourselves(&self, body: Vec<u8>) -> Result<Vec<u8>, CallError> {
        let (answer, answered) = oneshot::channel();
        let call = IncomingCall { from: self.0.department.clone(), body, answer };
        self.0.incoming.try_send(call).map_err(|_| CallError::Unreachable)?;
        answered.await.map_err(|_| CallError::TimedOut)
    }

    /// Checks signatures, each once: what was found good is remembered with those of transactions and votes.
    #[must_use]
    pub fn signatures(&self) -> Arc<dyn Signatures> {
        self.0.intake.signatures()
    }

    /// This machine's clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.0.clock.now().time
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
        let Progress { behind, source } = *self.0.follows.borrow();
        let key = source.and_then(|peer| config::peer_key(&peer).ok());
        let from =
            key.and_then(|key| self.read(|snapshot| views::department_of_peer(snapshot, &key)).ok()?);
        NodeStatus {
            tip: self.0.follow.tip(),
            peers_connected: self.0.peers.connected(),
            peers_configured: self.0.peers_configured,
            mempool_transactions,
            mempool_bytes,
            validator: self.0.standing.votes(),
            blocks_behind: behind,
            blocks_from: from.map(|department| department.member.id),
            clock_ahead_ms: self.0.standing.clock_ahead_ms(),
            equivocations: self.read(|snapshot| views::equivocations_counted(snapshot)).unwrap_or_default(),
        }
    }

    /// The node's figures in the text format of Prometheus, the engine's among them.
    #[must_use]
    pub fn metrics(&self) -> String {
        metrics::text(&self.status())
    }
}
