//! The bytes of everything signed, stored or sent: deterministic CBOR (RFC 8949, 4.2) arrays
//! with fixed positions. No maps, tags, floats or indefinite lengths.
//!
//! [`from_bytes`] decodes, encodes again and compares: what is longer than it must be, out of
//! order or followed by further bytes is refused, so that one object has exactly one form.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use gm::sm2::{KeyId, PublicKey, Signature};
use gm::sm3::Digest;
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// Why bytes are not an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not the CBOR item expected at this place.
    #[error("the bytes are not the object expected")]
    Shape,
    /// An array with another number of fields.
    #[error("an object has another number of fields")]
    Fields,
    /// A number or code outside its range.
    #[error("a number or code is out of range")]
    Range,
    /// A text that is too long, empty, or not in normal form.
    #[error("a text is empty, too long or not in normal form")]
    Text,
    /// A set out of order or with repeats.
    #[error("a set is out of order or repeats an element")]
    Order,
    /// A key that is not a point of the curve, or a signature out of range.
    #[error("a key or signature is malformed")]
    Key,
    /// The bytes differ from the one canonical form, or further bytes follow.
    #[error("the bytes are not in canonical form")]
    NotCanonical,
}

/// Where an object writes itself.
#[derive(Debug)]
pub struct Out(Encoder<Vec<u8>>);

impl Default for Out {
    fn default() -> Self {
        Self(Encoder::new(Vec::new()))
    }
}

/// Where an object reads itself from.
#[derive(Debug)]
pub struct In<'a>(Decoder<'a>);

impl Out {
    /// An unsigned number.
    pub fn number(&mut self, n: u64) {
        self.0.u64(n).ok(); // writing to a Vec cannot fail
    }
    /// A byte string.
    pub fn bytes(&mut self, b: &[u8]) {
        self.0.bytes(b).ok();
    }
    /// A text.
    pub fn text(&mut self, t: &str) {
        self.0.str(t).ok();
    }
    /// The head of an array of `n` elements.
    pub fn array(&mut self, n: u64) {
        self.0.array(n).ok();
    }
    /// A truth value.
    pub fn boolean(&mut self, b: bool) {
        self.0.bool(b).ok();
    }
    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_writer()
    }
    /// An object that is in canonical form already.
    pub(crate) fn encoded(&mut self, bytes: &[u8]) {
        self.0.writer_mut().extend_from_slice(bytes);
    }
    /// Nothing.
    pub fn null(&mut self) {
        self.0.null().ok();
    }
}

impl<'a> In<'a> {
    /// An unsigned number.
    ///
    /// # Errors
    /// [`WireError::Shape`] when something else stands here.
    pub fn number(&mut self) -> Result<u64, WireError> {
        self.0.u64().map_err(|_| WireError::Shape)
    }
    /// A byte string of definite length.
    ///
    /// # Errors
    /// [`WireError::Shape`] when something else stands here.
    pub fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        self.0.bytes().map_err(|_| WireError::Shape)
    }
    /// A byte string of exactly `N` bytes.
    ///
    /// # Errors
    /// [`WireError::Shape`] when something else stands here.
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        self.bytes()?.try_into().map_err(|_| WireError::Shape)
    }
    /// A text of definite length.
    ///
    /// # Errors
    /// [`WireError::Shape`] when something else stands here.
    pub fn text(&mut self) -> Result<&'a str, WireError> {
        self.0.str().map_err(|_| WireError::Shape)
    }
    /// The head of an array.
    ///
    /// # Errors
    /// [`WireError::Shape`] when something else stands here.
    pub fn array(&mut self) -> Result<u64, WireError> {
        self.0.array().ok().flatten().ok_or(WireError::Shape)
    }
    /// The head of an array that must have `n` elements.
    ///
    /// # Errors
    /// [`WireError::Fields`] when it has another number.
    pub fn array_of(&mut self, n: u64) -> Result<(), WireError> {
        if self.array()? == n { Ok(()) } else { Err(WireError::Fields) }
    }
    /// A truth value.
    ///
    /// # Errors
    /// [`WireError::Shape`] when something else stands here.
    pub fn boolean(&mut self) -> Result<bool, WireError> {
        self.0.bool().map_err(|_| WireError::Shape)
    }
    /// Whether nothing stands here; if so it is taken.
    ///
    /// # Errors
    /// [`WireError::Shape`] at the end of the bytes.
    pub fn null(&mut self) -> Result<bool, WireError> {
        let is_null = self.0.datatype().map_err(|_| WireError::Shape)? == Type::Null;
        if is_null {
            self.0.null().map_err(|_| WireError::Shape)?;
        }
        Ok(is_null)
    }
    fn rest(&self) -> usize {
        self.0.input().len().saturating_sub(self.0.position())
    }
}

