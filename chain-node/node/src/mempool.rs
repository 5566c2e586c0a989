//! Transactions that wait for a block, in memory and bounded. Pure bookkeeping: what may enter
//! and what still takes effect is judged in `intake.rs`.
//!
//! What takes rights away goes first. The others go department by department in turn: one that
//! keeps its places full does not keep anybody else's from the next block.

use std::collections::{BTreeMap, HashMap};

use ledger::apply::Verified;
use ledger::ids::{DepartmentId, Height, Time, TxId};
use ledger::transaction::Encoded;
use tokio::sync::oneshot;

use crate::limits::{MEMPOOL_BYTES_MAX, MEMPOOL_PER_DEPARTMENT_MAX, MEMPOOL_TRANSACTIONS_MAX, WAITERS_MAX};
use crate::submission::Outcome;

/// The waiting transactions in the order of their turns.
pub(crate) struct Mempool {
    head: Height,
    is_closed: bool,
    waiting: HashMap<TxId, Waiting>,
    order: BTreeMap<Turn, TxId>,
    per_department: HashMap<DepartmentId, OfDepartment>,
    bytes: usize,
    arrivals: u64,
    good: usize,
}

/// A place in the order: what takes rights away, then each department's first, each one's second, and
/// so on; of these by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    is_later: bool,
    round: u64,
    arrival: u64,
}

