//! Rows, findings and differences as people read them, and rows from what was typed.

use std::collections::BTreeMap;

use access::{Column, Decision, Finding, FindingKind, Known, Obligation, RowChange};
use ledger::ids::PolicyVersion;
use ledger::policy::{Effect, Layer, PolicyOwner, PolicyRow, PolicySet};
use ledger::text::{Text, TextError};

use crate::codes::FieldCode;
use crate::error::ServiceError;
use crate::fields::Mistakes;
use crate::names::{DepartmentRef, Names};
use crate::policies::view::{
    CellChange, ChangeKind, ChangeView, DutyView, FindingView, Listed, RowCells, RowView, RuleColumn,
    SaidView,
};

/// The list that stands for everything.
const EVERYTHING: &str = "*";

/// A column as tables name it.
pub(super) fn column(csv: &str) -> RuleColumn {
    match csv {
        "id" => RuleColumn::Id,
        "role" => RuleColumn::Role,
        "requester" => RuleColumn::Requester,
        "provider" => RuleColumn::Provider,
        "entry_class" => RuleColumn::EntryClass,
        "items" => RuleColumn::Items,
        "sensitivity" => RuleColumn::Sensitivity,
        "grade_max" => RuleColumn::Grade,
        "action" => RuleColumn::Action,
        "purpose" => RuleColumn::Purpose,
        "assurance_min" => RuleColumn::Assurance,
        "hours" => RuleColumn::Hours,
        "zones" => RuleColumn::Zones,
        "obligations" => RuleColumn::Obligations,
        _ => RuleColumn::Effect,
    }
}

/// A column as the judge names it.
pub(super) const fn tried(column: Column) -> RuleColumn {
    match column {
        Column::Action => RuleColumn::Action,
        Column::Role => RuleColumn::Role,
        Column::Purpose => RuleColumn::Purpose,
        Column::Requester => RuleColumn::Requester,
        Column::Provider => RuleColumn::Provider,
        Column::EntryClass => RuleColumn::EntryClass,
        Column::Items => RuleColumn::Items,
        Column::Sensitivity => RuleColumn::Sensitivity,
        Column::Grade => RuleColumn::Grade,
        Column::Assurance => RuleColumn::Assurance,
        Column::Hours => RuleColumn::Hours,
        Column::Zones => RuleColumn::Zones,
        Column::Grant => RuleColumn::Grant,
        Column::Clearance => RuleColumn::Clearance,
    }
}

/// A row's cells as a form holds them.
pub(super) fn cells(row: &PolicyRow) -> RowCells {
    let duties: Vec<&str> = row.obligations.iter().map(Text::as_str).collect();
    RowCells {
        id: row.id.to_string(),
        role: row.role.to_string(),
        requester: row.requester.to_string(),
        provider: row.provider.to_string(),
        entry_class: row.entry_class.to_string(),
        items: row.items.to_string(),
        sensitivity: row.sensitivity.to_string(),
        grade_max: row.grade_max.to_string(),
        action: row.action.to_string(),
        purpose: row.purpose.to_string(),
        assurance_min: row.assurance_min.to_string(),
        hours: row.hours.to_string(),
        zones: row.zones.to_string(),
        obligations: duties.join(","),
        effect: row.effect.code().to_owned(),
    }
}

/// The cell of a column.
fn cell<'a>(cells: &'a RowCells, csv: &str) -> &'a str {
    match csv {
        "id" => &cells.id,
        "role" => &cells.role,
        "requester" => &cells.requester,
        "provider" => &cells.provider,
        "entry_class" => &cells.entry_class,
        "items" => &cells.items,
        "sensitivity" => &cells.sensitivity,
        "grade_max" => &cells.grade_max,
        "action" => &cells.action,
        "purpose" => &cells.purpose,
        "assurance_min" => &cells.assurance_min,
        "hours" => &cells.hours,
        "zones" => &cells.zones,
        "obligations" => &cells.obligations,
        _ => &cells.effect,
    }
}

