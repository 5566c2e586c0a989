//! Rows in Casbin's CSV: `p,<id>,<role>,…`, lines with `#` are remarks. What a person brings from a
//! spreadsheet is read without trust: bounded, cell by cell, with the number of each line that is wrong.

use crate::limits::{CSV_BYTES_MAX, CSV_PROBLEMS_MAX, ROWS_MAX};
use csv::{ByteRecord, ErrorKind, Position, ReaderBuilder, Trim, WriterBuilder};
use ledger::policy::{Effect, PolicyRow};
use ledger::text::Text;

/// The columns after `p`, in the order of the model.
pub const CSV_COLUMNS: [&str; 15] = [
    "id",
    "role",
    "requester",
    "provider",
    "entry_class",
    "items",
    "sensitivity",
    "grade_max",
    "action",
    "purpose",
    "assurance_min",
    "hours",
    "zones",
    "obligations",
    "effect",
];

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvFault {
    /// The whole table, which is not looked at any further.
    #[error("the table is too large")]
    TooLarge,
    /// More rows than can be judged.
    #[error("there are too many rows")]
    TooManyRows,
    /// A quote that is not closed, for instance.
    #[error("the line is not CSV")]
    Malformed,
    /// Bytes that are no text.
    #[error("the line is not UTF-8")]
    NotText,
    /// No row of a policy: its first cell is not `p`.
    #[error("the first cell is not p")]
    Kind,
    /// Another number of cells.
    #[error("the line has {0} cells")]
    Cells(usize),
    /// A cell that is empty, too long, or no text of the ledger; its column.
    #[error("the cell {0} is empty, too long or has characters that cannot be seen")]
    Cell(&'static str),
    /// A cell that is not a number from 0 to 255; its column.
    #[error("the cell {0} is not a number")]
    Number(&'static str),
    /// Neither allow nor deny.
    #[error("the effect is neither allow nor deny")]
    Effect,
}

/// A line that cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct CsvProblem {
    /// Counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: CsvFault,
}

/// Reads a table: with or without a byte order mark, with either end of line. Whether a row can be judged is
/// for [`check`](crate::check()) to say.
///
/// # Errors
/// The lines that cannot be taken, the first hundred. Nothing is taken then.
pub fn read_csv(bytes: &[u8]) -> Result<Vec<PolicyRow>, Vec<CsvProblem>> {
    read_csv_lines(bytes).map(|rows| rows.into_iter().map(|(_, row)| row).collect())
}

/// The same, each row with the number of its line: for who has more to say about it.
///
/// # Errors
/// As [`read_csv`].
pub fn read_csv_lines(bytes: &[u8]) -> Result<Vec<(u64, PolicyRow)>, Vec<CsvProblem>> {
    if bytes.len() > CSV_BYTES_MAX {
        return Err(vec![CsvProblem { line: 1, fault: CsvFault::TooLarge }]);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(Trim::All)
        .from_reader(bytes);
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for record in reader.byte_records() {
        let (line, row) = match &record {
            Ok(record) => (record.position().map_or(1, |begun| line_of(bytes, begun)), row(record)),
            Err(error) => (error.position().map_or(1, Position::line), Err(fault_of(error))),
        };
        match row {
            Ok(_) if rows.len() >= ROWS_MAX => {
                problems.push(CsvProblem { line, fault: CsvFault::TooManyRows });
                break;
            }
            Ok(row) => rows.push((line, row)),
            Err(fault) => problems.push(CsvProblem { line, fault }),
        }
        if problems.len() >= CSV_PROBLEMS_MAX {
            break;
        }
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

/// The line of a record: the reader begins it where the last one ended, before empty lines and remarks.
fn line_of(bytes: &[u8], begun: &Position) -> u64 {
    let mut line = begun.line();
    let mut rest = usize::try_from(begun.byte()).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            b'\r' => after,
            b'\n' => {
                line += 1;
                after
            }
            b'#' => after
                .iter()
                .position(|byte| *byte == b'\n')
                .and_then(|end| after.get(end..))
                .unwrap_or_default(),
            _ => return line,
        };
    }
    line
}

fn fault_of(error: &csv::Error) -> CsvFault {
    if matches!(error.kind(), ErrorKind::Utf8 { .. }) { CsvFault::NotText } else { CsvFault::Malformed }
}

fn row(record: &ByteRecord) -> Result<PolicyRow, CsvFault> {
    let cells: Vec<&str> = record
        .iter()
        .map(|cell| std::str::from_utf8(cell).map(plain))
        .collect::<Result<_, _>>()
        .map_err(|_| CsvFault::NotText)?;
    let (kind, cells) = cells.split_first().ok_or(CsvFault::Kind)?;
    if *kind != "p" {
        return Err(CsvFault::Kind);
    }
    let &[
        id,
        role,
        requester,
        provider,
        class,
        items,
        sensitivity,
        grade,
        action,
        purpose,
        assurance,
        hours,
        zones,
        duties,
        effect,
    ] = cells
    else {
        return Err(CsvFault::Cells(cells.len() + 1));
    };
    if cells.iter().any(|cell| cell.contains('"')) {
        return Err(CsvFault::Malformed);
    }
    let duties = duties.split(',').filter(|_| !duties.is_empty());
    Ok(PolicyRow {
        id: text(id, "id")?,
        role: text(role, "role")?,
        requester: text(requester, "requester")?,
        provider: text(provider, "provider")?,
        entry_class: text(class, "entry_class")?,
        items: text(items, "items")?,
        sensitivity: text(sensitivity, "sensitivity")?,
        grade_max: number(grade, "grade_max")?,
        action: text(action, "action")?,
        purpose: text(purpose, "purpose")?,
        assurance_min: number(assurance, "assurance_min")?,
        hours: text(hours, "hours")?,
        zones: text(zones, "zones")?,
        obligations: duties.map(|duty| text(duty, "obligations")).collect::<Result<_, _>>()?,
        effect: Effect::from_code(effect).ok_or(CsvFault::Effect)?,
    })
}

fn text<const MAX: usize>(cell: &str, column: &'static str) -> Result<Text<MAX>, CsvFault> {
    Text::new(cell).map_err(|_| CsvFault::Cell(column))
}

fn number(cell: &str, column: &'static str) -> Result<u8, CsvFault> {
    let number: u8 = cell.parse().map_err(|_| CsvFault::Number(column))?;
    if number.to_string() == cell { Ok(number) } else { Err(CsvFault::Number(column)) }
}

/// Rows as a table that [`read_csv`] reads back as the same. A cell that a spreadsheet would take for a
/// formula has an apostrophe before it.
#[must_use]
pub fn write_csv(rows: &[PolicyRow]) -> String {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    for row in rows {
        let mut cells = vec!["p".to_owned()];
        cells.extend(crate::rule::cells(row).into_iter().map(guarded));
        // Nothing in memory can fail to be written.
        let _ = writer.write_record(&cells);
    }
    let table = writer.into_inner().unwrap_or_default();
    format!("# p,{}\n{}", CSV_COLUMNS.join(","), String::from_utf8_lossy(&table))
}

fn guarded(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\'']) { format!("'{cell}") } else { cell }
}

fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::tests::a_row;

    const LINE: &str = "p,r,*,*,*,*,*,*,4,*,*,1,*,*,,allow";

    fn faults(table: &str) -> Vec<(u64, CsvFault)> {
        let problems = read_csv(table.as_bytes()).unwrap_err();
        problems.into_iter().map(|problem| (problem.line, problem.fault)).collect()
    }

    #[test]
    fn what_is_written_reads_back_as_the_same() {
        let names =
            ["r", "政策, 一", "=cmd|' /C calc'!A0", "+1", "-1", "@sum", "'quoted", "''", "#r", "a  b"];
        let mut rows: Vec<PolicyRow> = names.iter().map(|name| a_row(name)).collect();
        rows[1].obligations = vec![Text::new("mask:ZJHM=MK-ID").unwrap(), Text::new("receipt:each").unwrap()];
        rows[2].effect = Effect::Deny;
        let table = write_csv(&rows);
        assert_eq!(read_csv(table.as_bytes()).unwrap(), rows);
        let cells = || table.lines().skip(1).flat_map(|line| line.split(','));
        assert!(
            cells().all(|cell| !cell.trim_start_matches('"').starts_with(['=', '+', '-', '@'])),
            "{table}"
        );
    }

    #[test]
    fn tables_as_spreadsheets_write_them_are_read() {
        for table in [
            format!("{LINE}\n"),
            format!("\u{feff}{LINE}\r\n"),
            format!("# remark\n\n{LINE}"),
            LINE.replace(',', ", "),
        ] {
            assert_eq!(read_csv(table.as_bytes()).unwrap(), [a_row("r")], "{table:?}");
        }
        assert_eq!(read_csv(b"").unwrap(), []);
        let lines = read_csv_lines(format!("# remark\n\n{LINE}\n{LINE}").as_bytes()).unwrap();
        assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
        let gaps = format!("\r\n{LINE}\r\n\r\n# a\r\n#b\n\n{LINE}\n");
        let lines = read_csv_lines(gaps.as_bytes()).unwrap();
        assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 7], "empty lines count");
    }

    #[test]
    fn every_line_that_cannot_be_taken_is_named() {
        let long = LINE.replace(",r,", &format!(",{},", "r".repeat(41)));
        let table = [
            LINE,
            "g, alice, admin",
            "p,r,*",
            "p,,*,*,*,*,*,*,4,*,*,1,*,*,,allow",
            "p,r,*,*,*,*,*,*,four,*,*,1,*,*,,allow",
            "p,r,*,*,*,*,*,*,4,*,*,+1,*,*,,allow",
            "p,r,*,*,*,*,*,*,4,*,*,1,*,*,,permit",
            &long,
            "p,r\u{200b},*,*,*,*,*,*,4,*,*,1,*,*,,allow",
            "p,r,*,*,*,*,*,*,4,*,*,1,*,*,\"receipt:each,\",allow",
        ];
        assert_eq!(
            faults(&table.join("\n")),
            [
                (2, CsvFault::Kind),
                (3, CsvFault::Cells(3)),
                (4, CsvFault::Cell("id")),
                (5, CsvFault::Number("grade_max")),
                (6, CsvFault::Number("assurance_min")),
                (7, CsvFault::Effect),
                (8, CsvFault::Cell("id")),
                (9, CsvFault::Cell("id")),
                (10, CsvFault::Cell("obligations")),
            ]
        );
        let mut bytes = LINE.as_bytes().to_vec();
        bytes.extend(b"\np,\xff,*");
        assert_eq!(read_csv(&bytes).unwrap_err(), [CsvProblem { line: 2, fault: CsvFault::NotText }]);
    }

    #[test]
    fn what_is_too_much_is_not_read_to_its_end() {
        assert_eq!(faults(&" ".repeat(CSV_BYTES_MAX + 1)), [(1, CsvFault::TooLarge)]);
        assert_eq!(faults(&"x\n".repeat(1_000)).len(), CSV_PROBLEMS_MAX);
        let open = format!("{LINE}\np,\"r,*,*\n{LINE}\n");
        assert_eq!(faults(&open).first().map(|(line, _)| *line), Some(2), "a quote that is not closed");
        assert!(read_csv(LINE.replace(",r,", ",a\"b,").as_bytes()).is_err());
    }
}
