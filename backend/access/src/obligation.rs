//! What must be done with an allowed answer before anyone sees it.

use ledger::catalogue::MaskRule;
use ledger::ids::ItemCode;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

pub use ledger::policy::{Obligation, UnknownObligation};

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
