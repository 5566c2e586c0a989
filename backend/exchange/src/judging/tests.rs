use super::*;
use ledger::catalogue::{Entry, Item, ItemMask, Mode, PublishedEntry, ReceiptMode, ShareType, UpdateCycle};
use ledger::ids::{GrantId, Height, PolicyVersion, Pseudonym, RequestId, Time, TxId};
use ledger::receipt::PolicyVersions;
use ledger::request::{GrantedItem, Step};
use ledger::role::{By, Role};
use ledger::text::Words;

fn item(code: &str, returnable: bool) -> Item {
    Item {
        code: code.parse().unwrap(),
        label: Words::new("项", "item").unwrap(),
        data_type: DataType::Text,
        sensitivity: 1,
        grade: 3,
        query_key: true,
        returnable,
        verify_only: false,
        mask: ItemMask::Clear,
    }
}

fn entry() -> Entry {
    Entry {
        id: ledger::ids::EntryId { code: "307001/000001".parse().unwrap(), version: 1 },
        previous: None,
        name: Words::new("目录", "entry").unwrap(),
        summary: Words::new("目录", "entry").unwrap(),
        region: "440100".parse().unwrap(),
        items: vec![item("XingMing", true), item("ZJHM", true), item("DWMC", true), item("ZJLX", false)],
        share_type: ShareType::Conditional,
        conditions: vec![],
        modes: [Mode::Query].into(),
        update_cycle: UpdateCycle::RealTime,
        grade: 3,
        receipt_mode: ReceiptMode::Each,
        legal_basis: Words::new("依据", "basis").unwrap(),
    }
}

fn published(entry: Entry) -> PublishedEntry {
    PublishedEntry {
        entry,
        provider: "12510100X00000318P".parse().unwrap(),
        at: Time(0),
        height: Height(1),
        tx: TxId([0; 32]),
    }
}

fn offer() -> Offer {
    Offer::of(published(entry()), None)
}

/// A grant of these items, with their masks.
pub(crate) fn grant(items: &[(&str, Option<MaskRule>)]) -> Grant {
    let version = PolicyVersion([0; 32]);
    Grant {
        id: GrantId([1; 32]),
        number: 1,
        request: RequestId([2; 32]),
        requester: "12440100X00000254F".parse().unwrap(),
        provider: "12510100X00000318P".parse().unwrap(),
        entry: entry().id,
        items: items
            .iter()
            .map(|(code, mask)| GrantedItem { code: code.parse().unwrap(), mask: *mask })
            .collect(),
        purpose: "01".parse().unwrap(),
        mode: Mode::Query,
        row_scope: None,
        quota: 10,
        used_units: 0,
        uses: 0,
        from: Time(0),
        until: Time(10),
        receipt_mode: ReceiptMode::Each,
        policy_versions: PolicyVersions { national: version, region: version, department: version },
        approved: Step {
            tx: TxId([0; 32]),
            height: Height(1),
            at: Time(1),
            by: By { pseudonym: Pseudonym([0; 32]), role: Role::ProvApprover },
            second: None,
        },
        revoked: None,
    }
}

fn codes(list: &[&str]) -> BTreeSet<ItemCode> {
    list.iter().map(|code| code.parse().unwrap()).collect()
}

#[test]
fn the_stricter_of_grant_and_policy_counts() {
    let mask = |item: &str, rule| Obligation::Mask { item: item.parse().unwrap(), rule };
    let granted = grant(&[("XingMing", Some(MaskRule::Name)), ("ZJHM", None), ("DWMC", None)]);
    let selection = select(
        &offer(),
        &granted,
        &codes(&["XingMing", "ZJHM", "DWMC"]),
        &[mask("XingMing", MaskRule::Name), mask("ZJHM", MaskRule::Id), Obligation::ReceiptEach].into(),
    );
    let masks: Vec<_> = selection.given.iter().map(|(code, (_, mask))| (code.as_str(), *mask)).collect();
    assert_eq!(masks, [("DWMC", None), ("XingMing", Some(MaskRule::Name)), ("ZJHM", Some(MaskRule::Id))]);
    assert!(selection.dropped.is_empty());
}

#[test]
fn what_is_dropped_doubly_masked_or_not_granted_does_not_leave() {
    let granted = grant(&[("XingMing", Some(MaskRule::Name)), ("ZJHM", None), ("ZJLX", None)]);
    let selection = select(
        &offer(),
        &granted,
        &codes(&["XingMing", "ZJHM", "DWMC", "ZJLX", "GRZH"]),
        &[
            Obligation::Mask { item: "XingMing".parse().unwrap(), rule: MaskRule::Acct },
            Obligation::Drop { item: "ZJHM".parse().unwrap() },
        ]
        .into(),
    );
    assert!(selection.given.is_empty());
    assert_eq!(selection.dropped, codes(&["XingMing", "ZJHM", "DWMC", "ZJLX", "GRZH"]));
}

#[test]
fn what_the_latest_version_takes_back_does_not_leave_under_a_grant_of_an_older_one() {
    let mut latest = entry();
    latest.id.version = 2;
    latest.items = vec![
        Item { mask: ItemMask::Rule(MaskRule::Name), ..item("XingMing", true) },
        item("ZJHM", false),
        Item { verify_only: true, ..item("DWMC", true) },
    ];
    let offer = Offer::of(published(entry()), Some(published(latest)));
    let granted = grant(&[("XingMing", None), ("ZJHM", None), ("DWMC", None)]);
    let selection = select(&offer, &granted, &codes(&["XingMing", "ZJHM", "DWMC"]), &BTreeSet::new());
    let given: Vec<_> = selection.given.iter().map(|(code, (_, mask))| (code.as_str(), *mask)).collect();
    assert_eq!(given, [("XingMing", Some(MaskRule::Name))]);
    assert_eq!(selection.dropped, codes(&["ZJHM", "DWMC"]));
}
