//! What a provider believes of an officer. A department that holds all its own keys, and writes whatever it likes,
//! attributes an enquiry to nobody who did not sign it; each attempt is denied as malformed, with its reason.

use gm::domain::{Kind, Salt, commit};
use gm::envelope::{self as sealing, Seed};
use gm::sm2::SecretKey;
use ledger::catalogue::Mode;
use ledger::ids::{OfficerId, Time};
use ledger::receipt::{PolicyVersions, Ticket};
use ledger::roster::{
    AnchorRoster, OfficerCertificate, OfficerEntry, OfficerProof, OfficerWord, roster_root,
};

use super::*;
use crate::WordOf;
use crate::officer::commitment;
use crate::protocol::{Asked, AskerAttributes, Details, Question, ReasonBody, VERSION};

/// The asker's department as it may be: it holds office and online key, and two officers' keys lie with the officers.
struct Forger {
    scene: Scene,
    officers: [SecretKey; 2],
}

/// A question before it is sealed, with the key its reply is sealed to.
struct Draft {
    question: Question,
    reply: SecretKey,
}

impl Forger {
    async fn set() -> Self {
        let officers = [SecretKey::generate().unwrap(), SecretKey::generate().unwrap()];
        let forger = Self { scene: Scene::set().await, officers };
        forger.anchor(&forger.roster()).await;
        forger
    }

    fn asker(&self) -> &founding::Founder {
        &self.scene.founded.departments[ASKER]
    }

    fn certified(&self, number: u8, key: &SecretKey, change: fn(&mut OfficerEntry)) -> OfficerCertificate {
        let mut entry = OfficerEntry {
            version: 1,
            chain: self.scene.founded.genesis.chain(),
            department: self.asker().id.clone(),
            officer: OfficerId([number; 16]),
            key: key.public(),
            roles: [Role::BizUser].into(),
            clearance: 4,
            from: Time(0),
            until: self.scene.founded.genesis.time.plus_ms(3_600_000),
        };
        change(&mut entry);
        OfficerCertificate::sign(entry, &self.asker().office).unwrap()
    }

    /// The roster that is anchored, of both officers.
    fn roster(&self) -> Vec<OfficerCertificate> {
        (0..2).map(|of| self.certified(of, &self.officers[usize::from(of)], |_| ())).collect()
    }

    async fn anchor(&self, roster: &[OfficerCertificate]) {
        self.anchor_by(ASKER, roster).await;
    }

    async fn anchor_by(&self, of: usize, roster: &[OfficerCertificate]) {
        let anchor =
            AnchorRoster { root: roster_root(roster), size: roster.len() as u64, log_head: log_head() };
        let tx = self.scene.founded.office(of, Payload::AnchorRoster(anchor));
        let applied = self.scene.asker.submit(tx).await.unwrap();
        let mut heads = self.scene.provider.context.node.follow();
        heads.wait_for(|tip| tip.height >= applied.height).await.unwrap();
    }

    /// A question of officer 0 as an honest requester makes it, with the proof that `proof` makes of its word.
    fn draft(
        &self,
        change: impl FnOnce(&mut Details, &mut AskerAttributes),
        proof: impl FnOnce(&OfficerWord) -> Option<OfficerProof>,
    ) -> Draft {
        let chain = self.scene.founded.genesis.chain();
        let salt = || Salt::generate().unwrap();
        let (case_salt, asker_salt, reply) = (salt(), salt(), SecretKey::generate().unwrap());
        let number = "990000199001010017".to_owned();
        let subject = Subject { name: "张三".into(), id_type: "01".into(), id_number: number };
        let asked = Asked::One(subject.checked(founding::now()).ok().unwrap(), salt());
        let mut asker = AskerAttributes { role: Role::BizUser, clearance: 4, zone: None, second: None };
        let version = PolicyVersion([0; 32]);
        let mut details = Details {
            version: VERSION,
            nonce: Nonce(gm::random::bytes().unwrap()),
            entry: entry(1).id,
            items: ["XingMing".parse().unwrap()].into(),
            purpose: "01".parse().unwrap(),
            subject_commit: Some(asked.commitment(chain)),
            subjects: None,
            case_commit: commit(chain, &case_salt, "贷款-1".as_bytes()),
            claims_commit: None,
            actor: Pseudonym([3; 32]),
            assurance: Assurance::Ukey,
            officer_proof_commit: None,
            asker_commit: Digest::ZERO,
            requester_decision_commit: Digest([4; 32]),
            policy_versions: PolicyVersions { national: version, region: version, department: version },
            sealing_key_id: self.scene.provider.context.sealing_id,
            reply_key: reply.public(),
            job: None,
            log_head: log_head(),
        };
        change(&mut details, &mut asker);
        details.asker_commit = commit(chain, &asker_salt, &to_bytes(&asker));
        let word = OfficerWord::of(&details, chain, &self.asker().id, asker.role);
        let officer = proof(&word).map(|proof| (proof, salt()));
        details.officer_proof_commit = officer.as_ref().map(|officer| commitment(chain, officer));
        let case_no = Zeroizing::new("贷款-1".to_owned());
        let question = Question { details, asked, case_no, case_salt, asker, asker_salt, officer };
        Draft { question, reply }
    }

