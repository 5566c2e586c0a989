//! The provider's side: takes calls of other departments, judges, reads, seals, puts on record, releases.
//!
//! ```text
//!  Ask ─► admit (who, when) ─► judge ─► read, mask, seal ─► prepared (synced) ─► header, ciphertext out
//!            │ no                │ no                           └─► record ─► applied on the own node
//!            ▼                   ▼                                                    │
//!          counted        denied, on record                Hold or Refetch ─► release ◄┘ key out
//! ```
//!
//! The seed of an answer leaves only through `release`, which asks the own ledger first.

mod admit;
mod disclose;
mod judge;
mod keep;
mod locks;
mod prepare;
mod rate;
mod record;
mod release;

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::ids::{DepartmentId, EntryId, QueryId};
use ledger::wire::{Bytes, from_bytes, to_bytes};
use node::IncomingCall;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::context::Context;
use crate::fault::ExchangeFault;
use crate::limits::{CALLS_AT_ONCE, REQUEST_BYTES_MAX};
use crate::outcome::Outcome;
use crate::protocol::{Call, Envelope, Reply};
use crate::source::Source;
use crate::store::answers::Stand;
use crate::tasks::Tasks;
use judge::{Allowed, Denial, Judgement};
use locks::Locks;
use rate::{DenialRate, Doors, LookRate};

/// The provider's side of one exchange.
pub(crate) struct Provider {
    context: Arc<Context>,
    sources: BTreeMap<EntryId, Source>,
    tasks: Arc<Tasks>,
    locks: Locks,
    denials: DenialRate,
    looks: LookRate,
    doors: Doors,
    room: Arc<Semaphore>,
}

impl Provider {
    pub(crate) fn new(
        context: Arc<Context>,
        sources: BTreeMap<EntryId, Source>,
        tasks: Arc<Tasks>,
    ) -> Arc<Self> {
        Arc::new(Self {
            context,
            sources,
            tasks,
            locks: Locks::default(),
            denials: DenialRate::default(),
            looks: LookRate::default(),
            doors: Doors::default(),
            room: Arc::new(Semaphore::new(CALLS_AT_ONCE)),
        })
    }

    /// Goes on with what was under way when the process ended.
    pub(crate) async fn resume(self: &Arc<Self>) -> Result<(), ExchangeFault> {
        for query in self.context.store.answers_open().await? {
            self.start_recording(query);
        }
        let keeper = Arc::clone(self);
        self.tasks.spawn(async move { keeper.keep().await });
        Ok(())
    }

    /// Takes calls until the exchange stops.
    pub(crate) async fn serve(self: Arc<Self>, mut incoming: mpsc::Receiver<IncomingCall>) {
        loop {
            let call = tokio::select! {
                () = self.context.stopping.cancelled() => return,
                call = incoming.recv() => match call {
                    Some(call) => call,
                    None => return, // the node is gone
                },
            };
            match self.admit_call(&call.from) {
                Some(permit) => {
                    let provider = Arc::clone(&self);
                    self.tasks.spawn(async move {
                        let reply = provider.reply(&call.from, &call.body).await;
                        drop(permit);
                        // Who asked may have gone: the course goes on from the ledger.
                        call.answer.send(to_bytes(&reply)).ok();
                    });
                }
                None => {
                    call.answer.send(to_bytes(&refused(Outcome::ExchangeBusy))).ok();
                }
            }
        }
    }

    fn admit_call(&self, from: &DepartmentId) -> Option<(OwnedSemaphorePermit, rate::Door)> {
        let room = Arc::clone(&self.room).try_acquire_owned().ok()?;
        Some((room, self.doors.enter(from)?))
    }

