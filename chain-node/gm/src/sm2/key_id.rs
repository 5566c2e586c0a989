//! How a key is named in signed objects.

use core::fmt;
use core::str::FromStr;

use crate::sm3::{DigestError, sm3, write_hex};

use super::PublicKey;

/// The first 16 bytes of SM3(public key).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// The name of `key`.
    pub fn of(key: &PublicKey) -> Self {
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(sm3(&[key.as_bytes()]).0) {
            *to = from;
        }
        Self(id)
    }

    /// A name that was stored or sent.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let mut out = [0; 16];
        hex::decode_to_slice(text, &mut out).map_err(|_| DigestError)?;
        Ok(Self(out))
    }
}
