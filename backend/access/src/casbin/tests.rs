//! Each trap of Casbin that this crate stands on, pinned.

use super::*;
use crate::rule::cells;
use crate::rule::tests::a_row;
use ledger::catalogue::ShareType;
use ledger::policy::{Effect, PolicyRow};
use ledger::role::Role;
use ledger::text::Text;
use std::collections::BTreeSet;

fn model() -> CheckedModel {
    CheckedModel::parse(MODEL).unwrap()
}

fn a_question() -> Question {
    Question {
        role: Role::ReqOperator,
        clearance: 4,
        assurance: crate::Assurance::Password,
        zone: None,
        requester: "12440100X00000254F".parse().unwrap(),
        requester_region: "440100".parse().unwrap(),
        requester_inspectorate: false,
        provider: "12320100X00000115R".parse().unwrap(),
        provider_region: "320100".parse().unwrap(),
        share_type: ShareType::Conditional,
        entry_class: "307001".to_owned(),
        items: ["GRZH", "ZJHM"].iter().map(|item| item.parse().unwrap()).collect(),
        sensitivities: [1, 2].into(),
        grade: 3,
        action: Action::Request,
        purpose: Some("01".parse().unwrap()),
        at: Moment::time(2 * 24 * 60 + 10 * 60),
        grant_live: None,
    }
}

fn judged(rows: &[PolicyRow], question: &Question) -> Said {
    let cells = rows.iter().map(cells).collect();
    LayerEnforcer::new(&model(), cells).unwrap().judge(question).unwrap()
}

/// Whether an allow row, changed like this, speaks to the question.
fn speaks(question: &Question, change: impl Fn(&mut PolicyRow)) -> bool {
    let mut row = a_row("r");
    change(&mut row);
    judged(&[row], question).allowed
}

fn text<const MAX: usize>(value: &str) -> Text<MAX> {
    Text::new(value).unwrap()
}

#[test]
fn casbin_without_rows_lets_an_empty_request_pass() {
    // The reason why `ruleset.rs` never asks it without rows: not our model, any model.
    let plain = "[request_definition]\nr = sub\n[policy_definition]\np = sub, eft\n[policy_effect]\n\
                 e = some(where (p.eft == allow)) && !some(where (p.eft == deny))\n[matchers]\nm = r.sub == p.sub\n";
    let model = at_once(DefaultModel::from_str(plain)).unwrap().unwrap();
    let enforcer = at_once(Enforcer::new_raw(model, ())).unwrap().unwrap();
    assert!(enforcer.enforce((String::new(),)).unwrap());
}

#[test]
fn the_model_has_no_role_chains() {
    assert!(model().0.get_model().get("g").is_none());
    let with_roles = format!("{MODEL}\n[role_definition]\ng = _, _\n");
    assert!(matches!(CheckedModel::parse(&with_roles), Err(AccessFault::Model("it has role chains"))));
}

#[test]
fn the_model_has_no_eval() {
    let with_eval = MODEL.replace("m = listed", "m = eval(p.class) && listed");
    assert_ne!(with_eval, MODEL);
    assert!(matches!(CheckedModel::parse(&with_eval), Err(AccessFault::Model(_))));
}

#[test]
fn a_model_other_than_the_expected_is_refused() {
    let changes = [
        ("r = role, clearance,", "r = clearance, role,"),
        ("p = id, role,", "p = role, id,"),
        (" && !some(where (p.eft == deny))", ""),
        ("e = some(where", "e = few(where"),
        ("[matchers]\nm =", "[matchers]\nm2 ="),
        ("[policy_effect]\n", "[policy_effect]\ne2 = !some(where (p.eft == deny))\n"),
        ("[matchers]\n", "[matchers]\nm2 = true\n"),
    ];
    for (from, to) in changes {
        let changed = MODEL.replace(from, to);
        assert_ne!(changed, MODEL, "{from}");
        assert!(CheckedModel::parse(&changed).is_err(), "{to}");
    }
}

#[test]
fn the_switch_that_allows_everything_is_on_and_out_of_reach() {
    let enforcer = LayerEnforcer::new(&model(), vec![cells(&a_row("r"))]).unwrap();
    assert!(enforcer.enforcer.is_enabled());
    let switch = concat!("enable_", "enforce");
    for source in [
        include_str!("../casbin.rs"),
        include_str!("../ruleset.rs"),
        include_str!("../judge.rs"),
        include_str!("../lib.rs"),
    ] {
        assert!(!source.contains(switch));
    }
}

