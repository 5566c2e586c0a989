//! Transactions that wait for a block, in memory and bounded. Pure bookkeeping: what may enter
//! and what still takes effect is judged in `intake.rs`.

use std::collections::{BTreeMap, HashMap};

use ledger::apply::Verified;
use ledger::ids::{DepartmentId, Height, TxId};
use ledger::transaction::Signed;
use tokio::sync::oneshot;

use crate::fault::SubmitError;
use crate::handle::Applied;
use crate::limits::{MEMPOOL_BYTES_MAX, MEMPOOL_PER_DEPARTMENT_MAX, MEMPOOL_TRANSACTIONS_MAX, WAITERS_MAX};

/// How a waiting transaction ends.
pub(crate) type Outcome = Result<Applied, SubmitError>;

/// The waiting transactions, by rank, then by arrival.
pub(crate) struct Mempool {
    head: Height,
    is_closed: bool,
    waiting: HashMap<TxId, Waiting>,
    order: BTreeMap<(u8, u64), TxId>,
    per_department: HashMap<DepartmentId, usize>,
    bytes: usize,
    arrivals: u64,
}

struct Waiting {
    verified: Verified,
    bytes: Vec<u8>,
    place: (u8, u64),
    is_own: bool,
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
        }
    }

    /// The head at which the waiting transactions were judged.
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

    /// Adds a transaction judged good at [`Self::head`]. The newest finds no room, never an older one.
    pub(crate) fn insert(&mut self, verified: Verified, bytes: Vec<u8>, is_own: bool) -> Result<(), Full> {
        let (id, signed) = (verified.id(), verified.signed());
        let department = signed.body.department.clone();
        let of_department = self.per_department.get(&department).copied().unwrap_or_default();
        if self.is_closed
            || self.waiting.len() >= MEMPOOL_TRANSACTIONS_MAX
            || self.bytes.saturating_add(bytes.len()) > MEMPOOL_BYTES_MAX
            || of_department >= MEMPOOL_PER_DEPARTMENT_MAX
        {
            return Err(Full);
        }
        self.arrivals = self.arrivals.saturating_add(1);
        let place = (signed.body.payload.rank(), self.arrivals);
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.per_department.insert(department, of_department.saturating_add(1));
        self.order.insert(place, id);
        self.waiting.insert(id, Waiting { verified, bytes, place, is_own, callers: Vec::new() });
        Ok(())
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
        self.order.remove(&gone.place);
        self.bytes = self.bytes.saturating_sub(gone.bytes.len());
        let department = gone.verified.signed().body.department.clone();
        if let Some(of_department) = self.per_department.get_mut(&department) {
            *of_department = of_department.saturating_sub(1);
            if *of_department == 0 {
                self.per_department.remove(&department);
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

    /// The first in order, at most so many.
    pub(crate) fn first(&self, limit: usize) -> Vec<&Verified> {
        let ids = self.order.values().take(limit);
        ids.filter_map(|id| self.waiting.get(id).map(|waiting| &waiting.verified)).collect()
    }

    /// Those that satisfy a condition.
    pub(crate) fn filter(&self, mut condition: impl FnMut(&Signed) -> bool) -> Vec<TxId> {
        self.waiting
            .iter()
            .filter(|(_, waiting)| condition(waiting.verified.signed()))
            .map(|(id, _)| *id)
            .collect()
    }

    /// The bytes of the first own ones, to be gossiped again.
    pub(crate) fn own(&self, limit: usize) -> Vec<Vec<u8>> {
        let own = self.order.values().filter_map(|id| self.waiting.get(id)).filter(|waiting| waiting.is_own);
        own.take(limit).map(|waiting| waiting.bytes.clone()).collect()
    }

    /// The waiting ones were judged at a new head.
    pub(crate) fn set_head(&mut self, head: Height) {
        self.head = head;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gm::sm2::SecretKey;
    use ledger::apply::BlockContext;
    use ledger::grant::RevokeGrant;
    use ledger::ids::{GrantId, Nonce, Pseudonym, RequestId, Time};
    use ledger::request::WithdrawRequest;
    use ledger::role::{By, Role};
    use ledger::state::MemoryState;
    use ledger::transaction::{Payload, Transaction};
    use ledger::wire::to_bytes;

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

        fn make(&mut self, department: usize, revokes: bool) -> (Verified, Vec<u8>) {
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
            let bytes = to_bytes(&signed);
            (Verified::check(&self.state, &self.context, signed.into(), &gm::sm2::Direct).unwrap(), bytes)
        }
    }

    fn add(pool: &mut Mempool, (verified, bytes): (Verified, Vec<u8>)) -> (TxId, Result<(), Full>) {
        let id = verified.id();
        (id, pool.insert(verified, bytes, false))
    }

    #[test]
    fn revocations_go_first_then_order_of_arrival() {
        let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
        let ids = [false, false, true].map(|revokes| add(&mut pool, mint.make(0, revokes)).0);
        let order: Vec<_> = pool.first(10).into_iter().map(|verified| verified.id()).collect();
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
    fn its_bytes_are_bounded() {
        let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
        for _ in 0..128 {
            let (verified, _) = mint.make(0, false);
            pool.insert(verified, vec![0; MEMPOOL_BYTES_MAX / 128], false).unwrap();
        }
        assert_eq!(add(&mut pool, mint.make(1, false)).1, Err(Full));
        pool.close(&Err(SubmitError::Lapsed));
        assert_eq!((pool.len(), pool.bytes()), (0, 0));
        assert!(pool.order.is_empty() && pool.per_department.is_empty());
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
