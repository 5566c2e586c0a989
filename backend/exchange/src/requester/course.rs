//! The course of one enquiry, from asked to its end. Each turn looks at the store and the own ledger
//! first; what a provider says is only ever a hint beside them.

use std::sync::Arc;
use std::time::Instant;

use ledger::ids::QueryId;
use ledger::receipt::{DenialClass, Record, RecordKind};
use ledger::refusal::Refusal;
use ledger::tip::Tip;
use tokio::sync::watch;

use super::Requester;
use super::call::NoReply;
use super::open::Expected;
use super::reason::malformed;
use super::recorded::digest;
use crate::context::Patience;
use crate::enquiry::EnquiryState;
use crate::fault::ExchangeFault;
use crate::limits::{ASK_WAIT, HOLD_WAIT, RETRY_WAIT_MAX, UNREACHABLE_WAIT};
use crate::outcome::Outcome;
use crate::protocol::{Call, Hold, Reply, VERSION};
use crate::standing::{self, Head, Standing};
use crate::store::enquiries::{Ending, EnquiryRow};

/// What is remembered between turns of one process; everything else is in the store.
pub(super) struct Memory {
    pub(super) patience: Patience,
    /// Whether the provider surely has not heard of the enquiry.
    unheard: bool,
    since: Instant,
    /// Whether a fresh reply key for a Refetch was made in this process.
    pub(super) refetching: bool,
    heads: watch::Receiver<Tip>,
}

/// Whether there is more to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    On,
    Done,
}

/// What the own ledger says of a query.
enum Word {
    /// Nothing yet, and it may still come.
    Nothing,
    /// The answer is on record.
    Answered(Box<Record>),
    /// A denial is on record.
    Denied(DenialClass),
    /// No record can come any more: its time is over.
    Lapsed,
    /// No record can come any more: grant or member is dead.
    Dead(Outcome),
}

