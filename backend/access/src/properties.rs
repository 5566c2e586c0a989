//! What holds for all rows, not only for ours. That the index says what Casbin says is tried in
//! `differential.rs`.

use crate::cases::{Rows, cases, sets_for};
use crate::hours::Moment;
use crate::limits::GRADE_MAX;
use crate::obligation::strictest;
use crate::rule::tests::a_row;
use crate::{AccessFault, Action, Assurance, Decision, Judge, Obligation, Question, SetFault};
use ledger::catalogue::ShareType;
use ledger::ids::{ItemCode, PolicyVersion};
use ledger::policy::{Effect, Layer, PolicyOwner, PolicyRow, PolicySet, narrows};
use ledger::role::Role;
use ledger::text::Text;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeSet;

const ITEMS: [&str; 4] = ["GRZH", "GRZHYE", "XingMing", "ZJHM"];
const PURPOSES: [&str; 3] = ["01", "02", "03"];
const DUTIES: [&str; 11] = [
    "mask:GRZHYE=MK-AMT",
    "mask:GRZHYE=MK-ACCT",
    "drop:GRZHYE",
    "mask:ZJHM=MK-ID",
    "clear:ZJHM",
    "receipt:each",
    "verify-only",
    "limit:5",
    "limit:20",
    "watermark",
    "second-person",
];

pub(crate) fn text<const MAX: usize>(value: &str) -> Text<MAX> {
    Text::new(value).unwrap()
}

/// `*` more often than not, so that rows often speak.
fn a_list(elements: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        5 => Just("*".to_owned()),
        1 => subsequence(elements, 1..=elements.len()).prop_map(|chosen| chosen.join(",")),
    ]
}

prop_compose! {
    fn an_allow_row()(
        role in a_list(&["BIZ_USER", "REQ_OPERATOR", "PROV_APPROVER"]),
        requester in a_list(&["440000", "12440100X00000254F", "inspectorate"]),
        class in prop_oneof![4 => a_list(&["307001", "307002"]), 1 => Just("share:conditional".to_owned())],
        items in a_list(&ITEMS),
        grade_max in prop_oneof![1 => 1..GRADE_MAX, 3 => Just(GRADE_MAX)],
        action in a_list(&["request", "approve", "ask"]),
        purpose in a_list(&PURPOSES),
        assurance_min in prop_oneof![4 => Just(1_u8), 1 => 2..=3_u8],
        sensitivity in a_list(&["0", "1", "2"]),
        hours in a_list(&["1-5@08:00-18:00", "6@00:00-24:00"]),
        zones in a_list(&["hall", "office"]),
        duties in subsequence(&DUTIES[..], 0..=3),
    ) -> PolicyRow {
        let covered = |duty: &&str| items == "*" || match duty.parse::<Obligation>().unwrap().item() {
            Some(item) => items.split(',').any(|code| code == item.as_str()),
            None => true,
        };
        let obligations = duties.into_iter().filter(covered).map(text).collect();
        PolicyRow {
            role: text(&role), requester: text(&requester), entry_class: text(&class), items: text(&items),
            grade_max, action: text(&action), purpose: text(&purpose), assurance_min, obligations,
            sensitivity: text(&sensitivity), hours: text(&hours), zones: text(&zones),
            ..a_row("r")
        }
    }
}

fn a_deny_row() -> impl Strategy<Value = PolicyRow> {
    an_allow_row().prop_map(|row| PolicyRow {
        grade_max: GRADE_MAX,
        assurance_min: 1,
        obligations: Vec::new(),
        effect: Effect::Deny,
        ..row
    })
}

pub(crate) fn any_row() -> impl Strategy<Value = PolicyRow> {
    prop_oneof![9 => an_allow_row(), 1 => a_deny_row()]
}

pub(crate) fn named(rows: Vec<PolicyRow>) -> Vec<PolicyRow> {
    rows.into_iter().enumerate().map(|(n, row)| PolicyRow { id: text(&format!("r{n}")), ..row }).collect()
}

pub(crate) fn some_rows() -> impl Strategy<Value = Rows> {
    let a_layer = || vec(any_row(), 0..6).prop_map(named);
    [a_layer(), a_layer(), a_layer()]
}

