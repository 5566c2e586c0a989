//! The decision tables of `policies/cases`: every line is a question to the starter rows and what
//! must come of it. And the proof that the tables hold the rows fast: change any cell of any row,
//! and a line turns red, or the change stands in `equivalent.csv` with its reason.

use crate::hours::Moment;
use crate::limits::GRADE_MAX;
use crate::question::Zone;
use crate::rule::{EVERYTHING, INSPECTORATE, Rule};
use crate::ruleset::{Ruleset, Verdict};
use crate::table::lines;
use crate::{Action, Assurance, Decision, Judge, Obligation, PolicySets, Question, starter_rows};
use ledger::catalogue::{MaskRule, ShareType};
use ledger::ids::{DepartmentId, ItemCode, PolicyVersion, Time};
use ledger::policy::{Effect, Layer, PolicyOwner, PolicyRow, PolicySet};
use ledger::role::Role;
use ledger::text::Text;
use std::collections::BTreeSet;
use std::sync::Arc;

const HEADING: &str = "case,role,clearance,requester,provider,share,class,items,sensitivity,grade,action,purpose,assurance,zone,at,grant,expect,rows,obligations";

const TABLES: [&str; 7] = [
    include_str!("../../../policies/cases/discover.csv"),
    include_str!("../../../policies/cases/request.csv"),
    include_str!("../../../policies/cases/approve.csv"),
    include_str!("../../../policies/cases/ask.csv"),
    include_str!("../../../policies/cases/answer.csv"),
    include_str!("../../../policies/cases/inspect.csv"),
    include_str!("../../../policies/cases/later.csv"),
];

/// Changes of a cell that no case can notice, each with its reason.
const EQUIVALENT: &str = include_str!("../../../policies/cases/equivalent.csv");

/// The items the story asks for.
const STORY: &[&str] =
    &["CXMC", "XingMing", "ZJHM", "GRZH", "GRZHZT", "GRJCJS", "YJCE", "LXJCYS", "JZNY", "GRZHYE", "SJHM"];

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
        "cd" => ("12510100X00000318P", "510100", false),
        "jd" => ("11510000X00000430L", "510000", true),
        _ => panic!("no such centre: {name}"),
    };
    (id.parse().unwrap(), region, inspectorate)
}

/// The sets that rule the door of a question, made of these rows.
pub(crate) fn sets_for(question: &Question, rows: Rows) -> PolicySets {
    let (department, region) = question.side();
    let [national, regional, own] = rows;
    let a_set = |owner, rows, version| {
        let set = PolicySet { owner, number: 1, previous: PolicyVersion([0; 32]), rows };
        Arc::new(Ruleset::new(Arc::new(set), PolicyVersion([version; 32])))
    };
    PolicySets {
        national: a_set(PolicyOwner::Nation, national, 1),
        region: a_set(PolicyOwner::Region(region.province()), regional, 2),
        department: a_set(PolicyOwner::Department(department.clone()), own, 3),
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let all: Vec<Case> = TABLES
        .iter()
        .flat_map(|table| lines(table, HEADING).unwrap())
        .flat_map(|(_, cells)| several(&cells.iter().collect::<Vec<_>>()))
        .collect();
    let names: BTreeSet<&str> = all.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), all.len(), "two cases have the same name");
    all
}

/// The cases of a line: one for each of its roles and actions.
fn several(cells: &[&str]) -> Vec<Case> {
    let (roles, actions) = (cells[1], cells[10]);
    let of = |role, action| {
        let name = format!("{} ({role}, {action})", cells[0]);
        let mut cells = cells.to_vec();
        (cells[1], cells[10]) = (role, action);
        if roles.contains(',') || actions.contains(',') {
            cells[0] = &name;
        }
        case(&cells)
    };
    roles.split(',').flat_map(|role| actions.split(',').map(move |action| of(role, action))).collect()
}

