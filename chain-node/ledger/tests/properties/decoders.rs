//! No bytes make a decoder panic, and what it takes it gives back unchanged: for every type that is
//! stored, signed or sent.

use crate::story::papers::{loosen, payment_certificate, tighten};
use crate::story::{Centre, Chain};
use ledger::inspection::Sight;
use ledger::policy::PolicyOwner;
use ledger::receipt::DenialClass;
use ledger::state::StateRead;
use ledger::transaction::Payload;
use ledger::wire::{Wire, from_bytes, to_bytes};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeSet;
use std::path::Path;

/// Decodes; what is taken must come back as the same bytes.
fn try_one<T: Wire>(bytes: &[u8]) -> bool {
    match from_bytes::<T>(bytes) {
        Ok(object) => {
            assert_eq!(to_bytes(&object), bytes, "{}", std::any::type_name::<T>());
            true
        }
        Err(_) => false,
    }
}

macro_rules! every_type {
    ($($module:ident: $($name:ident $(<$max:literal>)?),*;)*) => {
        const NAMES: &[&str] = &[$($(stringify!($name)),*),*];
        /// How many types take these bytes.
        fn try_all(bytes: &[u8]) -> usize {
            let taken = [$($(try_one::<ledger::$module::$name $(<$max>)?>(bytes)),*),*];
            taken.into_iter().filter(|taken| *taken).count()
        }
    };
}

every_type! {
    ids: DepartmentId, RegionCode, ResourceCode, CodeFront, ItemCode, Code2, Nonce, RequestId, InspectionId, GrantId, TxId, QueryId, BlockId,
        PolicyVersion, Pseudonym, OfficerId, Address, PeerKey, EntryId, Height, Time;
    text: Text<40>, Words;
    tip: Tip;
    wire: Bytes;
    catalogue: ShareType, Mode, ReceiptMode, MaskRule, ItemMask, DataType, UpdateCycle, Item, Condition, Entry, PublishedEntry;
    credit: Spent;
    equivocation: Message, MessageKind, Equivocation, Equivocated;
    turns: PassedOver;
    department: KeyKind, Member, ValidatorKey, Card, Department, KeyRecord;
    certificate: Certificate, Validator, ValidatorSet;
    block: Header, Block;
    genesis: Genesis;
    parameters: Parameters;
    amendment: DraftPolicy, CountersignPolicy, WithdrawPolicy, Stewardship, Draft, Pending, Enacted;
    policy: Layer, Effect, PolicyRow, PolicyOwner, PolicySet;
    receipt: Ticket, PolicyVersions, LogHead, Receipt, DenialClass, Denial, DeliveryOutcome, Delivery, Place,
        OpenRecord;
    protocol: Schedule;
    request: SubmitRequest, GrantedItem, RowScope, ApproveRequest, RefuseRequest, WithdrawRequest, RequestStatus,
        Step, Request;
    grant: RevokeGrant, Revocation, GrantStatus, Grant;
    inspection: InspectionScope, OpenInspection, CloseInspection, Sight, RecordLooks, Conclusion, Inspection, InspectionStatus;
    query: Details, Answer;
    roster: AnchorRoster, Anchored, Rosters, OfficerEntry, OfficerCertificate, OfficerWord, OfficerProof;
    role: Role, Assurance, By;
    seal: StepWord, Seals;
    transaction: Payload, Transaction, Signed, Encoded;
    proof: Proven, Basis, Amendment, Field, Opening, Evidence, Step;
}

/// Types that are not the ledger's own.
fn try_foreign(bytes: &[u8]) {
    try_one::<(u8, u16, u32, u64, bool)>(bytes);
    try_one::<Vec<Option<u64>>>(bytes);
    try_one::<BTreeSet<Vec<u8>>>(bytes);
    try_one::<[u8; 7]>(bytes);
    try_one::<gm::sm3::Digest>(bytes);
    try_one::<gm::sm2::KeyId>(bytes);
    try_one::<gm::sm2::PublicKey>(bytes);
    try_one::<gm::sm2::Signature>(bytes);
    try_one::<gm::domain::ChainId>(bytes);
}

