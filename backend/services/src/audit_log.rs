//! The department's local log of what its staff did and saw: append-only, each entry bound to the
//! one before under a key of the department (HMAC-SM3). Its head stands in every ticket, receipt, denial
//! and acknowledgement of the department, so that a shortened or rewritten log no longer fits the chain;
//! and nobody who has the file, but not the key, can write an entry that fits, or guess one from its digest.
//!
//! It fails closed: an entry that cannot be written stops the use case that wanted it.
//! Never logged: passwords, citizens, values.

mod entry;
mod event;
mod looks;

use std::fmt;
use std::sync::{Arc, RwLock};

use gm::sm3::Digest;
use gm::store_key::StoreKey;
use ledger::receipt::LogHead;
use sqlx::Row as _;

use crate::store::{OfficeStore, StoreFault};
use crate::throttle::Source;

use entry::Bound;
pub use entry::{AuditResult, LoggedEvent, Note, Seen};
pub use event::Event;

/// The head of a log without entries.
const EMPTY: LogHead = LogHead { size: 0, digest: Digest::ZERO };
/// What the log's key is derived for.
const KEY_CONTEXT: &[u8] = b"audit-log";

/// The key of a department's audit log, derived from its store key.
#[derive(Clone)]
pub struct AuditKey(Digest);

impl AuditKey {
    /// The key that belongs to a store key.
    #[must_use]
    pub fn of(store: &StoreKey) -> Self {
        Self(store.index(KEY_CONTEXT, b"key"))
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AuditKey")
    }
}

/// The log. A clone is the same log.
#[derive(Debug, Clone)]
pub struct AuditLog {
    store: OfficeStore,
    key: AuditKey,
    head: Arc<RwLock<LogHead>>,
    /// One writer at a time: the next entry needs the digest of the last.
    writer: Arc<tokio::sync::Mutex<()>>,
}

impl AuditLog {
    /// Opens the log and checks every entry against the one before.
    ///
    /// # Errors
    /// [`StoreFault::LogBroken`] names the first entry that does not fit.
    pub async fn open(store: &OfficeStore, key: AuditKey) -> Result<Self, StoreFault> {
        let head = check(store, &key).await?;
        Ok(Self {
            store: store.clone(),
            key,
            head: Arc::new(RwLock::new(head)),
            writer: Arc::new(tokio::sync::Mutex::new(())),
        })
    }

    /// Size of the log and digest of its last entry; zero for an empty log.
    #[must_use]
    pub fn head(&self) -> LogHead {
        *self.head.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Appends one entry and returns only when it is on disk.
    ///
    /// # Errors
    /// [`StoreFault`]; the caller must then not do what it wanted noted.
    pub async fn append(&self, note: Note<'_>) -> Result<LogHead, StoreFault> {
        let _writer = self.writer.lock().await;
        // The last entry is read from the file: the command line may have written one meanwhile.
        let mut transaction = self.store.pool().begin_with("BEGIN IMMEDIATE").await?;
        let last = last_head(&mut transaction).await?;
        let known = self.head();
        if last != known && !(last.size > known.size && holds(&mut *transaction, &known).await?) {
            // Cut or exchanged under our hands: nothing is added to what is not our log.
            return Err(StoreFault::LogBroken { seq: known.size });
        }
        let bound = Bound { seq: last.size + 1, at: note.at, texts: note.texts() };
        let head = LogHead { size: bound.seq, digest: bound.digest(&self.key.0, last.digest) };
        let mut insert = sqlx::query(
            "INSERT INTO audit_log (seq, at, event, account, role, address, session, object, items, purpose,
               outcome, previous, digest)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(i64::try_from(head.size).unwrap_or(i64::MAX))
        .bind(note.at);
        for text in &bound.texts {
            insert = insert.bind(text.as_ref());
        }
        insert
            .bind(last.digest.0.as_slice())
            .bind(head.digest.0.as_slice())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        *self.head.write().unwrap_or_else(std::sync::PoisonError::into_inner) = head;
        Ok(head)
    }

    /// Reads the whole log again and checks it.
    ///
    /// # Errors
    /// [`StoreFault::LogBroken`] names the first entry that does not fit.
    pub async fn verify(&self) -> Result<LogHead, StoreFault> {
        let _writer = self.writer.lock().await;
        check(&self.store, &self.key).await
    }

    /// Whether the log once stood at this head: the entry of that number has that digest.
    ///
    /// # Errors
    /// [`StoreFault`] when it cannot be read.
    pub async fn contains(&self, head: &LogHead) -> Result<bool, StoreFault> {
        Ok(holds(self.store.pool(), head).await?)
    }

    /// Whether an account signed in from a source before: then that is a desk of its officer.
    ///
    /// # Errors
    /// [`StoreFault`] when it cannot be read.
    pub(crate) async fn has_signed_in(&self, account: &str, source: Source) -> Result<bool, StoreFault> {
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT seq FROM audit_log WHERE event = ? AND account = ? AND address = ? AND outcome = 'ok' LIMIT 1",
        )
        .bind(Event::SignIn.code())
        .bind(account)
        .bind(source.to_string())
        .fetch_optional(self.store.pool())
        .await?;
        Ok(found.is_some())
    }

