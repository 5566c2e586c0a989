//! Asks a department to open decisions of its own: what an inspectorate does for a replay.

use gm::envelope::{self, Seed};
use ledger::ids::DepartmentId;
use ledger::wire::{from_bytes, to_bytes};
use node::CallError;

use crate::context::Context;
use crate::fault::ExchangeFault;
use crate::limits::{CALL_BYTES_MAX, DISCLOSE_WAIT};
use crate::outcome::Outcome;
use crate::protocol::{Call, Disclose, Opening, Reply, VERSION, Wanted};
use crate::replay::ReplayError;

impl Context {
    /// What a department opens of these decisions, in this order.
    pub(crate) async fn openings_of(
        &self,
        department: &DepartmentId,
        inspection: Option<[u8; 32]>,
        wanted: &[Wanted],
    ) -> Result<Vec<Option<Opening>>, ReplayError> {
        let call = Disclose { version: VERSION, inspection, wanted: wanted.to_vec() };
        let context = call.context(department);
        let body = to_bytes(&Call::Disclose(call));
        let called = self.node.call(department, body, DISCLOSE_WAIT);
        let reply = match self.unless_stopping(called).await? {
            Ok(bytes) if bytes.len() <= CALL_BYTES_MAX => from_bytes::<Reply>(&bytes).ok(),
            Ok(_) | Err(CallError::TooLarge) => None,
            Err(CallError::Unreachable | CallError::NotAMember) => {
                return Err(ReplayError::Refused(Outcome::ProviderUnreachable));
            }
            Err(CallError::TimedOut) => return Err(ReplayError::Refused(Outcome::ProviderSilent)),
            Err(CallError::Fault(fault)) => {
                tracing::error!(department.id = %department, %fault, "the node could not call");
                return Err(ReplayError::Refused(Outcome::ProviderUnreachable));
            }
        };
        let openings = match reply {
            Some(Reply::Disclosed { wrap, sealed }) => self.unseal(&wrap.0, &sealed.0, &context.0),
            Some(Reply::Refused { code }) => {
                return Err(ReplayError::Refused(Outcome::from_provider(&code)));
            }
            Some(_) | None => None,
        };
        openings
            .filter(|openings| openings.len() == wanted.len())
            .ok_or(ReplayError::Refused(Outcome::ProviderGarbled))
    }

    fn unseal(&self, wrap: &[u8], sealed: &[u8], context: &[u8]) -> Option<Vec<Option<Opening>>> {
        let seed = Seed::unwrap_with(&self.sealing, wrap).ok()?;
        from_bytes(&envelope::open(&seed, self.chain, context, sealed).ok()?).ok()
    }

    /// What this department kept of these decisions, in this order.
    pub(crate) async fn own_openings(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<Option<Opening>>, ExchangeFault> {
        self.store.openings(wanted).await
    }
}
