//! Accounts from a list, all or none: one line a person, with the columns of its first line.

use std::collections::BTreeSet;

use crate::audit_log::Event;
use crate::codes::{FieldCode, OfficeRefusal};
use crate::error::ServiceError;
use crate::fields::Mistakes;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::staff::details::{self, Details};
use crate::staff::manage;
use crate::staff::rules::StaffAct;

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineMistake {
    /// Its number in the file, from 1; the names of the columns are line 1.
    pub line: u64,
    /// Which column.
    pub field: &'static str,
    /// What is wrong with it.
    pub code: FieldCode,
}

/// How an import ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// So many accounts were made.
    Made(usize),
    /// Nothing was made.
    Wrong(Vec<LineMistake>),
}

/// Columns, as their first line may name them.
const COLUMNS: [(&str, &str); 4] =
    [("account", "账号"), ("name", "姓名"), ("number", "工号"), ("unit", "科室")];

/// Makes an account for each line.
///
/// # Errors
/// Refused `staff.not-yours`, `staff.full`; faults.
pub async fn import(office: &Office, officer: &Officer, text: &str) -> Result<Imported, ServiceError> {
    let decided = manage::allowed(officer, StaffAct::Create);
    if decided.is_err() {
        office.note_result(officer, Event::Staff(StaffAct::Create), "", &decided).await?;
    }
    decided?;
    let read = match read(text) {
        Ok(read) => read,
        Err(mistakes) => return Ok(Imported::Wrong(mistakes)),
    };
    let mut mistakes = Vec::new();
    for (line, details) in &read {
        match details::check_free(office.pool(), details).await {
            Ok(()) => {}
            Err(ServiceError::Invalid(fields)) => mistakes.extend(fields.iter().map(|wrong| LineMistake {
                line: *line,
                field: wrong.field,
                code: wrong.code,
            })),
            Err(other) => return Err(other),
        }
    }
    if !mistakes.is_empty() {
        return Ok(Imported::Wrong(mistakes));
    }
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM staff").fetch_one(office.pool()).await?;
    if count + i64::try_from(read.len()).unwrap_or(i64::MAX) > limits::STAFF_MAX {
        return Err(ServiceError::refused(OfficeRefusal::StaffFull));
    }
    for (_, details) in &read {
        office.note(officer, Event::Staff(StaffAct::Create), &details.account, "ok").await?;
    }
    let now = office.now_ms();
    let mut transaction = office.pool().begin_with("BEGIN IMMEDIATE").await?;
    for (_, details) in &read {
        manage::made(&mut transaction, officer, details, now).await?;
    }
    transaction.commit().await?;
    Ok(Imported::Made(read.len()))
}

/// All lines, or all that is wrong with them.
fn read(text: &str) -> Result<Vec<(u64, Details)>, Vec<LineMistake>> {
    let text = text.trim_start_matches('\u{feff}');
    let wrong = |line, field, code| LineMistake { line, field, code };
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let heads = reader.headers().map_err(|_| vec![wrong(1, "account", FieldCode::Missing)])?.clone();
    let place = |column: (&str, &str)| {
        heads.iter().position(|head| head.eq_ignore_ascii_case(column.0) || head == column.1)
    };
    let places = COLUMNS.map(place);
    let mut mistakes: Vec<LineMistake> = ["account", "name"]
        .into_iter()
        .zip(places)
        .filter(|(_, place)| place.is_none())
        .map(|(field, _)| wrong(1, field, FieldCode::Missing))
        .collect();
    let (mut lines, mut accounts) = (Vec::new(), BTreeSet::new());
    for record in reader.records().take(limits::IMPORT_LINES_MAX + 1) {
        let Ok(record) = record else {
            mistakes.push(wrong(lines.len() as u64 + 2, "account", FieldCode::BadCharacters));
            break;
        };
        let line = record.position().map_or(0, csv::Position::line);
        let [account, name, number, unit] =
            places.map(|place| place.and_then(|place| record.get(place)).unwrap_or_default());
        let mut found = Mistakes::default();
        let details = Details::read(&mut found, account, name, number, unit);
        if let Err(ServiceError::Invalid(fields)) = found.done() {
            mistakes.extend(fields.iter().map(|field| wrong(line, field.field, field.code)));
        }
        if !account.is_empty() && !accounts.insert(account.to_lowercase()) {
            mistakes.push(wrong(line, "account", FieldCode::Taken));
        }
        lines.extend(details.map(|details| (line, details)));
        if lines.len() > limits::IMPORT_LINES_MAX {
            mistakes.push(wrong(line, "account", FieldCode::TooLarge));
        }
    }
    if lines.is_empty() && mistakes.is_empty() {
        mistakes.push(wrong(2, "account", FieldCode::Missing));
    }
    if mistakes.is_empty() { Ok(lines) } else { Err(mistakes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order_under_either_name() {
        let read =
            read("\u{feff}姓名,账号,科室,x\n林知夏, lin.zx ,贷款科,1\n\"顾, 念\",gu.nian,,\n").unwrap();
        let told: Vec<_> = read
            .iter()
            .map(|(line, one)| (*line, one.account.as_str(), one.name.as_str(), one.unit.as_str()))
            .collect();
        assert_eq!(told, [(2, "lin.zx", "林知夏", "贷款科"), (3, "gu.nian", "顾, 念", "")]);
    }

    #[test]
    fn every_wrong_line_is_named_and_none_is_read() {
        let text = "account,name\nlin zx,林知夏\ngu.nian,\nfang,方予\nFANG,方予\n";
        let told: Vec<_> = read(text).unwrap_err().into_iter().map(|w| (w.line, w.field, w.code)).collect();
        assert_eq!(
            told,
            [
                (2, "account", FieldCode::BadCharacters),
                (3, "name", FieldCode::Missing),
                (5, "account", FieldCode::Taken),
            ]
        );
    }

    #[test]
    fn a_list_without_its_columns_or_lines_or_with_too_many_is_refused() {
        assert_eq!(
            read("name\n林\n").unwrap_err().first().map(|w| (w.line, w.code)),
            Some((1, FieldCode::Missing))
        );
        assert!(read("account,name\n").is_err());
        assert!(read("").is_err());
        let many: String = (0..=limits::IMPORT_LINES_MAX).map(|n| format!("a{n},林\n")).collect();
        let told = read(&format!("account,name\n{many}")).unwrap_err();
        assert_eq!(told.last().map(|w| w.code), Some(FieldCode::TooLarge));
    }
}
