//! What consensus talks about: heights, validators, votes, proposals, parts of blocks.
//!
//! The value agreed on is the block's id alone. The block travels in parts and waits in the
//! store, so votes, proposals and the engine's log stay small.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use ledger::{certificate, turns};
use malachitebft_core_types as core;
use malachitebft_core_types::{
    LinearTimeouts, NilOrVal, Round, SignedExtension, ValidatorSet as _, VoteType, VotingPower,
};

use super::signing::{Sig, Sm2Scheme, VoterKey};

/// A block's place in the chain.
#[derive(
    Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub(crate) struct Height(pub(crate) u64);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::Height for Height {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);
    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }
    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }
    fn as_u64(&self) -> u64 {
        self.0
    }
}

impl From<ledger::ids::Height> for Height {
    fn from(height: ledger::ids::Height) -> Self {
        Self(height.0)
    }
}

impl From<Height> for ledger::ids::Height {
    fn from(height: Height) -> Self {
        Self(height.0)
    }
}

macro_rules! named_bytes {
    ($(#[$meta:meta])* $name:ident, $n:literal, $ledger:ty) => {
        $(#[$meta])*
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        pub(crate) struct $name(pub(crate) [u8; $n]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }
        impl From<$ledger> for $name {
            fn from(id: $ledger) -> Self {
                Self(id.0)
            }
        }
        impl From<$name> for $ledger {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }
    };
}

named_bytes! {
    /// A validator, or a node that only follows.
    Address, 20, ledger::ids::Address
}
named_bytes! {
    /// A block.
    BlockId, 32, ledger::ids::BlockId
}

impl core::Address for Address {}

/// What consensus agrees on: the id of a block that the store holds.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub(crate) struct BlockRef(pub(crate) BlockId);

impl core::Value for BlockRef {
    type Id = BlockId;
    fn id(&self) -> BlockId {
        self.0
    }
}

/// One voter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validator {
    address: Address,
    key: VoterKey,
    power: VotingPower,
}

impl core::Validator<Ctx> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }
    fn public_key(&self) -> &VoterKey {
        &self.key
    }
    fn voting_power(&self) -> VotingPower {
        self.power
    }
}

/// The voters of a height, sorted by address, and who of them waits turns out. Cloned often, so shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validators(Arc<Vec<Validator>>, Arc<[bool]>);

impl Validators {
    /// The voters of a height at which these wait.
    pub(crate) fn new(set: &certificate::ValidatorSet, waiting: &[ledger::ids::Address]) -> Self {
        let validators = set.validators().iter().map(|validator| Validator {
            address: validator.address.into(),
            key: VoterKey(validator.key.clone()),
            power: u64::from(validator.power),
        });
        let waits = set.validators().iter().map(|validator| waiting.contains(&validator.address));
        Self(Arc::new(validators.collect()), waits.collect())
    }
}

impl core::ValidatorSet<Ctx> for Validators {
    fn count(&self) -> usize {
        self.0.len()
    }
    fn total_voting_power(&self) -> VotingPower {
        self.0.iter().fold(0, |sum: u64, validator| sum.saturating_add(validator.power))
    }
    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        self.0.iter().find(|validator| &validator.address == address)
    }
    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }
}

impl Validators {
    /// The validator whose turn it is, by the ledger's rule.
    fn proposer(&self, height: Height, round: Round) -> Option<&Validator> {
        let round = round.as_u32().unwrap_or_default();
        self.0.get(turns::turn(height.into(), round, &self.1)?)
    }
}

impl Validators {
    /// Whether this address votes.
    pub(crate) fn contains(&self, address: &Address) -> bool {
        self.get_by_address(address).is_some()
    }

    /// How many voters there are besides this address.
    pub(crate) fn others(&self, address: &Address) -> usize {
        self.0.iter().filter(|validator| &validator.address != address).count()
    }

    /// The key of this address, if it is its turn to propose.
    pub(crate) fn turn(&self, height: Height, round: Round, address: &Address) -> Option<&VoterKey> {
        let proposer = self.proposer(height, round)?;
        (&proposer.address == address).then_some(&proposer.key)
    }

    /// Whether these, each counted once, hold more than a third of the power: one of them is honest then.
    pub(crate) fn is_third(&self, addresses: &BTreeSet<Address>) -> bool {
        let held = addresses.iter().filter_map(|address| self.get_by_address(address));
        let power = held.fold(0u64, |sum, validator| sum.saturating_add(validator.power));
        power.saturating_mul(3) > self.total_voting_power()
    }

