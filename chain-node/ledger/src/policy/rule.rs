//! A row read and checked: the one reader of its words. The rules let no set in force that cannot be read
//! here, and the doors judge by what was read here, so that no set is in force by which no door can judge.
//!
//! Lists are `*` (everything) or codes separated by single commas. Nothing is trimmed, guessed or
//! ignored: a misspelt deny row that silently denies nothing would be the worst of all rows. Each byte of a
//! row is looked at a bounded number of times; how many there are the wire bounds.

use super::{Action, Effect, Obligation, PolicyRow, RowId, Window, Zone};
use crate::catalogue::ShareType;
use crate::ids::{Code2, DepartmentId, ItemCode, RegionCode};
use crate::limits::{GRADE_MAX, SENSITIVITY_MAX};
use crate::role::{Assurance, Role};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};

/// The list that stands for everything.
pub const EVERYTHING: &str = "*";
/// The requester that stands for every department flagged as inspectorate.
pub const INSPECTORATE: &str = "inspectorate";
/// Before a sharing type in the column of entry classes.
pub const SHARE: &str = "share:";

/// The column of a row that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// Not `*` and not a list of role codes.
    #[error("role is neither * nor a list of role codes")]
    Role,
    /// Not `*` and not a list of department codes, division codes, or `inspectorate`.
    #[error("requester is neither * nor a list of department codes, division codes or inspectorate")]
    Requester,
    /// Not `*` and not a list of department or division codes.
    #[error("provider is neither * nor a list of department or division codes")]
    Provider,
    /// Not `*`, not `share:` with a sharing type, and not a list of classifications.
    #[error("entry class is neither *, nor share: with a sharing type, nor a list of digits")]
    EntryClass,
    /// Not `*` and not a list of item codes.
    #[error("items is neither * nor a list of item codes")]
    Items,
    /// Not `*` and not a list of numbers from 0 to 3.
    #[error("sensitivity is neither * nor a list of numbers from 0 to 3")]
    Sensitivity,
    /// Not from 1 to 4.
    #[error("grade is not from 1 to 4")]
    GradeMax,
    /// Not `*` and not a list of actions.
    #[error("action is neither * nor a list of actions")]
    Action,
    /// Not `*` and not a list of purpose codes.
    #[error("purpose is neither * nor a list of two-digit codes")]
    Purpose,
    /// Not 1, 2 or 3.
    #[error("assurance is not 1 (password), 2 (a code of the moment) or 3 (UKey)")]
    AssuranceMin,
    /// Not `*` and not a list of windows.
    #[error("hours is neither * nor a list of windows like 1-5@08:00-18:00")]
    Hours,
    /// Not `*` and not a list of names of zones.
    #[error("zones is neither * nor a list of names in small letters, digits and hyphens")]
    Zones,
    /// A duty this program does not know, or one about an item the row does not cover.
    #[error("an obligation is unknown, or is about an item the row does not cover")]
    Obligation,
    /// A deny row with a grade, an assurance or obligations: it must hold for all.
    #[error("a deny row must have grade 4, assurance 1 and no obligations: it holds for everyone")]
    Deny,
}

impl RowProblem {
    /// The column, as files of rows name it.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Requester => "requester",
            Self::Provider => "provider",
            Self::EntryClass => "entry_class",
            Self::Items => "items",
            Self::Sensitivity => "sensitivity",
            Self::GradeMax => "grade_max",
            Self::Action => "action",
            Self::Purpose => "purpose",
            Self::AssuranceMin => "assurance_min",
            Self::Hours => "hours",
            Self::Zones => "zones",
            Self::Obligation => "obligations",
            Self::Deny => "effect",
        }
    }
}

/// What a cell names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named<T> {
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
    #[must_use]
    pub fn holds(&self, one: &T) -> bool {
        match self {
            Self::Every => true,
            Self::Only(named) => named.contains(one),
        }
    }

    /// What is named one by one.
    #[must_use]
    pub const fn only(&self) -> Option<&BTreeSet<T>> {
        match self {
            Self::Every => None,
            Self::Only(named) => Some(named),
        }
    }
}

/// A department, or several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
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
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Department(id) => id.as_str().to_owned(),
            Self::Division(within) => format!("{within:0<6}"),
            Self::Inspectorate => INSPECTORATE.to_owned(),
        }
    }

    /// Whether a department is named by this.
    #[must_use]
    pub fn names(&self, id: &DepartmentId, region: &RegionCode, is_inspectorate: bool) -> bool {
        match self {
            Self::Department(named) => named == id,
            Self::Division(within) => region.as_str().starts_with(within.as_str()),
            Self::Inspectorate => is_inspectorate,
        }
    }
}

/// The entries a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Classes {
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
    #[must_use]
    pub fn hold(&self, class: &str, share: ShareType) -> bool {
        match self {
            Self::Named(Named::Every) => true,
            Self::Named(Named::Only(classes)) => classes.contains(class),
            Self::Shared(named) => *named == share,
        }
    }
}

