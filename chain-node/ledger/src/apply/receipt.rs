//! Recording answers, denials and acknowledgements (PROTOCOL section 3, step 6).

use super::rule::{Rejection, Rule};
use crate::catalogue::ReceiptMode;
use crate::credit::Credit;
use crate::ids::{BlockId, Height, QueryId, Time};
use crate::keys;
use crate::receipt::{Delivery, Denial, LogHead, PolicyVersions, Receipt, Record, RecordKind, Ticket};
use crate::refusal::Refusal;
use crate::state::{ReadFault, StateRead};
use crate::views::{self, object};
use alloc::vec::Vec;
use gm::merkle::Frontier;
use gm::sm2::Signature;
use gm::sm3::Digest;

/// Both halves of a record that answers and denials share.
struct Judged<'a> {
    ticket: &'a Ticket,
    signature: &'a Signature,
    versions: PolicyVersions,
    height: Height,
    log_head: LogHead,
}

impl Rule<'_> {
    /// The ticket is for this provider, fresh and unused; the decision is recent and was made under the
    /// policies in force. That the ticket is the requester's was found before (`verified.rs`).
    fn check_judged(&self, judged: &Judged<'_>) -> Result<QueryId, Rejection> {
        let Judged { ticket, versions, height, .. } = judged;
        if ticket.provider != self.body.department {
            return Err(Refusal::TicketProvider.into());
        }
        if self.context.time > ticket.valid_until {
            return Err(Refusal::TicketExpired.into());
        }
        let query = ticket.query_id();
        if views::record(self.reads, &query)?.is_some() {
            return Err(Refusal::TicketUsed.into());
        }
        let lag_ms = views::parameters(self.reads)?.judged_lag_ms;
        let judged_at = object::<(Time, BlockId)>(self.reads, &keys::recent(*height))?;
        if judged_at.is_none_or(|(time, _)| time.plus_ms(lag_ms) < self.context.time) {
            return Err(Refusal::RecordStale.into());
        }
        let in_force =
            views::policy_versions(self.reads, &self.body.department)?.ok_or(Refusal::PolicyNotLive)?;
        if in_force != *versions {
            return Err(Refusal::PolicyMoved.into());
        }
        Ok(query)
    }

    /// Appends the leaf to the receipt log and writes the record.
    fn write_record(
        &mut self,
        query: QueryId,
        judged: &Judged<'_>,
        kind: RecordKind,
        leaf: Digest,
    ) -> Result<(), Rejection> {
        let mut log = receipt_log(self.reads)?;
        let log_index = log.size();
        log.push(leaf);
        self.put(keys::RECEIPT_LOG.to_vec(), &(log.size(), log.peaks().to_vec()));
        let record = Record {
            query,
            kind,
            ticket: judged.ticket.clone(),
            ticket_signature: *judged.signature,
            policy_versions: judged.versions,
            judged_height: judged.height,
            log_head: judged.log_head,
            log_index,
            recorded: self.place(),
            delivery: None,
        };
        self.put(keys::record(&query), &record);
        Ok(())
    }

    pub(super) fn record_answer(&mut self, receipt: &Receipt) -> Result<(), Rejection> {
        let ticket = &receipt.ticket;
        let judged = Judged {
            ticket,
            signature: &receipt.ticket_signature,
            versions: receipt.policy_versions,
            height: receipt.judged_height,
            log_head: receipt.log_head,
        };
        let query = self.check_judged(&judged)?;
        let mut grant = views::grant(self.reads, &ticket.grant)?.ok_or(Refusal::GrantUnknown)?;
        if grant.requester != ticket.requester || grant.provider != ticket.provider {
            return Err(Refusal::GrantParties.into());
        }
        if grant.mode != ticket.mode || grant.receipt_mode != ReceiptMode::Each {
            return Err(Refusal::GrantMode.into());
        }
        ticket.check_units()?;
        grant.check_use(self.context.time, ticket.units)?;
        grant.used_units = grant.used_units.saturating_add(ticket.units);
        grant.uses = grant.uses.saturating_add(1);
        self.put(keys::grant(&grant.id), &grant);
        let kind = RecordKind::Answer { answer_digest: receipt.answer_digest, use_no: grant.uses };
        self.write_record(query, &judged, kind, receipt.leaf())
    }

    pub(super) fn record_denial(&mut self, denial: &Denial) -> Result<(), Rejection> {
        let judged = Judged {
            ticket: &denial.ticket,
            signature: &denial.ticket_signature,
            versions: denial.policy_versions,
            height: denial.judged_height,
            log_head: denial.log_head,
        };
        let query = self.check_judged(&judged)?;
        self.spend(&denial.ticket.requester, Credit::Denial)?;
        let kind = RecordKind::Denial { class: denial.class, decision_commit: denial.decision_commit };
        self.write_record(query, &judged, kind, denial.leaf())
    }

    pub(super) fn acknowledge(&mut self, delivery: &Delivery) -> Result<(), Rejection> {
        delivery.check()?;
        for (query, outcome) in &delivery.marks {
            let mut record = views::record(self.reads, query)?.ok_or(Refusal::DeliveryUnknown)?;
            if !matches!(record.kind, RecordKind::Answer { .. }) {
                return Err(Refusal::DeliveryUnknown.into());
            }
            if record.ticket.requester != self.body.department {
                return Err(Refusal::DeliveryNotYours.into());
            }
            if record.delivery.is_some() {
                return Err(Refusal::DeliveryTwice.into());
            }
            record.delivery = Some((*outcome, self.place()));
            self.put(keys::record(query), &record);
        }
        Ok(())
    }
}

/// The receipt log's frontier.
pub(crate) fn receipt_log(reads: &dyn StateRead) -> Result<Frontier, ReadFault> {
    let (size, peaks) = object::<(u64, Vec<Digest>)>(reads, keys::RECEIPT_LOG)?.unwrap_or_default();
    Frontier::from_parts(size, peaks).ok_or_else(|| ReadFault("the receipt log's frontier is damaged".into()))
}