#[test]
fn an_effect_casbin_does_not_know_lets_nothing_pass() {
    let mut cells = cells(&a_row("r"));
    for effect in ["Deny", "", "permit"] {
        *cells.last_mut().unwrap() = effect.to_owned();
        let said = LayerEnforcer::new(&model(), vec![cells.clone()]).unwrap().judge(&a_question()).unwrap();
        assert!(!said.allowed);
    }
}

#[test]
fn rows_that_casbin_would_lose_are_a_fault() {
    let cells = cells(&a_row("r"));
    assert!(LayerEnforcer::new(&model(), vec![cells.clone(), cells]).is_err());
}

#[test]
fn text_of_a_row_is_never_read_as_rules() {
    // As text of a policy file each of these would be two rows, or a row with other columns.
    let ids = [
        "r\", \"*",
        "r, *, *, *",
        "a\"b",
        "r,allow",
        "p, r",
        "'r'",
        "r # comment",
        "eval(true)",
        "*",
        "${r}",
        "\\",
        "r || true",
        "政策一",
    ];
    for id in ids {
        let mut denied = a_row(id);
        denied.effect = Effect::Deny;
        let said = judged(&[a_row("first"), denied, a_row("last")], &a_question());
        assert_eq!(said, Said { allowed: false, allow_rows: vec![0], deny_row: Some(1) }, "{id}");
    }
    // What could end a line cannot even be a text of the ledger.
    for id in ["a\nb", "a\rb", "a\tb", "\u{0}", "a\u{85}b"] {
        assert!(Text::<40>::new(id).is_err());
    }
}

#[test]
fn text_of_a_question_is_never_read_as_rules() {
    let mut question = a_question();
    for class in ["", "*", "307001,307002", "\"", "307001\" || true || \"", "share:conditional"] {
        question.entry_class = class.to_owned();
        assert!(!speaks(&question, |row| row.entry_class = text("307001")), "{class}");
        assert!(!speaks(&question, |row| row.entry_class = text("share:not-shared")), "{class}");
    }
}

#[test]
fn every_allowing_row_is_heard_and_the_denying_one_named() {
    let mut other = a_row("other");
    other.role = text("INSPECTOR");
    let rows = [a_row("a"), other, a_row("b")];
    assert_eq!(judged(&rows, &a_question()), Said { allowed: true, allow_rows: vec![0, 2], deny_row: None });
    let mut denied = a_row("denied");
    denied.effect = Effect::Deny;
    let rows = [denied, a_row("a")];
    assert_eq!(judged(&rows, &a_question()), Said { allowed: false, allow_rows: vec![], deny_row: Some(0) });
}

#[test]
fn what_was_heard_of_one_question_is_not_told_of_the_next() {
    let mut enforcer = LayerEnforcer::new(&model(), vec![cells(&a_row("r"))]).unwrap();
    for _ in 0..3 {
        assert_eq!(enforcer.judge(&a_question()).unwrap().allow_rows, [0]);
    }
}

#[test]
fn allow_rows_cover_all_items_and_deny_rows_any() {
    let question = a_question();
    for (items, covers_all, touches) in [
        ("*", true, true),
        ("GRZH,ZJHM", true, true),
        ("ZJHM,XingMing,GRZH", true, true),
        ("GRZH", false, true),
        ("GRZHYE,XingMing", false, false),
        ("GRZ,ZJ", false, false),
    ] {
        assert_eq!(speaks(&question, |row| row.items = text(items)), covers_all, "{items}");
        let mut denied = a_row("denied");
        denied.items = text(items);
        denied.effect = Effect::Deny;
        assert_eq!(judged(&[a_row("a"), denied], &question).deny_row.is_some(), touches, "{items}");
    }
}

#[test]
fn who_names_no_items_is_heard_by_everything_only() {
    let question = Question { items: BTreeSet::new(), ..a_question() };
    assert!(speaks(&question, |_| {}));
    assert!(!speaks(&question, |row| row.items = text("GRZH")));
}

