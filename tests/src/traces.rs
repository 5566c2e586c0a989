//! Looks for values that must not be there, in everything a process wrote:
//! files as they lie on disk, RocksDB and SQLite through their own readers (a
//! value may be split over blocks or pages).

use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rocksdb::{DB, IteratorMode, Options};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

use crate::trouble::{Outcome, While};

/// Base64 of fewer letters would be found by chance.
const BASE64_LETTERS_MIN: usize = 8;

/// A value that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Where: a file, with table or column family.
    pub place: String,
    /// Which value.
    pub value: String,
}

/// What was looked through.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// What was found.
    pub traces: Vec<Trace>,
    /// Files read.
    pub files: usize,
    /// Bytes seen.
    pub bytes: u64,
    /// Rows of SQLite tables and pairs of RocksDB seen.
    pub records: u64,
    /// RocksDB's table files. As long as there are none, everything ever written, deleted or not, still lies
    /// in its log as it was written.
    pub table_files: usize,
}

/// Values in every way they might be written.
pub struct Search {
    forms: AhoCorasick,
    /// The value behind each form.
    values: Vec<String>,
}

impl Search {
    /// A search for these values as text, as UTF-16, in hexadecimal and in Base64.
    ///
    /// # Errors
    /// When there are too many values.
    pub fn new(values: impl IntoIterator<Item = String>) -> Outcome<Self> {
        let mut forms = Vec::new();
        let mut behind = Vec::new();
        for value in values {
            for form in written(&value) {
                forms.push(form);
                behind.push(value.clone());
            }
        }
        Ok(Self { forms: AhoCorasick::new(forms).during("the search")?, values: behind })
    }

    /// Looks through every file below `dir` but those that `passed_over` names.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn look(&self, dir: &Path, passed_over: &[PathBuf]) -> Outcome<Looked> {
        let mut looked = Looked::default();
        let mut folders = vec![dir.to_owned()];
        while let Some(folder) = folders.pop() {
            if folder.join("CURRENT").is_file() {
                self.look_into_rocksdb(&folder, &mut looked)?;
            }
            for entry in fs::read_dir(&folder).during(folder.display())? {
                let path = entry.during(folder.display())?.path();
                if passed_over.contains(&path) {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = fs::read(&path).during(path.display())?;
                looked.files += 1;
                looked.table_files += usize::from(path.extension().is_some_and(|kind| kind == "sst"));
                self.look_at(&bytes, &path.display().to_string(), &mut looked);
                if bytes.starts_with(b"SQLite format 3\0") {
                    self.look_into_sqlite(&path, &mut looked).await?;
                }
            }
        }
        Ok(looked)
    }

    fn look_at(&self, bytes: &[u8], place: &str, looked: &mut Looked) {
        looked.bytes += bytes.len() as u64;
        for found in self.forms.find_iter(bytes) {
            let value = self.values[found.pattern().as_usize()].clone();
            let trace = Trace { place: place.to_owned(), value };
            if !looked.traces.contains(&trace) {
                looked.traces.push(trace);
            }
        }
    }

    fn look_into_rocksdb(&self, folder: &Path, looked: &mut Looked) -> Outcome<()> {
        let options = Options::default();
        let families = DB::list_cf(&options, folder).during(folder.display())?;
        let db = DB::open_cf_for_read_only(&options, folder, &families, false).during(folder.display())?;
        for family in &families {
            let place = format!("{} column family {family}", folder.display());
            let handle = db.cf_handle(family).during(&place)?;
            for pair in db.iterator_cf(&handle, IteratorMode::Start) {
                let (key, value) = pair.during(&place)?;
                looked.records += 1;
                self.look_at(&key, &place, looked);
                self.look_at(&value, &place, looked);
            }
        }
        Ok(())
    }

    async fn look_into_sqlite(&self, path: &Path, looked: &mut Looked) -> Outcome<()> {
        let mut connection =
            SqliteConnectOptions::new().filename(path).connect().await.during(path.display())?;
        let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
            .fetch_all(&mut connection)
            .await
            .during(path.display())?;
        for table in tables {
            let place = format!("{} table {table}", path.display());
            let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)")
                .bind(&table)
                .fetch_all(&mut connection)
                .await
                .during(&place)?;
            for column in columns {
                let sql = format!("SELECT CAST(\"{column}\" AS BLOB) FROM \"{table}\"");
                let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await.during(&place)?;
                for row in rows {
                    looked.records += 1;
                    let cell: Option<Vec<u8>> = row.try_get(0).during(&place)?;
                    self.look_at(&cell.unwrap_or_default(), &place, looked);
                }
            }
        }
        Ok(())
    }
}

/// A value as a careless program might write it.
fn written(value: &str) -> Vec<Vec<u8>> {
    let utf8 = value.as_bytes().to_vec();
    let utf16: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let lower = hex::encode(&utf8);
    let upper = lower.to_uppercase();
    let escaped: String = value
        .chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
        .collect();
    let percent: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let mut forms = vec![
        utf8.clone(),
        utf16,
        lower.into_bytes(),
        upper.into_bytes(),
        escaped.into_bytes(),
        percent.into_bytes(),
    ];
    // Inside a longer text the value may start at any of three places of a Base64 group.
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend(&utf8);
        let text = STANDARD_NO_PAD.encode(&padded);
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        if let Some(sure) = text.get(first..last).filter(|sure| sure.len() >= BASE64_LETTERS_MIN) {
            forms.push(sure.as_bytes().to_vec());
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "990000199001010017";

    async fn found(content: &[u8]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), content).unwrap();
        let search = Search::new([NUMBER.to_owned(), "欧阳云山".to_owned()]).unwrap();
        !search.look(folder.path(), &[]).await.unwrap().traces.is_empty()
    }

    #[tokio::test]
    async fn a_value_is_found_in_every_way_it_may_be_written() {
        for lead in ["", "x", "xy"] {
            let text = format!("{lead}{NUMBER}…");
            assert!(found(text.as_bytes()).await);
            assert!(found(hex::encode(&text).as_bytes()).await);
            assert!(found(STANDARD_NO_PAD.encode(&text).as_bytes()).await, "{lead}");
        }
        assert!(found(br#"{"name":"\u6b27\u9633\u4e91\u5c71"}"#).await);
        assert!(!found(b"990000199001010018").await);
    }

    #[tokio::test]
    async fn a_value_is_found_in_rocksdb_and_in_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let mut options = Options::default();
        options.create_if_missing(true);
        let db = DB::open(&options, &path).unwrap();
        db.put(b"key", NUMBER.as_bytes()).unwrap();
        db.flush().unwrap();
        drop(db);
        let sqlite = folder.path().join("a.sqlite");
        let mut connection =
            SqliteConnectOptions::new().filename(&sqlite).create_if_missing(true).connect().await.unwrap();
        sqlx::query("CREATE TABLE t (a, b BLOB)").execute(&mut connection).await.unwrap();
        sqlx::query("INSERT INTO t VALUES (?, ?)")
            .bind(1)
            .bind(NUMBER.as_bytes())
            .execute(&mut connection)
            .await
            .unwrap();
        drop(connection);
        let search = Search::new([NUMBER.to_owned()]).unwrap();
        let places: Vec<String> = search
            .look(folder.path(), &[])
            .await
            .unwrap()
            .traces
            .into_iter()
            .map(|trace| trace.place)
            .collect();
        assert!(places.iter().any(|place| place.ends_with("column family default")));
        assert!(places.iter().any(|place| place.ends_with("table t")));
        assert!(search.look(folder.path(), &[path.clone(), sqlite]).await.unwrap().traces.is_empty());
    }
}