    /// As the officer signs it: under the roster that is anchored, at the officer's place.
    fn honest(&self, word: &OfficerWord) -> Option<OfficerProof> {
        OfficerProof::of(&self.roster(), 0, word.sign(&self.officers[0]).unwrap())
    }

    /// Sends it; the query, and the code of the reason if it is denied.
    async fn send(&self, draft: &Draft) -> (QueryId, Option<String>) {
        let provider = &self.scene.provider;
        let (chain, tip) = self.scene.asker.read(|snapshot| (snapshot.chain(), snapshot.tip()));
        let ticket = Ticket {
            version: VERSION,
            chain,
            requester: self.asker().id.clone(),
            key_id: self.asker().online.public().key_id(),
            grant: self.scene.grant,
            provider: provider.context.department.clone(),
            mode: Mode::Query,
            units: 1,
            seen_height: tip.height,
            seen_block: tip.block,
            valid_until: tip.time.plus_ms(120_000),
            details_digest: draft.question.details.digest(chain),
        };
        let (query, seed) = (ticket.query_id(), Seed::generate().unwrap());
        let envelope = Envelope {
            version: VERSION,
            chain,
            ticket_signature: self.asker().online.sign(chain, Kind::Ticket, &to_bytes(&ticket)).unwrap(),
            ticket,
            wrap: Bytes(seed.wrap(&provider.context.sealing.public()).unwrap()),
            sealed: Bytes(sealing::seal(&seed, chain, &query.0, &draft.question.sealable())),
        };
        let body = to_bytes(&Call::Ask(Box::new(envelope)));
        match provider.reply(&self.asker().id, &body).await {
            Reply::Answered { .. } => (query, None),
            Reply::Denied { wrap, sealed } => {
                let seed = Seed::unwrap_with(&draft.reply, &wrap.0).unwrap();
                let plain = sealing::open(&seed, chain, &ReasonBody::context(&query), &sealed.0).unwrap();
                let reason: ReasonBody = from_bytes(&plain).unwrap();
                assert_eq!(reason.class, DenialClass::Malformed);
                (query, Some(reason.code.to_string()))
            }
            Reply::Refused { code } => (query, Some(format!("refused {code}"))),
            Reply::Released { .. } | Reply::Again { .. } | Reply::Disclosed { .. } => {
                panic!("it is given out")
            }
        }
    }

