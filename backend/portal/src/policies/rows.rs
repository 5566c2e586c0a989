//! Rows, changes and findings as a page shows them.

use services::policies::{
    ChangeKind, ChangeView, Effect, FindingView, LineFault, LineWrong, PolicyView, RowView,
};

use crate::frame::Frame;

use super::naming::{Naming, RowWords};

/// A row of the table.
pub(crate) struct ShownRow {
    pub(crate) row: RowView,
    pub(crate) words: RowWords,
    pub(crate) change: Option<ChangeKind>,
}

impl ShownRow {
    fn new(f: &Frame, naming: &Naming, row: &RowView, change: Option<ChangeKind>) -> Self {
        Self { words: RowWords::of(f, naming, row), row: row.clone(), change }
    }

    /// The rows of a version and, struck out, those that are gone; all, or what differs only.
    pub(crate) fn all(f: &Frame, naming: &Naming, view: &PolicyView, changed_only: bool) -> Vec<Self> {
        let is_shown = |change: Option<ChangeKind>| !changed_only || change.is_some();
        let gone = view.changes.iter().filter(|change| change.kind == ChangeKind::Removed);
        let there = view.rows.iter().filter(|row| is_shown(row.change));
        there
            .map(|row| Self::new(f, naming, row, row.change))
            .chain(gone.filter_map(|change| {
                Some(Self::new(f, naming, change.before.as_ref()?, Some(ChangeKind::Removed)))
            }))
            .collect()
    }

    /// Class of the line.
    pub(crate) fn class(&self) -> &'static str {
        match self.change {
            Some(ChangeKind::Added) => "rule-new",
            Some(ChangeKind::Changed) => "rule-mod",
            Some(ChangeKind::Removed) => "rule-del",
            None => "",
        }
    }

    /// Whether the row is gone.
    pub(crate) fn is_gone(&self) -> bool {
        self.change == Some(ChangeKind::Removed)
    }

    /// Whether it has been found that nothing could be judged by it.
    pub(crate) fn is_wrong(&self) -> bool {
        self.row.findings.iter().any(|finding| finding.is_error)
    }
}

/// Class of the tag that tells a change.
pub(crate) fn change_class(kind: &ChangeKind) -> &'static str {
    match *kind {
        ChangeKind::Added => "ok",
        ChangeKind::Changed => "warn",
        ChangeKind::Removed => "bad",
    }
}

/// One row that differs, with its lines.
pub(crate) struct DiffEntry {
    pub(crate) row: String,
    pub(crate) kind: ChangeKind,
    pub(crate) lines: Vec<DiffLine>,
}

/// A line of what differs.
pub(crate) struct DiffLine {
    /// As it is, or as it was.
    pub(crate) is_new: bool,
    /// The column; empty for a whole row.
    pub(crate) column: String,
    pub(crate) text: String,
}

impl DiffEntry {
    pub(crate) fn of(f: &Frame, naming: &Naming, change: &ChangeView) -> Self {
        let whole =
            |row: &RowView, is_new| DiffLine { is_new, column: String::new(), text: said(f, naming, row) };
        let mut lines = Vec::new();
        for cell in &change.cells {
            let line = |is_new, cell_text: &str| DiffLine {
                is_new,
                column: f.c("column", cell.column.code()).to_string(),
                text: naming.cell(f, cell.column, cell_text),
            };
            lines.extend([line(false, &cell.before), line(true, &cell.after)]);
        }
        if lines.is_empty() {
            lines.extend(change.before.as_ref().map(|row| whole(row, false)));
            lines.extend(change.after.as_ref().map(|row| whole(row, true)));
        }
        Self { row: change.row.clone(), kind: change.kind, lines }
    }
}

/// How many rows were added, changed, removed.
pub(crate) fn counts(changes: &[ChangeView]) -> (usize, usize, usize) {
    let of = |kind| changes.iter().filter(|change| change.kind == kind).count();
    (of(ChangeKind::Added), of(ChangeKind::Changed), of(ChangeKind::Removed))
}

/// A whole row as one sentence.
fn said(f: &Frame, naming: &Naming, row: &RowView) -> String {
    let words = RowWords::of(f, naming, row);
    let effect = f.c("rule", row.effect.code()).to_string();
    let mut parts = vec![words.who, words.of, words.what];
    parts.extend(words.what_more);
    parts.extend([words.does, words.purpose]);
    parts.extend(words.when);
    if row.effect == Effect::Allow {
        parts.extend(words.duties);
    }
    f.t("rule-sentence")
        .put("effect", effect)
        .put("parts", parts.join(&f.t("list-semicolon").to_string()))
        .to_string()
}

/// The sentence of something found.
pub(crate) fn finding(f: &Frame, naming: &Naming, found: &FindingView) -> String {
    let column = found.column.map(|column| f.c("column", column.code()).to_string()).unwrap_or_default();
    let layer = found.layer.map(|layer| f.c("layer", layer.code()).to_string()).unwrap_or_default();
    let item = found.item.as_deref().map(|item| naming.item(f, item));
    let what = item.or_else(|| found.named.clone()).unwrap_or_default();
    f.c("finding", found.code)
        .put("column", column)
        .put("layer", layer)
        .put("what", what)
        .put("row", found.other.clone().unwrap_or_default())
        .to_string()
}

/// What is wrong with a line that was to be imported.
pub(crate) fn line_wrong(f: &Frame, wrong: &LineWrong) -> String {
    let column = wrong.column.map(|column| f.c("column", column.code()).to_string()).unwrap_or_default();
    let fault =
        f.c("csv", wrong.fault.code()).put("column", column).put("count", wrong.cells.unwrap_or_default());
    match wrong.fault {
        // The whole table, not a line of it.
        LineFault::TooLarge => fault.to_string(),
        _ => f.t("import-policy-line").put("line", wrong.line.to_string()).put("fault", fault).to_string(),
    }
}
