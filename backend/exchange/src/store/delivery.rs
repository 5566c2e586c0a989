//! Deliveries: what became of each answer, gathered into few transactions.

use gm::sm3::Digest;
use ledger::ids::{QueryId, Time};
use ledger::receipt::DeliveryOutcome;
use ledger::transaction::Signed;
use ledger::wire::to_bytes;

use super::queries::{Mark, open_mark};
use super::{Store, get, integer, number, object, query_id, unsigned};
use crate::fault::ExchangeFault;

/// One answer whose outcome is to be told.
pub(crate) struct Due {
    pub(crate) query: QueryId,
    pub(crate) outcome: DeliveryOutcome,
    /// Own watermark and its salt.
    pub(crate) mark: Mark,
    /// When it came to its outcome.
    pub(crate) since: Time,
}

/// A delivery that was signed.
pub(crate) struct SignedDelivery {
    pub(crate) id: i64,
    pub(crate) tx: Signed,
}

impl Store {
    /// Outcomes not yet in a delivery, oldest first.
    pub(crate) async fn deliveries_due(&self, limit: u32) -> Result<Vec<Due>, ExchangeFault> {
        let rows = sqlx::query(
            "SELECT query, outcome, mark, COALESCE(opened, recorded, drafted) AS since FROM queries
             WHERE outcome IS NOT NULL AND closed IS NULL AND delivery IS NULL ORDER BY since LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.read)
        .await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in &rows {
            let query = query_id(row)?;
            let outcome = number(DeliveryOutcome::ALL, DeliveryOutcome::number, get(row, "outcome")?)
                .ok_or(ExchangeFault::Damaged("queries.outcome"))?;
            let mark = open_mark(self, &query, row)?.unwrap_or((Vec::new(), Digest::ZERO.0));
            due.push(Due { query, outcome, mark, since: Time(unsigned(get(row, "since")?)) });
        }
        Ok(due)
    }

    /// Keeps a signed delivery and which answers are in it, before it is submitted.
    pub(crate) async fn delivery_signed(
        &self,
        queries: &[QueryId],
        tx: &Signed,
    ) -> Result<i64, ExchangeFault> {
        let insert = sqlx::query("INSERT INTO deliveries (tx, valid_until) VALUES (?, ?)")
            .bind(to_bytes(tx))
            .bind(integer(tx.body.valid_until.0));
        let name = queries.iter().map(|query| {
            sqlx::query("UPDATE queries SET delivery = last_insert_rowid() WHERE query = ?")
                .bind(query.0.as_slice())
        });
        Ok(self.change([insert].into_iter().chain(name).collect()).await?.last_insert_rowid())
    }

    /// Deliveries signed and not yet known to be on the chain.
    pub(crate) async fn deliveries_open(&self) -> Result<Vec<SignedDelivery>, ExchangeFault> {
        let rows = sqlx::query("SELECT id, tx FROM deliveries ORDER BY id").fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok(SignedDelivery { id: get(row, "id")?, tx: object(row, "tx")? })).collect()
    }

    /// The delivery of these answers is on the chain.
    pub(crate) async fn delivered(&self, queries: &[QueryId], now: Time) -> Result<(), ExchangeFault> {
        let closed = queries.iter().map(|query| {
            sqlx::query(
                "UPDATE queries SET closed = ?, stamp = stamp + 1, delivery = NULL,
                    state = CASE state WHEN 'opened' THEN 'closed' ELSE state END
                 WHERE query = ? AND closed IS NULL",
            )
            .bind(integer(now.0))
            .bind(query.0.as_slice())
        });
        self.change(closed.collect()).await?;
        Ok(())
    }

    /// A delivery is over: applied, or never to be. What is not delivered by then is due again.
    pub(crate) async fn delivery_over(&self, id: i64) -> Result<(), ExchangeFault> {
        let free = sqlx::query("UPDATE queries SET delivery = NULL WHERE delivery = ?").bind(id);
        let forget = sqlx::query("DELETE FROM deliveries WHERE id = ?").bind(id);
        self.change(vec![free, forget]).await?;
        Ok(())
    }
}
