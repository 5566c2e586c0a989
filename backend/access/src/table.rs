//! Comma separated tables as spreadsheets write them (RFC 4180): a field with a comma stands in
//! quotes, a quote inside is doubled. Only for tables compiled in; nothing from outside is read.

/// A table that is not well formed, by line (counted from 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableFault {
    /// A quote opens inside a field, or is not closed on its line.
    Quote(usize),
    /// A line has not as many fields as the heading.
    Fields(usize),
}

/// Splits a table into its lines below the heading, which must be `heading`.
pub(crate) fn lines<'a>(text: &'a str, heading: &str) -> Result<Vec<(usize, Vec<String>)>, TableFault> {
    let mut numbered = text.lines().enumerate().map(|(index, line)| (index.saturating_add(1), line));
    let is_written = |(_, line): &(usize, &'a str)| !line.trim().is_empty();
    match numbered.next() {
        Some((_, first)) if first == heading => {}
        _ => return Err(TableFault::Fields(1)),
    }
    let columns = heading.split(',').count();
    numbered
        .filter(is_written)
        .map(|(number, line)| {
            let fields = fields(line).ok_or(TableFault::Quote(number))?;
            if fields.len() == columns { Ok((number, fields)) } else { Err(TableFault::Fields(number)) }
        })
        .collect()
}

fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                if field.contains('"') {
                    return None;
                }
                (field.to_owned(), after)
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(fields),
            None => return None,
        }
    }
}

/// The field up to its closing quote, and what follows it.
fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_keep_their_commas_and_quotes() {
        let table = lines("a,b,c\n1,\"2,3\",\"say \"\"so\"\"\"\n\n,,\n", "a,b,c").unwrap();
        assert_eq!(
            table,
            [
                (2, vec!["1".to_owned(), "2,3".to_owned(), "say \"so\"".to_owned()]),
                (4, vec![String::new(), String::new(), String::new()]),
            ]
        );
    }

    #[test]
    fn a_malformed_line_is_named() {
        assert_eq!(lines("a,b\n1,2\n1,2,3\n", "a,b"), Err(TableFault::Fields(3)));
        assert_eq!(lines("a,b\n1,\"2\n", "a,b"), Err(TableFault::Quote(2)));
        assert_eq!(lines("a,b\n1,\"2\"x\n", "a,b"), Err(TableFault::Quote(2)));
        assert_eq!(lines("a,b\n1,2\"x\"\n", "a,b"), Err(TableFault::Quote(2)));
        assert_eq!(lines("b,a\n1,2\n", "a,b"), Err(TableFault::Fields(1)));
        assert_eq!(lines("", "a,b"), Err(TableFault::Fields(1)));
    }
}
