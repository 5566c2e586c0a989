//! The page an outsider writes a verifier from (`docs/evidence-format.md`) says what is so, and the files it
//! describes keep their bytes. (Goldens change with a decision only, as in `tests/golden`.)

use crate::story::cast::Centre;
use crate::told::Told;
use gm::sm3::{Digest, hmac, sm3};
use ledger::catalogue::{DataType, MaskRule, Mode, ReceiptMode, ShareType, UpdateCycle};
use ledger::certificate::vote_body;
use ledger::department::KeyKind;
use ledger::policy::{Effect, Layer};
use ledger::proof::{Evidence, Field, Step};
use ledger::receipt::{DeliveryOutcome, DenialClass};
use ledger::role::{Assurance, Role};
use ledger::transaction::Payload;
use ledger::wire::{from_bytes, to_bytes};

const PAGE: &str = include_str!("../../../../docs/evidence-format.md");

/// The example's lines, `name = hexadecimal digits`, in their order.
fn on_the_page() -> Vec<(String, Vec<u8>)> {
    let (_, rest) = PAGE.split_once("```example\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let line = |line: &str| {
        let (name, digits) = line.split_once(" = ").unwrap();
        (name.to_string(), hex::decode(digits).unwrap())
    };
    example.lines().map(line).collect()
}

/// The same from the story of two departments.
fn told() -> Vec<(&'static str, Vec<u8>)> {
    let told = Told::by_two();
    let (evidence, network) = (told.full_evidence(), told.network());
    let Payload::RecordAnswer(receipt) = &evidence.record.signed.body.payload else { panic!() };
    let delivery = evidence.delivery.as_ref().unwrap();
    let (voter, vote) = delivery.certificate.signatures[0];
    let centre = *network.validators.iter().find(|centre| network.address(**centre) == voter).unwrap();
    let header = &delivery.header;
    let body = vote_body(header.height, 0, Some(header.id()), voter, true);
    let opening = &evidence.openings[1];
    let online = network.keys[&Centre::Guangzhou].online.public();
    vec![
        ("chain", network.chain.0.0.to_vec()),
        ("requester's online key", online.as_bytes().to_vec()),
        ("its key id", online.key_id().as_bytes().to_vec()),
        ("ticket", to_bytes(&receipt.ticket)),
        ("query id", told.query.0.to_vec()),
        ("signature of the query id", receipt.ticket_signature.as_bytes().to_vec()),
        ("salt", opening.salt.to_vec()),
        ("value", opening.value.0.clone()),
        ("commitment (the details' case)", told.details.case_commit.0.to_vec()),
        ("signed transaction", to_bytes(&delivery.signed)),
        ("transaction root of its block, alone there", header.transaction_root.0.to_vec()),
        ("header", to_bytes(header)),
        ("block id", header.id().0.to_vec()),
        ("a validator's key", network.keys[&centre].consensus.public().as_bytes().to_vec()),
        ("its address", voter.0.to_vec()),
        ("vote", body),
        ("signature of the vote's digest", vote.as_bytes().to_vec()),
    ]
}

#[test]
fn the_pages_example_is_true() {
    let told: Vec<_> = told().into_iter().map(|(name, bytes)| (name.to_string(), bytes)).collect();
    let expected: Vec<_> =
        told.iter().map(|(name, bytes)| format!("{name} = {}", hex::encode(bytes))).collect();
    assert!(on_the_page() == told, "the example must be:\n{}", expected.join("\n"));

    // Each line follows from those above by what the page says, with nothing of the ledger's.
    let page = on_the_page();
    let is = |name: &str| page.iter().find(|(of, _)| of == name).unwrap().1.as_slice();
    let tagged = |name: &str, x: &[u8]| {
        let mut tag = [0; 16];
        tag[..name.len()].copy_from_slice(name.as_bytes());
        sm3(&[&tag, is("chain"), x]).0
    };
    assert_eq!(sm3(&[is("requester's online key")]).0[..16], *is("its key id"));
    assert_eq!(tagged("zl1:ticket", is("ticket")), is("query id"));
    let mut tag = [0; 16];
    tag[..10].copy_from_slice(b"zl1:commit");
    let salt: [u8; 32] = is("salt").try_into().unwrap();
    let commitment = hmac(&salt, &[&tag, is("chain"), is("value")]);
    assert_eq!(commitment.0, is("commitment (the details' case)"));
    assert_eq!(sm3(&[&[0], is("signed transaction")]).0, is("transaction root of its block, alone there"));
    assert_eq!(tagged("zl1:header", is("header")), is("block id"));
    assert_eq!(sm3(&[is("a validator's key")]).0[12..], *is("its address"));
    let fits = |key: &str, digest: [u8; 32], signature: &str| {
        let key = gm::sm2::PublicKey::from_bytes(is(key)).unwrap();
        key.verify_digest(&Digest(digest), &gm::sm2::Signature::from_slice(is(signature)).unwrap())
    };
    let query: [u8; 32] = is("query id").try_into().unwrap();
    assert!(fits("requester's online key", query, "signature of the query id"));
    assert!(fits("a validator's key", tagged("zl1:vote", is("vote")), "signature of the vote's digest"));
}

/// A list of numbers as the page writes it.
fn list<T: Copy>(all: &[T], number: fn(T) -> u8, code: fn(T) -> &'static str) -> String {
    all.iter().map(|one| format!("{} {}", number(*one), code(*one))).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_pages_closed_lists_are_the_programs() {
    macro_rules! lists {
        ($($name:literal: $set:ident),* $(,)?) => {
            [$(($name, list($set::ALL, $set::number, $set::code))),*]
        };
    }
    let lists = lists![
        "key kind": KeyKind, "layer": Layer, "effect": Effect, "role": Role, "assurance": Assurance, "mode": Mode,
        "receipt mode": ReceiptMode, "mask": MaskRule, "data type": DataType, "update cycle": UpdateCycle,
        "denial class": DenialClass, "outcome": DeliveryOutcome,
    ];
    for (name, numbers) in lists {
        let line = format!("| {name} | {numbers} |");
        assert!(PAGE.lines().any(|found| found == line), "the page must say {line}");
    }
    // These stand there in words.
    assert_eq!((ShareType::ALL.len(), Field::ALL.len()), (3, 7));
    for field in Field::ALL {
        assert!(PAGE.contains(&format!("{} {}", field.number(), field.code())), "{field}");
    }
    for step in Step::ALL {
        assert!(PAGE.contains(&format!("{}. `{}`", step.number(), step.code())), "{step}");
    }
    for name in Payload::NAMES {
        let name: String = name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        assert!(PAGE.contains(&name), "{name}");
    }
}

#[test]
fn files_have_the_bytes_that_were_frozen() {
    let told = Told::by_two();
    let denial = Evidence { basis: None, ..told.denial_evidence() };
    for (name, evidence, frozen) in [
        ("evidence-answer", told.full_evidence(), include_str!("../golden/evidence-answer.hex")),
        ("evidence-denial", denial, include_str!("../golden/evidence-denial.hex")),
    ] {
        let frozen = hex::decode(frozen.split_whitespace().collect::<String>()).unwrap();
        assert!(to_bytes(&evidence) == frozen, "{name} has other bytes than were frozen");
        assert_eq!(from_bytes::<Evidence>(&frozen).as_ref(), Ok(&evidence));
        assert!(told.check(&evidence).verified());
    }
}
