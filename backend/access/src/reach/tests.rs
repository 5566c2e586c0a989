use super::*;
use crate::cases::{centre, sets_for, starter};
use crate::offer::tests::{item, version};
use crate::rule::tests::a_row;
use ledger::policy::{Effect, PolicyRow};
use ledger::text::Text;

fn text<const MAX: usize>(value: &str) -> Text<MAX> {
    Text::new(value).unwrap()
}

fn known() -> Known {
    let department = |name: &str| {
        let (id, region, inspectorate) = centre(name);
        KnownDepartment { id, region: region.parse().unwrap(), inspectorate }
    };
    Known {
        departments: ["gz", "nj", "cd"].map(department).into(),
        entries: vec![KnownEntry::from(&version(1, vec![item("GRZHZT", 2), item("GRZHYE", 4)]))],
    }
}

/// Who reaches an item where every layer has the starter rows and these more.
fn reach(code: &str, more: Vec<PolicyRow>) -> Reach {
    let (known, story) = (known(), crate::cases::cases().remove(0).question);
    let mut rows = starter();
    rows[0].extend(more);
    let sets: BTreeMap<DepartmentId, PolicySets> = known
        .departments
        .iter()
        .map(|one| {
            // Any door whose side it is.
            let (requester, requester_region) = (one.id.clone(), one.region.clone());
            let question = Question { action: Action::Ask, requester, requester_region, ..story.clone() };
            (one.id.clone(), sets_for(&question, rows.clone()))
        })
        .collect();
    let entry = &known.entries[0];
    let item = entry.item(&code.parse().unwrap()).unwrap();
    Judge::new().unwrap().reach(entry, item, &known, |id| sets.get(id)).unwrap()
}

fn purposes(means: &Means) -> Vec<&str> {
    means.purposes.iter().map(|code| code.as_str()).collect()
}

#[test]
fn under_the_starter_rows_business_users_reach_an_item_by_query_alone() {
    let found = reach("GRZHZT", vec![]);
    let (means, reached) = found.first_key_value().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((means.way, means.role, means.assurance), (Way::Query, Role::BizUser, Assurance::Password));
    assert_eq!(purposes(means), ["01", "02", "03"]);
    assert_eq!(
        reached.requesters,
        BTreeSet::from([centre("gz").0, centre("cd").0]),
        "not the provider itself"
    );
    assert!(reached.always);
    let rows: Vec<_> =
        means.rows.iter().map(|(door, _, row)| (*door, row.as_ref().unwrap().as_str())).collect();
    assert_eq!(
        rows,
        [
            (Action::Ask, "nat-ask"),
            (Action::Ask, "reg-purposes"),
            (Action::Ask, "dep-all"),
            (Action::Answer, "nat-answer"),
            (Action::Answer, "reg-purposes"),
            (Action::Answer, "dep-all"),
        ]
    );
}

/// Two who reach an item for other purposes are two answers: no pair is told that no rows allow.
#[test]
fn a_purpose_is_told_of_those_alone_who_reach_the_item_for_it() {
    let narrower = PolicyRow {
        requester: text(centre("cd").0.as_str()),
        purpose: text("01"),
        effect: Effect::Deny,
        ..a_row("not-cd")
    };
    let found = reach("GRZHZT", vec![narrower]);
    let told: Vec<_> = found.iter().map(|(means, reached)| (purposes(means), &reached.requesters)).collect();
    let [gz, cd] = ["gz", "cd"].map(|name| BTreeSet::from([centre(name).0]));
    assert_eq!(told, [(vec!["01", "02", "03"], &gz), (vec!["02", "03"], &cd)]);
}

#[test]
fn what_rows_withhold_is_reached_for_fewer_purposes() {
    let found = reach("GRZHYE", vec![]);
    assert_eq!(found.keys().map(purposes).collect::<Vec<_>>(), [["01", "02"]]);
}

#[test]
fn a_row_with_conditions_is_found_with_its_conditions() {
    let audit = PolicyRow {
        role: text("READER"),
        requester: text(centre("cd").0.as_str()),
        action: text("verify"),
        purpose: text("01"),
        assurance_min: 2,
        hours: text("1-5@08:00-18:00"),
        zones: text("hall"),
        obligations: vec![text("verify-only")],
        ..a_row("audit")
    };
    let found = reach("GRZHYE", vec![audit]);
    let (means, reached) = found.iter().find(|(means, _)| means.role == Role::Reader).unwrap();
    assert_eq!((means.way, means.assurance, &means.zone), (Way::Verify, Assurance::Otp, &Some(text("hall"))));
    assert_eq!(reached.requesters, BTreeSet::from([centre("cd").0]));
    assert!(!reached.always && means.obligations.contains(&Obligation::VerifyOnly));
    assert_eq!(found.len(), 2);
    let dropped = PolicyRow { obligations: vec![text("drop:GRZHYE")], ..a_row("drop") };
    assert_eq!(reach("GRZHYE", vec![dropped]).len(), 0, "what is dropped is not reached");
}
