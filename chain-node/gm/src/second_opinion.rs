//! The same question asked of unrelated code: `sm-crypto`, behind checks of our own.
//!
//! `sm-crypto` 0.1.9 interoperates, but left alone it accepts forged signatures (it does not
//! check the range of r and s), panics on malformed keys, and does not authenticate what it
//! decrypts. So it is called here only, for verification and digests only, and only with a
//! [`Signature`] and a [`PublicKey`], which are range-checked and on the curve by
//! construction. It never sees a secret. Called by the self-test at start and by
//! `verify --second-opinion`; a signature counts only when [`crate::sm2`] accepts it as well.

use num_bigint::BigUint;

use crate::domain::{ChainId, Kind};
use crate::limits::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use crate::random::RandomFault;
use crate::sm2::{PublicKey, SecretKey, SignFault, Signature, SignatureError};
use crate::sm3::{Digest, sm3};

/// Whether `sm-crypto` finds that this key's holder signed an object with this digest.
pub fn verify_digest(key: &PublicKey, digest: &Digest, signature: &Signature) -> bool {
    ask(key, digest.as_bytes(), signature)
}

/// SM3 as `sm-crypto` computes it.
pub fn digest(message: &[u8]) -> Option<Digest> {
    Digest::from_hex(&sm_crypto::sm3::sm3_hash(message)).ok()
}

fn ask(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    let (r, s) = signature.as_bytes().split_at(SIGNATURE_BYTES / 2);
    // Without the leading 04, as sm-crypto wants it.
    let point = hex::encode(key.as_bytes().get(1..).unwrap_or_default());
    sm_crypto::sm2::Verify::new(&point).verify(
        message,
        (BigUint::from_bytes_be(r), BigUint::from_bytes_be(s)),
        true,
    )
}