prop_compose! {
    pub(crate) fn a_question()(
        role in select(Role::ALL),
        inspectorate in any::<bool>(),
        share_type in select(ShareType::ALL),
        class in select(&["307001", "307002", "307003"][..]),
        items in btree_set(select(&ITEMS[..]), 0..4),
        grade in prop_oneof![6 => 1..=GRADE_MAX, 1 => Just(0), 1 => Just(GRADE_MAX + 1)],
        action in prop_oneof![5 => select(&[Action::Request, Action::Ask][..]), 1 => select(Action::ALL)],
        purpose in option::weighted(0.9, select(&PURPOSES[..])),
        assurance in select(Assurance::ALL),
        sensitivities in btree_set(0..3_u8, 0..3),
        clearance in prop_oneof![4 => Just(4_u8), 1 => 0..=3_u8],
        zone in option::weighted(0.8, select(&["hall", "office", "else"][..])),
        minute in 0..7 * 24 * 60_usize,
        grant_live in prop_oneof![1 => Just(None), 1 => Just(Some(false)), 6 => Just(Some(true))],
    ) -> Question {
        let story = cases().into_iter().find(|case| case.name == "the story's query is asked").unwrap().question;
        Question {
            role, requester_inspectorate: inspectorate, share_type, entry_class: class.to_owned(),
            items: items.iter().map(|item| item.parse().unwrap()).collect(),
            grade, action, purpose: purpose.map(|code| code.parse().unwrap()), assurance, grant_live,
            sensitivities, clearance, zone: zone.map(text), at: Moment::time(minute),
            ..story
        }
    }
}

fn decided(rows: Rows, question: &Question) -> Result<Decision, AccessFault> {
    Judge::new()?.try_out(&sets_for(question, rows), question)
}

/// A layer judged on its own: the other two allow everything and demand nothing.
fn alone(layer: usize, rows: &Rows, question: &Question) -> Decision {
    let mut open = [vec![a_row("open")], vec![a_row("open")], vec![a_row("open")]];
    open[layer] = rows[layer].clone();
    decided(open, question).unwrap()
}

fn with_row(rows: &Rows, layer: usize, row: &PolicyRow, at: usize) -> Rows {
    let mut rows = rows.clone();
    let at = at.min(rows[layer].len());
    rows[layer].insert(at, PolicyRow { id: text("added"), ..row.clone() });
    rows
}

/// A row made narrower or wider, or taken away.
fn changed(row: &PolicyRow, change: u8) -> Option<PolicyRow> {
    let is_allow = row.effect == Effect::Allow;
    match change {
        0 => None,
        1 => Some(PolicyRow { purpose: text("01"), ..row.clone() }),
        2 if is_allow => Some(PolicyRow { grade_max: 2, ..row.clone() }),
        3 if is_allow => {
            let mut row = row.clone();
            row.obligations.push(text("watermark"));
            Some(row)
        }
        4 => Some(PolicyRow { purpose: text("*"), ..row.clone() }),
        5 if is_allow => Some(PolicyRow { obligations: Vec::new(), ..row.clone() }),
        _ => Some(row.clone()),
    }
}

pub(crate) type Duties = BTreeSet<Obligation>;

fn some_duties() -> impl Strategy<Value = Duties> {
    subsequence(&DUTIES[..], 0..=DUTIES.len())
        .prop_map(|duties| duties.iter().map(|duty| duty.parse().unwrap()).collect())
}

/// How strict duties are about one item: clear, masked, dropped.
fn strictness(duties: &Duties, item: &str) -> u8 {
    let duty = duties.iter().find(|duty| duty.item().is_some_and(|code| code.as_str() == item));
    match duty {
        Some(Obligation::Drop { .. }) => 2,
        Some(Obligation::Mask { .. }) => 1,
        Some(_) | None => 0,
    }
}

/// Whether `later` demands no less than `earlier`.
pub(crate) fn duties_are_as_strict(later: &Duties, earlier: &Duties) -> bool {
    earlier.iter().all(|duty| match duty {
        Obligation::Limit { rows } => {
            later.iter().any(|other| matches!(other, Obligation::Limit { rows: fewer } if fewer <= rows))
        }
        duty => match duty.item() {
            Some(item) => strictness(later, item.as_str()) >= strictness(earlier, item.as_str()),
            None => later.contains(duty),
        },
    })
}

