use super::*;
use ledger::catalogue::{DataType, Item, ItemMask, ReceiptMode, UpdateCycle};
use ledger::ids::{Height, Time, TxId};
use ledger::text::Words;

fn words() -> Words {
    Words::new("目录", "entry").unwrap()
}

pub(crate) fn item(code: &str, grade: u8) -> Item {
    Item {
        code: code.parse().unwrap(),
        label: words(),
        data_type: DataType::Text,
        sensitivity: 1,
        grade,
        query_key: true,
        returnable: true,
        verify_only: false,
        mask: ItemMask::Unsaid,
    }
}

/// A version of one resource with these items, shared on condition.
pub(crate) fn version(number: u32, items: Vec<Item>) -> PublishedEntry {
    PublishedEntry {
        entry: Entry {
            id: EntryId { code: "307001/000001".parse().unwrap(), version: number },
            previous: number.checked_sub(1).filter(|number| *number > 0),
            name: words(),
            summary: words(),
            region: "320100".parse().unwrap(),
            grade: items.iter().map(|item| item.grade).max().unwrap(),
            items,
            share_type: ShareType::Conditional,
            conditions: Vec::new(),
            modes: [Mode::Query].into(),
            update_cycle: UpdateCycle::RealTime,
            receipt_mode: ReceiptMode::Each,
            legal_basis: words(),
        },
        provider: "12320100X00000115R".parse().unwrap(),
        at: Time(0),
        height: Height(1),
        tx: TxId([0; 32]),
    }
}

/// The next version, which is not shared.
pub(crate) fn not_shared(mut published: PublishedEntry) -> PublishedEntry {
    published.entry.id.version += 1;
    published.entry.share_type = ShareType::NotShared;
    published.entry.modes.clear();
    published
}

fn codes(list: &[&str]) -> BTreeSet<ItemCode> {
    list.iter().map(|code| code.parse().unwrap()).collect()
}

#[test]
fn the_grade_is_the_highest_among_the_items_asked() {
    let offer = Offer::of(version(1, vec![item("CXMC", 1), item("GRZHZT", 3), item("ZJHM", 4)]), None);
    assert_eq!(offer.grade(&codes(&["CXMC"])), 1);
    assert_eq!(offer.grade(&codes(&["CXMC", "GRZHZT"])), 3);
    assert_eq!(offer.grade(&codes(&["CXMC", "ZJHM"])), 4);
    assert_eq!(offer.grade(&BTreeSet::new()), 4, "no item is named: the entry's");
    assert_eq!(offer.grade(&codes(&["DWMC"])), 4, "no such item: the entry's");
}

#[test]
fn the_stricter_of_granted_and_latest_version_counts() {
    let first = version(1, vec![item("CXMC", 1), item("GRZHZT", 2)]);
    let raised = Offer::of(first.clone(), Some(version(2, vec![item("CXMC", 3), item("GRZHZT", 2)])));
    assert!(raised.is_outdated());
    assert_eq!((raised.latest_version(), raised.asked().entry.id.version), (2, 1));
    assert_eq!(raised.grade(&codes(&["CXMC"])), 3);
    let lowered = Offer::of(first.clone(), Some(version(2, vec![item("CXMC", 1), item("GRZHZT", 1)])));
    assert_eq!(lowered.grade(&codes(&["GRZHZT"])), 2);
    assert_eq!(lowered.grade(&BTreeSet::new()), 2);

    let taken_back = Offer::of(first.clone(), Some(not_shared(first.clone())));
    assert_eq!(taken_back.share_type(), ShareType::NotShared);
    assert!(!taken_back.offers(Mode::Query));
    let mut freed = version(2, first.entry.items.clone());
    freed.entry.share_type = ShareType::Unconditional;
    assert_eq!(Offer::of(first.clone(), Some(freed)).share_type(), ShareType::Conditional);

    let alone = Offer::of(first.clone(), Some(first));
    assert!(!alone.is_outdated() && alone.offers(Mode::Query));
    assert_eq!((alone.latest_version(), alone.share_type()), (1, ShareType::Conditional));
}