/// Names after `pub struct` or `pub enum` inside the macros that write types, and of impls by hand.
fn types_in(source: &str) -> BTreeSet<String> {
    let named = |text: &str| {
        let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
        text[..end].to_string()
    };
    let mut names = BTreeSet::new();
    for part in
        source.split("crate::wire_struct! {").skip(1).chain(source.split("crate::wire_code! {").skip(1))
    {
        let at = part.find("pub struct ").map(|at| at + 11);
        let code = part.find("pub enum ").map(|at| at + 9);
        names.insert(named(&part[at.into_iter().chain(code).min().unwrap()..]));
    }
    for part in source.split(" Wire for ").skip(1).filter(|part| !part.starts_with(['$', '(', '['])) {
        names.insert(named(part));
    }
    // A name follows its doc comment, up to the comma in front of length or check.
    for part in source.split("\ntext_id! {").skip(1).chain(source.split("\nbyte_id! {").skip(1)) {
        let line =
            part.lines().find(|line| !line.trim_start().starts_with("///") && line.contains(',')).unwrap();
        names.insert(named(line.trim()));
    }
    names
}

#[test]
fn no_type_of_the_ledger_is_forgotten() {
    let listed: BTreeSet<_> = NAMES.iter().map(ToString::to_string).collect();
    // Rust's and gm's own, tried above under their names.
    let foreign = ["bool", "Vec", "BTreeSet", "Option", "Digest", "KeyId", "PublicKey", "Signature", "gm"];
    let mut seen = 0;
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            for name in types_in(&std::fs::read_to_string(&path).unwrap()) {
                assert!(listed.contains(&name) || foreign.contains(&name.as_str()), "{name} in {path:?}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 60, "{seen}");
}

/// Every value of a state in which everything has happened, and every block that led there.
fn real_objects() -> Vec<Vec<u8>> {
    let (mut chain, grant) = Chain::with_grant(3);
    let query = chain.answer(&grant).unwrap();
    let delivery = Payload::Acknowledge(chain.a_delivery(&[query]));
    chain.submit(Centre::Guangzhou, delivery).unwrap();
    let ticket = chain.a_ticket(&grant);
    let denial = chain.a_denial(&ticket, DenialClass::Quota);
    chain.submit(Centre::Chengdu, Payload::RecordDenial(denial)).unwrap();
    let revocation = Payload::RevokeGrant(chain.a_revocation(&grant));
    chain.submit(Centre::Chengdu, revocation).unwrap();
    let request = chain.request(chain.a_request()).unwrap();
    let refused = Payload::RefuseRequest(chain.a_refusal(&request));
    chain.submit(Centre::Chengdu, refused).unwrap();
    let withdrawn = chain.request(chain.a_request()).unwrap();
    let withdrawal = Payload::WithdrawRequest(chain.a_withdrawal(&withdrawn));
    chain.submit(Centre::Guangzhou, withdrawal).unwrap();
    let owner = PolicyOwner::Department(Centre::Chengdu.id());
    chain.amend(Centre::Chengdu, &owner, loosen).unwrap();
    let set = chain.next_policy(&owner, tighten);
    chain.submit(Centre::Chengdu, Payload::DraftPolicy(chain.a_draft(Centre::Chengdu, &set))).unwrap();
    chain.submit(Centre::Chengdu, Payload::AnchorRoster(chain.a_roster(3))).unwrap();
    let inspection = chain.inspect(chain.an_inspection()).unwrap();
    let looks =
        chain.looks(&inspection, &[Sight::Record(query), Sight::Request(request), Sight::Grant(grant)]);
    chain.submit(Centre::Inspectorate, Payload::RecordLooks(looks)).unwrap();
    chain.submit(Centre::Inspectorate, Payload::CloseInspection(chain.a_closing(&inspection))).unwrap();
    let values = chain.state().scan(b"", None, usize::MAX).unwrap().into_iter().map(|(_, value)| value);
    let mut objects: Vec<_> = values.collect();
    objects.extend(chain.decided.iter().map(|(block, _)| to_bytes(block)));
    objects.push(to_bytes(&payment_certificate()));
    objects.push(to_bytes(&chain.tip()));
    objects
}

#[test]
fn every_real_object_is_some_type() {
    for object in real_objects() {
        // The frontier of the receipt log and a few pairs of numbers have no name.
        assert!(try_all(&object) > 0 || object.len() < 200, "{}", hex::encode(object));
    }
}

#[test]
fn real_objects_changed_anywhere_do_not_panic() {
    let objects = real_objects();
    let change = (any::<Index>(), any::<Index>(), any::<Index>(), vec(any::<u8>(), 0..4), any::<bool>());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(2_000));
    runner
        .run(&change, |(object, from, to, with, overwrite)| {
            let mut bytes = object.get(&objects).clone();
            let at = from.index(bytes.len());
            if overwrite {
                let end = (at + with.len()).min(bytes.len());
                bytes.splice(at..end, with);
            } else {
                // A stretch of another place in its stead.
                let until = at + to.index(bytes.len() - at);
                bytes.splice(at..until, with);
            }
            try_all(&bytes);
            try_foreign(&bytes);
            Ok(())
        })
        .unwrap();
}

/// Bytes that look like CBOR more often than chance would have it.
fn nearly_cbor() -> impl Strategy<Value = Vec<u8>> {
    let item = prop_oneof![
        (0u8..24).prop_map(|n| vec![n]),
        (0x80u8..0x98).prop_map(|head| vec![head]),
        vec(any::<u8>(), 0..24).prop_map(|b| [&[0x40 | b.len() as u8], b.as_slice()].concat()),
        Just([&[0x58, 32], [7; 32].as_slice()].concat()),
        "[0-9A-Z]{0,23}".prop_map(|t| [&[0x60 | t.len() as u8], t.as_bytes()].concat()),
        Just(vec![0xf6]),
        Just(vec![0xf5]),
        (any::<u8>(), any::<u64>()).prop_map(|(head, n)| [&[head], n.to_be_bytes().as_slice()].concat()),
        any::<u8>().prop_map(|byte| vec![byte]),
    ];
    vec(item, 0..30).prop_map(|items| items.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in vec(any::<u8>(), 0..300)) {
        try_all(&bytes);
        try_foreign(&bytes);
    }

    #[test]
    fn nearly_canonical_bytes_do_not_panic(bytes in nearly_cbor()) {
        try_all(&bytes);
        try_foreign(&bytes);
    }

    #[test]
    fn any_text_is_an_id_or_an_error(text in "\\PC{0,40}") {
        use ledger::ids::{Code2, DepartmentId, ItemCode, RegionCode, ResourceCode, TxId};
        if let Ok(id) = text.parse::<DepartmentId>() { prop_assert_eq!(id.as_str(), text.as_str()); }
        if let Ok(id) = text.parse::<ResourceCode>() { prop_assert_eq!(id.as_str(), text.as_str()); }
        if let Ok(id) = text.parse::<ItemCode>() { prop_assert_eq!(id.as_str(), text.as_str()); }
        if let Ok(id) = text.parse::<RegionCode>() { prop_assert_eq!(id.province().as_str().len(), 6); }
        if let Ok(id) = text.parse::<Code2>() { prop_assert_eq!(id.as_str(), text.as_str()); }
        if let Ok(id) = text.parse::<TxId>() { prop_assert_eq!(id.to_string(), text.clone()); }
        if let Ok(words) = ledger::text::Words::new(&text, &text) { prop_assert_eq!(words.zh.as_str(), text.as_str()); }
    }

    #[test]
    fn lists_and_sets_read_back(numbers in vec(any::<u64>(), 0..40), bytes in vec(any::<u8>(), 0..300)) {
        prop_assert!(try_one::<Vec<u64>>(&to_bytes(&numbers)));
        let set: BTreeSet<u64> = numbers.iter().copied().collect();
        prop_assert!(try_one::<BTreeSet<u64>>(&to_bytes(&set)));
        let is_set = numbers.windows(2).all(|w| w[0] < w[1]);
        prop_assert_eq!(from_bytes::<BTreeSet<u64>>(&to_bytes(&numbers)).is_ok(), is_set);
        prop_assert!(try_one::<ledger::wire::Bytes>(&to_bytes(&ledger::wire::Bytes(bytes))));
    }
}
