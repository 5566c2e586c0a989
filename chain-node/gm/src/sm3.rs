//! SM3 digests (GB/T 32905) and HMAC-SM3.
//!
//! Called everywhere; knows nothing of what it digests. Domains are added in
//! [`crate::domain`], tree prefixes in [`crate::merkle`].

use core::fmt;
use core::str::FromStr;

use ::sm3::digest::Digest as _;
use hmac::{Hmac, KeyInit, Mac};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Block size of SM3, to which HMAC pads its key.
const BLOCK_BYTES: usize = 64;

/// A 32-byte SM3 digest. Compared in the ordinary way: for secrets use [`digest_eq`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct Digest(pub [u8; 32]);

/// The text is not the right number of hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the hexadecimal digits expected: 64 for a digest, 32 for a key id")]
pub struct DigestError;

impl Digest {
    /// 32 zero bytes: stands for "none yet" (the parent of the first block).
    pub const ZERO: Self = Self([0; 32]);

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits, in either case.
    ///
    /// # Errors
    /// [`DigestError`] for any other text.
    pub fn from_hex(text: &str) -> Result<Self, DigestError> {
        let mut out = [0; 32];
        hex::decode_to_slice(text, &mut out).map_err(|_| DigestError)?;
        Ok(Self(out))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        Self::from_hex(text)
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Lower-case hexadecimal without an intermediate text.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// SM3 over the parts, one after the other, as if they were one message. Where the parts'
/// lengths vary the caller must make the split unambiguous.
pub fn sm3(parts: &[&[u8]]) -> Digest {
    let mut state = Sm3::new();
    for part in parts {
        state.update(part);
    }
    state.finish()
}

/// SM3 over a message that arrives in pieces.
#[derive(Clone, Default)]
pub struct Sm3(::sm3::Sm3);

impl Sm3 {
    /// A state that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Debug for Sm3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state may have taken in a secret.
        f.write_str("Sm3(..)")
    }
}

/// HMAC-SM3 (GB/T 15852.2) over the parts as one message; the key may have any length.
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> Digest {
    let mut block = Zeroizing::new([0u8; BLOCK_BYTES]);
    if let Some(start) = block.get_mut(..key.len()) {
        start.copy_from_slice(key);
    } else {
        // RFC 2104: a key longer than the block is its own digest.
        let digest = Zeroizing::new(sm3(&[key]));
        for (to, from) in block.iter_mut().zip(digest.0) {
            *to = from;
        }
    }
    let mut state = Hmac::<::sm3::Sm3>::new((&*block).into());
    for part in parts {
        state.update(part);
    }
    Digest(state.finalize().into_bytes().into())
}

/// Whether two digests are equal, in time that does not depend on where they differ.
pub fn digest_eq(left: &Digest, right: &Digest) -> bool {
    left.0.ct_eq(&right.0).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;

    #[test]
    fn a_state_is_not_shown() {
        let mut state = Sm3::new();
        state.update(b"a secret");
        assert_eq!(format!("{state:?}"), "Sm3(..)");
    }

    #[test]
    fn parts_are_digested_as_one_message() {
        assert_eq!(sm3(&[b"ab", b"", b"c"]), sm3(&[b"abc"]));
        let mut state = Sm3::new();
        state.update(b"a");
        state.update(b"bc");
        assert_eq!(state.finish(), sm3(&[b"abc"]));
    }

    #[test]
    fn hexadecimal_goes_there_and_back() {
        let digest = sm3(&[b"abc"]);
        assert_eq!(Digest::from_hex(&format!("{digest}")), Ok(digest));
        assert_eq!(Digest::from_hex(&format!("{digest:?}").to_uppercase()), Ok(digest));
        assert_eq!(Digest::from_hex("66c7"), Err(DigestError));
        assert_eq!(Digest::from_hex(&"z".repeat(64)), Err(DigestError));
        assert_eq!(Digest::from_hex(&"0".repeat(66)), Err(DigestError));
    }

    #[test]
    fn hmac_is_what_its_definition_says_for_short_and_long_keys() {
        for length in [0, 1, 32, 63, 64, 65, 200] {
            let key = vec![0x5a; length];
            let mut block = [0u8; BLOCK_BYTES];
            if length > BLOCK_BYTES {
                block[..32].copy_from_slice(sm3(&[&key]).as_bytes());
            } else {
                block[..length].copy_from_slice(&key);
            }
            let inner = sm3(&[&block.map(|byte| byte ^ 0x36), b"message"]);
            let outer = sm3(&[&block.map(|byte| byte ^ 0x5c), inner.as_bytes()]);
            assert_eq!(hmac(&key, &[b"mess", b"age"]), outer, "key of {length} bytes");
        }
    }

    #[test]
    fn constant_time_equality_agrees_with_equality() {
        let digest = sm3(&[b"abc"]);
        let mut other = digest;
        assert!(digest_eq(&digest, &other));
        other.0[31] ^= 1;
        assert!(!digest_eq(&digest, &other));
    }
}