fn case(cells: &[&str]) -> Case {
    let &[
        name,
        role,
        clearance,
        requester,
        provider,
        share,
        class,
        items,
        sensitivity,
        grade,
        action,
        purpose,
        assurance,
        zone,
        at,
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
    let listed =
        |list: &'_ str| list.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let question = Question {
        role: Role::from_code(role).unwrap(),
        clearance: clearance.parse().unwrap(),
        assurance: Assurance::from_code(assurance).unwrap(),
        zone: (!zone.is_empty()).then(|| Zone::new(zone).unwrap()),
        requester,
        requester_region: requester_region.parse().unwrap(),
        requester_inspectorate,
        provider,
        provider_region: provider_region.parse().unwrap(),
        share_type: ShareType::from_code(share).unwrap(),
        entry_class: class.to_owned(),
        items: listed(items).iter().map(|item| item.parse().unwrap()).collect(),
        sensitivities: listed(sensitivity).iter().map(|number| number.parse().unwrap()).collect(),
        grade: grade.parse().unwrap(),
        action: Action::from_code(action).unwrap(),
        purpose: (!purpose.is_empty()).then(|| purpose.parse().unwrap()),
        at: moment(at),
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

/// `3@10:00`: a Wednesday at ten in UTC+8.
fn moment(text: &str) -> Time {
    let (day, clock) = text.split_once('@').unwrap();
    let (hour, minute) = clock.split_once(':').unwrap();
    let [day, hour, minute] = [day, hour, minute].map(|part| part.parse::<usize>().unwrap());
    Moment::time(((day - 1) * 24 + hour) * 60 + minute)
}

/// What came of a case, in the words of the tables: expect, rows, obligations.
fn outcome(decision: &Decision) -> (String, String, String) {
    let expect = decision.denied_by().map_or("allow".to_owned(), |(layer, _)| format!("deny:{layer}"));
    let rows = decision.rows.each_ref().map(|(_, row)| row.as_ref().map_or("-", Text::as_str)).join("/");
    let mut obligations: Vec<String> = decision.obligations.iter().map(ToString::to_string).collect();
    obligations.sort();
    (expect, rows, obligations.join(","))
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

/// A change of one cell, in the words of the table: row, column, new value.
type Change = (String, &'static str, String);

/// Lists of a row, with everything a list may name here.
type List = (&'static str, fn(&mut PolicyRow, &str) -> Option<()>, &'static [&'static str]);

/// Writes a cell; nothing when it is too long for the chain.
fn write<const MAX: usize>(cell: &mut Text<MAX>, text: &str) -> Option<()> {
    *cell = Text::new(text).ok()?;
    Some(())
}

const LISTS: [List; 10] = [
    (
        "role",
        |row, text| write(&mut row.role, text),
        &[
            "BIZ_USER",
            "REQ_OPERATOR",
            "PROV_APPROVER",
            "INSPECTOR",
            "SYS_ADMIN",
            "SEC_ADMIN",
            "AUDIT_ADMIN",
            "CATALOG_EDITOR",
            "CATALOG_REVIEWER",
            "DEPT_LEAD",
            "DATA_OWNER_OPS",
            "COMP_REVIEWER",
            "COMP_MEDIATOR",
            "READER",
        ],
    ),
    (
        "requester",
        |row, text| write(&mut row.requester, text),
        &["440000", "440100", "12440100X00000254F", "320000", INSPECTORATE],
    ),
    (
        "provider",
        |row, text| write(&mut row.provider, text),
        &["320000", "320100", "12320100X00000115R", "440000"],
    ),
    (
        "entry_class",
        |row, text| write(&mut row.entry_class, text),
        &["307001", "307002", "share:unconditional", "share:conditional", "share:not-shared"],
    ),
    ("items", |row, text| write(&mut row.items, text), STORY),
    ("sensitivity", |row, text| write(&mut row.sensitivity, text), &["0", "1", "2", "3"]),
    (
        "hours",
        |row, text| write(&mut row.hours, text),
        &["1-5@00:00-12:00", "1-5@12:00-24:00", "6-7@00:00-24:00"],
    ),
    ("zones", |row, text| write(&mut row.zones, text), &["office", "hall"]),
    (
        "action",
        |row, text| write(&mut row.action, text),
        &[
            "discover",
            "request",
            "approve",
            "ask",
            "answer",
            "inspect",
            "verify",
            "batch",
            "download",
            "administer",
        ],
    ),
    (
        "purpose",
        |row, text| write(&mut row.purpose, text),
        &["01", "02", "03", "04", "05", "06", "07", "08", "99"],
    ),
];

fn cell(row: &PolicyRow, column: &str) -> String {
    match column {
        "role" => row.role.to_string(),
        "requester" => row.requester.to_string(),
        "provider" => row.provider.to_string(),
        "entry_class" => row.entry_class.to_string(),
        "items" => row.items.to_string(),
        "sensitivity" => row.sensitivity.to_string(),
        "hours" => row.hours.to_string(),
        "zones" => row.zones.to_string(),
        "action" => row.action.to_string(),
        "purpose" => row.purpose.to_string(),
        _ => panic!("no such list: {column}"),
    }
}

/// A list with one element more, one less, one alone, and everything.
fn other_lists(list: &str, elements: &[&str]) -> BTreeSet<String> {
    let had: Vec<&str> = list.split(',').collect();
    let all = if list == EVERYTHING { elements.to_vec() } else { had.clone() };
    let without =
        |element: &&str| all.iter().copied().filter(|other| other != element).collect::<Vec<_>>().join(",");
    let mut lists: BTreeSet<String> = all.iter().map(without).collect();
    lists.extend(elements.iter().map(|element| (*element).to_owned()));
    lists.extend(elements.iter().filter(|one| !had.contains(one)).map(|one| format!("{list},{one}")));
    lists.insert(EVERYTHING.to_owned());
    lists.remove(list);
    lists
}

/// The duties of a row with one less, one more, and one mask exchanged for another.
fn other_duties(row: &PolicyRow) -> Vec<(String, Vec<Text<100>>)> {
    let had: Vec<Obligation> = row.obligations.iter().map(|duty| duty.as_str().parse().unwrap()).collect();
    let mut added: Vec<Obligation> = ["receipt:each", "verify-only", "limit:1", "watermark", "second-person"]
        .iter()
        .map(|duty| duty.parse().unwrap())
        .collect();
    for code in STORY {
        let item: ItemCode = code.parse().unwrap();
        added.extend(MaskRule::ALL.iter().map(|rule| Obligation::Mask { item: item.clone(), rule: *rule }));
        added.push(Obligation::Drop { item });
    }
    let text =
        |duties: Vec<&Obligation>| duties.iter().map(|duty| Text::new(&duty.to_string()).unwrap()).collect();
    let less = had
        .iter()
        .map(|duty| (format!("-{duty}"), text(had.iter().filter(|other| *other != duty).collect())));
    let more = added.iter().filter(|duty| !had.contains(duty)).map(|duty| {
        let is_other = |kept: &&Obligation| duty.item().is_none() || kept.item() != duty.item();
        (format!("+{duty}"), text(had.iter().filter(is_other).chain([duty]).collect()))
    });
    less.chain(more).collect()
}

/// The row with each of its cells changed in every way that a slip of the pen could.
fn changes(row: &PolicyRow) -> Vec<(Change, PolicyRow)> {
    let mut all = Vec::new();
    let mut change = |column, value: String, write: &dyn Fn(&mut PolicyRow) -> Option<()>| {
        let mut changed = row.clone();
        if write(&mut changed).is_some() && changed != *row && Rule::parse(&changed).is_ok() {
            all.push(((row.id.to_string(), column, value), changed));
        }
    };
    for (column, write, elements) in LISTS {
        for list in other_lists(&cell(row, column), elements) {
            change(column, list.clone(), &|row| write(row, &list));
        }
    }
    for grade in 1..=GRADE_MAX {
        change("grade_max", grade.to_string(), &|row| {
            row.grade_max = grade;
            Some(())
        });
    }
    for assurance in Assurance::ALL {
        change("assurance_min", assurance.number().to_string(), &|row| {
            row.assurance_min = assurance.number();
            Some(())
        });
    }
    for (value, duties) in other_duties(row) {
        change("obligations", value, &|row| {
            row.obligations.clone_from(&duties);
            Some(())
        });
    }
    for effect in Effect::ALL {
        change("effect", effect.to_string(), &|row| {
            row.effect = *effect;
            Some(())
        });
    }
    all
}

/// One layer's rows, ready to judge.
fn compiled(rows: Vec<PolicyRow>) -> Ruleset {
    let set = PolicySet { owner: PolicyOwner::Nation, number: 1, previous: PolicyVersion([0; 32]), rows };
    Ruleset::new(Arc::new(set), PolicyVersion([0; 32]))
}

#[test]
fn no_cell_of_a_starter_row_changes_without_a_case_turning_red() {
    let (judge, cases) = (Judge::new().unwrap(), cases());
    let layers = starter();
    let said: Vec<[Verdict; 3]> = {
        let sets = layers.clone().map(compiled);
        cases.iter().map(|case| sets.each_ref().map(|set| set.judge(&case.question).unwrap())).collect()
    };
    let turns_red = |layer: usize, rows: Vec<PolicyRow>| {
        let set = compiled(rows);
        cases.iter().zip(&said).any(|(case, said)| {
            let verdict = set.judge(&case.question).unwrap();
            verdict != said[layer] && {
                let mut verdicts = said.clone();
                verdicts[layer] = verdict;
                let versions = sets_for(&case.question, starter()).versions();
                let decision = judge.join(verdicts, versions, &case.question);
                outcome(&decision) != (case.expect.clone(), case.rows.clone(), case.obligations.clone())
            }
        })
    };
    let (mut tried, mut unnoticed) = (0, BTreeSet::new());
    for (layer, rows) in layers.iter().enumerate() {
        for (place, row) in rows.iter().enumerate() {
            let others =
                || rows.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, row)| row.clone());
            assert!(turns_red(layer, others().collect()), "without {} all cases stay green", row.id);
            for (change, changed) in changes(row) {
                let mut rows = rows.clone();
                rows[place] = changed;
                tried += 1;
                if !turns_red(layer, rows) {
                    unnoticed.insert(change);
                }
            }
        }
    }
    assert!(tried > 1000, "the rows have many cells: {tried}");
    let equivalent = lines(EQUIVALENT, "row,column,value,reason").unwrap();
    let column = |name: &str| LISTS.iter().find(|(column, ..)| *column == name).unwrap().0;
    let equivalent: BTreeSet<Change> = equivalent
        .iter()
        .map(|(_, cells)| (cells[0].to_owned(), column(&cells[1]), cells[2].to_owned()))
        .collect();
    assert_eq!(unnoticed, equivalent, "what no case notices, and equivalent.csv with its reasons");
}

#[test]
fn the_story_passes_every_door() {
    let story: BTreeSet<_> = STORY.iter().map(|item| item.parse().unwrap()).collect();
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
