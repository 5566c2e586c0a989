//! How a transaction enters the mempool and how it ends: judged at the head when it comes, and
//! again at new heads. Called by the handle (submissions), the peers (gossip) and the app; what
//! takes long (signatures, rules) is done by the caller's thread, never under a lock and never on the
//! app's.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::apply::{Rejection, Verified};
use ledger::block::{self, Block};
use ledger::ids::{DepartmentId, TxId};
use ledger::refusal::Refusal;
use ledger::tip::Tip;
use ledger::transaction::{Encoded, Signed};
use ledger::wire::from_bytes;
use tokio::sync::{Notify, oneshot};

use crate::checked::Checked;
use crate::clock::Clock;
use crate::fault::NodeFault;
use crate::limits::{EARLY_HEADS, EARLY_MAX, EARLY_PER_DEPARTMENT_MAX, JUDGED_AGAIN_MAX, REGOSSIP_MAX};
use crate::mempool::Mempool;
use crate::store::Store;
use crate::store::snapshot::Snapshot;
use crate::submission::{Applied, Outcome, SubmitError};

/// The door to the mempool.
pub(crate) struct Intake {
    store: Arc<Store>,
    signatures: Arc<Checked>,
    clock: Clock,
    pool: Mutex<Mempool>,
    /// Gossip that came before the block it builds on.
    early: Mutex<VecDeque<Early>>,
    /// What came early and was taken later: it was not passed on when it came.
    relayed: Mutex<Vec<Vec<u8>>>,
    arrived: Notify,
}

/// A transaction that came before the block it builds on, with the heads it may still wait for.
struct Early {
    of: DepartmentId,
    bytes: Vec<u8>,
    heads_left: u8,
}

/// What became of a submission at the door.
pub(crate) enum Entered {
    /// It ended at once: applied before, refused, lapsed or no room.
    Ended(Outcome),
    /// It waits. The bytes are there when it is new and must be gossiped.
    Waits(oneshot::Receiver<Outcome>, Option<Vec<u8>>),
}

/// What became of a gossiped transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gossiped {
    /// New and good: pass it on.
    Taken,
    /// Known, refused at our head, or no room: do not pass it on.
    Dropped,
    /// Not a transaction at all, or not signed by who it names: no honest node sends it.
    Malformed,
}

impl Intake {
    /// An empty mempool at the store's head.
    pub(crate) fn new(store: Arc<Store>, signatures: Arc<Checked>, clock: Clock) -> Self {
        let pool = Mutex::new(Mempool::new(store.last_tip().height));
        let (early, relayed) = (Mutex::default(), Mutex::default());
        Self { store, signatures, clock, pool, early, relayed, arrived: Notify::new() }
    }

    /// Takes an own transaction. Blocks for a signature check.
    pub(crate) fn submit(&self, signed: Signed) -> Entered {
        let signed = Encoded::from(signed);
        let id = signed.id();
        loop {
            let snapshot = self.store.snapshot();
            if let Some(applied) = applied(&snapshot, id) {
                return Entered::Ended(Ok(applied));
            }
            if let Some(waits) = self.wait_for(&id) {
                return waits;
            }
            let verified = match self.room_for(&signed).and_then(|()| self.judge(&snapshot, signed.clone())) {
                Ok(verified) => verified,
                Err(error) => return Entered::Ended(Err(error)),
            };
            let mut pool = self.pool();
            if pool.head() != snapshot.tip().height || pool.contains(&id) {
                continue; // judged at a head that has passed, or it came by gossip meanwhile
            }
            let waits = pool.insert(verified, true).and_then(|()| pool.wait(&id));
            drop(pool);
            return match waits {
                Ok(end) => {
                    self.arrived.notify_one();
                    Entered::Waits(end, Some(signed.bytes().to_vec()))
                }
                Err(_) => Entered::Ended(Err(self.room_for(&signed).err().unwrap_or(SubmitError::Full))),
            };
        }
    }

