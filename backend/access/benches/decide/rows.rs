//! Rows and questions of a country: 500 departments, 60 kinds of entry, 40 items.

use std::collections::BTreeSet;

use access::{Action, Question};
use ledger::catalogue::ShareType;
use ledger::ids::{DepartmentId, Time};
use ledger::policy::{Effect, PolicyRow};
use ledger::role::{Assurance, Role};
use ledger::text::Text;

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed ^ (mixed >> 27)) >> 33).unwrap() % bound
    }
}

/// Fictional centres, with their divisions.
pub(crate) fn departments(count: usize) -> Vec<(DepartmentId, String)> {
    (0..count)
        .map(|number| {
            let region = format!("{:02}{:02}00", 11 + number % 30, 1 + number / 30);
            let front = format!("12{region}X{number:07}0");
            let id = "0123456789ABCDEFGHJKLMNPQRTUWXY"
                .chars()
                .find_map(|check| format!("{front}{check}").parse().ok());
            (id.unwrap(), region)
        })
        .collect()
}

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

pub(crate) fn open_row(id: &str) -> PolicyRow {
    PolicyRow {
        id: text(id),
        role: text("*"),
        requester: text("*"),
        provider: text("*"),
        entry_class: text("*"),
        items: text("*"),
        sensitivity: text("*"),
        grade_max: 4,
        action: text("*"),
        purpose: text("*"),
        assurance_min: 1,
        hours: text("*"),
        zones: text("*"),
        obligations: vec![],
        effect: Effect::Allow,
    }
}

fn class(number: usize) -> String {
    format!("{}", 307_000 + number)
}

/// One department may ask one division for some items for two purposes; one row in a hundred denies.
pub(crate) fn a_row(dice: &mut Dice, departments: &[(DepartmentId, String)], id: usize) -> PolicyRow {
    let (requester, _) = &departments[dice.below(departments.len())];
    let (_, provider) = &departments[dice.below(departments.len())];
    let items: BTreeSet<String> = (0..4).map(|_| format!("I{}", dice.below(40))).collect();
    let purposes: BTreeSet<String> = (0..2).map(|_| format!("{:02}", 1 + dice.below(9))).collect();
    let mut row = PolicyRow {
        role: text(["BIZ_USER", "BIZ_USER,DATA_OWNER_OPS"][dice.below(2)]),
        requester: text(requester.as_str()),
        provider: text(&format!("{}0000", &provider[..2])),
        entry_class: text(&class(dice.below(60))),
        items: text(&items.iter().cloned().collect::<Vec<_>>().join(",")),
        action: text("ask,answer"),
        purpose: text(&purposes.into_iter().collect::<Vec<_>>().join(",")),
        hours: text(["*", "1-7@00:00-24:00"][dice.below(2)]),
        ..open_row(&format!("row-{id}"))
    };
    if dice.below(100) == 0 {
        row.effect = Effect::Deny;
    } else {
        row.obligations = vec![text(&format!("mask:{}=MK-AMT", items.first().unwrap()))];
    }
    row
}

/// Every second one is what some row is about, the others are of chance.
pub(crate) fn a_question(
    dice: &mut Dice,
    departments: &[(DepartmentId, String)],
    rows: &[PolicyRow],
) -> Question {
    let row = &rows[dice.below(rows.len())];
    let (of_chance, provider) = (dice.below(2) == 0, &departments[dice.below(departments.len())]);
    let within = |(_, region): &&(DepartmentId, String)| region[..2] == row.provider.as_str()[..2];
    let requester = departments.iter().find(|(id, _)| id.as_str() == row.requester.as_str()).unwrap();
    let requester = if of_chance { &departments[dice.below(departments.len())] } else { requester };
    let provider = if of_chance { provider } else { departments.iter().find(within).unwrap() };
    let purpose = row.purpose.as_str().split(',').next().unwrap();
    Question {
        role: Role::BizUser,
        clearance: 4,
        assurance: Assurance::Password,
        zone: None,
        requester: requester.0.clone(),
        requester_region: requester.1.parse().unwrap(),
        requester_inspectorate: false,
        provider: provider.0.clone(),
        provider_region: provider.1.parse().unwrap(),
        share_type: ShareType::Conditional,
        entry_class: row.entry_class.as_str().to_owned(),
        items: row
            .items
            .as_str()
            .split(',')
            .take(1 + dice.below(4))
            .map(|item| item.parse().unwrap())
            .collect(),
        sensitivities: [1].into(),
        grade: 3,
        action: Action::Ask,
        purpose: Some(purpose.parse().unwrap()),
        at: Time(1_795_157_900_000),
        grant_live: Some(true),
    }
}
