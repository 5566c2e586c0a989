//! Every way in which a query ends without an answer is told apart and kept in the journal.

use access::Assurance;
use exchange::{AnsweredState, AskError, DeniedBy, Field, FieldCode, Outcome, QueryState};
use ledger::catalogue::MaskRule;
use ledger::ids::{Pseudonym, Time};
use ledger::policy::Layer;
use ledger::receipt::{DeliveryOutcome, DenialClass, RecordKind};
use ledger::refusal::Refusal;
use ledger::role::Role;
use ledger::views;

use crate::founding::{ASKER, PROVIDER, Terms, now};
use crate::town::{THIRD, Town, ZHANG, long_ago, patient, pseudonym, query, quick, values};

fn refused(code: impl Into<Outcome>) -> QueryState {
    QueryState::Refused { code: code.into() }
}

/// An inspector may not ask.
fn denied_at_home() -> QueryState {
    QueryState::Denied {
        by: DeniedBy::Requester,
        class: DenialClass::Policy,
        layer: Some(Layer::National),
        row: None,
        code: Outcome::PolicyDenied,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_says_no_names_layer_and_row_and_it_is_on_record() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms { purpose: "02", ..Terms::new() }).await;
    let query = town.ask(grant, ZHANG).await;
    let view = town.until(&query, |view| view.state.is_final()).await;
    let expected = QueryState::Denied {
        by: DeniedBy::Provider,
        class: DenialClass::Policy,
        layer: Some(Layer::Department),
        row: Some("no-transfers".into()),
        code: Outcome::PolicyDenied,
    };
    assert_eq!(view.state, expected);
    assert!(view.answer.is_none());
    let record = town.until_on_record(&query).await;
    assert!(matches!(record.kind, RecordKind::Denial { class: DenialClass::Policy, .. }));
    assert_eq!(town.used(grant), 0);
    let answered = town.answered().await.remove(0);
    assert_eq!(answered.state, AnsweredState::Denied);
    assert_eq!((answered.layer, answered.row.as_deref()), (Some(Layer::Department), Some("no-transfers")));
    town.stop().await;
}

/// What a provider would deny as malformed is not even sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_only_claimed_asks_nobody() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let mut claimed = query(grant, ZHANG, Role::BizUser, [1; 32]);
    claimed.asker.assurance = Assurance::Ukey;
    let told = town.exchange(ASKER).ask(claimed, pseudonym).await;
    assert!(matches!(told, Err(AskError::Officer(Outcome::OfficerMissing))), "{told:?}");
    assert!(town.journal().await.is_empty() && town.answered().await.is_empty());
    town.stop().await;
}

/// The same form is the same query; another officer's form, or one that says something else by then, is none.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_again_changed_is_told_so() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let form = || query(grant, ZHANG, Role::BizUser, [1; 32]);
    let first = town.exchange(ASKER).ask(form(), pseudonym).await.unwrap();
    assert_eq!(town.exchange(ASKER).ask(form(), pseudonym).await.unwrap(), first);
    assert_eq!(town.exchange(ASKER).asked_before(&form()).await.unwrap(), Some(first));
    let mut other = form();
    other.case_no = "贷款-2".into();
    assert!(matches!(town.exchange(ASKER).ask(other, pseudonym).await, Err(AskError::FormChanged)));
    let mut other = form();
    other.items = ["SJHM".parse().unwrap()].into();
    assert!(matches!(town.exchange(ASKER).ask(other, pseudonym).await, Err(AskError::FormChanged)));
    let mut colleague = form();
    colleague.asker.account = "li".into();
    assert!(matches!(town.exchange(ASKER).ask(colleague, pseudonym).await, Err(AskError::FormUsed)));
    assert_eq!(town.journal().await.len(), 1);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_own_policies_deny_is_never_sent() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask_as(grant, ZHANG, Role::Inspector, [1; 32]).await;
    assert_eq!(town.look(&query).await.state, denied_at_home());
    assert!(town.answered().await.is_empty());
    town.stop().await;
}

/// Both ends demand a second person: without one nothing is sent, and one officer twice is none for the provider.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_takes_two_is_answered_once_another_officer_confirmed_it() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let asked = |form| exchange::Query {
        items: ["GRZHZT".parse().unwrap()].into(),
        ..query(grant, ZHANG, Role::BizUser, [form; 32])
    };
    let exchange = town.exchange(ASKER);
    let alone = exchange.ask(asked(1), pseudonym).await.unwrap();
    let state = town.look(&alone).await.state;
    assert_eq!(state.reason(), Some(Outcome::SecondPerson), "{state:?}");
    assert!(town.answered().await.is_empty(), "it was never sent");

    let twice = exchange.ask_seconded(asked(2), |nonce| (pseudonym(nonce), pseudonym(nonce))).await.unwrap();
    let view = town.until(&twice, |view| view.state.is_final()).await;
    assert_eq!(view.state.reason(), Some(Outcome::SecondPerson), "{:?}", view.state);
    assert!(matches!(view.state, QueryState::Denied { by: DeniedBy::Provider, .. }), "{:?}", view.state);

    let another = |nonce: &[u8; 32]| (pseudonym(nonce), Pseudonym([7; 32]));
    let seconded = exchange.ask_seconded(asked(3), another).await.unwrap();
    assert_eq!(town.until_closed(&seconded).await.state, QueryState::Closed);
    town.stop().await;
}

