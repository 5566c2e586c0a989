//! Comma separated tables as spreadsheets write them (RFC 4180). Only for tables compiled in;
//! nothing from outside is read.

use csv::{Reader, StringRecord};

/// The lines of a table below its heading, which must be `heading`, each with its number (counted
/// from 1).
///
/// # Errors
/// The number of the first line that has another number of fields than the heading.
pub(crate) fn lines(text: &str, heading: &str) -> Result<Vec<(u64, StringRecord)>, u64> {
    let mut reader = Reader::from_reader(text.as_bytes());
    if !reader.headers().is_ok_and(|found| found.iter().eq(heading.split(','))) {
        return Err(1);
    }
    let numbered = |record: Result<StringRecord, csv::Error>| match record {
        Ok(record) => Ok((record.position().map_or(1, csv::Position::line), record)),
        Err(error) => Err(error.position().map_or(1, csv::Position::line)),
    };
    reader.records().map(numbered).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_keep_their_commas_and_quotes() {
        let table = lines("a,b,c\n1,\"2,3\",\"say \"\"so\"\"\"\n,,\n\n", "a,b,c").unwrap();
        let table: Vec<(u64, Vec<&str>)> =
            table.iter().map(|(line, fields)| (*line, fields.iter().collect())).collect();
        assert_eq!(table, [(2, vec!["1", "2,3", "say \"so\""]), (3, vec!["", "", ""])]);
    }

    #[test]
    fn a_malformed_line_is_named() {
        assert_eq!(lines("a,b\n1,2\n1,2,3\n", "a,b"), Err(3));
        assert_eq!(lines("a,b\n\"1,2\n", "a,b"), Err(2));
        assert_eq!(lines("b,a\n1,2\n", "a,b"), Err(1));
        assert_eq!(lines("", "a,b"), Err(1));
    }
}
