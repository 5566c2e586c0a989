//! The office at work: joined, checked against the chain, and kept until a fault ends it.
//!
//! The only file that knows all background work: the read model that follows the chain, the entries
//! that are published, the looks of inspectors that are put on record, what is swept when its time is over.

use std::sync::Arc;
use std::time::Duration;

use ledger::ids::QueryId;

use crate::fault::OfficeFault;
use crate::office::{Office, OfficeParts};
use crate::signed_heads::Witness;
use crate::store::StoreFault;
use crate::{act, countersigning, entry_file, equivocations, inspections, journal, limits, publish, staff};

impl Office {
    /// Joins the parts, checks the local log against the chain and fills the read model.
    ///
    /// # Errors
    /// [`OfficeFault`].
    pub async fn start(parts: OfficeParts) -> Result<Self, OfficeFault> {
        let entries = match &parts.entries {
            Some(folder) => entry_file::read_folder(folder)?,
            None => Vec::new(),
        };
        let office = Self::join(parts, entries)?;
        journal::catch_up(&office).await?;
        office.check_log().await?;
        Ok(office)
    }

    /// The office's own work: follows the chain into the read model, publishes entries that the chain
    /// lacks, sweeps what has ended. Ends only with a fault.
    ///
    /// # Errors
    /// [`OfficeFault`]; the process must end.
    pub async fn keep(&self) -> Result<std::convert::Infallible, OfficeFault> {
        tokio::try_join!(
            journal::follow(self),
            publish::publish(self),
            self.sweep(),
            self.recheck(),
            inspections::put_looks_on_record(self),
            self.keep_roster(),
            equivocations::report(self)
        )
        .map(|(never, (), ..)| never)
    }

    /// The chain holds heads of the own log: the log must still hold them.
    async fn check_log(&self) -> Result<(), OfficeFault> {
        let witness = Witness {
            own: self.department(),
            chain: self.chain(),
            block: &|height| self.node().read(|snapshot| snapshot.block(height)),
        };
        let tip = self.node().read(|snapshot| snapshot.tip().height);
        let papers = async |query: &QueryId| self.exchange().papers(query).await;
        let compared = witness.compare(self.audit(), tip, papers).await?;
        tracing::info!(heads = compared.heads, tickets = compared.tickets, "the audit log fits the chain");
        Ok(())
    }

    /// Lets Casbin judge a sample of past answers again, one at a time. A difference has closed every door
    /// already; it is told once.
    async fn recheck(&self) -> Result<std::convert::Infallible, OfficeFault> {
        loop {
            let judge = Arc::clone(&self.bureau().judge);
            match tokio::task::spawn_blocking(move || judge.recheck(1)).await {
                Ok(Ok(1..)) => {}
                Ok(Ok(0)) | Err(_) => tokio::time::sleep(Duration::from_secs(10)).await,
                Ok(Err(fault)) => {
                    tracing::error!(%fault, "policies are not judged any more");
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    /// The roster follows the accounts. What an administrator does is anchored in the act; here is what the chain did
    /// not take then, what ends by its time, and what the command line did.
    async fn keep_roster(&self) -> Result<std::convert::Infallible, OfficeFault> {
        loop {
            let wait = match staff::roster::keep_up(self).await {
                Ok(()) => limits::ROSTER_EVERY_MS,
                Err(error) => {
                    tracing::warn!(%error, "the roster is not anchored yet; trying again");
                    limits::ROSTER_RETRY_MS
                }
            };
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    }

    async fn sweep(&self) -> Result<std::convert::Infallible, OfficeFault> {
        loop {
            let now = self.now_ms();
            staff::sweep(self.store(), now).await.map_err(StoreFault::from)?;
            // The fault is in the log already; the next round tries again.
            staff::stop_unused(self).await.ok();
            act::sweep(self.store(), now).await.map_err(StoreFault::from)?;
            countersigning::sweep(self.store(), now).await.map_err(StoreFault::from)?;
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }
}
