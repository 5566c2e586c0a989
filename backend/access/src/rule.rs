//! A row as published on the chain, read and checked. What cannot be read here is never judged.
//!
//! Lists are `*` (everything) or codes separated by single commas. Nothing is trimmed, guessed or
//! ignored: a misspelt deny row that silently denies nothing would be the worst of all rows.

use crate::fault::RowProblem;
use crate::limits::GRADE_MAX;
use crate::obligation::Obligation;
use crate::question::Action;
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

/// A row that can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: RowId,
    /// The row as Casbin gets it: one cell per column of the model's policy definition.
    pub(crate) cells: Vec<String>,
    pub(crate) obligations: BTreeSet<Obligation>,
    pub(crate) effect: Effect,
}

impl Rule {
    /// Reads a row.
    pub(crate) fn parse(row: &PolicyRow) -> Result<Self, RowProblem> {
        check(row.role.as_str(), |code| Role::from_code(code).is_some(), RowProblem::Role)?;
        check(row.requester.as_str(), |code| code == INSPECTORATE || is_party(code), RowProblem::Requester)?;
        check(row.provider.as_str(), is_party, RowProblem::Provider)?;
        check_class(row.entry_class.as_str())?;
        check(row.items.as_str(), |code| code.parse::<ItemCode>().is_ok(), RowProblem::Items)?;
        check(row.action.as_str(), |code| Action::from_code(code).is_some(), RowProblem::Action)?;
        check(row.purpose.as_str(), |code| code.parse::<Code2>().is_ok(), RowProblem::Purpose)?;
        if !(1..=GRADE_MAX).contains(&row.grade_max) {
            return Err(RowProblem::GradeMax);
        }
        if !Assurance::ALL.iter().any(|assurance| assurance.number() == row.assurance_min) {
            return Err(RowProblem::AssuranceMin);
        }
        let obligations = obligations(row)?;
        let is_wide = row.grade_max == GRADE_MAX && row.assurance_min == Assurance::Password.number();
        if row.effect == Effect::Deny && !(is_wide && obligations.is_empty()) {
            return Err(RowProblem::Deny);
        }
        Ok(Self { id: row.id.clone(), cells: cells(row), obligations, effect: row.effect })
    }
}

/// In the order of the model's policy definition.
fn cells(row: &PolicyRow) -> Vec<String> {
    let obligations: Vec<&str> = row.obligations.iter().map(Text::as_str).collect();
    vec![
        row.id.as_str().to_owned(),
        row.role.as_str().to_owned(),
        row.requester.as_str().to_owned(),
        row.provider.as_str().to_owned(),
        row.entry_class.as_str().to_owned(),
        row.items.as_str().to_owned(),
        row.grade_max.to_string(),
        row.action.as_str().to_owned(),
        row.purpose.as_str().to_owned(),
        row.assurance_min.to_string(),
        obligations.join(","),
        row.effect.code().to_owned(),
    ]
}

fn check(list: &str, is_known: impl Fn(&str) -> bool, problem: RowProblem) -> Result<(), RowProblem> {
    if list == EVERYTHING || list.split(',').all(is_known) { Ok(()) } else { Err(problem) }
}

fn check_class(list: &str) -> Result<(), RowProblem> {
    let is_class = |code: &str| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    match list.strip_prefix(SHARE) {
        Some(share) if ShareType::from_code(share).is_some() => Ok(()),
        Some(_) => Err(RowProblem::EntryClass),
        None => check(list, is_class, RowProblem::EntryClass),
    }
}

fn is_party(code: &str) -> bool {
    code.parse::<DepartmentId>().is_ok()
        || code.parse::<RegionCode>().is_ok_and(|region| is_division(&region))
}

/// A division has a province, a city only within one, a county only within that (GB/T 2260).
fn is_division(region: &RegionCode) -> bool {
    !region.as_str().starts_with("00") && !division(region.as_str()).contains("00")
}

/// The digits all places within a division begin with: `440000` is Guangdong and all in it.
pub(crate) fn division(code: &str) -> &str {
    let without_county = code.strip_suffix("00").unwrap_or(code);
    match without_county.strip_suffix("00") {
        Some(province) if without_county.len() < code.len() => province,
        _ => without_county,
    }
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

    /// A row that allows everything.
    pub(crate) fn a_row(id: &str) -> PolicyRow {
        let every = || Text::new(EVERYTHING).unwrap();
        PolicyRow {
            id: Text::new(id).unwrap(),
            role: every(),
            requester: every(),
            provider: every(),
            entry_class: every(),
            items: Text::new(EVERYTHING).unwrap(),
            grade_max: GRADE_MAX,
            action: every(),
            purpose: Text::new(EVERYTHING).unwrap(),
            assurance_min: 1,
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
        for bad in ["watermark", "mask:ZJHM", "receipt:batch", "drop:", "mask:ZJHM=MK-ID,receipt:each"] {
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
