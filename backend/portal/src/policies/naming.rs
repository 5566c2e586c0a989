//! Rules in words: what stands in a cell as codes is read out with its names, in the page's language. A code
//! that nobody knows is shown as it was written.

use std::collections::BTreeMap;

use services::Words;
use services::names::DepartmentRef;
use services::policies::{DutyView, Effect, Listed, RowView, RuleColumn};

use crate::frame::Frame;

/// What stands for everything in a cell.
pub(crate) const EVERYTHING: &str = "*";
/// Requesters that are flagged as inspectorates.
const INSPECTORATE: &str = "inspectorate";
/// Before a sharing type in the column of entry classes.
const SHARE: &str = "share:";
/// Digits of a division.
const DIVISION_DIGITS: usize = 6;

/// Names of what rules name by code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Naming {
    /// Departments by code.
    pub(crate) departments: BTreeMap<String, DepartmentRef>,
    /// Items by code.
    pub(crate) items: BTreeMap<String, Words>,
}

/// A row as the table shows it.
pub(crate) struct RowWords {
    /// Roles.
    pub(crate) who: String,
    /// Requesters, where not all.
    pub(crate) of: String,
    /// Items, or the kind of entries.
    pub(crate) what: String,
    /// What narrows it: kinds of entries, sensitivities, the grade.
    pub(crate) what_more: Vec<String>,
    /// Actions.
    pub(crate) does: String,
    /// Purposes.
    pub(crate) purpose: String,
    /// Provider, sign-in, hours, zones.
    pub(crate) when: Vec<String>,
    /// What is demanded where it allows.
    pub(crate) duties: Vec<String>,
}

impl RowWords {
    /// Reads a row out.
    pub(crate) fn of(f: &Frame, naming: &Naming, row: &RowView) -> Self {
        let named = |column: RuleColumn, listed: &Listed| naming.listed(f, column, listed);
        let classes = named(RuleColumn::EntryClass, &row.entry_classes);
        let items = named(RuleColumn::Items, &row.items);
        let (what, mut what_more) = match (items, classes) {
            (None, None) => (f.t("rule-any-data").to_string(), Vec::new()),
            (None, Some(classes)) => (classes, Vec::new()),
            (Some(items), classes) => (items, classes.into_iter().collect()),
        };
        what_more.extend(
            named(RuleColumn::Sensitivity, &row.sensitivities)
                .map(|names| f.t("rule-sensitivity").put("names", names).to_string()),
        );
        if row.grade_max < services::limits::CLEARANCE_MAX {
            what_more.push(f.t("rule-grade-max").put("grade", row.grade_max.to_string()).to_string());
        }
        let or = |words: Option<String>, key: &str| words.unwrap_or_else(|| f.t(key).to_string());
        Self {
            who: or(named(RuleColumn::Role, &row.roles), "rule-any-role"),
            of: or(named(RuleColumn::Requester, &row.requesters), "rule-any-department"),
            what,
            what_more,
            does: or(named(RuleColumn::Action, &row.actions), "rule-any-action"),
            purpose: or(named(RuleColumn::Purpose, &row.purposes), "rule-any-purpose"),
            when: conditions(f, naming, row),
            duties: naming.duties(f, &row.duties),
        }
    }
}

fn conditions(f: &Frame, naming: &Naming, row: &RowView) -> Vec<String> {
    let mut when = Vec::new();
    if let Some(names) = naming.listed(f, RuleColumn::Provider, &row.providers) {
        when.push(f.t("rule-from-provider").put("names", names).to_string());
    }
    if row.assurance_min > 1 {
        let name = naming.code(f, RuleColumn::Assurance, &row.assurance_min.to_string());
        when.push(f.t("rule-assurance").put("name", name).to_string());
    }
    if let Some(hours) = naming.listed(f, RuleColumn::Hours, &row.hours) {
        when.push(f.t("rule-hours").put("hours", hours).to_string());
    }
    if let Some(zones) = naming.listed(f, RuleColumn::Zones, &row.zones) {
        when.push(f.t("rule-zones").put("zones", zones).to_string());
    }
    when
}

