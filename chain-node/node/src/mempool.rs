//! Transactions that wait for a block, in memory and bounded. Pure bookkeeping: what may enter
//! and what still takes effect is judged in `intake.rs`.
//!
//! What takes rights away or governs has a room of its own, here as in the block, and goes first. In each room
//! department by department has its turn: one that keeps its places full does not keep anybody else's from the
//! next block, and of places and bytes no one has more than a share.

use std::collections::{BTreeMap, HashMap};

use ledger::apply::Verified;
use ledger::ids::{DepartmentId, Height, Time, TxId};
use ledger::limits::GOVERNANCE_PART;
use ledger::protocol::Protocol;
use ledger::share::{Room, Shares};
use ledger::transaction::Encoded;
use tokio::sync::oneshot;

use crate::limits::{
    GOVERNANCE_BYTES_MAX, GOVERNANCE_BYTES_PER_DEPARTMENT_MAX, GOVERNANCE_PER_DEPARTMENT_MAX,
    GOVERNANCE_TRANSACTIONS_MAX, MEMPOOL_BYTES_MAX, MEMPOOL_BYTES_PER_DEPARTMENT_MAX,
    MEMPOOL_PER_DEPARTMENT_MAX, MEMPOOL_TRANSACTIONS_MAX, WAITERS_MAX,
};
use crate::submission::Outcome;

/// The waiting transactions in the order of their turns.
pub(crate) struct Mempool {
    head: Height,
    is_closed: bool,
    waiting: HashMap<TxId, Waiting>,
    order: BTreeMap<Turn, TxId>,
    rooms: HashMap<Room, Held>,
    departments: HashMap<(Room, DepartmentId), OfDepartment>,
    arrivals: u64,
    good: usize,
}

/// A place in the order: what takes rights away or governs, then the rest; in both each department's first, each
/// one's second, and so on; of these by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    room: Room,
    round: u64,
    arrival: u64,
}

/// How many wait, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    count: usize,
    bytes: usize,
}

#[derive(Default)]
struct OfDepartment {
    held: Held,
    next_round: u64,
}

impl Held {
    fn add(&mut self, bytes: usize) {
        self.count = self.count.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn remove(&mut self, bytes: usize) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Whether one more of so many bytes stays within this bound.
    fn has_room(self, bytes: usize, max: Self) -> bool {
        self.count < max.count && self.bytes.saturating_add(bytes) <= max.bytes
    }
}

/// What a room holds of all, and of one department.
fn bounds(room: Room) -> (Held, Held) {
    match room {
        Room::Governance => (
            Held { count: GOVERNANCE_TRANSACTIONS_MAX, bytes: GOVERNANCE_BYTES_MAX },
            Held { count: GOVERNANCE_PER_DEPARTMENT_MAX, bytes: GOVERNANCE_BYTES_PER_DEPARTMENT_MAX },
        ),
        Room::Ordinary => (
            Held { count: MEMPOOL_TRANSACTIONS_MAX, bytes: MEMPOOL_BYTES_MAX },
            Held { count: MEMPOOL_PER_DEPARTMENT_MAX, bytes: MEMPOOL_BYTES_PER_DEPARTMENT_MAX },
        ),
    }
}

struct Waiting {
    verified: Verified,
    turn: Turn,
    is_own: bool,
    judged_at: Height,
    callers: Vec<oneshot::Sender<Outcome>>,
}

/// No room.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Mempool {
    /// An empty one, for transactions judged at this head.
    pub(crate) fn new(head: Height) -> Self {
        Self {
            head,
            is_closed: false,
            waiting: HashMap::new(),
            order: BTreeMap::new(),
            rooms: HashMap::new(),
            departments: HashMap::new(),
            arrivals: 0,
            good: 0,
        }
    }

    /// The head at which transactions must have been judged to enter.
    pub(crate) fn head(&self) -> Height {
        self.head
    }

    /// Whether nothing is let in any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many bytes wait.
    pub(crate) fn bytes(&self) -> usize {
        self.rooms.values().map(|held| held.bytes).sum()
    }

    /// Whether this one waits.
    pub(crate) fn contains(&self, id: &TxId) -> bool {
        self.waiting.contains_key(id)
    }

    /// Whether one of those that wait was found good at [`Self::head`].
    pub(crate) fn is_ready(&self) -> bool {
        self.good > 0
    }

    /// Whether this one would find room.
    pub(crate) fn has_room(&self, signed: &Encoded) -> bool {
        let (room, bytes) = (Room::of(&signed.body.payload), signed.bytes().len());
        let (of_all, of_one) = bounds(room);
        let department = self.departments.get(&(room, signed.body.department.clone()));
        !self.is_closed
            && self.rooms.get(&room).copied().unwrap_or_default().has_room(bytes, of_all)
            && department.is_none_or(|department| department.held.has_room(bytes, of_one))
    }

    /// Adds a transaction judged good at [`Self::head`]. The newest finds no room, never an older one.
    pub(crate) fn insert(&mut self, verified: Verified, is_own: bool) -> Result<(), Full> {
        if !self.has_room(&verified) {
            return Err(Full);
        }
        let id = verified.id();
        let turn = self.turn(&verified);
        self.good = self.good.saturating_add(1);
        self.order.insert(turn, id);
        self.waiting
            .insert(id, Waiting { verified, turn, is_own, judged_at: self.head, callers: Vec::new() });
        Ok(())
    }

