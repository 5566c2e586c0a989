//! The department's local log of what its staff did and saw: append-only, each entry bound to the
//! one before by SM3. Its head stands in every ticket, receipt and denial of the department, so that
//! a shortened or rewritten log no longer fits the chain.
//!
//! It fails closed: an entry that cannot be written stops the use case that wanted it.
//! Never logged: passwords, citizens, values.

use std::sync::{Arc, RwLock};

use gm::sm3::{Digest, sm3};
use ledger::receipt::LogHead;
use ledger::wire::{Bytes, to_bytes};
use sqlx::Row as _;

use crate::records::{Records, RecordsFault};
use crate::staff::StaffAct;

/// Before everything digested here, so that an entry is never taken for another object.
const TAG: &[u8; 16] = b"zl1:audit-entry\0";

/// What happened. The set is closed; a code is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An account signed in, or tried to.
    SignIn,
    /// An officer signed out.
    SignOut,
    /// An officer went on in another role.
    SwitchRole,
    /// An officer showed a second factor, or tried to.
    FactorShow,
    /// An officer bound time-based codes, or tried to.
    CodeBind,
    /// An officer changed their password, or tried to.
    PasswordChange,
    /// An administrator did something to an account.
    Staff(StaffAct),
    /// Access was requested.
    RequestSubmit,
    /// A request was approved.
    RequestApprove,
    /// A request was refused.
    RequestRefuse,
    /// A request was taken back.
    RequestWithdraw,
    /// A grant was revoked.
    GrantRevoke,
    /// A query was asked.
    QueryAsk,
    /// An answer was looked at.
    QueryShow,
    /// The access log was searched.
    LogSearch,
    /// A record was looked at.
    RecordShow,
    /// Evidence was taken out.
    EvidenceExport,
    /// An entry was published.
    EntryPublish,
}

impl Event {
    /// `area.verb`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::SwitchRole => "role.switch",
            Self::FactorShow => "factor.show",
            Self::CodeBind => "code.bind",
            Self::PasswordChange => "password.change",
            Self::Staff(act) => act.event(),
            Self::RequestSubmit => "request.submit",
            Self::RequestApprove => "request.approve",
            Self::RequestRefuse => "request.refuse",
            Self::RequestWithdraw => "request.withdraw",
            Self::GrantRevoke => "grant.revoke",
            Self::QueryAsk => "query.ask",
            Self::QueryShow => "query.show",
            Self::LogSearch => "log.search",
            Self::RecordShow => "record.show",
            Self::EvidenceExport => "evidence.export",
            Self::EntryPublish => "entry.publish",
        }
    }
}

/// One thing to be noted.
#[derive(Debug, Clone)]
pub struct Note<'a> {
    /// When, ms UTC by the node's clock.
    pub at: i64,
    /// What.
    pub event: Event,
    /// The account; `system` for the process itself.
    pub account: &'a str,
    /// The role it acted in; empty before it has one.
    pub role: &'a str,
    /// The request, grant, query, entry: ids only.
    pub object: &'a str,
    /// `ok`, or the code of the refusal.
    pub outcome: &'a str,
}

/// One entry as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Number, from 1.
    pub seq: u64,
    /// When, ms UTC.
    pub at: i64,
    /// Code of the event.
    pub event: String,
    /// The account.
    pub account: String,
    /// The role.
    pub role: String,
    /// Ids only.
    pub object: String,
    /// `ok`, or a code.
    pub outcome: String,
    /// Digest of this entry, hexadecimal.
    pub digest: String,
}

/// The log. A clone is the same log.
#[derive(Debug, Clone)]
pub struct AuditLog {
    records: Records,
    head: Arc<RwLock<LogHead>>,
    /// One writer at a time: the next entry needs the digest of the last.
    writer: Arc<tokio::sync::Mutex<()>>,
}

