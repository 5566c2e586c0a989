//! A secret key: signs, and decrypts what was encrypted to its public key.

use alloc::vec::Vec;
use core::fmt;

use ::signature::Signer;
use ::sm2::dsa::SigningKey;
use ::sm2::pke::{DecryptingKey, Mode};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::domain::{self, ChainId, Kind};
use crate::limits::PUBLIC_KEY_BYTES;
use crate::random::{self, RandomFault};
use crate::sm3::Digest;
use crate::sm4::OpenError;

use super::{DIGEST_BYTES, KeyError, PublicKey, Signature, USER_ID};

/// n − 1: the one number below the order with which SM2 cannot sign (1 + d has no inverse).
const ORDER_MINUS_ONE: [u8; 32] = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x72,
    0x03, 0xdf, 0x6b, 0x21, 0xc6, 0x05, 0x2b, 0x53, 0xbb, 0xf4, 0x09, 0x39, 0xd5, 0x41, 0x22,
];

/// A secret key with its public key. Wiped when dropped and never shown.
///
/// The signing and decrypting forms of the `sm2` crate are not wiped, so they are made for
/// each use and live only on the stack for its length; that costs one multiplication by the
/// generator, about 0.1 ms.
#[derive(Clone)]
pub struct SecretKey {
    secret: ::sm2::SecretKey,
    public: PublicKey,
}

/// No signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignFault {
    /// The arithmetic hit a value the standard forbids (about one in 2²⁵⁶).
    #[error("the signature came out as a value the standard forbids; sign a message that differs")]
    Arithmetic,
    /// Raw messages of 32 bytes could be digests of ledger objects.
    #[error("a raw message of 32 bytes could pass for a digest; sign it under a domain")]
    DigestLength,
}

impl SecretKey {
    /// A fresh key.
    ///
    /// # Errors
    /// [`RandomFault`] when the system's random source fails.
    pub fn generate() -> Result<Self, RandomFault> {
        loop {
            let bytes = Zeroizing::new(random::bytes::<32>()?);
            // Outside 1 ..= n − 2 about once in 2³² draws: draw again, so that all are equally likely.
            if let Ok(key) = Self::from_bytes(&bytes) {
                return Ok(key);
            }
        }
    }

    /// A stored key: 32 bytes, big endian.
    ///
    /// # Errors
    /// [`KeyError::SecretKey`] unless the number lies in 1 ..= n − 2.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        if bytes.ct_eq(&ORDER_MINUS_ONE).into() {
            return Err(KeyError::SecretKey);
        }
        let secret = ::sm2::SecretKey::from_slice(bytes).map_err(|_| KeyError::SecretKey)?;
        let public = PublicKey::from_bytes(&secret.public_key().to_sec1_bytes())?;
        Ok(Self { secret, public })
    }

    /// The 32 bytes to be stored.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        let mut number = self.secret.to_bytes();
        let bytes = Zeroizing::new(number.into());
        number.as_mut_slice().zeroize();
        bytes
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    /// Signs `body` as `kind` on `chain`.
    ///
    /// # Errors
    /// [`SignFault::Arithmetic`], in theory.
    pub fn sign(&self, chain: ChainId, kind: Kind, body: &[u8]) -> Result<Signature, SignFault> {
        self.sign_digest(&domain::digest(chain, kind, body))
    }

    /// Signs an object known by its digest of [`domain::digest`].
    ///
    /// # Errors
    /// [`SignFault::Arithmetic`], in theory.
    pub fn sign_digest(&self, digest: &Digest) -> Result<Signature, SignFault> {
        self.make(&digest.0)
    }

    /// Signs bytes as they stand: only for the consensus engine's validator proof, whose
    /// preimage is the engine's.
    ///
    /// # Errors
    /// [`SignFault::DigestLength`] for messages of 32 bytes; [`SignFault::Arithmetic`], in
    /// theory.
    pub fn sign_raw(&self, message: &[u8]) -> Result<Signature, SignFault> {
        if message.len() == DIGEST_BYTES {
            return Err(SignFault::DigestLength);
        }
        self.make(message)
    }

    /// Decrypts a C1C3C2 ciphertext with an uncompressed C1 that is on the curve and a C3 that
    /// holds; anything else is refused.
    pub(crate) fn decrypt(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        if sealed.len() <= PUBLIC_KEY_BYTES + DIGEST_BYTES || sealed.first() != Some(&4) {
            return Err(OpenError::Malformed);
        }
        DecryptingKey::new_with_mode(self.secret.to_nonzero_scalar(), Mode::C1C3C2)
            .decrypt(sealed)
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Forged)
    }

    fn make(&self, message: &[u8]) -> Result<Signature, SignFault> {
        let key = SigningKey::new(USER_ID, &self.secret).map_err(|_| SignFault::Arithmetic)?;
        let made: ::sm2::dsa::Signature = key.try_sign(message).map_err(|_| SignFault::Arithmetic)?;
        Signature::from_slice(&made.to_bytes()).map_err(|_| SignFault::Arithmetic)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";

    fn key() -> SecretKey {
        SecretKey::from_bytes(&hex::decode(KEY).unwrap().try_into().unwrap()).unwrap()
    }

    #[test]
    fn the_ciphertext_of_gmt_0003_5_annex_c_2_is_decrypted_and_no_other() {
        let sealed = hex::decode(concat!(
            "04",
            "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73",
            "e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0",
            "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766",
            "21886ca989ca9c7d58087307ca93092d651efa",
        ))
        .unwrap();
        assert_eq!(key().decrypt(&sealed).unwrap().as_slice(), b"encryption standard");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key().decrypt(&changed).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            // Point and digest alone are no ciphertext, however short what was encrypted.
            let fault = if length <= 97 { OpenError::Malformed } else { OpenError::Forged };
            assert_eq!(key().decrypt(&sealed[..length]), Err(fault), "{length} bytes");
        }
    }

    #[test]
    fn other_forms_of_the_point_are_refused() {
        for first in [0, 2, 3, 5, 6, 7] {
            let mut sealed = key().public().encrypt(b"secret").unwrap();
            sealed[0] = first;
            assert_eq!(key().decrypt(&sealed), Err(OpenError::Malformed), "{first:02x}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_is_encrypted_is_decrypted(secret in proptest::collection::vec(any::<u8>(), 1..200)) {
            let opened = key().decrypt(&key().public().encrypt(&secret).unwrap()).unwrap();
            prop_assert_eq!(opened.as_slice(), secret.as_slice());
        }

        #[test]
        fn any_bytes_are_refused(point: bool, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let public = key().public();
            let head: &[u8] = if point { public.as_bytes() } else { &[4] };
            prop_assert!(key().decrypt(&[head, &bytes].concat()).is_err());
        }
    }
}
