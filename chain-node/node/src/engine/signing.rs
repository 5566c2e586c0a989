//! SM2 as the engine's signature scheme, and what exactly is signed.
//!
//! Votes, proposals and announcements of blocks are signed as digests of their kinds
//! (`gm::domain`). The validator proof is the one exception: its preimage is the engine's.

use std::sync::Arc;

use async_trait::async_trait;
use borsh::{BorshDeserialize, BorshSerialize};
use gm::domain::ChainId;
use gm::sm2::{PublicKey, SecretKey, Signature, Signatures};
use gm::sm3::Digest;
use ledger::equivocation::{Equivocation, Message};
use ledger::ids::{Address, Height};
use malachitebft_core_types::{
    NilOrVal, SignedMessage, SigningScheme, ValidatorProof, VoteExtensionScope, VoteType,
};
use malachitebft_signing::{Error, VerificationResult};

use super::context::{Announcement, Ctx, Proposal, Vote};
use super::sign_guard::SignGuard;
use crate::fault::NodeFault;

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

/// A vote in the ledger's words. Its extension stays outside.
pub(crate) fn vote_message(vote: &Vote) -> Message {
    let block = match &vote.value {
        NilOrVal::Nil => None,
        NilOrVal::Val(id) => Some((*id).into()),
    };
    let round = vote.round.as_u32().unwrap_or(u32::MAX); // a vote always has a round
    Message::Vote { round, is_precommit: vote.kind == VoteType::Precommit, block }
}

/// A proposal in the ledger's words.
pub(crate) fn proposal_message(proposal: &Proposal) -> Message {
    Message::Proposal {
        round: proposal.round.as_u32().unwrap_or(u32::MAX), // as a vote
        valid_round: proposal.pol_round.as_u32(),
        block: proposal.value.0.into(),
    }
}

/// An announcement in the ledger's words.
pub(crate) fn announcement_message(announcement: &Announcement) -> Message {
    Message::Announcement {
        round: announcement.round.as_u32().unwrap_or(u32::MAX), // only those with a round are heeded
        valid_round: announcement.valid_round.as_u32(),
        block: announcement.id.into(),
        content: Digest(announcement.content),
        size: announcement.size,
    }
}

fn vote_digest(chain: ChainId, vote: &Vote) -> Digest {
    vote_message(vote).digest(chain, vote.height.into(), vote.address.into())
}

fn proposal_digest(chain: ChainId, proposal: &Proposal) -> Digest {
    proposal_message(proposal).digest(chain, proposal.height.into(), proposal.address.into())
}