#[test]
fn a_party_is_named_by_code_division_or_office() {
    let question = a_question();
    for (list, expected) in [
        ("12440100X00000254F", true),
        ("12320100X00000115R", false),
        ("440000", true),
        ("440100", true),
        ("440300", false),
        ("320000,440000", true),
        ("inspectorate", false),
    ] {
        assert_eq!(speaks(&question, |row| row.requester = text(list)), expected, "{list}");
    }
    assert!(speaks(&question, |row| row.provider = text("320000")));
    assert!(!speaks(&question, |row| row.provider = text("440000")));
    let inspectorate = Question { requester_inspectorate: true, ..question };
    assert!(speaks(&inspectorate, |row| row.requester = text("inspectorate")));
}

#[test]
fn entries_are_named_by_class_or_sharing_type() {
    let question = a_question();
    assert!(speaks(&question, |row| row.entry_class = text("307000,307001")));
    assert!(!speaks(&question, |row| row.entry_class = text("30700")));
    assert!(speaks(&question, |row| row.entry_class = text("share:conditional")));
    assert!(!speaks(&question, |row| row.entry_class = text("share:unconditional")));
}

#[test]
fn grade_and_assurance_are_bounds() {
    let speaks_to = |grade, max| {
        let question = Question { grade, ..a_question() };
        speaks(&question, |row| row.grade_max = max)
    };
    assert!(speaks_to(1, 1) && speaks_to(3, 4) && speaks_to(4, 4));
    assert!(!speaks_to(4, 3) && !speaks_to(0, 4) && !speaks_to(5, 4) && !speaks_to(255, 4));
    assert!(!speaks(&a_question(), |row| row.assurance_min = 2));
    let with_key = Question { assurance: crate::Assurance::Ukey, ..a_question() };
    assert!(speaks(&with_key, |row| row.assurance_min = 2) && speaks(&with_key, |row| row.assurance_min = 1));
}

#[test]
fn no_row_lets_data_pass_without_a_live_grant() {
    for action in Action::ALL {
        for grant_live in [None, Some(false), Some(true)] {
            let question = Question { action: *action, grant_live, ..a_question() };
            assert_eq!(
                speaks(&question, |_| {}),
                !action.is_data_door() || grant_live == Some(true),
                "{action}"
            );
        }
    }
}

#[test]
fn no_row_lets_data_pass_to_who_is_not_cleared_for_it() {
    for action in Action::ALL {
        for (clearance, reaches) in [(0, false), (2, false), (3, true), (4, true)] {
            let question = Question { action: *action, clearance, grant_live: Some(true), ..a_question() };
            assert_eq!(speaks(&question, |_| {}), !action.is_data_door() || reaches, "{action} {clearance}");
        }
    }
}

#[test]
fn a_row_with_hours_or_zones_hears_nobody_from_elsewhere() {
    // A Wednesday at ten.
    for (hours, expected) in [
        ("1-5@08:00-18:00", true),
        ("3@10:00-10:01", true),
        ("3@00:00-10:00", false),
        ("4-7@08:00-18:00", false),
        ("1@08:00-18:00,3@09:00-11:00", true),
    ] {
        assert_eq!(speaks(&a_question(), |row| row.hours = text(hours)), expected, "{hours}");
    }
    let zoned = Question { zone: Some(text("office")), ..a_question() };
    assert!(speaks(&zoned, |row| row.zones = text("hall,office")));
    assert!(!speaks(&zoned, |row| row.zones = text("hall")));
    assert!(!speaks(&a_question(), |row| row.zones = text("hall,office")));
}

#[test]
fn an_allow_row_names_every_sensitivity_asked_and_a_deny_row_any() {
    let question = a_question();
    for (list, covers_all, touches) in
        [("*", true, true), ("1,2", true, true), ("2,3", false, true), ("0", false, false)]
    {
        assert_eq!(speaks(&question, |row| row.sensitivity = text(list)), covers_all, "{list}");
        let mut denied = a_row("denied");
        denied.sensitivity = text(list);
        denied.effect = Effect::Deny;
        assert_eq!(judged(&[a_row("a"), denied], &question).deny_row.is_some(), touches, "{list}");
    }
}

#[test]
fn a_row_with_purposes_does_not_hear_who_names_none() {
    let question = Question { purpose: None, ..a_question() };
    assert!(speaks(&question, |_| {}));
    assert!(!speaks(&question, |row| row.purpose = text("01,02")));
}