    async fn reply(self: &Arc<Self>, from: &DepartmentId, body: &[u8]) -> Reply {
        let reply = match decode(body) {
            None => {
                self.count(from, Outcome::CallMalformed).await;
                return refused(Outcome::CallMalformed);
            }
            Some(Call::Ask(envelope)) => self.ask(from, *envelope).await,
            Some(Call::Hold(hold, signature)) => self.hold(from, hold, signature).await,
            Some(Call::Refetch(refetch, signature)) => self.refetch(from, refetch, signature).await,
            Some(Call::Disclose(disclose)) => self.disclose(from, disclose).await,
        };
        reply.unwrap_or_else(|fault| {
            let code = match fault {
                ExchangeFault::Source { .. } => Outcome::SourceFault,
                ExchangeFault::Stopping => Outcome::ExchangeBusy,
                _ => Outcome::ProviderFault,
            };
            if !matches!(fault, ExchangeFault::Stopping) {
                tracing::error!(department.id = %from, %fault, "a call could not be answered");
            }
            refused(code)
        })
    }

    /// A question (PROTOCOL section 3, steps 2 to 5).
    async fn ask(self: &Arc<Self>, from: &DepartmentId, envelope: Envelope) -> Result<Reply, ExchangeFault> {
        if let Err(code) = self.admit(from, &envelope).await? {
            self.count(from, code).await;
            return Ok(refused(code));
        }
        let query = envelope.query_id();
        let _alone = self.locks.lock(query).await;
        if let Some(row) = self.context.store.answer_row(&query).await? {
            return Ok(where_it_stood(&row.stand));
        }
        let question = self.open(&envelope);
        let received = self.context.now();
        let reply = match self.judge(&envelope, question.as_ref())? {
            Judgement::Impossible(code) => {
                self.count(from, code).await;
                return Ok(refused(code));
            }
            Judgement::Denied(denial) => {
                let Denial { grant, officer, .. } = &*denial;
                let origin =
                    self.origin(&envelope, question.as_ref(), grant, officer.as_ref(), received).await?;
                self.deny(&origin, &denial).await?
            }
            Judgement::Allowed(allowed) => {
                let Allowed { grant, officer, .. } = &*allowed;
                let origin =
                    self.origin(&envelope, question.as_ref(), grant, officer.as_ref(), received).await?;
                self.prepare(&origin, &allowed).await?
            }
        };
        tracing::info!(receipt.id = %query, department.id = %from, "a question was judged");
        self.start_recording(query);
        Ok(reply)
    }

    fn start_recording(self: &Arc<Self>, query: QueryId) {
        let provider = Arc::clone(self);
        self.tasks.spawn(async move { provider.record(query).await });
    }

    /// Counts a call that leaves no record; a failing count is logged, the call is answered all the same.
    async fn count(&self, from: &DepartmentId, code: Outcome) {
        if let Err(fault) =
            self.context.store.count_refused(self.context.now(), from.as_str(), code.code()).await
        {
            tracing::error!(%fault, "a refused call could not be counted");
        }
    }
}

/// Sizes are checked before anything is decoded.
fn decode(body: &[u8]) -> Option<Call> {
    if body.len() > REQUEST_BYTES_MAX {
        return None;
    }
    from_bytes(body).ok()
}

fn refused(code: Outcome) -> Reply {
    Reply::Refused { code: code.code().to_owned() }
}

/// A known query goes on where it stood.
fn where_it_stood(stand: &Stand) -> Reply {
    match stand {
        Stand::Prepared(_) | Stand::Recorded(_) => match stand.ready() {
            Some(ready) => Reply::Answered {
                answer: Box::new(ready.answer.clone()),
                sealed: Bytes(ready.ciphertext.clone()),
            },
            None => refused(Outcome::RefetchOver),
        },
        // Being prepared once more.
        Stand::Unprepared(_) => refused(Outcome::ExchangeBusy),
        Stand::Denied { reason: Some((wrap, sealed)), .. } => {
            Reply::Denied { wrap: wrap.clone(), sealed: sealed.clone() }
        }
        Stand::Denied { reason: None, code, .. } | Stand::Over(code) => {
            refused(code.unwrap_or(Outcome::RefetchOver))
        }
    }
}

#[cfg(test)]
mod tests;
