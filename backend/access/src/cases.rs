//! The decision tables of `policies/cases`: every line is a question to the starter rows and what
//! must come of it. And the proof that the tables hold the rows fast: take away any row, any duty
//! or any element of a list, and a line turns red.

use crate::rule::EVERYTHING;
use crate::table::lines;
use crate::{Action, Assurance, Decision, Judge, PolicySets, Question, starter_rows};
use ledger::catalogue::ShareType;
use ledger::ids::{DepartmentId, PolicyVersion};
use ledger::policy::{Layer, PolicyOwner, PolicyRow, PolicySet};
use ledger::receipt::PolicyVersions;
use ledger::role::Role;
use ledger::text::Text;
use std::collections::BTreeSet;
use std::sync::Arc;

const HEADING: &str = "case,role,requester,provider,share,class,items,grade,action,purpose,assurance,grant,expect,rows,obligations";

const TABLES: [&str; 6] = [
    include_str!("../../../policies/cases/discover.csv"),
    include_str!("../../../policies/cases/request.csv"),
    include_str!("../../../policies/cases/approve.csv"),
    include_str!("../../../policies/cases/ask.csv"),
    include_str!("../../../policies/cases/answer.csv"),
    include_str!("../../../policies/cases/inspect.csv"),
];

const NEEDED: &str = include_str!("../../../policies/cases/needed.csv");

/// One line of a table.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) question: Question,
    expect: String,
    rows: String,
    obligations: String,
}

/// The rows of the three layers, national first.
pub(crate) type Rows = [Vec<PolicyRow>; 3];

pub(crate) fn starter() -> Rows {
    [Layer::National, Layer::Region, Layer::Department].map(|layer| starter_rows(layer).unwrap())
}

/// A demo centre: department, division, whether an inspectorate.
pub(crate) fn centre(name: &str) -> (DepartmentId, &'static str, bool) {
    let (id, region, inspectorate) = match name {
        "gz" => ("12440100X00000254F", "440100", false),
        "sz" => ("12440300X00000262L", "440300", false),
        "nj" => ("12320100X00000115R", "320100", false),
        "jd" => ("11510000X00000430L", "510000", true),
        _ => panic!("no such centre: {name}"),
    };
    (id.parse().unwrap(), region, inspectorate)
}

/// The sets that rule the door of a question, made of these rows.
pub(crate) fn sets_for(question: &Question, rows: Rows) -> PolicySets {
    let (department, region) = match question.action {
        Action::Approve | Action::Answer => (&question.provider, &question.provider_region),
        Action::Discover | Action::Request | Action::Ask | Action::Inspect => {
            (&question.requester, &question.requester_region)
        }
    };
    let [national, regional, own] = rows;
    let a_set =
        |owner, rows| Arc::new(PolicySet { owner, number: 1, previous: PolicyVersion([0; 32]), rows });
    PolicySets {
        national: a_set(PolicyOwner::Nation, national),
        region: a_set(PolicyOwner::Region(region.province()), regional),
        department: a_set(PolicyOwner::Department(department.clone()), own),
        versions: PolicyVersions {
            national: PolicyVersion([1; 32]),
            region: PolicyVersion([2; 32]),
            department: PolicyVersion([3; 32]),
        },
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let all: Vec<Case> = TABLES
        .iter()
        .flat_map(|table| lines(table, HEADING).unwrap())
        .map(|(_, cells)| case(&cells.iter().collect::<Vec<_>>()))
        .collect();
    let names: BTreeSet<&str> = all.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), all.len(), "two cases have the same name");
    all
}

fn case(cells: &[&str]) -> Case {
    let &[
        name,
        role,
        requester,
        provider,
        share,
        class,
        items,
        grade,
        action,
        purpose,
        assurance,
        grant,
        expect,
        rows,
        obligations,
    ] = cells
    else {
        panic!("a line of another length");
    };
    let (requester, requester_region, requester_inspectorate) = centre(requester);
    let (provider, provider_region, _) = centre(provider);
    let question = Question {
        role: Role::from_code(role).unwrap(),
        requester,
        requester_region: requester_region.parse().unwrap(),
        requester_inspectorate,
        provider,
        provider_region: provider_region.parse().unwrap(),
        share_type: ShareType::from_code(share).unwrap(),
        entry_class: class.to_owned(),
        items: items.split(',').filter(|_| !items.is_empty()).map(|item| item.parse().unwrap()).collect(),
        grade: grade.parse().unwrap(),
        action: Action::from_code(action).unwrap(),
        purpose: (!purpose.is_empty()).then(|| purpose.parse().unwrap()),
        assurance: Assurance::from_code(assurance).unwrap(),
        grant_live: match grant {
            "live" => Some(true),
            "ended" => Some(false),
            "none" => None,
            _ => panic!("a grant is live, ended or none"),
        },
    };
    Case {
        name: name.to_owned(),
        question,
        expect: expect.to_owned(),
        rows: rows.to_owned(),
        obligations: obligations.to_owned(),
    }
}

/// What came of a case, in the words of the tables: expect, rows, obligations.
fn outcome(decision: &Decision) -> (String, String, String) {
    let expect = decision.denied_by().map_or("allow".to_owned(), |(layer, _)| format!("deny:{layer}"));
    let rows = decision.rows.each_ref().map(|(_, row)| row.as_ref().map_or("-", Text::as_str)).join("/");
    let mut obligations: Vec<String> = decision.obligations.iter().map(ToString::to_string).collect();
    obligations.sort();
    (expect, rows, obligations.join(","))
}

