//! A row as published on the chain, read and checked. What cannot be read here is never judged.
//!
//! Lists are `*` (everything) or codes separated by single commas. Nothing is trimmed, guessed or
//! ignored: a misspelt deny row that silently denies nothing would be the worst of all rows.

use crate::fault::RowProblem;
use crate::hours::Hours;
use crate::limits::GRADE_MAX;
use crate::obligation::Obligation;
use crate::question::{Action, Zone};
use ledger::catalogue::ShareType;
use ledger::ids::{Code2, DepartmentId, ItemCode, RegionCode};
use ledger::policy::{Effect, PolicyRow, RowId};
use ledger::role::{Assurance, Role};
use ledger::text::Text;
use std::collections::BTreeSet;

/// The list that stands for everything.
pub(crate) const EVERYTHING: &str = "*";
/// The requester that stands for every department flagged as inspectorate.
pub(crate) const INSPECTORATE: &str = "inspectorate";
/// Before a sharing type in the column of entry classes.
pub(crate) const SHARE: &str = "share:";
/// Highest sensitivity of an item.
const SENSITIVITY_MAX: u8 = 3;

/// What a cell names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named<T> {
    /// `*`.
    Every,
    /// A list.
    Only(BTreeSet<T>),
}

impl<T: Ord> Named<T> {
    fn read(text: &str, read: impl Fn(&str) -> Option<T>, problem: RowProblem) -> Result<Self, RowProblem> {
        if text == EVERYTHING {
            return Ok(Self::Every);
        }
        let named: Option<BTreeSet<T>> = text.split(',').map(read).collect();
        named.map(Self::Only).ok_or(problem)
    }

    /// Whether the list holds it.
    pub(crate) fn holds(&self, one: &T) -> bool {
        match self {
            Self::Every => true,
            Self::Only(named) => named.contains(one),
        }
    }

    /// What is named one by one.
    pub(crate) fn only(&self) -> Option<&BTreeSet<T>> {
        match self {
            Self::Every => None,
            Self::Only(named) => Some(named),
        }
    }
}

/// A department, or several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Party {
    /// By its code.
    Department(DepartmentId),
    /// All within a division, by the digits their codes begin with.
    Division(String),
    /// All flagged as inspectorate.
    Inspectorate,
}

impl Party {
    fn read(code: &str) -> Option<Self> {
        if let Ok(id) = code.parse() {
            return Some(Self::Department(id));
        }
        let region: RegionCode = code.parse().ok()?;
        is_division(&region).then(|| Self::Division(division(code).to_owned()))
    }

    /// As it is written in a row.
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Department(id) => id.as_str().to_owned(),
            Self::Division(within) => format!("{within:0<6}"),
            Self::Inspectorate => INSPECTORATE.to_owned(),
        }
    }

    /// Whether a department is named by this.
    pub(crate) fn names(&self, id: &DepartmentId, region: &RegionCode, is_inspectorate: bool) -> bool {
        match self {
            Self::Department(named) => named == id,
            Self::Division(within) => region.as_str().starts_with(within.as_str()),
            Self::Inspectorate => is_inspectorate,
        }
    }
}

/// The entries a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Classes {
    /// `*`, or classifications.
    Named(Named<String>),
    /// All that are shared like this.
    Shared(ShareType),
}

impl Classes {
    fn read(list: &str) -> Result<Self, RowProblem> {
        let is_class = |code: &str| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        match list.strip_prefix(SHARE) {
            Some(share) => ShareType::from_code(share).map(Self::Shared).ok_or(RowProblem::EntryClass),
            None => {
                let read = |code: &str| is_class(code).then(|| code.to_owned());
                Named::read(list, read, RowProblem::EntryClass).map(Self::Named)
            }
        }
    }

    /// Whether an entry is of them.
    pub(crate) fn hold(&self, class: &str, share: ShareType) -> bool {
        match self {
            Self::Named(Named::Every) => true,
            Self::Named(Named::Only(classes)) => classes.contains(class),
            Self::Shared(named) => *named == share,
        }
    }
}

/// A row that can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: RowId,
    pub(crate) roles: Named<Role>,
    pub(crate) requesters: Named<Party>,
    pub(crate) providers: Named<Party>,
    pub(crate) classes: Classes,
    pub(crate) items: Named<ItemCode>,
    pub(crate) sensitivities: Named<u8>,
    pub(crate) grade_max: u8,
    pub(crate) actions: Named<Action>,
    pub(crate) purposes: Named<Code2>,
    pub(crate) assurance_min: u8,
    pub(crate) hours: Hours,
    pub(crate) zones: Named<Zone>,
    pub(crate) obligations: BTreeSet<Obligation>,
    pub(crate) effect: Effect,
}

