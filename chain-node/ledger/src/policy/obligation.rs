//! What a row may demand of an allowed answer. How duties of several rows join, and what they leave of an
//! item, is judged at the doors (crate `access`).

use crate::catalogue::MaskRule;
use crate::ids::ItemCode;
use crate::wire::{In, Out, Wire, WireError};
use alloc::string::ToString;
use core::fmt;
use core::num::NonZeroU32;
use core::str::FromStr;

/// A duty that comes with a "yes". The canonical text is what rows and decisions carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Obligation {
    /// The item is left out of the answer: `drop:GRZHYE`.
    Drop {
        /// The item.
        item: ItemCode,
    },
    /// The item leaves masked only: `mask:ZJHM=MK-ID` (rules: DOMAIN 3.4).
    Mask {
        /// The item.
        item: ItemCode,
        /// How it is masked.
        rule: MaskRule,
    },
    /// The item leaves in clear although it is guarded, where nothing stricter is said: `clear:GRZHZT`.
    Clear {
        /// The item.
        item: ItemCode,
    },
    /// Each answer needs its own receipt before it is opened: `receipt:each`.
    ReceiptEach,
    /// Only yes or no may leave, never a value: `verify-only`.
    VerifyOnly,
    /// At most so many rows may leave: `limit:20`.
    Limit {
        /// Rows, at least 1.
        rows: NonZeroU32,
    },
    /// Whoever sees it sees as well who looked, when and under which query: `watermark`.
    Watermark,
    /// A second officer of the requester must have agreed to the query: `second-person`.
    SecondPerson,
}

impl Obligation {
    /// The item concerned, if the duty is about one.
    #[must_use]
    pub const fn item(&self) -> Option<&ItemCode> {
        match self {
            Self::Drop { item } | Self::Mask { item, .. } | Self::Clear { item } => Some(item),
            Self::ReceiptEach
            | Self::VerifyOnly
            | Self::Limit { .. }
            | Self::Watermark
            | Self::SecondPerson => None,
        }
    }
}

impl fmt::Display for Obligation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drop { item } => write!(f, "drop:{item}"),
            Self::Mask { item, rule } => write!(f, "mask:{item}={}", rule.code()),
            Self::Clear { item } => write!(f, "clear:{item}"),
            Self::ReceiptEach => f.write_str("receipt:each"),
            Self::VerifyOnly => f.write_str("verify-only"),
            Self::Limit { rows } => write!(f, "limit:{rows}"),
            Self::Watermark => f.write_str("watermark"),
            Self::SecondPerson => f.write_str("second-person"),
        }
    }
}

/// The text is none of the duties this program knows how to fulfil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is no obligation this program knows")]
pub struct UnknownObligation;

impl FromStr for Obligation {
    type Err = UnknownObligation;
    fn from_str(text: &str) -> Result<Self, UnknownObligation> {
        let item = |code: &str| code.parse::<ItemCode>().map_err(|_| UnknownObligation);
        match text.split_once(':') {
            None if text == "verify-only" => Ok(Self::VerifyOnly),
            None if text == "watermark" => Ok(Self::Watermark),
            None if text == "second-person" => Ok(Self::SecondPerson),
            Some(("limit", number)) => {
                let rows: NonZeroU32 = number.parse().map_err(|_| UnknownObligation)?;
                if rows.to_string() == number { Ok(Self::Limit { rows }) } else { Err(UnknownObligation) }
            }
            Some(("receipt", "each")) => Ok(Self::ReceiptEach),
            Some(("drop", code)) => Ok(Self::Drop { item: item(code)? }),
            Some(("clear", code)) => Ok(Self::Clear { item: item(code)? }),
            Some(("mask", rest)) => {
                let (code, rule) = rest.split_once('=').ok_or(UnknownObligation)?;
                let rule = MaskRule::from_code(rule).ok_or(UnknownObligation)?;
                Ok(Self::Mask { item: item(code)?, rule })
            }
            _ => Err(UnknownObligation),
        }
    }
}

impl Wire for Obligation {
    fn put(&self, out: &mut Out) {
        out.text(&self.to_string());
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.text()?.parse().map_err(|_| WireError::Range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_text_reads_back_as_the_same_duty() {
        for text in [
            "mask:ZJHM=MK-ID",
            "mask:GRZHYE=MK-AMT",
            "drop:GRZHYE",
            "clear:ZJHM",
            "receipt:each",
            "verify-only",
            "limit:1",
            "limit:4294967295",
            "watermark",
            "second-person",
        ] {
            let duty: Obligation = text.parse().unwrap();
            assert_eq!(duty.to_string(), text);
        }
    }

    #[test]
    fn an_unknown_duty_is_not_read_as_something_else() {
        for text in [
            "",
            "mask",
            "mask:",
            "mask:ZJHM",
            "mask:ZJHM=",
            "mask:ZJHM=MK-NONE",
            "mask:=MK-ID",
            "drop:",
            "drop:A,B",
            "clear",
            "clear:",
            "clear:ZJHM=MK-ID",
            "receipt:batch",
            "receipt",
            "verify-only:",
            " verify-only",
            "Verify-Only",
            "watermark:",
            "limit",
            "limit:",
            "limit:0",
            "limit:01",
            "limit:+1",
            "limit:4294967296",
            "second",
            "mask:ZJHM=MK-ID ",
            "mask:ZJHM=MK-ID=MK-ID",
        ] {
            assert!(text.parse::<Obligation>().is_err(), "{text:?}");
        }
    }
}
