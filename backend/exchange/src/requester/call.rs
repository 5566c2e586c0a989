//! Calls to a provider.

use std::time::Duration;

use ledger::ids::{DepartmentId, QueryId};
use ledger::wire::{from_bytes, to_bytes};
use node::CallError;

use super::Requester;
use crate::fault::ExchangeFault;
use crate::limits::CALL_BYTES_MAX;
use crate::outcome::Outcome;
use crate::protocol::{Call, Reply};

/// Why there is no reply.
pub(super) struct NoReply {
    /// The stable code.
    pub(super) code: Outcome,
    /// Whether the provider surely has not heard of it.
    pub(super) unheard: bool,
}

/// What came of a call.
pub(super) type Called = Result<Reply, NoReply>;

impl Requester {
    pub(super) async fn call(
        &self,
        provider: &DepartmentId,
        query: &QueryId,
        call: &Call,
        wait: Duration,
    ) -> Result<Called, ExchangeFault> {
        let no = |code, unheard| Ok(Err(NoReply { code, unheard }));
        let called = self.context.node.call(provider, to_bytes(call), wait);
        match self.context.unless_stopping(called).await? {
            Ok(bytes) if bytes.len() <= CALL_BYTES_MAX => match from_bytes::<Reply>(&bytes) {
                Ok(reply) => Ok(Ok(reply)),
                Err(error) => {
                    tracing::warn!(receipt.id = %query, department.id = %provider, %error, "a reply is garbled");
                    no(Outcome::ProviderGarbled, false)
                }
            },
            Ok(_) | Err(CallError::TooLarge) => no(Outcome::ProviderGarbled, false),
            Err(CallError::Unreachable | CallError::NotAMember) => no(Outcome::ProviderUnreachable, true),
            Err(CallError::TimedOut) => no(Outcome::ProviderSilent, false),
            Err(CallError::Fault(fault)) => {
                tracing::error!(receipt.id = %query, %fault, "the node could not call");
                no(Outcome::ProviderUnreachable, false)
            }
        }
    }
}
