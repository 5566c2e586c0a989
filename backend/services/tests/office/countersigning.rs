//! Two people: one drafts, another countersigns, and nothing is signed before.

use ledger::refusal::Refusal;
use services::codes::FieldCode;
use services::countersigning::{self, SendBackInput, StepKind, StepState};
use services::queries::{self, AskedView};
use services::requests::{self, RequestFilter};
use services::worklist::{self, TaskKind};
use services::{FieldError, OfficeRefusal, Officer, Role, ServiceError, Verdict};

use crate::query::{CASE, a_query, answered};
use crate::town::{Department, Town};
use crate::workflow::{a_request, approval, ask_for};

fn refused<T>(code: impl Into<services::Code>) -> Result<T, ServiceError> {
    Err(ServiceError::Refused(code.into()))
}

/// A request of sz that waits for a second person.
async fn drafted(town: &Town, operator: &Officer) -> String {
    let input = a_request(&town.sz, operator).await;
    requests::request_access(&town.sz.office, operator, input).await.unwrap().id
}

async fn kinds(of: &Department, officer: &Officer) -> Vec<TaskKind> {
    let home = worklist::home(&of.office, officer).await.unwrap();
    home.tasks.iter().map(|task| task.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_on_the_chain_once_another_person_countersigned_it() {
    let town = Town::small().await;
    let office = &town.sz.office;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let colleague = town.sz.officer("ye", Role::ReqOperator).await;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let lead = town.sz.lead().await;
    let step = drafted(&town, &operator).await;
    assert_eq!(requests::list(office, &operator, RequestFilter::default()).await.unwrap().total, 0);

    let own = countersigning::show(office, &operator, &step).await.unwrap();
    assert_eq!((own.row.kind, own.row.state), (StepKind::Request, StepState::Waiting));
    assert_eq!(own.may.sign, Verdict::Refused(Refusal::RequestOnePerson.into()));
    assert!(own.may.take_back && !own.may.send_back);
    assert!(own.colleagues.contains(&"ye 女士".to_owned()), "{:?}", own.colleagues);
    assert_eq!(countersigning::sign(office, &operator, &step, "").await, refused(Refusal::RequestOnePerson));
    assert_eq!(countersigning::show(office, &clerk, &step).await.err(), Some(ServiceError::NotFound));
    assert_eq!(countersigning::sign(office, &clerk, &step, "").await.err(), Some(ServiceError::NotFound));
    assert_eq!(kinds(&town.sz, &operator).await, [TaskKind::Drafted]);
    for second in [&colleague, &lead] {
        assert_eq!(kinds(&town.sz, second).await, [TaskKind::Countersign]);
        assert_eq!(worklist::counts(office, second).await.unwrap().countersign, 1);
    }
    assert_eq!(worklist::counts(office, &operator).await.unwrap().countersign, 0);
    assert!(kinds(&town.sz, &clerk).await.is_empty());

    let seen = countersigning::show(office, &colleague, &step).await.unwrap();
    let content = seen.content.unwrap();
    assert_eq!((content.quota, content.items.len(), content.basis.as_deref()), (200, 3, Some("01")));
    assert!(seen.may.sign.is_open() && seen.may.send_back && !seen.may.take_back);
    let signed = countersigning::sign(office, &colleague, &step, "").await.unwrap();
    let request = requests::show(office, &operator, &signed.made).await.unwrap();
    let second = request.submitted.second.unwrap();
    assert_eq!((second.name.as_deref(), second.role), (Some("ye 女士"), Role::ReqOperator));
    let noted = town.sz.audit.newest(2).await.unwrap();
    let noted: Vec<_> = noted.iter().map(|entry| (entry.event.as_str(), entry.account.as_str())).collect();
    assert!(noted.contains(&("request.submit", "ye")), "{noted:?}");

    let after = countersigning::show(office, &operator, &step).await.unwrap();
    assert_eq!((after.row.state, after.content), (StepState::Signed, None), "what was drafted is wiped");
    let late = countersigning::sign(office, &lead, &step, "").await;
    assert!(matches!(&late, Err(ServiceError::Refused(_))), "{late:?}");
    assert_eq!(
        countersigning::take_back(office, &operator, &step).await,
        refused(OfficeRefusal::StepNotWaiting)
    );
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_sent_back_with_a_reason_and_taken_back_by_its_drafter_alone() {
    let town = Town::small().await;
    let office = &town.sz.office;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let lead = town.sz.lead().await;
    let step = drafted(&town, &operator).await;
    let why = |reason: &str| SendBackInput { reason: reason.to_owned() };
    let missing = ServiceError::Invalid(vec![FieldError { field: "reason", code: FieldCode::Missing }]);
    assert_eq!(countersigning::send_back(office, &lead, &step, why(" ")).await, Err(missing));
    let own = countersigning::send_back(office, &operator, &step, why("不要")).await;
    assert_eq!(own, refused(Refusal::RequestOnePerson));
    assert_eq!(countersigning::take_back(office, &lead, &step).await, refused(OfficeRefusal::StepNotYours));

    countersigning::send_back(office, &lead, &step, why("请去掉姓名。")).await.unwrap();
    let back = countersigning::show(office, &operator, &step).await.unwrap();
    assert_eq!(back.sent_back.map(|back| back.reason).as_deref(), Some("请去掉姓名。"));
    assert_eq!(kinds(&town.sz, &operator).await, [TaskKind::SentBack]);
    assert!(kinds(&town.sz, &lead).await.is_empty());
    assert_eq!(countersigning::sign(office, &lead, &step, "").await, refused(OfficeRefusal::StepNotWaiting));
    countersigning::take_back(office, &operator, &step).await.unwrap();
    assert_eq!(countersigning::show(office, &operator, &step).await.err(), Some(ServiceError::NotFound));
    assert_eq!(countersigning::list(office, &operator, 1).await.unwrap().total, 0);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_approval_of_a_request_waits_and_a_decided_request_is_not_countersigned() {
    let town = Town::small().await;
    let office = &town.gz.office;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let colleague = town.gz.officer("tang", Role::ProvApprover).await;
    let input = a_request(&town.sz, &operator).await;
    let request = ask_for(&town.sz, &operator, input).await.id;
    let form = approval(&requests::show(office, &approver, &request).await.unwrap());
    let step = requests::approve(office, &approver, &request, form).await.unwrap().id;

    let view = requests::show(office, &colleague, &request).await.unwrap();
    assert_eq!(view.waiting.as_ref().map(|waiting| waiting.id.as_str()), Some(step.as_str()));
    assert_eq!(view.may.approve, Verdict::Refused(OfficeRefusal::StepWaits.into()));
    let second = requests::approve(office, &colleague, &request, approval(&view)).await;
    assert_eq!(second, refused(OfficeRefusal::StepWaits));
    let strangers = countersigning::show(&town.sz.office, &operator, &step).await;
    assert_eq!(strangers.err(), Some(ServiceError::NotFound), "another department knows nothing of it");

    // The lead countersigns, and neither drafts nor refuses nor revokes.
    let lead = town.gz.lead().await;
    let of_lead = requests::show(office, &lead, &request).await.unwrap();
    let wrong = Verdict::Refused(Refusal::RoleWrong.into());
    assert_eq!((&of_lead.may.approve, &of_lead.may.refuse), (&wrong, &wrong));
    assert!(countersigning::show(office, &lead, &step).await.unwrap().may.sign.is_open());

    let refusal = requests::RefuseInput { form_id: view.forms.refuse.clone(), condition: "0".to_owned() };
    requests::refuse(office, &colleague, &request, refusal).await.unwrap();
    let told = countersigning::sign(office, &lead, &step, "").await;
    assert_eq!(told, refused(OfficeRefusal::RequestNotOpen));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_bounded_in_number_and_age_and_falls_with_its_drafter() {
    let town = Town::small().await;
    let office = &town.sz.office;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let lead = town.sz.lead().await;
    let step = drafted(&town, &operator).await;
    town.sz.execute("UPDATE staff SET roles = 'BIZ_USER' WHERE account = 'su'").await;
    assert_eq!(countersigning::sign(office, &lead, &step, "").await, refused(OfficeRefusal::StepDrafterGone));
    town.sz.execute("UPDATE staff SET roles = 'REQ_OPERATOR', state = 'locked' WHERE account = 'su'").await;
    assert_eq!(countersigning::sign(office, &lead, &step, "").await, refused(OfficeRefusal::StepDrafterGone));
    town.sz.execute("UPDATE staff SET state = 'active' WHERE account = 'su'").await;

    town.sz
        .execute(
            "INSERT INTO waiting_step (id, kind, object, said, input, staff, role, drafted_at, lapses_at)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 499)
             SELECT randomblob(32), kind, hex(randomblob(32)), said, input, staff, role, drafted_at, lapses_at
             FROM n, (SELECT * FROM waiting_step LIMIT 1)",
        )
        .await;
    let input = a_request(&town.sz, &operator).await;
    let full = requests::request_access(office, &operator, input.clone()).await;
    assert_eq!(full, refused(OfficeRefusal::StepFull));

    town.sz.execute("UPDATE waiting_step SET lapses_at = drafted_at").await;
    assert_eq!(countersigning::sign(office, &lead, &step, "").await.err(), Some(ServiceError::NotFound));
    assert_eq!(countersigning::list(office, &lead, 1).await.unwrap().total, 0);
    town.sz.execute("DELETE FROM waiting_step").await;
    requests::request_access(office, &operator, input).await.unwrap();
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_takes_two_waits_sealed_and_is_asked_in_its_drafters_name() {
    let town = Town::large().await;
    let office = &town.sz.office;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let colleague = town.sz.officer("ye", Role::BizUser).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let mut input = a_query(&town, &clerk, &approver).await;
    input.items = vec!["GRZHZT".to_owned()];
    let number = input.id_number.clone();
    let waits = |asked: AskedView| match asked {
        AskedView::Waits(step) => step.id,
        AskedView::Sent(query) => panic!("{query} was sent"),
    };
    let step = waits(queries::ask(office, &clerk, input.clone()).await.unwrap());
    assert_eq!(waits(queries::ask(office, &clerk, input.clone()).await.unwrap()), step, "a double click");
    let mut changed = input.clone();
    changed.name = "李小明".to_owned();
    assert_eq!(queries::ask(office, &clerk, changed).await, refused(OfficeRefusal::FormChanged));
    assert_eq!(queries::ask(office, &colleague, input).await, refused(OfficeRefusal::FormUsed));
    assert!(!town.sz.file_holds(number.as_bytes()), "the person lies there unsealed");

    assert_eq!(countersigning::sign(office, &clerk, &step, "").await, refused(Refusal::RequestOnePerson));
    let seen = countersigning::show(office, &colleague, &step).await.unwrap();
    let person = seen.content.unwrap().person.unwrap();
    assert!(person.masked.contains("**明") && !person.masked.contains(&number), "{}", person.masked);
    assert_eq!(person.case_no, CASE);
    assert_eq!(kinds(&town.sz, &colleague).await.first(), Some(&TaskKind::Countersign));

    let signed = countersigning::sign(office, &colleague, &step, "").await.unwrap();
    assert_eq!((signed.kind, signed.submitted.is_none()), (StepKind::Query, true));
    let view = answered(&town, &clerk, &signed.made).await;
    assert_eq!(view.result.unwrap().rows[0][0].value.as_deref(), Some("01"));
    let hidden = queries::show(office, &colleague, &signed.made).await.err();
    assert_eq!(hidden, Some(ServiceError::NotFound), "the answer is for who drafted it");
    let after = countersigning::show(office, &clerk, &step).await.unwrap();
    assert_eq!((after.row.state, after.content), (StepState::Signed, None));
    assert_eq!(after.query, Some(signed.made));
    let noted = town.sz.audit.newest(9).await.unwrap();
    let of = |event: &str| {
        let found = noted.iter().find(|entry| entry.event == event).map(|entry| entry.account.clone());
        found.unwrap_or_default()
    };
    assert_eq!([of("query.draft"), of("query.ask")], ["cheng", "ye"]);
    town.stop().await;
}
