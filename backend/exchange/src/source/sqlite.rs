//! An SQLite file as a data source, opened read-only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ledger::catalogue::{DataType, Entry};
use ledger::ids::ItemCode;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _, TypeInfo as _, ValueRef as _};

use super::Reading;
use crate::binding::{Binding, Name};
use crate::fault::ExchangeFault;
use crate::limits::{ROWS_MAX, SOURCE_READ_WAIT, SOURCE_READS_AT_ONCE};
use crate::person::ID_NUMBER;
use crate::table::{Row, Value};

/// One table of one SQLite file.
pub(crate) struct SqliteSource {
    pool: SqlitePool,
    binding: Binding,
    table: Name,
    /// Declared type of each column, upper case, by name in lower case.
    columns: BTreeMap<String, String>,
}

impl SqliteSource {
    pub(super) async fn open(binding: &Binding, file: &Path, table: &Name) -> Result<Self, ExchangeFault> {
        let name = binding.entry.to_string();
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(SOURCE_READS_AT_ONCE)
            .acquire_timeout(SOURCE_READ_WAIT)
            .connect_with(options)
            .await
            .map_err(|error| {
                ExchangeFault::binding(&name, format!("{} cannot be opened: {error}", file.display()))
            })?;
        let columns = check(&pool, binding, file, table).await?;
        Ok(Self { pool, binding: binding.clone(), table: table.clone(), columns })
    }

    pub(super) fn items(&self) -> BTreeSet<&ItemCode> {
        self.binding.items.keys().collect()
    }

    /// A number may stand in a text column (as decimals are), a text or date not in a number's.
    pub(super) fn fits(&self, entry: &Entry) -> Result<(), ExchangeFault> {
        for (code, column) in &self.binding.items {
            let name = self.binding.entry.to_string();
            let item = entry
                .item(code)
                .ok_or_else(|| ExchangeFault::binding(&name, format!("the entry has no item {code}")))?;
            let declared = declared(&self.columns, column);
            let is_text = is_text(declared);
            let fits = match item.data_type {
                DataType::Text => is_text,
                DataType::Date => is_text || declared.contains("DATE"),
                DataType::Number | DataType::Money | DataType::Integer => {
                    is_text
                        || ["INT", "REAL", "NUM", "DEC", "FLOA", "DOUB"]
                            .iter()
                            .any(|kind| declared.contains(kind))
                }
            };
            if !fits {
                let problem = format!(
                    "column {} of type {declared:?} does not hold {}",
                    column.as_str(),
                    item.data_type
                );
                return Err(ExchangeFault::binding(&name, problem));
            }
        }
        Ok(())
    }

    pub(super) async fn read(&self, reading: &Reading<'_>) -> Result<Vec<Row>, ExchangeFault> {
        let problem = |problem: &str| ExchangeFault::Source {
            entry: self.binding.entry.to_string(),
            problem: problem.to_owned(),
        };
        let mut wanted = Vec::with_capacity(reading.items.len());
        for (item, data_type) in &reading.items {
            let column = self.binding.items.get(item).ok_or_else(|| problem("an item is not bound"))?;
            wanted.push((item, *data_type, column));
        }
        let scope = match reading.scope {
            Some(scope) => {
                let column =
                    self.binding.items.get(&scope.item).or_else(|| self.binding.keys.get(&scope.item));
                Some((
                    column.ok_or_else(|| problem("the item of the row scope is not bound"))?,
                    &scope.equals,
                ))
            }
            None => None,
        };
        let columns: Vec<&Name> = wanted.iter().map(|(_, _, column)| *column).collect();
        let statement = self.statement(&columns, scope.map(|(column, _)| column));
        // Names were checked when the binding was read; everything else is bound.
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for item in self.binding.keys.keys() {
            query = query.bind(reading.person.key(item).ok_or_else(|| problem("a key has no value"))?);
        }
        if let Some((_, equals)) = scope {
            query = query.bind(equals.as_str());
        }
        let rows = tokio::time::timeout(SOURCE_READ_WAIT, query.fetch_all(&self.pool))
            .await
            .map_err(|_| problem("it did not answer in time"))?
            .map_err(|error| problem(error_kind(&error)))?;
        if rows.len() > ROWS_MAX {
            return Err(problem("it has more rows about one person than an answer may hold"));
        }
        rows.iter()
            .map(|row| {
                let mut values = BTreeMap::new();
                for (at, (item, data_type, _)) in wanted.iter().enumerate() {
                    let value = text(row, at, *data_type).map_err(problem)?;
                    values.insert((*item).clone(), value);
                }
                Ok(Row(values))
            })
            .collect()
    }

    /// `SELECT "a", "b" FROM "t" WHERE "k" = ? AND "l" = ? LIMIT n`, of checked names only.
    fn statement(&self, columns: &[&Name], scope: Option<&Name>) -> String {
        let mut columns: Vec<String> = columns.iter().map(|column| column.quoted()).collect();
        if columns.is_empty() {
            columns.push("1".to_owned()); // all items are withheld: only whether there is such a person
        }
        let conditions: Vec<String> = self
            .binding
            .keys
            .values()
            .chain(scope)
            .map(|column| format!("{} = ?", column.quoted()))
            .collect();
        format!(
            "SELECT {} FROM {} WHERE {} LIMIT {}",
            columns.join(", "),
            self.table.quoted(),
            conditions.join(" AND "),
            ROWS_MAX + 1
        )
    }