    /// What checks signatures here, and remembers those found good.
    pub(crate) fn signatures(&self) -> Arc<Checked> {
        Arc::clone(&self.signatures)
    }

    fn wait_for(&self, id: &TxId) -> Option<Entered> {
        let mut pool = self.pool();
        if !pool.contains(id) {
            return None;
        }
        Some(match pool.wait(id) {
            Ok(end) => Entered::Waits(end, None),
            Err(_) => Entered::Ended(Err(SubmitError::Full)),
        })
    }

    /// Without room nothing is checked: that is where overload ends.
    fn room_for(&self, signed: &Encoded) -> Result<(), SubmitError> {
        let pool = self.pool();
        if pool.is_closed() {
            Err(NodeFault::Stopped.into())
        } else if pool.has_room(signed) {
            Ok(())
        } else {
            Err(SubmitError::Full)
        }
    }

    /// Takes a transaction from the mesh. Blocks for a signature check.
    pub(crate) fn gossiped(&self, bytes: Vec<u8>) -> Gossiped {
        self.heard(bytes, EARLY_HEADS)
    }

    /// Judges a transaction from the mesh. One that may build on a block we have not written yet is
    /// judged again at the next heads: its sender may be a few milliseconds ahead.
    fn heard(&self, bytes: Vec<u8>, heads_left: u8) -> Gossiped {
        let Ok(signed) = from_bytes::<Encoded>(&bytes) else { return Gossiped::Malformed };
        let id = signed.id();
        loop {
            let snapshot = self.store.snapshot();
            if self.pool().contains(&id) || snapshot.transaction(id).is_some() {
                return Gossiped::Dropped;
            }
            let verified = match self.room_for(&signed).and_then(|()| self.judge(&snapshot, signed.clone())) {
                Ok(verified) => verified,
                Err(SubmitError::Refused(refusal)) if refusal.may_pass_later() && heads_left > 0 => {
                    self.keep_early(Early { of: signed.body.department.clone(), bytes, heads_left });
                    return Gossiped::Dropped;
                }
                Err(SubmitError::Refused(Refusal::SignatureBad | Refusal::TicketSignature)) => {
                    return Gossiped::Malformed;
                }
                Err(_) => return Gossiped::Dropped,
            };
            let mut pool = self.pool();
            if pool.head() != snapshot.tip().height {
                continue; // judged at a head that has passed
            }
            let is_taken = !pool.contains(&id) && pool.insert(verified, false).is_ok();
            drop(pool);
            if is_taken {
                self.arrived.notify_one();
                return Gossiped::Taken;
            }
            return Gossiped::Dropped;
        }
    }

    fn keep_early(&self, one: Early) {
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        if early.iter().filter(|other| other.of == one.of).count() >= EARLY_PER_DEPARTMENT_MAX
            && let Some(oldest) = early.iter().position(|other| other.of == one.of)
        {
            early.remove(oldest);
        }
        if early.len() >= EARLY_MAX {
            early.pop_front();
        }
        early.push_back(one);
    }

    /// What came too early has its next chance. What is taken now is passed on with [`Self::own`].
    fn hear_early(&self) {
        let early = std::mem::take(&mut *self.early.lock().unwrap_or_else(PoisonError::into_inner));
        for Early { bytes, heads_left, .. } in early {
            if self.heard(bytes.clone(), heads_left.saturating_sub(1)) == Gossiped::Taken {
                let mut relayed = self.relayed.lock().unwrap_or_else(PoisonError::into_inner);
                if relayed.len() < EARLY_MAX {
                    relayed.push(bytes);
                }
            }
        }
    }

    /// Waits until a transaction has entered. One that entered before the call counts.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Whether something waits that would take effect in the next block.
    pub(crate) fn is_ready(&self) -> bool {
        self.pool().is_ready()
    }

    /// How many transactions and bytes wait.
    pub(crate) fn load(&self) -> (usize, usize) {
        let pool = self.pool();
        (pool.len(), pool.bytes())
    }