fn is_green(judge: &Judge, case: &Case, rows: &Rows) -> bool {
    let decision = judge.decide(&sets_for(&case.question, rows.clone()), &case.question).unwrap();
    outcome(&decision) == (case.expect.clone(), case.rows.clone(), case.obligations.clone())
}

fn red(judge: &Judge, cases: &[Case], rows: &Rows) -> BTreeSet<String> {
    cases.iter().filter(|case| !is_green(judge, case, rows)).map(|case| case.name.clone()).collect()
}

/// The starter rows with one of them changed or, when the change says so, taken away.
fn with(id: &str, change: impl Fn(&mut PolicyRow) -> bool) -> Rows {
    starter().map(|rows| {
        let mut kept = Vec::new();
        for mut row in rows {
            if row.id.as_str() != id || change(&mut row) {
                kept.push(row);
            }
        }
        kept
    })
}

#[test]
fn every_case_comes_out_as_its_table_says() {
    let judge = Judge::new().unwrap();
    for case in cases() {
        let decision = judge.decide(&sets_for(&case.question, starter()), &case.question).unwrap();
        assert_eq!(outcome(&decision), (case.expect, case.rows, case.obligations), "{}", case.name);
        assert_eq!(decision.allow, decision.denied_by().is_none());
    }
}

#[test]
fn every_starter_row_is_needed() {
    let (judge, cases) = (Judge::new().unwrap(), cases());
    let needed = lines(NEEDED, "row,case").unwrap();
    let starter: BTreeSet<String> = starter().iter().flatten().map(|row| row.id.to_string()).collect();
    let named: BTreeSet<String> = needed.iter().map(|(_, cells)| cells[0].to_owned()).collect();
    assert_eq!(named, starter, "needed.csv names every starter row");
    for (_, cells) in needed {
        let (row, case) = (&cells[0], &cells[1]);
        let red = red(&judge, &cases, &with(row, |_| false));
        assert!(red.contains(case), "without {row} the case {case:?} stays green");
    }
}

#[test]
fn every_duty_of_the_starter_rows_is_needed() {
    let (judge, cases) = (Judge::new().unwrap(), cases());
    for row in starter().iter().flatten() {
        for duty in &row.obligations {
            let rows = with(row.id.as_str(), |row| {
                row.obligations.retain(|other| other != duty);
                true
            });
            assert!(!red(&judge, &cases, &rows).is_empty(), "{} without {duty} changes nothing", row.id);
        }
    }
}

#[test]
fn every_element_of_a_starter_list_is_needed() {
    let (judge, cases) = (Judge::new().unwrap(), cases());
    let mut elements = 0;
    for row in starter().iter().flatten() {
        for (action, purpose) in shortened(row) {
            let rows = with(row.id.as_str(), |row| {
                row.action = Text::new(&action).unwrap();
                row.purpose = Text::new(&purpose).unwrap();
                true
            });
            assert!(!red(&judge, &cases, &rows).is_empty(), "{} with {action} for {purpose}", row.id);
            elements += 1;
        }
    }
    assert!(elements > 15, "the starter rows have lists: {elements}");
}

/// The lists of actions and purposes of a row, each time with one element left out.
fn shortened(row: &PolicyRow) -> Vec<(String, String)> {
    let without_one = |list: &str| -> Vec<String> {
        let elements: Vec<&str> = list.split(',').collect();
        let others = |left_out: &&str| -> Vec<&str> {
            elements.iter().copied().filter(|element| element != left_out).collect()
        };
        elements.iter().map(others).filter(|rest| !rest.is_empty()).map(|rest| rest.join(",")).collect()
    };
    let (action, purpose) = (row.action.as_str(), row.purpose.as_str());
    let mut all: Vec<_> = without_one(action).into_iter().map(|list| (list, purpose.to_owned())).collect();
    all.extend(without_one(purpose).into_iter().map(|list| (action.to_owned(), list)));
    all
}

#[test]
fn every_restriction_of_a_starter_row_is_needed() {
    let (judge, cases) = (Judge::new().unwrap(), cases());
    type Widen = fn(&mut PolicyRow) -> &mut Text<40>;
    let columns: [(&str, Widen); 4] = [
        ("role", |row| &mut row.role),
        ("requester", |row| &mut row.requester),
        ("entry class", |row| &mut row.entry_class),
        ("action", |row| &mut row.action),
    ];
    for row in starter().iter().flatten() {
        for (name, column) in columns {
            if column(&mut row.clone()).as_str() == EVERYTHING {
                continue;
            }
            let rows = with(row.id.as_str(), |row| {
                *column(row) = Text::new(EVERYTHING).unwrap();
                true
            });
            assert!(!red(&judge, &cases, &rows).is_empty(), "{} with any {name} changes nothing", row.id);
        }
    }
}

#[test]
fn the_story_passes_every_door() {
    let story: BTreeSet<_> = "CXMC XingMing ZJHM GRZH GRZHZT GRJCJS YJCE LXJCYS JZNY GRZHYE SJHM"
        .split(' ')
        .map(|item| item.parse().unwrap())
        .collect();
    let (judge, cases) = (Judge::new().unwrap(), cases());
    let mut doors = BTreeSet::new();
    for case in cases.iter().filter(|case| case.question.items == story) {
        let question = &case.question;
        let is_story = question.requester == centre("gz").0
            && question.provider == centre("nj").0
            && question.purpose.as_ref().is_none_or(|purpose| purpose.as_str() == "01");
        if is_story && judge.decide(&sets_for(question, starter()), question).unwrap().allow {
            doors.insert(question.action);
        }
    }
    let expected = [Action::Discover, Action::Request, Action::Approve, Action::Ask, Action::Answer];
    assert_eq!(doors, BTreeSet::from(expected));
}
