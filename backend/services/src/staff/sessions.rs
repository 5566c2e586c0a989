//! Sessions: one of an account runs, kept as the digest of a random id, ended by time, by the next sign-in,
//! or by what is done to the account. Ended ones stay for a while, for their officer to look at.

use gm::sm3::{Digest, sm3};
use ledger::ids::InspectionId;
use ledger::role::{Assurance, Role};
use sqlx::Row as _;
use zeroize::Zeroizing;

use crate::codes::codes;
use crate::error::ServiceError;
use crate::limits;
use crate::store::OfficeStore;
use crate::throttle::Source;

const TAG: &[u8; 16] = b"zl1:session\0\0\0\0\0";

codes! {
    /// Why a session ended.
    pub enum SessionEnd {
        /// Its officer signed out.
        SignedOut => "signed-out",
        /// Nobody asked for anything, or it was too old.
        Time => "time",
        /// The officer signed in again.
        Replaced => "replaced",
        /// The account was locked, stopped, or lost the role or factor it stood on.
        Account => "account",
        /// Too many wrong codes, answers or passwords.
        Failures => "failures",
    }
}

/// A session that is still good.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) digest: Digest,
    pub(crate) staff: i64,
    pub(crate) role: Role,
    pub(crate) proven: Assurance,
    pub(crate) proven_at: Option<i64>,
    pub(crate) previous_sign_in: Option<i64>,
    pub(crate) ends_at: i64,
    pub(crate) inspection: Option<InspectionId>,
}

/// Begins a session and ends the account's earlier one. Returns its id, which is kept nowhere.
pub(crate) async fn begin(
    store: &OfficeStore,
    staff: i64,
    role: Role,
    source: Source,
    previous_sign_in: Option<i64>,
    now: i64,
) -> Result<(Zeroizing<String>, Session), ServiceError> {
    let id = Zeroizing::new(gm::random::bytes::<32>()?);
    let digest = sm3(&[TAG, id.as_slice()]);
    let mut transaction = store.pool().begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("UPDATE session SET ended_at = ?, ended_for = ? WHERE staff = ? AND ended_at IS NULL")
        .bind(now)
        .bind(SessionEnd::Replaced.code())
        .bind(staff)
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "INSERT INTO session (staff, digest, role, source, previous_sign_in, began_at, seen_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(staff)
    .bind(digest.0.as_slice())
    .bind(role.code())
    .bind(source.to_string())
    .bind(previous_sign_in)
    .bind(now)
    .bind(now)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    let session = Session {
        digest,
        staff,
        role,
        proven: Assurance::Password,
        proven_at: None,
        previous_sign_in,
        ends_at: ends_at(now, now),
        inspection: None,
    };
    Ok((Zeroizing::new(hex::encode(id.as_slice())), session))
}

/// The session of this id, unless it has ended. `extends` moves its idle time: a page that refreshes
/// by itself must not keep an empty chair signed in.
pub(crate) async fn find(
    store: &OfficeStore,
    id: &str,
    now: i64,
    extends: bool,
) -> Result<Option<Session>, ServiceError> {
    let mut bytes = Zeroizing::new([0; 32]);
    if hex::decode_to_slice(id, bytes.as_mut_slice()).is_err() {
        return Ok(None);
    }
    let digest = sm3(&[TAG, bytes.as_slice()]);
    let row = sqlx::query("SELECT * FROM session WHERE digest = ? AND ended_at IS NULL")
        .bind(digest.0.as_slice())
        .fetch_optional(store.pool())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (began_at, seen_at): (i64, i64) = (row.try_get("began_at")?, row.try_get("seen_at")?);
    let Some(role) = Role::from_code(row.try_get("role")?) else { return Ok(None) };
    let Some(proven) = Assurance::from_code(row.try_get("proven")?) else { return Ok(None) };
    if now >= ends_at(began_at, seen_at) {
        end(store, &digest, SessionEnd::Time, now).await?;
        return Ok(None);
    }
    let seen_at = if extends { now.max(seen_at) } else { seen_at };
    if extends {
        sqlx::query("UPDATE session SET seen_at = ? WHERE digest = ?")
            .bind(seen_at)
            .bind(digest.0.as_slice())
            .execute(store.pool())
            .await?;
    }
    Ok(Some(Session {
        digest,
        staff: row.try_get("staff")?,
        role,
        proven,
        proven_at: row.try_get("proven_at")?,
        previous_sign_in: row.try_get("previous_sign_in")?,
        ends_at: ends_at(began_at, seen_at),
        inspection: row
            .try_get::<Option<Vec<u8>>, _>("inspection")?
            .and_then(|id| id.try_into().ok())
            .map(InspectionId),
    }))
}

