//! SM2 as the engine's signature scheme, and what exactly is signed.
//!
//! Votes, proposals and announcements of blocks are signed as digests of their kinds
//! (`gm::domain`). The validator proof is the one exception: its preimage is the engine's.

use std::sync::Arc;

use async_trait::async_trait;
use borsh::{BorshDeserialize, BorshSerialize};
use gm::domain::{self, ChainId, Kind};
use gm::sm2::{PublicKey, SecretKey, Signature, Signatures};
use gm::sm3::Digest;
use ledger::certificate::vote_body;
use ledger::wire::to_bytes;
use malachitebft_core_types::{
    NilOrVal, Round, SignedMessage, SigningScheme, ValidatorProof, VoteExtensionScope, VoteType,
};
use malachitebft_signing::{Error, VerificationResult};

use super::context::{Announcement, Ctx, Proposal, Vote};

/// Version of the bodies signed here.
const VERSION: u8 = 1;

/// A signature as it travels: its range is checked when it is verified.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub(crate) struct Sig(pub(crate) [u8; 64]);

impl From<&Signature> for Sig {
    fn from(signature: &Signature) -> Self {
        Self(*signature.as_bytes())
    }
}

impl Sig {
    /// The signature, if r and s are in range.
    pub(crate) fn parse(&self) -> Option<Signature> {
        Signature::from_slice(&self.0).ok()
    }
}

/// A validator's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VoterKey(pub(crate) PublicKey);

/// The scheme's name for the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sm2Scheme;

impl SigningScheme for Sm2Scheme {
    type DecodingError = &'static str;
    type Signature = Sig;
    type PublicKey = VoterKey;
    type PrivateKey = Arc<SecretKey>;

    fn decode_signature(bytes: &[u8]) -> Result<Sig, Self::DecodingError> {
        bytes.try_into().map(Sig).map_err(|_| "an SM2 signature has 64 bytes")
    }
    fn encode_signature(signature: &Sig) -> Vec<u8> {
        signature.0.to_vec()
    }
    fn decode_public_key(bytes: &[u8]) -> Result<VoterKey, Self::DecodingError> {
        PublicKey::from_bytes(bytes).map(VoterKey).map_err(|_| "not a point of the SM2 curve")
    }
    fn encode_public_key(key: &VoterKey) -> Vec<u8> {
        key.0.as_bytes().to_vec()
    }
}

/// A round as a number: 0 is "none", 1 is the first.
fn round_number(round: Round) -> u64 {
    round.as_u32().map_or(0, |round| u64::from(round) + 1)
}

fn vote_digest(chain: ChainId, vote: &Vote) -> Digest {
    let block = match &vote.value {
        NilOrVal::Nil => None,
        NilOrVal::Val(id) => Some((*id).into()),
    };
    // The extension stays outside: a certificate is checked against the bare vote.
    let body = vote_body(
        vote.height.into(),
        vote.round.as_u32().unwrap_or(u32::MAX), // a vote always has a round
        block,
        vote.address.into(),
        vote.kind == VoteType::Precommit,
    );
    domain::digest(chain, Kind::Vote, &body)
}

fn proposal_digest(chain: ChainId, proposal: &Proposal) -> Digest {
    let rounds = (round_number(proposal.round), round_number(proposal.pol_round));
    let body = (VERSION, proposal.height.0, rounds, proposal.value.0.0, proposal.address.0);
    domain::digest(chain, Kind::Proposal, &to_bytes(&body))
}

fn announcement_digest(chain: ChainId, announcement: &Announcement) -> Digest {
    let rounds = (round_number(announcement.round), round_number(announcement.valid_round));
    let block = (announcement.id.0, announcement.content, announcement.size);
    let body = (VERSION, announcement.height.0, rounds, announcement.proposer.0, block);
    domain::digest(chain, Kind::Part, &to_bytes(&body))
}

/// Checks what others signed.
#[derive(Clone)]
pub(crate) struct Verifier {
    chain: ChainId,
    signatures: Arc<dyn Signatures>,
}

impl Verifier {
    /// Checks on this chain.
    pub(crate) fn new(chain: ChainId, signatures: Arc<dyn Signatures>) -> Self {
        Self { chain, signatures }
    }

    /// Whether the proposer signed this announcement.
    pub(crate) fn announced(&self, announcement: &Announcement, signature: &Sig, key: &VoterKey) -> bool {
        self.holds(&announcement_digest(self.chain, announcement), signature, key)
    }

    /// Whether this vote is of this key.
    pub(crate) fn voted(&self, vote: &Vote, signature: &Sig, key: &VoterKey) -> bool {
        self.holds(&vote_digest(self.chain, vote), signature, key)
    }

