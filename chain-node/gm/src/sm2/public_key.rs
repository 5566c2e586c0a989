//! A public key: verifies signatures, and is what secrets are encrypted to.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use ::signature::Verifier;
use ::sm2::dsa::VerifyingKey;
use ::sm2::pke::{EncryptingKey, Mode};

use crate::domain::{self, ChainId, Kind};
use crate::limits::PUBLIC_KEY_BYTES;
use crate::random::{self, RandomFault};
use crate::sm3::{Digest, write_hex};

use super::{DIGEST_BYTES, KeyError, KeyId, Signature, USER_ID};

/// A point on the curve, checked when parsed. Cheap to clone: the decoded form, which holds
/// the user hash ZA too, is shared.
#[derive(Clone)]
pub struct PublicKey {
    bytes: [u8; PUBLIC_KEY_BYTES],
    decoded: Arc<VerifyingKey>,
}

impl PublicKey {
    /// Parses `04 ‖ x ‖ y`, 65 bytes; no compressed form.
    ///
    /// # Errors
    /// [`KeyError::PublicKey`] for another length or form, or a point off the curve.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: [u8; PUBLIC_KEY_BYTES] = bytes.try_into().map_err(|_| KeyError::PublicKey)?;
        if bytes.first() != Some(&4) {
            return Err(KeyError::PublicKey);
        }
        let decoded = VerifyingKey::from_sec1_bytes(USER_ID, &bytes).map_err(|_| KeyError::PublicKey)?;
        Ok(Self { bytes, decoded: Arc::new(decoded) })
    }

    /// The 65 bytes `04 ‖ x ‖ y`.
    pub const fn as_bytes(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.bytes
    }

    /// How signed objects name this key.
    pub fn key_id(&self) -> KeyId {
        KeyId::of(self)
    }

    /// Whether this key's holder signed `body` as `kind` on `chain`.
    pub fn verify(&self, chain: ChainId, kind: Kind, body: &[u8], signature: &Signature) -> bool {
        self.verify_digest(&domain::digest(chain, kind, body), signature)
    }

    /// Whether this key's holder signed an object with this digest of [`domain::digest`].
    pub fn verify_digest(&self, digest: &Digest, signature: &Signature) -> bool {
        self.check(&digest.0, signature)
    }

    /// Whether this key's holder signed these bytes as they stand: the consensus engine's
    /// validator proof, nothing else. Messages of 32 bytes are always refused.
    pub fn verify_raw(&self, message: &[u8], signature: &Signature) -> bool {
        message.len() != DIGEST_BYTES && self.check(message, signature)
    }

    /// Encrypts a secret, which is not empty, to this key: GB/T 32918.4 in the order C1C3C2.
    /// Not authenticated as to its sender; for the seed of a [`crate::envelope`] only.
    pub(crate) fn encrypt(&self, secret: &[u8]) -> Result<Vec<u8>, RandomFault> {
        EncryptingKey::new_with_mode(self.decoded.as_ref().into(), Mode::C1C3C2)
            .encrypt(&mut random::source(), secret)
            // The key is on the curve and the secret not empty: only the source can fail.
            .map_err(|_| RandomFault)
    }

    fn check(&self, message: &[u8], signature: &Signature) -> bool {
        signature.numbers().is_some_and(|numbers| self.decoded.verify(message, &numbers).is_ok())
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.bytes)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}
