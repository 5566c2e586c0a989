use super::*;
use crate::limits::BLOCK_SIGNATURES_MIN;
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
        let context = BlockContext::read(&state, chain, Height(1), tip.time.plus_ms(1)).unwrap();
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
    let rest = MEMPOOL_BYTES_MAX - length; // as if large ones waited
    pool.rooms.get_mut(&Room::Ordinary).unwrap().bytes = rest;
    add(&mut pool, mint.make(1, false)).1.unwrap();
    assert_eq!(add(&mut pool, mint.make(1, false)).1, Err(Full));
    pool.close(&Err(SubmitError::Lapsed));
    assert_eq!((pool.len(), pool.bytes()), (0, rest));
    assert!(pool.order.is_empty() && pool.departments.is_empty());
    pool.rooms.clear();
    assert_eq!(add(&mut pool, mint.make(1, false)).1, Err(Full)); // closed stays closed
}

#[test]
fn one_departments_bytes_are_bounded_and_leave_others_their_room() {
    let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
    for revokes in [false, true] {
        let verified = mint.make(0, revokes);
        let (room, length) = (Room::of(&verified.body.payload), verified.bytes().len());
        let (_, of_one) = bounds(room);
        add(&mut pool, verified).1.unwrap();
        let own = (room, mint.members[0].0.clone());
        pool.departments.get_mut(&own).unwrap().held.bytes = of_one.bytes - length;
        add(&mut pool, mint.make(0, revokes)).1.unwrap();
        assert_eq!(add(&mut pool, mint.make(0, revokes)).1, Err(Full));
        add(&mut pool, mint.make(1, revokes)).1.unwrap();
    }
}

/// Every place and every byte that others may fill is filled.
#[test]
fn where_everything_is_full_a_revocation_is_taken_and_goes_first() {
    let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
    add(&mut pool, mint.make(0, false)).1.unwrap();
    let (of_all, _) = bounds(Room::Ordinary);
    pool.rooms.insert(Room::Ordinary, of_all);
    assert_eq!(add(&mut pool, mint.make(1, false)).1, Err(Full));
    let (revocation, taken) = add(&mut pool, mint.make(1, true));
    assert_eq!((taken, pool.first(BLOCK_SIGNATURES_MIN)[0].id()), (Ok(()), revocation));
}

#[test]
fn revocations_go_department_by_department_too_and_leave_the_others_signatures() {
    let (mut pool, mut mint) = (Mempool::new(Height(0)), Mint::new());
    let flood: Vec<_> = (0..20).map(|_| add(&mut pool, mint.make(0, true)).0).collect();
    let other = add(&mut pool, mint.make(1, true)).0;
    let waiting: Vec<_> = (0..20).map(|_| add(&mut pool, mint.make(1, false)).0).collect();
    let first = |pool: &Mempool, signatures| -> Vec<_> {
        pool.first(signatures).iter().map(|verified| verified.id()).collect()
    };
    let expected = [&[flood[0], other, flood[1]], &waiting[..9]].concat();
    assert_eq!(first(&pool, 12), expected, "a quarter is for governance");
    for id in waiting {
        pool.end(&id, &Err(SubmitError::Lapsed));
    }
    assert_eq!(first(&pool, 12).len(), 3, "and no more than that");
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
