//! Names of things: departments, regions, entries, items, codes, digests, heights, times.
//! Each has one type, checked where it enters; nothing inside checks again.

use crate::wire::{In, Out, Wire, WireError};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;
use gm::domain::{ChainId, Kind, digest};
use gm::sm3::Digest;

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Wrong length or characters.
    #[error("the id has the wrong length or characters")]
    Form,
    /// The check character does not fit.
    #[error("the check character of the unified social credit code does not fit (GB 32100)")]
    CheckDigit,
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident, $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(s: &str) -> Result<Self, IdError> {
                let check: fn(&str) -> Result<(), IdError> = $check;
                check(s).map(|()| Self(s.to_string()))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Wire for $name {
            fn put(&self, out: &mut Out) {
                out.text(&self.0);
            }
            fn take(input: &mut In<'_>) -> Result<Self, WireError> {
                input.text()?.parse().map_err(|_| WireError::Range)
            }
        }
    };
}

fn form(ok: bool) -> Result<(), IdError> {
    if ok { Ok(()) } else { Err(IdError::Form) }
}

fn digits(s: &str, length: usize) -> bool {
    s.len() == length && s.bytes().all(|b| b.is_ascii_digit())
}

text_id! {
    /// A department, named by its unified social credit code (GB 32100-2015), check character included.
    DepartmentId, check_uscc
}
text_id! {
    /// An administrative division, six digits (GB/T 2260).
    RegionCode, |s| form(digits(s, 6))
}
text_id! {
    /// A catalogue resource code: front part, "/", sequence number (1272 guide).
    ResourceCode, |s| form(s.len() <= 40 && s.split('/').count() == 2
        && s.split('/').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())))
}
text_id! {
    /// The front of resource codes: all codes that begin with it are one department's. Digits, and at most one "/"
    /// that is not the first of them.
    CodeFront, |s| form((1..=40).contains(&s.len()) && !s.starts_with('/') && s.split('/').count() <= 2
        && s.bytes().all(|b| b.is_ascii_digit() || b == b'/'))
}
text_id! {
    /// An information item's identifier, as in JGJ/T 320-2014 (`GRZH`, `XingMing`).
    ItemCode, |s| form(s.len() <= 63 && s.starts_with(|c: char| c.is_ascii_alphabetic())
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}
text_id! {
    /// A two-digit code: purpose, basis, condition, reason.
    Code2, |s| form(digits(s, 2))
}

impl RegionCode {
    /// The province of this division: the platform's region.
    #[must_use]
    pub fn province(&self) -> Self {
        Self(self.0.chars().take(2).chain("0000".chars()).collect())
    }
}

impl ResourceCode {
    /// The classification in front of the "/".
    #[must_use]
    pub fn class(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

impl CodeFront {
    /// Whether a code begins with it.
    #[must_use]
    pub fn covers(&self, code: &ResourceCode) -> bool {
        code.0.starts_with(&self.0)
    }

    /// Whether all codes that begin with another begin with this one.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

/// GB 32100-2015 with the organisation code of GB 11714 inside.
fn check_uscc(s: &str) -> Result<(), IdError> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    form(s.len() == 18 && s.is_ascii())?;
    let mut values = Vec::with_capacity(18);
    for c in s.chars() {
        values.push(ALPHABET.find(c).ok_or(IdError::Form)?);
    }
    let sum: usize = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    if values.last() == Some(&((31 - sum % 31) % 31)) { Ok(()) } else { Err(IdError::CheckDigit) }
}

macro_rules! byte_id {
    ($(#[$meta:meta])* $name:ident, $n:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $n]);
        impl $name {
            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $n] {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(s: &str) -> Result<Self, IdError> {
                let mut bytes = [0; $n];
                // Only the lower-case form: one record has one address.
                form(s.bytes().all(|b| !b.is_ascii_uppercase()))?;
                hex::decode_to_slice(s, &mut bytes).map_err(|_| IdError::Form)?;
                Ok(Self(bytes))
            }
        }
        impl Wire for $name {
            fn put(&self, out: &mut Out) {
                out.bytes(&self.0);
            }
            fn take(input: &mut In<'_>) -> Result<Self, WireError> {
                input.fixed().map(Self)
            }
        }
    };
}

byte_id! {
    /// Fresh random bytes that make a transaction unlike every other.
    Nonce, 32
}
byte_id! {
    /// A request: `digest(request, department, nonce)` of its `SubmitRequest`.
    RequestId, 32
}
byte_id! {
    /// An inspection: `digest(inspection, department, nonce)` of its `OpenInspection`.
    InspectionId, 32
}
byte_id! {
    /// A grant: the id of its `ApproveRequest`.
    GrantId, 32
}
byte_id! {
    /// A transaction: `digest(tx, body)`.
    TxId, 32
}
byte_id! {
    /// A query and its receipt: `digest(ticket, ticket)`.
    QueryId, 32
}
byte_id! {
    /// A block: `digest(header, header)`.
    BlockId, 32
}
byte_id! {
    /// A policy layer's version: `digest(policy, layer, owner, number, previous, rows)`.
    PolicyVersion, 32
}
byte_id! {
    /// An officer as the chain sees them: only their own department can tell who it is.
    Pseudonym, 32
}
byte_id! {
    /// An officer on a roster: random, good for nothing but telling certificates apart.
    OfficerId, 16
}
byte_id! {
    /// A validator: the last 20 bytes of the SM3 of its consensus key.
    Address, 20
}

macro_rules! from_digest {
    ($($name:ident),*) => {$(
        impl From<Digest> for $name {
            fn from(digest: Digest) -> Self {
                Self(digest.0)
            }
        }
        impl From<$name> for Digest {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }
    )*};
}
from_digest!(TxId, RequestId, InspectionId, QueryId, BlockId, PolicyVersion, Pseudonym);

impl From<TxId> for GrantId {
    fn from(id: TxId) -> Self {
        Self(id.0)
    }
}

impl RequestId {
    /// The request that a department submits under a nonce. The officer's pseudonym in the transaction
    /// is made for the request, so the id cannot be the transaction's own; the department is in it, so
    /// that nobody can take the id of a request they saw waiting.
    #[must_use]
    pub fn of(chain: ChainId, department: &DepartmentId, nonce: &Nonce) -> Self {
        let body = [department.as_str().as_bytes(), nonce.as_bytes()].concat();
        digest(chain, Kind::Request, &body).into()
    }
}

impl InspectionId {
    /// The inspection that a department opens under a nonce; for the same reasons as [`RequestId::of`].
    #[must_use]
    pub fn of(chain: ChainId, department: &DepartmentId, nonce: &Nonce) -> Self {
        let body = [department.as_str().as_bytes(), nonce.as_bytes()].concat();
        digest(chain, Kind::Inspection, &body).into()
    }
}

/// The bytes of a libp2p peer id (38 bytes for ed25519).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey(Vec<u8>);

impl PeerKey {
    /// Takes the bytes of a peer id.
    ///
    /// # Errors
    /// [`IdError::Form`] when there are none or more than 64.
    pub fn new(bytes: &[u8]) -> Result<Self, IdError> {
        form((1..=64).contains(&bytes.len()))?;
        Ok(Self(bytes.to_vec()))
    }
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl Wire for PeerKey {
    fn put(&self, out: &mut Out) {
        out.bytes(&self.0);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        Self::new(input.bytes()?).map_err(|_| WireError::Range)
    }
}

crate::wire_struct! {
    /// One published version of a catalogue entry.
    #[derive(Hash, PartialOrd, Ord)]
    pub struct EntryId {
        /// The resource.
        pub code: ResourceCode,
        /// 1, 2, 3 ….
        pub version: u32,
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.code, self.version)
    }
}

/// A block's place in the chain; genesis is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Height(pub u64);

impl Height {
    /// The height after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A moment in milliseconds since 1970-01-01 UTC. On the chain it is always a block's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// This many milliseconds later.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
    /// This many milliseconds earlier.
    #[must_use]
    pub const fn minus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_sub(ms))
    }
}

macro_rules! number_id {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(s: &str) -> Result<Self, IdError> {
                s.parse().map(Self).map_err(|_| IdError::Form)
            }
        }
        impl Wire for $name {
            fn put(&self, out: &mut Out) {
                out.number(self.0);
            }
            fn take(input: &mut In<'_>) -> Result<Self, WireError> {
                input.number().map(Self)
            }
        }
    )*};
}
number_id!(Height, Time);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn unified_social_credit_codes_are_checked() {
        // The example of GB 32100-2015 and demo codes of the platform.
        for good in ["91350100M000100Y43", "12440100X00000254F", "12110000X00000019R", "12510100X00000318P"] {
            assert!(good.parse::<DepartmentId>().is_ok(), "{good}");
        }
        assert_eq!("91350100M000100Y44".parse::<DepartmentId>(), Err(IdError::CheckDigit));
        for bad in ["", "91350100M000100Y4", "91350100m000100Y43", "9135010OM000100Y43", "统一社会信用"]
        {
            assert_eq!(bad.parse::<DepartmentId>(), Err(IdError::Form), "{bad}");
        }
    }

    #[test]
    fn an_entry_is_named_by_its_resource_and_version() {
        let id = EntryId { code: "307001/000001".parse().unwrap(), version: 12 };
        assert_eq!((id.to_string().as_str(), id.code.class()), ("307001/000001@12", "307001"));
    }

    #[test]
    fn a_front_covers_the_codes_that_begin_with_it() {
        let front = |text: &str| text.parse::<CodeFront>();
        let code = "307001/000012".parse().unwrap();
        for covering in ["3", "307001", "307001/", "307001/00001", "307001/000012"] {
            assert!(front(covering).unwrap().covers(&code), "{covering}");
        }
        for other in ["307002", "307001/1", "307001/0000120", "07001"] {
            assert!(!front(other).unwrap().covers(&code), "{other}");
        }
        for bad in ["", "/1", "3/0/1", "3a", "３", &"1".repeat(41)] {
            assert_eq!(front(bad), Err(IdError::Form), "{bad}");
        }
        assert!(front("307001/0").unwrap().holds(&front("307001/01").unwrap()));
        assert!(!front("307001/01").unwrap().holds(&front("307001/0").unwrap()));
    }

    #[test]
    fn a_peer_is_shown_by_its_bytes() {
        assert_eq!(format!("{:?}", PeerKey::new(&[0xab, 1]).unwrap()), "ab01");
    }

    #[test]
    fn moments_and_heights_move_and_stop_at_their_ends() {
        assert_eq!(
            (Time(5).plus_ms(2), Time(5).minus_ms(2), Time(5).minus_ms(9)),
            (Time(7), Time(3), Time(0))
        );
        assert_eq!((Time(u64::MAX).plus_ms(1), Height(u64::MAX).next()), (Time(u64::MAX), Height(u64::MAX)));
        assert_eq!(Height(4).next(), Height(5));
    }

    #[test]
    fn a_region_belongs_to_its_province() {
        let city: RegionCode = "440100".parse().unwrap();
        assert_eq!(city.province().as_str(), "440000");
        assert!("44010".parse::<RegionCode>().is_err());
    }

    #[test]
    fn hexadecimal_ids_have_one_form() {
        let id = TxId([0xab; 32]);
        assert_eq!(id.to_string().parse::<TxId>(), Ok(id));
        assert!(id.to_string().to_uppercase().parse::<TxId>().is_err());
        assert!("ab".parse::<TxId>().is_err());
    }
}