#[derive(Default)]
struct OfDepartment {
    count: usize,
    next_round: u64,
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
            per_department: HashMap::new(),
            bytes: 0,
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
        self.bytes
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
        let of_department = self.per_department.get(&signed.body.department);
        !self.is_closed
            && self.waiting.len() < MEMPOOL_TRANSACTIONS_MAX
            && self.bytes.saturating_add(signed.bytes().len()) <= MEMPOOL_BYTES_MAX
            && of_department.is_none_or(|of_department| of_department.count < MEMPOOL_PER_DEPARTMENT_MAX)
    }

    /// Adds a transaction judged good at [`Self::head`]. The newest finds no room, never an older one.
    pub(crate) fn insert(&mut self, verified: Verified, is_own: bool) -> Result<(), Full> {
        if !self.has_room(&verified) {
            return Err(Full);
        }
        let id = verified.id();
        let turn = self.turn(verified.body.department.clone(), verified.body.payload.rank() > 0);
        self.bytes = self.bytes.saturating_add(verified.bytes().len());
        self.good = self.good.saturating_add(1);
        self.order.insert(turn, id);
        self.waiting
            .insert(id, Waiting { verified, turn, is_own, judged_at: self.head, callers: Vec::new() });
        Ok(())
    }

    /// The next turn of a department: after its own last one, and not before anybody's who waits.
    fn turn(&mut self, department: DepartmentId, is_later: bool) -> Turn {
        let front = self.order.keys().find(|turn| turn.is_later).map_or(0, |turn| turn.round);
        let of_department = self.per_department.entry(department).or_default();
        self.arrivals = self.arrivals.saturating_add(1);
        of_department.count = of_department.count.saturating_add(1);
        if !is_later {
            return Turn { is_later, round: 0, arrival: self.arrivals };
        }
        let round = of_department.next_round.max(front);
        of_department.next_round = round.saturating_add(1);
        Turn { is_later, round, arrival: self.arrivals }
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
        self.bytes = self.bytes.saturating_sub(gone.verified.bytes().len());
        self.good = self.good.saturating_sub(usize::from(gone.judged_at == self.head));
        let department = &gone.verified.body.department;
        if let Some(of_department) = self.per_department.get_mut(department) {
            of_department.count = of_department.count.saturating_sub(1);
            if of_department.count == 0 {
                self.per_department.remove(department);
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

    /// The first in order whose signatures together are no more than these.
    pub(crate) fn first(&self, signatures: usize) -> Vec<Verified> {
        let mut left = signatures;
        let fits = |waiting: &&Waiting| match left.checked_sub(signatures_of(&waiting.verified)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        };
        self.in_order().take_while(fits).map(|waiting| waiting.verified.clone()).collect()
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
mod tests {
    use super::*;
    use crate::submission::SubmitError;
    use gm::sm2::SecretKey;
    use ledger::apply::BlockContext;
    use ledger::grant::RevokeGrant;
    use ledger::ids::{GrantId, Nonce, Pseudonym, RequestId};
    use ledger::request::WithdrawRequest;
    use ledger::role::{By, Role};
    use ledger::state::MemoryState;
    use ledger::transaction::{Payload, Signed, Transaction};

    /// Makes transactions of two departments, each unlike the others.
    struct Mint {
        state: MemoryState,
        context: BlockContext,
        members: Vec<(DepartmentId, SecretKey)>,
        made: u64,
    }

    impl Mint {
        fn new() -> Self {
            let founded = crate::founding::found(2, 1);
            let (changes, tip) = founded.genesis.initial();
            let mut state = MemoryState::default();
            state.commit(&changes);
            let chain = founded.genesis.chain();
            let context = BlockContext { chain, height: Height(1), time: tip.time.plus_ms(1) };
            let members = founded.departments.into_iter().map(|d| (d.id, d.office)).collect();
            Self { state, context, members, made: 0 }
        }

        fn make(&mut self, department: usize, revokes: bool) -> Verified {
            self.made += 1;
            let mut nonce = [0; 32];
            nonce[..8].copy_from_slice(&self.made.to_be_bytes());
            let by = By { pseudonym: Pseudonym([0; 32]), role: Role::ReqOperator };
            let reason = "01".parse().unwrap();
            let payload = if revokes {
                Payload::RevokeGrant(RevokeGrant { grant: GrantId([0; 32]), reason, by })
            } else {
                Payload::WithdrawRequest(WithdrawRequest { request: RequestId([0; 32]), reason, by })
            };
            let (department, key) = &self.members[department];
            let body = Transaction {
                version: 1,
                chain: self.context.chain,
                department: department.clone(),
                key_id: key.public().key_id(),
                nonce: Nonce(nonce),
                valid_until: Time(self.context.time.0 + 1000),
                payload,
            };
            let signed = Signed::sign(body, key).unwrap();
            Verified::check(&self.state, &self.context, signed.into(), &gm::sm2::Direct).unwrap()
        }
    }

    fn add(pool: &mut Mempool, verified: Verified) -> (TxId, Result<(), Full>) {
        let id = verified.id();
        (id, pool.insert(verified, false))
    }

    #[test]
    fn revocations_go_first_then_order_of_arrival() {
        let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
        let ids = [false, false, true].map(|revokes| add(&mut pool, mint.make(0, revokes)).0);
        let order: Vec<_> = pool.first(10).iter().map(|verified| verified.id()).collect();
        assert_eq!(order, [ids[2], ids[0], ids[1]]);
        assert_eq!(pool.first(1).len(), 1);
    }

    #[test]
    fn one_department_cannot_fill_it() {
        let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
        for _ in 0..MEMPOOL_PER_DEPARTMENT_MAX {
            add(&mut pool, mint.make(0, false)).1.unwrap();
        }
        let (id, outcome) = add(&mut pool, mint.make(0, false));
        assert_eq!((outcome, pool.contains(&id)), (Err(Full), false));
        add(&mut pool, mint.make(1, false)).1.unwrap();
        // Room comes back when one ends.
        let first = pool.first(1)[0].id();
        pool.end(&first, &Err(SubmitError::Lapsed));
        add(&mut pool, mint.make(0, false)).1.unwrap();
        assert_eq!(pool.len(), MEMPOOL_PER_DEPARTMENT_MAX + 1);
    }

    #[test]
    fn a_department_that_keeps_its_places_full_does_not_keep_others_waiting() {
        let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
        let of_one: Vec<_> = (0..100).map(|_| add(&mut pool, mint.make(0, false)).0).collect();
        let of_other: Vec<_> = (0..2).map(|_| add(&mut pool, mint.make(1, false)).0).collect();
        let order: Vec<_> = pool.first(5).iter().map(|verified| verified.id()).collect();
        assert_eq!(order, [of_one[0], of_other[0], of_one[1], of_other[1], of_one[2]]);
        // Who comes when the others have gone on takes the turn that is next, not all that have passed.
        for id in of_one.iter().take(50).chain(&of_other) {
            pool.end(id, &Err(SubmitError::Lapsed));
        }
        let late: Vec<_> = (0..2).map(|_| add(&mut pool, mint.make(1, false)).0).collect();
        let order: Vec<_> = pool.first(4).iter().map(|verified| verified.id()).collect();
        assert_eq!(order, [of_one[50], late[0], of_one[51], late[1]]);
    }

    #[test]
    fn at_a_new_head_nobody_is_ready_until_found_good_there() {
        let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
        assert!(!pool.is_ready());
        let ids = [false, false].map(|revokes| add(&mut pool, mint.make(0, revokes)).0);
        assert!(pool.is_ready() && pool.not_judged().is_none());
        pool.set_head(Height(1));
        assert!(!pool.is_ready());
        pool.confirm(&ids[1], Height(0)); // too late
        assert!(!pool.is_ready());
        pool.confirm(&ids[1], Height(1));
        assert!(pool.is_ready());
        assert_eq!(pool.not_judged().unwrap().id(), ids[0]);
        pool.end(&ids[1], &Err(SubmitError::Lapsed));
        assert!(!pool.is_ready());
    }

    #[test]
    fn its_bytes_are_bounded() {
        let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
        let (id, _) = add(&mut pool, mint.make(0, false));
        let length = pool.bytes();
        pool.end(&id, &Err(SubmitError::Lapsed));
        assert_eq!(pool.bytes(), 0);
        pool.bytes = MEMPOOL_BYTES_MAX - length; // as if large ones waited
        add(&mut pool, mint.make(1, false)).1.unwrap();
        assert_eq!(add(&mut pool, mint.make(1, false)).1, Err(Full));
        pool.close(&Err(SubmitError::Lapsed));
        assert_eq!((pool.len(), pool.bytes()), (0, MEMPOOL_BYTES_MAX - length));
        assert!(pool.order.is_empty() && pool.per_department.is_empty());
        pool.bytes = 0;
        assert_eq!(add(&mut pool, mint.make(1, false)).1, Err(Full)); // closed stays closed
    }

    #[test]
    fn every_caller_learns_the_end_and_too_many_are_turned_away() {
        let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
        let (id, outcome) = add(&mut pool, mint.make(0, false));
        outcome.unwrap();
        assert!(pool.own(9).is_empty());
        let mut ends: Vec<_> = (0..WAITERS_MAX).map(|_| pool.wait(&id).unwrap()).collect();
        assert!(pool.wait(&id).is_err());
        assert_eq!(pool.own(9).len(), 1);
        pool.end(&id, &Err(SubmitError::Lapsed));
        for end in &mut ends {
            assert!(matches!(end.try_recv(), Ok(Err(SubmitError::Lapsed))));
        }
        assert!(pool.wait(&id).is_err());
    }
}