/// A row from typed cells, one that can be judged.
///
/// # Errors
/// Every cell that is wrong, under the name of its column.
pub(super) fn typed(cells: &RowCells) -> Result<PolicyRow, ServiceError> {
    let mut mistakes = Mistakes::default();
    let read = read(cells, &mut mistakes);
    mistakes.done()?;
    let row = read.ok_or(ServiceError::field("id", FieldCode::Missing))?;
    // The judge's own reading, of this row alone: what it cannot read is never published.
    let alone = PolicySet {
        owner: PolicyOwner::Nation,
        number: 1,
        previous: PolicyVersion([0; 32]),
        rows: vec![row.clone()],
    };
    for finding in access::check(&alone, &[], &Known::default()) {
        if let FindingKind::Malformed(problem) = finding.kind {
            let is_deny = problem == access::RowProblem::Deny;
            let code = if is_deny { FieldCode::PolicyDeny } else { FieldCode::PolicyCell };
            return Err(ServiceError::field(problem.column(), code));
        }
    }
    Ok(row)
}

fn read(cells: &RowCells, mistakes: &mut Mistakes) -> Option<PolicyRow> {
    let duties = cells.obligations.trim();
    let duties: Option<Vec<Text<100>>> = duties
        .split(',')
        .filter(|_| !duties.is_empty())
        .map(|duty| mistakes.take("obligations", text(duty)))
        .collect();
    let (id, role) = (mistakes.take("id", text(&cells.id)), mistakes.take("role", text(&cells.role)));
    let requester = mistakes.take("requester", text(&cells.requester));
    let provider = mistakes.take("provider", text(&cells.provider));
    let entry_class = mistakes.take("entry_class", text(&cells.entry_class));
    let items = mistakes.take("items", text(&cells.items));
    let sensitivity = mistakes.take("sensitivity", text(&cells.sensitivity));
    let grade_max = mistakes.take("grade_max", number(&cells.grade_max));
    let action = mistakes.take("action", text(&cells.action));
    let purpose = mistakes.take("purpose", text(&cells.purpose));
    let assurance_min = mistakes.take("assurance_min", number(&cells.assurance_min));
    let hours = mistakes.take("hours", text(&cells.hours));
    let zones = mistakes.take("zones", text(&cells.zones));
    let effect = Effect::from_code(cells.effect.trim()).ok_or(FieldCode::NotOffered);
    let effect = mistakes.take("effect", effect);
    Some(PolicyRow {
        id: id?,
        role: role?,
        requester: requester?,
        provider: provider?,
        entry_class: entry_class?,
        items: items?,
        sensitivity: sensitivity?,
        grade_max: grade_max?,
        action: action?,
        purpose: purpose?,
        assurance_min: assurance_min?,
        hours: hours?,
        zones: zones?,
        obligations: duties?,
        effect: effect?,
    })
}

/// A cell. An empty one is no "everything": who means that says it.
fn text<const MAX: usize>(cell: &str) -> Result<Text<MAX>, FieldCode> {
    Text::new(&ledger::text::normal(cell.trim())).map_err(|error| match error {
        TextError::Empty => FieldCode::Missing,
        TextError::TooLong { .. } => FieldCode::TooLong,
        TextError::Form | TextError::Invisible(_) => FieldCode::BadCharacters,
    })
}

fn number(cell: &str) -> Result<u8, FieldCode> {
    match cell.trim() {
        "" => Err(FieldCode::Missing),
        cell => cell.parse().map_err(|_| FieldCode::NotANumber),
    }
}

/// A duty as people read it.
pub(super) fn duty(text: &str) -> DutyView {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let is_about_item = matches!(kind, "drop" | "mask" | "clear");
    let (item, value) = match rest.split_once('=') {
        Some((item, value)) => (item, value),
        None if is_about_item => (rest, ""),
        None => ("", rest),
    };
    DutyView { text: text.to_owned(), kind: kind.to_owned(), item: item.to_owned(), value: value.to_owned() }
}

/// Duties as people read them.
pub(super) fn duties<'a>(all: impl IntoIterator<Item = &'a Obligation>) -> Vec<DutyView> {
    all.into_iter().map(|one| duty(&one.to_string())).collect()
}

fn listed(cell: &str) -> Listed {
    if cell == EVERYTHING {
        return Listed { every: true, codes: Vec::new() };
    }
    Listed { every: false, codes: cell.split(',').map(str::to_owned).collect() }
}

/// A row as people read it; `place` counted from 0.
pub(super) fn row(place: usize, row: &PolicyRow) -> RowView {
    RowView {
        place: place as u64 + 1,
        id: row.id.to_string(),
        effect: row.effect,
        roles: listed(row.role.as_str()),
        requesters: listed(row.requester.as_str()),
        providers: listed(row.provider.as_str()),
        entry_classes: listed(row.entry_class.as_str()),
        items: listed(row.items.as_str()),
        sensitivities: listed(row.sensitivity.as_str()),
        grade_max: row.grade_max,
        actions: listed(row.action.as_str()),
        purposes: listed(row.purpose.as_str()),
        assurance_min: row.assurance_min,
        hours: listed(row.hours.as_str()),
        zones: listed(row.zones.as_str()),
        duties: row.obligations.iter().map(|text| duty(text.as_str())).collect(),
        findings: Vec::new(),
        change: None,
        cells: cells(row),
    }
}

