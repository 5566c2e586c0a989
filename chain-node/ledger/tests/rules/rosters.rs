//! Officers' own signatures: a department anchors its roster first, an officer on it signs one query, and nothing
//! else passes for that.

use crate::story::cast::{digest_of, key_of};
use crate::story::papers::MINUTE;
use crate::story::{Centre, Chain};
use gm::sm2::{Direct, SecretKey};
use ledger::ids::OfficerId;
use ledger::role::Role;
use ledger::roster::{
    AnchorRoster, Anchored, OfficerCertificate, OfficerEntry, OfficerFlaw, OfficerProof, OfficerWord,
    roster_root,
};
use ledger::transaction::Payload;
use ledger::views;

const OFFICERS: u8 = 5;

/// Guangzhou's officers, its chain, and one's word.
struct Signed {
    chain: Chain,
    roster: Vec<OfficerCertificate>,
    word: OfficerWord,
    anchored: Anchored,
}

fn officer_key(number: u8) -> SecretKey {
    key_of(&format!("officer {number}"))
}

impl Signed {
    fn of_five() -> Self {
        let mut chain = Chain::founded();
        let office = chain.network.keys[&Centre::Guangzhou].office.clone();
        let certificate = |number| {
            let entry = OfficerEntry {
                version: 1,
                chain: chain.network.chain,
                department: Centre::Guangzhou.id(),
                officer: OfficerId([number; 16]),
                key: officer_key(number).public(),
                roles: [Role::BizUser, Role::ReqOperator].into(),
                clearance: 3,
                from: chain.now(),
                until: chain.now().plus_ms(MINUTE),
            };
            OfficerCertificate::sign(entry, &office).unwrap()
        };
        let roster: Vec<_> = (0..OFFICERS).map(certificate).collect();
        let log_head = chain.a_roster(0).log_head;
        let anchor = AnchorRoster { root: roster_root(&roster), size: u64::from(OFFICERS), log_head };
        chain.submit(Centre::Guangzhou, Payload::AnchorRoster(anchor)).unwrap();
        let details = chain.a_details((1, "990000199001010017"), (2, "GJJ-2026-000123"));
        let word = OfficerWord::of(&details, chain.network.chain, &Centre::Guangzhou.id(), Role::BizUser);
        let rosters = views::rosters(chain.state(), &Centre::Guangzhou.id()).unwrap().unwrap();
        let anchored = rosters.newest().unwrap().clone();
        Self { chain, roster, word, anchored }
    }

    fn proof(&self, number: u8) -> OfficerProof {
        let signature = self.word.sign(&officer_key(number)).unwrap();
        OfficerProof::of(&self.roster, u64::from(number), signature).unwrap()
    }

    fn check(&self, proof: &OfficerProof, word: &OfficerWord) -> Result<(), OfficerFlaw> {
        let office = self.chain.network.keys[&Centre::Guangzhou].office.public();
        proof.check(word, &self.anchored, &office, self.chain.tip().time, &Direct)
    }

    /// What is found when Guangzhou certifies something else, anchored or not.
    fn certified(&self, anchored: bool, change: fn(&mut OfficerEntry)) -> Result<(), OfficerFlaw> {
        let keys = &self.chain.network.keys[&Centre::Guangzhou];
        let mut entry = self.roster[2].entry.clone();
        change(&mut entry);
        let mut roster = self.roster.clone();
        roster[2] = OfficerCertificate::sign(entry, &keys.office).unwrap();
        let proof = OfficerProof::of(&roster, 2, self.word.sign(&officer_key(2)).unwrap()).unwrap();
        let root = if anchored { roster_root(&roster) } else { self.anchored.root };
        let known = Anchored { root, ..self.anchored.clone() };
        proof.check(&self.word, &known, &keys.office.public(), self.chain.tip().time, &Direct)
    }
}

#[test]
fn every_officers_word_is_found_good() {
    let signed = Signed::of_five();
    for number in 0..OFFICERS {
        assert_eq!(signed.check(&signed.proof(number), &signed.word), Ok(()));
    }
    assert_eq!(OfficerProof::of(&signed.roster, u64::from(OFFICERS), signed.proof(0).signature), None);
}

#[test]
fn a_word_is_good_for_what_it_says_and_nothing_else() {
    let signed = Signed::of_five();
    let proof = signed.proof(2);
    let changes: [fn(&mut OfficerWord); 12] = [
        |w| w.nonce.0[0] ^= 1,
        |w| w.actor.0[0] ^= 1,
        |w| w.role = Role::ReqOperator,
        |w| w.assurance = ledger::role::Assurance::Otp,
        |w| w.entry.version += 1,
        |w| drop(w.items.pop_first()),
        |w| w.purpose = "02".parse().unwrap(),
        |w| w.case_commit.0[0] ^= 1,
        |w| w.subject_commit = Some(digest_of("somebody else")),
        |w| w.subject_commit = None,
        |w| w.subjects = Some((digest_of("many"), 2)),
        |w| w.claims_commit = Some(digest_of("claims")),
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut word = signed.word.clone();
        change(&mut word);
        assert_eq!(signed.check(&proof, &word), Err(OfficerFlaw::Signature), "{index}");
    }
    let other = |change: fn(&mut OfficerWord)| {
        let mut word = signed.word.clone();
        change(&mut word);
        signed.check(&proof, &word)
    };
    assert_eq!(other(|w| w.version = 2), Err(OfficerFlaw::Chain));
    assert_eq!(other(|w| w.chain = gm::domain::ChainId::ZERO), Err(OfficerFlaw::Chain));
    assert_eq!(other(|w| w.department = Centre::Suzhou.id()), Err(OfficerFlaw::Department));
    assert_eq!(other(|w| w.role = Role::ProvApprover), Err(OfficerFlaw::Role));
}

