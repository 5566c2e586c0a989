//! SM2 (GB/T 32918): keys, signatures, encryption to a public key.
//!
//! Signatures are 64 bytes `r ‖ s` with 1 ≤ r, s < n, checked when parsed: there is no DER
//! and no second encoding, so nobody can change an id by rewriting a signature. Objects of
//! the ledger are signed through [`crate::domain`]; the user id is always [`USER_ID`].
//!
//! Called by all who sign, verify or wrap. Nonces are deterministic (RFC 6979 with SM3), so
//! a node that starts again signs the same bytes and a weak random source cannot leak a key.

mod key_id;
mod public_key;
mod secret_key;
mod signature;
mod signatures;

pub use key_id::KeyId;
pub use public_key::PublicKey;
pub use secret_key::{SecretKey, SignFault};
pub use signature::{Signature, SignatureError};
pub use signatures::{Direct, Signatures};

/// The signer's user id of GB/T 32918.2, as GM/T 0009 fixes it for everyone.
pub const USER_ID: &str = "1234567812345678";

/// The length of a digest. Raw messages of this length are neither signed nor verified, or a
/// raw signature could stand for a signature on an object of the ledger.
const DIGEST_BYTES: usize = 32;

/// The bytes are no usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 65 bytes that begin with `04` and lie on the curve.
    #[error("a public key is 65 bytes, 04 ‖ x ‖ y, of a point on the SM2 curve")]
    PublicKey,
    /// Not in 1 ..= n − 2.
    #[error("a secret key is a number from 1 to n - 2; make a new one")]
    SecretKey,
}