    /// Gives a department its next turn in a room: after its own last one, and not before anybody's who waits.
    fn turn(&mut self, signed: &Encoded) -> Turn {
        let (room, bytes) = (Room::of(&signed.body.payload), signed.bytes().len());
        let first = Turn { room, round: 0, arrival: 0 };
        let front = self.order.range(first..).next().filter(|(turn, _)| turn.room == room);
        let front = front.map_or(0, |(turn, _)| turn.round);
        self.arrivals = self.arrivals.saturating_add(1);
        self.rooms.entry(room).or_default().add(bytes);
        let department = self.departments.entry((room, signed.body.department.clone())).or_default();
        department.held.add(bytes);
        let round = department.next_round.max(front);
        department.next_round = round.saturating_add(1);
        Turn { room, round, arrival: self.arrivals }
    }

    /// A caller waits for a waiting transaction's end, which makes it our own.
    pub(crate) fn wait(&mut self, id: &TxId) -> Result<oneshot::Receiver<Outcome>, Full> {
        let waiting = self.waiting.get_mut(id).ok_or(Full)?;
        waiting.is_own = true;
        waiting.callers.retain(|caller| !caller.is_closed());
        if waiting.callers.len() >= WAITERS_MAX {
            return Err(Full);
        }
        let (caller, end) = oneshot::channel();
        waiting.callers.push(caller);
        Ok(end)
    }

    /// Ends a transaction and tells its callers.
    pub(crate) fn end(&mut self, id: &TxId, outcome: &Outcome) {
        let Some(gone) = self.waiting.remove(id) else { return };
        self.order.remove(&gone.turn);
        let (room, bytes) = (gone.turn.room, gone.verified.bytes().len());
        self.rooms.entry(room).or_default().remove(bytes);
        self.good = self.good.saturating_sub(usize::from(gone.judged_at == self.head));
        let of_whom = (room, gone.verified.body.department.clone());
        if let Some(department) = self.departments.get_mut(&of_whom) {
            department.held.remove(bytes);
            if department.held.count == 0 {
                self.departments.remove(&of_whom);
            }
        }
        for caller in gone.callers {
            caller.send(outcome.clone()).ok(); // a caller that left needs no answer
        }
    }

    /// Ends all, and lets nothing in any more.
    pub(crate) fn close(&mut self, outcome: &Outcome) {
        self.is_closed = true;
        for id in self.order.values().copied().collect::<Vec<_>>() {
            self.end(&id, outcome);
        }
    }

    /// What the next block is made from: the first in order, each if the rule of shares and what is left of these
    /// signatures allow it. One that must wait does not keep those behind it.
    pub(crate) fn first(&self, signatures: usize) -> Vec<Verified> {
        let mut shares = Shares::new(&Protocol::NEWEST.limits);
        // Governance is first in order: without this bound it could leave the others nothing.
        let kept = signatures.saturating_sub(signatures / GOVERNANCE_PART);
        let mut left = signatures;
        let mut taken = Vec::new();
        for Waiting { verified, turn, .. } in self.in_order() {
            let least = if turn.room == Room::Governance { kept } else { 0 };
            let Some(rest) = left.checked_sub(signatures_of(verified)).filter(|rest| *rest >= least) else {
                continue;
            };
            if shares.take(verified).is_ok() {
                left = rest;
                taken.push(verified.clone());
            }
        }
        taken
    }

    /// The first in order that was not judged at [`Self::head`] yet.
    pub(crate) fn not_judged(&self) -> Option<Verified> {
        self.in_order().find(|waiting| waiting.judged_at != self.head).map(|waiting| waiting.verified.clone())
    }

    /// This one was found good at a head.
    pub(crate) fn confirm(&mut self, id: &TxId, at: Height) {
        if at == self.head
            && let Some(waiting) = self.waiting.get_mut(id)
            && waiting.judged_at != at
        {
            waiting.judged_at = at;
            self.good = self.good.saturating_add(1);
        }
    }

    /// Those whose time is over at this block time.
    pub(crate) fn lapsed(&self, at: Time) -> Vec<TxId> {
        let over = self.waiting.iter().filter(|(_, waiting)| waiting.verified.body.valid_until <= at);
        over.map(|(id, _)| *id).collect()
    }

    /// Own waiting transactions, the first in order.
    pub(crate) fn own(&self, limit: usize) -> Vec<Vec<u8>> {
        let own = self.in_order().filter(|waiting| waiting.is_own);
        own.take(limit).map(|waiting| waiting.verified.bytes().to_vec()).collect()
    }

    /// A new head: nobody was judged at it yet.
    pub(crate) fn set_head(&mut self, head: Height) {
        self.head = head;
        self.good = 0;
    }

    /// As if nobody had been judged.
    #[cfg(test)]
    pub(crate) fn forget_judgements(&mut self) {
        self.good = 0;
        self.waiting.values_mut().for_each(|waiting| waiting.judged_at = Height(u64::MAX));
    }

    fn in_order(&self) -> impl Iterator<Item = &Waiting> {
        self.order.values().filter_map(|id| self.waiting.get(id))
    }
}

/// How many signatures others have to check who have not seen it: its own, and that under a ticket.
fn signatures_of(verified: &Verified) -> usize {
    verified.body.payload.signatures()
}

#[cfg(test)]
mod fairness;
#[cfg(test)]
mod tests;
