//! Evidence that shows the officer's own signature: under a roster that was anchored before, and nothing that passes
//! for one.

use crate::conspiracy::{details, rewrite};
use crate::story::cast::{Centre, key_of};
use crate::story::chain::Chain;
use crate::story::papers::MINUTE;
use crate::told::Told;
use gm::domain::{Salt, commit};
use ledger::ids::OfficerId;
use ledger::proof::{Evidence, Field, Opening, Options, Proven, Step, verify};
use ledger::query::Details;
use ledger::role::{Assurance, Role};
use ledger::roster::{
    AnchorRoster, OfficerCertificate, OfficerEntry, OfficerFlaw, OfficerProof, OfficerWord, roster_root,
};
use ledger::transaction::Payload;
use ledger::views;
use ledger::wire::{Bytes, to_bytes};

const SALT: [u8; 32] = [4; 32];

/// Guangzhou's roster of four officers, all of a year.
fn roster(chain: &Chain) -> Vec<OfficerCertificate> {
    let office = &chain.network.keys[&Centre::Guangzhou].office;
    let certificate = |number: u8| {
        let entry = OfficerEntry {
            version: 1,
            chain: chain.network.chain,
            department: Centre::Guangzhou.id(),
            officer: OfficerId([number; 16]),
            key: key_of(&format!("officer {number}")).public(),
            roles: [Role::ReqOperator, Role::BizUser].into(),
            clearance: 3,
            from: chain.network.genesis.time,
            until: chain.network.genesis.time.plus_ms(365 * 24 * 60 * MINUTE),
        };
        OfficerCertificate::sign(entry, office).unwrap()
    };
    (0..4).map(certificate).collect()
}

/// The same, over before a query can be recorded.
fn expired(chain: &Chain) -> Vec<OfficerCertificate> {
    let office = &chain.network.keys[&Centre::Guangzhou].office;
    let over = |certificate: OfficerCertificate| {
        let until = chain.network.genesis.time;
        OfficerCertificate::sign(OfficerEntry { until, ..certificate.entry }, office).unwrap()
    };
    roster(chain).into_iter().map(over).collect()
}

fn anchor(chain: &mut Chain) {
    let roster = roster(chain);
    anchor_these(chain, &roster);
}

/// Whether the story has come to its grant and no roster is there yet: from the roster on, asking takes seals.
fn is_between(chain: &Chain) -> bool {
    let is_granted = !views::grants(chain.state(), None, 1).unwrap().is_empty();
    is_granted && views::rosters(chain.state(), &Centre::Guangzhou.id()).unwrap().is_none()
}

fn anchor_between(chain: &mut Chain) {
    if is_between(chain) {
        anchor(chain);
    }
}

fn anchor_expired(chain: &mut Chain) {
    if is_between(chain) {
        let roster = expired(chain);
        anchor_these(chain, &roster);
        chain.wait_ms(chain.network.genesis.parameters.judged_lag_ms);
        chain.idle();
    }
}

fn anchor_after_the_record(chain: &mut Chain) {
    if !chain.history.records().unwrap().is_empty() {
        anchor(chain);
    }
}

fn anchor_these(chain: &mut Chain, roster: &[OfficerCertificate]) {
    let log_head = chain.a_roster(0).log_head;
    let anchor = AnchorRoster { root: roster_root(roster), size: roster.len() as u64, log_head };
    // No neighbour of a block of the story, so that conspirators can write it anew.
    chain.idle();
    chain.submit(Centre::Guangzhou, Payload::AnchorRoster(anchor)).unwrap();
    chain.idle();
}

fn anchored(told: &Told) -> Proven {
    let rosters = views::rosters(told.chain.state(), &Centre::Guangzhou.id()).unwrap().unwrap();
    told.chain.proven(&rosters.newest().unwrap().anchored.tx)
}

fn word(told: &Told, details: &Details, role: Role) -> OfficerWord {
    OfficerWord::of(details, told.network().chain, &Centre::Guangzhou.id(), role)
}

fn signed(told: &Told, details: &Details, role: Role, key: &str) -> OfficerProof {
    let signature = word(told, details, role).sign(&key_of(key)).unwrap();
    OfficerProof::of(&roster(&told.chain), 2, signature).unwrap()
}

/// A file whose details claim the sign-in and whose opening shows this proof.
fn shown(told: &Told, proof: impl FnOnce(&Details) -> OfficerProof) -> Evidence {
    let mut value = Vec::new();
    let mut evidence = details(told, |details| {
        details.assurance = Assurance::Ukey;
        value = to_bytes(&proof(details));
        let salt = Salt::from_bytes(SALT);
        details.officer_proof_commit = Some(commit(told.network().chain, &salt, &value));
    });
    evidence.openings = vec![Opening { field: Field::OfficerProof, salt: SALT, value: Bytes(value) }];
    evidence.roster = Some(anchored(told));
    evidence
}

