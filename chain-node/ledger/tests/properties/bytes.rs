//! One object has one form. Goal: for real objects of the chain, every deformation that a lenient decoder
//! would take for the same object is refused. Method: take the canonical bytes apart item by item and
//! write each item in every other way CBOR knows.

use crate::story::cbor::{ARRAY, BYTES, Item, SIMPLE, TEXT, UNSIGNED, head, items, spliced};
use crate::story::papers::{payment_certificate, tighten};
use crate::story::{Centre, Chain, Network};
use gm::sm2::Direct;
use ledger::block::Block;
use ledger::catalogue::Mode;
use ledger::certificate::ValidatorSet;
use ledger::ids::{Code2, ItemCode};
use ledger::inspection::Sight;
use ledger::policy::PolicyOwner;
use ledger::receipt::DenialClass;
use ledger::text::{Text, Words};
use ledger::transaction::{Encoded, Payload, Signed};
use ledger::wire::{WireError, from_bytes, to_bytes};
use std::collections::BTreeSet;

/// A block with a certificate and every kind of payload, as bytes.
fn a_full_block() -> Vec<u8> {
    let (mut chain, grant) = Chain::with_grant(9);
    let answered = chain.answer(&grant).unwrap();
    let ticket = chain.a_ticket(&grant);
    let mut payloads = vec![];
    let request = chain.next_request(Centre::Guangzhou);
    payloads.push((Centre::Guangzhou, Payload::SubmitRequest(chain.a_request())));
    payloads
        .push((Centre::Chengdu, Payload::ApproveRequest(chain.approval_of(&request, &chain.a_request()))));
    payloads.push((Centre::Chengdu, Payload::RefuseRequest(chain.a_refusal(&request))));
    payloads.push((Centre::Guangzhou, Payload::WithdrawRequest(chain.a_withdrawal(&request))));
    payloads.push((Centre::Chengdu, Payload::RevokeGrant(chain.a_revocation(&grant))));
    payloads.push((Centre::Chengdu, Payload::Publish(payment_certificate())));
    payloads.push((Centre::Chengdu, Payload::RecordAnswer(chain.a_receipt(&ticket))));
    payloads.push((Centre::Chengdu, Payload::RecordDenial(chain.a_denial(&ticket, DenialClass::Policy))));
    payloads.push((Centre::Guangzhou, Payload::Acknowledge(chain.a_delivery(&[answered]))));
    let set = chain.next_policy(&PolicyOwner::Department(Centre::Chengdu.id()), tighten);
    payloads.push((Centre::Chengdu, Payload::DraftPolicy(chain.a_draft(Centre::Chengdu, &set))));
    let countersignature = chain.a_countersignature(Centre::Chengdu, &set);
    payloads.push((Centre::Chengdu, Payload::CountersignPolicy(countersignature)));
    let withdrawal = chain.a_policys_withdrawal(Centre::Chengdu, &set);
    payloads.push((Centre::Chengdu, Payload::WithdrawPolicy(withdrawal)));
    payloads.push((Centre::Chengdu, Payload::AnchorRoster(chain.a_roster(3))));
    let inspection = chain.next_inspection();
    payloads.push((Centre::Inspectorate, Payload::OpenInspection(chain.an_inspection())));
    payloads.push((Centre::Inspectorate, Payload::CloseInspection(chain.a_closing(&inspection))));
    let looks = chain.looks(&inspection, &[Sight::Record(answered), Sight::Grant(grant)]);
    payloads.push((Centre::Inspectorate, Payload::RecordLooks(looks)));
    payloads.push((Centre::Guangzhou, Payload::ReportEquivocation(chain.an_equivocation(1))));
    assert_eq!(payloads.len(), Payload::NAMES.len());
    // Only the bytes matter here: the block need not be valid.
    let mut block = chain.propose(vec![]).block;
    block.transactions = payloads.into_iter().map(|(by, payload)| chain.sign(by, payload).into()).collect();
    to_bytes(&block)
}

