//! What the exchange keeps of its own queries, read beside the process that holds it: for who checks it.

use std::path::Path;

use gm::store_key::StoreKey;
use ledger::ids::{QueryId, Time};

use crate::fault::ExchangeFault;
use crate::query::Papers;
use crate::replay::{Ledger, Opening, Period, Wanted, with_record};
use crate::store::Store;
use crate::store::decisions::PastDecision;

/// The papers in an exchange's folder.
pub struct Archive(Store);

impl std::fmt::Debug for Archive {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Archive")
    }
}

impl Archive {
    /// Opens an exchange's folder to be read only; none before an exchange began there.
    ///
    /// # Errors
    /// [`ExchangeFault`], also for another key.
    pub async fn open(dir: &Path, key: StoreKey) -> Result<Option<Self>, ExchangeFault> {
        if !Store::is_in(dir) {
            return Ok(None);
        }
        Store::look(dir, key).await.map(|store| Some(Self(store)))
    }

    /// What was kept of an own query.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn papers(&self, query: &QueryId) -> Result<Option<Papers>, ExchangeFault> {
        self.0.papers(query).await
    }

    /// What was kept of these decisions, in this order.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn openings(&self, wanted: &[Wanted]) -> Result<Vec<Option<Opening>>, ExchangeFault> {
        self.0.openings(wanted).await
    }

    /// How many decisions kept in this time have no record on this ledger: never sent, lapsed, only told, or
    /// still under way.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn unrecorded(&self, ledger: &impl Ledger, period: Period) -> Result<u64, ExchangeFault> {
        self.0.unrecorded(period, |queries| with_record(ledger, queries)).await
    }

    /// The newest decisions before this one, of both sides' doors.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn decisions(
        &self,
        before: Option<(Time, QueryId)>,
        limit: u32,
    ) -> Result<Vec<PastDecision>, ExchangeFault> {
        self.0.decisions(before, limit).await
    }

    /// Closes the folder.
    pub async fn close(&self) {
        self.0.close().await;
    }
}
