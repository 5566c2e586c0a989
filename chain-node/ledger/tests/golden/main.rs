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
    "anchor-roster", "open-inspection", "close-inspection", "record-looks",
    "report-equivocation", "genesis", "header", "certificate",
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
        (Centre::Guangzhou, Payload::ReportEquivocation(chain.an_equivocation(2))),
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

const CHAIN: &str = "1f152ff53da10e00625ad8f21f58642bba2580aaed3d2fb3505f0fba95edff4f";
const BLOCK: &str = "7b7426a6568fefb08d6cd6c64922b9665fcd96a683882b06c2a58e870e5853db";
const QUERY: &str = "7da8e319eadb40b63d6d49db57cd7687a02499c9650a249da43c709c40768e46";
const NATIONAL_POLICY: &str = "9ca5fad72e56e9a7a76c2fd1287e42f008659e40f33490523e7de06589d788f0";
const VALIDATOR: &str = "3e7f84556f3664370b7b80e16218216f87179a26";
const TRANSACTIONS: [&str; 17] = [
    "5dc65cc7fa8908648d86a7ea07565f9296bfb0e187ad2b2347f3c1fcb51772ce",
    "49b39dd19bf8420495986d179b6f8518d289b0344c160deea58d6832042439ca",
    "2351197138dbac0e1ee4ec9049c5cdd87bdbd576f4849c4d8bcc8993e123f163",
    "d7b050d4f1382800b85d810b62f3e1c5671db1279e5ff4dd499cbbae269edcd0",
    "994d12a713721abe9b6300c35534ff1939d521a09d978d8510cda5a2f1f79150",
    "4efff8a5aa14281a17575946ec788f882dfa727eaf0ae907ffc72a8db2ea00f3",
    "59bfbae7367734228ded5c6f2c24c65025c79d3cda7d34318faabe1360669c61",
    "5b3c7befdbe8217c57ffdeaf968ba8a03296a278cd67fa9cb9bcb6c2c915de9e",
    "812ccc5cb854a45c77be3223b7fa258ef187ad7d2a9dfa3f441ff3f00b1a0931",
    "76176ba528d66c4834419f0ff947f26f0f71c5cfcfaad2afd705ccf0badf1088",
    "dc1f75d5ec0591a14147e5a3bbe31a42ca842ff7351cf38543417fc708abc7b6",
    "bd6ee24d5a192512ba04dafc1a63ebd358c0821bd05ba988a1d7f6a6f91421eb",
    "3d075b9401c2321abea6d43056365cc5663a07555a377f489ac74fb8127333e5",
    "58b6bd50701a8de9845376377798366ad0a56923dab0fbbc5b667563a1933ac7",
    "9a6f639eecfda90e780ab6e10e0f13b92a190b0221b7901ed687b545eaa01766",
    "fc9e2ee46f6d5643141a88ef86db320411dc4448784caeb0a5447b633f456637",
    "b0520184aa7588ca7c923d824f69aca11f77405dbddaa17c238bb4098ec6c7f7",
];

/// Another bound is another chain: what one version takes the other refuses.
#[test]
fn the_bounds_are_those_that_were_frozen() {
    use ledger::limits::*;
    let bytes = [TRANSACTION_BYTES_MAX, BLOCK_BYTES_MAX, ledger::proof::EVIDENCE_BYTES_MAX];
    assert_eq!(bytes, [65_536, 1_048_576, 8_388_608]);
    assert_eq!((BLOCK_SIGNATURES_MAX, GOVERNANCE_PART, DEPARTMENT_PART), (4_000, 4, 4));
    assert_eq!((ENTRY_BYTES_MAX, CODE_FRONTS_MAX, CREDITS_FORGOTTEN_PER_BLOCK), (16_384, 32, 64));
    let counts = [BLOCK_TRANSACTIONS_MAX, FORGOTTEN_PER_BLOCK, FORGOTTEN_PER_READ, LIST_MAX];
    assert_eq!(counts, [2_000, 4_000, 100, 1_000]);
    assert_eq!((PROMOTED_PER_BLOCK, LOOSENING_MS_MAX), (64, 2_678_400_000));
    assert_eq!((ROSTER_MAX, ROSTERS_KEPT), (100_000, 8));
    assert_eq!((INSPECTION_SCOPE_MAX, INSPECTION_MS_MAX), (64, 15_552_000_000));
    assert_eq!((INSPECTIONS_OPEN_MAX, LOOKS_MAX, LOOKS_GRACE_MS), (64, 256, 259_200_000));
    assert_eq!((EQUIVOCATIONS_NEWEST, TURNS_WAITED_MAX), (16, 16));
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
        publications_per_day: 200,
        requests_per_day: 1_000,
        denials_per_day: 5_000,
        drafts_per_day: 100,
    };
    assert_eq!(Parameters::DEFAULT, founded);
}
