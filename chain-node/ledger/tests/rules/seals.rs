//! Two officers' own keys: a department with a roster neither asks nor grants without two of the officers on it.

use crate::story::Chain;
use crate::story::cast::Centre::{self, Chengdu, Guangzhou};
use crate::story::cast::key_of;
use crate::story::papers::{DAY, MINUTE};
use gm::sm2::SecretKey;
use ledger::ids::{OfficerId, TxId};
use ledger::pair::Pair;
use ledger::refusal::Refusal;
use ledger::role::Role;
use ledger::roster::{AnchorRoster, OfficerCertificate, OfficerEntry, OfficerProof, roster_root};
use ledger::seal::Seals;
use ledger::transaction::{Payload, Transaction};

const REFUSED: Result<TxId, Refusal> = Err(Refusal::RequestSeals);
const UNSIGNED: Result<TxId, Refusal> = Err(Refusal::SignatureBad);

fn officer_key(number: u8) -> SecretKey {
    key_of(&format!("officer {number}"))
}

/// A department's officers: 0 drafts requests, 1 drafts approvals, 2 leads, 3 does both.
fn officers(chain: &Chain, of: Centre) -> Vec<OfficerCertificate> {
    let roles: [&[Role]; 4] = [
        &[Role::ReqOperator],
        &[Role::ProvApprover],
        &[Role::DeptLead],
        &[Role::ReqOperator, Role::ProvApprover],
    ];
    let certificate = |(number, roles): (u8, &&[Role])| {
        let entry = OfficerEntry {
            version: 1,
            chain: chain.network.chain,
            department: of.id(),
            officer: OfficerId([number; 16]),
            key: officer_key(number).public(),
            roles: roles.iter().copied().collect(),
            clearance: 3,
            from: chain.now(),
            until: chain.now().plus_ms(DAY),
        };
        OfficerCertificate::sign(entry, &chain.network.keys[&of].office).unwrap()
    };
    (0..).zip(&roles).map(certificate).collect()
}

fn anchor(chain: &mut Chain, of: Centre, roster: &[OfficerCertificate]) {
    let log_head = chain.a_roster(0).log_head;
    let anchored = AnchorRoster { root: roster_root(roster), size: roster.len() as u64, log_head };
    chain.submit(of, Payload::AnchorRoster(anchored)).unwrap();
}

/// A chain on which both departments have a roster.
fn with_rosters() -> (Chain, Vec<OfficerCertificate>, Vec<OfficerCertificate>) {
    let mut chain = Chain::with_entry();
    let (asking, granting) = (officers(&chain, Guangzhou), officers(&chain, Chengdu));
    anchor(&mut chain, Guangzhou, &asking);
    anchor(&mut chain, Chengdu, &granting);
    (chain, asking, granting)
}

/// The seals of two officers under a step.
fn seals(body: &Transaction, roster: &[OfficerCertificate], by: u8, second: u8) -> Seals {
    let [one, other] = Pair::of(body).unwrap().words();
    let proof = |number: u8, word: ledger::seal::StepWord| {
        OfficerProof::of(roster, u64::from(number), word.sign(&officer_key(number)).unwrap()).unwrap()
    };
    Seals { by: proof(by, one), second: proof(second, other) }
}

fn put(body: &mut Transaction, seals: Option<Seals>) {
    match &mut body.payload {
        Payload::SubmitRequest(asked) => asked.seals = seals,
        Payload::ApproveRequest(given) => given.seals = seals,
        other => panic!("{other:?}"),
    }
}

fn submit(chain: &mut Chain, of: Centre, body: Transaction) -> Result<TxId, Refusal> {
    let key = chain.network.keys[&of].office.clone();
    chain.put(Chain::sign_as(body, &key))
}

/// Guangzhou asks with these seals.
fn ask(chain: &mut Chain, seal: impl FnOnce(&Transaction) -> Option<Seals>) -> Result<TxId, Refusal> {
    let mut body = chain.body(Guangzhou, Payload::SubmitRequest(chain.a_request()));
    let sealed = seal(&body);
    put(&mut body, sealed);
    submit(chain, Guangzhou, body)
}

#[test]
fn a_department_with_a_roster_asks_and_grants_under_two_officers_seals() {
    let (mut chain, asking, granting) = with_rosters();
    assert_eq!(ask(&mut chain, |_| None), REFUSED);
    let mut body = chain.body(Guangzhou, Payload::SubmitRequest(chain.a_request()));
    let sealed = seals(&body, &asking, 0, 2);
    put(&mut body, Some(sealed));
    let request = body.request_id();
    submit(&mut chain, Guangzhou, body).unwrap();

    let approval = chain.an_approval(&request);
    let mut body = chain.body(Chengdu, Payload::ApproveRequest(approval));
    assert_eq!(submit(&mut chain, Chengdu, body.clone()), REFUSED);
    let sealed = seals(&body, &granting, 1, 2);
    put(&mut body, Some(sealed));
    submit(&mut chain, Chengdu, body).unwrap();
}

#[test]
fn a_department_without_a_roster_or_with_an_empty_one_shows_no_seals() {
    let mut chain = Chain::with_entry();
    let asking = officers(&chain, Guangzhou);
    assert_eq!(ask(&mut chain, |body| Some(seals(body, &asking, 0, 2))), REFUSED);
    anchor(&mut chain, Guangzhou, &asking);
    anchor(&mut chain, Guangzhou, &[]);
    assert_eq!(ask(&mut chain, |body| Some(seals(body, &asking, 0, 2))), REFUSED);
    ask(&mut chain, |_| None).unwrap();
}