impl Naming {
    /// The names of a list; none where it is everything.
    fn listed(&self, f: &Frame, column: RuleColumn, listed: &Listed) -> Option<String> {
        (!listed.every).then(|| self.join(f, column, listed.codes.iter().map(String::as_str)))
    }

    fn join<'a>(&self, f: &Frame, column: RuleColumn, codes: impl Iterator<Item = &'a str>) -> String {
        let names: Vec<String> = codes.map(|code| self.code(f, column, code)).collect();
        names.join(&f.t("list-comma").to_string())
    }

    /// A whole cell as it was written, read out.
    pub(crate) fn cell(&self, f: &Frame, column: RuleColumn, cell: &str) -> String {
        if cell == EVERYTHING {
            return f.t("rule-everything").to_string();
        }
        if cell.is_empty() {
            return f.t("none").to_string();
        }
        self.join(f, column, cell.split(','))
    }

    /// One code of a column.
    pub(crate) fn code(&self, f: &Frame, column: RuleColumn, code: &str) -> String {
        match column {
            RuleColumn::Role => f.known("role", code),
            RuleColumn::Requester | RuleColumn::Provider => self.party(f, code),
            RuleColumn::EntryClass => class(f, code),
            RuleColumn::Items => self.item(f, code),
            RuleColumn::Sensitivity => f.known("sensitivity", code),
            RuleColumn::Grade => f.t("grade-short").put("grade", code).to_string(),
            RuleColumn::Action => f.known("action", code),
            RuleColumn::Purpose => f.known("purpose", code),
            RuleColumn::Assurance => f.known("assurance", code),
            RuleColumn::Hours => hours(f, code),
            RuleColumn::Obligations => self.written(f, code),
            RuleColumn::Effect => f.known("rule", code),
            RuleColumn::Id | RuleColumn::Zones | RuleColumn::Grant | RuleColumn::Clearance => code.to_owned(),
        }
    }

    /// A department, a division, all inspectorates.
    fn party(&self, f: &Frame, code: &str) -> String {
        if code == INSPECTORATE {
            return f.t("rule-inspectorates").to_string();
        }
        if code.len() == DIVISION_DIGITS {
            return f.t("rule-within").put("region", f.region(code)).to_string();
        }
        match self.departments.get(code) {
            Some(department) => {
                f.t("rule-named").put("name", f.w(&department.name)).put("code", code).to_string()
            }
            None => code.to_owned(),
        }
    }

    /// An item by name and code.
    pub(crate) fn item(&self, f: &Frame, code: &str) -> String {
        match self.items.get(code) {
            Some(name) => f.t("rule-named").put("name", f.w(name)).put("code", code).to_string(),
            None => code.to_owned(),
        }
    }

    /// An item by name alone.
    pub(crate) fn item_name(&self, f: &Frame, code: &str) -> String {
        self.items.get(code).map_or_else(|| code.to_owned(), |name| f.w(name).to_owned())
    }

    /// A duty as it was written.
    fn written(&self, f: &Frame, text: &str) -> String {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let (about, value) = rest.split_once('=').unwrap_or((rest, ""));
        let (item, value) = if kind == "limit" { ("", about) } else { (about, value) };
        let duty = DutyView { text: text.into(), kind: kind.into(), item: item.into(), value: value.into() };
        self.duty(f, &duty)
    }

    /// A duty in words.
    pub(crate) fn duty(&self, f: &Frame, duty: &DutyView) -> String {
        let item = || self.item_name(f, &duty.item);
        match duty.kind.as_str() {
            "mask" => {
                f.t("duty-mask").put("item", item()).put("mask", f.known("mask", &duty.value)).to_string()
            }
            "drop" => f.t("duty-drop").put("item", item()).to_string(),
            "clear" => f.t("duty-clear").put("item", item()).to_string(),
            "limit" => match duty.value.parse::<u64>() {
                Ok(count) => f.t("duty-limit").put("count", count).to_string(),
                Err(_) => duty.text.clone(),
            },
            "receipt" => f.t("duty-receipt-each").to_string(),
            kind => f.c("duty", kind).known().unwrap_or_else(|| duty.text.clone()),
        }
    }

    /// Duties in short: masked items on one line.
    pub(crate) fn duties(&self, f: &Frame, duties: &[DutyView]) -> Vec<String> {
        let masked: Vec<String> = duties
            .iter()
            .filter(|duty| duty.kind == "mask")
            .map(|duty| self.item_name(f, &duty.item))
            .collect();
        let mut said = Vec::new();
        if !masked.is_empty() {
            let items = masked.join(&f.t("list-comma").to_string());
            said.push(f.t("duty-masked").put("items", items).to_string());
        }
        said.extend(duties.iter().filter(|duty| duty.kind != "mask").map(|duty| self.duty(f, duty)));
        said
    }
}

