//! Asking, granting, refusing, taking back: what is signed, or why not.

use ledger::catalogue::MaskRule;
use ledger::ids::RequestId;
use ledger::transaction::Payload;

pub(crate) use super::decide::{approval, refusal, withdrawal};
pub(crate) use super::form::asked;
use super::form::{checked, drawn};
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
        (House::Sz, Role::DeptLead, "role.wrong"),
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
        (House::Gz, Role::DeptLead, "role.wrong"),
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
        (House::Sz, Role::DeptLead, "01", "role.wrong"),
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

#[test]
fn an_empty_form_offers_what_may_be_asked_for() {
    let mut stage = Stage::published();
    let code = || crate::stage::CODE.parse().unwrap();
    let form = |stage: &Stage, version| {
        stage.at(House::Sz, Role::ReqOperator, |scene| drawn(scene, code(), version, "id".to_owned()))
    };
    let drawn = form(&stage, None).unwrap();
    let codes =
        |items: &[crate::catalogue::ItemView]| items.iter().map(|item| item.code.clone()).collect::<Vec<_>>();
    assert_eq!(codes(&drawn.items), ["XingMing", "ZJHM", "GRZH", "GRZHZT", "YJCE"], "what may be answered");
    let open: Vec<_> =
        drawn.purposes.iter().filter(|choice| choice.verdict.is_open()).map(|choice| &*choice.code).collect();
    assert_eq!(open, ["01", "02", "03"], "policy opens three of nine");
    assert_eq!((drawn.purposes.len(), drawn.first_day.as_str()), (9, "2026-11-20"));
    assert_eq!((drawn.last_start_day.as_str(), drawn.answer_days), ("2027-02-18", Some(10)));
    let input = &drawn.input;
    assert_eq!((input.form_id.as_str(), input.version, input.mode.as_str()), ("id", 1, "query"));
    assert_eq!((input.from.as_str(), input.until.as_str()), ("2026-11-20", "2027-02-18"));
    assert!(input.items.is_empty() && input.purpose.is_empty(), "nothing is ticked beforehand");
    // As it is drawn, with the choices made, it may be sent.
    let filled =
        RequestInput { items: a_request().items, purpose: "01".into(), basis: "01".into(), ..drawn.input };
    assert_eq!(told(&stage, &filled), "ok");

    stage.submit(House::Gz, Payload::Publish(revised(2))).unwrap();
    assert_eq!(form(&stage, None).unwrap().input.version, 2);
    assert_eq!(said(form(&stage, Some(1))), "entry.superseded");
    assert_eq!(said(form(&stage, Some(3))), "not-found");
}

#[test]
fn a_half_filled_form_is_judged_as_far_as_it_goes() {
    let stage = Stage::published();
    let check =
        |form: &RequestInput| stage.at(House::Sz, Role::ReqOperator, |scene| checked(scene, form)).unwrap();
    let none = RequestInput { items: Vec::new(), ..a_request() };
    assert_eq!(check(&none), None, "nothing to judge yet");
    assert_eq!(check(&RequestInput { purpose: String::new(), ..a_request() }), None);
    assert_eq!(check(&RequestInput { items: vec!["NoSuch".into(), "no code".into()], ..a_request() }), None);
    let judged = check(&RequestInput {
        items: ["GRZHZT", "ZJHM", "GRZH", "NoSuch"].map(str::to_owned).to_vec(),
        ..a_request()
    });
    let judged = judged.unwrap();
    assert!(judged.verdict.is_open());
    let duties: Vec<_> = judged
        .duties
        .iter()
        .map(|duty| (duty.item.as_str(), duty.mask, duty.dropped, duty.beyond_need))
        .collect();
    // Who pays since when decides a loan: the number of the account does not (policies/necessity.csv).
    assert_eq!(
        duties,
        [
            ("GRZH", None, false, true),
            ("GRZHZT", None, false, false),
            ("ZJHM", Some(MaskRule::Id), false, false)
        ]
    );
    let closed = check(&RequestInput { purpose: "07".into(), ..a_request() }).unwrap();
    assert!(matches!(closed.verdict, crate::Verdict::Denied(by) if by.layer == crate::codes::Layer::Region));
}
