//! The requester's side: writes a query down, asks, waits for the record on its own node, opens.
//!
//! ```text
//!  drafted ─► asked ─► held ─► recorded ─► opened ─► closed
//!     │         │ ╲       │        │  ╲
//!     │         │  denied │        │   rejected
//!  refused,   lapsed ◄────┘     undelivered,
//!  denied                        denied
//! ```
//!
//! Every state is on the disk before its effect; after a restart each unfinished query goes on from
//! what the store and the own ledger say.

mod ask;
mod call;
mod delivery;
mod open;
mod recorded;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use ledger::ids::QueryId;
use ledger::receipt::DenialClass;
use tokio::sync::Semaphore;

use crate::context::Context;
use crate::fault::ExchangeFault;
use crate::judging::PolicyNo;
use crate::limits::{ANSWER_SHOWN_MS, QUERIES_AT_ONCE, RETRY_WAIT_MAX};
use crate::query::{DeniedBy, QueryState};
use crate::tasks::Tasks;

/// The requester's side of one exchange.
pub(crate) struct Requester {
    context: Arc<Context>,
    tasks: Arc<Tasks>,
    room: Arc<Semaphore>,
}

impl Requester {
    pub(crate) fn new(context: Arc<Context>, tasks: Arc<Tasks>) -> Arc<Self> {
        Arc::new(Self { context, tasks, room: Arc::new(Semaphore::new(QUERIES_AT_ONCE)) })
    }

    /// Goes on with what was under way when the process ended.
    pub(crate) async fn resume(self: &Arc<Self>) -> Result<(), ExchangeFault> {
        for query in self.context.store.unfinished().await? {
            self.start_course(query, false);
        }
        let requester = Arc::clone(self);
        self.tasks.spawn(async move { requester.deliver().await });
        let requester = Arc::clone(self);
        self.tasks.spawn(async move { requester.forget().await });
        Ok(())
    }

    /// Destroys opened rows as soon as no page may show them, until the exchange stops.
    async fn forget(&self) {
        loop {
            let now = self.context.now();
            let wait = match self.context.store.destroy_bodies(now.minus_ms(ANSWER_SHOWN_MS)).await {
                // What is opened meanwhile is to be destroyed later than what is here.
                Ok(oldest) => {
                    let due = oldest.unwrap_or(now).plus_ms(ANSWER_SHOWN_MS);
                    Duration::from_millis(due.0.saturating_sub(now.0).max(1))
                }
                Err(fault) => {
                    tracing::error!(%fault, "opened rows could not be destroyed; trying again");
                    RETRY_WAIT_MAX
                }
            };
            if self.context.pause(wait).await.is_err() {
                return;
            }
        }
    }

    /// Work on one query until it is over. `is_new` when nobody can have heard of it yet.
    fn start_course(self: &Arc<Self>, query: QueryId, is_new: bool) {
        let requester = Arc::clone(self);
        self.tasks.spawn(async move {
            // After a restart there may be more than there is room for: they take turns.
            let Ok(_room) = Arc::clone(&requester.room).acquire_owned().await else { return };
            requester.course(query, is_new).await;
        });
    }
}

/// What this department's own side says no to.
fn denied_here(class: DenialClass, no: PolicyNo) -> QueryState {
    QueryState::Denied { by: DeniedBy::Requester, class, layer: no.layer, row: no.row, code: no.code }
}