/// Goes on in another inspection.
pub(crate) async fn set_inspection(
    store: &OfficeStore,
    digest: &Digest,
    inspection: &InspectionId,
) -> Result<(), ServiceError> {
    sqlx::query("UPDATE session SET inspection = ? WHERE digest = ?")
        .bind(inspection.as_bytes().as_slice())
        .bind(digest.0.as_slice())
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Whether a session has not ended; its idle time stays as it is.
pub(crate) async fn runs(store: &OfficeStore, digest: &Digest) -> Result<bool, ServiceError> {
    let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM session WHERE digest = ? AND ended_at IS NULL")
        .bind(digest.0.as_slice())
        .fetch_one(store.pool())
        .await?;
    Ok(found == 1)
}

/// Goes on in another role.
pub(crate) async fn set_role(store: &OfficeStore, digest: &Digest, role: Role) -> Result<(), ServiceError> {
    sqlx::query("UPDATE session SET role = ? WHERE digest = ?")
        .bind(role.code())
        .bind(digest.0.as_slice())
        .execute(store.pool())
        .await?;
    Ok(())
}

/// A second factor was shown. A session that showed a key stays one that did.
pub(crate) async fn set_proven(
    store: &OfficeStore,
    session: &Session,
    proven: Assurance,
    now: i64,
) -> Result<(), ServiceError> {
    sqlx::query("UPDATE session SET proven = ?, proven_at = ? WHERE digest = ?")
        .bind(session.proven.max(proven).code())
        .bind(now)
        .bind(session.digest.0.as_slice())
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Ends a session; ending an ended one changes nothing.
pub(crate) async fn end(
    store: &OfficeStore,
    digest: &Digest,
    why: SessionEnd,
    now: i64,
) -> Result<(), ServiceError> {
    sqlx::query("UPDATE session SET ended_at = ?, ended_for = ? WHERE digest = ? AND ended_at IS NULL")
        .bind(now)
        .bind(why.code())
        .bind(digest.0.as_slice())
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Ends what ended by time, and forgets what ended long ago.
pub(crate) async fn sweep(store: &OfficeStore, now: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE session SET ended_at = ?, ended_for = ?
         WHERE ended_at IS NULL AND (seen_at <= ? OR began_at <= ?)",
    )
    .bind(now)
    .bind(SessionEnd::Time.code())
    .bind(now - limits::SESSION_IDLE_MS)
    .bind(now - limits::SESSION_AGE_MS)
    .execute(store.pool())
    .await?;
    sqlx::query("DELETE FROM session WHERE ended_at <= ?")
        .bind(now - limits::SESSION_KEPT_MS)
        .execute(store.pool())
        .await?;
    Ok(())
}

fn ends_at(began_at: i64, seen_at: i64) -> i64 {
    (seen_at + limits::SESSION_IDLE_MS).min(began_at + limits::SESSION_AGE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_763_000_000_000;

    async fn with_one_account() -> (tempfile::TempDir, OfficeStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = OfficeStore::open(folder.path()).await.unwrap();
        sqlx::query(
            "INSERT INTO staff (id, staff_id, account, name, roles, password, created_at, used_at)
             VALUES (1, 's1', 'lin', '林知夏', 'BIZ_USER', '-', 0, 0)",
        )
        .execute(store.pool())
        .await
        .unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn a_session_ends_after_fifteen_idle_minutes() {
        let (_folder, store) = with_one_account().await;
        let (id, _) = begin(&store, 1, Role::BizUser, Source::OWN, None, NOW).await.unwrap();
        let almost = NOW + limits::SESSION_IDLE_MS - 1;
        assert!(find(&store, &id, almost, true).await.unwrap().is_some());
        assert!(find(&store, &id, almost + limits::SESSION_IDLE_MS - 1, false).await.unwrap().is_some());
        assert!(find(&store, &id, almost + limits::SESSION_IDLE_MS, true).await.unwrap().is_none());
        assert!(find(&store, &id, NOW, true).await.unwrap().is_none(), "it stays ended");
    }

    #[tokio::test]
    async fn looking_without_extending_does_not_keep_it_alive() {
        let (_folder, store) = with_one_account().await;
        let (id, _) = begin(&store, 1, Role::BizUser, Source::OWN, None, NOW).await.unwrap();
        assert!(find(&store, &id, NOW + limits::SESSION_IDLE_MS - 1, false).await.unwrap().is_some());
        assert!(find(&store, &id, NOW + limits::SESSION_IDLE_MS, false).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_busy_session_ends_at_its_age() {
        let (_folder, store) = with_one_account().await;
        let (id, _) = begin(&store, 1, Role::BizUser, Source::OWN, None, NOW).await.unwrap();
        let mut now = NOW;
        while now + limits::SESSION_IDLE_MS / 2 < NOW + limits::SESSION_AGE_MS {
            now += limits::SESSION_IDLE_MS / 2;
            assert!(find(&store, &id, now, true).await.unwrap().is_some());
        }
        assert!(find(&store, &id, NOW + limits::SESSION_AGE_MS, true).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn signing_in_again_ends_the_earlier_session() {
        let (_folder, store) = with_one_account().await;
        let (first, _) = begin(&store, 1, Role::BizUser, Source::OWN, None, NOW).await.unwrap();
        let (second, _) = begin(&store, 1, Role::BizUser, Source::OWN, None, NOW + 1).await.unwrap();
        assert!(find(&store, &first, NOW + 2, true).await.unwrap().is_none());
        assert!(find(&store, &second, NOW + 2, true).await.unwrap().is_some());
        assert!(find(&store, "no id", NOW, true).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_id_itself_is_not_in_the_file() {
        let (_folder, store) = with_one_account().await;
        let (id, _) = begin(&store, 1, Role::BizUser, Source::OWN, None, NOW).await.unwrap();
        let kept: Vec<u8> =
            sqlx::query_scalar("SELECT digest FROM session").fetch_one(store.pool()).await.unwrap();
        assert_ne!(hex::encode(kept), *id);
    }
}