/// Rows with what is found about each and how each differs.
pub(super) fn rows(rows: &[PolicyRow], findings: &[FindingView], changes: &[ChangeView]) -> Vec<RowView> {
    let with = |(place, one): (usize, &PolicyRow)| {
        let mut view = row(place, one);
        view.findings = findings.iter().filter(|finding| finding.place == view.place).cloned().collect();
        view.findings.sort_by_key(|finding| !finding.is_error);
        view.change = changes
            .iter()
            .find(|change| change.row == view.id && change.kind != ChangeKind::Removed)
            .map(|change| change.kind);
        view
    };
    rows.iter().enumerate().map(with).collect()
}

/// A finding as people read it.
pub(super) fn finding(found: &Finding) -> FindingView {
    let mut view = FindingView {
        place: found.place as u64 + 1,
        row: found.row.to_string(),
        code: found.kind.code(),
        is_error: found.kind.is_error(),
        column: None,
        other: None,
        layer: None,
        item: None,
        named: None,
    };
    match &found.kind {
        FindingKind::Malformed(problem) => view.column = Some(column(problem.column())),
        FindingKind::UnknownParty(named) | FindingKind::UnknownClass(named) => {
            view.named = Some(named.clone());
        }
        FindingKind::UnknownItem(item) | FindingKind::Unsaid { item } => view.item = Some(item.to_string()),
        FindingKind::NeverMatches(column) => view.column = Some(tried(*column)),
        FindingKind::Shadowed { by } | FindingKind::Contradicted { by } => {
            view.other = Some(by.to_string());
        }
        FindingKind::MasksClash { with, item } => {
            view.other = Some(with.to_string());
            view.item = Some(item.to_string());
        }
        FindingKind::AboveSilent { layer } => view.layer = Some(*layer),
        FindingKind::AboveDenies { layer, row } => {
            view.layer = Some(*layer);
            view.other = Some(row.to_string());
        }
        FindingKind::Repeated | FindingKind::NotCompared => {}
    }
    view
}

/// What differs between two versions.
pub(super) fn changes(old: &[PolicyRow], new: &[PolicyRow]) -> Vec<ChangeView> {
    let place = |rows: &[PolicyRow], one: &PolicyRow| {
        rows.iter().position(|other| other.id == one.id).unwrap_or_default()
    };
    let before = |one: &PolicyRow| Some(row(place(old, one), one));
    let after = |one: &PolicyRow| Some(row(place(new, one), one));
    let view = |change: RowChange| match change {
        RowChange::Added(one) => ChangeView {
            kind: ChangeKind::Added,
            row: one.id.to_string(),
            before: None,
            after: after(&one),
            cells: Vec::new(),
        },
        RowChange::Removed(one) => ChangeView {
            kind: ChangeKind::Removed,
            row: one.id.to_string(),
            before: before(&one),
            after: None,
            cells: Vec::new(),
        },
        RowChange::Changed { before: was, after: is, columns } => {
            let (old_cells, new_cells) = (cells(&was), cells(&is));
            let changed = columns.iter().map(|csv| CellChange {
                column: column(csv),
                before: cell(&old_cells, csv).to_owned(),
                after: cell(&new_cells, csv).to_owned(),
            });
            ChangeView {
                kind: ChangeKind::Changed,
                row: is.id.to_string(),
                before: before(&was),
                after: after(&is),
                cells: changed.collect(),
            }
        }
    };
    access::diff(old, new).into_iter().map(view).collect()
}

/// How many rows were added, changed and removed.
pub(super) fn counted(old: &[PolicyRow], new: &[PolicyRow]) -> (u64, u64, u64) {
    let mut counts = (0, 0, 0);
    for change in access::diff(old, new) {
        match change {
            RowChange::Added(_) => counts.0 += 1,
            RowChange::Changed { .. } => counts.1 += 1,
            RowChange::Removed(_) => counts.2 += 1,
        }
    }
    counts
}

