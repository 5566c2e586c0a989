//! A signature as it travels: 64 bytes, checked at the door.

use core::fmt;

use crate::limits::SIGNATURE_BYTES;
use crate::sm3::write_hex;

/// `r ‖ s` with 1 ≤ r, s < n. That it parses says nothing about who signed what.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature([u8; SIGNATURE_BYTES]);

/// The bytes can be nobody's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not 64 bytes.
    #[error("a signature is 64 bytes, r ‖ s; other encodings are not accepted")]
    Length,
    /// r or s is 0 or not below the order of the curve.
    #[error("r and s of a signature lie between 1 and n - 1")]
    Range,
}

impl Signature {
    /// Parses `r ‖ s`.
    ///
    /// # Errors
    /// [`SignatureError`] unless the length is 64 and 1 ≤ r, s < n.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, SignatureError> {
        let bytes: [u8; SIGNATURE_BYTES] = bytes.try_into().map_err(|_| SignatureError::Length)?;
        ::sm2::dsa::Signature::from_bytes((&bytes).into()).map_err(|_| SignatureError::Range)?;
        Ok(Self(bytes))
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; SIGNATURE_BYTES] {
        &self.0
    }

    /// The form the arithmetic takes; `None` cannot happen, the range was checked.
    pub(super) fn numbers(&self) -> Option<::sm2::dsa::Signature> {
        ::sm2::dsa::Signature::from_bytes((&self.0).into()).ok()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl TryFrom<&[u8]> for Signature {
    type Error = SignatureError;

    fn try_from(bytes: &[u8]) -> Result<Self, SignatureError> {
        Self::from_slice(bytes)
    }
}
