//! The only way state changes: `apply(reads, context, verified) -> changes | refusal | fault`.
//! Total and deterministic: no clock, no randomness, no floats, no unordered maps.

mod catalogue;
mod grant;
pub(crate) mod receipt;
mod request;

use crate::department::KeyRecord;
use crate::ids::{Height, Time, TxId};
use crate::keys;
use crate::limits::{TRANSACTION_BYTES_MAX, TRANSACTION_WAIT_MS_MAX};
use crate::receipt::Place;
use crate::refusal::Refusal;
use crate::request::Step;
use crate::role::{By, Role};
use crate::state::{Changes, ReadFault, StateRead};
use crate::transaction::{Payload, Signed, Transaction};
use crate::views::{self, object};
use crate::wire::{Wire, to_bytes};
use alloc::vec::Vec;
use gm::domain::{ChainId, Kind};

/// A signature with its head, and the head of the pair it stands in.
const SIGNATURE_ON_WIRE_BYTES: usize = 67;

/// What a transaction may know of the block it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// The chain.
    pub chain: ChainId,
    /// The block's height.
    pub height: Height,
    /// The block's time.
    pub time: Time,
}

/// Why a transaction did not take effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A rule said no: goes back to who submitted it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The state could not be read: the node stops.
    #[error(transparent)]
    Fault(#[from] ReadFault),
}

/// A transaction whose signature, key, chain and time are good. Only [`Verified::check`] makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    signed: Signed,
    id: TxId,
}

impl Verified {
    /// Checks all that does not depend on the payload, cheapest first.
    ///
    /// # Errors
    /// [`Rejection`].
    pub fn check(reads: &dyn StateRead, context: &BlockContext, signed: Signed) -> Result<Self, Rejection> {
        let bytes = to_bytes(&signed.body);
        let id = signed.id();
        check_standing(reads, context, &signed.body, &id, bytes.len())?;
        let body = &signed.body;
        let key = views::signing_key(reads, &body.key_id)?.ok_or(Refusal::KeyUnknown)?;
        check_key(&key, &signed.body)?;
        if !key.key.verify(context.chain, Kind::Tx, &bytes, &signed.signature) {
            return Err(Refusal::SignatureBad.into());
        }
        Ok(Self { signed, id })
    }

    /// Checks at a later block what may have changed since: everything but the signature.
    ///
    /// # Errors
    /// [`Rejection`].
    pub fn check_again(&self, reads: &dyn StateRead, context: &BlockContext) -> Result<(), Rejection> {
        check_standing(reads, context, &self.signed.body, &self.id, 0)
    }

    /// The transaction's id.
    #[must_use]
    pub const fn id(&self) -> TxId {
        self.id
    }

    /// The transaction.
    #[must_use]
    pub const fn signed(&self) -> &Signed {
        &self.signed
    }
}

/// Chain, size, time, replay and the department's standing.
fn check_standing(
    reads: &dyn StateRead,
    context: &BlockContext,
    body: &Transaction,
    id: &TxId,
    body_bytes: usize,
) -> Result<(), Rejection> {
    if body.version != 1 || body.chain != context.chain {
        return Err(Refusal::ChainOther.into());
    }
    if body_bytes.saturating_add(SIGNATURE_ON_WIRE_BYTES) > TRANSACTION_BYTES_MAX {
        return Err(Refusal::TxTooLarge.into());
    }
    if body.valid_until < context.time {
        return Err(Refusal::TxExpired.into());
    }
    if body.valid_until > context.time.plus_ms(TRANSACTION_WAIT_MS_MAX) {
        return Err(Refusal::TxValidTooLong.into());
    }
    if views::is_remembered(reads, body.valid_until, id)? {
        return Err(Refusal::TxReplayed.into());
    }
    let department = views::department(reads, &body.department)?.ok_or(Refusal::DepartmentUnknown)?;
    if department.active { Ok(()) } else { Err(Refusal::DepartmentInactive.into()) }
}

fn check_key(key: &KeyRecord, body: &Transaction) -> Result<(), Refusal> {
    if key.department != body.department {
        Err(Refusal::KeyOwner)
    } else if key.kind != body.payload.key_kind() {
        Err(Refusal::KeyKind)
    } else {
        Ok(())
    }
}

/// What a rule works with.
struct Rule<'a> {
    reads: &'a dyn StateRead,
    context: &'a BlockContext,
    body: &'a Transaction,
    id: TxId,
    changes: Changes,
}

impl Rule<'_> {
    fn put<T: Wire>(&mut self, key: Vec<u8>, object: &T) {
        self.changes.put(key, to_bytes(object));
    }

    fn place(&self) -> Place {
        Place { tx: self.id, height: self.context.height, at: self.context.time }
    }

    fn step(&self, by: &By) -> Step {
        Step { tx: self.id, height: self.context.height, at: self.context.time, by: by.clone() }
    }

    /// The next number of requests (0) or grants (1), for people.
    fn next_number(&mut self, counter: usize) -> Result<u64, Rejection> {
        let (requests, grants) = object::<(u64, u64)>(self.reads, keys::COUNTERS)?.unwrap_or_default();
        let counters = if counter == 0 {
            (requests.saturating_add(1), grants)
        } else {
            (requests, grants.saturating_add(1))
        };
        self.put(keys::COUNTERS.to_vec(), &counters);
        Ok(if counter == 0 { counters.0 } else { counters.1 })
    }
}

fn check_role(by: &By, role: Role) -> Result<(), Refusal> {
    if by.role == role { Ok(()) } else { Err(Refusal::RoleWrong) }
}

/// What the transaction changes at this block, or why it does not take effect.
///
/// # Errors
/// [`Rejection`].
pub fn apply(
    reads: &dyn StateRead,
    context: &BlockContext,
    transaction: &Verified,
) -> Result<Changes, Rejection> {
    let body = &transaction.signed.body;
    let mut rule = Rule { reads, context, body, id: transaction.id, changes: Changes::default() };
    match &body.payload {
        Payload::Publish(entry) => rule.publish(entry),
        Payload::SubmitRequest(asked) => rule.submit_request(asked),
        Payload::ApproveRequest(approval) => rule.approve_request(approval),
        Payload::RefuseRequest(refused) => rule.refuse_request(refused),
        Payload::WithdrawRequest(withdrawn) => rule.withdraw_request(withdrawn),
        Payload::RevokeGrant(revoked) => rule.revoke_grant(revoked),
        Payload::RecordAnswer(receipt) => rule.record_answer(receipt),
        Payload::RecordDenial(denial) => rule.record_denial(denial),
        Payload::Acknowledge(delivery) => rule.acknowledge(delivery),
    }?;
    rule.changes.put(keys::seen(body.valid_until, &transaction.id), to_bytes(&context.height));
    Ok(rule.changes)
}