fn announcement_digest(chain: ChainId, announcement: &Announcement) -> Digest {
    let (height, proposer) = (announcement.height.into(), announcement.proposer.into());
    announcement_message(announcement).digest(chain, height, proposer)
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

    /// Whether both messages of an equivocation are of this key.
    pub(crate) fn equivocated(&self, proof: &Equivocation, key: &VoterKey) -> bool {
        [&proof.one, &proof.other].into_iter().all(|(message, signature)| {
            let digest = message.digest(self.chain, proof.height, proof.validator);
            self.signatures.holds(&key.0, &digest, signature)
        })
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

/// Signs with the consensus key, and nothing that contradicts what was signed with it before.
#[derive(Clone)]
pub(crate) struct Signer {
    chain: ChainId,
    key: Key,
    guard: Arc<SignGuard>,
    report: Report,
}

/// What is signed with.
#[derive(Clone)]
enum Key {
    Sm2(Arc<SecretKey>),
    /// Marks what the simulator's nodes sign. No release build has it.
    #[cfg(test)]
    Mark(PublicKey),
}

/// Where it goes that a signature was refused: the node ends.
pub(crate) type Report = Arc<dyn Fn(NodeFault) + Send + Sync>;

impl Signer {
    /// A signer for this chain.
    pub(crate) fn new(chain: ChainId, key: SecretKey, guard: Arc<SignGuard>, report: Report) -> Self {
        Self { chain, key: Key::Sm2(Arc::new(key)), guard, report }
    }

    /// One whose guard knows nothing of before.
    #[cfg(test)]
    pub(crate) fn forgetful(chain: ChainId, key: SecretKey) -> Self {
        Self::new(chain, key, Arc::new(SignGuard::in_memory()), Arc::new(|_| ()))
    }

    /// The same key beside its guard: what lies.
    #[cfg(test)]
    pub(crate) fn lying(&self) -> Self {
        Self { guard: Arc::new(SignGuard::in_memory()), ..self.clone() }
    }

    /// One that marks instead, as cheaply as the simulator needs it.
    #[cfg(test)]
    pub(crate) fn marking(chain: ChainId, key: PublicKey, guard: Arc<SignGuard>, report: Report) -> Self {
        Self { chain, key: Key::Mark(key), guard, report }
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

    /// Signs the head of a block on its way; nothing if it contradicts one signed before. The signature
    /// must not leave before [`Self::let_out`].
    pub(crate) fn announce(&self, announcement: &Announcement) -> Result<Option<Sig>, NodeFault> {
        let digest = announcement_digest(self.chain, announcement);
        let place = announcement_message(announcement).place();
        if self.guard.check(announcement.height.into(), place, &digest).is_err() {
            return Ok(None);
        }
        self.sign(&digest).map(Some).map_err(|_| NodeFault::Signing)
    }

    /// Keeps that an announcement leaves. Its block is on disk before: after a crash the same one is announced.
    pub(crate) fn let_out(&self, announcement: &Announcement) -> Result<(), NodeFault> {
        let digest = announcement_digest(self.chain, announcement);
        let place = announcement_message(announcement).place();
        self.guard.keep(announcement.height.into(), place, &digest)
    }

    /// Signs a message of consensus. The engine stops at one that is refused, and the node with it.
    fn say(&self, height: Height, voter: Address, message: &Message) -> Result<Sig, Error> {
        let digest = message.digest(self.chain, height, voter);
        if let Err(fault) = self.guard.keep(height, message.place(), &digest) {
            let error = Error::from_source(fault.to_string());
            (self.report)(fault);
            return Err(error);
        }
        self.sign(&digest)
    }
}

#[async_trait]
impl malachitebft_signing::Signer<Ctx> for Signer {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Ctx, Vote>, Error> {
        let signature = self.say(vote.height.into(), vote.address.into(), &vote_message(&vote))?;
        Ok(SignedMessage::new(vote, signature))
    }

    async fn sign_proposal(&self, proposal: Proposal) -> Result<SignedMessage<Ctx, Proposal>, Error> {
        let message = proposal_message(&proposal);
        let signature = self.say(proposal.height.into(), proposal.address.into(), &message)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use malachitebft_core_types::{Context as _, Round};
    use malachitebft_signing::Signer as _;
    use std::sync::Mutex;

    use crate::engine::context;

    /// A validator votes, its folder goes back in time, and it is asked for another vote at the same place.
    #[test]
    fn a_vote_that_contradicts_another_is_not_signed_and_ends_the_node() {
        let (guard, told) = (Arc::new(SignGuard::in_memory()), Arc::new(Mutex::new(Vec::new())));
        let key = SecretKey::from_bytes(&[7; 32]).unwrap();
        let signer = || {
            let told = Arc::clone(&told);
            let report = Arc::new(move |fault| told.lock().unwrap().push(fault));
            Signer::new(ChainId(Digest([1; 32])), key.clone(), Arc::clone(&guard), report)
        };
        let vote = |value| {
            let (height, address) = (context::Height(5), context::Address([7; 20]));
            Ctx.new_prevote(height, Round::new(0), value, address)
        };
        let sign = |signer: Signer, vote| futures::executor::block_on(signer.sign_vote(vote));
        let one = vote(NilOrVal::Nil);
        assert!(sign(signer(), one.clone()).is_ok());
        assert!(sign(signer(), one.clone()).is_ok(), "the same again");
        assert!(told.lock().unwrap().is_empty());
        let other = vote(NilOrVal::Val(context::BlockId([1; 32])));
        assert!(sign(signer(), other).is_err());
        assert!(matches!(told.lock().unwrap().as_slice(), [NodeFault::Contradiction { height: 5, .. }]));
        assert!(sign(signer(), Ctx.new_precommit(one.height, one.round, one.value, one.address)).is_err());
    }
}