impl Rule {
    /// Reads a row.
    pub(crate) fn parse(row: &PolicyRow) -> Result<Self, RowProblem> {
        let requester = |code: &str| match code {
            INSPECTORATE => Some(Party::Inspectorate),
            _ => Party::read(code),
        };
        let rule = Self {
            id: row.id.clone(),
            roles: Named::read(row.role.as_str(), Role::from_code, RowProblem::Role)?,
            requesters: Named::read(row.requester.as_str(), requester, RowProblem::Requester)?,
            providers: Named::read(row.provider.as_str(), Party::read, RowProblem::Provider)?,
            classes: Classes::read(row.entry_class.as_str())?,
            items: Named::read(row.items.as_str(), |code| code.parse().ok(), RowProblem::Items)?,
            sensitivities: Named::read(row.sensitivity.as_str(), sensitivity, RowProblem::Sensitivity)?,
            grade_max: row.grade_max,
            actions: Named::read(row.action.as_str(), Action::from_code, RowProblem::Action)?,
            purposes: Named::read(row.purpose.as_str(), |code| code.parse().ok(), RowProblem::Purpose)?,
            assurance_min: row.assurance_min,
            hours: Hours::read(row.hours.as_str()).ok_or(RowProblem::Hours)?,
            zones: Named::read(row.zones.as_str(), zone, RowProblem::Zones)?,
            obligations: obligations(row)?,
            effect: row.effect,
        };
        if !(1..=GRADE_MAX).contains(&rule.grade_max) {
            return Err(RowProblem::GradeMax);
        }
        if !Assurance::ALL.iter().any(|assurance| assurance.number() == rule.assurance_min) {
            return Err(RowProblem::AssuranceMin);
        }
        let is_wide = rule.grade_max == GRADE_MAX && rule.assurance_min == 1 && rule.obligations.is_empty();
        if rule.effect == Effect::Deny && !is_wide {
            return Err(RowProblem::Deny);
        }
        Ok(rule)
    }
}

/// The row as Casbin gets it, in the order of the model's policy definition.
pub(crate) fn cells(row: &PolicyRow) -> Vec<String> {
    let obligations: Vec<&str> = row.obligations.iter().map(Text::as_str).collect();
    vec![
        row.id.as_str().to_owned(),
        row.role.as_str().to_owned(),
        row.requester.as_str().to_owned(),
        row.provider.as_str().to_owned(),
        row.entry_class.as_str().to_owned(),
        row.items.as_str().to_owned(),
        row.sensitivity.as_str().to_owned(),
        row.grade_max.to_string(),
        row.action.as_str().to_owned(),
        row.purpose.as_str().to_owned(),
        row.assurance_min.to_string(),
        row.hours.as_str().to_owned(),
        row.zones.as_str().to_owned(),
        obligations.join(","),
        row.effect.code().to_owned(),
    ]
}

fn sensitivity(code: &str) -> Option<u8> {
    (0..=SENSITIVITY_MAX).find(|number| number.to_string() == code)
}

fn zone(code: &str) -> Option<Zone> {
    let is_zone = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if code.bytes().all(is_zone) { Zone::new(code).ok() } else { None }
}

/// A division has a province, a city only within one, a county only within that (GB/T 2260).
fn is_division(region: &RegionCode) -> bool {
    !region.as_str().starts_with("00") && !division(region.as_str()).contains("00")
}

/// The digits all places within a division begin with: `440000` is Guangdong and all in it.
pub(crate) fn division(code: &str) -> &str {
    let without_county = code.strip_suffix("00").unwrap_or(code);
    without_county.strip_suffix("00").unwrap_or(without_county)
}