    /// What the next block is made from, of no more signatures than these.
    pub(crate) fn candidates(&self, signatures: usize) -> Vec<Verified> {
        self.pool().first(signatures)
    }

    /// What is to be gossiped at this turn: others' that came early and were taken since, once, and own waiting
    /// transactions again.
    pub(crate) fn own(&self) -> Vec<Vec<u8>> {
        let mut bytes = std::mem::take(&mut *self.relayed.lock().unwrap_or_else(PoisonError::into_inner));
        bytes.extend(self.pool().own(REGOSSIP_MAX));
        bytes
    }

    /// A block was written: what it holds is applied. [`Self::judge_again`] is to follow.
    pub(crate) fn settle(&self, block: &Block, tip: &Tip) {
        let mut pool = self.pool();
        pool.set_head(tip.height);
        for (index, signed) in (0u32..).zip(&block.transactions) {
            let tx = signed.id();
            pool.end(&tx, &Ok(Applied { tx, height: tip.height, index, time: tip.time }));
        }
        for id in pool.lapsed(tip.time) {
            pool.end(&id, &Err(SubmitError::Lapsed));
        }
    }

    /// Judges at a new head what waits, in the order of turns: what no longer takes effect is refused.
    /// Enough are found good for the next block to have a reason; the others are judged when their turn
    /// comes. Then what came too early has its next chance. Blocks.
    pub(crate) fn judge_again(&self) {
        let mut found_good = 0;
        while found_good < JUDGED_AGAIN_MAX {
            let snapshot = self.store.snapshot();
            let tip = snapshot.tip();
            let Some(verified) = self.pool().not_judged() else { break };
            let time = self.clock.now().time.max(tip.time.plus_ms(1));
            let probe = block::probe_again(&snapshot, &tip, self.store.chain(), time, &verified);
            let mut pool = self.pool();
            if pool.head() != tip.height {
                break; // a head that has passed, or one not settled yet: this is called again
            }
            match probe {
                Ok(()) => {
                    pool.confirm(&verified.id(), tip.height);
                    found_good += 1;
                    self.arrived.notify_one();
                }
                Err(rejection) => pool.end(&verified.id(), &Err(self.error(rejection))),
            }
        }
        self.hear_early();
    }

    /// A block made from the waiting transactions at the head stayed empty: these refusals are final.
    pub(crate) fn refuse(&self, left_out: Vec<(TxId, Refusal)>) {
        let mut pool = self.pool();
        for (id, refusal) in left_out {
            pool.end(&id, &Err(ended(refusal)));
        }
    }

    /// The node stops: nobody waits any longer, and nothing is let in.
    pub(crate) fn close(&self) {
        self.pool().close(&Err(SubmitError::Fault(NodeFault::Stopped)));
    }

    /// Whether a transaction would take effect in a block that follows now.
    fn judge(&self, snapshot: &Snapshot<'_>, signed: Encoded) -> Result<Verified, SubmitError> {
        let tip = snapshot.tip();
        let time = self.clock.now().time.max(tip.time.plus_ms(1));
        block::probe(snapshot, &tip, self.store.chain(), time, signed, &*self.signatures)
            .map_err(|rejection| self.error(rejection))
    }

    fn error(&self, rejection: Rejection) -> SubmitError {
        match rejection {
            Rejection::Refused(refusal) => ended(refusal),
            Rejection::Fault(fault) => {
                let fault = NodeFault::read(fault);
                self.store.report(fault.clone());
                SubmitError::Fault(fault)
            }
        }
    }

    fn pool(&self) -> MutexGuard<'_, Mempool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ended(refusal: Refusal) -> SubmitError {
    if refusal == Refusal::TxExpired { SubmitError::Lapsed } else { SubmitError::Refused(refusal) }
}

fn applied(snapshot: &Snapshot<'_>, tx: TxId) -> Option<Applied> {
    let (height, index) = snapshot.transaction(tx)?;
    let time = snapshot.block(height)?.header.time;
    Some(Applied { tx, height, index, time })
}

#[cfg(test)]
mod tests;
