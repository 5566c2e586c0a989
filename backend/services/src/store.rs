//! The office's own SQLite file: accounts, sessions, submissions, audit log, and the read model.
//!
//! Opened by the department (process and command line); the tables are made by the migrations
//! compiled in. Nothing about a citizen is kept here: that lies sealed in the exchange's store.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

/// File name inside the department's data folder.
pub const FILE: &str = "office.sqlite";

const MIGRATIONS: [(i64, &str, &str); 10] = [
    (1, "office", include_str!("../migrations/0001_office.sql")),
    (2, "journal", include_str!("../migrations/0002_journal.sql")),
    (3, "forms", include_str!("../migrations/0003_forms.sql")),
    (5, "staff", include_str!("../migrations/0005_staff.sql")),
    (6, "audit", include_str!("../migrations/0006_audit.sql")),
    (7, "policy_draft", include_str!("../migrations/0007_policy_draft.sql")),
    (8, "waiting_steps", include_str!("../migrations/0008_waiting_steps.sql")),
    (9, "inspections", include_str!("../migrations/0009_inspections.sql")),
    (11, "roster", include_str!("../migrations/0011_roster.sql")),
    (12, "receipt_log", include_str!("../migrations/0012_receipt_log.sql")),
];

/// The records could not be opened or are damaged.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The file or a statement failed.
    #[error("the office's database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The tables could not be made or brought up to date.
    #[error("the office's tables could not be made: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The folder could not be made or protected.
    #[error("the folder of the office's database failed: {0}")]
    Folder(#[from] std::io::Error),
    /// The audit log was changed after it was written.
    #[error(
        "entry {seq} of the audit log does not fit the one before it: the log was changed; keep the file and call the security officer"
    )]
    LogBroken {
        /// The first entry that does not fit.
        seq: u64,
    },
}

/// The open database. A clone shares it.
#[derive(Debug, Clone)]
pub struct OfficeStore {
    pool: SqlitePool,
}

impl OfficeStore {
    /// Opens (or makes) the office's database in a folder.
    ///
    /// # Errors
    /// [`StoreFault`] when the folder, the file or a migration fails.
    pub async fn open(folder: &Path) -> Result<Self, StoreFault> {
        std::fs::create_dir_all(folder)?;
        let file = folder.join(FILE);
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An audit entry must be on disk before what it speaks of happens.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        only_for_owner(&file)?;
        migrator().run(&pool).await?;
        Ok(Self { pool })
    }

    /// The pool, for this crate's statements.
    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Closes the file; later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn migrator() -> Migrator {
    Migrator::with_migrations(
        MIGRATIONS
            .into_iter()
            .map(|(version, name, sql)| {
                Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
            })
            .collect(),
    )
}

/// Mode 0600: other accounts of the machine do not read staff names and password hashes.
fn only_for_owner(file: &Path) -> Result<(), std::io::Error> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))
}
