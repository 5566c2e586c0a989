//! Request, approval, refusal, withdrawal, revocation: each click one transaction or none.

use ledger::refusal::Refusal;
use services::codes::{Action, FieldCode, Layer};
use services::grants::{self, GrantFilter, RevokeInput};
use services::names::Side;
use services::requests::{
    self, ApproveInput, ApproveItem, RefuseInput, RequestFilter, RequestInput, RequestState, TimelineKind,
    WithdrawInput,
};
use services::{
    Denial, FieldError, OfficeRefusal, Officer, Role, ServiceError, Submitted, Verdict, chain, codes,
    countersigning, worklist,
};

use crate::inspections::opened;
use crate::town::{CODE, Department, Town, until};

/// A filled form for gz's entry.
pub(crate) async fn a_request(from: &Department, officer: &Officer) -> RequestInput {
    let form = requests::form(&from.office, officer, CODE, None).await.unwrap();
    RequestInput {
        items: ["XingMing", "GRZHZT", "YJCE"].map(str::to_owned).to_vec(),
        purpose: "01".to_owned(),
        basis: "01".to_owned(),
        ..form.input
    }
}

/// A request, drafted by an officer and countersigned by the lead.
pub(crate) async fn ask_for(from: &Department, officer: &Officer, input: RequestInput) -> Submitted {
    let drafted = requests::request_access(&from.office, officer, input).await.unwrap();
    from.countersigned(&drafted).await
}

/// Everything that was asked, as asked; the id is the grant's.
pub(crate) async fn approve_all(town: &Town, approver: &Officer, request: &str) -> Submitted {
    let view = requests::show(&town.gz.office, approver, request).await.unwrap();
    assert_eq!((view.may.approve.is_open(), view.row.state), (true, RequestState::Submitted));
    let input = approval(&view);
    grant(town, approver, request, input).await
}

/// An approval, drafted by an officer and countersigned by the lead.
async fn grant(town: &Town, approver: &Officer, request: &str, input: ApproveInput) -> Submitted {
    let drafted = requests::approve(&town.gz.office, approver, request, input).await.unwrap();
    town.gz.countersigned(&drafted).await
}