    /// All entries, oldest first.
    ///
    /// # Errors
    /// [`StoreFault`] when they cannot be read.
    pub async fn all(&self) -> Result<Vec<LoggedEvent>, StoreFault> {
        let rows = sqlx::query("SELECT * FROM audit_log ORDER BY seq").fetch_all(self.store.pool()).await?;
        rows.iter().map(|row| LoggedEvent::read(row).map_err(StoreFault::from)).collect()
    }

    /// The newest entries, newest first.
    ///
    /// # Errors
    /// [`StoreFault`] when they cannot be read.
    pub async fn newest(&self, count: u32) -> Result<Vec<LoggedEvent>, StoreFault> {
        let rows = sqlx::query("SELECT * FROM audit_log ORDER BY seq DESC LIMIT ?")
            .bind(count)
            .fetch_all(self.store.pool())
            .await?;
        rows.iter().map(|row| LoggedEvent::read(row).map_err(StoreFault::from)).collect()
    }
}

/// Whether the file has this entry.
async fn holds(reads: impl sqlx::SqliteExecutor<'_>, head: &LogHead) -> Result<bool, sqlx::Error> {
    if head.size == 0 {
        return Ok(head.digest == Digest::ZERO);
    }
    let digest: Option<Vec<u8>> = sqlx::query_scalar("SELECT digest FROM audit_log WHERE seq = ?")
        .bind(i64::try_from(head.size).unwrap_or(i64::MAX))
        .fetch_optional(reads)
        .await?;
    Ok(digest.as_deref() == Some(head.digest.0.as_slice()))
}

/// The head as the file has it.
async fn last_head(connection: &mut sqlx::SqliteConnection) -> Result<LogHead, sqlx::Error> {
    let row = sqlx::query("SELECT seq, digest FROM audit_log ORDER BY seq DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(EMPTY) };
    let digest: Vec<u8> = row.try_get("digest")?;
    let digest = <[u8; 32]>::try_from(digest).map_err(|_| sqlx::Error::RowNotFound)?;
    Ok(LogHead {
        size: u64::try_from(row.try_get::<i64, _>("seq")?).unwrap_or_default(),
        digest: Digest(digest),
    })
}

/// Walks the log from its first entry, in portions, and returns its head.
async fn check(store: &OfficeStore, key: &AuditKey) -> Result<LogHead, StoreFault> {
    let mut head = EMPTY;
    loop {
        let rows = sqlx::query("SELECT * FROM audit_log WHERE seq > ? ORDER BY seq LIMIT 1000")
            .bind(i64::try_from(head.size).unwrap_or(i64::MAX))
            .fetch_all(store.pool())
            .await?;
        if rows.is_empty() {
            return Ok(head);
        }
        for row in &rows {
            let entry = LoggedEvent::read(row)?;
            let previous: Vec<u8> = row.try_get("previous")?;
            let digest = entry.bound().digest(&key.0, head.digest);
            let fits = entry.seq == head.size + 1
                && previous == head.digest.0.as_slice()
                && entry.digest == hex::encode(digest.0);
            if !fits {
                return Err(StoreFault::LogBroken { seq: head.size + 1 });
            }
            head = LogHead { size: entry.seq, digest };
        }
    }
}

#[cfg(test)]
mod tests;