fn obligations(row: &PolicyRow) -> Result<BTreeSet<Obligation>, RowProblem> {
    let covered = |item: &ItemCode| {
        let items = row.items.as_str();
        items == EVERYTHING || items.split(',').any(|code| code == item.as_str())
    };
    row.obligations
        .iter()
        .map(|text| {
            let duty: Obligation = text.as_str().parse().map_err(|_| RowProblem::Obligation)?;
            if duty.item().is_none_or(covered) { Ok(duty) } else { Err(RowProblem::Obligation) }
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn every<const MAX: usize>() -> Text<MAX> {
        Text::new(EVERYTHING).unwrap()
    }

    /// A row that allows everything.
    pub(crate) fn a_row(id: &str) -> PolicyRow {
        PolicyRow {
            id: Text::new(id).unwrap(),
            role: every(),
            requester: every(),
            provider: every(),
            entry_class: every(),
            items: every(),
            sensitivity: every(),
            grade_max: GRADE_MAX,
            action: every(),
            purpose: every(),
            assurance_min: 1,
            hours: every(),
            zones: every(),
            obligations: Vec::new(),
            effect: Effect::Allow,
        }
    }

    fn problem(change: impl Fn(&mut PolicyRow)) -> Option<RowProblem> {
        let mut row = a_row("r");
        change(&mut row);
        Rule::parse(&row).err()
    }

    fn text<const MAX: usize>(value: &str) -> Text<MAX> {
        Text::new(value).unwrap()
    }

    #[test]
    fn well_formed_lists_are_read() {
        assert_eq!(problem(|row| row.role = text("BIZ_USER,REQ_OPERATOR")), None);
        assert_eq!(problem(|row| row.requester = text("inspectorate,12440100X00000254F")), None);
        assert_eq!(problem(|row| row.provider = text("440000,320100,440106")), None);
        assert_eq!(problem(|row| row.entry_class = text("share:not-shared")), None);
        assert_eq!(problem(|row| row.entry_class = text("307001,307002")), None);
        assert_eq!(problem(|row| row.items = text("GRZH,XingMing")), None);
        assert_eq!(problem(|row| row.action = text("request,approve,ask,answer")), None);
        assert_eq!(problem(|row| row.purpose = text("01,02")), None);
        assert_eq!(problem(|row| row.sensitivity = text("0,1,3")), None);
        assert_eq!(problem(|row| row.hours = text("1-5@08:00-12:00,6@09:30-24:00")), None);
        assert_eq!(problem(|row| row.zones = text("office,hall-2")), None);
    }

    #[test]
    fn a_misspelt_cell_is_refused_and_named() {
        for bad in ["biz_user", "BIZ_USER,", ",", "BIZ_USER, REQ_OPERATOR", "*,BIZ_USER", "ROOT", "* "] {
            assert_eq!(problem(|row| row.role = text(bad)), Some(RowProblem::Role), "{bad}");
        }
        for bad in ["Inspectorate", "12440100X00000254G", "44010", "000000", "440001", "000100", "any", "**"]
        {
            assert_eq!(problem(|row| row.requester = text(bad)), Some(RowProblem::Requester), "{bad}");
        }
        for bad in ["inspectorate", "self", "4401000"] {
            assert_eq!(problem(|row| row.provider = text(bad)), Some(RowProblem::Provider), "{bad}");
        }
        for bad in
            ["share:", "share:3", "share:*", "share:not-shared,307001", "30700x", "307001,*", "307001/1"]
        {
            assert_eq!(problem(|row| row.entry_class = text(bad)), Some(RowProblem::EntryClass), "{bad}");
        }
        for bad in ["GR ZH", "GRZH,,ZJHM", "*,GRZH", "\"GRZH\"", "GRZH;ZJHM", "姓名"] {
            assert_eq!(problem(|row| row.items = text(bad)), Some(RowProblem::Items), "{bad}");
        }
        for bad in ["Ask", "query", "ask,", "ask|answer"] {
            assert_eq!(problem(|row| row.action = text(bad)), Some(RowProblem::Action), "{bad}");
        }
        for bad in ["1", "001", "01,2", "1*"] {
            assert_eq!(problem(|row| row.purpose = text(bad)), Some(RowProblem::Purpose), "{bad}");
        }
        for bad in [0, 5, 255] {
            assert_eq!(problem(|row| row.grade_max = bad), Some(RowProblem::GradeMax));
        }
        for bad in [0, 4, 255] {
            assert_eq!(problem(|row| row.assurance_min = bad), Some(RowProblem::AssuranceMin));
        }
        for bad in ["4", "01", "-1", "1,", "2, 3", "*,1"] {
            assert_eq!(problem(|row| row.sensitivity = text(bad)), Some(RowProblem::Sensitivity), "{bad}");
        }
        for bad in
            ["1-5", "1-5@8:00-18:00", "6-1@08:00-18:00", "1@18:00-08:00", "1@00:00-24:01", "8@00:00-01:00"]
        {
            assert_eq!(problem(|row| row.hours = text(bad)), Some(RowProblem::Hours), "{bad}");
        }
        for bad in ["Office", "a b", "a,,b", "*,a", "办公"] {
            assert_eq!(problem(|row| row.zones = text(bad)), Some(RowProblem::Zones), "{bad}");
        }
        for bad in ["watermarks", "mask:ZJHM", "receipt:batch", "drop:", "mask:ZJHM=MK-ID,receipt:each"] {
            assert_eq!(
                problem(|row| row.obligations = vec![text(bad)]),
                Some(RowProblem::Obligation),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_obligation_about_an_item_outside_the_row_is_refused() {
        let masked = |items: &'static str| {
            move |row: &mut PolicyRow| {
                row.items = text(items);
                row.obligations = vec![text("mask:ZJHM=MK-ID")];
            }
        };
        assert_eq!(problem(masked("GRZH,ZJHM")), None);
        assert_eq!(problem(masked("GRZH")), Some(RowProblem::Obligation));
    }

    #[test]
    fn a_deny_row_holds_for_everyone() {
        let denies = |change: fn(&mut PolicyRow)| {
            problem(|row| {
                row.effect = Effect::Deny;
                change(row);
            })
        };
        assert_eq!(denies(|_| {}), None);
        assert_eq!(denies(|row| row.grade_max = 3), Some(RowProblem::Deny));
        assert_eq!(denies(|row| row.assurance_min = 2), Some(RowProblem::Deny));
        assert_eq!(denies(|row| row.obligations = vec![text("receipt:each")]), Some(RowProblem::Deny));
    }

    #[test]
    fn a_division_holds_all_places_within_it() {
        assert_eq!([division("440000"), division("440100"), division("440106")], ["44", "4401", "440106"]);
        assert_eq!(division("510000"), "51");
        assert_eq!(division("320500"), "3205");
    }
}
