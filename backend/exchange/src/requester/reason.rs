//! Why a provider said no: sealed to the reply key, so that only this department reads it.

use gm::envelope::{self, Seed};
use gm::sm2::SecretKey;
use ledger::ids::QueryId;
use ledger::receipt::DenialClass;
use ledger::wire::{Bytes, from_bytes};

use super::Requester;
use super::course::Memory;
use crate::enquiry::{DeniedBy, EnquiryState};
use crate::fault::ExchangeFault;
use crate::limits::{ASK_WAIT, REASON_SEALED_BYTES_MAX};
use crate::outcome::Outcome;
use crate::protocol::{Call, ReasonBody, Reply, VERSION};
use crate::store::enquiries::EnquiryRow;

/// A denial on record whose reason does not come is shown without it after so many tries.
const REASON_TRIES: u8 = 3;

impl Requester {
    /// The state a sealed reason stands for; nothing when it is not one for this query.
    pub(super) fn denied(
        &self,
        query: &QueryId,
        reply_key: &SecretKey,
        wrap: &Bytes,
        sealed: &Bytes,
    ) -> Option<EnquiryState> {
        if sealed.0.len() > REASON_SEALED_BYTES_MAX {
            return None;
        }
        let seed = Seed::unwrap_with(reply_key, &wrap.0).ok()?;
        let plain = envelope::open(&seed, self.context.chain, &ReasonBody::context(query), &sealed.0).ok()?;
        let reason: ReasonBody = from_bytes(&plain).ok()?;
        (reason.version == VERSION && reason.query_id == *query).then(|| EnquiryState::Denied {
            by: DeniedBy::Provider,
            class: reason.class,
            layer: reason.layer,
            row: reason.row.map(|row| row.to_string()),
            code: Outcome::from_provider(reason.code.as_str()),
        })
    }

    /// A denial is on record here, but its reason did not come: asks for it with the same question.
    pub(super) async fn denied_on_record(
        &self,
        query: &QueryId,
        row: &EnquiryRow,
        class: DenialClass,
        memory: &mut Memory,
    ) -> Result<EnquiryState, ExchangeFault> {
        if let (Some(envelope), Some(reply_key)) = (&row.envelope, &row.reply_key) {
            for _ in 0..REASON_TRIES {
                let call = Call::Ask(Box::new(envelope.clone()));
                match self.call(&row.provider, query, &call, ASK_WAIT).await? {
                    Ok(Reply::Denied { wrap, sealed }) => {
                        if let Some(state) = self.denied(query, reply_key, &wrap, &sealed) {
                            return Ok(state);
                        }
                    }
                    Ok(Reply::Refused { code })
                        if class == DenialClass::Malformed && code == Outcome::QuestionMalformed.code() =>
                    {
                        return Ok(malformed());
                    }
                    Ok(_) | Err(_) => {}
                }
                self.context.pause(memory.patience.next()).await?;
            }
        }
        Ok(EnquiryState::Denied {
            by: DeniedBy::Provider,
            class,
            layer: None,
            row: None,
            code: Outcome::DeniedUnexplained,
        })
    }
}

/// The provider could not open the question, and so had no key to seal its reason to.
pub(super) const fn malformed() -> EnquiryState {
    EnquiryState::Denied {
        by: DeniedBy::Provider,
        class: DenialClass::Malformed,
        layer: None,
        row: None,
        code: Outcome::QuestionMalformed,
    }
}