    pub(super) async fn close(self) {
        self.pool.close().await;
    }
}

/// What failed, without any value: a driver's message may quote one.
fn error_kind(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::PoolTimedOut => "all its connections are busy",
        sqlx::Error::Io(_) => "the file could not be read",
        sqlx::Error::Database(_) => "the database refused the statement",
        _ => "the driver failed",
    }
}

/// A value as text; nothing for NULL.
fn text(row: &SqliteRow, at: usize, data_type: DataType) -> Result<Option<Value>, &'static str> {
    const UNREADABLE: &str = "a value could not be read";
    let raw = row.try_get_raw(at).map_err(|_| UNREADABLE)?;
    if raw.is_null() {
        return Ok(None);
    }
    let text = match raw.type_info().name() {
        "TEXT" => row.try_get_unchecked::<String, _>(at).map_err(|_| "a text is not UTF-8")?,
        "INTEGER" => row.try_get_unchecked::<i64, _>(at).map_err(|_| UNREADABLE)?.to_string(),
        "REAL" => {
            let number = row.try_get_unchecked::<f64, _>(at).map_err(|_| UNREADABLE)?;
            match data_type {
                DataType::Money => format!("{number:.2}"),
                DataType::Integer => format!("{number:.0}"),
                DataType::Text | DataType::Number | DataType::Date => number.to_string(),
            }
        }
        _ => return Err("a value is neither text nor a number"),
    };
    Value::new(&text).map(Some).ok_or("a value is longer than an answer may hold")
}

fn declared<'a>(columns: &'a BTreeMap<String, String>, column: &Name) -> &'a str {
    columns.get(&column.as_str().to_ascii_lowercase()).map(String::as_str).unwrap_or_default()
}

fn is_text(declared: &str) -> bool {
    ["CHAR", "TEXT", "CLOB"].iter().any(|kind| declared.contains(kind))
}

/// The columns of the table, once the binding fits them.
async fn check(
    pool: &SqlitePool,
    binding: &Binding,
    file: &Path,
    table: &Name,
) -> Result<BTreeMap<String, String>, ExchangeFault> {
    let name = binding.entry.to_string();
    let wrong = |problem: String| ExchangeFault::binding(&name, problem);
    let unreadable = |error: sqlx::Error| {
        ExchangeFault::binding(&name, format!("{} is not readable: {error}", file.display()))
    };
    let table = table.as_str();

    let found = sqlx::query("SELECT name, type, pk FROM pragma_table_info(?)")
        .bind(table)
        .fetch_all(pool)
        .await
        .map_err(unreadable)?;
    let mut columns = BTreeMap::new();
    let mut indexed = BTreeSet::new();
    for row in &found {
        let column: String = row.try_get(0).map_err(unreadable)?;
        let declared: String = row.try_get(1).map_err(unreadable)?;
        if row.try_get::<i64, _>(2).map_err(unreadable)? == 1 {
            indexed.insert(column.to_ascii_lowercase());
        }
        columns.insert(column.to_ascii_lowercase(), declared.to_ascii_uppercase());
    }
    if columns.is_empty() {
        return Err(wrong(format!("table {table} does not exist")));
    }
    for column in binding.keys.values().chain(binding.items.values()) {
        match columns.get(&column.as_str().to_ascii_lowercase()) {
            None => return Err(wrong(format!("column {} does not exist", column.as_str()))),
            Some(declared) if declared.contains("BLOB") => {
                return Err(wrong(format!("column {} holds bytes, not text or numbers", column.as_str())));
            }
            Some(_) => {}
        }
    }
    for column in binding.keys.values() {
        if !is_text(declared(&columns, column)) {
            return Err(wrong(format!("key column {} is not of a text type", column.as_str())));
        }
    }

    let leading = sqlx::query(
        "SELECT c.name FROM pragma_index_list(?) AS i, pragma_index_info(i.name) AS c WHERE c.seqno = 0 AND i.partial = 0",
    )
    .bind(table)
    .fetch_all(pool)
    .await
    .map_err(unreadable)?;
    for row in &leading {
        // An index over an expression has no column name.
        if let Some(column) = row.try_get::<Option<String>, _>(0).map_err(unreadable)? {
            indexed.insert(column.to_ascii_lowercase());
        }
    }
    let number = binding.keys.iter().find(|(item, _)| item.as_str() == ID_NUMBER).map(|(_, column)| column);
    match number {
        Some(column) if !indexed.contains(&column.as_str().to_ascii_lowercase()) => {
            Err(wrong(format!("key column {} is not indexed", column.as_str())))
        }
        _ => Ok(columns),
    }
}

#[cfg(test)]
mod tests;
