//! Inspections: opened by two, looked in, found by who is looked at.

use ledger::ids::InspectionId;
use services::inspection::{self, LogSearch};
use services::inspections::{self, CloseInput, InspectionInput, InspectionState, SightKind};
use services::{Code, OfficeRefusal, Officer, Role, ServiceError, find, receipts, worklist};

use crate::town::{Department, Town, until};

/// A proposal about gz's sharing.
pub(crate) async fn proposed(jd: &Department, by: &Officer) -> String {
    let form = inspections::form(&jd.office, by).await.unwrap();
    let input = InspectionInput {
        departments: form.departments.iter().map(|department| department.id.clone()).collect(),
        purpose: "03".to_owned(),
        file_no: "川公积监〔2026〕7 号".to_owned(),
        warrant_no: "监督检查通知书第 7 号".to_owned(),
        reason: "群众举报".to_owned(),
        ..form.input
    };
    let id = inspections::propose(&jd.office, by, input.clone()).await.unwrap();
    assert_eq!(inspections::propose(&jd.office, by, input.clone()).await.unwrap(), id, "a double click");
    let other = InspectionInput { file_no: "另一件".to_owned(), ..input };
    let changed = inspections::propose(&jd.office, by, other).await;
    assert_eq!(changed, Err(ServiceError::Refused(OfficeRefusal::FormChanged.into())));
    id
}

/// An inspection that two opened; the first goes on in it, for it is the only one.
pub(crate) async fn opened(jd: &Department, by: &Officer, second: &Officer) -> String {
    let id = proposed(jd, by).await;
    inspections::countersign(&jd.office, second, &id).await.unwrap();
    id
}

