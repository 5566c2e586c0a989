//! The closed list of what may be signed or committed to, and how its digest is made.
//!
//! `digest(kind, x) = SM3(tag(kind) ‖ chain ‖ x)`; SM2 signs these 32 bytes. The tag keeps
//! a signature on one kind from being used as another, the chain from being used elsewhere.
//!
//! One exception: the consensus engine's *validator proof* has a preimage of its own and is
//! signed as it stands, by [`crate::sm2::SecretKey::sign_raw`]. Raw signing refuses messages
//! of 32 bytes, so that no raw signature can ever stand for a digest of this list.

use core::fmt;
use core::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::random::{self, RandomFault};
use crate::sm3::{Digest, DigestError, hmac, sm3};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $tag:literal,)*) => {
        /// What a digest, signature or commitment is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind, in the order of the protocol's list.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            const fn text(self) -> &'static [u8] {
                match self { $(Self::$name => $tag,)* }
            }
        }
    };
}

kinds! {
    /// A transaction.
    Tx = b"zl1:tx",
    /// A validator's vote.
    Vote = b"zl1:vote",
    /// A proposer's proposal.
    Proposal = b"zl1:proposal",
    /// The public part of a query.
    Ticket = b"zl1:ticket",
    /// The sealed part of a query.
    Details = b"zl1:details",
    /// The header of an answer.
    Answer = b"zl1:answer",
    /// "I hold these ciphertext bytes and not the key."
    Hold = b"zl1:hold",
    /// A provider's word to record a receipt in time.
    Promise = b"zl1:promise",
    /// A requester's word on what became of an answer.
    Delivery = b"zl1:delivery",
    /// A relay's word that it keeps an object.
    Deposit = b"zl1:deposit",
    /// A request to send an answer again.
    Refetch = b"zl1:refetch",
    /// An officer's own signature.
    Officer = b"zl1:officer",
    /// A department's word that a key is an officer's.
    Roster = b"zl1:roster",
    /// An officer's own signature under a step that takes two.
    Step = b"zl1:step",
    /// A sign-in challenge.
    Login = b"zl1:login",
    /// Derivation of a sealing key.
    Seal = b"zl1:seal",
    /// Commitment to a content seed.
    Key = b"zl1:key",
    /// A salted commitment.
    Commit = b"zl1:commit",
    /// A row of an answer.
    Row = b"zl1:row",
    /// Proof that a key's holder has it.
    Possess = b"zl1:possess",
    /// A block header.
    Header = b"zl1:header",
    /// A part of a proposed block.
    Part = b"zl1:part",
    /// A request for access.
    Request = b"zl1:request",
    /// An inspection.
    Inspection = b"zl1:inspection",
    /// A policy set.
    Policy = b"zl1:policy",
    /// A catalogue entry.
    Entry = b"zl1:entry",
}

impl Kind {
    /// The kind's 16 bytes: ASCII, padded with zeros.
    pub fn tag(self) -> [u8; 16] {
        let mut tag = [0; 16];
        for (to, from) in tag.iter_mut().zip(self.text()) {
            *to = *from;
        }
        tag
    }
}

/// The digest of a chain's genesis file; in everything signed, committed or sealed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId(pub Digest);

impl ChainId {
    /// 32 zero bytes: the chain of proofs inside genesis, which cannot know its own digest.
    pub const ZERO: Self = Self(Digest::ZERO);

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainId({})", self.0)
    }
}

impl FromStr for ChainId {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        Digest::from_hex(text).map(Self)
    }
}

/// `SM3(tag(kind) ‖ chain ‖ body)`: what is signed, and what identifies an object.
pub fn digest(chain: ChainId, kind: Kind, body: &[u8]) -> Digest {
    sm3(&[&kind.tag(), chain.as_bytes(), body])
}

/// `HMAC-SM3(salt, tag(commit) ‖ chain ‖ value)`: binds to a value with few possibilities
/// without giving it away. Each commitment takes a fresh salt.
pub fn commit(chain: ChainId, salt: &Salt, value: &[u8]) -> Digest {
    hmac(&salt.0, &[&Kind::Commit.tag(), chain.as_bytes(), value])
}

/// 32 random bytes that hide a committed value; wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Salt([u8; 32]);

impl Salt {
    /// A fresh salt.
    ///
    /// # Errors
    /// [`RandomFault`] when the system's random source fails.
    pub fn generate() -> Result<Self, RandomFault> {
        let mut salt = Self([0; 32]);
        random::fill(&mut salt.0)?;
        Ok(salt)
    }

    /// A salt that was stored, sent or derived.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored sealed or shown with the value.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn tags_are_distinct_padded_text() {
        let tags: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.tag()).collect();
        assert_eq!(tags.len(), Kind::ALL.len());
        assert_eq!(Kind::ALL.len(), 26);
        assert_eq!(&Kind::Tx.tag(), b"zl1:tx\0\0\0\0\0\0\0\0\0\0");
        for kind in Kind::ALL {
            let name = format!("zl1:{kind:?}").to_lowercase();
            assert_eq!(kind.tag()[..name.len()], *name.as_bytes());
            assert!(kind.tag()[name.len()..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn a_chain_is_written_as_it_is_read() {
        let here = ChainId(sm3(&[b"genesis"]));
        assert_eq!(here.to_string().parse(), Ok(here));
        assert_eq!(format!("{here:?}"), format!("ChainId({})", here.0));
    }

    #[test]
    fn digests_differ_by_kind_and_by_chain() {
        let here = ChainId(sm3(&[b"genesis"]));
        let body = b"body";
        assert_ne!(digest(here, Kind::Tx, body), digest(here, Kind::Vote, body));
        assert_ne!(digest(here, Kind::Tx, body), digest(ChainId::ZERO, Kind::Tx, body));
        assert_eq!(digest(here, Kind::Tx, body), sm3(&[&Kind::Tx.tag(), here.as_bytes(), body]));
    }

    #[test]
    fn commitments_differ_by_salt_and_value() {
        let salt = Salt::from_bytes([7; 32]);
        let one = commit(ChainId::ZERO, &salt, b"990000190001010000");
        assert_eq!(one, commit(ChainId::ZERO, &salt, b"990000190001010000"));
        assert_ne!(one, commit(ChainId::ZERO, &salt, b"990000190001010001"));
        assert_ne!(one, commit(ChainId::ZERO, &Salt::generate().unwrap(), b"990000190001010000"));
    }

    #[test]
    fn a_salt_is_not_shown() {
        assert_eq!(format!("{:?}", Salt::from_bytes([7; 32])), "Salt(redacted)");
    }
}
