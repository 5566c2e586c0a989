//! Sealing of what lies on a department's own disk: one key, one derived key per context.
//!
//! `key = HMAC-SM3(store key, label ‖ context)[..16]`; sealed = nonce (12 random bytes) ‖
//! SM4-GCM with the context as associated data. A context names table and column, so that a
//! value cannot be moved to where it means something else. Random nonces are sound for 2³²
//! values per context.

use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::limits::{NONCE_BYTES, TAG_BYTES};
use crate::random::{self, RandomFault};
use crate::sm3::{Digest, hmac};
use crate::sm4::Cipher;

pub use crate::sm4::OpenError;

/// Labels of derived keys; local to this file, for nothing of this leaves the disk.
const SEAL_LABEL: &[u8; 16] = b"store:seal\0\0\0\0\0\0";
const INDEX_LABEL: &[u8; 16] = b"store:index\0\0\0\0\0";

/// The key a department's own records are sealed under; wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct StoreKey([u8; 32]);

impl StoreKey {
    /// A fresh key.
    ///
    /// # Errors
    /// [`RandomFault`] when the system's random source fails.
    pub fn generate() -> Result<Self, RandomFault> {
        let mut key = Self([0; 32]);
        random::fill(&mut key.0)?;
        Ok(key)
    }

    /// A stored key.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to be stored.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0)
    }

    /// Seals `plain` for `context`: 28 bytes longer.
    ///
    /// # Errors
    /// [`RandomFault`] when the system's random source fails.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, RandomFault> {
        let nonce = random::bytes::<NONCE_BYTES>()?;
        let mut sealed = Vec::with_capacity(plain.len().saturating_add(NONCE_BYTES + TAG_BYTES));
        sealed.extend_from_slice(&nonce);
        self.cipher(context).seal_onto(&nonce, context, plain, &mut sealed);
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] made for the same context.
    ///
    /// # Errors
    /// [`OpenError::Malformed`] when shorter than nonce and tag, [`OpenError::Forged`] under
    /// another key or context, or when changed.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::Malformed)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(body.len()));
        self.cipher(context).open_onto(nonce, context, body, &mut plain)?;
        Ok(plain)
    }

    /// A stand-in by which equal values are found again without being readable: a case
    /// number, for example, is indexed by this only.
    pub fn index(&self, context: &[u8], value: &[u8]) -> Digest {
        let key = Zeroizing::new(hmac(&self.0, &[INDEX_LABEL, context]));
        hmac(key.as_bytes(), &[value])
    }

    fn cipher(&self, context: &[u8]) -> Cipher {
        let full = Zeroizing::new(hmac(&self.0, &[SEAL_LABEL, context]));
        let mut key = Zeroizing::new([0; 16]);
        for (to, from) in key.iter_mut().zip(full.0) {
            *to = from;
        }
        Cipher::new(&key)
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const KEY: StoreKey = StoreKey::from_bytes([3; 32]);

    #[test]
    fn what_is_stored_opens_in_its_own_place_only() {
        let sealed = KEY.seal(b"query.subject", b"990000190001010000").unwrap();
        assert_eq!(sealed.len(), 18 + NONCE_BYTES + TAG_BYTES);
        assert_eq!(KEY.open(b"query.subject", &sealed).unwrap().as_slice(), b"990000190001010000");
        assert_eq!(KEY.open(b"query.case", &sealed), Err(OpenError::Forged));
        assert_eq!(StoreKey::generate().unwrap().open(b"query.subject", &sealed), Err(OpenError::Forged));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x80;
            assert_eq!(KEY.open(b"query.subject", &changed), Err(OpenError::Forged), "byte {at}");
        }
        for short in 0..NONCE_BYTES + TAG_BYTES {
            assert_eq!(KEY.open(b"query.subject", &sealed[..short]), Err(OpenError::Malformed));
        }
    }

    #[test]
    fn equal_values_are_sealed_differently_and_indexed_equally() {
        assert_ne!(KEY.seal(b"case", b"A-1").unwrap(), KEY.seal(b"case", b"A-1").unwrap());
        assert_eq!(KEY.index(b"case", b"A-1"), KEY.index(b"case", b"A-1"));
        assert_ne!(KEY.index(b"case", b"A-1"), KEY.index(b"case", b"A-2"));
        assert_ne!(KEY.index(b"case", b"A-1"), KEY.index(b"subject", b"A-1"));
    }

    #[test]
    fn the_key_is_not_shown_and_goes_there_and_back() {
        assert_eq!(format!("{KEY:?}"), "StoreKey(redacted)");
        assert_eq!(*KEY.to_bytes(), [3; 32]);
    }
}
