//! Who may ask, and when: everything that is checked before a question is opened, cheapest first.
//! What fails here leaves no record, only a local count.

use gm::domain::Kind;
use gm::sm2::{KeyId, PublicKey};
use ledger::catalogue::Mode;
use ledger::department::KeyKind;
use ledger::ids::DepartmentId;
use ledger::receipt::Ticket;
use ledger::refusal::Refusal;
use ledger::state::ReadFault;
use ledger::views;
use ledger::wire::to_bytes;

use super::Provider;
use crate::fault::ExchangeFault;
use crate::limits::{QUESTION_SEALED_BYTES_MAX, SEEN_BLOCK_WAIT, WRAP_BYTES};
use crate::outcome::Outcome;
use crate::protocol::{Envelope, VERSION};
use crate::standing::Head;

/// Fine, or the code it is refused with.
pub(super) type Admission = Result<(), Outcome>;

impl Provider {
    pub(super) async fn admit(
        &self,
        from: &DepartmentId,
        envelope: &Envelope,
    ) -> Result<Admission, ExchangeFault> {
        let ticket = &envelope.ticket;
        if let Err(code) = self.admit_form(from, envelope) {
            return Ok(Err(code));
        }
        let key = match self.online_key(from, &ticket.key_id)? {
            Ok(key) => key,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if !key.verify(self.context.chain, Kind::Ticket, &to_bytes(ticket), &envelope.ticket_signature) {
            return Ok(Err(Refusal::TicketSignature.into()));
        }
        if ticket.version != self.context.protocol()?.version {
            return Ok(Err(Refusal::TxVersion.into()));
        }
        self.admit_time(ticket).await
    }

    fn admit_form(&self, from: &DepartmentId, envelope: &Envelope) -> Admission {
        let ticket = &envelope.ticket;
        if envelope.version != VERSION
            || envelope.wrap.0.len() != WRAP_BYTES
            || envelope.sealed.0.len() > QUESTION_SEALED_BYTES_MAX
        {
            return Err(Outcome::CallMalformed);
        }
        if envelope.chain != self.context.chain || ticket.chain != self.context.chain {
            return Err(Refusal::ChainOther.into());
        }
        if &ticket.requester != from {
            return Err(Refusal::GrantParties.into());
        }
        if ticket.provider != self.context.department {
            return Err(Refusal::TicketProvider.into());
        }
        match ticket.mode {
            Mode::Query if ticket.units == 1 => Ok(()),
            Mode::Query => Err(Refusal::TicketUnits.into()),
            Mode::Verify | Mode::Batch | Mode::File | Mode::Interface => Err(Outcome::TicketMode),
        }
    }

    /// The key a department in force signs with.
    pub(super) fn online_key(
        &self,
        department: &DepartmentId,
        id: &KeyId,
    ) -> Result<Result<PublicKey, Refusal>, ReadFault> {
        self.context.node.read(|snapshot| {
            let Some(member) = views::department(snapshot, department)? else {
                return Ok(Err(Refusal::DepartmentUnknown));
            };
            if !member.active {
                return Ok(Err(Refusal::DepartmentInactive));
            }
            Ok(match views::signing_key(snapshot, id)? {
                None => Err(Refusal::KeyUnknown),
                Some(key) if key.department != *department => Err(Refusal::KeyOwner),
                Some(key) if key.kind != KeyKind::Online => Err(Refusal::KeyKind),
                Some(key) => Ok(key.key),
            })
        })
    }

    /// Both ledgers are fresh and agree, and the ticket is neither stale nor good for too long.
    async fn admit_time(&self, ticket: &Ticket) -> Result<Admission, ExchangeFault> {
        if Head::read(&self.context.node)?.is_behind(self.context.now()) {
            return Ok(Err(Outcome::LedgerBehind));
        }
        if !self.wait_for(ticket).await? {
            return Ok(Err(Outcome::LedgerBehind));
        }
        let (head, seen) = self.context.node.read(|snapshot| {
            let head = Head::of(snapshot)?;
            let seen = views::block_at(snapshot, &head.tip, ticket.seen_height)?;
            Ok::<_, ReadFault>((head, seen))
        })?;
        Ok(match seen {
            None => Err(Outcome::TicketStale),
            Some((_, block)) if block != ticket.seen_block => Err(Refusal::ChainOther.into()),
            Some((time, _)) if time.plus_ms(head.parameters.judged_lag_ms) < head.tip.time => {
                Err(Outcome::TicketStale)
            }
            Some((time, _)) if ticket.valid_until > time.plus_ms(head.parameters.ticket_ms) => {
                Err(Refusal::TicketTooLong.into())
            }
            Some(_) if ticket.valid_until < head.tip.time => Err(Refusal::TicketExpired.into()),
            Some(_) => Ok(()),
        })
    }

    /// Waits a little for a block that the requester has seen already.
    async fn wait_for(&self, ticket: &Ticket) -> Result<bool, ExchangeFault> {
        let mut heads = self.context.node.follow();
        let reached = heads.wait_for(|tip| tip.height >= ticket.seen_height);
        let reached = tokio::time::timeout(SEEN_BLOCK_WAIT, reached);
        Ok(matches!(self.context.unless_stopping(reached).await?, Ok(Ok(_))))
    }
}