    /// Whether this proposal is of this key.
    pub(crate) fn proposed(&self, proposal: &Proposal, signature: &Sig, key: &VoterKey) -> bool {
        self.holds(&proposal_digest(self.chain, proposal), signature, key)
    }

    fn holds(&self, digest: &Digest, signature: &Sig, key: &VoterKey) -> bool {
        signature.parse().is_some_and(|signature| self.signatures.holds(&key.0, digest, &signature))
    }
}

#[async_trait]
impl malachitebft_signing::Verifier<Ctx> for Verifier {
    async fn verify_signed_vote(
        &self,
        vote: &Vote,
        signature: &Sig,
        key: &VoterKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::from_bool(self.voted(vote, signature, key)))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &Proposal,
        signature: &Sig,
        key: &VoterKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::from_bool(self.proposed(proposal, signature, key)))
    }

    async fn verify_signed_vote_extension(
        &self,
        _: &VoteExtensionScope<Ctx>,
        (): &(),
        _: &Sig,
        _: &VoterKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Invalid) // extensions are disabled on this chain
    }

    async fn verify_validator_proof(&self, proof: &ValidatorProof<Ctx>) -> Result<VerificationResult, Error> {
        let key = proof.decoded_public_key().ok();
        let signature = proof.signature.parse();
        let valid = key
            .zip(signature)
            .is_some_and(|(key, signature)| key.0.verify_raw(&proof.preimage(), &signature));
        Ok(VerificationResult::from_bool(valid))
    }
}

/// Signs with the consensus key.
#[derive(Clone)]
pub(crate) struct Signer {
    chain: ChainId,
    key: Key,
}

/// What is signed with.
#[derive(Clone)]
enum Key {
    Sm2(Arc<SecretKey>),
    /// Marks what the simulator's nodes sign. No release build has it.
    #[cfg(test)]
    Mark(PublicKey),
}

impl Signer {
    /// A signer for this chain.
    pub(crate) fn new(chain: ChainId, key: SecretKey) -> Self {
        Self { chain, key: Key::Sm2(Arc::new(key)) }
    }

    /// One that marks instead, as cheaply as the simulator needs it.
    #[cfg(test)]
    pub(crate) fn marking(chain: ChainId, key: PublicKey) -> Self {
        Self { chain, key: Key::Mark(key) }
    }

    /// The key others check with.
    pub(crate) fn public(&self) -> PublicKey {
        match &self.key {
            Key::Sm2(key) => key.public(),
            #[cfg(test)]
            Key::Mark(key) => key.clone(),
        }
    }

    fn sign(&self, digest: &Digest) -> Result<Sig, Error> {
        match &self.key {
            Key::Sm2(key) => {
                key.sign_digest(digest).map(|signature| Sig::from(&signature)).map_err(|_| Error::new())
            }
            #[cfg(test)]
            Key::Mark(key) => Ok(Sig::from(&crate::simulation::marks::mark(key, digest))),
        }
    }

    /// Signs the head of a block on its way.
    pub(crate) fn announce(&self, announcement: &Announcement) -> Result<Sig, Error> {
        self.sign(&announcement_digest(self.chain, announcement))
    }
}

#[async_trait]
impl malachitebft_signing::Signer<Ctx> for Signer {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Ctx, Vote>, Error> {
        let signature = self.sign(&vote_digest(self.chain, &vote))?;
        Ok(SignedMessage::new(vote, signature))
    }

    async fn sign_proposal(&self, proposal: Proposal) -> Result<SignedMessage<Ctx, Proposal>, Error> {
        let signature = self.sign(&proposal_digest(self.chain, &proposal))?;
        Ok(SignedMessage::new(proposal, signature))
    }

    async fn sign_vote_extension(
        &self,
        _: VoteExtensionScope<Ctx>,
        (): (),
    ) -> Result<SignedMessage<Ctx, ()>, Error> {
        Err(Error::from_source("vote extensions are disabled on this chain"))
    }

    async fn sign_validator_proof(&self, key: Vec<u8>, peer: Vec<u8>) -> Result<ValidatorProof<Ctx>, Error> {
        let preimage = ValidatorProof::<Ctx>::signing_bytes(&key, &peer);
        let signature = match &self.key {
            Key::Sm2(key) => key.sign_raw(&preimage).map_err(|_| Error::new())?,
            #[cfg(test)]
            Key::Mark(_) => return Err(Error::from_source("there is no network to prove it to")),
        };
        Ok(ValidatorProof::new(key, peer, Sig::from(&signature)))
    }
}