/// An object with one canonical form in bytes.
pub trait Wire: Sized {
    /// Writes the object.
    fn put(&self, out: &mut Out);
    /// Reads the object.
    ///
    /// # Errors
    /// [`WireError`] names the first thing wrong.
    fn take(input: &mut In<'_>) -> Result<Self, WireError>;
}

/// The canonical bytes of an object.
pub fn to_bytes<T: Wire>(object: &T) -> Vec<u8> {
    let mut out = Out::default();
    object.put(&mut out);
    out.into_bytes()
}

/// Reads an object that must fill the bytes in canonical form.
///
/// # Errors
/// [`WireError`] names the first thing wrong.
pub fn from_bytes<T: Wire>(bytes: &[u8]) -> Result<T, WireError> {
    from_bytes_at(bytes).map_err(|(error, _)| error)
}

/// As [`from_bytes`], and near which byte it is wrong: what somebody needs who has only the file.
pub(crate) fn from_bytes_at<T: Wire>(bytes: &[u8]) -> Result<T, (WireError, usize)> {
    let mut input = In(Decoder::new(bytes));
    let object = T::take(&mut input).map_err(|error| (error, input.0.position()))?;
    let one_form = to_bytes(&object);
    if one_form != bytes {
        let at = one_form.iter().zip(bytes).position(|(a, b)| a != b);
        return Err((WireError::NotCanonical, at.unwrap_or(one_form.len().min(bytes.len()))));
    }
    Ok(object)
}

macro_rules! numbers {
    ($($t:ty),*) => {$(
        impl Wire for $t {
            fn put(&self, out: &mut Out) {
                out.number(u64::from(*self));
            }
            fn take(input: &mut In<'_>) -> Result<Self, WireError> {
                Self::try_from(input.number()?).map_err(|_| WireError::Range)
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64);

impl Wire for bool {
    fn put(&self, out: &mut Out) {
        out.boolean(*self);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.boolean()
    }
}

impl<const N: usize> Wire for [u8; N] {
    fn put(&self, out: &mut Out) {
        out.bytes(self);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.fixed()
    }
}

/// A byte string, as against a list of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Wire for Bytes {
    fn put(&self, out: &mut Out) {
        out.bytes(&self.0);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        Ok(Self(input.bytes()?.to_vec()))
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Out) {
        out.array(self.len() as u64);
        for element in self {
            element.put(out);
        }
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        let n = usize::try_from(input.array()?).map_err(|_| WireError::Range)?;
        // Every element takes a byte at least: a length beyond the rest is a lie, and must not reserve memory.
        if n > input.rest() {
            return Err(WireError::Shape);
        }
        (0..n).map(|_| T::take(input)).collect()
    }
}

impl<T: Wire + Ord> Wire for BTreeSet<T> {
    fn put(&self, out: &mut Out) {
        out.array(self.len() as u64);
        for element in self {
            element.put(out);
        }
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        let list: Vec<T> = Wire::take(input)?;
        if !list.is_sorted_by(|a, b| a < b) {
            return Err(WireError::Order);
        }
        Ok(list.into_iter().collect())
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Out) {
        match self {
            Some(value) => value.put(out),
            None => out.null(),
        }
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        if input.null()? { Ok(None) } else { T::take(input).map(Some) }
    }
}

macro_rules! tuples {
    ($($n:literal: $($t:ident $i:tt),*;)*) => {$(
        impl<$($t: Wire),*> Wire for ($($t,)*) {
            fn put(&self, out: &mut Out) {
                out.array($n);
                $(self.$i.put(out);)*
            }
            fn take(input: &mut In<'_>) -> Result<Self, WireError> {
                input.array_of($n)?;
                Ok(($($t::take(input)?,)*))
            }
        }
    )*};
}
tuples! {
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
}

impl Wire for Digest {
    fn put(&self, out: &mut Out) {
        out.bytes(&self.0);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.fixed().map(Self)
    }
}

impl Wire for KeyId {
    fn put(&self, out: &mut Out) {
        out.bytes(self.as_bytes());
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.fixed().map(Self::from_bytes)
    }
}

impl Wire for gm::domain::ChainId {
    fn put(&self, out: &mut Out) {
        self.0.put(out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        Digest::take(input).map(Self)
    }
}

impl Wire for PublicKey {
    fn put(&self, out: &mut Out) {
        out.bytes(self.as_bytes());
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        Self::from_bytes(input.bytes()?).map_err(|_| WireError::Key)
    }
}

impl Wire for Signature {
    fn put(&self, out: &mut Out) {
        out.bytes(self.as_bytes());
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        Self::from_slice(input.bytes()?).map_err(|_| WireError::Key)
    }
}

/// Defines a struct whose canonical form is the array of its fields in this order.
#[macro_export]
macro_rules! wire_struct {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident : $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type),* }
        impl $crate::wire::Wire for $name {
            fn put(&self, out: &mut $crate::wire::Out) {
                out.array(const { [$(stringify!($field)),*].len() as u64 });
                $($crate::wire::Wire::put(&self.$field, out);)*
            }
            fn take(input: &mut $crate::wire::In<'_>) -> Result<Self, $crate::wire::WireError> {
                input.array_of(const { [$(stringify!($field)),*].len() as u64 })?;
                Ok(Self { $($field: $crate::wire::Wire::take(input)?),* })
            }
        }
    };
}

/// Defines a closed set whose canonical form is a small number and whose name is a stable code.
#[macro_export]
macro_rules! wire_code {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $number:literal => $code:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant = $number),* }
        impl $name {
            /// Every member of the set.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }
            /// The member with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u8 {
                self as u8
            }
            /// The member with this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.code())
            }
        }
        impl $crate::wire::Wire for $name {
            fn put(&self, out: &mut $crate::wire::Out) {
                out.number(u64::from(*self as u8));
            }
            fn take(input: &mut $crate::wire::In<'_>) -> Result<Self, $crate::wire::WireError> {
                Self::from_number(<u8 as $crate::wire::Wire>::take(input)?).ok_or($crate::wire::WireError::Range)
            }
        }
    };
}
