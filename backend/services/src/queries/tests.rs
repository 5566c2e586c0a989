//! The form of a query: its fields, and whether it may be sent.

use exchange::Query;
use ledger::ids::GrantId;
use ledger::transaction::Payload;

use super::ask::{drawn, open_to_ask, read};
use super::{QueryInput, Signing};
use crate::codes::Role;
use crate::stage::{House, MORNING, NOTHING, Stage, officer, said};

fn input() -> QueryInput {
    QueryInput {
        form_id: hex::encode([3; 32]),
        grant: String::new(),
        items: vec!["XingMing".to_owned()],
        name: "王小明".to_owned(),
        id_type: "01".to_owned(),
        id_number: "990000199001010017".to_owned(),
        case_no: "深贷〔2026〕第 00001 号".to_owned(),
    }
}

#[test]
fn every_wrong_field_of_a_query_is_named() {
    type Change = fn(&mut QueryInput);
    let clerk = officer(House::Sz, Role::BizUser);
    let cases: [(Change, &str); 21] = [
        (|_| {}, "ok"),
        (|form| form.items.clear(), "items none-chosen"),
        (|form| form.items.push("no code".into()), "items not-a-code"),
        (|form| form.name = "  ".into(), "name missing"),
        (|form| form.name = "王".repeat(61), "name too-long"),
        (|form| form.name = "王\u{7}".into(), "name bad-characters"),
        // Written from right to left, and with something that is not seen.
        (|form| form.name = "王\u{202e}明".into(), "name bad-characters"),
        (|form| form.case_no = "1\u{200b}2".into(), "case_no bad-characters"),
        (|form| form.id_type.clear(), "id_type missing"),
        (|form| form.id_type = "77".into(), "id_type not-offered"),
        (|form| form.id_number.clear(), "id_number missing"),
        (|form| form.id_number = "990000199001010018".into(), "id_number not-an-id-number"),
        (|form| form.id_number = "990000199002300014".into(), "id_number not-an-id-number"),
        (|form| form.id_number = "9".repeat(31), "id_number too-long"),
        // As it is pasted, and as an input method writes it.
        (|form| form.id_number = "990000 19900101 0017".into(), "ok"),
        (|form| form.id_number = "９９００００１９９００１０１００１７".into(), "ok"),
        // Only the identity card has a check digit.
        (|form| (form.id_type, form.id_number) = ("02".into(), "E12345678".into()), "ok"),
        (|form| form.case_no.clear(), "case_no missing"),
        (|form| form.case_no = "案".repeat(61), "case_no too-long"),
        (|form| form.form_id = "short".into(), "form_id missing"),
        (|form| (form.name, form.case_no) = (String::new(), String::new()), "name missing, case_no missing"),
    ];
    for (change, expected) in cases {
        let mut form = input();
        change(&mut form);
        let found = said(read(&clerk, None, GrantId(NOTHING), &form, MORNING));
        assert_eq!(found, expected, "{:?} {}", form.items, form.id_type);
    }
}

#[test]
fn a_query_is_sent_only_under_a_grant_of_the_own_department_that_is_in_force() {
    let (mut stage, grant) = Stage::granted();
    let asked = |stage: &Stage, house, role, grant| {
        let query = read(&officer(house, role), None, grant, &input(), MORNING).unwrap();
        let Query { asker, grant, items, .. } = query;
        stage.at(house, role, |scene| said(open_to_ask(scene, asker.assurance, &grant, &items)))
    };
    for (house, role, expected) in [
        (House::Sz, Role::BizUser, "ok"),
        (House::Sz, Role::ReqOperator, "denied national"),
        (House::Gz, Role::BizUser, "not-found"),
        (House::Jd, Role::BizUser, "not-found"),
    ] {
        assert_eq!(asked(&stage, house, role, grant), expected, "{house:?} {role:?}");
    }
    assert_eq!(asked(&stage, House::Sz, Role::BizUser, GrantId(NOTHING)), "not-found");
    let revocation = stage.at(House::Gz, Role::ProvApprover, |scene| ledger::grant::RevokeGrant {
        grant,
        reason: "01".parse().unwrap(),
        by: scene.by(b"request"),
    });
    stage.submit(House::Gz, Payload::RevokeGrant(revocation)).unwrap();
    assert_eq!(asked(&stage, House::Sz, Role::BizUser, grant), "grant.revoked");
}

#[test]
fn the_form_of_a_query_offers_what_was_granted_to_the_house_that_holds_it() {
    let (mut stage, grant) = Stage::granted();
    stage.answer(grant);
    let form = |house, role, grant: &GrantId| {
        stage.at(house, role, |scene| drawn(scene, grant, "id".to_owned(), Signing::NoKey))
    };
    let clerks = form(House::Sz, Role::BizUser, &grant).unwrap();
    let items: Vec<_> = clerks.items.iter().map(|item| item.item.code.as_str()).collect();
    assert_eq!(items, ["XingMing", "GRZHZT", "YJCE"], "not all that the entry answers");
    assert_eq!(clerks.left, 199);
    assert!(clerks.ask.is_open());
    assert!(!form(House::Sz, Role::ReqOperator, &grant).unwrap().ask.is_open(), "shown, and not to be sent");
    for (house, grant) in [(House::Gz, grant), (House::Jd, grant), (House::Sz, GrantId(NOTHING))] {
        assert_eq!(said(form(house, Role::BizUser, &grant)), "not-found", "{house:?}");
    }
}

/// What people paste, type in another width, or try.
#[test]
fn hostile_input_names_a_field_and_reaches_nothing() {
    let clerk = officer(House::Sz, Role::BizUser);
    for hidden in
        ["\u{200b}", "\u{200d}", "\u{202e}", "\u{2066}", "\u{feff}", "\u{ad}", "\u{e0041}", "\n", "\0"]
    {
        let mut form = input();
        (form.case_no, form.name) = (format!("深贷{hidden}1"), format!("王{hidden}明"));
        let found = said(read(&clerk, None, GrantId(NOTHING), &form, MORNING));
        assert_eq!(found, "name bad-characters, case_no bad-characters", "{hidden:?}");
        let mut form = input();
        (form.id_type, form.id_number) = ("02".to_owned(), format!("E1234{hidden}5"));
        let found = said(read(&clerk, None, GrantId(NOTHING), &form, MORNING));
        assert_eq!(found, "id_number bad-characters", "{hidden:?}");
    }
    let mut form = input();
    form.case_no = "  案 1 ".to_owned();
    let kept = read(&clerk, None, GrantId(NOTHING), &form, MORNING);
    assert_eq!(kept.unwrap().case_no, "案 1", "found again under what is seen");
}
