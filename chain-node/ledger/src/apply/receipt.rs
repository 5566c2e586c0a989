//! Recording answers, denials and acknowledgements (PROTOCOL section 3, step 6).

use super::rule::{Rejection, Rule};
use crate::catalogue::ReceiptMode;
use crate::credit::Credit;
use crate::ids::{BlockId, Height, Time};
use crate::keys;
use crate::parameters::Parameters;
use crate::receipt::{Delivery, Denial, OpenRecord, PolicyVersions, Receipt, Ticket};
use crate::refusal::Refusal;
use crate::state::{ReadFault, StateRead};
use crate::views::{self, object};
use alloc::vec::Vec;
use gm::merkle::Frontier;
use gm::sm3::Digest;

/// What is judged alike of answers and denials.
struct Judged<'a> {
    ticket: &'a Ticket,
    versions: PolicyVersions,
    height: Height,
}

impl Rule<'_> {
    /// The ticket is for this provider, fresh and unused; the decision is recent and was made under the
    /// policies in force, by the parameters given. That the ticket is the requester's was found before (`verified.rs`).
    fn check_judged(&self, judged: &Judged<'_>) -> Result<Parameters, Rejection> {
        let Judged { ticket, versions, height } = judged;
        if ticket.provider != self.body.department {
            return Err(Refusal::TicketProvider.into());
        }
        if self.context.time > ticket.valid_until {
            return Err(Refusal::TicketExpired.into());
        }
        // Longer than this nobody has to remember that it was used.
        let parameters = views::parameters(self.reads)?;
        if ticket.valid_until > self.context.time.plus_ms(parameters.ticket_ms) {
            return Err(Refusal::TicketTooLong.into());
        }
        if views::is_used(self.reads, ticket)? {
            return Err(Refusal::TicketUsed.into());
        }
        let judged_at = object::<(Time, BlockId)>(self.reads, &keys::recent(*height))?;
        let lag_ms = parameters.judged_lag_ms;
        if judged_at.is_none_or(|(time, _)| time.plus_ms(lag_ms) < self.context.time) {
            return Err(Refusal::RecordStale.into());
        }
        let in_force =
            views::policy_versions(self.reads, &self.body.department)?.ok_or(Refusal::PolicyNotLive)?;
        if in_force != *versions {
            return Err(Refusal::PolicyMoved.into());
        }
        Ok(parameters)
    }

    /// Appends the leaf to the receipt log.
    fn log(&mut self, leaf: Digest) -> Result<(), Rejection> {
        let mut log = receipt_log(self.reads)?;
        log.push(leaf);
        self.put(keys::RECEIPT_LOG.to_vec(), &(log.size(), log.peaks().to_vec()));
        Ok(())
    }

    /// Remembers that the ticket is used, as long as it could be used again.
    fn use_up(&mut self, ticket: &Ticket) {
        let (key, context) = (keys::seen(ticket.valid_until, &ticket.query_id().0), self.context);
        self.put(key, &context.height);
    }

    pub(super) fn record_answer(&mut self, receipt: &Receipt) -> Result<(), Rejection> {
        let ticket = &receipt.ticket;
        let judged = Judged { ticket, versions: receipt.policy_versions, height: receipt.judged_height };
        let parameters = self.check_judged(&judged)?;
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
        self.use_up(ticket);
        let until = self.context.time.plus_ms(parameters.refetch_ms);
        let open = OpenRecord { requester: ticket.requester.clone(), until };
        let query = ticket.query_id();
        self.put(keys::open(&query), &open);
        let context = self.context;
        self.put(keys::lapsing(until, &query), &context.height);
        self.log(receipt.leaf())
    }

    pub(super) fn record_denial(&mut self, denial: &Denial) -> Result<(), Rejection> {
        let judged =
            Judged { ticket: &denial.ticket, versions: denial.policy_versions, height: denial.judged_height };
        self.check_judged(&judged)?;
        self.spend(&denial.ticket.requester, Credit::Denial)?;
        self.use_up(&denial.ticket);
        self.log(denial.leaf())
    }

    pub(super) fn acknowledge(&mut self, delivery: &Delivery) -> Result<(), Rejection> {
        delivery.check(self.limits())?;
        for (query, _) in &delivery.marks {
            let open = views::open_record(self.reads, query)?;
            let open = open.filter(|open| open.until >= self.context.time).ok_or(Refusal::DeliveryUnknown)?;
            if open.requester != self.body.department {
                return Err(Refusal::DeliveryNotYours.into());
            }
            self.changes.remove(keys::open(query));
            self.changes.remove(keys::lapsing(open.until, query));
        }
        self.log(delivery.leaf())
    }
}

/// The receipt log's frontier.
pub(crate) fn receipt_log(reads: &dyn StateRead) -> Result<Frontier, ReadFault> {
    let (size, peaks) = object::<(u64, Vec<Digest>)>(reads, keys::RECEIPT_LOG)?.unwrap_or_default();
    Frontier::from_parts(size, peaks).ok_or_else(|| ReadFault("the receipt log's frontier is damaged".into()))
}