impl AuditLog {
    /// Opens the log and checks every entry against the one before.
    ///
    /// # Errors
    /// [`RecordsFault::LogBroken`] names the first entry that does not fit.
    pub async fn open(records: &Records) -> Result<Self, RecordsFault> {
        let head = check(records).await?;
        Ok(Self {
            records: records.clone(),
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
    /// [`RecordsFault`]; the caller must then not do what it wanted noted.
    pub async fn append(&self, note: Note<'_>) -> Result<LogHead, RecordsFault> {
        let _writer = self.writer.lock().await;
        // The last entry is read from the file: the command line may have written one meanwhile.
        let mut transaction = self.records.pool().begin_with("BEGIN IMMEDIATE").await?;
        let last = last_head(&mut transaction).await?;
        let head = LogHead { size: last.size + 1, digest: entry_digest(last.size + 1, &note, last.digest) };
        sqlx::query(
            "INSERT INTO audit_log (seq, at, event, account, role, object, outcome, previous, digest)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(i64::try_from(head.size).unwrap_or(i64::MAX))
        .bind(note.at)
        .bind(note.event.code())
        .bind(note.account)
        .bind(note.role)
        .bind(note.object)
        .bind(note.outcome)
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
    /// [`RecordsFault::LogBroken`] names the first entry that does not fit.
    pub async fn verify(&self) -> Result<LogHead, RecordsFault> {
        let _writer = self.writer.lock().await;
        check(&self.records).await
    }

    /// Whether the log once stood at this head: the entry of that number has that digest.
    ///
    /// # Errors
    /// [`RecordsFault`] when it cannot be read.
    pub async fn contains(&self, head: &LogHead) -> Result<bool, RecordsFault> {
        if head.size == 0 {
            return Ok(head.digest == Digest::ZERO);
        }
        let digest: Option<Vec<u8>> = sqlx::query_scalar("SELECT digest FROM audit_log WHERE seq = ?")
            .bind(i64::try_from(head.size).unwrap_or(i64::MAX))
            .fetch_optional(self.records.pool())
            .await?;
        Ok(digest.as_deref() == Some(head.digest.0.as_slice()))
    }

    /// The newest entries, newest first.
    ///
    /// # Errors
    /// [`RecordsFault`] when they cannot be read.
    pub async fn newest(&self, count: u32) -> Result<Vec<LoggedEvent>, RecordsFault> {
        let rows = sqlx::query("SELECT * FROM audit_log ORDER BY seq DESC LIMIT ?")
            .bind(count)
            .fetch_all(self.records.pool())
            .await?;
        rows.iter().map(|row| logged(row).map_err(RecordsFault::from)).collect()
    }
}

fn logged(row: &sqlx::sqlite::SqliteRow) -> Result<LoggedEvent, sqlx::Error> {
    let digest: Vec<u8> = row.try_get("digest")?;
    Ok(LoggedEvent {
        seq: u64::try_from(row.try_get::<i64, _>("seq")?).unwrap_or_default(),
        at: row.try_get("at")?,
        event: row.try_get("event")?,
        account: row.try_get("account")?,
        role: row.try_get("role")?,
        object: row.try_get("object")?,
        outcome: row.try_get("outcome")?,
        digest: hex::encode(digest),
    })
}

fn entry_digest(seq: u64, note: &Note<'_>, previous: Digest) -> Digest {
    digest_of(seq, note.at, [note.event.code(), note.account, note.role, note.object, note.outcome], previous)
}

/// Lengths stand before the texts, so that no two entries have the same bytes.
fn digest_of(seq: u64, at: i64, texts: [&str; 5], previous: Digest) -> Digest {
    let texts: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let bytes =
        to_bytes(&(seq, at.unsigned_abs(), texts.into_iter().map(Bytes).collect::<Vec<_>>(), previous));
    sm3(&[TAG, &bytes])
}

/// The head as the file has it.
async fn last_head(connection: &mut sqlx::SqliteConnection) -> Result<LogHead, sqlx::Error> {
    let row = sqlx::query("SELECT seq, digest FROM audit_log ORDER BY seq DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(LogHead { size: 0, digest: Digest::ZERO }) };
    let digest: Vec<u8> = row.try_get("digest")?;
    let digest = <[u8; 32]>::try_from(digest).map_err(|_| sqlx::Error::RowNotFound)?;
    Ok(LogHead {
        size: u64::try_from(row.try_get::<i64, _>("seq")?).unwrap_or_default(),
        digest: Digest(digest),
    })
}

/// Walks the log from its first entry, in portions, and returns its head.
async fn check(records: &Records) -> Result<LogHead, RecordsFault> {
    let mut head = LogHead { size: 0, digest: Digest::ZERO };
    loop {
        let rows = sqlx::query("SELECT * FROM audit_log WHERE seq > ? ORDER BY seq LIMIT 1000")
            .bind(i64::try_from(head.size).unwrap_or(i64::MAX))
            .fetch_all(records.pool())
            .await?;
        if rows.is_empty() {
            return Ok(head);
        }
        for row in &rows {
            let entry = logged(row)?;
            let previous: Vec<u8> = row.try_get("previous")?;
            let texts = [&*entry.event, &*entry.account, &*entry.role, &*entry.object, &*entry.outcome];
            let digest = digest_of(entry.seq, entry.at, texts, head.digest);
            let fits = entry.seq == head.size + 1
                && previous == head.digest.0.as_slice()
                && entry.digest == hex::encode(digest.0);
            if !fits {
                return Err(RecordsFault::LogBroken { seq: head.size + 1 });
            }
            head = LogHead { size: entry.seq, digest };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(at: i64, object: &str) -> Note<'_> {
        Note { at, event: Event::RecordShow, account: "shen", role: "INSPECTOR", object, outcome: "ok" }
    }

    async fn a_log() -> (tempfile::TempDir, Records, AuditLog) {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(folder.path()).await.unwrap();
        let log = AuditLog::open(&records).await.unwrap();
        (folder, records, log)
    }

    #[tokio::test]
    async fn the_head_moves_with_each_entry_and_survives_opening() {
        let (_folder, records, log) = a_log().await;
        assert_eq!(log.head().size, 0);
        let first = log.append(note(1, "a")).await.unwrap();
        let second = log.append(note(2, "b")).await.unwrap();
        assert_eq!((first.size, second.size), (1, 2));
        assert_ne!(first.digest, second.digest);
        assert_eq!(AuditLog::open(&records).await.unwrap().head(), second);
        assert!(log.contains(&first).await.unwrap());
        assert!(!log.contains(&LogHead { size: 1, digest: second.digest }).await.unwrap());
    }

    #[tokio::test]
    async fn an_entry_cannot_be_changed_or_deleted_by_a_statement() {
        let (_folder, records, log) = a_log().await;
        log.append(note(1, "a")).await.unwrap();
        assert!(sqlx::query("UPDATE audit_log SET object = 'b'").execute(records.pool()).await.is_err());
        assert!(sqlx::query("DELETE FROM audit_log").execute(records.pool()).await.is_err());
    }

    #[tokio::test]
    async fn a_changed_entry_is_found_even_when_the_triggers_were_removed() {
        let (_folder, records, log) = a_log().await;
        for at in 1..=3 {
            log.append(note(at, "record")).await.unwrap();
        }
        sqlx::query("DROP TRIGGER audit_log_is_not_changed").execute(records.pool()).await.unwrap();
        sqlx::query("UPDATE audit_log SET account = 'lin' WHERE seq = 2")
            .execute(records.pool())
            .await
            .unwrap();
        assert!(matches!(log.verify().await, Err(RecordsFault::LogBroken { seq: 2 })));
        assert!(matches!(AuditLog::open(&records).await, Err(RecordsFault::LogBroken { seq: 2 })));
    }

    #[tokio::test]
    async fn a_removed_entry_is_found() {
        let (_folder, records, log) = a_log().await;
        for at in 1..=3 {
            log.append(note(at, "record")).await.unwrap();
        }
        sqlx::query("DROP TRIGGER audit_log_is_not_deleted").execute(records.pool()).await.unwrap();
        sqlx::query("DELETE FROM audit_log WHERE seq = 2").execute(records.pool()).await.unwrap();
        assert!(matches!(log.verify().await, Err(RecordsFault::LogBroken { seq: 2 })));
    }

    #[tokio::test]
    async fn the_newest_entries_stand_first_and_say_what_was_noted() {
        let (_folder, _records, log) = a_log().await;
        for at in 1..=5 {
            log.append(note(at, &format!("record {at}"))).await.unwrap();
        }
        let newest = log.newest(2).await.unwrap();
        let said: Vec<_> = newest.iter().map(|entry| (entry.seq, entry.at, entry.object.as_str())).collect();
        assert_eq!(said, [(5, 5, "record 5"), (4, 4, "record 4")]);
        let first = &newest[0];
        assert_eq!(
            (first.event.as_str(), first.account.as_str(), first.outcome.as_str()),
            ("record.show", "shen", "ok")
        );
        assert_eq!(first.digest, hex::encode(log.head().digest.0));
        assert!(log.newest(0).await.unwrap().is_empty());
    }

    #[test]
    fn no_two_entries_have_the_same_digest() {
        let first = Note { account: "ab", role: "c", ..note(1, "x") };
        let digest = |seq, note: &Note<'_>, previous| entry_digest(seq, note, previous);
        let one = digest(1, &first, Digest::ZERO);
        for (what, other) in [
            (
                "a letter moved to the next field",
                digest(1, &Note { account: "a", role: "bc", ..first.clone() }, Digest::ZERO),
            ),
            ("an empty field", digest(1, &Note { account: "", role: "abc", ..first.clone() }, Digest::ZERO)),
            ("another number", digest(2, &first, Digest::ZERO)),
            ("another time", digest(1, &Note { at: 2, ..first.clone() }, Digest::ZERO)),
            ("another event", digest(1, &Note { event: Event::SignIn, ..first.clone() }, Digest::ZERO)),
            ("another outcome", digest(1, &Note { outcome: "no", ..first.clone() }, Digest::ZERO)),
            ("another before it", digest(1, &first, one)),
        ] {
            assert_ne!(one, other, "{what}");
        }
        assert_eq!(one, digest(1, &first, Digest::ZERO));
    }

    /// The process and the command line write to one file.
    #[tokio::test]
    async fn two_writers_keep_one_chain() {
        let (_folder, records, log) = a_log().await;
        let other = AuditLog::open(&records).await.unwrap();
        for at in 0..10 {
            let (one, two) = tokio::join!(log.append(note(at, "one")), other.append(note(at, "two")));
            assert_ne!(one.unwrap().size, two.unwrap().size);
        }
        assert_eq!(log.verify().await.unwrap().size, 20);
        let head = if log.head().size == 20 { log.head() } else { other.head() };
        assert!(log.contains(&head).await.unwrap());
    }

    #[tokio::test]
    async fn a_log_that_was_cut_is_whole_and_no_longer_holds_its_head() {
        let (_folder, records, log) = a_log().await;
        assert!(log.contains(&LogHead { size: 0, digest: Digest::ZERO }).await.unwrap());
        for at in 1..=3 {
            log.append(note(at, "record")).await.unwrap();
        }
        let head = log.head();
        sqlx::query("DROP TRIGGER audit_log_is_not_deleted").execute(records.pool()).await.unwrap();
        sqlx::query("DELETE FROM audit_log WHERE seq = 3").execute(records.pool()).await.unwrap();
        assert_eq!(log.verify().await.unwrap().size, 2);
        assert!(!log.contains(&head).await.unwrap());
        let forged = LogHead { size: 0, digest: head.digest };
        assert!(!log.contains(&forged).await.unwrap());
    }

    #[tokio::test]
    async fn a_log_longer_than_a_portion_is_checked_to_its_end() {
        let (_folder, records, log) = a_log().await;
        let mut head = LogHead { size: 0, digest: Digest::ZERO };
        let mut db = records.pool().begin().await.unwrap();
        for seq in 1..=1_001 {
            let entry = note(seq, "record");
            let digest = entry_digest(seq.unsigned_abs(), &entry, head.digest);
            sqlx::query("INSERT INTO audit_log VALUES (?, ?, 'record.show', 'shen', 'INSPECTOR', 'record', 'ok', ?, ?)")
                .bind(seq)
                .bind(seq)
                .bind(head.digest.0.as_slice())
                .bind(digest.0.as_slice())
                .execute(&mut *db)
                .await
                .unwrap();
            head = LogHead { size: seq.unsigned_abs(), digest };
        }
        db.commit().await.unwrap();
        assert_eq!(log.verify().await.unwrap(), head);
        sqlx::query("DROP TRIGGER audit_log_is_not_changed").execute(records.pool()).await.unwrap();
        sqlx::query("UPDATE audit_log SET outcome = 'no' WHERE seq = 1001")
            .execute(records.pool())
            .await
            .unwrap();
        assert!(matches!(log.verify().await, Err(RecordsFault::LogBroken { seq: 1001 })));
    }
}