#[test]
fn seals_are_of_two_different_officers_each_in_their_role() {
    let (mut chain, asking, _) = with_rosters();
    for (by, second, sound) in [
        (0, 2, true),
        (0, 3, true),
        (3, 0, false), // the second acts as the lead, and is none
        (0, 0, false),
        (3, 3, false),
        (1, 2, false),
        (2, 0, false),
        (0, 1, false),
    ] {
        let second_role = if second == 3 { Role::ReqOperator } else { Role::DeptLead };
        let mut asked = chain.a_request();
        asked.second.role = second_role;
        let mut body = chain.body(Guangzhou, Payload::SubmitRequest(asked));
        let sealed = seals(&body, &asking, by, second);
        put(&mut body, Some(sealed));
        let told = submit(&mut chain, Guangzhou, body);
        assert_eq!(told.is_ok(), sound, "{by} and {second}: {told:?}");
        assert!(sound || told == REFUSED, "{by} and {second}: {told:?}");
    }
    // One person under two certificates is one person.
    let mut twice = asking;
    let office = &chain.network.keys[&Guangzhou].office;
    let entry =
        OfficerEntry { officer: OfficerId([9; 16]), key: officer_key(0).public(), ..twice[2].entry.clone() };
    twice[2] = OfficerCertificate::sign(entry, office).unwrap();
    anchor(&mut chain, Guangzhou, &twice);
    let told = ask(&mut chain, |body| {
        let [_, word] = Pair::of(body).unwrap().words();
        let mut sealed = seals(body, &twice, 0, 2);
        sealed.second.signature = word.sign(&officer_key(0)).unwrap();
        Some(sealed)
    });
    assert_eq!(told, REFUSED);
}

#[test]
fn a_seal_is_good_for_one_step_of_one_officer() {
    let (mut chain, asking, _) = with_rosters();
    type Change = fn(&mut Transaction);
    let changes: [(&str, Change); 5] = [
        ("more queries", |body| asked(body).quota += 1),
        ("another drafter", |body| asked(body).by.pseudonym.0[0] ^= 1),
        ("another second", |body| asked(body).second.pseudonym.0[0] ^= 1),
        ("under another nonce, as another request", |body| body.nonce.0[0] ^= 1),
        ("a document added", |body| asked(body).documents = None),
    ];
    for (what, change) in changes {
        let mut body = chain.body(Guangzhou, Payload::SubmitRequest(chain.a_request()));
        let sealed = seals(&body, &asking, 0, 2);
        change(&mut body);
        put(&mut body, Some(sealed));
        assert_eq!(submit(&mut chain, Guangzhou, body), UNSIGNED, "{what}");
    }
    // Exchanged, or signed by the department in their names.
    let exchanged = ask(&mut chain, |body| {
        let Seals { by, second } = seals(body, &asking, 0, 2);
        Some(Seals { by: second, second: by })
    });
    assert_eq!(exchanged, UNSIGNED);
    let office = chain.network.keys[&Guangzhou].office.clone();
    let told = ask(&mut chain, |body| {
        let [_, word] = Pair::of(body).unwrap().words();
        let mut sealed = seals(body, &asking, 0, 2);
        sealed.second.signature = word.sign(&office).unwrap();
        Some(sealed)
    });
    assert_eq!(told, UNSIGNED);
}

fn asked(body: &mut Transaction) -> &mut ledger::request::SubmitRequest {
    match &mut body.payload {
        Payload::SubmitRequest(asked) => asked,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_second_officer_and_newer_policies_do_not_break_the_first_seal() {
    let (mut chain, asking, granting) = with_rosters();
    let mut body = chain.body(Guangzhou, Payload::SubmitRequest(chain.a_request()));
    let sealed = seals(&body, &asking, 0, 2);
    put(&mut body, Some(sealed));
    let request = body.request_id();
    submit(&mut chain, Guangzhou, body).unwrap();
    let mut body = chain.body(Chengdu, Payload::ApproveRequest(chain.an_approval(&request)));
    let first = seals(&body, &granting, 1, 2).by;
    let owner = ledger::policy::PolicyOwner::Department(Chengdu.id());
    chain.amend(Chengdu, &owner, crate::story::papers::tighten).unwrap();
    let Payload::ApproveRequest(given) = &mut body.payload else { panic!() };
    given.policy_versions = chain.policies_of(Chengdu);
    let second = seals(&body, &granting, 1, 2).second;
    put(&mut body, Some(Seals { by: first, second }));
    submit(&mut chain, Chengdu, body).unwrap();
}

#[test]
fn only_the_newest_roster_and_a_certificate_in_its_time_count() {
    let (mut chain, asking, _) = with_rosters();
    let mut fewer = asking.clone();
    fewer.pop();
    anchor(&mut chain, Guangzhou, &fewer);
    assert_eq!(ask(&mut chain, |body| Some(seals(body, &asking, 0, 2))), REFUSED, "the path of before");
    ask(&mut chain, |body| Some(seals(body, &fewer, 0, 2))).unwrap();
    // Another's certificate in the place, a path too long, another department's roster.
    let moved = ask(&mut chain, |body| {
        let mut sealed = seals(body, &fewer, 0, 2);
        sealed.by.index = 1;
        Some(sealed)
    });
    assert_eq!(moved, REFUSED);
    let longer = ask(&mut chain, |body| {
        let mut sealed = seals(body, &fewer, 0, 2);
        sealed.by.path.push(gm::sm3::Digest::ZERO);
        Some(sealed)
    });
    assert_eq!(longer, REFUSED);
    let strangers = officers(&chain, Chengdu);
    assert_eq!(ask(&mut chain, |body| Some(seals(body, &strangers, 0, 2))), UNSIGNED);
    chain.wait_ms(DAY + MINUTE);
    assert_eq!(ask(&mut chain, |body| Some(seals(body, &fewer, 0, 2))), REFUSED, "their time is over");
}
