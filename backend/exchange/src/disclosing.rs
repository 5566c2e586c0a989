//! Asks a department to open decisions of its own: what an inspectorate does for a replay.

use gm::envelope::{self, Seed};
use ledger::ids::{DepartmentId, InspectionId};
use ledger::wire::{from_bytes, to_bytes};
use node::CallError;

use crate::context::{Context, Patience};
use crate::fault::ExchangeFault;
use crate::limits::{CALL_BYTES_MAX, DISCLOSE_TRIES_MAX, DISCLOSE_WAIT};
use crate::outcome::Outcome;
use crate::protocol::{Call, Disclose, Opening, Reply, VERSION, Wanted};
use crate::replay::ReplayError;

impl Context {
    /// What a department opens of these decisions, in this order. One that is busy is asked again.
    pub(crate) async fn openings_of(
        &self,
        department: &DepartmentId,
        inspection: &InspectionId,
        wanted: &[Wanted],
    ) -> Result<Vec<Option<Opening>>, ReplayError> {
        let call = Disclose { version: VERSION, inspection: *inspection, wanted: wanted.to_vec() };
        let context = call.context(department);
        let body = to_bytes(&Call::Disclose(call));
        let mut patience = Patience::new();
        for _ in 1..DISCLOSE_TRIES_MAX {
            match self.disclosed(department, &body, &context.0).await {
                Err(ReplayError::Refused(Outcome::ExchangeBusy)) => self.pause(patience.next()).await?,
                openings => return fitting(openings?, wanted),
            }
        }
        fitting(self.disclosed(department, &body, &context.0).await?, wanted)
    }

    async fn disclosed(
        &self,
        department: &DepartmentId,
        body: &[u8],
        context: &[u8],
    ) -> Result<Vec<Option<Opening>>, ReplayError> {
        let called = self.node.call(department, body.to_vec(), DISCLOSE_WAIT);
        let code = match self.unless_stopping(called).await? {
            Ok(bytes) if bytes.len() <= CALL_BYTES_MAX => match from_bytes::<Reply>(&bytes) {
                Ok(Reply::Disclosed { wrap, sealed }) => {
                    let openings = self.unseal(&wrap.0, &sealed.0, context);
                    return openings.ok_or(ReplayError::Refused(Outcome::ProviderGarbled));
                }
                Ok(Reply::Refused { code }) => Outcome::from_provider(&code),
                Ok(_) | Err(_) => Outcome::ProviderGarbled,
            },
            Ok(_) | Err(CallError::TooLarge) => Outcome::ProviderGarbled,
            Err(CallError::Unreachable | CallError::NotAMember) => Outcome::ProviderUnreachable,
            Err(CallError::TimedOut) => Outcome::ProviderSilent,
            Err(CallError::Fault(fault)) => {
                tracing::error!(department.id = %department, %fault, "the node could not call");
                Outcome::ProviderUnreachable
            }
        };
        Err(ReplayError::Refused(code))
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

/// One opening for each wanted.
fn fitting(openings: Vec<Option<Opening>>, wanted: &[Wanted]) -> Result<Vec<Option<Opening>>, ReplayError> {
    if openings.len() == wanted.len() {
        Ok(openings)
    } else {
        Err(ReplayError::Refused(Outcome::ProviderGarbled))
    }
}
