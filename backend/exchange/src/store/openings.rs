//! What was kept of decisions, as it opens them: for a replay. Never the person and never the case.

use ledger::ids::QueryId;
use ledger::wire::Bytes;
use sqlx::sqlite::SqliteRow;

use super::{Store, answers, decode, get, integer, optional_object, queries, query_id};
use crate::fault::ExchangeFault;
use crate::limits::KEPT_IDS_PER_PAGE;
use crate::protocol::KeptSecret;
use crate::replay::{Opening, Period, Side, Wanted};

/// Where a side's columns lie, by the names they are sealed under.
struct Columns {
    statement: &'static str,
    decision: &'static str,
    details: &'static str,
    secret: &'static str,
}

const ANSWERS: Columns = Columns {
    statement: "SELECT decision, details, secret, answer FROM answers WHERE query = ?",
    decision: answers::DECISION,
    details: answers::DETAILS,
    secret: answers::SECRET,
};

const QUERIES: Columns = Columns {
    statement: "SELECT decision, details, secret, NULL AS answer FROM queries WHERE query = ?",
    decision: queries::DECISION,
    details: queries::DETAILS,
    secret: queries::SECRET,
};

impl Store {
    /// What was kept of each decision wanted, in that order.
    pub(crate) async fn openings(&self, wanted: &[Wanted]) -> Result<Vec<Option<Opening>>, ExchangeFault> {
        let mut found = Vec::with_capacity(wanted.len());
        for Wanted { query, side } in wanted {
            let columns = match side {
                Side::Provider => &ANSWERS,
                Side::Requester => &QUERIES,
            };
            let row =
                sqlx::query(columns.statement).bind(query.0.as_slice()).fetch_optional(&self.read).await?;
            found.push(match row {
                Some(row) => self.opening(query, columns, &row)?,
                None => None,
            });
        }
        Ok(found)
    }

    fn opening(
        &self,
        query: &QueryId,
        columns: &Columns,
        row: &SqliteRow,
    ) -> Result<Option<Opening>, ExchangeFault> {
        let open = |column, name: &str| self.open_optional(column, &query.0, get(row, name)?);
        let Some(decision) = open(columns.decision, "decision")? else { return Ok(None) };
        let (decision, salt): (Bytes, [u8; 32]) = decode(&decision, columns.decision)?;
        let details = open(columns.details, "details")?;
        let secret: Option<KeptSecret> =
            open(columns.secret, "secret")?.map(|secret| decode(&secret, columns.secret)).transpose()?;
        Ok(Some(Opening {
            decision,
            salt,
            details: details.map(|details| decode(&details, columns.details)).transpose()?,
            asker: secret.map(|secret| {
                let [.., salt] = &secret.salts;
                (secret.asker, *salt.as_bytes())
            }),
            answer: optional_object(row, "answer")?,
        }))
    }

    /// Queries of a side of which a decision was kept in this time of the own clock, after this one by id.
    pub(crate) async fn kept(
        &self,
        side: Side,
        period: Period,
        after: Option<QueryId>,
    ) -> Result<Vec<QueryId>, ExchangeFault> {
        let statement = match side {
            Side::Provider => {
                "SELECT query FROM answers WHERE received >= ? AND received < ? AND decision IS NOT NULL
                    AND query > ? ORDER BY query LIMIT ?"
            }
            Side::Requester => {
                "SELECT query FROM queries WHERE drafted >= ? AND drafted < ? AND decision IS NOT NULL
                    AND query > ? ORDER BY query LIMIT ?"
            }
        };
        let Period { from, until } = period;
        let after = after.map(|query| query.0.to_vec()).unwrap_or_default();
        let rows = sqlx::query(statement)
            .bind(integer(from.0))
            .bind(integer(until.0))
            .bind(after)
            .bind(KEPT_IDS_PER_PAGE)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(query_id).collect()
    }

    /// How many decisions kept in this time have no record by `has_record`: those that never were sent, lapsed,
    /// were only told, or still are under way.
    pub(crate) async fn unrecorded(
        &self,
        period: Period,
        has_record: impl Fn(&[QueryId]) -> Result<usize, ExchangeFault>,
    ) -> Result<u64, ExchangeFault> {
        let mut unrecorded = 0_u64;
        for side in Side::ALL {
            let mut after = None;
            loop {
                let kept = self.kept(*side, period, after).await?;
                let Some(last) = kept.last() else { break };
                after = Some(*last);
                let without = kept.len().saturating_sub(has_record(&kept)?);
                unrecorded = unrecorded.saturating_add(without as u64);
            }
        }
        Ok(unrecorded)
    }
}
