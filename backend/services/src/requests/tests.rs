//! Asking, granting, refusing, taking back: what is signed, or why not.

use ledger::catalogue::MaskRule;
use ledger::ids::RequestId;
use ledger::transaction::Payload;

pub(crate) use super::decide::{approval, refusal, withdrawal};
pub(crate) use super::form::asked;
use super::{ApproveInput, ApproveItem, RefuseInput, RequestInput, WithdrawInput};
use crate::codes::Role;
use crate::stage::{House, NOTHING, Stage, a_request, as_asked, revised, said, taken_back};

const REQUEST: RequestId = RequestId(NOTHING);

/// What sz's operator is told about a form.
fn told(stage: &Stage, input: &RequestInput) -> String {
    stage.at(House::Sz, Role::ReqOperator, |scene| said(asked(scene, &REQUEST, input)))
}

#[test]
fn a_request_says_what_the_form_said() {
    let stage = Stage::published();
    let payload =
        stage.at(House::Sz, Role::ReqOperator, |scene| asked(scene, &REQUEST, &a_request())).unwrap();
    let Payload::SubmitRequest(asked) = payload else { panic!("{payload:?}") };
    assert_eq!((asked.provider, asked.quota, asked.items.len()), (House::Gz.id(), 200, 3));
    assert_eq!((asked.purpose.as_str(), asked.basis.as_str()), ("01", "01"));
    assert_eq!(asked.until.0 - asked.from.0, 90 * 24 * 60 * 60 * 1000 - 1, "ninety whole days");
    assert_eq!(asked.by.role, Role::ReqOperator);
}

#[test]
fn every_wrong_field_of_a_request_is_named() {
    type Change = fn(&mut RequestInput);
    let stage = Stage::published();
    let cases: [(Change, &str); 18] = [
        (|_| {}, "ok"),
        (|form| form.purpose.clear(), "purpose missing"),
        (|form| form.purpose = "99".into(), "purpose not-offered"),
        (|form| form.basis.clear(), "basis missing"),
        (|form| form.items.clear(), "items none-chosen"),
        (|form| form.items.push("ZJLX".into()), "items not-offered"),
        (|form| form.items.push("NoSuch".into()), "items not-offered"),
        (|form| form.items.push("no code".into()), "items not-a-code"),
        (|form| form.mode.clear(), "mode missing"),
        (|form| form.mode = "batch".into(), "mode not-offered"),
        (|form| form.mode = "other".into(), "mode not-a-code"),
        (|form| form.quota = "-5".into(), "quota not-a-number"),
        (|form| form.quota = "0".into(), "quota too-small"),
        (|form| form.quota = "100001".into(), "quota too-large"),
        (|form| form.from = "2026-11-19".into(), "from in-the-past"),
        (|form| form.until = "2026-11-19".into(), "until before-start"),
        (|form| form.until = "2027-11-21".into(), "until too-far"),
        (
            |form| (form.purpose, form.quota) = (String::new(), "x".into()),
            "purpose missing, quota not-a-number",
        ),
    ];
    for (change, expected) in cases {
        let mut form = a_request();
        change(&mut form);
        assert_eq!(told(&stage, &form), expected, "{form:?}");
    }
}

#[test]
fn who_may_ask_for_access() {
    let stage = Stage::published();
    for (house, role, expected) in [
        (House::Sz, Role::ReqOperator, "ok"),
        (House::Jd, Role::ReqOperator, "ok"),
        (House::Sz, Role::BizUser, "denied national"),
        (House::Sz, Role::ProvApprover, "denied national"),
        (House::Jd, Role::Inspector, "denied national"),
        (House::Gz, Role::ReqOperator, "entry.own"),
    ] {
        let found = stage.at(house, role, |scene| said(asked(scene, &REQUEST, &a_request())));
        assert_eq!(found, expected, "{house:?} {role:?}");
    }
    let other_purpose = RequestInput { purpose: "07".to_owned(), ..a_request() };
    assert_eq!(told(&stage, &other_purpose), "denied region");
    for unknown in ["307001/000009", "no code"] {
        let form = RequestInput { entry: unknown.to_owned(), ..a_request() };
        assert_eq!(told(&stage, &form), "not-found");
    }
}

