use super::*;
use crate::cases::centre;
use crate::known::KnownDepartment;
use crate::offer::tests::{item, version};
use crate::rule::tests::a_row;
use crate::starter_rows;
use ledger::ids::PolicyVersion;
use ledger::policy::{PolicyOwner, PolicyRow};
use ledger::text::Text;

fn known() -> Known {
    let department = |name: &str| {
        let (id, region, inspectorate) = centre(name);
        KnownDepartment { id, region: region.parse().unwrap(), inspectorate }
    };
    Known {
        departments: ["gz", "nj", "cd", "jd"].map(department).into(),
        entries: vec![KnownEntry::from(&version(1, vec![item("GRZHZT", 2), item("GRZHYE", 4)]))],
    }
}

fn set(owner: PolicyOwner, rows: Vec<PolicyRow>) -> PolicySet {
    PolicySet { owner, number: 1, previous: PolicyVersion([0; 32]), rows }
}

fn ruleset(owner: PolicyOwner, rows: Vec<PolicyRow>) -> Arc<Ruleset> {
    Arc::new(Ruleset::new(Arc::new(set(owner, rows)), PolicyVersion([0; 32])))
}

fn text<const MAX: usize>(value: &str) -> Text<MAX> {
    Text::new(value).unwrap()
}

fn row(id: &str, change: impl FnOnce(&mut PolicyRow)) -> PolicyRow {
    // About neither data nor nothing: so that only what a test means is found.
    let mut row = PolicyRow { action: text("request"), ..a_row(id) };
    change(&mut row);
    row
}

fn denied(id: &str, change: impl FnOnce(&mut PolicyRow)) -> PolicyRow {
    row(id, |row| {
        row.effect = Effect::Deny;
        change(row);
    })
}

fn found(rows: Vec<PolicyRow>) -> Vec<(String, FindingKind)> {
    told(check(&set(PolicyOwner::Nation, rows), &[], &known()))
}

fn told(findings: Vec<Finding>) -> Vec<(String, FindingKind)> {
    findings.into_iter().map(|finding| (finding.row.to_string(), finding.kind)).collect()
}

fn one(row: &str, kind: FindingKind) -> Vec<(String, FindingKind)> {
    vec![(row.to_owned(), kind)]
}

#[test]
fn a_row_that_cannot_be_read_and_a_name_given_twice_are_errors() {
    let findings = found(vec![row("a", |row| row.purpose = text("1"))]);
    assert_eq!(findings, one("a", FindingKind::Malformed(RowProblem::Purpose)));
    let twice = found(vec![row("a", |_| {}), row("a", |row| row.role = text("READER"))]);
    assert!(twice.contains(&("a".to_owned(), FindingKind::Repeated)));
    assert!(twice.iter().any(|(_, kind)| kind.is_error()));
    assert_eq!(found(vec![row("a", |_| {})]), []);
}

#[test]
fn what_no_member_and_no_entry_bears_is_unknown() {
    let sz = centre("sz").0.to_string();
    for (change, kind) in [
        (text(&format!("440000,{sz}")), FindingKind::UnknownParty(sz)),
        (text("440000,330100"), FindingKind::UnknownParty("330100".into())),
    ] {
        assert_eq!(found(vec![row("a", |row| row.requester = change)]), one("a", kind));
    }
    let findings = found(vec![row("a", |row| row.entry_class = text("307001,999"))]);
    assert_eq!(findings, one("a", FindingKind::UnknownClass("999".into())));
    let findings = found(vec![row("a", |row| row.items = text("GRZHZT,GRZHYF"))]);
    assert_eq!(findings, one("a", FindingKind::UnknownItem("GRZHYF".parse().unwrap())));
}

#[test]
fn a_row_that_can_never_speak_is_named_with_the_column() {
    let findings = found(vec![row("a", |row| {
        row.action = text("discover");
        row.purpose = text("01");
    })]);
    assert_eq!(findings, one("a", FindingKind::NeverMatches(Column::Purpose)));
    let findings = found(vec![row("a", |row| row.provider = text("440000,440100"))]);
    assert_eq!(findings, one("a", FindingKind::NeverMatches(Column::EntryClass)), "Guangdong offers nothing");
    let findings = found(vec![row("a", |row| row.entry_class = text("share:not-shared"))]);
    assert_eq!(findings, one("a", FindingKind::NeverMatches(Column::EntryClass)));
    let findings = found(vec![row("a", |row| row.requester = text("330000"))]);
    assert!(findings.contains(&("a".into(), FindingKind::NeverMatches(Column::Requester))));
}