/// A row that can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub id: RowId,
    /// In which roles.
    pub roles: Named<Role>,
    /// Who wants something.
    pub requesters: Named<Party>,
    /// Whose data.
    pub providers: Named<Party>,
    /// Of which entries.
    pub classes: Classes,
    /// Which items.
    pub items: Named<ItemCode>,
    /// How sensitive they are.
    pub sensitivities: Named<u8>,
    /// Highest grade covered.
    pub grade_max: u8,
    /// At which doors.
    pub actions: Named<Action>,
    /// For which purposes.
    pub purposes: Named<Code2>,
    /// Lowest assurance of the sign-in, as its number.
    pub assurance_min: u8,
    /// In which hours.
    pub hours: Named<Window>,
    /// From which parts of the network.
    pub zones: Named<Zone>,
    /// What must be done.
    pub obligations: BTreeSet<Obligation>,
    /// Allow or deny.
    pub effect: Effect,
}

impl Rule {
    /// Reads a row.
    ///
    /// # Errors
    /// [`RowProblem`] names the first column that cannot be read.
    pub fn read(row: &PolicyRow) -> Result<Self, RowProblem> {
        let requester = |code: &str| match code {
            INSPECTORATE => Some(Party::Inspectorate),
            _ => Party::read(code),
        };
        let items = Named::read(row.items.as_str(), |code| code.parse().ok(), RowProblem::Items)?;
        let rule = Self {
            id: row.id.clone(),
            roles: Named::read(row.role.as_str(), Role::from_code, RowProblem::Role)?,
            requesters: Named::read(row.requester.as_str(), requester, RowProblem::Requester)?,
            providers: Named::read(row.provider.as_str(), Party::read, RowProblem::Provider)?,
            classes: Classes::read(row.entry_class.as_str())?,
            sensitivities: Named::read(row.sensitivity.as_str(), sensitivity, RowProblem::Sensitivity)?,
            grade_max: row.grade_max,
            actions: Named::read(row.action.as_str(), Action::from_code, RowProblem::Action)?,
            purposes: Named::read(row.purpose.as_str(), |code| code.parse().ok(), RowProblem::Purpose)?,
            assurance_min: row.assurance_min,
            hours: Named::read(row.hours.as_str(), Window::read, RowProblem::Hours)?,
            zones: Named::read(row.zones.as_str(), zone, RowProblem::Zones)?,
            obligations: obligations(row, &items)?,
            items,
            effect: row.effect,
        };
        rule.bounded()
    }

    fn bounded(self) -> Result<Self, RowProblem> {
        if !(1..=GRADE_MAX).contains(&self.grade_max) {
            return Err(RowProblem::GradeMax);
        }
        if !Assurance::ALL.iter().any(|assurance| assurance.number() == self.assurance_min) {
            return Err(RowProblem::AssuranceMin);
        }
        let is_wide = self.grade_max == GRADE_MAX && self.assurance_min == 1 && self.obligations.is_empty();
        if self.effect == Effect::Deny && !is_wide {
            return Err(RowProblem::Deny);
        }
        Ok(self)
    }
}

fn sensitivity(code: &str) -> Option<u8> {
    (0..=SENSITIVITY_MAX).find(|number| number.to_string() == code)
}

/// The name of a part of a network: small letters, digits and hyphens.
#[must_use]
pub fn zone(code: &str) -> Option<Zone> {
    let is_zone = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if code.bytes().all(is_zone) { Zone::new(code).ok() } else { None }
}

/// A division has a province, a city only within one, a county only within that (GB/T 2260).
fn is_division(region: &RegionCode) -> bool {
    !region.as_str().starts_with("00") && !division(region.as_str()).contains("00")
}

/// The digits all places within a division begin with: `440000` is Guangdong and all in it.
#[must_use]
pub fn division(code: &str) -> &str {
    let without_county = code.strip_suffix("00").unwrap_or(code);
    without_county.strip_suffix("00").unwrap_or(without_county)
}

fn obligations(row: &PolicyRow, items: &Named<ItemCode>) -> Result<BTreeSet<Obligation>, RowProblem> {
    row.obligations
        .iter()
        .map(|text| {
            let duty: Obligation = text.as_str().parse().map_err(|_| RowProblem::Obligation)?;
            let is_covered = duty.item().is_none_or(|item| items.holds(item));
            if is_covered { Ok(duty) } else { Err(RowProblem::Obligation) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;
    use alloc::vec;
    use alloc::vec::Vec;

    fn every<const MAX: usize>() -> Text<MAX> {
        Text::new(EVERYTHING).unwrap()
    }

    /// A row that allows everything.
    fn a_row(id: &str) -> PolicyRow {
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
        Rule::read(&row).err()
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
