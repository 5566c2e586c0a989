//! Golden bytes: one of each payload, a header, a certificate and a genesis file, with their signatures and
//! ids, as they stood when version 1 of the protocol was frozen.
//!
//! These files are not made anew when a test fails. Other bytes mean another chain: existing chains could no
//! longer be read, nor their evidence checked. A change needs a decision in `docs/decisions.md` and another
//! protocol version; only then may a file be replaced by hand. (The story's fixtures make these objects:
//! add to the story, do not change it.)
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // fixtures

#[path = "../story/mod.rs"]
mod story;

use gm::domain::{Kind, digest};
use gm::sm2::Direct;
use gm::sm3::sm3;
use ledger::block::Header;
use ledger::certificate::Certificate;
use ledger::genesis::Genesis;
use ledger::ids::InspectionId;
use ledger::inspection::Sight;
use ledger::parameters::Parameters;
use ledger::policy::PolicyOwner;
use ledger::receipt::DenialClass;
use ledger::transaction::{Payload, Signed};
use ledger::wire::{Wire, from_bytes, to_bytes};
use std::collections::BTreeMap;
use story::papers::{code, payment_certificate, tighten};
use story::{Centre, Chain, Network};

macro_rules! golden {
    ($($name:literal),* $(,)?) => {
        const GOLDEN: &[(&str, &str)] = &[$(($name, include_str!(concat!($name, ".hex")))),*];
    };
}

golden! {
    "publish", "submit-request", "approve-request", "refuse-request", "withdraw-request", "revoke-grant",
    "record-answer", "record-denial", "acknowledge", "draft-policy", "countersign-policy", "withdraw-policy",
    "anchor-roster", "open-inspection", "close-inspection", "record-looks", "genesis", "header", "certificate",
}

fn golden(name: &str) -> Vec<u8> {
    let (_, text) = GOLDEN.iter().find(|(of, _)| *of == name).unwrap();
    hex::decode(text.split_whitespace().collect::<String>()).unwrap()
}

#[track_caller]
fn is_golden<T: Wire + PartialEq + std::fmt::Debug>(name: &str, object: &T) {
    let bytes = to_bytes(object);
    assert_eq!(hex::encode(&bytes), hex::encode(golden(name)), "{name} has other bytes than were frozen");
    assert_eq!(&from_bytes::<T>(&bytes).unwrap(), object, "{name} is read as something else");
}

/// One signed transaction of each kind, as the story makes them.
fn transactions() -> BTreeMap<&'static str, Signed> {
    let (mut chain, grant) = Chain::with_grant(3);
    let answered = chain.answer(&grant).unwrap();
    let request = chain.request(chain.a_request()).unwrap();
    let ticket = chain.a_ticket(&grant);
    let mut approval = chain.an_approval(&request);
    let equals = "01".parse().unwrap();
    approval.row_scope = Some(ledger::request::RowScope { item: code("GRZHZT"), equals });
    let set = chain.next_policy(&PolicyOwner::Department(Centre::Chengdu.id()), tighten);
    let inspection = InspectionId([7; 32]);
    let sights = [Sight::Record(answered), Sight::Request(request), Sight::Grant(grant)];
    let payloads = [
        (Centre::Chengdu, Payload::Publish(payment_certificate())),
        (Centre::Guangzhou, Payload::SubmitRequest(chain.a_request())),
        (Centre::Chengdu, Payload::ApproveRequest(approval)),
        (Centre::Chengdu, Payload::RefuseRequest(chain.a_refusal(&request))),
        (Centre::Guangzhou, Payload::WithdrawRequest(chain.a_withdrawal(&request))),
        (Centre::Chengdu, Payload::RevokeGrant(chain.a_revocation(&grant))),
        (Centre::Chengdu, Payload::RecordAnswer(chain.a_receipt(&ticket))),
        (Centre::Chengdu, Payload::RecordDenial(chain.a_denial(&ticket, DenialClass::Policy))),
        (Centre::Guangzhou, Payload::Acknowledge(chain.a_delivery(&[answered]))),
        (Centre::Chengdu, Payload::DraftPolicy(chain.a_draft(Centre::Chengdu, &set))),
        (Centre::Chengdu, Payload::CountersignPolicy(chain.a_countersignature(Centre::Chengdu, &set))),
        (Centre::Chengdu, Payload::WithdrawPolicy(chain.a_policys_withdrawal(Centre::Chengdu, &set))),
        (Centre::Guangzhou, Payload::AnchorRoster(chain.a_roster(3))),
        (Centre::Inspectorate, Payload::OpenInspection(chain.an_inspection())),
        (Centre::Inspectorate, Payload::CloseInspection(chain.a_closing(&inspection))),
        (Centre::Inspectorate, Payload::RecordLooks(chain.looks(&inspection, &sights))),
    ];
    let signed = payloads.map(|(by, payload)| (payload.name(), chain.sign(by, payload)));
    assert_eq!(signed.each_ref().map(|(name, _)| *name), Payload::NAMES);
    signed.into()
}

