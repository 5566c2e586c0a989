//! One query between two departments, from the form to the evidence an outsider checks.

use std::time::Duration;

use services::audit_log::{AuditLog, Event, Note};
use services::codes::FieldCode;
use services::names::Side;
use services::queries::{self, AskedView, QueryFilter, QueryInput};
use services::receipts::Outcome;
use services::requests;
use services::signed_heads::HeadFault;
use services::{
    FieldError, OfficeFault, OfficeRefusal, Officer, Role, ServiceError, inspection, receipts, worklist,
};

use crate::accounts::elsewhere;
use crate::inspections::opened;
use crate::town::{HALL, PATIENCE, Town, until};
use crate::workflow::{a_request, approve_all, ask_for};

pub(crate) const CASE: &str = "深贷〔2026〕第 00001 号";

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_shown_to_who_asked_and_proven_to_everyone() {
    let town = Town::large().await;
    let clerk = town.sz.officer_with_key("cheng", Role::BizUser).await;
    let colleague = town.sz.officer("ye", Role::BizUser).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let inspector = town.jd.officer("shen", Role::Inspector).await;
    let input = a_query(&town, &clerk, &approver).await;
    let mut wrong = input.clone();
    wrong.id_number = "990000199001010018".to_owned();
    let error = queries::ask(&town.sz.office, &clerk, wrong).await.unwrap_err();
    assert!(matches!(&error, ServiceError::Invalid(mistakes) if mistakes[0].field == "id_number"), "{error}");

    let mut nothing = input.clone();
    nothing.items.clear();
    let error = queries::ask(&town.sz.office, &clerk, nothing).await.unwrap_err();
    assert_eq!(
        error,
        ServiceError::Invalid(vec![FieldError { field: "items", code: FieldCode::NoneChosen }])
    );

    let id = sent(queries::ask(&town.sz.office, &clerk, input.clone()).await.unwrap());
    let again = queries::ask(&town.sz.office, &clerk, input.clone()).await.unwrap();
    assert_eq!(sent(again), id, "a double click");
    let foreign = queries::ask(&town.sz.office, &colleague, input.clone()).await;
    assert_eq!(foreign, Err(ServiceError::Refused(OfficeRefusal::FormUsed.into())));
    let mut changed = input;
    changed.case_no = "another case".to_owned();
    let told = queries::ask(&town.sz.office, &clerk, changed).await;
    assert_eq!(told, Err(ServiceError::Refused(OfficeRefusal::FormChanged.into())), "not the first answer");

    let view = answered(&town, &clerk, &id).await;
    let result = view.result.as_ref().unwrap();
    assert!(result.found);
    let cells: Vec<_> =
        result.rows[0].iter().map(|cell| (cell.item.as_str(), cell.value.as_deref())).collect();
    assert_eq!(cells, [("XingMing", Some("**明")), ("GRZHZT", Some("01")), ("YJCE", Some("3000-4000"))]);
    assert!(result.rows[0][0].mask.is_some() && result.rows[0][1].mask.is_none());
    let withheld: Vec<_> = result.withheld.iter().map(|w| (w.item.code.as_str(), w.reason)).collect();
    let not_granted = queries::WithheldReason::NotGranted;
    assert_eq!(withheld, [("ZJHM", not_granted), ("GRZH", not_granted)]);
    assert_eq!(queries::show(&town.sz.office, &colleague, &id).await.err(), Some(ServiceError::NotFound));
    let listed = queries::list(&town.sz.office, &clerk, QueryFilter::default()).await.unwrap();
    assert_eq!((listed.total, listed.rows[0].case_no.as_str()), (1, CASE));
    let by_case = QueryFilter { case_no: Some("other".to_owned()), ..QueryFilter::default() };
    assert_eq!(queries::list(&town.sz.office, &clerk, by_case).await.unwrap().total, 0);

    until(|| async { receipts::show(&town.sz.office, &clerk, &id).await.unwrap().row.delivery.is_some() })
        .await;
    let record = receipts::show(&town.sz.office, &clerk, &id).await.unwrap();
    let failed: Vec<_> = record.checks.iter().filter(|check| check.passed != Some(true)).collect();
    assert!(record.verified && failed.is_empty(), "{failed:?}");
    assert_eq!(record.row.outcome, Outcome::Answered);
    assert_eq!(record.own.as_ref().unwrap().asked_by.as_deref(), Some("cheng 女士"));
    assert!(record.proof.matches && record.certificate.valid);

    let second = town.jd.officer("qian", Role::Inspector).await;
    opened(&town.jd, &inspector, &second).await;
    until(|| async { receipts::show(&town.jd.office, &inspector, &id).await.is_ok() }).await;
    let seen = receipts::show(&town.jd.office, &inspector, &id).await.unwrap();
    assert_eq!(seen.own, None);
    let stranger = town.jd.officer("he", Role::ReqOperator).await;
    let denied = receipts::show(&town.jd.office, &stranger, &id).await;
    assert!(matches!(denied, Err(ServiceError::Denied { .. })), "{denied:?}");
    for (office, officer) in [(&town.sz.office, &clerk), (&town.jd.office, &inspector)] {
        let file = receipts::evidence(office, officer, &id).await.unwrap();
        let root = record.trust_root.parse().unwrap();
        let report =
            ledger::proof::verify(&file.bytes, &root, &ledger::proof::Options { second_opinion: true });
        assert!(report.verified(), "{:?}", report.failure());
    }
    let log = inspection::log(&town.jd.office, &inspector, inspection::LogSearch::default()).await.unwrap();
    assert_eq!((log.records.total, log.days.len(), log.days[0].answered), (1, 1, 1));
    assert_eq!(receipts::list(&town.gz.office, &approver, Side::Received, 1).await.unwrap().total, 1);
    let home = worklist::home(&town.gz.office, &approver).await.unwrap();
    assert_eq!(home.provided.last().unwrap().answered, 1);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shortened_log_no_longer_fits_the_chain() {
    let town = Town::large().await;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_query(&town, &clerk, &approver).await;
    let id = sent(queries::ask(&town.sz.office, &clerk, input).await.unwrap());
    answered(&town, &clerk, &id).await;
    // The receipt carries the head of gz's log as it stood; so far the log holds it.
    town.gz.start_again().await.unwrap();

    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&town.gz.database);
    let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    for statement in ["DROP TRIGGER audit_log_is_not_deleted", "DELETE FROM audit_log WHERE seq > 1"] {
        sqlx::query(statement).execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
    // What is left is a whole chain of its own, and still it is found out.
    town.gz.audit.verify().await.unwrap();
    let cut = town.gz.start_again().await;
    assert!(matches!(cut, Err(OfficeFault::Log(HeadFault::Missing { .. }))), "{cut:?}");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_department_that_only_asks_cannot_be_written_anew_even_with_its_key() {
    let town = Town::large().await;
    let clerk = town.sz.officer("cheng", Role::BizUser).await.asking_from(elsewhere());
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_query(&town, &clerk, &approver).await;
    let (grant, mut items) = (input.grant.clone(), input.items.clone());
    items.sort();
    let id = sent(queries::ask(&town.sz.office, &clerk, input).await.unwrap());
    answered(&town, &clerk, &id).await;
    let entries = town.sz.audit.newest(20).await.unwrap();
    let asked = entries.iter().find(|entry| entry.event == "query.ask").unwrap();
    assert_eq!((&*asked.address, &asked.object, &asked.items), ("192.0.2.7", &grant, &items.join(",")));
    assert_eq!((&*asked.purpose, asked.session.len()), ("01", 16));
    until(|| async { receipts::show(&town.sz.office, &clerk, &id).await.unwrap().row.delivery.is_some() })
        .await;
    town.sz.start_again().await.unwrap();

    // All of it anew, as long as before and whole: without who asked.
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&town.sz.database);
    let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    for statement in ["DROP TRIGGER audit_log_is_not_deleted", "DELETE FROM audit_log"] {
        sqlx::query(statement).execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
    let forged = AuditLog::open(&town.sz.store, town.sz.audit_key.clone()).await.unwrap();
    for at in 0..town.sz.audit.head().size {
        let at = i64::try_from(at).unwrap();
        forged.append(Note::of_system(at, Event::SignIn, "", "ok")).await.unwrap();
    }
    let anew = town.sz.start_again().await;
    assert!(matches!(anew, Err(OfficeFault::Log(HeadFault::Missing { .. }))), "{anew:?}");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_answers_by_the_zone_its_asker_sits_in() {
    let town = Town::large().await;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_query(&town, &clerk, &approver).await;
    let again = queries::form(&town.sz.office, &clerk, &input.grant).await.unwrap();
    let mut second = input.clone();
    second.form_id = again.form_id;
    let in_the_hall = clerk.clone().asking_from(HALL.into());
    let id = sent(queries::ask(&town.sz.office, &in_the_hall, input).await.unwrap());
    let denied = tokio::time::timeout(PATIENCE, async {
        let mut stamp = 0;
        loop {
            let patience = Duration::from_secs(5);
            let view = queries::wait(&town.sz.office, &clerk, &id, stamp, patience).await.unwrap();
            if view.row.is_final {
                return view.denial.expect("it was answered");
            }
            stamp = view.stamp;
        }
    });
    let denied = denied.await.expect("no end");
    assert_eq!((denied.by_provider, denied.row.as_deref()), (true, Some("dep-not-to-halls")));
    // From a desk elsewhere the same is answered.
    let elsewhere = clerk.clone().asking_from(elsewhere());
    let id = sent(queries::ask(&town.sz.office, &elsewhere, second).await.unwrap());
    assert!(answered(&town, &clerk, &id).await.result.is_some());
    town.stop().await;
}

/// A filled form under a fresh grant.
pub(crate) async fn a_query(town: &Town, clerk: &Officer, approver: &Officer) -> QueryInput {
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let input = a_request(&town.sz, &operator).await;
    let request = ask_for(&town.sz, &operator, input).await;
    until(|| async { requests::show(&town.gz.office, approver, &request.id).await.is_ok() }).await;
    let grant = approve_all(town, approver, &request.id).await;
    until(|| async { queries::form(&town.sz.office, clerk, &grant.id).await.is_ok() }).await;
    let form = queries::form(&town.sz.office, clerk, &grant.id).await.unwrap();
    assert!(form.ask.is_open(), "{:?}", form.ask);
    QueryInput {
        form_id: form.form_id,
        grant: grant.id,
        items: form.items.iter().map(|granted| granted.item.code.clone()).collect(),
        name: "王小明".to_owned(),
        id_type: "01".to_owned(),
        id_number: "990000199001010017".to_owned(),
        case_no: CASE.to_owned(),
    }
}

/// The query that was sent.
pub(crate) fn sent(asked: AskedView) -> String {
    match asked {
        AskedView::Sent(query) => query,
        AskedView::Waits(step) => panic!("{step:?} waits for a second officer"),
    }
}

/// Waits for the query's end as a page does.
pub(crate) async fn answered(town: &Town, clerk: &Officer, id: &str) -> queries::QueryView {
    let waited = tokio::time::timeout(PATIENCE, async {
        let mut stamp = 0;
        loop {
            let patience = Duration::from_secs(5);
            let view = queries::wait(&town.sz.office, clerk, id, stamp, patience).await.unwrap();
            if view.result.is_some() {
                return view;
            }
            assert!(!view.row.is_final, "{:?} {:?} {:?}", view.row.state, view.row.reason, view.denial);
            stamp = view.stamp;
        }
    });
    waited.await.expect("no answer")
}