/// Asserts that no deformation that `deform` makes of any item is taken for a block.
fn refused(bytes: &[u8], mut deform: impl FnMut(&[u8], &Item) -> Vec<Vec<u8>>) {
    let mut tried = 0;
    for item in items(bytes) {
        for deformed in deform(bytes, &item) {
            assert_ne!(deformed, bytes);
            assert!(from_bytes::<Block>(&deformed).is_err(), "{item:?}");
            tried += 1;
        }
    }
    assert!(tried > 20, "only {tried} deformations");
}

#[test]
fn a_full_block_reads_back() {
    let bytes = a_full_block();
    assert_eq!(to_bytes(&from_bytes::<Block>(&bytes).unwrap()), bytes);
}

#[test]
fn longer_numbers_and_lengths_are_refused() {
    refused(&a_full_block(), |bytes, item| {
        let used = item.body - item.at - 1;
        let longer = [1, 2, 4, 8].into_iter().filter(|width| *width > used);
        longer
            .map(|width| spliced(bytes, item.at, item.body, &head(item.major, item.number, width)))
            .collect()
    });
}

#[test]
fn indefinite_lengths_are_refused() {
    refused(&a_full_block(), |bytes, item| {
        let inside = &bytes[item.body..item.end];
        let whole = &bytes[item.at..item.end];
        let open = item.major << 5 | 31;
        match item.major {
            ARRAY => vec![spliced(bytes, item.at, item.end, &[&[open], inside, &[0xff]].concat())],
            BYTES | TEXT => vec![
                spliced(bytes, item.at, item.end, &[&[open], whole, &[0xff]].concat()),
                spliced(bytes, item.at, item.end, &[open, 0xff]),
            ],
            _ => vec![],
        }
    });
}