#[test]
fn a_department_cannot_sign_for_an_officer_nor_one_officer_for_another() {
    let signed = Signed::of_five();
    let keys = &signed.chain.network.keys[&Centre::Guangzhou];
    for stranger in [&keys.office, &keys.online, &officer_key(3)] {
        let proof = OfficerProof { signature: signed.word.sign(stranger).unwrap(), ..signed.proof(2) };
        assert_eq!(signed.check(&proof, &signed.word), Err(OfficerFlaw::Signature));
    }
}

#[test]
fn an_officer_who_was_not_anchored_before_is_none() {
    let signed = Signed::of_five();
    assert_eq!(signed.certified(true, |_| ()), Ok(()));
    assert_eq!(signed.certified(true, |entry| entry.clearance = 4), Ok(()), "once it is anchored");
    assert_eq!(signed.certified(false, |entry| entry.clearance = 4), Err(OfficerFlaw::Roster));
    let moved = OfficerProof { index: 1, ..signed.proof(2) };
    assert_eq!(signed.check(&moved, &signed.word), Err(OfficerFlaw::Roster));
}

/// What is found, and what was certified instead.
type Flaw = (OfficerFlaw, fn(&mut OfficerEntry));

#[test]
fn a_certificate_holds_for_its_chain_department_roles_and_time() {
    let signed = Signed::of_five();
    let flaws: [Flaw; 6] = [
        (OfficerFlaw::Chain, |entry| entry.version = 2),
        (OfficerFlaw::Chain, |entry| entry.chain = gm::domain::ChainId::ZERO),
        (OfficerFlaw::Department, |entry| entry.department = Centre::Suzhou.id()),
        (OfficerFlaw::Role, |entry| entry.roles = [Role::ReqOperator].into()),
        (OfficerFlaw::Period, |entry| entry.from = entry.from.plus_ms(1)),
        (OfficerFlaw::Period, |entry| entry.until = entry.from.minus_ms(1)),
    ];
    for (flaw, change) in flaws {
        assert_eq!(signed.certified(true, change), Err(flaw));
    }
    // Certified by another key than the department's office key.
    let mut roster = signed.roster.clone();
    roster[2] = OfficerCertificate::sign(roster[2].entry.clone(), &officer_key(2)).unwrap();
    let proof = OfficerProof::of(&roster, 2, signed.proof(2).signature).unwrap();
    let known = Anchored { root: roster_root(&roster), ..signed.anchored };
    let office = signed.chain.network.keys[&Centre::Guangzhou].office.public();
    let found = proof.check(&signed.word, &known, &office, signed.chain.tip().time, &Direct);
    assert_eq!(found, Err(OfficerFlaw::Certificate));
}

#[test]
fn the_roster_of_a_decision_is_remembered_as_long_as_it_may_be_recorded() {
    let mut chain = Chain::founded();
    let id = Centre::Guangzhou.id();
    assert_eq!(views::rosters(chain.state(), &id).unwrap(), None);
    let mut heights = vec![];
    for size in 1..=20 {
        chain.submit(Centre::Guangzhou, Payload::AnchorRoster(chain.a_roster(size))).unwrap();
        heights.push((chain.tip().height, size));
    }
    let rosters = views::rosters(chain.state(), &id).unwrap().unwrap();
    assert_eq!(rosters.newest().unwrap().size, 20);
    assert_eq!(rosters.anchored.len(), ledger::limits::ROSTERS_KEPT);
    for (height, size) in heights {
        let kept = size > 20 - ledger::limits::ROSTERS_KEPT as u64;
        assert_eq!(rosters.at(height).map(|roster| roster.size), kept.then_some(size));
    }
    // A minute later nothing judged under the older ones can be recorded any more.
    chain.wait_ms(chain.network.genesis.parameters.judged_lag_ms);
    chain.submit(Centre::Guangzhou, Payload::AnchorRoster(chain.a_roster(21))).unwrap();
    let rosters = views::rosters(chain.state(), &id).unwrap().unwrap();
    assert_eq!(rosters.anchored.iter().map(|roster| roster.size).collect::<Vec<_>>(), [20, 21]);
    // Everybody may go.
    let nobody = AnchorRoster { root: roster_root(&[]), ..chain.a_roster(0) };
    chain.submit(Centre::Guangzhou, Payload::AnchorRoster(nobody)).unwrap();
}
