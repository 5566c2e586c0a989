//! From a transaction as it came to one that is worth a place in a block.

use super::rule::{BlockContext, Rejection};
use crate::department::KeyKind;
use crate::ids::DepartmentId;
use crate::pair::{Pair, Sealed};
use crate::receipt::Ticket;
use crate::refusal::Refusal;
use crate::state::StateRead;
use crate::transaction::Encoded;
use crate::views;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Deref;
use gm::sm2::{KeyId, PublicKey, Signature, Signatures};
use gm::sm3::Digest;

/// A transaction all of whose signatures hold: its department's, the requester's under the ticket of a receipt or
/// denial, the officers' where two sealed a step, and a validator's where one is reported. Keys, chain and time were
/// good at the block it was checked for. Only [`Verified::check`] makes one; from there into the block nobody checks
/// its signatures again.
#[derive(Clone, Debug)]
pub struct Verified(Encoded);

impl Deref for Verified {
    type Target = Encoded;

    fn deref(&self) -> &Encoded {
        &self.0
    }
}

impl Verified {
    /// Checks all that the kinds of transactions have in common, cheapest first.
    ///
    /// # Errors
    /// [`Rejection`].
    pub fn check(
        reads: &dyn StateRead,
        context: &BlockContext,
        signed: Encoded,
        signatures: &dyn Signatures,
    ) -> Result<Self, Rejection> {
        for Claim { key, digest, signature, otherwise } in claims(reads, context, &signed)? {
            if !signatures.holds(&key, &digest, signature) {
                return Err(otherwise.into());
            }
        }
        Ok(Self(signed))
    }

    /// Checks at a later block what may have changed since: everything but the signatures.
    ///
    /// # Errors
    /// [`Rejection`].
    pub fn check_again(&self, reads: &dyn StateRead, context: &BlockContext) -> Result<(), Rejection> {
        claims(reads, context, self).map(|_| ())
    }
}

/// A signature that must hold.
struct Claim<'a> {
    key: PublicKey,
    digest: Digest,
    signature: &'a Signature,
    otherwise: Refusal,
}

/// Whose signatures a transaction must bear, once all is well but these: its department's, that under its ticket,
/// those of its seals, and a validator's under both messages of an equivocation.
fn claims<'a>(
    reads: &dyn StateRead,
    context: &BlockContext,
    signed: &'a Encoded,
) -> Result<Vec<Claim<'a>>, Rejection> {
    check_standing(reads, context, signed)?;
    let body = &signed.body;
    let key = key_of(reads, &body.key_id, &body.department, body.payload.key_kind())?;
    let (digest, signature) = (signed.id().into(), &signed.signature);
    // A step of two is signed with the office key, as certificates are.
    let seals = Pair::of(body).map(|pair| pair.signatures(&key)).unwrap_or_default();
    let mut claims = vec![Claim { key, digest, signature, otherwise: Refusal::SignatureBad }];
    let otherwise = Refusal::SignatureBad;
    let seals = seals.into_iter();
    claims.extend(seals.map(|Sealed { key, digest, signature }| Claim { key, digest, signature, otherwise }));
    if let Some((ticket, signature)) = body.payload.ticket() {
        check_ticket_standing(reads, context, ticket)?;
        let key = key_of(reads, &ticket.key_id, &ticket.requester, KeyKind::Online)?;
        let digest = ticket.query_id().into();
        claims.push(Claim { key, digest, signature, otherwise: Refusal::TicketSignature });
    }
    if let Some(proof) = body.payload.equivocation() {
        proof.check()?; // what proves nothing costs no signature check
        let validators = views::validator_set(reads)?;
        let key = &validators.get(&proof.validator).ok_or(Refusal::EquivocationStranger)?.key;
        let otherwise = Refusal::EquivocationNone;
        claims.extend(proof.signed(context.chain).map(|(digest, signature)| Claim {
            key: key.clone(),
            digest,
            signature,
            otherwise,
        }));
    }
    Ok(claims)
}

/// Chain, size, time, replay and the department's standing.
fn check_standing(reads: &dyn StateRead, context: &BlockContext, signed: &Encoded) -> Result<(), Rejection> {
    let body = &signed.body;
    let limits = &context.protocol.limits;
    check_version(body.version, context)?;
    if body.chain != context.chain {
        return Err(Refusal::ChainOther.into());
    }
    if signed.bytes().len() > limits.transaction_bytes {
        return Err(Refusal::TxTooLarge.into());
    }
    if body.valid_until < context.time {
        return Err(Refusal::TxExpired.into());
    }
    if body.valid_until > context.time.plus_ms(limits.transaction_wait_ms) {
        return Err(Refusal::TxValidTooLong.into());
    }
    if views::is_remembered(reads, body.valid_until, &signed.id())? {
        return Err(Refusal::TxReplayed.into());
    }
    check_active(reads, &body.department)
}

/// What is signed names the version of the protocol exactly that holds where it takes effect.
fn check_version(named: u16, context: &BlockContext) -> Result<(), Rejection> {
    if named == context.protocol.version { Ok(()) } else { Err(Refusal::TxVersion.into()) }
}

fn check_ticket_standing(
    reads: &dyn StateRead,
    context: &BlockContext,
    ticket: &Ticket,
) -> Result<(), Rejection> {
    check_version(ticket.version, context)?;
    if ticket.chain != context.chain {
        return Err(Refusal::ChainOther.into());
    }
    check_active(reads, &ticket.requester)
}

fn check_active(reads: &dyn StateRead, id: &DepartmentId) -> Result<(), Rejection> {
    let department = views::department(reads, id)?.ok_or(Refusal::DepartmentUnknown)?;
    if department.active { Ok(()) } else { Err(Refusal::DepartmentInactive.into()) }
}

/// The key of this name, if it is this department's and of this kind.
fn key_of(
    reads: &dyn StateRead,
    id: &KeyId,
    department: &DepartmentId,
    kind: KeyKind,
) -> Result<PublicKey, Rejection> {
    let record = views::signing_key(reads, id)?.ok_or(Refusal::KeyUnknown)?;
    if &record.department != department {
        return Err(Refusal::KeyOwner.into());
    }
    if record.kind != kind {
        return Err(Refusal::KeyKind.into());
    }
    Ok(record.key)
}