/// Why the cryptography of this build must not be used: the process is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SelfTestFault {
    /// No random bytes for a test key.
    #[error(transparent)]
    Random(#[from] RandomFault),
    /// A fresh key could not sign.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// A published value was not reproduced.
    #[error("self-test: the published {0} was not reproduced; this build must not be used")]
    Vector(&'static str),
    /// The two implementations judge one signature differently.
    #[error("self-test: two implementations disagree on {0}; this build must not be used")]
    Disagreement(&'static str),
    /// Something forged was accepted.
    #[error("self-test: {0} was accepted; this build must not be used")]
    Accepted(&'static str),
}

/// Example of GM/T 0003.5, annex A.2: the public key of d = 3945208F….
const KEY: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
                   ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
/// Its signature on "message digest".
const SIGNATURE: &str = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
                         b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
const MESSAGE: &[u8] = b"message digest";
/// GB/T 32905, annex A.1.
const SM3_ABC: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
/// The order of the curve: the smallest number that is out of range.
const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";

/// Checks both implementations against published values, each other, and forgeries. Takes a
/// few milliseconds; run at start, before any key is used.
///
/// # Errors
/// [`SelfTestFault`] names what failed.
pub fn self_test() -> Result<(), SelfTestFault> {
    BOTH.test()
}

/// What an implementation answers.
struct Implementation {
    digest: fn(&[u8]) -> Option<Digest>,
    holds: fn(&PublicKey, &Digest, &Signature) -> bool,
    holds_raw: fn(&PublicKey, &[u8], &Signature) -> bool,
}

/// What is tested, own code first: a table, so that the test's own test can put wrong ones in.
struct Tested {
    both: [Implementation; 2],
    read: fn(&[u8]) -> Result<Signature, SignatureError>,
}

const OWN: Implementation = Implementation {
    digest: |message| Some(sm3(&[message])),
    holds: PublicKey::verify_digest,
    holds_raw: PublicKey::verify_raw,
};
const OTHER: Implementation = Implementation { digest, holds: verify_digest, holds_raw: ask };
const BOTH: Tested = Tested { both: [OWN, OTHER], read: Signature::from_slice };

impl Tested {
    fn test(&self) -> Result<(), SelfTestFault> {
        let published = Some(Digest::from_hex(SM3_ABC).unwrap_or(Digest::ZERO));
        if self.both.iter().any(|of| (of.digest)(b"abc") != published) {
            return Err(SelfTestFault::Vector("SM3 digest"));
        }
        self.test_published_signature()?;

        let key = SecretKey::generate()?;
        let public = key.public();
        let signature = key.sign(ChainId::ZERO, Kind::Possess, public.as_bytes())?;
        let signed = crate::domain::digest(ChainId::ZERO, Kind::Possess, public.as_bytes());
        let other = crate::domain::digest(ChainId::ZERO, Kind::Tx, public.as_bytes());
        if !self.both.iter().all(|of| (of.holds)(&public, &signed, &signature)) {
            return Err(SelfTestFault::Disagreement("a fresh signature"));
        }
        if self.both.iter().any(|of| (of.holds)(&public, &other, &signature)) {
            return Err(SelfTestFault::Accepted("a signature of another domain"));
        }
        Ok(())
    }

    fn test_published_signature(&self) -> Result<(), SelfTestFault> {
        const NAME: &str = "SM2 signature";
        let mut point = [0; PUBLIC_KEY_BYTES];
        let mut numbers = [0; SIGNATURE_BYTES];
        hex::decode_to_slice(KEY, &mut point).map_err(|_| SelfTestFault::Vector(NAME))?;
        hex::decode_to_slice(SIGNATURE, &mut numbers).map_err(|_| SelfTestFault::Vector(NAME))?;
        let key = PublicKey::from_bytes(&point).map_err(|_| SelfTestFault::Vector(NAME))?;
        let signature = (self.read)(&numbers).map_err(|_| SelfTestFault::Vector(NAME))?;
        if !self.both.iter().all(|of| (of.holds_raw)(&key, MESSAGE, &signature)) {
            return Err(SelfTestFault::Vector(NAME));
        }

        // The universal forgery against sm-crypto hides in an s beyond 256 bits; its malleability
        // in values not below the order. Neither may get past the door.
        let mut long = [0; 96];
        for (to, from) in long.iter_mut().zip(numbers) {
            *to = from;
        }
        if (self.read)(&long).is_ok() {
            return Err(SelfTestFault::Accepted("a signature longer than 64 bytes"));
        }
        let mut out_of_range = numbers;
        let (_, s) = out_of_range.split_at_mut(SIGNATURE_BYTES / 2);
        hex::decode_to_slice(ORDER, s).map_err(|_| SelfTestFault::Vector("order of the curve"))?;
        if (self.read)(&out_of_range).is_ok() {
            return Err(SelfTestFault::Accepted("a signature out of range"));
        }

        // One bit changed: refused, and by both.
        let mut changed = numbers;
        if let Some(last) = changed.last_mut() {
            *last = last.wrapping_add(1); // it is even
        }
        match (self.read)(&changed) {
            Ok(forged) if self.both.iter().any(|of| (of.holds_raw)(&key, MESSAGE, &forged)) => {
                Err(SelfTestFault::Accepted("a changed signature"))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_build_passes_its_own_test() {
        assert_eq!(self_test(), Ok(()));
    }

    /// The fault of a build that differs from this one in one place.
    fn wrong(change: impl FnOnce(&mut Tested)) -> SelfTestFault {
        let mut tested = BOTH;
        change(&mut tested);
        tested.test().expect_err("nothing was noticed")
    }

    fn published() -> Result<Signature, SignatureError> {
        Signature::from_slice(&hex::decode(SIGNATURE).unwrap())
    }

    #[test]
    fn either_implementation_is_found_out_when_it_is_wrong() {
        use SelfTestFault::{Accepted, Disagreement, Vector};
        for of in [0, 1] {
            assert_eq!(wrong(|t| t.both[of].digest = |_| None), Vector("SM3 digest"));
            assert_eq!(wrong(|t| t.both[of].digest = |_| Some(Digest::ZERO)), Vector("SM3 digest"));
            assert_eq!(wrong(|t| t.both[of].holds_raw = |_, _, _| false), Vector("SM2 signature"));
            assert_eq!(wrong(|t| t.both[of].holds_raw = |_, _, _| true), Accepted("a changed signature"));
            assert_eq!(wrong(|t| t.both[of].holds = |_, _, _| false), Disagreement("a fresh signature"));
            assert_eq!(
                wrong(|t| t.both[of].holds = |_, _, _| true),
                Accepted("a signature of another domain")
            );
        }
        // Who cuts what is too long, and who takes what is out of range.
        let cuts = wrong(|t| t.read = |bytes| Signature::from_slice(bytes.get(..64).unwrap_or(bytes)));
        assert_eq!(cuts, Accepted("a signature longer than 64 bytes"));
        let takes = wrong(|t| {
            t.read = |bytes| if bytes.len() == 64 { published() } else { Signature::from_slice(bytes) }
        });
        assert_eq!(takes, Accepted("a signature out of range"));
    }
}
