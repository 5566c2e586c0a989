//! What makes a block final: precommits of validators that hold more than two thirds of the power.
//! Checked here without the consensus engine, so that an outsider can do it from a file.

use crate::department::{ValidatorKey, address};
use crate::ids::{Address, BlockId, Height};
use crate::turns::turn;
use crate::wire::{In, Out, Wire, WireError, to_bytes};
use alloc::vec::Vec;
use gm::domain::{ChainId, Kind, digest};
use gm::sm2::{PublicKey, Signature, Signatures};
use gm::sm3::{Digest, sm3};

/// The bytes a vote signs, under `Kind::Vote`: version, height, round, block or none, voter, precommit or prevote.
#[must_use]
pub fn vote_body(
    height: Height,
    round: u32,
    block: Option<BlockId>,
    voter: Address,
    is_precommit: bool,
) -> Vec<u8> {
    to_bytes(&(1u16, (height, round), block, voter, is_precommit))
}

crate::wire_struct! {
    /// The precommits that decided a block, sorted by address.
    pub struct Certificate {
        /// The height.
        pub height: Height,
        /// The round it was decided in.
        pub round: u32,
        /// The block.
        pub block: BlockId,
        /// Voters with their signatures.
        pub signatures: Vec<(Address, Signature)>,
    }
}

/// Why a certificate proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Voters out of order or named twice.
    #[error("the voters are out of order or named twice")]
    Order,
    /// A voter that is no validator of this height.
    #[error("{0} is not a validator of this height")]
    Stranger(Address),
    /// A signature that does not fit.
    #[error("the signature of {0} does not fit")]
    Signature(Address),
    /// Not more than two thirds of the power.
    #[error("the voters hold {held} of {total}, more than two thirds are needed")]
    Power {
        /// Power of the voters.
        held: u64,
        /// Power in all.
        total: u64,
    },
}

crate::wire_struct! {
    /// A validator as consensus sees it.
    pub struct Validator {
        /// Its address.
        pub address: Address,
        /// Its key.
        pub key: PublicKey,
        /// Its power.
        pub power: u32,
    }
}

/// The validators of a height, sorted by address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorSet(Vec<Validator>);

impl ValidatorSet {
    /// Sorts validator keys into a set.
    #[must_use]
    pub fn new(keys: &[ValidatorKey]) -> Self {
        let mut validators: Vec<_> = keys
            .iter()
            .map(|v| Validator { address: address(&v.key), key: v.key.clone(), power: v.power })
            .collect();
        validators.sort_by_key(|v| v.address);
        Self(validators)
    }
    /// The validators.
    #[must_use]
    pub fn validators(&self) -> &[Validator] {
        &self.0
    }
    /// The validator of this address.
    #[must_use]
    pub fn get(&self, address: &Address) -> Option<&Validator> {
        self.0.iter().find(|v| &v.address == address)
    }
    /// The validator whose turn it is to propose, where these wait theirs out.
    #[must_use]
    pub fn proposer(&self, height: Height, round: u32, waiting: &[Address]) -> Option<&Validator> {
        let waits: Vec<_> = self.0.iter().map(|validator| waiting.contains(&validator.address)).collect();
        self.0.get(turn(height, round, &waits)?)
    }
    /// The power of all.
    #[must_use]
    pub fn total_power(&self) -> u64 {
        self.0.iter().fold(0, |sum, v| sum.saturating_add(u64::from(v.power)))
    }
    /// The digest that headers carry.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sm3(&[&to_bytes(self)])
    }
}

impl Wire for ValidatorSet {
    fn put(&self, out: &mut Out) {
        self.0.put(out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        let validators: Vec<Validator> = Wire::take(input)?;
        if !validators.is_sorted_by(|a, b| a.address < b.address) {
            return Err(WireError::Order);
        }
        Ok(Self(validators))
    }
}

impl Certificate {
    /// Whether these validators decided this block: every signature fits, and together they hold
    /// more than two thirds.
    ///
    /// # Errors
    /// [`CertificateError`] names the first thing wrong.
    pub fn check(
        &self,
        validators: &ValidatorSet,
        chain: ChainId,
        signatures: &dyn Signatures,
    ) -> Result<(), CertificateError> {
        if !self.signatures.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err(CertificateError::Order);
        }
        let mut held = 0u64;
        for (voter, signature) in &self.signatures {
            let validator = validators.get(voter).ok_or(CertificateError::Stranger(*voter))?;
            let body = vote_body(self.height, self.round, Some(self.block), *voter, true);
            if !signatures.holds(&validator.key, &digest(chain, Kind::Vote, &body), signature) {
                return Err(CertificateError::Signature(*voter));
            }
            held = held.saturating_add(u64::from(validator.power));
        }
        let total = validators.total_power();
        if held.saturating_mul(3) > total.saturating_mul(2) {
            Ok(())
        } else {
            Err(CertificateError::Power { held, total })
        }
    }
}
