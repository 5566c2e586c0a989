//! The exchange's own SQLite file: every state of every query, on disk before its effect.
//!
//! Writes go through one connection in full synchronous mode, so that what returned is on the disk.
//! What could name a person, a case or a key is sealed under the store key; values that must be found
//! again are indexed by an HMAC only.

pub(crate) mod answers;
pub(crate) mod bounds;
pub(crate) mod decisions;
pub(crate) mod delivery;
mod lists;
mod openings;
pub(crate) mod queries;

use std::path::Path;

use gm::store_key::StoreKey;
use ledger::ids::{QueryId, Time};
use ledger::wire::{Wire, from_bytes};
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteQueryResult, SqliteRow, SqliteSynchronous,
};
use sqlx::{Decode, Row as _, Sqlite, Type};
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::fault::ExchangeFault;
use crate::limits::STORE_BUSY_WAIT;
use crate::officer::WordOf;
use crate::outcome::Outcome;
use crate::protocol::Details;
use crate::query::AnsweredState;

/// Connections for reading.
const READERS: u32 = 4;
/// The file in the exchange's folder.
const FILE: &str = "exchange.sqlite";
/// The column of the keys of tags.
const TAG_KEY: &str = "tag_keys.key";

/// One statement with its values.
type Statement<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// The store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    write: SqlitePool,
    read: SqlitePool,
    key: StoreKey,
    /// Moves with every change of a query.
    changed: watch::Sender<u64>,
}

impl Store {
    /// Opens the store, or makes it.
    pub(crate) async fn open(dir: &Path, key: StoreKey) -> Result<Self, ExchangeFault> {
        std::fs::create_dir_all(dir).map_err(ExchangeFault::Folder)?;
        let options = SqliteConnectOptions::new()
            .filename(dir.join(FILE))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(STORE_BUSY_WAIT)
            // Freed pages are overwritten: a destroyed seed must not be found in the file.
            .pragma("secure_delete", "ON");
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(STORE_BUSY_WAIT)
            .connect_with(options.clone())
            .await?;
        migrations().run(&write).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(STORE_BUSY_WAIT)
            .connect_with(options.create_if_missing(false).read_only(true))
            .await?;
        let store = Self { write, read, key, changed: watch::Sender::new(0) };
        store.check_key().await?;
        Ok(store)
    }

    /// Opens a store beside the process that holds it, to be read only: nothing is made, migrated or written.
    pub(crate) async fn look(dir: &Path, key: StoreKey) -> Result<Self, ExchangeFault> {
        let options = SqliteConnectOptions::new()
            .filename(dir.join(FILE))
            .read_only(true)
            .busy_timeout(STORE_BUSY_WAIT);
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(STORE_BUSY_WAIT)
            .connect_with(options)
            .await?;
        // What would be written fails.
        let store = Self { write: read.clone(), read, key, changed: watch::Sender::new(0) };
        store.known_tag_key(0).await?.ok_or(ExchangeFault::Damaged(TAG_KEY))?;
        Ok(store)
    }

    /// Whether a store was made in this folder.
    pub(crate) fn is_in(dir: &Path) -> bool {
        dir.join(FILE).exists()
    }