/// What is given is masked and left out as the own policies want it too, before it is kept or shown.
#[tokio::test(flavor = "multi_thread")]
async fn the_own_policies_narrow_what_the_provider_gives() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms { purpose: "03", ..Terms::new() }).await;
    let items = ["DWMC", "GRZHZT", "SJHM"].map(|item| item.parse().unwrap());
    let query = exchange::Query { items: items.into(), ..query(grant, ZHANG, Role::BizUser, [1; 32]) };
    let query = town.exchange(ASKER).ask(query, pseudonym).await.unwrap();
    let view = town.until_closed(&query).await;
    assert_eq!(view.state, QueryState::Closed);
    let answer = view.answer.unwrap();
    assert_eq!(values(&answer), [("DWMC", "********司"), ("SJHM", "100****0001")]);
    let masks: Vec<_> = answer.masks.iter().map(|(item, rule)| (item.as_str(), *rule)).collect();
    assert_eq!(masks, [("DWMC", MaskRule::Name), ("SJHM", MaskRule::Mob)]);
    assert_eq!(answer.dropped, ["GRZHZT".parse().unwrap()].into());
    town.stop().await;
}

/// No transaction of this version moves a policy; an officer whose role may not ask stands in for one.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_own_policies_deny_by_now_is_not_shown() {
    let mut town = Town::start(3, &[0, 1, 2], patient()).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask_until_held(grant).await;
    town.stop_exchange(ASKER).await;
    town.change_role(&query, Role::Inspector).await;
    town.start_exchange(ASKER).await;
    town.start_node(THIRD).await;
    let view = town.until(&query, |view| view.record.is_some_and(|place| place.delivered)).await;
    assert_eq!(view.state, denied_at_home());
    assert!(view.answer.is_none());
    let record = town.handle(ASKER).read(|snapshot| views::record(snapshot, &query)).unwrap().unwrap();
    assert_eq!(record.delivery.unwrap().0, DeliveryOutcome::Unopened);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_does_not_live_is_told_by_its_reason() {
    let town = Town::start(2, &[0], quick()).await;
    let spent = town.grant(&Terms { quota: 1, ..Terms::new() }).await;
    let first = town.ask(spent, ZHANG).await;
    assert_eq!(town.until_closed(&first).await.state, QueryState::Closed);
    let second = town.ask(spent, ZHANG).await;
    assert_eq!(town.look(&second).await.state, refused(Refusal::GrantQuota));

    let upcoming = Time(now().0 + 600_000);
    let later = town.grant(&Terms { from: upcoming, ..Terms::new() }).await;
    let query = town.ask(later, ZHANG).await;
    assert_eq!(town.look(&query).await.state, refused(Refusal::GrantUpcoming));

    let brief = Time(now().0 + 2_500);
    let expiring = town.grant(&Terms { from: long_ago(), until: brief, ..Terms::new() }).await;
    crate::town::within(town.handle(ASKER).follow().wait_for(|tip| tip.time > brief)).await.unwrap();
    let query = town.ask(expiring, ZHANG).await;
    assert_eq!(town.look(&query).await.state, refused(Refusal::GrantExpired));

    let revoked = town.grant(&Terms::new()).await;
    town.revoke(revoked).await;
    let query = town.ask(revoked, ZHANG).await;
    assert_eq!(town.look(&query).await.state, refused(Refusal::GrantRevoked));
    assert_eq!(town.journal().await.len(), 5);
    town.stop().await;
}

/// Of many queries under a small quota as many are answered as it allows; the others say why.
#[tokio::test(flavor = "multi_thread")]
async fn racing_queries_cannot_exceed_the_quota() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms { quota: 3, ..Terms::new() }).await;
    let mut queries = Vec::new();
    for _ in 0..8 {
        queries.push(town.ask(grant, ZHANG).await);
    }
    let mut closed = 0;
    for query in &queries {
        match town.until_closed(query).await.state {
            QueryState::Closed => closed += 1,
            state => assert_eq!(state.reason(), Some(Outcome::Ledger(Refusal::GrantQuota)), "{state:?}"),
        }
    }
    assert_eq!(closed, 3);
    assert_eq!(town.used(grant), 3);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_told_so() {
    let mut town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    town.leave(PROVIDER).await;
    let query = town.ask(grant, ZHANG).await;
    let view = town.until(&query, |view| view.waiting.is_some() || view.state.is_final()).await;
    assert_eq!((view.state, view.waiting), (QueryState::Asked, Some(Outcome::ProviderUnreachable)));
    let view = town.until(&query, |view| view.state.is_final()).await;
    assert_eq!(view.state, refused(Outcome::ProviderUnreachable));
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
    assert_eq!(view.state, QueryState::Lapsed { code: Outcome::SourceFault });
    assert_eq!(town.used(grant), 0);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_faults_is_not_written_down() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let codes = async |query: exchange::Query| match town.exchange(ASKER).ask(query, pseudonym).await {
        Err(AskError::Invalid(faults)) => {
            faults.iter().map(|fault| (fault.field, fault.code)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let form = |person| query(grant, person, Role::BizUser, [1; 32]);
    let wrong = form(("张三", "990000199001010018"));
    assert_eq!(codes(wrong).await, [(Field::IdNumber, FieldCode::IdNumberCheckDigit)]);
    let mut wrong = form(ZHANG);
    wrong.case_no = " ".into();
    assert_eq!(codes(wrong).await, [(Field::CaseNo, FieldCode::Empty)]);
    let mut wrong = form(ZHANG);
    wrong.items = ["GRCKZHHM".parse().unwrap()].into();
    assert_eq!(codes(wrong).await, [(Field::Items, FieldCode::NotGranted)]);
    let mut wrong = form(ZHANG);
    wrong.items.clear();
    assert_eq!(codes(wrong).await, [(Field::Items, FieldCode::Empty)]);
    let mut wrong = form(ZHANG);
    wrong.grant = ledger::ids::GrantId([1; 32]);
    assert_eq!(codes(wrong).await, [(Field::Grant, FieldCode::Unknown)]);
    assert!(town.journal().await.is_empty());
    town.stop().await;
}