#[test]
fn an_entry_that_was_revised_is_asked_for_in_its_latest_version() {
    let mut stage = Stage::published();
    stage.submit(House::Gz, Payload::Publish(revised(2))).unwrap();
    assert_eq!(told(&stage, &a_request()), "entry.superseded");
    assert_eq!(told(&stage, &RequestInput { version: 2, ..a_request() }), "ok");
    stage.submit(House::Gz, Payload::Publish(taken_back(3))).unwrap();
    assert_eq!(told(&stage, &RequestInput { version: 2, ..a_request() }), "entry.not-shared");
}

#[test]
fn a_grant_gives_what_was_asked_and_names_the_policies() {
    let (stage, request) = Stage::requested();
    stage.at(House::Gz, Role::ProvApprover, |scene| {
        let payload = approval(scene, &request, &as_asked()).unwrap();
        let Payload::ApproveRequest(given) = payload else { panic!("{payload:?}") };
        assert_eq!((given.request, given.quota, given.items.len()), (request, 200, 3));
        assert_eq!(given.items[1].mask, Some(MaskRule::Name));
        assert_eq!(given.policy_versions, scene.versions());
        assert_eq!(given.by.role, Role::ProvApprover);
    });
}

#[test]
fn an_approval_narrows_and_never_widens() {
    type Change = fn(&mut ApproveInput);
    let (mut stage, request) = Stage::requested();
    let item = |code: &str, mask: &str| ApproveItem { code: code.to_owned(), mask: mask.to_owned() };
    let cases: [(Change, &str); 17] = [
        (|_| {}, "ok"),
        (|form| form.quota = "5".into(), "ok"),
        (|form| form.items.truncate(1), "ok"),
        (|form| form.items[2].mask = "MK-AMT".into(), "ok"),
        (|form| form.until = "2026-11-20".into(), "ok"),
        (|form| form.from = "2026-11-21".into(), "ok"),
        (|form| form.quota = "201".into(), "quota wider-than-asked"),
        (|form| form.quota.clear(), "quota missing"),
        (|form| form.items.clear(), "items none-chosen"),
        (|form| form.items[0].code = "GRZH".into(), "items wider-than-asked"),
        (|form| form.items[0].mask.clear(), "items wider-than-asked"),
        (|form| form.items[0].mask = "MK-ID".into(), "items wider-than-asked"),
        (|form| form.items[1].mask = "MK-NONE".into(), "items not-a-code"),
        (|form| form.receipt_mode = "batch".into(), "receipt_mode not-offered"),
        (|form| form.until = "2026-11-19".into(), "until before-start"),
        (|form| form.until = "someday".into(), "until not-a-date"),
        // Too far ahead is wider than asked, and nothing else; it was told as "before today".
        (|form| form.until = "2099-01-01".into(), "until wider-than-asked"),
    ];
    for (change, expected) in cases {
        let mut form = as_asked();
        change(&mut form);
        let found = stage.at(House::Gz, Role::ProvApprover, |scene| said(approval(scene, &request, &form)));
        assert_eq!(found, expected, "{form:?}");
    }
    // Days later the first day asked is over: as it was asked it may stay, an earlier one may not.
    stage.wait_days(3);
    for (from, expected) in
        [("2026-11-20", "ok"), ("2026-11-23", "ok"), ("2026-11-22", "from in-the-past"), ("", "from missing")]
    {
        let form = ApproveInput { from: from.to_owned(), items: vec![item("YJCE", "")], ..as_asked() };
        let found = stage.at(House::Gz, Role::ProvApprover, |scene| said(approval(scene, &request, &form)));
        assert_eq!(found, expected, "{from}");
    }
}