    /// The key of this address.
    pub(crate) fn key(&self, address: &Address) -> Option<&VoterKey> {
        self.get_by_address(address).map(|validator| &validator.key)
    }
}

/// The head of a proposed block on its way: who proposes what, signed (kind `part`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Announcement {
    /// The height it is for.
    pub(crate) height: Height,
    /// The round it is for.
    pub(crate) round: Round,
    /// The round in which two thirds had prevoted for it, if it is proposed again.
    pub(crate) valid_round: Round,
    /// Whose turn it is.
    pub(crate) proposer: Address,
    /// The block.
    pub(crate) id: BlockId,
    /// SM3 of the block's bytes: nobody but the proposer can send others under this head.
    pub(crate) content: [u8; 32],
    /// How many bytes these are.
    pub(crate) size: u32,
}

/// Prevotes of one round for a block: if they are of more than a third of the power, an honest validator
/// found the block's time near its clock when it was new.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Backing {
    /// The round of the votes.
    pub(crate) round: Round,
    /// Who prevoted, with the signatures.
    pub(crate) prevotes: Vec<(Address, Sig)>,
}

/// One frame of a block on its way; the end is the stream's own mark.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum Part {
    /// The first frame.
    Head(Announcement, Sig),
    /// Bytes of the block.
    Data(Vec<u8>),
    /// The second frame of a block that goes out once more.
    Backing(Backing),
}

impl core::ProposalPart<Ctx> for Part {
    fn is_first(&self) -> bool {
        matches!(self, Self::Head(..))
    }
    fn is_last(&self) -> bool {
        false // the stream has an end mark of its own
    }
}

/// A proposal as consensus signs it (kind `proposal`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Proposal {
    pub(crate) height: Height,
    pub(crate) round: Round,
    pub(crate) value: BlockRef,
    pub(crate) pol_round: Round,
    pub(crate) address: Address,
}

impl core::Proposal<Ctx> for Proposal {
    fn height(&self) -> Height {
        self.height
    }
    fn round(&self) -> Round {
        self.round
    }
    fn value(&self) -> &BlockRef {
        &self.value
    }
    fn take_value(self) -> BlockRef {
        self.value
    }
    fn pol_round(&self) -> Round {
        self.pol_round
    }
    fn validator_address(&self) -> &Address {
        &self.address
    }
}

/// A prevote or precommit (kind `vote`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Vote {
    pub(crate) kind: VoteType,
    pub(crate) height: Height,
    pub(crate) round: Round,
    pub(crate) value: NilOrVal<BlockId>,
    pub(crate) address: Address,
    pub(crate) extension: Option<SignedExtension<Ctx>>,
}

impl core::Vote<Ctx> for Vote {
    fn height(&self) -> Height {
        self.height
    }
    fn round(&self) -> Round {
        self.round
    }
    fn value(&self) -> &NilOrVal<BlockId> {
        &self.value
    }
    fn take_value(self) -> NilOrVal<BlockId> {
        self.value
    }
    fn vote_type(&self) -> VoteType {
        self.kind
    }
    fn validator_address(&self) -> &Address {
        &self.address
    }
    fn extension(&self) -> Option<&SignedExtension<Ctx>> {
        self.extension.as_ref()
    }
    fn take_extension(&mut self) -> Option<SignedExtension<Ctx>> {
        self.extension.take()
    }
    fn extend(self, extension: SignedExtension<Ctx>) -> Self {
        Self { extension: Some(extension), ..self }
    }
}

/// Ties the types together for the engine.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ctx;

impl core::Context for Ctx {
    type Address = Address;
    type Height = Height;
    type ProposalPart = Part;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = Validators;
    type Timeouts = LinearTimeouts;
    type Value = BlockRef;
    type Vote = Vote;
    type Extension = (); // vote extensions stay disabled
    type SigningScheme = Sm2Scheme;

    #[expect(clippy::expect_used, reason = "the engine refuses an empty set before it asks")]
    fn select_proposer<'a>(&self, set: &'a Validators, height: Height, round: Round) -> &'a Validator {
        set.proposer(height, round).expect("a validator set is never empty")
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: BlockRef,
        pol_round: Round,
        address: Address,
    ) -> Proposal {
        Proposal { height, round, value, pol_round, address }
    }

    fn new_prevote(&self, height: Height, round: Round, value: NilOrVal<BlockId>, address: Address) -> Vote {
        Vote { kind: VoteType::Prevote, height, round, value, address, extension: None }
    }

    fn new_precommit(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<BlockId>,
        address: Address,
    ) -> Vote {
        Vote { kind: VoteType::Precommit, height, round, value, address, extension: None }
    }
}