fn wrong(told: &Told, evidence: &Evidence) -> (Step, String) {
    let report = told.check(evidence);
    let failure = report.failure().expect("it is refused");
    (failure.step, failure.wrong.clone().unwrap())
}

#[test]
fn a_file_shows_that_the_officer_signed_and_which_one() {
    let told = Told::with_roster(anchor_between);
    for role in [Role::BizUser, Role::ReqOperator] {
        let evidence = shown(&told, |details| signed(&told, details, role, "officer 2"));
        let report = verify(&to_bytes(&evidence), &told.root(), &Options { second_opinion: true });
        assert!(report.verified(), "{:?}", report.failure());
        let signer = evidence.signer().unwrap();
        assert_eq!((signer.officer, signer.role), (OfficerId([2; 16]), role));
        assert_eq!(signer.root, roster_root(&roster(&told.chain)));
    }
    // Without the opening the file says no more than that there is one.
    let mut closed = shown(&told, |details| signed(&told, details, Role::BizUser, "officer 2"));
    (closed.openings, closed.roster) = (Vec::new(), None);
    assert_eq!(told.failure(&closed), None);
    assert_eq!(closed.signer(), None);
}

#[test]
fn a_signature_of_somebody_else_or_under_something_else_is_refused() {
    let told = Told::with_roster(anchor_between);
    let flaw = |evidence: &Evidence, flaw: OfficerFlaw| {
        assert_eq!(wrong(&told, evidence), (Step::Disclosures, flaw.to_string()));
    };
    let other_key = shown(&told, |details| signed(&told, details, Role::BizUser, "officer 3"));
    flaw(&other_key, OfficerFlaw::Signature);
    let other_role = shown(&told, |details| signed(&told, details, Role::Inspector, "officer 2"));
    flaw(&other_role, OfficerFlaw::Signature);
    let another_query = shown(&told, |details| {
        let mut other = details.clone();
        other.nonce.0[0] ^= 1;
        signed(&told, &other, Role::BizUser, "officer 2")
    });
    flaw(&another_query, OfficerFlaw::Signature);
    // Guangzhou certifies somebody for the occasion: nobody anchored that before.
    let made_up = shown(&told, |details| {
        let mut all = roster(&told.chain);
        let mut entry = all[2].entry.clone();
        entry.key = key_of("made up").public();
        all[2] = OfficerCertificate::sign(entry, &told.network().keys[&Centre::Guangzhou].office).unwrap();
        let signature = word(&told, details, Role::BizUser).sign(&key_of("made up")).unwrap();
        OfficerProof::of(&all, 2, signature).unwrap()
    });
    flaw(&made_up, OfficerFlaw::Roster);
}

#[test]
fn a_roster_is_shown_with_the_proof_it_holds_and_is_the_requesters_from_before() {
    let told = Told::with_roster(anchor_between);
    let real = || shown(&told, |details| signed(&told, details, Role::BizUser, "officer 2"));
    let mut without = real();
    without.roster = None;
    assert_eq!(wrong(&told, &without).1, "an officer's proof is shown without its roster");
    let mut alone = real();
    alone.openings.clear();
    assert_eq!(wrong(&told, &alone).1, "a roster is shown that nothing stands on");
    let mut another = real();
    another.roster = Some(another.record.clone());
    assert_eq!(wrong(&told, &another).1, "what is shown as a roster is none");
    let mut foreign = real();
    let id = told.network().keys[&Centre::Suzhou].office.public().key_id();
    rewrite(told.network(), foreign.roster.as_mut().unwrap(), Centre::Suzhou, |body| {
        (body.department, body.key_id) = (Centre::Suzhou.id(), id);
    });
    assert_eq!(wrong(&told, &foreign).1, "the roster is not the requester's");
    let late = Told::with_roster(anchor_after_the_record);
    let evidence = shown(&late, |details| signed(&late, details, Role::BizUser, "officer 2"));
    assert_eq!(wrong(&late, &evidence).1, "the roster was anchored after the query was judged");
}

#[test]
fn a_certificate_counts_in_its_time_only() {
    let told = Told::with_roster(anchor_expired);
    let evidence = shown(&told, |details| {
        let signature = word(&told, details, Role::BizUser).sign(&key_of("officer 2")).unwrap();
        OfficerProof::of(&expired(&told.chain), 2, signature).unwrap()
    });
    assert_eq!(wrong(&told, &evidence).1, OfficerFlaw::Period.to_string());
}