#[test]
fn every_payload_has_the_bytes_and_signature_that_were_frozen() {
    for (name, signed) in transactions() {
        is_golden(name, &signed);
    }
}

#[test]
fn a_genesis_file_has_the_bytes_that_were_frozen() {
    let network = Network::founded();
    is_golden::<Genesis>("genesis", &network.genesis);
    assert_eq!(Genesis::parse(&golden("genesis")), Ok(network.genesis.clone()));
    assert_eq!(network.chain.0, sm3(&[&golden("genesis")]));
    assert_eq!(network.chain.to_string(), CHAIN);
}

#[test]
fn a_header_and_its_certificate_have_the_bytes_that_were_frozen() {
    let (mut chain, grant) = Chain::with_grant(3);
    chain.answer(&grant).unwrap();
    let (block, certificate) = chain.decided.last().unwrap();
    is_golden::<Header>("header", &block.header);
    is_golden::<Certificate>("certificate", certificate);
    assert_eq!(block.id().0, digest(chain.network.chain, Kind::Header, &golden("header")).0);
    assert_eq!(block.id().to_string(), BLOCK);
    let frozen: Certificate = from_bytes(&golden("certificate")).unwrap();
    assert_eq!(frozen.check(&chain.network.genesis.validator_set(), chain.network.chain, &Direct), Ok(()));
}

#[test]
fn ids_are_those_that_were_frozen() {
    let signed = transactions();
    let ids: Vec<_> = Payload::NAMES.iter().map(|name| signed[name].id().to_string()).collect();
    assert_eq!(ids, TRANSACTIONS);
    let Payload::RecordAnswer(receipt) = &signed["record-answer"].body.payload else { panic!() };
    assert_eq!(receipt.ticket.query_id().to_string(), QUERY);
    let versions = Network::founded().genesis.policy_versions(&Centre::Chengdu.id()).unwrap();
    assert_eq!(versions.national.to_string(), NATIONAL_POLICY);
    assert_eq!(Network::founded().address(Centre::Guangzhou).to_string(), VALIDATOR);
}