    async fn told(&self, proof: impl FnOnce(&OfficerWord) -> Option<OfficerProof>) -> Option<String> {
        self.send(&self.draft(|_, _| (), proof)).await.1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officers_own_signature_is_believed_and_kept() {
    let forger = Forger::set().await;
    let (query, denied) = forger.send(&forger.draft(|_, _| (), |word| forger.honest(word))).await;
    assert_eq!(denied, None);
    let word = forger.scene.provider.context.store.word_of_answer(&query).await.unwrap();
    let Some(WordOf::Officer(papers)) = word else { panic!("{word:?}") };
    assert_eq!(papers.proof.certificate.entry.officer, OfficerId([0; 16]));
    assert_eq!(papers.roster.root, roster_root(&forger.roster()));
    forger.scene.end().await;
}

/// The department has every key but the officer's own, and the provider's trust in nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_department_cannot_attribute_an_enquiry_to_somebody_who_did_not_make_it() {
    let forger = Forger::set().await;
    let is = |code: &str| Some(code.to_owned());
    // It says that the officer showed a key, and shows none; or shows what it does not say.
    assert_eq!(forger.told(|_| None).await, is("officer.missing"));
    let unclaimed = forger.draft(|details, _| details.assurance = Assurance::Otp, |word| forger.honest(word));
    assert_eq!(forger.send(&unclaimed).await.1, is("officer.missing"));
    // It signs with its office key, its online key, another officer's key.
    let (office, online, other) = (&forger.asker().office, &forger.asker().online, &forger.officers[1]);
    for key in [office, online, other] {
        let told = forger.told(|word| OfficerProof::of(&forger.roster(), 0, word.sign(key).unwrap())).await;
        assert_eq!(told, is("officer.signature"));
    }
    // It sends again what the officer signed for another query, or says that it was another one who asked.
    let first = forger.draft(|_, _| (), |word| forger.honest(word));
    assert_eq!(forger.send(&first).await.1, None);
    let replayed = first.question.officer.clone().unwrap().0;
    assert_eq!(forger.told(|_| Some(replayed)).await, is("officer.signature"));
    let actor = forger.told(|word| {
        let other = OfficerWord { actor: Pseudonym([9; 32]), ..word.clone() };
        OfficerProof::of(&forger.roster(), 0, other.sign(&forger.officers[0]).unwrap())
    });
    assert_eq!(actor.await, is("officer.signature"));
    // It makes an officer up: certified by its office key, as all are, and anchored by nobody before.
    let made_up = SecretKey::generate().unwrap();
    let mut roster = forger.roster();
    roster[0] = forger.certified(0, &made_up, |_| ());
    let told = forger.told(|word| OfficerProof::of(&roster, 0, word.sign(&made_up).unwrap())).await;
    assert_eq!(told, is("officer.roster"));
    forger.scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_certified_is_not_believed() {
    let forger = Forger::set().await;
    let is = |code: &str| Some(code.to_owned());
    let role = forger.draft(|_, asker| asker.role = Role::ReqOperator, |word| forger.honest(word));
    assert_eq!(forger.send(&role).await.1, is("officer.role"));
    type Change = fn(&mut OfficerEntry);
    let certify: [(Change, &str); 4] = [
        (|entry| entry.clearance = 3, "officer.clearance"),
        (|entry| entry.version = 2, "officer.chain"),
        (|entry| entry.until = Time(1), "officer.period"),
        (|entry| entry.department = "12510100X00000318P".parse().unwrap(), "officer.department"),
    ];
    for (change, code) in certify {
        let roster = [forger.certified(0, &forger.officers[0], change)];
        forger.anchor(&roster).await;
        let signed =
            |word: &OfficerWord| OfficerProof::of(&roster, 0, word.sign(&forger.officers[0]).unwrap());
        assert_eq!(forger.told(signed).await, is(code));
    }
    // On the roster that it anchored, under a signature that is not the department's.
    let mut forged = forger.certified(0, &forger.officers[0], |_| ());
    forged.entry.officer = OfficerId([9; 16]);
    let roster = [forged];
    forger.anchor(&roster).await;
    let signed = |word: &OfficerWord| OfficerProof::of(&roster, 0, word.sign(&forger.officers[0]).unwrap());
    assert_eq!(forger.told(signed).await, is("officer.certificate"));
    forger.scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_off_the_roster_is_out_with_that_block() {
    let forger = Forger::set().await;
    let is = |code: &str| Some(code.to_owned());
    let (query, denied) = forger.send(&forger.draft(|_, _| (), |word| forger.honest(word))).await;
    assert_eq!(denied, None);
    // Another department's roster is none of this one's.
    let foreign = [forger.certified(7, &forger.officers[0], |_| ())];
    forger.anchor_by(PROVIDER, &foreign).await;
    assert_eq!(forger.told(|word| forger.honest(word)).await, None);
    forger.anchor(&[forger.certified(1, &forger.officers[1], |_| ())]).await;
    assert_eq!(forger.told(|word| forger.honest(word)).await, is("officer.roster"), "the old path");
    // An answer that is to be judged again before it is on record goes the same way.
    forger.scene.move_policy(&query).await;
    forger.scene.record(&query).await;
    let (state, code, seed, _) = forger.scene.kept(&query).await;
    assert_eq!((state.as_str(), code, seed), ("denied", is("officer.roster"), false));
    let (_, record) = standing::record(&forger.scene.provider.context.node, &query).unwrap();
    assert!(matches!(record.unwrap().kind, RecordKind::Denial { class: DenialClass::Malformed, .. }));
    forger.scene.end().await;
}