fn refused(code: impl Into<Code>) -> Option<ServiceError> {
    Some(ServiceError::Refused(code.into()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspector_looks_only_in_an_inspection_that_two_opened_and_is_found_by_who_was_looked_at() {
    let town = Town::small().await;
    let (jd, gz) = (&town.jd, &town.gz);
    let inspector = jd.officer("shen", Role::Inspector).await;
    let second = jd.officer("qian", Role::Inspector).await;
    let query = gz.denies_an_unknown_grant_of(&town.sz).await.to_string();
    until(|| async {
        jd.office.status().height > 1 && jd.office.projected_height() >= jd.office.status().height
    })
    .await;

    let none = refused(OfficeRefusal::InspectionNone);
    assert_eq!(inspection::log(&jd.office, &inspector, LogSearch::default()).await.err(), none);
    assert_eq!(receipts::show(&jd.office, &inspector, &query).await.err(), none);

    // One proposes, and cannot countersign; the other is told, does, and once.
    let id = proposed(jd, &inspector).await;
    let same = inspections::countersign(&jd.office, &inspector, &id).await;
    assert_eq!(same.err(), refused(ledger::refusal::Refusal::InspectionSameOfficer));
    let own = worklist::counts(&jd.office, &inspector).await.unwrap().inspections;
    let others = worklist::counts(&jd.office, &second).await.unwrap().inspections;
    assert_eq!((own, others), (0, 1));
    let waiting = inspections::show(&jd.office, &second, &id, 1).await.unwrap();
    assert_eq!((waiting.row.state, waiting.row.number), (InspectionState::Proposed, None));
    assert_eq!(waiting.by.unwrap().name.as_deref(), Some("shen 女士"), "who countersigns knows whose it is");
    assert_eq!(receipts::show(&jd.office, &inspector, &query).await.err(), none, "a proposal opens nothing");
    let done = inspections::countersign(&jd.office, &second, &id).await.unwrap();
    let again = inspections::countersign(&jd.office, &second, &id).await.unwrap();
    assert_eq!((done.id.as_str(), done.tx), (id.as_str(), again.tx));

    // The look is noted with inspection and purpose, and stands on the chain soon after.
    let found = inspection::log(&jd.office, &inspector, LogSearch::default()).await.unwrap();
    assert_eq!((found.records.total, found.working.id.as_str()), (1, id.as_str()));
    receipts::show(&jd.office, &inspector, &query).await.unwrap();
    let noted = jd.audit.newest(1).await.unwrap().remove(0);
    assert_eq!((noted.event.as_str(), noted.purpose.as_str()), ("record.show", "inspection-03"));
    assert_eq!(noted.object, format!("{query} inspection={id}"));
    let approver = gz.officer("he", Role::ProvApprover).await;
    until(|| async {
        let view = receipts::show(&gz.office, &approver, &query).await.unwrap();
        view.looks.len() == 1 && view.looks[0].inspection.id == id
    })
    .await;

    // Who was looked at finds it by list, page and number, without case and warrant.
    let number = inspections::show(&jd.office, &inspector, &id, 1).await.unwrap().row.number.unwrap();
    until(|| async { inspections::list(&gz.office, &approver, 1).await.unwrap().total == 1 }).await;
    let told = inspections::show(&gz.office, &approver, &id, 1).await.unwrap();
    assert!(told.papers.is_none() && told.by.unwrap().name.is_none());
    assert_eq!(
        (told.looks.rows[0].kind, told.looks.rows[0].id.as_str()),
        (SightKind::Record, query.as_str())
    );
    assert!(!told.may.close.is_open() && !told.may.choose.is_open());
    let thing = find::find(&gz.office, &approver, &number).await.unwrap();
    assert_eq!(thing, Some(find::Thing::Inspection(id.clone())));
    let home = worklist::home(&gz.office, &approver).await.unwrap();
    assert!(home.tasks.iter().any(|task| task.kind == worklist::TaskKind::Inspected && task.id == id));
    let auditor = gz.officer("an", Role::AuditAdmin).await;
    let told = inspections::show(&gz.office, &auditor, &id, 1).await.unwrap();
    assert_eq!(
        (told.row.looks, told.looks.rows.len()),
        (1, 0),
        "an administrator counts and reads no records"
    );
    let system = gz.officer("xi", Role::SysAdmin).await;
    let list = inspections::list(&gz.office, &system, 1).await;
    assert_eq!(list.err(), refused(OfficeRefusal::RoleAdministers));

    // The texts stay in the office: no byte of them is on the chain.
    let full = inspections::show(&jd.office, &second, &id, 1).await.unwrap();
    let papers = full.papers.unwrap();
    assert_eq!((papers.case_no.as_str(), full.row.looks), ("川公积监〔2026〕7 号", 1));
    let (height, inspection): (u64, InspectionId) = (done.height, id.parse().unwrap());
    let block = jd.node.read(|snapshot| snapshot.block(ledger::ids::Height(height)).unwrap());
    let bytes = ledger::wire::to_bytes(&block);
    for text in [papers.case_no, papers.warrant_no, papers.reason] {
        assert!(!bytes.windows(text.len()).any(|part| part == text.as_bytes()), "{text}");
    }
    let kept = jd.node.read(|snapshot| ledger::views::inspection(snapshot, &inspection).unwrap().unwrap());
    assert_eq!(kept.looks, 1);

    let form_id = full.forms.close;
    let closing = CloseInput { form_id, conclusion: "02".to_owned() };
    inspections::close(&jd.office, &second, &id, closing).await.unwrap();
    assert_eq!(receipts::show(&jd.office, &inspector, &query).await.err(), none, "it is over");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_inspections_one_is_chosen_for_the_session() {
    let town = Town::small().await;
    let jd = &town.jd;
    let inspector = jd.officer_in("shen", Role::Inspector).await;
    let second = jd.officer("qian", Role::Inspector).await;
    let (one, other) = (opened(jd, &inspector.1, &second).await, opened(jd, &inspector.1, &second).await);
    let search = inspection::log(&jd.office, &inspector.1, LogSearch::default()).await;
    assert_eq!(search.err(), refused(OfficeRefusal::InspectionUnchosen));
    for id in [&one, &other] {
        inspections::choose(&jd.office, &inspector.1, id).await.unwrap();
        let officer = services::staff::resume(&jd.office, &inspector.0).await.unwrap();
        let found = inspection::log(&jd.office, &officer, LogSearch::default()).await.unwrap();
        assert_eq!((&found.working.id, found.open), (id, 2));
    }
    let nothing = inspections::choose(&jd.office, &inspector.1, &"0".repeat(64)).await;
    assert_eq!(nothing.err(), refused(OfficeRefusal::InspectionNone));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_taken_back_or_of_who_left_is_not_opened() {
    let town = Town::small().await;
    let jd = &town.jd;
    let inspector = jd.officer("shen", Role::Inspector).await;
    let second = jd.officer("qian", Role::Inspector).await;
    let gone = refused(OfficeRefusal::InspectionNotProposed);
    let id = proposed(jd, &inspector).await;
    inspections::withdraw(&jd.office, &second, &id).await.unwrap();
    assert_eq!(inspections::countersign(&jd.office, &second, &id).await.err(), gone);
    assert_eq!(inspections::withdraw(&jd.office, &second, &id).await.err(), gone);
    let id = proposed(jd, &inspector).await;
    jd.execute("UPDATE staff SET state = 'stopped' WHERE account = 'shen'").await;
    assert_eq!(inspections::countersign(&jd.office, &second, &id).await.err(), gone);
    let clerk = jd.officer("lu", Role::BizUser).await;
    for denied in [
        inspections::withdraw(&jd.office, &clerk, &id).await.err(),
        inspections::form(&jd.office, &clerk).await.err(),
    ] {
        assert!(matches!(denied, Some(ServiceError::Denied { .. })), "{denied:?}");
    }
    town.stop().await;
}

/// A look that was written down before the process died is put on record by the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_is_not_lost_between_the_page_and_the_chain() {
    let town = Town::small().await;
    let jd = &town.jd;
    let inspector = jd.officer("shen", Role::Inspector).await;
    let second = jd.officer("qian", Role::Inspector).await;
    let query = town.gz.denies_an_unknown_grant_of(&town.sz).await;
    let id: InspectionId = opened(jd, &inspector, &second).await.parse().unwrap();
    jd.keeping.abort();
    receipts::show(&jd.office, &inspector, &query.to_string()).await.unwrap();
    let on_chain =
        || jd.node.read(|snapshot| ledger::views::look(snapshot, query.as_bytes(), &id).unwrap().is_some());
    assert!(!on_chain());
    let waiting = inspections::show(&jd.office, &inspector, &id.to_string(), 1).await.unwrap().looks_waiting;
    assert_eq!(waiting, 1);
    let next = jd.start_again().await.unwrap();
    let keeping = tokio::spawn(async move { next.keep().await.map(|_| ()) });
    until(|| async { on_chain() }).await;
    keeping.abort();
    town.stop().await;
}
