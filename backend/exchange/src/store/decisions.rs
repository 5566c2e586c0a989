//! Decisions kept, newest first: for who judges them again. Both sides' doors, without any person.

use ledger::ids::{QueryId, Time};
use ledger::wire::Bytes;
use sqlx::sqlite::SqliteRow;
use tokio::task::spawn_blocking;

use super::{Store, answers, decode, get, integer, queries, query_id, time};
use crate::fault::ExchangeFault;
use crate::limits::DECISIONS_READ_MAX;

/// A decision of this department as it was committed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastDecision {
    /// Of which query.
    pub query: QueryId,
    /// When the query was drafted here or came in.
    pub at: Time,
    /// Whether this department answered it; else it asked.
    pub provided: bool,
    /// What the commitment covers: an `access::DecisionRecord`, or class and code where no policy was asked.
    pub bytes: Vec<u8>,
}

/// After every query there is.
const END: (Time, [u8; 33]) = (Time(u64::MAX), [0xff; 33]);

impl Store {
    /// The newest decisions before this one; at most [`DECISIONS_READ_MAX`] at a time.
    pub(crate) async fn decisions(
        &self,
        before: Option<(Time, QueryId)>,
        limit: u32,
    ) -> Result<Vec<PastDecision>, ExchangeFault> {
        let (at, query) =
            before.map_or_else(|| (END.0, END.1.to_vec()), |(at, query)| (at, query.0.to_vec()));
        let rows = sqlx::query(
            "SELECT query, drafted AS at, 0 AS provided, decision FROM queries
             WHERE decision IS NOT NULL AND (drafted, query) < (?1, ?2)
             UNION ALL
             SELECT query, received AS at, 1 AS provided, decision FROM answers
             WHERE decision IS NOT NULL AND (received, query) < (?1, ?2)
             ORDER BY at DESC, query DESC LIMIT ?3",
        )
        .bind(integer(at.0))
        .bind(query)
        .bind(limit.min(DECISIONS_READ_MAX))
        .fetch_all(&self.read)
        .await?;
        let store = self.clone();
        let opened = spawn_blocking(move || rows.iter().map(|row| store.read_decision(row)).collect());
        opened.await.map_err(|_| ExchangeFault::Stopping)?
    }

    fn read_decision(&self, row: &SqliteRow) -> Result<PastDecision, ExchangeFault> {
        let query = query_id(row)?;
        let provided: bool = get(row, "provided")?;
        let column = if provided { answers::DECISION } else { queries::DECISION };
        let plain = self.open_sealed(column, &query.0, &get::<Vec<u8>>(row, "decision")?)?;
        let (bytes, _salt): (Bytes, [u8; 32]) = decode(&plain, column)?;
        Ok(PastDecision { query, at: time(get(row, "at")?), provided, bytes: bytes.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gm::store_key::StoreKey;
    use ledger::wire::to_bytes;

    /// A store with decisions of both sides; only the columns that count here mean something.
    async fn store(decisions: &[(bool, u8, u64)]) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), StoreKey::from_bytes([1; 32])).await.unwrap();
        for (provided, id, at) in decisions {
            let row = [*id; 32];
            let plain = to_bytes(&(Bytes(vec![*id]), [0; 32]));
            let statement = if *provided {
                "INSERT INTO answers (query, state, requester, grant_id, entry, purpose, received, changed,
                   valid_until, prepared_times, open, decision)
                 VALUES (?, 'recorded', '', x'', x'', '01', ?, 0, 0, 0, 0, ?)"
            } else {
                "INSERT INTO queries (query, form, state, grant_id, provider, entry, purpose, items, account, role,
                   assurance, actor, case_tag, shown, valid_until, drafted, ticket, decision)
                 VALUES (?1, ?1, 'closed', x'', '', x'', '01', x'', '', '', '', x'', x'', x'', 0, ?2, x'', ?3)"
            };
            let column = if *provided { answers::DECISION } else { queries::DECISION };
            let sealed = store.seal(column, &row, &plain).unwrap();
            sqlx::query(statement)
                .bind(row.to_vec())
                .bind(integer(*at))
                .bind(sealed)
                .execute(&store.write)
                .await
                .unwrap();
        }
        (dir, store)
    }

    #[tokio::test]
    async fn decisions_of_both_sides_are_read_newest_first_and_each_once() {
        let given = [(false, 1, 10), (true, 2, 30), (false, 3, 20), (true, 4, 20), (false, 5, 20)];
        let (_dir, store) = store(&given).await;
        let (mut read, mut before) = (Vec::new(), None);
        loop {
            let more = store.decisions(before, 2).await.unwrap();
            let Some(last) = more.last() else { break };
            before = Some((last.at, last.query));
            assert!(more.len() <= 2);
            read.extend(more.into_iter().map(|one| (one.provided, one.query.0[0], one.at.0, one.bytes)));
        }
        let told: Vec<_> = read.iter().map(|(provided, id, at, _)| (*provided, *id, *at)).collect();
        assert_eq!(told, [(true, 2, 30), (false, 5, 20), (true, 4, 20), (false, 3, 20), (false, 1, 10)]);
        assert!(read.iter().all(|(_, id, _, bytes)| *bytes == [*id]));
    }

    #[tokio::test]
    async fn what_was_destroyed_is_not_read() {
        let (_dir, store) = store(&[(false, 1, 10), (true, 2, 30)]).await;
        sqlx::query("UPDATE answers SET decision = NULL").execute(&store.write).await.unwrap();
        assert_eq!(store.decisions(None, 10).await.unwrap().len(), 1);
    }
}
