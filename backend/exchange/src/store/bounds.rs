//! What one officer asks, counted where it is written down; and the bounds they came to.

use ledger::ids::{GrantId, Time};
use sqlx::sqlite::SqliteConnection;

use super::queries::Draft;
use super::{Statement, Store, bytes32, day, get, integer, time, unsigned};
use crate::bounds::{Bound, Bounds, Count, Reached};
use crate::fault::ExchangeFault;
use crate::limits::{BOUNDS_KEPT_DAYS, BOUNDS_LISTED_MAX, OFFICER_HOUR_MS};

/// What became of a query that was to be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is.
    New,
    /// Its form was before.
    Before,
    /// It is not, for its officer has as many as they may.
    Beyond(Bound),
}

const COUNT: &str = "SELECT
    (SELECT COUNT(*) FROM queries WHERE account = ?1 AND state IN ('drafted', 'asked', 'held', 'recorded')),
    (SELECT COUNT(*) FROM queries WHERE account = ?1 AND drafted > ?2),
    (SELECT COUNT(*) FROM queries WHERE account = ?1 AND grant_id = ?3
        AND (outcome IS NOT NULL OR state IN ('drafted', 'asked', 'held', 'recorded', 'undelivered', 'rejected')))";

impl Store {
    /// Writes a query down where its officer may have one more. Written and counted in one transaction of
    /// the only connection that writes: two that come at once cannot both be the last.
    pub(super) async fn write_within(
        &self,
        insert: Statement<'_>,
        draft: &Draft<'_>,
        bounds: &Bounds,
    ) -> Result<Written, ExchangeFault> {
        let mut transaction = self.write.begin().await?;
        if insert.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(Written::Before);
        }
        let count = count(&mut transaction, draft).await?;
        if let Some(bound) = bounds.passed(&count, draft.quota) {
            transaction.rollback().await?;
            self.reached(draft, bound).await?;
            return Ok(Written::Beyond(bound));
        }
        transaction.commit().await?;
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
        Ok(Written::New)
    }

    async fn reached(&self, draft: &Draft<'_>, bound: Bound) -> Result<(), ExchangeFault> {
        let today = day(draft.now);
        let forget = sqlx::query("DELETE FROM bounds_reached WHERE day < ?")
            .bind(today.saturating_sub(BOUNDS_KEPT_DAYS));
        let note = sqlx::query(
            "INSERT INTO bounds_reached (day, account, bound, grant_id, first, last, times)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1)
             ON CONFLICT DO UPDATE SET grant_id = ?4, last = ?5, times = times + 1",
        )
        .bind(today)
        .bind(&draft.asker.account)
        .bind(bound.code())
        .bind(draft.grant.0.as_slice())
        .bind(integer(draft.now.0));
        self.change(vec![forget, note]).await?;
        Ok(())
    }

    /// Bounds that officers came to since then, the newest first.
    pub(crate) async fn bounds_reached(&self, since: Time) -> Result<Vec<Reached>, ExchangeFault> {
        const DAMAGED: ExchangeFault = ExchangeFault::Damaged("bounds_reached.bound");
        let rows = sqlx::query(
            "SELECT account, bound, grant_id, first, last, times FROM bounds_reached
             WHERE day >= ? AND last >= ? ORDER BY last DESC LIMIT ?",
        )
        .bind(day(since))
        .bind(integer(since.0))
        .bind(BOUNDS_LISTED_MAX)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Reached {
                    account: get(row, "account")?,
                    bound: Bound::from_code(&get::<String>(row, "bound")?).ok_or(DAMAGED)?,
                    grant: bytes32(row, "grant_id").map(GrantId)?,
                    first: time(get(row, "first")?),
                    last: time(get(row, "last")?),
                    times: unsigned(get(row, "times")?),
                })
            })
            .collect()
    }

    /// How many queries each bound turned away, of those still remembered.
    pub(crate) async fn turned_away(&self) -> Result<Vec<(Bound, u64)>, ExchangeFault> {
        let mut counted = Vec::with_capacity(Bound::ALL.len());
        for bound in Bound::ALL {
            let times: i64 =
                sqlx::query_scalar("SELECT COALESCE(SUM(times), 0) FROM bounds_reached WHERE bound = ?")
                    .bind(bound.code())
                    .fetch_one(&self.read)
                    .await?;
            counted.push((*bound, unsigned(times)));
        }
        Ok(counted)
    }
}

async fn count(connection: &mut SqliteConnection, draft: &Draft<'_>) -> Result<Count, ExchangeFault> {
    let (under_way, in_an_hour, of_grant): (i64, i64, i64) = sqlx::query_as(COUNT)
        .bind(&draft.asker.account)
        .bind(integer(draft.now.minus_ms(OFFICER_HOUR_MS).0))
        .bind(draft.grant.0.as_slice())
        .fetch_one(connection)
        .await?;
    Ok(Count {
        under_way: unsigned(under_way),
        in_an_hour: unsigned(in_an_hour),
        of_grant: unsigned(of_grant),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gm::store_key::StoreKey;

    /// Whoever asked a million queries in three years must not slow down the next one.
    #[tokio::test]
    async fn no_count_reads_more_than_an_index_of_the_officers_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), StoreKey::from_bytes([1; 32])).await.unwrap();
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {COUNT}")))
                .bind("wang")
                .bind(0)
                .bind([0; 32].as_slice())
                .fetch_all(&store.read)
                .await
                .unwrap();
        let steps: Vec<&str> =
            plan.iter().map(|step| step.3.as_str()).filter(|step| step.contains("queries")).collect();
        assert_eq!(steps.len(), 3, "{steps:?}");
        for (step, index) in steps.iter().zip(["queries_under_way", "enquiries_by_account", "queries_using"])
        {
            assert!(step.starts_with("SEARCH") && step.contains(index), "{step}");
        }
        store.close().await;
    }
}
