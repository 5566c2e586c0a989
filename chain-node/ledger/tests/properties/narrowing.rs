//! `narrows` says *yes* only where nothing more passes and no duty is lost. Goal: whatever two sets it says yes to,
//! of a small universe every question is asked of both. Method: the meaning of rows is written down once more, as
//! plainly as it can be; the newer set is made of the older by steps of which some narrow.

use crate::story::cast::row;
use ledger::ids::PolicyVersion;
use ledger::policy::{Effect, PolicyOwner, PolicyRow, PolicySet, narrows};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::BTreeSet;

/// Everything that can be asked in the small universe.
#[derive(Debug)]
struct Question {
    role: &'static str,
    requester: [&'static str; 2],
    action: &'static str,
    purpose: &'static str,
    items: &'static [&'static str],
    grade: u8,
    assurance: u8,
}

fn questions() -> Vec<Question> {
    let mut all = vec![];
    for role in ["R1", "R2"] {
        // A place within another, and one that stands apart.
        for requester in [["440100", "440000"], ["510000", "510000"]] {
            for action in ["ask", "look"] {
                for purpose in ["", "01", "02"] {
                    for items in [&[][..], &["A"], &["B"], &["A", "B"]] {
                        for (grade, assurance) in [(1, 1), (1, 3), (4, 1), (4, 3)] {
                            all.push(Question { role, requester, action, purpose, items, grade, assurance });
                        }
                    }
                }
            }
        }
    }
    all
}

fn listed(value: &str, cell: &str) -> bool {
    cell == "*" || (!value.is_empty() && cell.split(',').any(|one| one == value))
}

fn speaks(row: &PolicyRow, q: &Question) -> bool {
    let items = row.items.as_str();
    let concerns = match row.effect {
        Effect::Deny => items == "*" || q.items.iter().any(|item| listed(item, items)),
        Effect::Allow => {
            let all = !q.items.is_empty() && q.items.iter().all(|item| listed(item, items));
            (items == "*" || all) && q.grade <= row.grade_max && q.assurance >= row.assurance_min
        }
    };
    concerns
        && listed(q.role, row.role.as_str())
        && q.requester.iter().any(|place| listed(place, row.requester.as_str()))
        && listed(q.action, row.action.as_str())
        && listed(q.purpose, row.purpose.as_str())
}

/// The duties and the permissions under which a question passes; none when it does not.
fn passes<'a>(set: &'a PolicySet, q: &Question) -> Option<(BTreeSet<&'a str>, BTreeSet<&'a str>)> {
    let said: Vec<_> = set.rows.iter().filter(|row| speaks(row, q)).collect();
    if said.is_empty() || said.iter().any(|row| row.effect == Effect::Deny) {
        return None;
    }
    let duties = said.iter().flat_map(|row| &row.obligations).map(|duty| duty.as_str());
    Some(duties.partition(|duty| !duty.starts_with("clear:")))
}

/// The first question to which the newer set says more than the older.
fn wider(old: &PolicySet, new: &PolicySet) -> Option<Question> {
    questions().into_iter().find(|q| match (passes(old, q), passes(new, q)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some((were, could)), Some((are, can))) => !were.is_subset(&are) || !can.is_subset(&could),
    })
}

fn a_row() -> impl Strategy<Value = PolicyRow> {
    let duties = select(vec![&[][..], &["mask:A=MK-ID"], &["mask:A=MK-ID", "receipt:each"], &["clear:B"]]);
    let cells = (
        select(vec!["*", "R1", "R2", "R1,R2"]),
        select(vec!["*", "440000", "440100", "510000"]),
        select(vec!["*", "ask", "look"]),
        select(vec!["*", "01", "02", "01,02"]),
        select(vec!["*", "A", "B", "A,B"]),
    );
    (cells, select(vec![1u8, 4]), select(vec![1u8, 3]), duties, prop::bool::weighted(0.2)).prop_map(
        |((role, requester, action, purpose, items), grade_max, assurance_min, duties, denies)| {
            let of = |effect, grade_max, assurance_min, duties| PolicyRow {
                role: role.parse().unwrap(),
                requester: requester.parse().unwrap(),
                purpose: purpose.parse().unwrap(),
                items: items.parse().unwrap(),
                grade_max,
                assurance_min,
                effect,
                ..row("r", action, duties)
            };
            // A deny row holds for every grade and assurance and has no duties.
            if denies {
                of(Effect::Deny, 4, 1, &[])
            } else {
                of(Effect::Allow, grade_max, assurance_min, duties)
            }
        },
    )
}

/// A step from one set to the next.
#[derive(Clone, Debug)]
enum Step {
    Drop(Index),
    Add(PolicyRow),
    Replace(Index, PolicyRow),
    Cell(Index, u8, PolicyRow),
    Duty(Index, bool),
    Swap(Index, Index),
}

fn a_step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        2 => index().prop_map(Step::Drop),
        1 => a_row().prop_map(Step::Add),
        1 => (index(), a_row()).prop_map(|(at, row)| Step::Replace(at, row)),
        3 => (index(), 0u8..7, a_row()).prop_map(|(at, cell, row)| Step::Cell(at, cell, row)),
        2 => (index(), any::<bool>()).prop_map(|(at, more)| Step::Duty(at, more)),
        1 => (index(), index()).prop_map(|(one, two)| Step::Swap(one, two)),
    ]
}

