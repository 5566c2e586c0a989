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
    "anchor-roster", "genesis", "header", "certificate",
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

const CHAIN: &str = "868df2525d4edfe3c5c82298f4ab9ef0302e9e97959fbc83a79c6f4503d79f8b";
const BLOCK: &str = "406f9b1ca678ea481719b7df8ec9b6048d4bc9835c2c26f534a1710243e088fb";
const QUERY: &str = "e83b8fb3358991e1262172c099a5a5838f279b92fda141ef366ba52682493629";
const NATIONAL_POLICY: &str = "630b5ef151521289d32936f56f27dbb14f16f83c815e0b367f1c70ec912bb7c4";
const VALIDATOR: &str = "3e7f84556f3664370b7b80e16218216f87179a26";
const TRANSACTIONS: [&str; 13] = [
    "35421e155d33f7f85b6564318e27da87bfd87b910d9c231c9ebd0240fafc329f",
    "992a57b3c0ca5b900a5e1061f5d9a1efac3d1a871f1153bc59a60a9f525df1a8",
    "d08f75fe560c535f3c7181d8041759cee628727257eea56685d194c57aad1f02",
    "baf087fa051061ab695d89adc5b08b69ce0ef95f1a4b7cba500cd05178a2ceb0",
    "f4a06b17ca4d8ca31468600c594d5cab8f031c1df0a5daee0e2f2817649f1e02",
    "1e0dbbdea1c85e0762e952656a34dd7ee4411df213813f131e0949275b875dcd",
    "cfa0f9856ced74f2154903597c3ed3250a14190d408f6d39540e09877a156457",
    "c6c18d5d63337f69326e6b5f8188c62b4bc0ea679453e6ce3a7cd86b738b0254",
    "bf724d8d05cbacbe8a91cb4071ace13a955f4bb8e82f66a959765493a747e116",
    "c55d80c038bf1add50189b47d75494162a7ee6e9ec89e17644d8df44cd765df8",
    "554b587147300e8323d2338796f981609199b565ca20601e7067cbe366ec41b0",
    "c6e059e6a7c12d7dcea8d0e1f7e6ce2e9473e5f61cae84766c04a84119cd15fa",
    "24977773664fd84e79c3b62dd0b2b40d816593b693900ef6fbc2132b1ce5f5f9",
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
