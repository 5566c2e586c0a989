//! An officer signs a query: both ends check it, keep it, and say so.

use access::Assurance;
use exchange::{AskError, Outcome, Query, QueryState, WordOf};
use gm::sm2::SecretKey;
use ledger::ids::{GrantId, OfficerId, Time};
use ledger::receipt::LogHead;
use ledger::role::Role;
use ledger::roster::{AnchorRoster, OfficerCertificate, OfficerEntry, OfficerProof, roster_root};
use ledger::transaction::Payload;

use crate::founding::{ASKER, Founded, PROVIDER, Terms, now};
use crate::town::{Town, ZHANG, pseudonym, query, quick};

/// The asker's roster of one officer.
fn certified(founded: &Founded, key: &SecretKey, roles: &[Role]) -> OfficerCertificate {
    let asker = &founded.departments[ASKER];
    let entry = OfficerEntry {
        version: 1,
        chain: founded.genesis.chain(),
        department: asker.id.clone(),
        officer: OfficerId([1; 16]),
        key: key.public(),
        roles: roles.iter().copied().collect(),
        clearance: 4,
        from: Time(0),
        until: now().plus_ms(3_600_000),
    };
    OfficerCertificate::sign(entry, &asker.office).unwrap()
}

async fn anchor(town: &Town, roster: &[OfficerCertificate]) {
    let log_head = LogHead { size: 1, digest: gm::sm3::Digest([1; 32]) };
    let anchor = AnchorRoster { root: roster_root(roster), size: roster.len() as u64, log_head };
    town.submit(ASKER, town.founded.office(ASKER, Payload::AnchorRoster(anchor))).await;
}

/// A form that its officer signed with this key.
fn signed(town: &Town, grant: GrantId, roster: &[OfficerCertificate], key: &SecretKey) -> Query {
    let mut form = query(grant, ZHANG, Role::BizUser, gm::random::bytes().unwrap());
    form.asker.assurance = Assurance::Ukey;
    let word = town.exchange(ASKER).word(&form, pseudonym).unwrap();
    assert_eq!(town.exchange(ASKER).word(&form, pseudonym).unwrap(), word, "it comes out the same");
    let signature = word.sign(key).unwrap();
    form.officer = OfficerProof::of(roster, 0, signature);
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_signed_by_its_officer_is_answered_and_both_ends_keep_the_signature() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let key = SecretKey::generate().unwrap();
    let roster = [certified(&town.founded, &key, &[Role::BizUser])];
    anchor(&town, &roster).await;
    let id = town.exchange(ASKER).ask(signed(&town, grant, &roster, &key), pseudonym).await.unwrap();
    let view = town.until_closed(&id).await;
    assert_eq!(view.state, QueryState::Closed);
    assert_eq!(view.asker.assurance, Assurance::Ukey);
    for of in [ASKER, PROVIDER] {
        let Some(WordOf::Officer(papers)) = town.exchange(of).word_of(&id).await.unwrap() else {
            panic!("it is not kept at {of}")
        };
        assert_eq!(papers.proof.certificate, roster[0]);
        assert_eq!(papers.roster.root, roster_root(&roster));
    }
    // Without it, the officer is the department's word.
    let plain = town.ask(grant, ZHANG).await;
    town.until_closed(&plain).await;
    for of in [ASKER, PROVIDER] {
        let word = town.exchange(of).word_of(&plain).await.unwrap();
        assert_eq!(word, Some(WordOf::Department(Assurance::Password)));
    }
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_would_not_believe_is_not_sent_and_the_form_may_be_signed_again() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let (key, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let roster = [certified(&town.founded, &key, &[Role::BizUser])];
    let told = |asked: Result<_, AskError>| match asked {
        Err(AskError::Officer(code)) => code,
        other => panic!("{other:?}"),
    };
    let ask = async |form: Query| town.exchange(ASKER).ask(form, pseudonym).await;
    assert_eq!(told(ask(signed(&town, grant, &roster, &key)).await), Outcome::OfficerRoster, "not anchored");
    anchor(&town, &roster).await;
    assert_eq!(told(ask(signed(&town, grant, &roster, &other)).await), Outcome::OfficerSignature);
    // A word for one form is none for another.
    let (first, mut second) = (signed(&town, grant, &roster, &key), signed(&town, grant, &roster, &key));
    second.officer.clone_from(&first.officer);
    assert_eq!(told(ask(second).await), Outcome::OfficerSignature);
    let mut more = signed(&town, grant, &roster, &key);
    more.items.pop_first();
    assert_eq!(told(ask(more).await), Outcome::OfficerSignature);
    let mut unclaimed = signed(&town, grant, &roster, &key);
    unclaimed.asker.assurance = Assurance::Otp;
    assert_eq!(told(ask(unclaimed).await), Outcome::OfficerMissing);
    assert!(town.journal().await.is_empty(), "nothing was written down");
    // Sent without a signature it is another form than with one.
    let form = signed(&town, grant, &roster, &key);
    let mut plain = query(grant, ZHANG, Role::BizUser, form.form_id);
    plain.asker.assurance = Assurance::Otp;
    ask(plain).await.unwrap();
    assert!(matches!(ask(form).await, Err(AskError::FormChanged)));
    // Off the roster with its next block.
    anchor(&town, &[]).await;
    assert_eq!(told(ask(signed(&town, grant, &roster, &key)).await), Outcome::OfficerRoster);
    town.stop().await;
}