    /// Closes both pools; what was written is on the disk already.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// A hint that something changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Makes changes, all or none. They are on the disk when this returns, and who waits for a change is
    /// told. Gives what the last of them did.
    async fn change(&self, statements: Vec<Statement<'_>>) -> Result<SqliteQueryResult, ExchangeFault> {
        let mut transaction = self.write.begin().await?;
        let mut done = SqliteQueryResult::default();
        for statement in statements {
            done = statement.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
        Ok(done)
    }

    /// A key that opens nothing must be found out at the start, not at the first answer.
    async fn check_key(&self) -> Result<(), ExchangeFault> {
        self.tag_key(0).await.map(drop)
    }

    /// Seals a value for one column of one row.
    fn seal(&self, column: &'static str, row: &[u8], plain: &[u8]) -> Result<Vec<u8>, ExchangeFault> {
        Ok(self.key.seal(&context(column, row), plain)?)
    }

    /// Opens a value of one column of one row.
    fn open_sealed(
        &self,
        column: &'static str,
        row: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, ExchangeFault> {
        self.key.open(&context(column, row), sealed).map_err(|_| ExchangeFault::Damaged(column))
    }

    fn open_optional(
        &self,
        column: &'static str,
        row: &[u8],
        sealed: Option<Vec<u8>>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ExchangeFault> {
        sealed.map(|sealed| self.open_sealed(column, row, &sealed)).transpose()
    }

    /// Whose word it is that an officer asked, as a row of either side has it.
    fn word_of(
        &self,
        query: &QueryId,
        row: &SqliteRow,
        details: &'static str,
        officer: &'static str,
    ) -> Result<Option<WordOf>, ExchangeFault> {
        if let Some(bytes) = self.open_optional(officer, &query.0, get(row, "officer")?)? {
            return Ok(Some(WordOf::Officer(Box::new(decode(&bytes, officer)?))));
        }
        let bytes = self.open_optional(details, &query.0, get(row, "details")?)?;
        let found: Option<Details> = bytes.map(|bytes| decode(&bytes, details)).transpose()?;
        Ok(found.map(|details| WordOf::Department(details.assurance)))
    }

    /// The tag an equal value always gets: for finding, not for reading.
    pub(crate) fn tag(&self, what: &'static str, value: &[u8]) -> [u8; 32] {
        self.key.index(what.as_bytes(), value).0
    }

    /// The tag of a person within one year, at the provider (PROTOCOL section 8).
    pub(crate) async fn subject_tag(&self, year: i16, id_number: &str) -> Result<[u8; 32], ExchangeFault> {
        let key = self.tag_key(year).await?;
        Ok(gm::sm3::hmac(&*key, &[id_number.as_bytes()]).0)
    }

    /// The tag key of a year; made when first needed.
    async fn tag_key(&self, year: i16) -> Result<Zeroizing<[u8; 32]>, ExchangeFault> {
        let row = i32::from(year).to_be_bytes();
        let fresh = Zeroizing::new(gm::random::bytes::<32>()?);
        let sealed = self.seal(TAG_KEY, &row, &*fresh)?;
        sqlx::query("INSERT INTO tag_keys (year, key) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(year)
            .bind(sealed)
            .execute(&self.write)
            .await?;
        self.known_tag_key(year).await?.ok_or(ExchangeFault::Damaged(TAG_KEY))
    }

    /// The tag key of a year, if it was made.
    async fn known_tag_key(&self, year: i16) -> Result<Option<Zeroizing<[u8; 32]>>, ExchangeFault> {
        let found = sqlx::query("SELECT key FROM tag_keys WHERE year = ?")
            .bind(year)
            .fetch_optional(&self.write)
            .await?;
        let Some(found) = found else { return Ok(None) };
        let row = i32::from(year).to_be_bytes();
        let opened = self.open_sealed(TAG_KEY, &row, &found.try_get::<Vec<u8>, _>(0)?)?;
        let key: [u8; 32] = opened.as_slice().try_into().map_err(|_| ExchangeFault::Damaged(TAG_KEY))?;
        Ok(Some(Zeroizing::new(key)))
    }

    /// Counts a call that leaves no record.
    pub(crate) async fn count_refused(&self, now: Time, from: &str, code: &str) -> Result<(), ExchangeFault> {
        sqlx::query(
            "INSERT INTO refused_calls (day, department, code, calls) VALUES (?, ?, ?, 1)
             ON CONFLICT DO UPDATE SET calls = calls + 1",
        )
        .bind(day(now))
        .bind(from)
        .bind(code)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// All calls that left no record, by code.
    pub(crate) async fn refused_calls(&self) -> Result<Vec<(String, u64)>, ExchangeFault> {
        let rows = sqlx::query("SELECT code, SUM(calls) FROM refused_calls GROUP BY code ORDER BY code")
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, unsigned(row.try_get(1)?)))).collect()
    }
}

fn context(column: &'static str, row: &[u8]) -> Vec<u8> {
    [column.as_bytes(), &[0], row].concat()
}

fn migrations() -> Migrator {
    let migrations = [
        (1, "exchange", include_str!("../migrations/0001_exchange.sql")),
        (2, "keeping", include_str!("../migrations/0002_keeping.sql")),
        (3, "person", include_str!("../migrations/0003_person.sql")),
        (4, "queries", include_str!("../migrations/0004_queries.sql")),
        (5, "asker", include_str!("../migrations/0005_asker.sql")),
        (6, "officer", include_str!("../migrations/0006_officer.sql")),
        (8, "bounds", include_str!("../migrations/0008_bounds.sql")),
        (9, "second", include_str!("../migrations/0009_second.sql")),
    ];
    Migrator::with_migrations(
        migrations
            .into_iter()
            .map(|(version, name, sql)| {
                Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
            })
            .collect(),
    )
}

/// Days since 1970 in UTC+8.
fn day(now: Time) -> i32 {
    (crate::person::date(now) - crate::person::date(Time(0))).get_days()
}

/// Numbers in SQLite are signed; ours are times and counts far below the sign.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn time(number: i64) -> Time {
    Time(unsigned(number))
}

/// A column's value.
fn get<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(
    row: &'r SqliteRow,
    column: &str,
) -> Result<T, ExchangeFault> {
    Ok(row.try_get(column)?)
}

/// A column that holds the canonical bytes of an object.
fn object<T: Wire>(row: &SqliteRow, column: &'static str) -> Result<T, ExchangeFault> {
    decode(&get::<Vec<u8>>(row, column)?, column)
}

fn optional_object<T: Wire>(row: &SqliteRow, column: &'static str) -> Result<Option<T>, ExchangeFault> {
    get::<Option<Vec<u8>>>(row, column)?.map(|bytes| decode(&bytes, column)).transpose()
}

fn decode<T: Wire>(bytes: &[u8], what: &'static str) -> Result<T, ExchangeFault> {
    from_bytes(bytes).map_err(|_| ExchangeFault::Damaged(what))
}

fn answered_state(row: &SqliteRow) -> Result<AnsweredState, ExchangeFault> {
    AnsweredState::from_code(&get::<String>(row, "state")?).ok_or(ExchangeFault::Damaged("answers.state"))
}

/// A column that holds the code of an outcome.
fn outcome(row: &SqliteRow, column: &'static str) -> Result<Option<Outcome>, ExchangeFault> {
    let code: Option<String> = get(row, column)?;
    code.map(|code| Outcome::from_code(&code).ok_or(ExchangeFault::Damaged(column))).transpose()
}

/// A column that holds a text with a form of its own.
fn parse<T: std::str::FromStr>(row: &SqliteRow, column: &'static str) -> Result<T, ExchangeFault> {
    get::<String>(row, column)?.parse().map_err(|_| ExchangeFault::Damaged(column))
}

fn bytes32(row: &SqliteRow, column: &'static str) -> Result<[u8; 32], ExchangeFault> {
    let bytes: Vec<u8> = get(row, column)?;
    bytes.as_slice().try_into().map_err(|_| ExchangeFault::Damaged(column))
}

/// The member of a closed set with this number.
fn number<T: Copy>(all: &[T], of: fn(T) -> u8, number: Option<u8>) -> Option<T> {
    all.iter().copied().find(|member| Some(of(*member)) == number)
}

fn query_id(row: &SqliteRow) -> Result<QueryId, ExchangeFault> {
    bytes32(row, "query").map(QueryId)
}

#[cfg(test)]
mod tests;