/// Whether `later` lets no more out than `earlier`.
fn is_as_strict(later: &Decision, earlier: &Decision) -> bool {
    !later.allow || (earlier.allow && duties_are_as_strict(&later.obligations, &earlier.obligations))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn joined_duties_depend_on_no_order_and_only_grow(a in some_duties(), b in some_duties(), c in some_duties(), asked in btree_set(select(&ITEMS[..]), 0..4)) {
        let asked: BTreeSet<ItemCode> = asked.iter().map(|item| item.parse().unwrap()).collect();
        let join = |one: &Duties, other: &Duties| strictest(one.union(other).cloned(), &asked);
        let of = |one: &Duties| strictest(one.iter().cloned(), &asked);
        prop_assert_eq!(join(&a, &b), join(&b, &a));
        prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
        prop_assert_eq!(join(&a, &a), of(&a));
        prop_assert_eq!(of(&of(&a)), of(&a));
        prop_assert_eq!(join(&a, &join(&a, &b)), join(&a, &b), "what was joined stays as strict");
        prop_assert!(duties_are_as_strict(&join(&a, &b), &of(&a)));
    }

    #[test]
    fn a_question_passes_only_where_every_layer_alone_lets_it_pass(rows in some_rows(), question in a_question()) {
        let decision = decided(rows.clone(), &question).unwrap();
        let each: Vec<_> = (0..3).map(|layer| alone(layer, &rows, &question)).collect();
        prop_assert_eq!(decision.allow, each.iter().all(|one| one.allow));
        for one in &each {
            prop_assert!(is_as_strict(&decision, one), "no layer can loosen what another demands");
        }
    }

    #[test]
    fn a_row_added_to_one_layer_never_overrules_another(
        rows in some_rows(), question in a_question(), row in any_row(), layer in 0_usize..3, at in 0_usize..6,
    ) {
        let before = decided(rows.clone(), &question).unwrap();
        let after = decided(with_row(&rows, layer, &row, at), &question).unwrap();
        if after.allow && !before.allow {
            // Only a layer's own silence can be ended by its own rows.
            let own = [Layer::National, Layer::Region, Layer::Department][layer];
            prop_assert_eq!(before.denied_by(), Some(&(own, None)));
            prop_assert!((0..3).filter(|other| *other != layer).all(|other| alone(other, &rows, &question).allow));
        }
        if after.allow && before.allow {
            prop_assert!(is_as_strict(&after, &before), "an allow row adds duties and takes none away");
        }
    }

    #[test]
    fn a_deny_row_never_widens(
        rows in some_rows(), question in a_question(), row in a_deny_row(), layer in 0_usize..3, at in 0_usize..6,
    ) {
        let before = decided(rows.clone(), &question).unwrap();
        let after = decided(with_row(&rows, layer, &row, at), &question).unwrap();
        prop_assert!(!after.allow || (before.allow && after.obligations == before.obligations));
    }

    #[test]
    fn what_the_ledger_calls_narrowing_lets_nothing_more_pass_at_any_door(
        rows in some_rows(), changes in vec(0..8_u8, 6), more in option::of(any_row()),
        layer in 0_usize..3, questions in vec(a_question(), 8),
    ) {
        let mut new = rows.clone();
        new[layer] = rows[layer].iter().zip(&changes).filter_map(|(row, change)| changed(row, *change)).collect();
        new[layer].extend(more.map(|row| PolicyRow { id: text("added"), ..row }));
        let set = |rows: &Rows| PolicySet {
            owner: PolicyOwner::Nation, number: 1, previous: PolicyVersion([0; 32]), rows: rows[layer].clone(),
        };
        if !narrows(&set(&rows), &set(&new)) {
            return Ok(());
        }
        for question in &questions {
            let (before, after) = (decided(rows.clone(), question).unwrap(), decided(new.clone(), question).unwrap());
            prop_assert!(is_as_strict(&after, &before), "{:?}", question);
        }
    }

    #[test]
    fn the_order_of_rows_decides_nothing_but_the_name(rows in some_rows(), question in a_question()) {
        let turned = rows.clone().map(|rows| rows.into_iter().rev().collect());
        let (before, after) = (decided(rows, &question).unwrap(), decided(turned, &question).unwrap());
        prop_assert_eq!((before.allow, before.obligations), (after.allow, after.obligations));
    }

    #[test]
    fn no_text_in_a_row_opens_a_door_or_breaks_the_judge(
        cells in vec("[ -~]{1,12}|[*]|[A-Z_]{2,6}|\\PC{1,8}", 6), question in a_question(),
    ) {
        let Ok(cells) = cells.iter().map(|cell| Text::<40>::new(cell)).collect::<Result<Vec<_>, _>>() else {
            return Ok(());
        };
        let [role, requester, class, items, action, duty] = cells.as_slice() else { unreachable!() };
        let row = PolicyRow {
            role: text(role.as_str()), requester: text(requester.as_str()), entry_class: text(class.as_str()), items: text(items.as_str()),
            action: text(action.as_str()), obligations: vec![text(duty.as_str())],
            ..a_row("r")
        };
        // Six cells by chance are never all well formed: `duty` alone would have to be one of a few words.
        let fault = decided([vec![row], vec![a_row("a")], vec![a_row("a")]], &question);
        prop_assert!(matches!(fault, Err(AccessFault::Set(SetFault::MalformedRow { .. }))), "let through");
    }
}
