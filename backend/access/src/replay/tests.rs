use super::*;
use crate::cases::{Rows, cases, sets_for};
use crate::properties::{a_question, some_rows};
use crate::question::ATTRIBUTES;
use crate::rule::tests::a_row;
use crate::{Action, Question};
use gm::sm3::Digest;
use ledger::catalogue::ShareType;
use ledger::ids::Time;
use ledger::role::{Assurance, Role};
use ledger::text::Text;
use ledger::wire::to_bytes;
use proptest::prelude::*;

/// One attribute of a question, changed to another value.
fn altered(question: &Question, attribute: &str) -> Question {
    fn other<T: Copy + PartialEq>(all: &[T], than: T) -> T {
        *all.iter().find(|value| **value != than).unwrap()
    }
    let mut q = question.clone();
    match attribute {
        "role" => q.role = other(Role::ALL, q.role),
        "clearance" => q.clearance ^= 1,
        "assurance" => q.assurance = other(Assurance::ALL, q.assurance),
        "zone" => q.zone = if q.zone.is_some() { None } else { Some(Text::new("hall").unwrap()) },
        "requester" => q.requester = "11510000X00000430L".parse().unwrap(),
        "requester_region" => q.requester_region = "540000".parse().unwrap(),
        "inspectorate" => q.requester_inspectorate ^= true,
        "provider" => q.provider = "11510000X00000430L".parse().unwrap(),
        "provider_region" => q.provider_region = "540000".parse().unwrap(),
        "share" => q.share_type = other(ShareType::ALL, q.share_type),
        "class" => q.entry_class.push('1'),
        "items" => {
            if q.items.pop_first().is_none() {
                q.items.insert("ZJHM".parse().unwrap());
            }
        }
        "sensitivity" => {
            if q.sensitivities.pop_first().is_none() {
                q.sensitivities.insert(3);
            }
        }
        "grade" => q.grade ^= 1,
        "action" => q.action = other(Action::ALL, q.action),
        "purpose" => q.purpose = if q.purpose.is_some() { None } else { Some("01".parse().unwrap()) },
        "at" => q.at = Time(q.at.0 ^ 1),
        "grant" => q.grant_live = if q.grant_live == Some(true) { None } else { Some(true) },
        unknown => panic!("no alteration for {unknown}"),
    }
    q
}

fn a_judge() -> Judge {
    Judge::new().unwrap()
}

/// Judges again by the sets a decision was made by.
fn again(judge: &Judge, sets: &PolicySets, bytes: &[u8]) -> Replay {
    let all = [&sets.national, &sets.region, &sets.department].map(Arc::clone);
    let find = |owner: &PolicyOwner, version| {
        let is_it = |set: &&Arc<Ruleset>| set.set().owner == *owner && set.version() == version;
        Ok::<_, AccessFault>(all.iter().find(is_it).cloned())
    };
    judge.replay(bytes, find).unwrap()
}

fn codes(replay: &Replay) -> Vec<&'static str> {
    replay.differs.iter().map(Differs::code).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_decision_comes_out_the_same_again(rows in some_rows(), question in a_question()) {
        let (judge, sets) = (a_judge(), sets_for(&question, rows));
        let decision = judge.decide(&sets, &question).unwrap();
        let replay = again(&judge, &sets, &decision.bytes());
        prop_assert!(replay.is_same(), "{:?}", replay.differs);
        prop_assert_eq!(replay.judged, Some(decision));
    }

    #[test]
    fn whatever_a_decision_says_otherwise_is_found(rows in some_rows(), question in a_question()) {
        let (judge, sets) = (a_judge(), sets_for(&question, rows));
        let good = judge.decide(&sets, &question).unwrap().record();
        let found = |change: &dyn Fn(&mut DecisionRecord)| {
            let mut record = good.clone();
            change(&mut record);
            codes(&again(&judge, &sets, &to_bytes(&record)))
        };
        prop_assert_eq!(found(&|record| record.allow ^= true), ["allow"]);
        prop_assert_eq!(found(&|record| record.model = Digest([9; 32])), ["model"]);
        for layer in 0..3 {
            prop_assert_eq!(found(&|record| record.rows[layer].1 = Some(Text::new("invented").unwrap())), ["row"]);
        }
        prop_assert_eq!(found(&|record| record.obligations.push("drop:NOBODY".parse().unwrap())), ["obligations"]);
        if !good.obligations.is_empty() {
            prop_assert_eq!(found(&|record| drop(record.obligations.remove(0))), ["obligations"]);
        }
        let other = PolicyVersion([77; 32]);
        prop_assert_eq!(found(&|record| record.versions.national = other), ["version-unknown"]);
        prop_assert_eq!(found(&|record| record.versions.region = other), ["version-unknown"]);
        prop_assert_eq!(found(&|record| record.versions.department = other), ["version-unknown"]);
    }

    /// No attribute can be altered without other bytes, and none without being named.
    #[test]
    fn each_attribute_stands_in_the_bytes_and_is_told_apart(rows in some_rows(), question in a_question()) {
        let sets = sets_for(&question, rows);
        let record = a_judge().decide(&sets, &question).unwrap().record();
        prop_assert!(question.differing(&record.question).is_empty());
        for attribute in ATTRIBUTES {
            let mut changed = record.clone();
            changed.question = altered(&question, attribute);
            prop_assert_ne!(to_bytes(&changed), to_bytes(&record), "{} is not in the bytes", attribute);
            prop_assert_eq!(question.differing(&changed.question), [attribute]);
        }
    }

    #[test]
    fn no_bytes_break_the_judge(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..400) {
        let question = a_case();
        let (judge, sets) = (a_judge(), sets_for(&question, open()));
        prop_assert_eq!(codes(&again(&judge, &sets, &bytes)), ["unreadable"]);
        let good = judge.decide(&sets, &question).unwrap().bytes();
        let cut = cut.min(good.len() - 1);
        prop_assert_eq!(codes(&again(&judge, &sets, &good[..cut])), ["unreadable"]);
    }
}

fn a_case() -> Question {
    cases().into_iter().find(|case| case.name == "the story's query is answered").unwrap().question
}

fn open() -> Rows {
    [vec![a_row("a")], vec![a_row("b")], vec![a_row("c")]]
}

/// By other rows under the same name the row that decided is missed.
#[test]
fn another_row_set_than_was_judged_by_is_found() {
    let (judge, question) = (a_judge(), a_case());
    let bytes = judge.decide(&sets_for(&question, open()), &question).unwrap().bytes();
    let [_, region, department] = open();
    let other = sets_for(&question, [vec![a_row("other")], region, department]);
    let replay = again(&judge, &other, &bytes);
    let (recorded, judged) = (Some(Text::new("a").unwrap()), Some(Text::new("other").unwrap()));
    assert_eq!(replay.differs, [Differs::Row { layer: Layer::National, recorded, judged }]);
}

/// A question beyond the judge's bounds is told apart, and breaks nothing.
#[test]
fn what_cannot_be_judged_is_no_fault() {
    let (judge, question) = (a_judge(), a_case());
    let sets = sets_for(&question, open());
    let mut record = judge.decide(&sets, &question).unwrap().record();
    record.question.items =
        (0..=crate::limits::ITEMS_ASKED_MAX).map(|n| format!("I{n}").parse().unwrap()).collect();
    assert_eq!(codes(&again(&judge, &sets, &to_bytes(&record))), ["unjudged"]);
    record.rows.pop();
    assert_eq!(codes(&again(&judge, &sets, &to_bytes(&record))), ["unreadable"]);
}
