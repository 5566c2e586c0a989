//! What is different between two versions of a set, row by row.

use crate::casbin_csv::CSV_COLUMNS;
use crate::rule::cells;
use ledger::policy::PolicyRow;

/// A row that is not the same in both versions. Rows are known by their names; their order decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// Only in the new version.
    Added(PolicyRow),
    /// Only in the old version.
    Removed(PolicyRow),
    /// In both, with other cells.
    Changed {
        /// As it was.
        before: Box<PolicyRow>,
        /// As it is.
        after: Box<PolicyRow>,
        /// The columns that differ, of [`CSV_COLUMNS`].
        columns: Vec<&'static str>,
    },
}

/// What changes from one version to another: in the order of the new rows, then what is gone.
#[must_use]
pub fn diff(old: &[PolicyRow], new: &[PolicyRow]) -> Vec<RowChange> {
    let find = |rows: &[PolicyRow], row: &PolicyRow| rows.iter().find(|other| other.id == row.id).cloned();
    let mut changes = Vec::new();
    for row in new {
        match find(old, row) {
            None => changes.push(RowChange::Added(row.clone())),
            Some(before) if before != *row => {
                let (was, is) = (cells(&before), cells(row));
                let columns = CSV_COLUMNS.iter().zip(was.iter().zip(&is)).filter(|(_, (was, is))| was != is);
                let columns = columns.map(|(column, _)| *column).collect();
                changes.push(RowChange::Changed {
                    before: Box::new(before),
                    after: Box::new(row.clone()),
                    columns,
                });
            }
            Some(_) => {}
        }
    }
    changes.extend(old.iter().filter(|row| find(new, row).is_none()).cloned().map(RowChange::Removed));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::tests::a_row;
    use ledger::text::Text;

    #[test]
    fn added_removed_and_changed_rows_are_told_apart() {
        let changed = PolicyRow { grade_max: 3, purpose: Text::new("01").unwrap(), ..a_row("b") };
        let found = diff(&[a_row("a"), a_row("b"), a_row("c")], &[a_row("new"), changed.clone(), a_row("a")]);
        assert_eq!(
            found,
            [
                RowChange::Added(a_row("new")),
                RowChange::Changed {
                    before: Box::new(a_row("b")),
                    after: Box::new(changed),
                    columns: vec!["grade_max", "purpose"],
                },
                RowChange::Removed(a_row("c")),
            ]
        );
        assert_eq!(diff(&[a_row("a"), a_row("b")], &[a_row("b"), a_row("a")]), []);
    }
}
