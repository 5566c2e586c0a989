//! What must be done with an allowed answer before anyone sees it.

use ledger::catalogue::MaskRule;
use ledger::ids::ItemCode;
use ledger::wire::{In, Out, Wire, WireError};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

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

/// Joins duties to the strictest: dropped is stricter than masked, masked stricter than clear, fewer rows
/// than more. Masks have no order among themselves, so an item for which two different ones are demanded
/// is dropped. Duties about items nobody asked for fall away.
pub(crate) fn strictest(
    all: impl IntoIterator<Item = Obligation>,
    asked: &BTreeSet<ItemCode>,
) -> BTreeSet<Obligation> {
    let mut joined = BTreeSet::new();
    let mut per_item: BTreeMap<ItemCode, Obligation> = BTreeMap::new();
    let mut fewest: Option<NonZeroU32> = None;
    for duty in all {
        if let Obligation::Limit { rows } = duty {
            fewest = Some(fewest.map_or(rows, |other| other.min(rows)));
            continue;
        }
        match duty.item().filter(|item| asked.contains(*item)).cloned() {
            Some(item) => {
                let kept = match (per_item.remove(&item), duty) {
                    (None | Some(Obligation::Clear { .. }), duty) => duty,
                    (Some(other), Obligation::Clear { .. }) => other,
                    (Some(other), duty) if other == duty => duty,
                    (Some(_), _) => Obligation::Drop { item: item.clone() },
                };
                per_item.insert(item, kept);
            }
            None if duty.item().is_none() => {
                joined.insert(duty);
            }
            None => {}
        }
    }
    joined.extend(per_item.into_values());
    joined.extend(fewest.map(|rows| Obligation::Limit { rows }));
    joined
}

/// What may leave of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Its value.
    Clear,
    /// Its value under this mask.
    Masked(MaskRule),
    /// Nothing.
    Withheld,
}

impl Release {
    /// The mask it leaves under, if any.
    #[must_use]
    pub const fn mask(self) -> Option<MaskRule> {
        match self {
            Self::Masked(rule) => Some(rule),
            Self::Clear | Self::Withheld => None,
        }
    }
}

/// What duties leave of an item that is under these masks already: the stricter counts, and two
/// different masks have no order.
#[must_use]
pub fn narrowed(code: &ItemCode, mut masks: BTreeSet<MaskRule>, duties: &BTreeSet<Obligation>) -> Release {
    for duty in duties.iter().filter(|duty| duty.item() == Some(code)) {
        match duty {
            Obligation::Drop { .. } => return Release::Withheld,
            Obligation::Mask { rule, .. } => {
                masks.insert(*rule);
            }
            Obligation::Clear { .. }
            | Obligation::ReceiptEach
            | Obligation::VerifyOnly
            | Obligation::Limit { .. }
            | Obligation::Watermark
            | Obligation::SecondPerson => {}
        }
    }
    match (masks.pop_first(), masks.is_empty()) {
        (None, _) => Release::Clear,
        (Some(rule), true) => Release::Masked(rule),
        (Some(_), false) => Release::Withheld,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duties(texts: &[&str]) -> BTreeSet<Obligation> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn asked() -> BTreeSet<ItemCode> {
        ["ZJHM", "GRZHYE"].iter().map(|code| code.parse().unwrap()).collect()
    }

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

    #[test]
    fn dropped_is_stricter_than_masked() {
        let joined = strictest(duties(&["mask:GRZHYE=MK-AMT", "drop:GRZHYE", "mask:ZJHM=MK-ID"]), &asked());
        assert_eq!(joined, duties(&["drop:GRZHYE", "mask:ZJHM=MK-ID"]));
    }

    #[test]
    fn masked_and_dropped_are_stricter_than_clear() {
        let joined =
            strictest(duties(&["clear:GRZHYE", "drop:GRZHYE", "clear:ZJHM", "mask:ZJHM=MK-ID"]), &asked());
        assert_eq!(joined, duties(&["drop:GRZHYE", "mask:ZJHM=MK-ID"]));
        assert_eq!(strictest(duties(&["clear:ZJHM", "clear:SJHM"]), &asked()), duties(&["clear:ZJHM"]));
    }

    #[test]
    fn what_leaves_under_a_mask_names_it() {
        assert_eq!(Release::Masked(MaskRule::Id).mask(), Some(MaskRule::Id));
        assert_eq!((Release::Clear.mask(), Release::Withheld.mask()), (None, None));
    }

    #[test]
    fn the_smallest_limit_counts() {
        let joined = strictest(duties(&["limit:20", "limit:5", "limit:100", "watermark"]), &asked());
        assert_eq!(joined, duties(&["limit:5", "watermark"]));
    }

    #[test]
    fn two_different_masks_for_one_item_drop_it() {
        let joined =
            strictest(duties(&["mask:ZJHM=MK-ID", "mask:ZJHM=MK-NAME", "mask:ZJHM=MK-MOB"]), &asked());
        assert_eq!(joined, duties(&["drop:ZJHM"]));
    }

    #[test]
    fn duties_about_items_nobody_asked_for_fall_away() {
        let joined = strictest(duties(&["mask:SJHM=MK-MOB", "drop:DWMC", "receipt:each"]), &asked());
        assert_eq!(joined, duties(&["receipt:each"]));
    }

    #[test]
    fn a_mask_stays_what_it_is_or_the_item_is_withheld() {
        let code: ItemCode = "ZJHM".parse().unwrap();
        let of = |mask: Option<MaskRule>, duty: &[&str]| {
            narrowed(&code, mask.into_iter().collect(), &duties(duty))
        };
        let (id, masked) = (Some(MaskRule::Id), Release::Masked(MaskRule::Id));
        assert_eq!(of(None, &[]), Release::Clear);
        assert_eq!(of(None, &["mask:ZJHM=MK-ID"]), masked);
        assert_eq!(of(id, &["mask:ZJHM=MK-ID"]), masked);
        assert_eq!(of(id, &["mask:XingMing=MK-NAME", "receipt:each"]), masked);
        assert_eq!(of(id, &["mask:ZJHM=MK-ACCT"]), Release::Withheld);
        assert_eq!(of(id, &["drop:ZJHM"]), Release::Withheld);
        assert_eq!(of(None, &["drop:ZJHM"]), Release::Withheld);
    }
}