#[test]
fn trailing_and_missing_bytes_are_refused() {
    let bytes = a_full_block();
    for byte in 0..=u8::MAX {
        let longer = [bytes.as_slice(), &[byte]].concat();
        assert_eq!(from_bytes::<Block>(&longer), Err(WireError::NotCanonical));
    }
    let twice = [bytes.as_slice(), &bytes].concat();
    assert_eq!(from_bytes::<Block>(&twice), Err(WireError::NotCanonical));
    for length in 0..bytes.len() {
        assert!(from_bytes::<Block>(&bytes[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn maps_tags_floats_and_other_kinds_are_refused() {
    refused(&a_full_block(), |bytes, item| {
        let whole = &bytes[item.at..item.end];
        let mut others: Vec<Vec<u8>> = vec![
            vec![0xa0],
            vec![0xa1, 0x01, 0x02],
            vec![0xbf, 0xff],
            [&[0xc1], whole].concat(),
            [&[0xd8, 0x18], whole].concat(),
            [&[0xd9, 0xd9, 0xf7], whole].concat(),
            vec![0xf9, 0, 0],
            vec![0xfa, 0x3f, 0x80, 0, 0],
            vec![0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0],
            vec![0xf7],
            vec![0xe0],
            vec![0xf8, 0xff],
            vec![0xff],
            vec![0x20],
        ];
        if item.major == UNSIGNED {
            others.push(head(1, item.number, 8));
        }
        if item.major == SIMPLE {
            others.push(vec![0xf8, u8::try_from(item.number).unwrap()]);
        }
        others.into_iter().map(|other| spliced(bytes, item.at, item.end, &other)).collect()
    });
}

#[test]
fn huge_lengths_are_refused_without_reserving_memory() {
    refused(&a_full_block(), |bytes, item| {
        if item.major == UNSIGNED || item.major == SIMPLE {
            return vec![];
        }
        let huge = [u64::MAX, 1 << 63, 1 << 62, 1 << 40, u64::from(u32::MAX), 1 << 31, 1 << 24];
        huge.into_iter()
            .map(|number| spliced(bytes, item.at, item.body, &head(item.major, number, 8)))
            .collect()
    });
    // A length that fits the rest of the bytes, of elements that do not.
    let mut nested = vec![];
    for _ in 0..2_000 {
        nested.extend(head(ARRAY, 2_000, 2));
    }
    assert!(from_bytes::<Vec<Vec<Vec<u8>>>>(&nested).is_err());
}

#[test]
fn numbers_beyond_their_type_are_refused() {
    assert_eq!(from_bytes::<u8>(&to_bytes(&256u16)), Err(WireError::Range));
    assert_eq!(from_bytes::<u16>(&to_bytes(&65_536u32)), Err(WireError::Range));
    assert_eq!(from_bytes::<u32>(&to_bytes(&(1u64 << 32))), Err(WireError::Range));
    assert_eq!(from_bytes::<Mode>(&to_bytes(&0u8)), Err(WireError::Range));
    assert_eq!(from_bytes::<Mode>(&to_bytes(&6u8)), Err(WireError::Range));
    assert_eq!(from_bytes::<Mode>(&to_bytes(&257u16)), Err(WireError::Range));
}

#[test]
fn text_in_another_form_is_refused() {
    refused(&a_full_block(), |bytes, item| {
        if item.major != TEXT {
            return vec![];
        }
        let whole = &bytes[item.body..item.end];
        let mut others: Vec<Vec<u8>> = vec![
            "e\u{301}".into(), // decomposed é
            "\u{212b}".into(), // Ångström sign, whose normal form is another letter
            "a\u{0}".into(),
            "a\nb".into(),
            "\u{7f}".into(),
            "\u{85}".into(),
            "".into(),
            "  ".into(),
            vec![0xff, 0xfe],
            vec![0xc0, 0x80],       // overlong
            vec![0xed, 0xa0, 0x80], // surrogate
            "字".repeat(501).into(),
        ];
        others.push([whole, &[0]].concat());
        others.push([whole, "\u{301}".as_bytes(), "\u{323}".as_bytes()].concat());
        let width = |length| usize::from(length >= 24) + usize::from(length >= 256);
        let encode = |text: Vec<u8>| [head(TEXT, text.len() as u64, width(text.len())), text].concat();
        others.into_iter().map(|text| spliced(bytes, item.at, item.end, &encode(text))).collect()
    });
    assert_eq!(
        from_bytes::<Text<9>>(&to_bytes(&Text::<20>::new("0123456789").unwrap())),
        Err(WireError::Text)
    );
    assert!(Words::new("缴存", "").is_err());
}

#[test]
fn sets_out_of_order_or_with_repeats_are_refused() {
    let list = |codes: &[&str]| {
        to_bytes(&codes.iter().map(|code| code.parse::<ItemCode>().unwrap()).collect::<Vec<_>>())
    };
    assert!(from_bytes::<BTreeSet<ItemCode>>(&list(&["GRZH", "ZJHM"])).is_ok());
    assert_eq!(from_bytes::<BTreeSet<ItemCode>>(&list(&["ZJHM", "GRZH"])), Err(WireError::Order));
    assert_eq!(from_bytes::<BTreeSet<ItemCode>>(&list(&["GRZH", "GRZH"])), Err(WireError::Order));
    assert_eq!(from_bytes::<BTreeSet<ItemCode>>(&list(&["GRZH", "ZJHM", "GRZH"])), Err(WireError::Order));

    // The same inside a signed request: swap and double the elements of its set.
    let mut chain = Chain::with_entry();
    let asked = chain.a_request();
    let set = to_bytes(&asked.items);
    let signed = chain.sign(Centre::Guangzhou, Payload::SubmitRequest(asked.clone()));
    let bytes = to_bytes(&signed);
    let at = bytes.windows(set.len()).position(|window| window == set).unwrap();
    let mut codes: Vec<_> = asked.items.into_iter().collect();
    codes.reverse();
    let reversed = spliced(&bytes, at, at + set.len(), &to_bytes(&codes));
    assert_eq!(from_bytes::<Signed>(&reversed), Err(WireError::Order));
    codes.reverse();
    codes.push(codes[2].clone());
    let doubled = spliced(&bytes, at, at + set.len(), &to_bytes(&codes));
    assert_eq!(from_bytes::<Signed>(&doubled), Err(WireError::Order));
}

#[test]
fn a_validator_set_is_in_order_and_names_each_once() {
    let set = Network::founded().genesis.validator_set();
    let listed = set.validators().to_vec();
    let read = |list: &Vec<_>| from_bytes::<ValidatorSet>(&to_bytes(list));
    assert_eq!(read(&listed), Ok(set));
    let mut twice = listed.clone();
    twice.insert(0, listed[0].clone());
    let mut out_of_order = listed;
    out_of_order.swap(0, 1);
    assert_eq!([read(&twice), read(&out_of_order)], [Err(WireError::Order), Err(WireError::Order)]);
}

/// The id leaves the signature out; what is compared in a block does not.
#[test]
fn a_transaction_under_another_signature_is_another() {
    let mut chain = Chain::founded();
    let one = chain.sign(Centre::Chengdu, Payload::Publish(payment_certificate()));
    let other = Chain::sign_as(one.body.clone(), &chain.network.keys[&Centre::Suzhou].office);
    let [one, same, other] = [one.clone(), one, other].map(Encoded::from);
    assert_eq!((&one, one.id()), (&same, other.id()));
    assert_ne!(one, other);
}

#[test]
fn objects_with_more_or_fewer_fields_are_refused() {
    refused(&a_full_block(), |bytes, item| {
        if item.major != ARRAY {
            return vec![];
        }
        let more = head(ARRAY, item.number + 1, usize::from(item.number >= 23));
        let with_another = [&more, &bytes[item.body..item.end], &[0]].concat();
        vec![spliced(bytes, item.at, item.end, &with_another), spliced(bytes, item.at, item.body, &more)]
    });
    assert_eq!(from_bytes::<(u8, u8)>(&[0x83, 0, 0, 0]), Err(WireError::Fields));
    assert_eq!(from_bytes::<(u8, u8)>(&[0x81, 0]), Err(WireError::Fields));
}

#[test]
fn owners_of_policies_have_one_form() {
    for owner in ["national", "510000", "12510100X00000318P"] {
        let bytes = to_bytes(&Text::<40>::new(owner).unwrap());
        assert_eq!(to_bytes(&from_bytes::<PolicyOwner>(&bytes).unwrap()), bytes);
    }
    for owner in ["National", "nation", "51000", "51000a", "12510100X00000318Q", "1", "国"] {
        let bytes = to_bytes(&Text::<40>::new(owner).unwrap());
        assert_eq!(from_bytes::<PolicyOwner>(&bytes), Err(WireError::Range), "{owner}");
    }
}

#[test]
fn no_flipped_bit_of_a_signed_transaction_takes_effect() {
    let mut chain = Chain::with_entry();
    let asked = chain.a_request();
    let signed = chain.sign(Centre::Guangzhou, Payload::SubmitRequest(asked));
    let bytes = to_bytes(&signed);
    let probe = |signed: Signed| {
        let (tip, id) = (chain.tip(), chain.network.chain);
        ledger::block::probe(chain.state(), &tip, id, chain.now(), signed.into(), &Direct).map(|_| ())
    };
    assert_eq!(probe(signed), Ok(()));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(signed) = from_bytes::<Signed>(&flipped) {
            assert!(probe(signed).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a_two_digit_code_is_text_and_not_a_number() {
    assert!(from_bytes::<Code2>(&[0x01]).is_err());
    assert!(from_bytes::<Code2>(&[0x62, b'0', b'1']).is_ok());
    assert!(from_bytes::<Code2>(&[0x42, b'0', b'1']).is_err());
}

#[test]
fn a_block_shows_every_kind_of_item() {
    let kinds: BTreeSet<_> = items(&a_full_block()).iter().map(|item| item.major).collect();
    assert_eq!(kinds, [UNSIGNED, BYTES, TEXT, ARRAY, SIMPLE].into());
}
