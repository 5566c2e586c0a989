//! The one question behind every check of a signature, so that whoever asks it can be given another
//! way to the same answer: at once, from memory, or in a simulation.

use crate::sm3::Digest;

use super::{PublicKey, Signature};

/// Answers whether signatures hold. Key, digest and signature decide the answer and nothing else does:
/// an answer may be kept, under all three of them.
pub trait Signatures: Send + Sync {
    /// Whether this key's holder signed an object with this digest of [`crate::domain::digest`].
    fn holds(&self, key: &PublicKey, digest: &Digest, signature: &Signature) -> bool;
}

/// Computes each answer anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direct;

impl Signatures for Direct {
    fn holds(&self, key: &PublicKey, digest: &Digest, signature: &Signature) -> bool {
        key.verify_digest(digest, signature)
    }
}