#[test]
fn a_row_that_another_says_already_is_shadowed() {
    let by = |by: &str| FindingKind::Shadowed { by: text(by) };
    let narrow = |id: &str| row(id, |row| row.role = text("REQ_OPERATOR"));
    assert_eq!(found(vec![row("wide", |_| {}), narrow("narrow")]), one("narrow", by("wide")));
    assert_eq!(found(vec![narrow("narrow"), row("wide", |_| {})]), one("narrow", by("wide")));
    assert_eq!(found(vec![narrow("first"), narrow("second")]), one("second", by("first")));
    let duty = row("duty", |row| row.obligations = vec![text("watermark")]);
    assert_eq!(found(vec![row("wide", |_| {}), duty.clone()]), one("wide", by("duty")), "all duties add up");
    assert_eq!(found(vec![duty, row("wide", |_| {})]), one("wide", by("duty")));
    assert_eq!(found(vec![narrow("a"), row("b", |row| row.role = text("READER"))]), []);
    for narrower in [
        |row: &mut PolicyRow| row.hours = text("1-5@08:00-18:00"),
        |row: &mut PolicyRow| row.requester = text("440000"),
        |row: &mut PolicyRow| row.grade_max = 3,
        |row: &mut PolicyRow| row.assurance_min = 3,
        |row: &mut PolicyRow| row.items = text("GRZHZT"),
        |row: &mut PolicyRow| row.zones = text("hall"),
        |row: &mut PolicyRow| row.sensitivity = text("0,1"),
        |row: &mut PolicyRow| row.entry_class = text("share:conditional"),
    ] {
        let rows = vec![row("narrow", narrower), row("wide", |_| {})];
        assert_eq!(found(rows), one("narrow", by("wide")));
    }
}

#[test]
fn a_row_that_is_wholly_denied_is_contradicted_and_one_with_an_exception_is_not() {
    let allowed = || row("allowed", |row| row.items = text("GRZHYE"));
    let kind = FindingKind::Contradicted { by: text("denied") };
    assert_eq!(found(vec![allowed(), denied("denied", |_| {})]), one("allowed", kind.clone()));
    assert_eq!(
        found(vec![denied("denied", |row| row.items = text("GRZHZT,GRZHYE")), allowed()]),
        one("allowed", kind)
    );
    assert_eq!(found(vec![denied("denied", |row| row.purpose = text("03")), allowed()]), []);
}

#[test]
fn two_masks_for_one_item_clash_where_both_rows_can_speak() {
    let masked = |id: &str, role: &str, mask: &str| {
        row(id, |row| {
            row.role = text(role);
            row.obligations = vec![text(&format!("mask:GRZHYE={mask}"))];
        })
    };
    let both = "BIZ_USER,READER";
    let item = "GRZHYE".parse().unwrap();
    assert_eq!(
        found(vec![masked("a", both, "MK-AMT"), masked("b", "READER", "MK-ACCT")]),
        one("b", FindingKind::MasksClash { with: text("a"), item })
    );
    assert_eq!(found(vec![masked("a", "BIZ_USER", "MK-AMT"), masked("b", "READER", "MK-ACCT")]), []);
}

#[test]
fn what_a_higher_layer_denies_or_never_allows_cannot_be_loosened() {
    let national = |rows| ruleset(PolicyOwner::Nation, rows);
    let layer = Layer::National;
    let own = || set(PolicyOwner::Department(centre("gz").0), vec![row("own", |_| {})]);
    let against = |above| told(check(&own(), &[national(above)], &known()));
    assert_eq!(against(vec![row("a", |row| row.purpose = text("01"))]), []);
    assert_eq!(against(vec![]), one("own", FindingKind::AboveSilent { layer }));
    let elsewhere = row("a", |row| row.action = text("discover"));
    assert_eq!(against(vec![elsewhere]), one("own", FindingKind::AboveSilent { layer }));
    assert_eq!(
        against(vec![row("a", |_| {}), denied("d", |_| {})]),
        one("own", FindingKind::AboveDenies { layer, row: text("d") })
    );
}

#[test]
fn a_guarded_item_of_which_nobody_says_anything_is_named() {
    let asks = |duties: &[&str]| {
        row("asks", |row| {
            row.action = text("ask");
            row.obligations = duties.iter().map(|duty| text(duty)).collect();
        })
    };
    let unsaid = FindingKind::Unsaid { item: "GRZHYE".parse().unwrap() };
    assert_eq!(found(vec![asks(&[])]), one("asks", unsaid.clone()));
    for duty in ["mask:GRZHYE=MK-AMT", "drop:GRZHYE", "clear:GRZHYE", "verify-only"] {
        assert_eq!(found(vec![asks(&[duty])]), [], "{duty}");
    }
    let own = set(PolicyOwner::Department(centre("gz").0), vec![asks(&[])]);
    let above = |duties: &[&str]| vec![ruleset(PolicyOwner::Nation, vec![asks(duties)])];
    assert_eq!(told(check(&own, &above(&["mask:GRZHYE=MK-AMT"]), &known())), []);
    assert_eq!(told(check(&own, &above(&[]), &known())), one("asks", unsaid));
    let elsewhere = row("asks", |row| {
        row.action = text("ask");
        row.entry_class = text("307001");
        row.items = text("GRZHZT");
    });
    assert_eq!(found(vec![elsewhere]), []);
}

#[test]
fn nothing_is_wrong_with_the_starter_rows() {
    let mut above = Vec::new();
    for (owner, name) in [
        (PolicyOwner::Nation, "national"),
        (PolicyOwner::Region("440000".parse().unwrap()), "region"),
        (PolicyOwner::Department(centre("gz").0), "department"),
    ] {
        let rows = starter_rows(owner.layer()).unwrap();
        let findings = told(check(&set(owner.clone(), rows.clone()), &above, &known()));
        let findings: Vec<_> = findings
            .into_iter()
            // Two entries are not every class and item there is.
            .filter(|(_, kind)| {
                !matches!(kind, FindingKind::UnknownItem(_) | FindingKind::NeverMatches(Column::EntryClass))
            })
            .collect();
        assert_eq!(findings, [], "{name}");
        above.push(ruleset(owner, rows));
    }
}