/// The departments that rows name, by code.
pub(super) fn departments<'a>(
    rows: impl IntoIterator<Item = &'a PolicyRow>,
    names: &Names,
) -> BTreeMap<String, DepartmentRef> {
    let mut found = BTreeMap::new();
    for row in rows {
        let codes = row.requester.as_str().split(',').chain(row.provider.as_str().split(','));
        for code in codes.filter(|code| code.len() == 18) {
            found.entry(code.to_owned()).or_insert_with(|| names.of(code));
        }
    }
    found
}

/// What the rules said, as people read it.
pub(super) fn said(decision: &Decision) -> SaidView {
    let denied: Option<&(Layer, _)> = decision.denied_by();
    SaidView {
        allow: decision.allow,
        denied_by: denied.map(|(layer, _)| *layer),
        denied_row: denied.and_then(|(_, row)| row.as_ref().map(ToString::to_string)),
        duties: duties(&decision.obligations),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::said as told;
    use access::CSV_COLUMNS;

    fn wide() -> RowCells {
        let every = || EVERYTHING.to_owned();
        RowCells {
            id: "r".to_owned(),
            role: every(),
            requester: every(),
            provider: every(),
            entry_class: every(),
            items: every(),
            sensitivity: every(),
            grade_max: "4".to_owned(),
            action: every(),
            purpose: every(),
            assurance_min: "1".to_owned(),
            hours: every(),
            zones: every(),
            obligations: String::new(),
            effect: "allow".to_owned(),
        }
    }

    #[test]
    fn every_wrong_cell_is_told_under_its_column_and_an_empty_one_is_not_everything() {
        assert_eq!(told(typed(&wide())), "ok");
        type Change = fn(&mut RowCells);
        let table: [(Change, &str); 9] = [
            (|cells| cells.role.clear(), "role missing"),
            (|cells| cells.requester = "x".repeat(401), "requester too-long"),
            (|cells| cells.grade_max = "four".to_owned(), "grade_max not-a-number"),
            (|cells| cells.grade_max = "5".to_owned(), "grade_max policy-cell"),
            (|cells| cells.role = "ROOT".to_owned(), "role policy-cell"),
            (|cells| cells.hours = "1@18:00-08:00".to_owned(), "hours policy-cell"),
            (|cells| cells.obligations = "mask:A=MK-NONE".to_owned(), "obligations policy-cell"),
            (
                |cells| (cells.effect, cells.grade_max) = ("deny".to_owned(), "3".to_owned()),
                "effect policy-deny",
            ),
            (
                |cells| (cells.id, cells.effect) = (String::new(), "x".to_owned()),
                "id missing, effect not-offered",
            ),
        ];
        for (change, expected) in table {
            let mut cells = wide();
            change(&mut cells);
            assert_eq!(told(typed(&cells)), expected);
        }
    }

    #[test]
    fn a_row_typed_as_it_is_shown_is_the_same_row() {
        let shown = RowCells {
            items: "XingMing,ZJHM".to_owned(),
            obligations: "mask:ZJHM=MK-ID,receipt:each".to_owned(),
            ..wide()
        };
        let row = typed(&shown).unwrap();
        assert_eq!(cells(&row), shown);
        let view = super::row(0, &row);
        assert_eq!((view.items.codes.len(), view.roles.every), (2, true));
        let duty = &view.duties[0];
        assert_eq!((duty.kind.as_str(), duty.item.as_str(), duty.value.as_str()), ("mask", "ZJHM", "MK-ID"));
        assert_eq!((view.duties[1].kind.as_str(), view.duties[1].value.as_str()), ("receipt", "each"));
    }

    #[test]
    fn a_difference_tells_each_cell_before_and_after() {
        let old = typed(&wide()).unwrap();
        let new = typed(&RowCells { grade_max: "3".to_owned(), purpose: "01".to_owned(), ..wide() }).unwrap();
        let found = changes(std::slice::from_ref(&old), std::slice::from_ref(&new));
        let cells: Vec<_> = found[0]
            .cells
            .iter()
            .map(|cell| (cell.column.code(), cell.before.as_str(), cell.after.as_str()))
            .collect();
        assert_eq!(cells, [("grade", "4", "3"), ("purpose", "*", "01")]);
        assert_eq!(counted(std::slice::from_ref(&old), &[]), (0, 0, 1));
        assert_eq!(counted(&[], &[old]), (1, 0, 0));
    }

    #[test]
    fn every_column_of_a_table_has_a_code_of_its_own() {
        let codes: std::collections::BTreeSet<_> = CSV_COLUMNS.iter().map(|csv| column(csv).code()).collect();
        assert_eq!(codes.len(), CSV_COLUMNS.len());
    }
}
