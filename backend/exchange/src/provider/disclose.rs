//! Opens decisions to an inspectorate: who may have them, noted before they leave, sealed to its key.

use gm::envelope::{self, Seed};
use gm::sm2::PublicKey;
use ledger::ids::DepartmentId;
use ledger::inspection::{Inspection, InspectionStatus};
use ledger::receipt::Record;
use ledger::views;
use ledger::wire::{Bytes, to_bytes};
use node::Snapshot;

use super::{Provider, refused};
use crate::fault::ExchangeFault;
use crate::limits::{LOOKS_PER_MINUTE, OPENINGS_PER_CALL_MAX, OPENINGS_SEALED_BYTES_MAX};
use crate::log_head::Look;
use crate::outcome::Outcome;
use crate::protocol::{Disclose, Opening, Reply, Side, VERSION, Wanted};

/// The key to seal to, and which of the decisions wanted are this department's.
type Admitted = (PublicKey, Vec<Option<Wanted>>);

impl Provider {
    /// Only decisions that are on record here as this department's are opened; of any other it is said that
    /// nothing is there.
    pub(super) async fn disclose(&self, from: &DepartmentId, call: Disclose) -> Result<Reply, ExchangeFault> {
        if call.version != VERSION || !(1..=OPENINGS_PER_CALL_MAX).contains(&call.wanted.len()) {
            self.count(from, Outcome::CallMalformed).await;
            return Ok(refused(Outcome::CallMalformed));
        }
        let admitted = self.context.node.read(|snapshot| self.admit_look(snapshot, from, &call))?;
        let Some((sealing, on_record)) = admitted else {
            self.count(from, Outcome::InspectionNone).await;
            return Ok(refused(Outcome::InspectionNone));
        };
        let at = self.context.now();
        if !self.looks.take(from, at, LOOKS_PER_MINUTE) {
            return Ok(refused(Outcome::ExchangeBusy));
        }
        let look = Look {
            at,
            by: from.clone(),
            inspection: call.inspection,
            queries: on_record.iter().flatten().map(|wanted| wanted.query).collect(),
        };
        // What cannot be noted is not shown.
        if let Err(unnoted) = self.context.log.note_look(look).await {
            tracing::error!(department.id = %from, %unnoted, "decisions were not opened");
            return Ok(refused(Outcome::ProviderFault));
        }
        let openings = self.openings_on_record(&on_record).await?;
        let seed = Seed::generate()?;
        let context = call.context(&self.context.department);
        let sealed = envelope::seal(&seed, self.context.chain, &context.0, &to_bytes(&openings));
        if sealed.len() > OPENINGS_SEALED_BYTES_MAX {
            return Err(ExchangeFault::Damaged("answers.decision"));
        }
        Ok(Reply::Disclosed { wrap: Bytes(seed.wrap(&sealing)?), sealed: Bytes(sealed) })
    }

    async fn openings_on_record(
        &self,
        on_record: &[Option<Wanted>],
    ) -> Result<Vec<Option<Opening>>, ExchangeFault> {
        let wanted: Vec<Wanted> = on_record.iter().flatten().copied().collect();
        let mut found = self.context.store.openings(&wanted).await?.into_iter();
        Ok(on_record.iter().map(|place| place.and_then(|_| found.next().flatten())).collect())
    }

    /// The key to seal to, and which of the decisions wanted are this department's; nothing for who may not look.
    fn admit_look(
        &self,
        snapshot: &Snapshot<'_>,
        from: &DepartmentId,
        call: &Disclose,
    ) -> Result<Option<Admitted>, ExchangeFault> {
        let looker = views::department(snapshot, from)?;
        let Some(looker) = looker.filter(|looker| looker.active && looker.member.inspectorate) else {
            return Ok(None);
        };
        let inspection = views::inspection(snapshot, &call.inspection)?.filter(|inspection| {
            inspection.department == *from && inspection.status(self.context.now()) == InspectionStatus::Open
        });
        let Some(inspection) = inspection else { return Ok(None) };
        let mut on_record = Vec::with_capacity(call.wanted.len());
        for wanted in &call.wanted {
            let record = views::record(snapshot, &wanted.query)?;
            let record = record.filter(|record| self.is_ours(record, wanted.side));
            if let Some(record) = &record
                && !covers(&inspection, record)
            {
                return Ok(None);
            }
            on_record.push(record.map(|_| *wanted));
        }
        Ok(Some((looker.member.sealing, on_record)))
    }

    fn is_ours(&self, record: &Record, side: Side) -> bool {
        let party = match side {
            Side::Provider => &record.ticket.provider,
            Side::Requester => &record.ticket.requester,
        };
        *party == self.context.department
    }
}

/// Whether an inspection covers a record: one of its departments, in its time.
fn covers(inspection: &Inspection, record: &Record) -> bool {
    let ticket = &record.ticket;
    inspection.covers(&ticket.requester, &ticket.provider, record.recorded.at)
}