#[test]
fn what_any_version_withholds_or_masks_stays_withheld_or_masked() {
    let first = version(1, vec![item("CXMC", 1), item("GRZHZT", 1), item("SJHM", 1), item("XingMing", 1)]);
    let latest = version(
        2,
        vec![
            Item { returnable: false, ..item("CXMC", 1) },
            Item { verify_only: true, ..item("GRZHZT", 1) },
            Item { mask: ItemMask::Rule(MaskRule::Name), ..item("XingMing", 1) },
        ],
    );
    let none = BTreeSet::new();
    let of = |offer: &Offer, code: &str, granted| offer.release(&code.parse().unwrap(), granted, &none);
    for (asked, other) in [(&first, &latest), (&latest, &first)] {
        let offer = Offer::of(asked.clone(), Some(other.clone()));
        for code in ["CXMC", "GRZHZT", "SJHM", "JZNY"] {
            assert_eq!(of(&offer, code, None), Release::Withheld, "{code}");
        }
        assert_eq!(of(&offer, "XingMing", None), Release::Masked(MaskRule::Name));
        assert_eq!(of(&offer, "XingMing", Some(MaskRule::Name)), Release::Masked(MaskRule::Name));
        assert_eq!(of(&offer, "XingMing", Some(MaskRule::Acct)), Release::Withheld, "two masks, no order");
    }
    assert_eq!(of(&Offer::of(first, None), "CXMC", None), Release::Clear);
}

#[test]
fn a_guarded_item_is_withheld_unless_someone_masks_it_or_says_that_it_is_clear() {
    let duty = |text: &str| BTreeSet::from([text.parse::<Obligation>().unwrap()]);
    let sensitive = Item { sensitivity: 2, ..item("GRZHZT", 1) };
    for unsaid in [sensitive, item("GRZHZT", 3), item("GRZHZT", 4)] {
        let said = |mask: ItemMask| version(1, vec![Item { mask, ..unsaid.clone() }]);
        let of = |offer: &Offer, granted, duties: &BTreeSet<Obligation>| {
            offer.release(&unsaid.code, granted, duties)
        };
        let none = BTreeSet::new();
        let offer = Offer::of(said(ItemMask::Unsaid), None);
        assert_eq!(of(&offer, None, &none), Release::Withheld, "clear by omission");
        assert_eq!(of(&offer, None, &duty("receipt:each")), Release::Withheld);
        assert_eq!(of(&offer, None, &duty("clear:ZJHM")), Release::Withheld);
        assert_eq!(of(&offer, None, &duty("clear:GRZHZT")), Release::Clear);
        assert_eq!(of(&offer, Some(MaskRule::Acct), &none), Release::Masked(MaskRule::Acct));
        assert_eq!(of(&offer, None, &duty("mask:GRZHZT=MK-ACCT")), Release::Masked(MaskRule::Acct));
        let clear = Offer::of(said(ItemMask::Clear), None);
        assert_eq!(of(&clear, None, &none), Release::Clear);
        assert_eq!(of(&clear, None, &duty("mask:GRZHZT=MK-ACCT")), Release::Masked(MaskRule::Acct));
        let mut latest = said(ItemMask::Unsaid);
        latest.entry.id.version = 2;
        let unsaid_since = Offer::of(said(ItemMask::Clear), Some(latest));
        assert_eq!(of(&unsaid_since, None, &none), Release::Withheld, "the stricter version counts");
        assert_eq!(of(&unsaid_since.as_asked(), None, &none), Release::Clear);
    }
}

/// A ledger of one published version.
struct One(PublishedEntry);

impl StateRead for One {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        Ok(key.ends_with(b"@0000000001").then(|| ledger::wire::to_bytes(&self.0)))
    }

    fn scan(&self, _: &[u8], _: Option<&[u8]>, _: usize) -> Result<ledger::state::Pairs, ReadFault> {
        Ok(Vec::new())
    }
}

#[test]
fn an_offer_is_what_the_ledger_holds_of_a_version_and_nothing_of_one_it_lacks() {
    let ledger = One(version(1, vec![item("CXMC", 2)]));
    let mut id = ledger.0.entry.id.clone();
    let offer = Offer::read(&ledger, &id).unwrap().unwrap();
    assert_eq!((offer.asked().entry.id.clone(), offer.grade(&BTreeSet::new())), (id.clone(), 2));
    id.version = 2;
    assert!(Offer::read(&ledger, &id).unwrap().is_none());
}
