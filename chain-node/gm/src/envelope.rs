//! What travels sealed between two departments: a wrapped seed and padded chunks.
//!
//! ```text
//!   seed (32 random bytes) ── wrap ──► SM2 encryption to the reader's key, 129 bytes
//!     │
//!     └─ HMAC-SM3(seed, tag(seal) ‖ chain ‖ context)[..16] = key
//!   plain ‖ 80 00 … 00 ── SM4-GCM, chunks of 64 KiB, nonce = number (8) ‖ last (4) ──► sealed
//! ```
//!
//! Padded to 1, 2, 4 … 64 KiB, then to whole chunks, so that length does not say "found".
//! Called by the exchange. It does not say who sealed: signatures do that elsewhere.

use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain::{self, ChainId, Kind};
use crate::limits::{CHUNK_BYTES, NONCE_BYTES, PADDED_BYTES_MIN, TAG_BYTES, WRAP_BYTES};
use crate::random::{self, RandomFault};
use crate::sm2::{PublicKey, SecretKey};
use crate::sm3::{Digest, hmac};
use crate::sm4::Cipher;

pub use crate::sm4::OpenError;

/// The secret of one envelope, wiped when dropped. One seed seals one message per context:
/// two under the same would share their nonces.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A fresh seed.
    ///
    /// # Errors
    /// [`RandomFault`] when the system's random source fails.
    pub fn generate() -> Result<Self, RandomFault> {
        let mut seed = Self([0; 32]);
        random::fill(&mut seed.0)?;
        Ok(seed)
    }

    /// A seed that was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored sealed.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Encrypts the seed to the reader: 129 bytes, `04 ‖ x ‖ y ‖ C3 ‖ C2`.
    ///
    /// # Errors
    /// [`RandomFault`] when the system's random source fails.
    pub fn wrap(&self, reader: &PublicKey) -> Result<Vec<u8>, RandomFault> {
        reader.encrypt(&self.0)
    }

    /// The seed that was wrapped to this key.
    ///
    /// # Errors
    /// [`OpenError::Malformed`] unless it has 129 bytes of the right form,
    /// [`OpenError::Forged`] when it was made for another key or changed.
    pub fn unwrap_with(reader: &SecretKey, wrapped: &[u8]) -> Result<Self, OpenError> {
        if wrapped.len() != WRAP_BYTES {
            return Err(OpenError::Malformed);
        }
        let bytes = reader.decrypt(wrapped)?;
        let mut seed = Self([0; 32]);
        if bytes.len() != seed.0.len() {
            return Err(OpenError::Malformed);
        }
        seed.0.copy_from_slice(&bytes);
        Ok(seed)
    }

    /// `digest(key, seed)`: binds a header to the seed before it is given out, because
    /// SM4-GCM alone does not commit to its key.
    pub fn commitment(&self, chain: ChainId) -> Digest {
        domain::digest(chain, Kind::Key, &self.0)
    }

    fn cipher(&self, chain: ChainId, context: &[u8]) -> Cipher {
        let full = Zeroizing::new(hmac(&self.0, &[&Kind::Seal.tag(), chain.as_bytes(), context]));
        let mut key = Zeroizing::new([0; 16]);
        for (to, from) in key.iter_mut().zip(full.0) {
            *to = from;
        }
        Cipher::new(&key)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(redacted)")
    }
}

/// Seals `plain` for `context`. The pair of seed and context is to be used once only.
pub fn seal(seed: &Seed, chain: ChainId, context: &[u8], plain: &[u8]) -> Vec<u8> {
    let padded_len = padded_len(plain.len());
    let mut padded = Zeroizing::new(Vec::with_capacity(padded_len));
    padded.extend_from_slice(plain);
    padded.push(0x80);
    padded.resize(padded_len, 0);

    let cipher = seed.cipher(chain, context);
    let chunks = padded_len.div_ceil(CHUNK_BYTES);
    let mut sealed = Vec::with_capacity(padded_len + chunks * TAG_BYTES);
    let mut rest = padded.chunks(CHUNK_BYTES).zip(0u64..).peekable();
    while let Some((chunk, number)) = rest.next() {
        cipher.seal_onto(&nonce(number, rest.peek().is_none()), context, chunk, &mut sealed);
    }
    sealed
}

/// Opens what [`seal`] made under the same seed, chain and context.
///
/// # Errors
/// [`OpenError::Malformed`] for a length that sealing never gives or padding that is not as
/// short as can be, [`OpenError::Forged`] when any chunk was changed, moved, cut or added.
pub fn open(
    seed: &Seed,
    chain: ChainId,
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let padded_len = opened_len(sealed.len()).ok_or(OpenError::Malformed)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(padded_len));
    let cipher = seed.cipher(chain, context);
    let mut rest = sealed.chunks(CHUNK_BYTES + TAG_BYTES).zip(0u64..).peekable();
    while let Some((chunk, number)) = rest.next() {
        cipher.open_onto(&nonce(number, rest.peek().is_none()), context, chunk, &mut plain)?;
    }

    let end = plain.iter().rposition(|byte| *byte != 0).ok_or(OpenError::Malformed)?;
    if plain.get(end) != Some(&0x80) || padded_len != self::padded_len(end) {
        return Err(OpenError::Malformed);
    }
    plain.truncate(end);
    Ok(plain)
}

/// Length after padding: at least one byte more, to the next step.
fn padded_len(plain: usize) -> usize {
    let least = plain.saturating_add(1);
    match least.div_ceil(CHUNK_BYTES) {
        0 | 1 => least.next_power_of_two().max(PADDED_BYTES_MIN),
        chunks => chunks.saturating_mul(CHUNK_BYTES),
    }
}

/// Padded length inside a sealed text of this length, if sealing can give it.
fn opened_len(sealed: usize) -> Option<usize> {
    let chunks = sealed.div_ceil(CHUNK_BYTES + TAG_BYTES);
    let padded = sealed.checked_sub(chunks.checked_mul(TAG_BYTES)?)?;
    let possible = if chunks > 1 {
        padded == chunks.checked_mul(CHUNK_BYTES)?
    } else {
        (PADDED_BYTES_MIN..=CHUNK_BYTES).contains(&padded) && padded.is_power_of_two()
    };
    possible.then_some(padded)
}

/// Chunk number and whether it is the last, so that chunks cannot be moved, cut or added.
fn nonce(number: u64, last: bool) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    let parts = number.to_be_bytes().into_iter().chain(u32::from(last).to_be_bytes());
    for (to, from) in nonce.iter_mut().zip(parts) {
        *to = from;
    }
    nonce
}

#[cfg(test)]
mod tests;
