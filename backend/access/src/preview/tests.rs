use super::*;
use crate::cases::{Rows, cases, sets_for, starter};
use crate::ruleset::Ruleset;
use ledger::ids::PolicyVersion;
use ledger::policy::{Effect, PolicyRow, PolicySet};
use ledger::text::Text;
use std::sync::Arc;

fn text<const MAX: usize>(value: &str) -> Text<MAX> {
    Text::new(value).unwrap()
}

fn story() -> Question {
    cases().into_iter().find(|case| case.name == "the story's query is asked").unwrap().question
}

/// The rows in force, and a draft of the national layer.
fn both(question: &Question, change: impl FnOnce(&mut Vec<PolicyRow>)) -> (PolicySets, PolicySets) {
    let [national, region, department] = starter();
    let mut draft = national.clone();
    change(&mut draft);
    let old = sets_for(question, [national, region, department]);
    let set = PolicySet { rows: draft, number: 2, ..PolicySet::clone(old.national.set()) };
    let draft = Arc::new(Ruleset::new(Arc::new(set), PolicyVersion([9; 32])));
    let new = old.with(&draft);
    (old, new)
}

fn row<'a>(rows: &'a mut [PolicyRow], id: &str) -> &'a mut PolicyRow {
    rows.iter_mut().find(|row| row.id.as_str() == id).unwrap()
}

fn turned(change: impl FnOnce(&mut Vec<PolicyRow>)) -> Option<(Turn, Option<String>)> {
    let question = story();
    let sets = both(&question, change);
    let preview = Judge::new().unwrap().preview([&question].into_iter(), |_| Some(&sets), 10).unwrap();
    assert_eq!((preview.judged, preview.turns()), (1, preview.turned.len()));
    preview.turned.first().map(|turned| (turned.turn, turned.by.as_ref().map(|(_, row)| row.to_string())))
}

#[test]
fn a_decision_turns_in_every_way_and_the_row_is_named() {
    let by = |row: &str| Some(row.to_owned());
    assert_eq!(turned(|_| {}), None);
    assert_eq!(turned(|rows| rows.reverse()), None, "order decides nothing");
    let purposes = |rows: &mut Vec<PolicyRow>| row(rows, "nat-ask").purpose = text("02,03");
    assert_eq!(turned(purposes), Some((Turn::Denied, by("nat-ask"))));
    let denied = |rows: &mut Vec<PolicyRow>| {
        let denying = PolicyRow { id: text("no"), effect: Effect::Deny, ..rows[0].clone() };
        rows.push(PolicyRow { action: text("ask"), ..denying });
    };
    assert_eq!(turned(denied), Some((Turn::Denied, by("no"))));
    let stricter = |rows: &mut Vec<PolicyRow>| row(rows, "nat-ask").obligations.push(text("watermark"));
    assert_eq!(turned(stricter), Some((Turn::Stricter, by("nat-ask"))));
    let looser = |rows: &mut Vec<PolicyRow>| drop(row(rows, "nat-ask").obligations.pop());
    assert_eq!(turned(looser), Some((Turn::Looser, by("nat-ask"))));
    let otherwise = |rows: &mut Vec<PolicyRow>| row(rows, "nat-ask").obligations = vec![text("limit:3")];
    assert_eq!(turned(otherwise), Some((Turn::Otherwise, by("nat-ask"))));
    assert!(Turn::Otherwise.is_loosening() && Turn::Allowed.is_loosening() && !Turn::Stricter.is_loosening());
}

#[test]
fn what_is_newly_allowed_names_the_row_that_allows_it() {
    let question = Question { role: ledger::role::Role::Reader, ..story() };
    let sets = both(&question, |rows| row(rows, "nat-ask").role = text("BIZ_USER,READER"));
    let preview = Judge::new().unwrap().preview([&question].into_iter(), |_| Some(&sets), 10).unwrap();
    let turned = &preview.turned[0];
    assert_eq!((turned.turn, turned.place), (Turn::Allowed, 0));
    assert_eq!(turned.by, Some((Layer::National, text("nat-ask"))));
    assert!(!turned.before.allow && turned.after.allow);
}

#[test]
fn all_are_counted_and_only_some_are_kept() {
    let (one, other) = (story(), Question { purpose: Some("02".parse().unwrap()), ..story() });
    let unknown = Question { requester: "12320100X00000115R".parse().unwrap(), ..story() };
    let past = [&one, &other, &one, &unknown, &one];
    let sets = both(&one, |rows| row(rows, "nat-ask").purpose = text("02,03"));
    let of = |question: &Question| (question.requester == one.requester).then_some(&sets);
    let preview = Judge::new().unwrap().preview(past.into_iter(), of, 2).unwrap();
    assert_eq!((preview.judged, preview.unknown, preview.turns()), (4, 1, 3));
    assert_eq!(preview.turned.iter().map(|turned| turned.place).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(preview.by_turn, BTreeMap::from([(Turn::Denied, 3)]));
    assert_eq!(preview.by_row, BTreeMap::from([(Some((Layer::National, text("nat-ask"))), 3)]));
    assert_eq!(preview.by_department, BTreeMap::from([(one.requester.clone(), 3)]));
}

#[test]
fn a_draft_replaces_its_owners_rows_and_no_others() {
    let rows: Rows = starter();
    let question = story();
    let sets = sets_for(&question, rows);
    let mut elsewhere = PolicySet::clone(sets.region.set());
    elsewhere.owner = ledger::policy::PolicyOwner::Region("320000".parse().unwrap());
    let draft = Arc::new(Ruleset::new(Arc::new(elsewhere), PolicyVersion([9; 32])));
    assert_eq!(sets.with(&draft).versions(), sets.versions());
    let own = PolicySet { number: 2, ..PolicySet::clone(sets.region.set()) };
    let draft = Arc::new(Ruleset::new(Arc::new(own), PolicyVersion([9; 32])));
    assert_eq!(sets.with(&draft).versions().region, PolicyVersion([9; 32]));
}