impl Requester {
    /// Works until the enquiry is over or the exchange stops.
    pub(super) async fn course(self: Arc<Self>, query: QueryId, is_new: bool) {
        let mut memory = Memory {
            patience: Patience::new(),
            unheard: is_new,
            since: Instant::now(),
            refetching: false,
            heads: self.context.node.follow(),
        };
        loop {
            match self.turn(&query, &mut memory).await {
                Ok(Turn::On) => {}
                Ok(Turn::Done) | Err(ExchangeFault::Stopping) => return,
                Err(fault) => {
                    tracing::error!(receipt.id = %query, %fault, "an enquiry could not go on; trying again");
                    if self.context.pause(RETRY_WAIT_MAX).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn turn(&self, query: &QueryId, memory: &mut Memory) -> Result<Turn, ExchangeFault> {
        let Some(row) = self.context.store.enquiry_row(query).await? else { return Ok(Turn::Done) };
        match row.state.as_str() {
            // Written down, and the process ended before it was signed: nothing was sent.
            "drafted" => self.end(query, EnquiryState::Refused { code: Outcome::EnquiryUnsent }).await,
            "asked" => self.asked(query, &row, memory).await,
            "held" => self.held(query, &row, memory).await,
            "recorded" => self.recorded(query, &row, memory).await,
            _ => Ok(Turn::Done),
        }
    }

    /// Asks until there is an answer, a denial, or no hope.
    async fn asked(
        &self,
        query: &QueryId,
        row: &EnquiryRow,
        memory: &mut Memory,
    ) -> Result<Turn, ExchangeFault> {
        if let Some(turn) = self.heed(query, row, memory).await? {
            return Ok(turn);
        }
        let envelope = row.envelope.clone().ok_or(ExchangeFault::Damaged("enquiries.envelope"))?;
        let reply_key = row.reply_key.as_ref().ok_or(ExchangeFault::Damaged("enquiries.reply_key"))?;
        match self.call(&row.provider, query, &Call::Ask(Box::new(envelope)), ASK_WAIT).await? {
            Ok(Reply::Answered { answer, sealed }) => {
                match self.expected(query, row).check_header(&answer, &sealed.0) {
                    Ok(()) => {
                        self.context.store.held(query, &answer, &sealed.0, self.context.now()).await?;
                        memory.patience = Patience::new();
                        Ok(Turn::On)
                    }
                    Err(code) => self.wait(query, code, memory).await,
                }
            }
            Ok(Reply::Denied { wrap, sealed }) => match self.denied(query, reply_key, &wrap, &sealed) {
                Some(state) => self.end(query, state).await,
                None => self.wait(query, Outcome::ProviderGarbled, memory).await,
            },
            Ok(Reply::Refused { code }) => {
                memory.unheard = false;
                let code = Outcome::from_provider(code.as_str());
                if code.is_passing() {
                    return self.wait(query, code, memory).await;
                }
                // The provider may be a block ahead of us: our own ledger has the last word.
                self.context.store.waits_for(query, Some(code)).await?;
                self.context.next_head(&mut memory.heads).await?;
                match self.heed(query, row, memory).await? {
                    Some(turn) => Ok(turn),
                    None if code == Outcome::QuestionMalformed => self.end(query, malformed()).await,
                    None => self.end(query, EnquiryState::Refused { code }).await,
                }
            }
            Ok(Reply::Released { .. } | Reply::Again { .. }) => {
                self.wait(query, Outcome::ProviderGarbled, memory).await
            }
            Err(NoReply { code, unheard }) => {
                memory.unheard &= unheard;
                if memory.unheard && memory.since.elapsed() >= UNREACHABLE_WAIT {
                    // It never left, so no record can come of it.
                    return self.end(query, EnquiryState::Refused { code }).await;
                }
                self.wait(query, code, memory).await
            }
        }
    }

    /// Tells the provider that the ciphertext is here, and waits for the record and the key.
    async fn held(
        &self,
        query: &QueryId,
        row: &EnquiryRow,
        memory: &mut Memory,
    ) -> Result<Turn, ExchangeFault> {
        let answer = row.answer.as_ref().ok_or(ExchangeFault::Damaged("enquiries.answer"))?;
        let reply_key = row.reply_key.as_ref().ok_or(ExchangeFault::Damaged("enquiries.reply_key"))?;
        let hold = Hold {
            version: VERSION,
            query_id: *query,
            answer_digest: answer.digest(),
            sealed_digest: answer.sealed_digest,
            key_id: self.context.online_id,
            height: Head::read(&self.context.node)?.tip.height,
        };
        let signature =
            hold.sign(self.context.chain, &self.context.online).map_err(|_| ExchangeFault::Key("online"))?;
        let call = Call::Hold(hold, signature);
        let mut release = std::pin::pin!(self.call(&row.provider, query, &call, HOLD_WAIT));
        let mut on_record = false;
        let mut answered = false;
        let mut key_here = row.wrap.is_some();
        loop {
            if !on_record {
                match self.word(query, row)? {
                    Word::Answered(record) => {
                        self.context.store.recorded(query, self.context.now()).await?;
                        on_record = true;
                        // Another answer than the one held was recorded: it must be fetched.
                        key_here |= digest(&record) != Some(answer.digest());
                    }
                    Word::Nothing => {}
                    _ => return Ok(self.heed(query, row, memory).await?.unwrap_or(Turn::On)),
                }
            }
            if on_record && (key_here || answered) {
                return Ok(Turn::On);
            }
            tokio::select! {
                reply = &mut release, if !answered => {
                    answered = true;
                    match reply? {
                        Ok(Reply::Released { wrap }) => {
                            self.context.store.wrapped(query, &wrap.0).await?;
                            key_here = true;
                        }
                        Ok(Reply::Denied { wrap, sealed }) => {
                            if let Some(state) = self.denied(query, reply_key, &wrap, &sealed) {
                                return self.end(query, state).await;
                            }
                        }
                        Ok(Reply::Refused { code }) if code == Outcome::AnswerSuperseded.code() => {
                            self.context.store.waits_for(query, Some(Outcome::RecordPending)).await?;
                        }
                        Ok(Reply::Refused { code }) if !on_record => {
                            // Whatever it says, only the ledger ends an enquiry that is held.
                            return self.wait(query, Outcome::from_provider(code.as_str()), memory).await;
                        }
                        Err(no) if !on_record => return self.wait(query, no.code, memory).await,
                        Ok(Reply::Refused { .. } | Reply::Answered { .. } | Reply::Again { .. }) | Err(_) => {}
                    }
                }
                moved = self.context.next_head(&mut memory.heads) => {
                    moved?;
                    if !on_record {
                        let behind = Head::read(&self.context.node)?.is_behind(self.context.now());
                        let code = if behind { Outcome::LedgerBehind } else { Outcome::RecordPending };
                        self.context.store.waits_for(query, Some(code)).await?;
                    }
                }
            }
        }
    }

    /// Does what the own ledger says; nothing when it has nothing to say.
    async fn heed(
        &self,
        query: &QueryId,
        row: &EnquiryRow,
        memory: &mut Memory,
    ) -> Result<Option<Turn>, ExchangeFault> {
        Ok(Some(match self.word(query, row)? {
            Word::Nothing => return Ok(None),
            Word::Answered(_) => {
                self.context.store.recorded(query, self.context.now()).await?;
                Turn::On
            }
            Word::Denied(class) => {
                let state = self.denied_on_record(query, row, class, memory).await?;
                self.end(query, state).await?
            }
            Word::Lapsed => {
                let code = row.waiting.unwrap_or(Outcome::RecordPending);
                self.end(query, EnquiryState::Lapsed { code }).await?
            }
            Word::Dead(code) => self.end(query, EnquiryState::Refused { code }).await?,
        }))
    }

    fn word(&self, query: &QueryId, row: &EnquiryRow) -> Result<Word, ExchangeFault> {
        let (tip, record) = standing::record(&self.context.node, query)?;
        Ok(match record.map(|record| (record.kind.clone(), record)) {
            Some((RecordKind::Answer { .. }, record)) => Word::Answered(Box::new(record)),
            Some((RecordKind::Denial { class, .. }, _)) => Word::Denied(class),
            None if tip.time > row.ticket.valid_until => Word::Lapsed,
            None => match Standing::read(&self.context.node, &row.grant, &self.context.department)? {
                // Each of these is for ever, so no block can take a record of this query any more. A
                // suspended member may come back: then the ticket's time decides.
                Some(standing) => match standing.grant.check_use(standing.head.tip.time, row.ticket.units) {
                    // The head may have moved since: then the record itself is seen at the next turn.
                    Err(refusal) if standing.head.tip.height == tip.height => match refusal {
                        Refusal::GrantUpcoming => Word::Nothing,
                        refusal => Word::Dead(refusal.into()),
                    },
                    Ok(()) | Err(_) => Word::Nothing,
                },
                None => Word::Nothing,
            },
        })
    }

    pub(super) fn expected<'a>(&self, query: &'a QueryId, row: &'a EnquiryRow) -> Expected<'a> {
        Expected { chain: self.context.chain, query, provider: &row.provider, items: &row.items }
    }

    /// Waits a little; what for is shown meanwhile.
    pub(super) async fn wait(
        &self,
        query: &QueryId,
        code: Outcome,
        memory: &mut Memory,
    ) -> Result<Turn, ExchangeFault> {
        self.context.store.waits_for(query, Some(code)).await?;
        self.context.pause(memory.patience.next()).await?;
        Ok(Turn::On)
    }

    pub(super) async fn end(&self, query: &QueryId, state: EnquiryState) -> Result<Turn, ExchangeFault> {
        tracing::info!(receipt.id = %query, state = state.stage().code(), code = state.reason().map(Outcome::code), "an enquiry ended");
        let ending = Ending { state, outcome: None };
        self.context.store.ended(query, &ending, None, self.context.now()).await?;
        Ok(Turn::Done)
    }
}
