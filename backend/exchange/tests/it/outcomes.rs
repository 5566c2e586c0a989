//! Every way in which an enquiry ends without an answer is told apart and kept in the journal.

use exchange::{AnsweredFilter, AnsweredState, AskError, DeniedBy, EnquiryState, outcome};
use ledger::grant::RevokeGrant;
use ledger::ids::Time;
use ledger::policy::Layer;
use ledger::receipt::{DenialClass, RecordKind};
use ledger::role::Role;
use ledger::transaction::Payload;
use ledger::views;

use crate::founding::{ASKER, PROVIDER, Terms, now};
use crate::town::{Town, ZHANG, enquiry, long_ago, pseudonym, quick};

fn refused(code: &'static str) -> EnquiryState {
    EnquiryState::Refused { code }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_says_no_names_layer_and_row_and_it_is_on_record() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms { purpose: "02", ..Terms::new() }).await;
    let query = town.ask(grant, ZHANG).await;
    let view = town.until(&query, |view| view.state.is_final()).await;
    let expected = EnquiryState::Denied {
        by: DeniedBy::Provider,
        class: DenialClass::Policy,
        layer: Some(Layer::Department),
        row: Some("no-transfers".into()),
        code: outcome::POLICY_DENIED,
    };
    assert_eq!(view.state, expected);
    assert!(view.answer.is_none());
    let handle = town.handle(ASKER);
    let mut heads = handle.follow();
    let record = loop {
        if let Some(record) = handle.read(|snapshot| views::record(snapshot, &query)).unwrap() {
            break record;
        }
        heads.changed().await.unwrap();
    };
    assert!(matches!(record.kind, RecordKind::Denial { class: DenialClass::Policy, .. }));
    let used = handle.read(|snapshot| views::grant(snapshot, &grant)).unwrap().unwrap().used_units;
    assert_eq!(used, 0);
    let answered = town.exchange(PROVIDER).answered(&AnsweredFilter { limit: 9, ..Default::default() }).await;
    let answered = answered.unwrap().rows.remove(0);
    assert_eq!(answered.state, AnsweredState::Denied);
    assert_eq!((answered.layer, answered.row.as_deref()), (Some(Layer::Department), Some("no-transfers")));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_own_policies_deny_is_never_sent() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask_as(grant, ZHANG, Role::Inspector, [1; 32]).await;
    let expected = EnquiryState::Denied {
        by: DeniedBy::Requester,
        class: DenialClass::Policy,
        layer: Some(Layer::National),
        row: None,
        code: outcome::POLICY_DENIED,
    };
    assert_eq!(town.look(&query).await.state, expected);
    assert!(town.exchange(PROVIDER).answered(&Default::default()).await.unwrap().total == 0);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_does_not_live_is_told_by_its_reason() {
    let town = Town::start(2, &[0], quick()).await;
    let spent = town.grant(&Terms { quota: 1, ..Terms::new() }).await;
    let first = town.ask(spent, ZHANG).await;
    assert_eq!(town.until_closed(&first).await.state, EnquiryState::Closed);
    let second = town.ask(spent, ZHANG).await;
    assert_eq!(town.look(&second).await.state, refused("grant.quota"));

    let upcoming = Time(now().0 + 600_000);
    let later = town.grant(&Terms { from: upcoming, ..Terms::new() }).await;
    let query = town.ask(later, ZHANG).await;
    assert_eq!(town.look(&query).await.state, refused("grant.upcoming"));

    let brief = Time(now().0 + 2_500);
    let expiring = town.grant(&Terms { from: long_ago(), until: brief, ..Terms::new() }).await;
    crate::town::within(town.handle(ASKER).follow().wait_for(|tip| tip.time > brief)).await.unwrap();
    let query = town.ask(expiring, ZHANG).await;
    assert_eq!(town.look(&query).await.state, refused("grant.expired"));

    let revoked = town.grant(&Terms::new()).await;
    let revocation = RevokeGrant {
        grant: revoked,
        reason: "01".parse().unwrap(),
        by: town.founded.by(Role::ProvApprover),
    };
    town.submit(PROVIDER, town.founded.office(PROVIDER, Payload::RevokeGrant(revocation))).await;
    let query = town.ask(revoked, ZHANG).await;
    assert_eq!(town.look(&query).await.state, refused("grant.revoked"));
    assert_eq!(town.journal().await.len(), 5);
    town.stop().await;
}