const CHAIN: &str = "a84ccef11da40b740f84e573b792ec922299f52f9323b00d367513898dd21345";
const BLOCK: &str = "dfec7f5e3774e3db419b1c8861da202678ddd1ce440a588b237c033d73ea679b";
const QUERY: &str = "eea10c4555597e667c06e6a30c716ae08918a8ff82b04aa3f5658b805dd9402c";
const NATIONAL_POLICY: &str = "77397466dda9350f1d8f5fd485145a0ffa892600b2021cf8efa34f0c83be322a";
const VALIDATOR: &str = "3e7f84556f3664370b7b80e16218216f87179a26";
const TRANSACTIONS: [&str; 16] = [
    "e657ea906449167f1db1f55144b3fd72b98b9b1c8fef5e0f32f526c2cfb22bd7",
    "2612d9a9a2bce1f9f1f8cc791fbc1e283d62afb286c8c737b3d8279982156fd1",
    "e8ef3b60b64221e0254edbd2e96d970916b8fa72f5a0eb57f585d960107f84e9",
    "0c9f291f862e51386c8d5ad1cebbf3f3282745bb65ecc746e08dca1c96c52581",
    "e8c3aae9d11a5a34a76dbc26eeaa72193531fffdd6f814869971ba3548f41e43",
    "9dc579795a6698cb6a05a0929df5ee8951a4482e098c016c1c03662db17bd935",
    "bcee9d5d272088fadc7dcc2b3e879f2988ba10e54356d4fc835262ba6c7f9523",
    "a711f6a3f66f8c3fe097333416e923078ff7556ebe982742fd9572822926eaf4",
    "3019231e31c46b2405eaf673fd4040213fcedd58686c9828cbefda8a0cb6fb8d",
    "6838d9a5eb1abd978b28d8ae9f5a3ddcc5d4dc8fdc2e639ff94850426ce3a407",
    "0f3f1e50b1708bf7616f295e7cc3f450bc704e7fff17afa21ec92787fc6445b9",
    "f9bf3c1685f35e9c2d23d2661c176eb8781ad2d1c1267283523628449a42549c",
    "ab5ea29ba7adc6764d2107f726aa86d0735956ae122d8ea5a9ee49122c8b3506",
    "0fa93e53c73343eee0495ff06c2129a805c55c012d8d05c86fa823b58d774b8f",
    "2304402ac337332e767875191a23ea752d32d4e72fcfd5d586183ac8e686ab14",
    "b064d12130186d2e13aaec8406f01ce0e9eb4043655809c271019236791c3434",
];

/// Another bound is another chain: what one version takes the other refuses.
#[test]
fn the_bounds_are_those_that_were_frozen() {
    use ledger::limits::*;
    let bytes = [TRANSACTION_BYTES_MAX, BLOCK_BYTES_MAX, ledger::proof::EVIDENCE_BYTES_MAX];
    assert_eq!(bytes, [65_536, 1_048_576, 8_388_608]);
    let counts = [BLOCK_TRANSACTIONS_MAX, FORGOTTEN_PER_BLOCK, FORGOTTEN_PER_READ, LIST_MAX];
    assert_eq!(counts, [2_000, 4_000, 100, 1_000]);
    assert_eq!((PROMOTED_PER_BLOCK, LOOSENING_MS_MAX), (64, 2_678_400_000));
    assert_eq!((ROSTER_MAX, ROSTERS_KEPT), (100_000, 8));
    assert_eq!((INSPECTION_SCOPE_MAX, INSPECTION_MS_MAX), (64, 15_552_000_000));
    assert_eq!((INSPECTIONS_OPEN_MAX, LOOKS_MAX, LOOKS_GRACE_MS), (64, 256, 259_200_000));
    assert_eq!([ITEMS_MAX, CONDITIONS_MAX, DELIVERIES_MAX], [64, 16, 256]);
    assert_eq!([DEPARTMENTS_MAX, VALIDATORS_MAX, POLICY_ROWS_MAX, OBLIGATIONS_MAX], [1_000, 64, 200, 32]);
    assert_eq!((TRANSACTION_WAIT_MS_MAX, RECENT_HEIGHTS, QUOTA_MAX), (600_000, 4_096, 1_000_000));
    assert_eq!(PERIOD_MS_MAX, 94_867_200_000, "three years of 366 days");
    let founded = Parameters {
        heartbeat_ms: 10_000,
        propose_ms: 500,
        ticket_ms: 300_000,
        judged_lag_ms: 60_000,
        refetch_ms: 86_400_000,
        delivery_wait_ms: 5_000,
        denials_per_minute: 60,
        loosening_ms: 86_400_000,
    };
    assert_eq!(Parameters::DEFAULT, founded);
}
