//! SM4-GCM (GB/T 32907, RFC 8998) with a given key and nonce.
//!
//! The bare operation, for [`crate::envelope`] and [`crate::store_key`], which see to it that
//! a nonce is never used twice under one key. Others should use those.

use alloc::vec::Vec;

use aes_gcm::AesGcm;
use aes_gcm::aead::{AeadInOut, KeyInit, consts::U12};
use zeroize::{Zeroize, Zeroizing};

use crate::limits::{NONCE_BYTES, TAG_BYTES};

type Sm4Gcm = AesGcm<::sm4::Sm4, U12>;

/// Why something sealed or wrapped was not opened. Says nothing about the plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The bytes cannot be what they should be: wrong length or shape.
    #[error(
        "the sealed bytes have a length or shape that sealing never gives; ask the sender for them again"
    )]
    Malformed,
    /// The seal does not hold: other key, other chain, other context, or changed bytes.
    #[error("the seal does not hold under this key and context; the bytes were changed or meant for another")]
    Forged,
}

/// Encrypts and authenticates: ciphertext, then the 16-byte tag. A pair of key and nonce
/// seals one message only, ever.
///
/// GCM ends at 2³⁶ − 32 bytes; beyond it nothing is sealed and the result is empty, which
/// [`open_raw`] refuses.
pub fn seal_raw(key: &[u8; 16], nonce: &[u8; NONCE_BYTES], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len().saturating_add(TAG_BYTES));
    Cipher::new(key).seal_onto(nonce, aad, plain, &mut out);
    out
}

/// Checks and decrypts what [`seal_raw`] made under the same key, nonce and `aad`.
///
/// # Errors
/// [`OpenError::Malformed`] when shorter than a tag, [`OpenError::Forged`] when the tag does
/// not hold.
pub fn open_raw(
    key: &[u8; 16],
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let mut out = Zeroizing::new(Vec::with_capacity(sealed.len().saturating_sub(TAG_BYTES)));
    Cipher::new(key).open_onto(nonce, aad, sealed, &mut out)?;
    Ok(out)
}

/// A key set up once for the many chunks of one envelope; wiped when dropped.
pub(crate) struct Cipher(Sm4Gcm);

impl Cipher {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self(Sm4Gcm::new(key.into()))
    }

    /// Appends ciphertext and tag to `out`; appends nothing beyond GCM's own limit.
    pub(crate) fn seal_onto(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], plain: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(plain);
        let body = out.get_mut(start..).unwrap_or_default();
        match self.0.encrypt_inout_detached(nonce.into(), aad, body.into()) {
            Ok(tag) => out.extend_from_slice(&tag),
            Err(_) => {
                body.zeroize();
                out.truncate(start);
            }
        }
    }

    /// Appends the plaintext to `out`; appends nothing when the seal does not hold. `out` is
    /// to have room, else growing it would leave a copy behind.
    pub(crate) fn open_onto(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        let (body, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(OpenError::Malformed)?;
        let start = out.len();
        out.extend_from_slice(body);
        let text = out.get_mut(start..).unwrap_or_default();
        if self.0.decrypt_inout_detached(nonce.into(), aad, text.into(), tag.into()).is_err() {
            out.truncate(start);
            return Err(OpenError::Forged);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [7; 16];
    const NONCE: [u8; 12] = [1; 12];

    #[test]
    fn what_is_sealed_opens() {
        for plain in [b"".as_slice(), b"row", &[9; 1000]] {
            let sealed = seal_raw(&KEY, &NONCE, b"context", plain);
            assert_eq!(sealed.len(), plain.len() + TAG_BYTES);
            assert_eq!(open_raw(&KEY, &NONCE, b"context", &sealed).unwrap().as_slice(), plain);
        }
    }

    #[test]
    fn another_key_nonce_context_or_byte_does_not_open() {
        let sealed = seal_raw(&KEY, &NONCE, b"context", b"row");
        let forged = Err(OpenError::Forged);
        assert_eq!(open_raw(&[8; 16], &NONCE, b"context", &sealed), forged);
        assert_eq!(open_raw(&KEY, &[2; 12], b"context", &sealed), forged);
        assert_eq!(open_raw(&KEY, &NONCE, b"contexT", &sealed), forged);
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert_eq!(open_raw(&KEY, &NONCE, b"context", &other), forged, "byte {at}");
        }
        assert_eq!(open_raw(&KEY, &NONCE, b"context", &sealed[1..]), forged);
        assert_eq!(open_raw(&KEY, &NONCE, b"context", &sealed[..15]), Err(OpenError::Malformed));
    }
}
