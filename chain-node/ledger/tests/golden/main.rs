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
use ledger::receipt::DenialClass;
use ledger::transaction::{Payload, Signed};
use ledger::wire::{Wire, from_bytes, to_bytes};
use std::collections::BTreeMap;
use story::papers::{code, payment_certificate};
use story::{Centre, Chain, Network};

macro_rules! golden {
    ($($name:literal),* $(,)?) => {
        const GOLDEN: &[(&str, &str)] = &[$(($name, include_str!(concat!($name, ".hex")))),*];
    };
}

golden! {
    "publish", "submit-request", "approve-request", "refuse-request", "withdraw-request", "revoke-grant",
    "record-answer", "record-denial", "acknowledge", "genesis", "header", "certificate",
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

const CHAIN: &str = "57c77d17144f98a249b34ad3d2f98ccd237a301150bbfb5c758b97dd694bfcbd";
const BLOCK: &str = "e6935c64def2dbbcd3dfbc98fe1623c01aeedc8161d76610459f0bc84a86c5ef";
const QUERY: &str = "7e2db022ff474e4a9c693a05f042ffeed43d565cd6013e4985f4404cdc7bc8c2";
const NATIONAL_POLICY: &str = "7f64f20d6bb088ef31dbdd6d756754df0bb483f4ae58c6f5d0025a65c5e8a791";
const VALIDATOR: &str = "3e7f84556f3664370b7b80e16218216f87179a26";
const TRANSACTIONS: [&str; 9] = [
    "b7dcfaa16ef0ac780f0b460491bf15955d7d6dcd35e065a6748cb359ceecb42f",
    "3d8599f852b15cffa24b76cef4e5ec0d4b87bd4d892ba64c80b45ce06af8b19e",
    "3476cc8f08ef40975b5736518acb5d362b4b7ccd47aaf7cbb880447ca2afc3c1",
    "053e093b4334d0fbf327431f882f612ce7c0fbede6bedfa52548473065dd1789",
    "e88e679b6c44e209fbd0f69618894bd2971cbf39051199d593c914a47d2c2fc4",
    "25000b60dd010945a16010a9eaf2a18ab000d5a2e18d7763cf02400fe4fea4da",
    "3ba77d934e0acc916290d4f3cc5ec452dc32ca15b515192da0781acc8637f960",
    "52a1eaa41a5eac2ae6ba28b5e69e5927cd9a0e67733e4db14d424b387bed5a82",
    "71e2578b7729935b1e70680d84453d26e753984bd200cbc611fa296a71a701b8",
];

/// Another bound is another chain: what one version takes the other refuses.
#[test]
fn the_bounds_are_those_that_were_frozen() {
    use ledger::limits::*;
    let bytes = [TRANSACTION_BYTES_MAX, BLOCK_BYTES_MAX, ledger::proof::EVIDENCE_BYTES_MAX];
    assert_eq!(bytes, [65_536, 1_048_576, 8_388_608]);
    let counts = [BLOCK_TRANSACTIONS_MAX, FORGOTTEN_PER_BLOCK, FORGOTTEN_PER_READ, LIST_MAX];
    assert_eq!(counts, [2_000, 4_000, 100, 1_000]);
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
    };
    assert_eq!(Parameters::DEFAULT, founded);
}