/// Of many enquiries under a small quota as many are answered as it allows; the others say why.
#[tokio::test(flavor = "multi_thread")]
async fn racing_enquiries_cannot_exceed_the_quota() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms { quota: 3, ..Terms::new() }).await;
    let mut queries = Vec::new();
    for _ in 0..8 {
        queries.push(town.ask(grant, ZHANG).await);
    }
    let mut closed = 0;
    for query in &queries {
        match town.until_closed(query).await.state {
            EnquiryState::Closed => closed += 1,
            state => assert_eq!(state.reason(), Some("grant.quota"), "{state:?}"),
        }
    }
    assert_eq!(closed, 3);
    let used =
        town.handle(ASKER).read(|snapshot| views::grant(snapshot, &grant)).unwrap().unwrap().used_units;
    assert_eq!(used, 3);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_told_so() {
    let mut town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    town.stop_exchange(PROVIDER).await;
    town.stop_node(PROVIDER).await;
    let query = town.ask(grant, ZHANG).await;
    let view = town.until(&query, |view| view.waiting.is_some() || view.state.is_final()).await;
    assert_eq!((view.state, view.waiting), (EnquiryState::Asked, Some(outcome::PROVIDER_UNREACHABLE)));
    let view = town.until(&query, |view| view.state.is_final()).await;
    assert_eq!(view.state, refused(outcome::PROVIDER_UNREACHABLE));
    assert!(view.record.is_none() && view.answer.is_none());
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_source_that_is_gone_lets_the_ticket_lapse_without_using_a_unit() {
    let parameters = ledger::parameters::Parameters { ticket_ms: 4_000, ..quick() };
    let town = Town::start(2, &[0], parameters).await;
    let grant = town.grant(&Terms::new()).await;
    std::fs::write(town.database(), b"not a database any more").unwrap();
    let query = town.ask(grant, ZHANG).await;
    let view = town.until(&query, |view| view.state.is_final()).await;
    assert_eq!(view.state, EnquiryState::Lapsed { code: outcome::SOURCE_FAULT });
    let used =
        town.handle(ASKER).read(|snapshot| views::grant(snapshot, &grant)).unwrap().unwrap().used_units;
    assert_eq!(used, 0);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_faults_is_not_written_down() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let codes = async |enquiry: exchange::Enquiry| match town.exchange(ASKER).ask(enquiry, pseudonym).await {
        Err(AskError::Invalid(faults)) => {
            faults.iter().map(|fault| (fault.field, fault.code)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let form = |person| enquiry(grant, person, Role::BizUser, [1; 32]);
    let wrong = form(("张三", "990000199001010018"));
    assert_eq!(codes(wrong).await, [("id_number", "id-number.check-digit")]);
    let mut wrong = form(ZHANG);
    wrong.case_no = " ".into();
    assert_eq!(codes(wrong).await, [("case_no", "case-no.empty")]);
    let mut wrong = form(ZHANG);
    wrong.items = ["GRCKZHHM".parse().unwrap()].into();
    assert_eq!(codes(wrong).await, [("items", "items.not-granted")]);
    let mut wrong = form(ZHANG);
    wrong.grant = ledger::ids::GrantId([1; 32]);
    assert_eq!(codes(wrong).await, [("grant", "grant.unknown")]);
    assert!(town.journal().await.is_empty());
    town.stop().await;
}
