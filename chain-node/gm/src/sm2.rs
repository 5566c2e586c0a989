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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm3::Digest;
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec::Vec;
    use core::hash::{Hash, Hasher};

    #[test]
    fn what_is_public_is_written_in_hexadecimal() {
        let key = SecretKey::from_bytes(&[7; 32]).unwrap();
        let (public, signature) = (key.public(), key.sign_raw(b"message").unwrap());
        let id = public.key_id();
        assert_eq!(public.to_string(), hex::encode(public.as_bytes()));
        assert_eq!(signature.to_string(), hex::encode(signature.as_bytes()));
        assert_eq!(id.to_string(), hex::encode(id.as_bytes()));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(format!("{public:?}"), format!("PublicKey({public})"));
        assert_eq!(format!("{signature:?}"), format!("Signature({signature})"));
        assert_eq!(format!("{id:?}"), format!("KeyId({id})"));
    }

    #[test]
    fn keys_are_ordered_by_their_bytes() {
        let [one, other] = [7, 8].map(|seed| SecretKey::from_bytes(&[seed; 32]).unwrap().public());
        let order = one.as_bytes().cmp(other.as_bytes());
        assert_eq!((one.cmp(&other), one.partial_cmp(&other)), (order, Some(order)));
        assert_eq!((other.cmp(&one), one.cmp(&one)), (order.reverse(), core::cmp::Ordering::Equal));
        assert!(one == one.clone() && one != other);
    }

    #[test]
    fn a_signature_holds_for_its_key_and_its_digest() {
        let [key, other] = [7, 8].map(|seed| SecretKey::from_bytes(&[seed; 32]).unwrap());
        let [digest, changed] = [[1; 32], [2; 32]].map(Digest::from);
        let signature = key.sign_digest(&digest).unwrap();
        assert!(Direct.holds(&key.public(), &digest, &signature));
        assert!(!Direct.holds(&key.public(), &changed, &signature));
        assert!(!Direct.holds(&other.public(), &digest, &signature));
    }

    /// Takes in all it is given.
    #[derive(Default, PartialEq, Debug)]
    struct Heard(Vec<u8>);

    impl Hasher for Heard {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }

    #[test]
    fn keys_are_hashed_by_their_bytes() {
        let hashed = |seed: u8| {
            let mut heard = Heard::default();
            SecretKey::from_bytes(&[seed; 32]).unwrap().public().hash(&mut heard);
            heard
        };
        assert_eq!(hashed(7), hashed(7));
        assert_ne!(hashed(7), hashed(8));
    }
}