pub(crate) fn approval(view: &requests::RequestView) -> ApproveInput {
    ApproveInput {
        form_id: view.forms.approve.clone(),
        items: view
            .items
            .iter()
            .map(|item| ApproveItem {
                code: item.item.code.clone(),
                mask: item.masks_offered[0].map(|mask| mask.code().to_owned()).unwrap_or_default(),
            })
            .collect(),
        quota: view.quota.to_string(),
        from: view.from_day.clone(),
        until: view.until_day.clone(),
        receipt_mode: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_a_grant_and_both_sides_see_its_course() {
    let town = Town::small().await;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_request(&town.sz, &operator).await;
    let request = ask_for(&town.sz, &operator, input).await;

    until(|| async { town.gz.office.projected_height() >= request.height }).await;
    let home = worklist::home(&town.gz.office, &approver).await.unwrap();
    assert_eq!((home.tasks.len(), home.figures.to_decide), (1, 1));
    assert_eq!(home.tasks[0].deadline.unwrap().working_days, 10);
    assert_eq!(worklist::counts(&town.gz.office, &approver).await.unwrap().approvals, 1);

    let grant = approve_all(&town, &approver, &request.id).await;
    let view = requests::show(&town.sz.office, &operator, &request.id).await.unwrap();
    assert_eq!(
        (view.row.state, view.grant.map(|grant| grant.id)),
        (RequestState::Granted, Some(grant.id.clone()))
    );
    let kinds: Vec<_> = view.timeline.iter().map(|step| step.kind).collect();
    assert_eq!(kinds, [TimelineKind::Submitted, TimelineKind::Granted, TimelineKind::Use]);
    let people: Vec<_> =
        view.timeline.iter().filter_map(|entry| entry.step.as_ref()).map(|step| &step.by).collect();
    assert_eq!(people[0].name.as_deref(), Some("su 女士"), "a colleague is named");
    assert_eq!(people[1].name, None, "an officer of another department is a pseudonym");
    assert_eq!(people[1].role, Role::ProvApprover);
    let seconds = view.timeline.iter().filter_map(|entry| entry.step.as_ref()?.second.as_ref());
    let seconds: Vec<_> = seconds.map(|second| (second.role, second.name.is_some())).collect();
    assert_eq!(seconds, [(Role::DeptLead, true), (Role::DeptLead, false)], "and so is who countersigned");

    let given = grants::show(&town.gz.office, &approver, &grant.id).await.unwrap();
    assert_eq!((given.row.quota, given.row.used, given.items.len()), (200, 0, 3));
    assert_eq!(given.approved.by.name.as_deref(), Some("lin 女士"));
    assert!(given.approved.second.is_some_and(|second| second.name.is_some()));
    assert!(given.may.revoke.is_open());
    assert!(!given.may.ask.is_open());
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_is_the_same_transaction() {
    let town = Town::small().await;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_request(&town.sz, &operator).await;
    let (first, second) = tokio::join!(
        requests::request_access(&town.sz.office, &operator, input.clone()),
        requests::request_access(&town.sz.office, &operator, input.clone()),
    );
    let first = first.unwrap();
    assert_eq!(first, second.unwrap());
    let later = requests::request_access(&town.sz.office, &operator, input.clone()).await.unwrap();
    assert_eq!(first, later);
    let (lead, step) = (town.sz.lead().await, first.id.clone());
    let (first, second) = tokio::join!(
        countersigning::sign(&town.sz.office, &lead, &step, ""),
        countersigning::sign(&town.sz.office, &lead, &step, ""),
    );
    let first = first.unwrap().submitted.unwrap();
    assert_eq!(second.unwrap().made, first.id);
    let listed = requests::list(&town.sz.office, &operator, RequestFilter::default()).await.unwrap();
    assert_eq!(listed.total, 1);

    let changed = RequestInput { quota: "7".to_owned(), ..input.clone() };
    let error = requests::request_access(&town.sz.office, &operator, changed).await;
    assert_eq!(error, Err(ServiceError::Refused(OfficeRefusal::FormChanged.into())));
    let colleague = town.sz.officer("ye", Role::ReqOperator).await;
    let error = requests::request_access(&town.sz.office, &colleague, input).await;
    assert_eq!(error, Err(ServiceError::Refused(OfficeRefusal::FormUsed.into())));

    let view = requests::show(&town.gz.office, &approver, &first.id).await.unwrap();
    let form = approval(&view);
    let drafted = requests::approve(&town.gz.office, &approver, &first.id, form.clone()).await.unwrap();
    let again = requests::approve(&town.gz.office, &approver, &first.id, form.clone()).await.unwrap();
    assert_eq!(drafted, again);
    let lead = town.gz.lead().await;
    let grant = countersigning::sign(&town.gz.office, &lead, &drafted.id, "").await.unwrap();
    let again = countersigning::sign(&town.gz.office, &lead, &drafted.id, "").await.unwrap();
    assert_eq!((grant.made, None), (again.made, again.submitted));
    // Long after it was signed, the form that drafted it is still the same step.
    let late = requests::approve(&town.gz.office, &approver, &first.id, form).await.unwrap();
    assert_eq!(late, drafted);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_and_form_stand_before_the_chain() {
    let town = Town::small().await;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let input = a_request(&town.sz, &operator).await;
    let denied = requests::request_access(&town.sz.office, &clerk, input.clone()).await;
    let Err(ServiceError::Denied { action, by }) = denied else { panic!("{denied:?}") };
    assert_eq!((action, by), (Action::Request, Denial { layer: Layer::National, row: None }));

    let no_purpose = RequestInput { purpose: String::new(), ..input.clone() };
    assert_eq!(requests::check(&town.sz.office, &operator, &no_purpose).await, Ok(None));
    let other_purpose = RequestInput { purpose: "07".to_owned(), ..input.clone() };
    let checked = requests::check(&town.sz.office, &operator, &other_purpose).await.unwrap().unwrap();
    assert_eq!(checked.verdict, Verdict::Denied(Denial { layer: Layer::Region, row: None }));
    let denied = requests::request_access(&town.sz.office, &operator, other_purpose).await;
    assert!(matches!(denied, Err(ServiceError::Denied { by, .. }) if by.layer == Layer::Region));

    let wrong = RequestInput { quota: "0".to_owned(), until: "2020-01-01".to_owned(), ..input };
    let error = requests::request_access(&town.sz.office, &operator, wrong).await;
    assert_eq!(
        error,
        Err(ServiceError::Invalid(vec![
            FieldError { field: "quota", code: FieldCode::TooSmall },
            FieldError { field: "until", code: FieldCode::BeforeStart },
        ]))
    );
    let own = town.gz.officer("tang", Role::ReqOperator).await;
    let error = requests::form(&town.gz.office, &own, CODE, None).await.err();
    assert_eq!(error, Some(ServiceError::Refused(OfficeRefusal::EntryOwn.into())));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_cites_a_condition_and_ends_the_request() {
    let town = Town::small().await;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_request(&town.sz, &operator).await;
    let request = ask_for(&town.sz, &operator, input).await;
    let form_id = requests::show(&town.gz.office, &approver, &request.id).await.unwrap().forms.refuse;
    let none = RefuseInput { form_id: form_id.clone(), condition: "9".to_owned() };
    let error = requests::refuse(&town.gz.office, &approver, &request.id, none).await.unwrap_err();
    assert_eq!(
        error,
        ServiceError::Invalid(vec![FieldError { field: "condition", code: FieldCode::NotOffered }])
    );
    let refusal = RefuseInput { form_id, condition: "1".to_owned() };
    requests::refuse(&town.gz.office, &approver, &request.id, refusal).await.unwrap();
    let view = requests::show(&town.sz.office, &operator, &request.id).await.unwrap();
    assert_eq!(view.row.state, RequestState::Refused);
    assert_eq!(view.refused_under.unwrap().code, "02");
    let late = requests::show(&town.gz.office, &approver, &request.id).await.unwrap();
    assert_eq!(late.may.approve, Verdict::Refused(OfficeRefusal::RequestNotOpen.into()));
    let error = requests::approve(&town.gz.office, &approver, &request.id, approval(&late)).await;
    assert_eq!(error, Err(ServiceError::Refused(OfficeRefusal::RequestNotOpen.into())));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_may_narrow_and_never_widen() {
    let town = Town::small().await;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_request(&town.sz, &operator).await;
    let request = ask_for(&town.sz, &operator, input).await;
    let view = requests::show(&town.gz.office, &approver, &request.id).await.unwrap();
    let form = approval(&view);
    let item = |code: &str, mask: &str| ApproveItem { code: code.to_owned(), mask: mask.to_owned() };
    for (wider, field) in [
        (ApproveInput { quota: "201".to_owned(), ..form.clone() }, "quota"),
        (ApproveInput { items: vec![item("GRZH", "")], ..form.clone() }, "items"),
        (ApproveInput { items: vec![item("XingMing", "")], ..form.clone() }, "items"),
        (ApproveInput { until: "2099-01-01".to_owned(), ..form.clone() }, "until"),
    ] {
        let error = requests::approve(&town.gz.office, &approver, &request.id, wider).await.unwrap_err();
        let ServiceError::Invalid(mistakes) = &error else { panic!("{error}") };
        assert_eq!(mistakes[0].field, field);
    }
    let narrowed = ApproveInput {
        items: vec![item("GRZHZT", ""), item("YJCE", "MK-AMT")],
        quota: "5".to_owned(),
        ..form
    };
    let grant = grant(&town, &approver, &request.id, narrowed).await;
    let held = grants::show(&town.sz.office, &operator, &grant.id).await.unwrap();
    assert_eq!((held.row.quota, held.items.len()), (5, 2));
    assert_eq!(held.items[1].mask, Some(codes::MaskRule::Amt));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_taken_back_and_a_grant_revoked_by_their_owners_alone() {
    let town = Town::small().await;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_request(&town.sz, &operator).await;
    let first = ask_for(&town.sz, &operator, input).await;
    let form_id = requests::show(&town.sz.office, &operator, &first.id).await.unwrap().forms.withdraw;
    let withdrawal = WithdrawInput { form_id, reason: "01".to_owned() };
    let foreign = requests::withdraw(&town.gz.office, &approver, &first.id, withdrawal.clone()).await;
    assert_eq!(foreign, Err(ServiceError::Refused(OfficeRefusal::RequestNotOurs.into())));
    requests::withdraw(&town.sz.office, &operator, &first.id, withdrawal).await.unwrap();

    let input = a_request(&town.sz, &operator).await;
    let second = ask_for(&town.sz, &operator, input).await;
    let grant = approve_all(&town, &approver, &second.id).await;
    let held = grants::show(&town.sz.office, &clerk, &grant.id).await.unwrap();
    assert!(held.may.ask.is_open(), "{:?}", held.may.ask);
    let revocation = RevokeInput { form_id: held.revoke_form_id.clone(), reason: "01".to_owned() };
    let foreign = grants::revoke(&town.sz.office, &operator, &grant.id, revocation.clone()).await;
    assert_eq!(foreign, Err(ServiceError::Refused(OfficeRefusal::GrantNotOurs.into())));
    grants::revoke(&town.gz.office, &approver, &grant.id, revocation).await.unwrap();
    let ended = grants::show(&town.sz.office, &clerk, &grant.id).await.unwrap();
    assert_eq!(ended.row.status, codes::GrantStatus::Revoked);
    assert_eq!(ended.may.ask, Verdict::Refused(Refusal::GrantRevoked.into()));
    let live = GrantFilter { status: Some(codes::GrantStatus::Live), ..GrantFilter::default() };
    assert_eq!(grants::list(&town.sz.office, &clerk, live).await.unwrap().total, 0);
    until(|| async { town.gz.office.projected_height() >= second.height }).await;
    let received = RequestFilter { side: Side::Received, ..RequestFilter::default() };
    assert_eq!(requests::list(&town.gz.office, &approver, received).await.unwrap().total, 2);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_grants_of_others_are_not_there_for_a_stranger() {
    let town = Town::small().await;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let stranger = town.jd.officer("he", Role::ReqOperator).await;
    let inspector = town.jd.officer("shen", Role::Inspector).await;
    let second = town.jd.officer("qian", Role::Inspector).await;
    opened(&town.jd, &inspector, &second).await;
    let input = a_request(&town.sz, &operator).await;
    let request = ask_for(&town.sz, &operator, input).await;
    let hidden = requests::show(&town.jd.office, &stranger, &request.id).await;
    assert_eq!(hidden.err(), Some(ServiceError::NotFound));
    let seen = requests::show(&town.jd.office, &inspector, &request.id).await.unwrap();
    assert_eq!(seen.submitted.by.name, None);
    assert!(!seen.may.approve.is_open() && !seen.may.withdraw.is_open());

    // The chain is for all; what a transaction says is for its parties and the inspector.
    let stranger_sees = chain::transaction(&town.jd.office, &stranger, &request.tx).await.unwrap();
    assert_eq!((stranger_sees.said, stranger_sees.proof.matches), (None, true));
    for (office, officer) in [(&town.sz.office, &operator), (&town.jd.office, &inspector)] {
        let seen = chain::transaction(office, officer, &request.tx).await.unwrap();
        assert!(seen.said.is_some_and(|said| !said.bytes.is_empty()));
    }
    let noted = town.jd.audit.newest(1).await.unwrap();
    assert_eq!(noted[0].event, "record.show");
    assert!(noted[0].object.starts_with(&format!("{} inspection=", request.tx)), "{}", noted[0].object);
    town.stop().await;
}