fn changed(rows: &mut Vec<PolicyRow>, step: &Step) {
    match step {
        Step::Add(row) => rows.push(row.clone()),
        _ if rows.is_empty() => {}
        Step::Drop(at) => drop(rows.remove(at.index(rows.len()))),
        Step::Replace(at, row) => *at.get_mut(rows) = row.clone(),
        Step::Cell(at, cell, from) => {
            let row = at.get_mut(rows);
            match cell {
                0 => row.role = from.role.clone(),
                1 => row.requester = from.requester.clone(),
                2 => row.action = from.action.clone(),
                3 => row.purpose = from.purpose.clone(),
                4 => row.items = from.items.clone(),
                5 if row.effect == Effect::Allow => row.grade_max = from.grade_max,
                _ if row.effect == Effect::Allow => row.assurance_min = from.assurance_min,
                _ => {}
            }
        }
        Step::Duty(at, more) => {
            let row = at.get_mut(rows);
            if row.effect == Effect::Allow && *more {
                row.obligations.push("drop:A".parse().unwrap());
            } else {
                row.obligations.pop();
            }
        }
        Step::Swap(one, two) => {
            let (one, two) = (one.index(rows.len()), two.index(rows.len()));
            rows.swap(one, two);
        }
    }
}

fn set_of(rows: &[PolicyRow]) -> PolicySet {
    let named = |(number, row): (usize, &PolicyRow)| PolicyRow {
        id: format!("r{number}").parse().unwrap(),
        ..row.clone()
    };
    let rows = rows.iter().enumerate().map(named).collect();
    PolicySet { owner: PolicyOwner::Nation, number: 1, previous: PolicyVersion([0; 32]), rows }
}

fn pair() -> impl Strategy<Value = (PolicySet, PolicySet)> {
    (vec(a_row(), 0..5), vec(a_step(), 0..4)).prop_map(|(rows, steps)| {
        let mut next = rows.clone();
        steps.iter().for_each(|step| changed(&mut next, step));
        (set_of(&rows), set_of(&next))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn what_is_said_to_narrow_lets_nothing_more_pass((old, new) in pair()) {
        if narrows(&old, &new) {
            let found = wider(&old, &new);
            prop_assert!(found.is_none(), "{:?}", found);
        }
    }

    #[test]
    fn every_set_narrows_itself_and_nothing_narrows_all((old, _) in pair()) {
        prop_assert!(narrows(&old, &old));
        prop_assert!(narrows(&old, &set_of(&[])));
        let mut more = old.rows.clone();
        more.push(PolicyRow { effect: Effect::Deny, ..row("deny", "ask", &[]) });
        prop_assert!(narrows(&old, &set_of(&more)));
    }
}

/// The rule is worth something only if it says yes often where yes is right.
#[test]
fn most_of_what_narrows_is_said_to() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut said, mut right, mut wide) = (0, 0, 0);
    for _ in 0..3_000 {
        let (old, new) = pair().new_tree(&mut runner).unwrap().current();
        let is_right = old.rows != new.rows && wider(&old, &new).is_none();
        right += u32::from(is_right);
        said += u32::from(is_right && narrows(&old, &new));
        wide += u32::from(wider(&old, &new).is_some());
    }
    assert!(right > 500 && wide > 500 && said * 10 > right * 6, "{said} of {right} said, {wide} wider");
}

#[test]
fn each_cell_and_duty_counts() {
    let base = PolicyRow {
        role: "R1,R2".parse().unwrap(),
        requester: "440000,510000".parse().unwrap(),
        provider: "440000,510000".parse().unwrap(),
        entry_class: "307001,307002".parse().unwrap(),
        items: "A,B".parse().unwrap(),
        grade_max: 3,
        assurance_min: 2,
        ..row("r", "ask,look", &["mask:A=MK-ID", "receipt:each", "clear:B"])
    };
    let verdict = |change: fn(&mut PolicyRow)| {
        let mut row = base.clone();
        change(&mut row);
        let (old, new) = (set_of(std::slice::from_ref(&base)), set_of(&[row]));
        (narrows(&old, &new), narrows(&new, &old))
    };
    let narrower: [fn(&mut PolicyRow); 11] = [
        |r| r.role = "R1".parse().unwrap(),
        |r| r.requester = "440000".parse().unwrap(),
        |r| r.provider = "510000".parse().unwrap(),
        |r| r.entry_class = "307001".parse().unwrap(),
        |r| r.items = "A".parse().unwrap(),
        |r| r.action = "look".parse().unwrap(),
        |r| r.purpose = "01".parse().unwrap(),
        |r| r.grade_max = 2,
        |r| r.assurance_min = 3,
        |r| r.obligations.push("drop:A".parse().unwrap()),
        |r| drop(r.obligations.pop()), // `clear:B`
    ];
    for (index, change) in narrower.into_iter().enumerate() {
        assert_eq!(verdict(change), (true, false), "{index}");
    }
    assert_eq!(verdict(|r| r.id = "other".parse().unwrap()), (true, true));
    assert_eq!(verdict(|r| r.effect = Effect::Deny), (true, false));
    assert_eq!(verdict(|r| r.requester = "*".parse().unwrap()), (false, true));
    // Another order of a list says the same.
    assert_eq!(verdict(|r| r.items = "B,A".parse().unwrap()), (true, true));
}
