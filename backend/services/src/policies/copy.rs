//! The office's working copy of a layer's next version, in its own store: one a layer, shared by the security
//! administrators. Every change moves its stamp; a form of an older stamp is refused.

use ledger::ids::PolicyVersion;
use ledger::policy::{PolicyOwner, PolicyRow};
use ledger::wire::{from_bytes, to_bytes};
use sqlx::{Row as _, SqlitePool};

use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::policies::layer::LayerState;

/// A working copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WorkingCopy {
    pub(super) stamp: i64,
    /// The version in force that it was last compared with.
    pub(super) base: PolicyVersion,
    pub(super) rows: Vec<PolicyRow>,
    /// Empty for the command line.
    pub(super) changed_by: String,
    pub(super) changed_at: i64,
}

impl WorkingCopy {
    /// The working copy of a layer, if there is one that still says something: one that came in force as it
    /// is, is none any more.
    pub(super) async fn find(pool: &SqlitePool, state: &LayerState) -> Result<Option<Self>, ServiceError> {
        let found = Self::load(pool, &state.owner).await?;
        Ok(found.filter(|copy| !(copy.is_outdated(state) && copy.rows == state.in_force.set.rows)))
    }

    async fn load(pool: &SqlitePool, owner: &PolicyOwner) -> Result<Option<Self>, ServiceError> {
        let row = sqlx::query(
            "SELECT stamp, base, rows, COALESCE(name, '') AS name, changed_at
             FROM policy_copy LEFT JOIN staff ON staff.id = changed_by WHERE owner = ?",
        )
        .bind(owner.to_string())
        .fetch_optional(pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let damaged = || ServiceError::fault("a working copy of a policy is damaged", owner);
        let base: Vec<u8> = row.try_get("base")?;
        Ok(Some(Self {
            stamp: row.try_get("stamp")?,
            base: PolicyVersion(base.try_into().map_err(|_| damaged())?),
            rows: from_bytes(&row.try_get::<Vec<u8>, _>("rows")?).map_err(|_| damaged())?,
            changed_by: row.try_get("name")?,
            changed_at: row.try_get("changed_at")?,
        }))
    }

    /// Whether another version came in force since it was last compared.
    pub(super) fn is_outdated(&self, state: &LayerState) -> bool {
        self.base != state.in_force.version
    }

    /// The stamp as a form carries it.
    pub(super) fn stamp(&self) -> String {
        self.stamp.to_string()
    }
}

/// What is put in the place of a working copy.
pub(super) struct Change<'a> {
    pub(super) base: PolicyVersion,
    pub(super) rows: &'a [PolicyRow],
    /// None for the command line.
    pub(super) by: Option<i64>,
    pub(super) now: i64,
}

/// Writes a working copy over the one that was looked at (none: where there was none), and gives its new
/// stamp.
///
/// # Errors
/// Refused `policy.copy-moved` when somebody changed it meanwhile.
pub(super) async fn write(
    pool: &SqlitePool,
    owner: &PolicyOwner,
    seen: Option<i64>,
    change: &Change<'_>,
) -> Result<String, ServiceError> {
    // Stamps are times and only grow, so that a form of a copy that was discarded fits no later one.
    let stamp = seen.map_or(change.now, |seen| change.now.max(seen.saturating_add(1)));
    let statement = if seen.is_some() {
        "UPDATE policy_copy SET stamp = ?2, base = ?3, rows = ?4, changed_by = ?5, changed_at = ?6
         WHERE owner = ?1 AND stamp = ?7"
    } else {
        "INSERT INTO policy_copy (owner, stamp, base, rows, changed_by, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING"
    };
    let done = sqlx::query(statement)
        .bind(owner.to_string())
        .bind(stamp)
        .bind(change.base.0.as_slice())
        .bind(to_bytes(&change.rows.to_vec()))
        .bind(change.by)
        .bind(change.now)
        .bind(seen)
        .execute(pool)
        .await?;
    if done.rows_affected() == 1 {
        Ok(stamp.to_string())
    } else {
        Err(ServiceError::refused(OfficeRefusal::PolicyCopyMoved))
    }
}

/// Drops a working copy that was looked at.
///
/// # Errors
/// Refused `policy.copy-moved` when somebody changed it meanwhile.
pub(super) async fn remove(pool: &SqlitePool, owner: &PolicyOwner, seen: i64) -> Result<(), ServiceError> {
    let done = sqlx::query("DELETE FROM policy_copy WHERE owner = ? AND stamp = ?")
        .bind(owner.to_string())
        .bind(seen)
        .execute(pool)
        .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(ServiceError::refused(OfficeRefusal::PolicyCopyMoved))
    }
}

/// Drops one that came in force as it is, so that another can be begun.
pub(super) async fn remove_spent(pool: &SqlitePool, state: &LayerState) -> Result<(), ServiceError> {
    if let Some(copy) = WorkingCopy::load(pool, &state.owner).await?
        && copy.is_outdated(state)
        && copy.rows == state.in_force.set.rows
    {
        remove(pool, &state.owner, copy.stamp).await?;
    }
    Ok(())
}

/// Puts rows in the place of whatever copy there is: for the command line, whose file is the whole.
pub(super) async fn replace(
    pool: &SqlitePool,
    owner: &PolicyOwner,
    change: &Change<'_>,
) -> Result<String, ServiceError> {
    let seen = WorkingCopy::load(pool, owner).await?.map(|copy| copy.stamp);
    write(pool, owner, seen, change).await
}
