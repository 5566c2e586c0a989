//! What the check of a file takes on trust: who is a member, whose keys hold, who validates, at a height, and who
//! writes which policy.
//!
//! Today nothing of this changes on a chain and the genesis file says it all, so that no answer depends on the
//! height yet. The steps ask here, and nowhere else: keys that rotate and proofs from a tree fill this in another
//! way and leave the steps as they are. Policies do change: `policies.rs`.

use crate::certificate::ValidatorSet;
use crate::department::{KeyKind, Member};
use crate::genesis::Genesis;
use crate::ids::{BlockId, DepartmentId, Height, Time};
use crate::policy::PolicyOwner;
use crate::protocol::Protocol;
use alloc::string::{String, ToString};
use gm::domain::ChainId;
use gm::sm2::PublicKey;

/// The facts that a trust root stands for.
pub(super) struct Trusted<'a> {
    genesis: &'a Genesis,
    chain: ChainId,
    validators: ValidatorSet,
}

impl<'a> Trusted<'a> {
    /// The facts of a genesis file, once its digest is the trust root and it founds a chain.
    pub(super) fn founded_by(genesis: &'a Genesis) -> Self {
        Self { genesis, chain: genesis.chain(), validators: genesis.validator_set() }
    }

    /// The chain.
    pub(super) const fn chain(&self) -> ChainId {
        self.chain
    }

    /// The rules of a height.
    pub(super) fn protocol_at(&self, _height: Height) -> Result<&'static Protocol, String> {
        Protocol::of(self.genesis.version).map_err(|unknown| unknown.to_string())
    }

    /// What every block comes after: id and time of height 0.
    pub(super) const fn start(&self) -> (BlockId, Time) {
        (BlockId(self.chain.0.0), self.genesis.time)
    }

    /// The member of this code.
    pub(super) fn member(&self, id: &DepartmentId) -> Option<&'a Member> {
        self.genesis.member(id)
    }

    /// The key of this kind that a member signs with, or is sealed to, at a height.
    pub(super) fn key_at(&self, id: &DepartmentId, kind: KeyKind, _height: Height) -> Option<&'a PublicKey> {
        self.member(id)?.keys().into_iter().find_map(|(of, key)| (of == kind).then_some(key))
    }

    /// Who decides the block of a height.
    pub(super) const fn validators_at(&self, _height: Height) -> &ValidatorSet {
        &self.validators
    }

    /// The department that writes a layer; none when nobody does.
    pub(super) fn steward<'o>(&self, owner: &'o PolicyOwner) -> Option<&'o DepartmentId>
    where
        'a: 'o,
    {
        match owner {
            PolicyOwner::Department(id) => Some(id),
            PolicyOwner::Nation | PolicyOwner::Region(_) => {
                let named = self.genesis.stewards.iter().find(|named| &named.owner == owner);
                named.map(|named| &named.steward)
            }
        }
    }

    /// So long after its countersignature a policy that lets more pass is in force.
    pub(super) const fn loosening_ms(&self) -> u64 {
        self.genesis.parameters.loosening_ms
    }

    /// A ticket is valid at most so long after the block of its record.
    pub(super) const fn ticket_ms(&self) -> u64 {
        self.genesis.parameters.ticket_ms
    }

    /// A record stands at most so long after the block it was judged at.
    pub(super) const fn judged_lag_ms(&self) -> u64 {
        self.genesis.parameters.judged_lag_ms
    }
}
