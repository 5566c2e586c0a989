//! A layer's rows as a file, in Casbin's CSV: out of any version, and into the working copy as a whole.

use std::collections::BTreeSet;

use access::{CsvFault, CsvProblem, Finding, FindingKind, Known, read_csv_lines, write_csv};
use ledger::ids::PolicyVersion;
use ledger::limits::POLICY_ROWS_MAX;
use ledger::policy::{PolicyOwner, PolicyRow, PolicySet};

use crate::audit_log::Event;
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::policies::edit::{seen, to_write, written};
use crate::policies::rows::column;
use crate::policies::show::{Version, opened};
use crate::policies::view::{Imported, LineFault, LineWrong, PolicyFile, RuleColumn, Which};

/// Puts the rows of a table in the place of the working copy, all or none.
///
/// # Errors
/// Refused `policy.write`, `policy.copy-moved`.
pub async fn import(
    office: &Office,
    officer: &Officer,
    owner: &str,
    stamp: &str,
    bytes: &[u8],
) -> Result<Imported, ServiceError> {
    let (state, papers) = to_write(office, officer, owner, Event::PolicyImport).await?;
    let seen = seen(papers.copy.as_ref(), stamp)?;
    let rows = match read(bytes) {
        Ok(rows) => rows,
        Err(wrong) => return Ok(Imported::Wrong(wrong)),
    };
    written(office, officer, &state, seen, &rows).await?;
    Ok(Imported::Taken(rows.len() as u64))
}

/// A version as a file.
///
/// # Errors
/// Not found; refused `policy.look`, for what is to come `policy.study`.
pub async fn export(
    office: &Office,
    officer: &Officer,
    owner: &str,
    which: Which,
) -> Result<PolicyFile, ServiceError> {
    let (state, papers) = opened(office, officer, owner, Event::PolicyExport, which).await?;
    let set = office.scene(officer, |scene| Ok(Version::find(scene, &state, &papers, which)?.set))?;
    let kind = match which {
        Which::InForce | Which::Number(_) => String::new(),
        Which::Draft | Which::Pending | Which::Copy => format!("-{}", which.code()),
    };
    let name = format!("policy-{}-{}{kind}.csv", state.owner, set.number);
    Ok(PolicyFile { name, text: write_csv(&set.rows) })
}

/// The rows of a table that can all be judged.
///
/// # Errors
/// Every line that cannot be taken, the first hundred.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<PolicyRow>, Vec<LineWrong>> {
    if bytes.len() > limits::POLICY_FILE_BYTES_MAX {
        return Err(vec![wrong(1, LineFault::TooLarge, None)]);
    }
    let lines =
        read_csv_lines(bytes).map_err(|problems| problems.iter().map(not_csv).collect::<Vec<LineWrong>>())?;
    if let Some((line, _)) = lines.get(POLICY_ROWS_MAX) {
        return Err(vec![wrong(*line, LineFault::TooManyRows, None)]);
    }
    let (numbers, rows): (Vec<u64>, Vec<PolicyRow>) = lines.into_iter().unzip();
    let set = PolicySet {
        owner: PolicyOwner::Nation,
        number: 1,
        previous: PolicyVersion([0; 32]),
        rows: rows.clone(),
    };
    let mut said = BTreeSet::new();
    let mut found: Vec<LineWrong> = access::check(&set, &[], &Known::default())
        .iter()
        .filter_map(|finding| unreadable(finding, numbers.get(finding.place).copied().unwrap_or(1)))
        .filter(|wrong| said.insert((wrong.line, wrong.fault)))
        .collect();
    found.truncate(limits::POLICY_LINES_WRONG_MAX);
    if found.is_empty() { Ok(rows) } else { Err(found) }
}

fn unreadable(finding: &Finding, line: u64) -> Option<LineWrong> {
    match finding.kind {
        FindingKind::Malformed(problem) => Some(wrong(line, LineFault::Rule, Some(column(problem.column())))),
        FindingKind::Repeated => Some(wrong(line, LineFault::Repeated, Some(RuleColumn::Id))),
        _ => None,
    }
}

const fn wrong(line: u64, fault: LineFault, column: Option<RuleColumn>) -> LineWrong {
    LineWrong { line, fault, column, cells: None }
}

fn not_csv(problem: &CsvProblem) -> LineWrong {
    let said = |fault, csv: Option<&str>| wrong(problem.line, fault, csv.map(column));
    match problem.fault {
        CsvFault::TooLarge => said(LineFault::TooLarge, None),
        CsvFault::TooManyRows => said(LineFault::TooManyRows, None),
        CsvFault::Malformed => said(LineFault::Malformed, None),
        CsvFault::NotText => said(LineFault::NotText, None),
        CsvFault::Kind => said(LineFault::Kind, None),
        CsvFault::Cells(cells) => LineWrong { cells: Some(cells as u64), ..said(LineFault::Cells, None) },
        CsvFault::Cell(csv) => said(LineFault::Cell, Some(csv)),
        CsvFault::Number(csv) => said(LineFault::Number, Some(csv)),
        CsvFault::Effect => said(LineFault::Rule, Some("effect")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "p,r,*,*,*,*,*,*,4,*,*,1,*,*,,allow";

    fn told(table: &str) -> Vec<(u64, &'static str, &'static str)> {
        let column = |wrong: &LineWrong| wrong.column.map_or("", RuleColumn::code);
        let wrong = read(table.as_bytes()).unwrap_err();
        wrong.iter().map(|wrong| (wrong.line, wrong.fault.code(), column(wrong))).collect()
    }

    #[test]
    fn every_line_that_cannot_be_judged_is_told_with_its_number_and_nothing_is_taken() {
        let table = [
            "# remark",
            LINE,
            &LINE.replace(",r,*,", ",s,ROOT,"),
            "",
            &LINE.replace(",r,", ",t,").replace(",4,", ",5,"),
            LINE,
        ];
        assert_eq!(
            told(&table.join("\n")),
            [(3, "rule", "role"), (5, "rule", "grade"), (6, "repeated", "id")]
        );
        assert_eq!(told("g,alice,admin\np,r,*"), [(1, "kind", ""), (2, "cells", "")]);
        assert_eq!(told(&LINE.replace("allow", "permit")), [(1, "rule", "effect")]);
        assert_eq!(read(format!("# remark\n{LINE}").as_bytes()).unwrap().len(), 1);
        assert_eq!(read(b"").unwrap(), [], "no rows: nothing may pass");
    }

    #[test]
    fn a_table_beyond_its_bounds_is_not_looked_at() {
        assert_eq!(told(&"#".repeat(limits::POLICY_FILE_BYTES_MAX + 1)), [(1, "too-large", "")]);
        let many: Vec<String> =
            (0..=POLICY_ROWS_MAX).map(|n| LINE.replace(",r,", &format!(",r{n},"))).collect();
        assert_eq!(told(&many.join("\n")), [(POLICY_ROWS_MAX as u64 + 1, "too-many-rows", "")]);
        assert!(read(many[..POLICY_ROWS_MAX].join("\n").as_bytes()).is_ok());
    }
}
