//! What a requester signs to be given the key of an answer.

use gm::domain::{ChainId, Kind};
use gm::sm2::{KeyId, PublicKey, SecretKey, SignFault, Signature};
use gm::sm3::Digest;
use ledger::ids::{Height, QueryId};
use ledger::wire::to_bytes;

ledger::wire_struct! {
    /// "I have these ciphertext bytes and not the key." Signed by `online`, kind hold.
    pub struct Hold {
        /// The protocol's version.
        pub version: u16,
        /// Which answer.
        pub query_id: QueryId,
        /// Its header.
        pub answer_digest: Digest,
        /// SM3 of the ciphertext held.
        pub sealed_digest: Digest,
        /// The key that signs this.
        pub key_id: KeyId,
        /// The requester's head: a Hold counts only while it is fresh.
        pub height: Height,
    }
}

ledger::wire_struct! {
    /// "Send me that answer again, to this key." Signed by `online`, kind refetch.
    pub struct Refetch {
        /// The protocol's version.
        pub version: u16,
        /// Which answer.
        pub query_id: QueryId,
        /// As the record says.
        pub answer_digest: Digest,
        /// A fresh key: the seed is wrapped to it.
        pub reply_key: PublicKey,
        /// The key that signs this.
        pub key_id: KeyId,
        /// The requester's head.
        pub seen_height: Height,
    }
}

impl Hold {
    /// The requester's signature on it.
    ///
    /// # Errors
    /// [`SignFault`] when the key cannot sign.
    pub fn sign(&self, chain: ChainId, key: &SecretKey) -> Result<Signature, SignFault> {
        key.sign(chain, Kind::Hold, &to_bytes(self))
    }

    /// Whether this key signed it.
    #[must_use]
    pub fn is_signed(&self, chain: ChainId, key: &PublicKey, signature: &Signature) -> bool {
        key.verify(chain, Kind::Hold, &to_bytes(self), signature)
    }
}

impl Refetch {
    /// The requester's signature on it.
    ///
    /// # Errors
    /// [`SignFault`] when the key cannot sign.
    pub fn sign(&self, chain: ChainId, key: &SecretKey) -> Result<Signature, SignFault> {
        key.sign(chain, Kind::Refetch, &to_bytes(self))
    }

    /// Whether this key signed it.
    #[must_use]
    pub fn is_signed(&self, chain: ChainId, key: &PublicKey, signature: &Signature) -> bool {
        key.verify(chain, Kind::Refetch, &to_bytes(self), signature)
    }
}
