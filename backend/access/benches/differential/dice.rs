//! Random rows and questions, the same in every run.

use super::{Action, Obligation, Question};
use ledger::catalogue::ShareType;
use ledger::ids::Time;
use ledger::policy::{Effect, PolicyRow};
use ledger::role::{Assurance, Role};
use ledger::text::Text;
use std::collections::BTreeSet;

const PARTIES: [&str; 8] = [
    "440000",
    "440100",
    "12440100X00000254F",
    "320000",
    "320100",
    "12320100X00000115R",
    "510000",
    "12510100X00000318P",
];
const ITEMS: [&str; 8] = ["GRZH", "GRZHYE", "XingMing", "ZJHM", "GRZHZT", "YJCE", "SJHM", "CXMC"];
const DUTIES: [&str; 8] = [
    "mask:GRZHYE=MK-AMT",
    "mask:GRZHYE=MK-ACCT",
    "drop:ZJHM",
    "clear:GRZH",
    "receipt:each",
    "limit:5",
    "watermark",
    "verify-only",
];

/// Numbers that look random and are the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed ^ (mixed >> 27)) >> 33).unwrap() % bound
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn some<const MAX: usize>(&mut self, of: &[&str], every: usize) -> Text<MAX> {
        if self.below(100) < every {
            return Text::new("*").unwrap();
        }
        let most = of.len().min(4);
        let chosen: BTreeSet<&str> = (0..=self.below(most)).map(|_| self.one(of)).collect();
        Text::new(&chosen.into_iter().collect::<Vec<_>>().join(",")).unwrap()
    }

    /// A row; `every` of a hundred cells name everything.
    pub(super) fn row(&mut self, id: usize, every: usize) -> PolicyRow {
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.code()).collect();
        let actions: Vec<&str> = Action::ALL.iter().map(|action| action.code()).collect();
        let mut row = PolicyRow {
            role: self.some(&roles, every),
            requester: self.some(&[&PARTIES[..], &["inspectorate"]].concat(), every),
            provider: self.some(&PARTIES, every),
            entry_class: if self.below(8) == 0 {
                Text::new(self.one(&["share:conditional", "share:not-shared"])).unwrap()
            } else {
                self.some(&["307001", "307002", "307003"], every)
            },
            items: self.some(&ITEMS, every),
            sensitivity: self.some(&["0", "1", "2", "3"], every.max(60)),
            action: self.some(&actions, every),
            purpose: self.some(&["01", "02", "03", "04"], every),
            hours: self.some(&["1-5@08:00-18:00", "6@00:00-24:00", "7@20:00-21:30"], every.max(60)),
            zones: self.some(&["hall", "office"], every.max(60)),
            id: Text::new(&format!("r{id}")).unwrap(),
            grade_max: 4,
            assurance_min: 1,
            obligations: Vec::new(),
            effect: Effect::Allow,
        };
        if self.below(20) == 0 {
            row.effect = Effect::Deny;
            return row;
        }
        row.grade_max = u8::try_from(1 + self.below(4)).unwrap();
        row.assurance_min = u8::try_from(1 + self.below(3)).unwrap();
        let covered = |duty: &str| {
            let duty: Obligation = duty.parse().unwrap();
            row.items.as_str() == "*"
                || duty
                    .item()
                    .is_none_or(|item| row.items.as_str().split(',').any(|code| code == item.as_str()))
        };
        let duties = (0..self.below(3)).map(|_| self.one(&DUTIES)).filter(|duty| covered(duty));
        row.obligations = duties.collect::<Vec<_>>().iter().map(|duty| Text::new(duty).unwrap()).collect();
        row
    }

    pub(super) fn question(&mut self) -> Question {
        let (requester, requester_region) = [
            ("12440100X00000254F", "440100"),
            ("12320100X00000115R", "320100"),
            ("12510100X00000318P", "510104"),
        ][self.below(3)];
        let items: BTreeSet<_> = (0..self.below(4)).map(|_| self.one(&ITEMS).parse().unwrap()).collect();
        Question {
            role: Role::ALL[self.below(Role::ALL.len())],
            clearance: u8::try_from(self.below(5)).unwrap().max(u8::try_from(self.below(5)).unwrap()),
            assurance: Assurance::ALL[self.below(3)],
            zone: [None, Some("hall"), Some("office"), Some("else")][self.below(4)]
                .map(|zone| Text::new(zone).unwrap()),
            requester: requester.parse().unwrap(),
            requester_region: requester_region.parse().unwrap(),
            requester_inspectorate: self.below(4) == 0,
            share_type: ShareType::ALL[self.below(ShareType::ALL.len())],
            entry_class: self.one(&["307001", "307002", "307003", "307004"]).to_owned(),
            sensitivities: items.iter().map(|_| u8::try_from(self.below(4)).unwrap()).collect(),
            items,
            grade: u8::try_from(self.below(6)).unwrap(),
            action: Action::ALL[self.below(Action::ALL.len())],
            purpose: [None, Some("01"), Some("02"), Some("03"), Some("05")][self.below(5)]
                .map(|code| code.parse().unwrap()),
            at: Time(self.below(7 * 24 * 60) as u64 * 60_000),
            grant_live: [None, Some(false), Some(true), Some(true), Some(true)][self.below(5)],
            provider: "12320100X00000115R".parse().unwrap(),
            provider_region: "320100".parse().unwrap(),
        }
    }
}