#[test]
fn who_may_decide_about_a_request() {
    let (mut stage, request) = Stage::requested();
    let condition = RefuseInput { form_id: String::new(), condition: "1".to_owned() };
    let both = |stage: &Stage, house, role, request: &RequestId| {
        let decide = |scene: &crate::scene::Scene<'_>| {
            (said(approval(scene, request, &as_asked())), said(refusal(scene, request, &condition)))
        };
        let (approved, refused) = stage.at(house, role, decide);
        assert_eq!(approved, refused, "one door for yes and no");
        approved
    };
    for (house, role, expected) in [
        (House::Gz, Role::ProvApprover, "ok"),
        (House::Gz, Role::ReqOperator, "denied national"),
        (House::Gz, Role::BizUser, "denied national"),
        (House::Gz, Role::Inspector, "denied national"),
        (House::Sz, Role::ProvApprover, "request.not-ours"),
        (House::Jd, Role::Inspector, "request.not-ours"),
    ] {
        assert_eq!(both(&stage, house, role, &request), expected, "{house:?} {role:?}");
    }
    assert_eq!(both(&stage, House::Gz, Role::ProvApprover, &REQUEST), "not-found");
    let payload =
        stage.at(House::Gz, Role::ProvApprover, |scene| refusal(scene, &request, &condition)).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    assert_eq!(both(&stage, House::Gz, Role::ProvApprover, &request), "request.not-open");
}

#[test]
fn a_refusal_cites_a_condition_that_is_published() {
    let (stage, request) = Stage::requested();
    for (condition, expected) in [
        ("0", "ok"),
        (" 1 ", "ok"),
        ("2", "condition not-offered"),
        ("256", "condition not-offered"),
        ("-1", "condition not-offered"),
        ("", "condition none-chosen"),
    ] {
        let input = RefuseInput { form_id: String::new(), condition: condition.to_owned() };
        let found = stage.at(House::Gz, Role::ProvApprover, |scene| said(refusal(scene, &request, &input)));
        assert_eq!(found, expected, "{condition}");
    }
}

#[test]
fn who_may_take_a_request_back() {
    let (mut stage, request) = Stage::requested();
    let input = |reason: &str| WithdrawInput { form_id: String::new(), reason: reason.to_owned() };
    for (house, role, reason, expected) in [
        (House::Sz, Role::ReqOperator, "01", "ok"),
        (House::Sz, Role::ReqOperator, "", "reason missing"),
        (House::Sz, Role::ReqOperator, "09", "reason not-offered"),
        (House::Sz, Role::BizUser, "01", "denied national"),
        (House::Gz, Role::ProvApprover, "01", "request.not-ours"),
        (House::Jd, Role::Inspector, "01", "request.not-ours"),
    ] {
        let found = stage.at(house, role, |scene| said(withdrawal(scene, &request, &input(reason))));
        assert_eq!(found, expected, "{house:?} {role:?} {reason}");
    }
    let payload =
        stage.at(House::Sz, Role::ReqOperator, |scene| withdrawal(scene, &request, &input("01"))).unwrap();
    stage.submit(House::Sz, payload).unwrap();
    let again =
        stage.at(House::Sz, Role::ReqOperator, |scene| said(withdrawal(scene, &request, &input("01"))));
    assert_eq!(again, "request.not-open");
}

#[test]
fn a_request_for_what_was_revised_is_refused_or_taken_back_and_never_granted() {
    let (mut stage, request) = Stage::requested();
    stage.submit(House::Gz, Payload::Publish(taken_back(2))).unwrap();
    let condition = RefuseInput { form_id: String::new(), condition: "0".to_owned() };
    let reason = WithdrawInput { form_id: String::new(), reason: "01".to_owned() };
    stage.at(House::Gz, Role::ProvApprover, |scene| {
        assert_eq!(said(approval(scene, &request, &as_asked())), "entry.outdated");
        assert_eq!(said(refusal(scene, &request, &condition)), "ok");
    });
    stage.at(House::Sz, Role::ReqOperator, |scene| {
        assert_eq!(said(withdrawal(scene, &request, &reason)), "ok");
    });
}