/// A kind of entries.
fn class(f: &Frame, code: &str) -> String {
    match code.strip_prefix(SHARE) {
        Some(share) => f.t("rule-shared-as").put("share", f.known("share", share)).to_string(),
        None => f.t("rule-class").put("codes", code).to_string(),
    }
}

/// `1-5@08:00-18:00` in words; as it is written where it is none.
fn hours(f: &Frame, window: &str) -> String {
    let days = |days: &str| {
        let day = |day: &str| f.c("weekday", day).known();
        match days.split_once('-') {
            Some((first, last)) => {
                Some(f.t("hours-days").put("first", day(first)?).put("last", day(last)?).to_string())
            }
            None => day(days),
        }
    };
    let read = window.split_once('@').and_then(|(named, clock)| {
        let (from, until) = clock.split_once('-')?;
        let said = f.t("hours-window").put("days", days(named)?).put("from", from).put("until", until);
        Some(said.to_string())
    });
    read.unwrap_or_else(|| window.to_owned())
}

/// Class of a row's result.
pub(crate) fn effect_class(effect: &Effect, has_duties: bool) -> &'static str {
    match (*effect, has_duties) {
        (Effect::Deny, _) => "bad",
        (Effect::Allow, true) => "info",
        (Effect::Allow, false) => "ok",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::frame;
    use crate::language::Language;

    fn naming() -> Naming {
        let department = DepartmentRef {
            id: "12440100X00000254F".into(),
            name: Words::new("\u{5e7f}\u{5dde}\u{4e2d}\u{5fc3}", "Guangzhou Centre"),
            region: "440100".into(),
            own: true,
        };
        Naming {
            departments: [(department.id.clone(), department)].into(),
            items: [("ZJHM".to_owned(), Words::new("\u{8bc1}\u{4ef6}\u{53f7}\u{7801}", "Identity number"))]
                .into(),
        }
    }

    #[test]
    fn cells_are_read_out_with_names_and_what_nobody_knows_stays() {
        let f = frame(Language::English, "/policies");
        let say = |column, cell: &str| naming().cell(&f, column, cell);
        assert_eq!(say(RuleColumn::Role, "BIZ_USER,ROOT"), "Query clerk, ROOT");
        assert_eq!(
            say(RuleColumn::Requester, "12440100X00000254F,510000,inspectorate,12"),
            "Guangzhou Centre (12440100X00000254F), departments in Sichuan, inspectorates, 12"
        );
        assert_eq!(say(RuleColumn::Items, "ZJHM,GRZH"), "Identity number (ZJHM), GRZH");
        assert_eq!(say(RuleColumn::Hours, "1-5@08:00-18:00,6@x"), "Monday to Friday 08:00\u{2013}18:00, 6@x");
        assert_eq!(say(RuleColumn::Purpose, "*"), "everything");
        assert_eq!(
            say(RuleColumn::Obligations, "mask:ZJHM=MK-ID,limit:20,watermark,what:ever"),
            "Identity number: First 6 and last 4, at most 20 rows, with a watermark, what:ever"
        );
    }
}
