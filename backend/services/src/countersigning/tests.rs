//! Who may countersign what, over any state of the chain.

use ledger::ids::RequestId;
use ledger::refusal::Refusal;
use ledger::transaction::Payload;
use ledger::wire::to_bytes;

use super::sign::{confirmed, countersigned};
use super::step::{Step, StepKind, StepState};
use crate::codes::Role;
use crate::requests::tests::{approval, asked, refusal};
use crate::requests::{RefuseInput, RequestInput};
use crate::stage::{House, Stage, a_request, as_asked, officer, revised, said, taken_back};

/// What someone of a house drafted.
fn drafted(kind: StepKind, role: Role, request: &RequestId, payload: &Payload) -> Step {
    let object = request.to_string();
    Step { kind, role, object, input: to_bytes(payload), ..drafted_by_somebody() }
}

fn drafted_by_somebody() -> Step {
    Step {
        id: "00".repeat(32),
        key: vec![0; 32],
        kind: StepKind::Query,
        object: String::new(),
        input: Vec::new(),
        staff: 7,
        drafter: "某人".to_owned(),
        role: Role::BizUser,
        drafted_at: 0,
        lapses_at: i64::MAX,
        state: StepState::Waiting,
        second: None,
        reason: String::new(),
        made: String::new(),
        seal: None,
    }
}

const REQUEST: RequestId = RequestId([3; 32]);

fn a_request_of_sz(stage: &Stage, form: &RequestInput) -> Step {
    let payload = stage.at(House::Sz, Role::ReqOperator, |scene| asked(scene, &REQUEST, form)).unwrap();
    drafted(StepKind::Request, Role::ReqOperator, &REQUEST, &payload)
}

fn an_approval_of_gz(stage: &Stage, request: &RequestId) -> Step {
    let payload =
        stage.at(House::Gz, Role::ProvApprover, |scene| approval(scene, request, &as_asked())).unwrap();
    drafted(StepKind::Approval, Role::ProvApprover, request, &payload)
}

fn told(stage: &Stage, house: House, role: Role, step: &Step) -> String {
    stage.at(house, role, |scene| said(countersigned(scene, step, true)))
}

#[test]
fn who_may_countersign() {
    let (stage, request) = Stage::requested();
    let (asking, granting) = (a_request_of_sz(&stage, &a_request()), an_approval_of_gz(&stage, &request));
    for (role, of_request, of_approval) in [
        (Role::DeptLead, "ok", "ok"),
        (Role::ReqOperator, "ok", "role.wrong"),
        (Role::ProvApprover, "role.wrong", "ok"),
        (Role::BizUser, "role.wrong", "role.wrong"),
        (Role::Inspector, "role.wrong", "role.wrong"),
        (Role::SecAdmin, "role.wrong", "role.wrong"),
    ] {
        assert_eq!(told(&stage, House::Sz, role, &asking), of_request, "{role}");
        assert_eq!(told(&stage, House::Gz, role, &granting), of_approval, "{role}");
    }
}

#[test]
fn nobody_countersigns_what_they_drafted_whatever_their_role() {
    let stage = Stage::published();
    let own =
        Step { staff: officer(House::Sz, Role::DeptLead).staff(), ..a_request_of_sz(&stage, &a_request()) };
    for role in [Role::ReqOperator, Role::DeptLead] {
        assert_eq!(told(&stage, House::Sz, role, &own), Refusal::RequestOnePerson.code());
    }
}

#[test]
fn what_is_countersigned_is_what_was_drafted_with_two_officers() {
    let (mut stage, request) = Stage::requested();
    let step = an_approval_of_gz(&stage, &request);
    let signed = stage.at(House::Gz, Role::DeptLead, |scene| countersigned(scene, &step, true)).unwrap();
    let (Payload::ApproveRequest(before), Payload::ApproveRequest(after)) =
        (step.payload().unwrap(), &signed)
    else {
        panic!("{signed:?}")
    };
    assert_eq!(before.by, after.by);
    assert_eq!((after.second.role, before.second == after.second), (Role::DeptLead, false));
    assert_eq!((before.items, before.quota, before.until), (after.items.clone(), after.quota, after.until));
    // One officer alone is refused by the chain, two are not.
    let alone = stage.submit(House::Gz, step.payload().unwrap());
    assert_eq!(alone, Err(Refusal::RequestOnePerson));
    stage.submit(House::Gz, signed).unwrap();
}

#[test]
fn a_step_is_judged_again_when_it_is_countersigned() {
    let (mut stage, request) = Stage::requested();
    let short = RequestInput { until: "2026-11-21".to_owned(), ..a_request() };
    let (asking, short) = (a_request_of_sz(&stage, &a_request()), a_request_of_sz(&stage, &short));
    let granting = an_approval_of_gz(&stage, &request);
    let states = |stage: &Stage| {
        [(House::Sz, &asking), (House::Sz, &short), (House::Gz, &granting)]
            .map(|(house, step)| told(stage, house, Role::DeptLead, step))
    };
    assert_eq!(states(&stage), ["ok", "ok", "ok"]);
    stage.wait_days(2);
    assert_eq!(states(&stage), ["ok", "request.period", "ok"], "a day later it may still be sent");
    stage.submit(House::Gz, Payload::Publish(revised(2))).unwrap();
    assert_eq!(states(&stage), ["entry.superseded", "entry.superseded", "entry.outdated"]);
    stage.submit(House::Gz, Payload::Publish(taken_back(3))).unwrap();
    assert_eq!(states(&stage)[0], "entry.not-shared");
    let condition = RefuseInput { form_id: String::new(), condition: "0".to_owned() };
    let refused = stage.at(House::Gz, Role::ProvApprover, |scene| refusal(scene, &request, &condition));
    stage.submit(House::Gz, refused.unwrap()).unwrap();
    assert_eq!(states(&stage)[2], "request.not-open");
}

#[test]
fn what_is_no_longer_waiting_is_not_signed() {
    let stage = Stage::published();
    for (state, stands, expected) in [
        (StepState::Waiting, true, "ok"),
        (StepState::Waiting, false, "step.drafter-gone"),
        (StepState::SentBack, true, "step.not-waiting"),
        (StepState::Signed, true, "step.not-waiting"),
    ] {
        let step = Step { state, ..a_request_of_sz(&stage, &a_request()) };
        let found = stage.at(House::Sz, Role::DeptLead, |scene| said(countersigned(scene, &step, stands)));
        assert_eq!(found, expected, "{state:?} {stands}");
    }
}

/// Who confirms a query is judged at the door "ask" as who drafted it was, when it is confirmed.
#[test]
fn a_query_is_judged_again_when_it_is_confirmed() {
    let (mut stage, grant) = Stage::granted();
    let step = Step { object: grant.to_string(), ..drafted_by_somebody() };
    let told = |stage: &Stage, role, items: &[&str]| {
        let items = items.iter().map(|item| item.parse().unwrap()).collect();
        stage.at(House::Sz, role, |scene| said(confirmed(scene, &step, &items, true)))
    };
    assert_eq!(told(&stage, Role::BizUser, &["XingMing"]), "ok");
    assert_ne!(told(&stage, Role::DeptLead, &["XingMing"]), "ok", "no row lets a lead ask");
    stage.revoke(grant);
    assert_eq!(told(&stage, Role::BizUser, &["XingMing"]), Refusal::GrantRevoked.code());
}
