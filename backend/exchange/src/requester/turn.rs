//! Carries out the course of one query, from asked to its end: reads the store and the own ledger, lets the course
//! say what comes next, writes, waits and calls.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use gm::envelope::{self, Seed};
use gm::sm2::SecretKey;
use gm::sm3::Digest;
use ledger::ids::QueryId;
use ledger::tip::Tip;
use ledger::wire::{Bytes, from_bytes};
use tokio::sync::watch;

use super::Requester;
use super::call::{Called, NoReply};
use super::open::Expected;
use crate::context::Patience;
use crate::course::asking::{At, Event, Memory, Next, Reply as Said, Sealed, Seen, Word, Wrap, Write, step};
use crate::fault::ExchangeFault;
use crate::limits::{ASK_WAIT, HOLD_WAIT, REASON_SEALED_BYTES_MAX, RETRY_WAIT_MAX};
use crate::outcome::Outcome;
use crate::protocol::{Answer, Call, Hold, ReasonBody, Refetch, Reply, VERSION};
use crate::query::{DeniedBy, QueryState};
use crate::standing::{self, Head, Standing};
use crate::store::queries::{Course, QueryRow, Sent};

/// A call under way.
type UnderWay = Pin<Box<dyn Future<Output = Result<Called, ExchangeFault>> + Send>>;

/// What one process has beside the store for one query.
struct Rim {
    memory: Memory,
    patience: Patience,
    since: Instant,
    heads: watch::Receiver<Tip>,
    /// The Hold under way.
    hold: Option<UnderWay>,
}

impl Requester {
    /// Works until the query is over or the exchange stops.
    pub(super) async fn course(self: Arc<Self>, query: QueryId, is_new: bool) {
        let mut rim = Rim {
            memory: if is_new { Memory::of_new() } else { Memory::default() },
            patience: Patience::new(),
            since: Instant::now(),
            heads: self.context.node.follow(),
            hold: None,
        };
        while let Err(fault) = self.turns(&query, &mut rim).await {
            if matches!(fault, ExchangeFault::Stopping) {
                return;
            }
            tracing::error!(receipt.id = %query, %fault, "a query could not go on; trying again");
            rim.memory = rim.memory.broken_off();
            rim.hold = None;
            if self.context.pause(RETRY_WAIT_MAX).await.is_err() {
                return;
            }
        }
    }

    async fn turns(self: &Arc<Self>, query: &QueryId, rim: &mut Rim) -> Result<(), ExchangeFault> {
        let store = &self.context.store;
        let mut event = Event::Look;
        let Some(mut row) = store.query_row(query).await? else { return Ok(()) };
        loop {
            let seen = self.seen(query, &row)?;
            let step = step(rim.memory, row.course.at(), &seen, event);
            rim.memory = step.memory;
            if let Some(write) =
                step.write.filter(|write| row.waiting.map(Write::Waiting).as_ref() != Some(write))
            {
                if matches!(write, Write::Held(_)) {
                    rim.patience = Patience::new();
                }
                self.write(query, write).await?;
                row = store.query_row(query).await?.ok_or(ExchangeFault::Damaged("queries.query"))?;
            }
            event = match step.next {
                Next::Done => return Ok(()),
                Next::Open => return self.open(query, &row).await,
                Next::Look => Event::Look,
                Next::Pause => {
                    self.context.pause(rim.patience.next()).await?;
                    Event::Look
                }
                Next::Head => {
                    self.context.next_head(&mut rim.heads).await?;
                    Event::Look
                }
                Next::Ask => {
                    rim.hold = None;
                    let question = Call::Ask(Box::new(row.course.sent()?.envelope.clone()));
                    let called = self.call(&row.provider, query, &question, ASK_WAIT).await?;
                    self.heard(query, &row, called, rim)
                }
                Next::Refetch => {
                    let called = self.refetch(query, &row, &seen).await?;
                    self.heard(query, &row, called, rim)
                }
                Next::Hold => {
                    rim.hold = Some(self.hold(query, &row)?);
                    self.listen(query, &row, rim).await?
                }
                Next::Listen => self.listen(query, &row, rim).await?,
            };
        }
    }

    /// How it stands at the own head.
    fn seen(&self, query: &QueryId, row: &QueryRow) -> Result<Seen, ExchangeFault> {
        // The grant first: what it refuses for ever at its head has no record at this or a later one.
        let standing =
            Standing::read(&self.context.node, &self.context.judge, &row.grant, &self.context.department)?;
        let standing = standing.ok_or(ExchangeFault::Damaged("queries.grant_id"))?;
        let (tip, record) = standing::record(&self.context.node, query)?;
        let usable = standing.grant.check_use(standing.head.tip.time, row.ticket.units);
        let signature = row.course.sent().ok().map(|sent| &sent.ticket_signature);
        let refetch_ms = standing.head.parameters.refetch_ms;
        Ok(Seen {
            word: Word::of(record.as_ref(), (&row.ticket, signature), tip.time, refetch_ms, usable),
            behind: standing.head.is_behind(self.context.now()),
            live: standing.is_live(),
            waiting: row.waiting,
        })
    }

    async fn write(&self, query: &QueryId, write: Write) -> Result<(), ExchangeFault> {
        let (store, now) = (&self.context.store, self.context.now());
        match write {
            Write::Waiting(code) => store.waits_for(query, code).await,
            Write::Held(sealed) => store.held(query, &sealed, now).await,
            Write::Key(wrap) => store.wrapped(query, &wrap).await,
            Write::Recorded => store.recorded(query, now).await,
            Write::ReplyKey => store.new_reply_key(query, &SecretKey::generate()?).await,
            Write::FetchedAgain(sealed, wrap) => store.fetched_again(query, &sealed, &wrap).await,
            Write::Ended(state) => {
                let code = state.reason().map(Outcome::code);
                tracing::info!(receipt.id = %query, state = state.stage().code(), code, "a query ended");
                store.ended(query, &state, None, now).await
            }
        }
    }

    /// Waits for the reply to the Hold under way or for the next head.
    async fn listen(&self, query: &QueryId, row: &QueryRow, rim: &mut Rim) -> Result<Event, ExchangeFault> {
        let Some(hold) = &mut rim.hold else {
            self.context.next_head(&mut rim.heads).await?;
            return Ok(Event::Head);
        };
        tokio::select! {
            called = hold => {
                rim.hold = None;
                let called = called?;
                Ok(self.heard(query, row, called, rim))
            }
            moved = self.context.next_head(&mut rim.heads) => moved.map(|()| Event::Head),
        }
    }

    fn hold(self: &Arc<Self>, query: &QueryId, row: &QueryRow) -> Result<UnderWay, ExchangeFault> {
        let Course::Held(_, Sealed { answer, .. }, _) = &row.course else {
            return Err(ExchangeFault::Damaged("queries.state"));
        };
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
        let (requester, provider, query) = (Arc::clone(self), row.provider.clone(), *query);
        Ok(Box::pin(async move {
            requester.call(&provider, &query, &Call::Hold(hold, signature), HOLD_WAIT).await
        }))
    }

    async fn refetch(&self, query: &QueryId, row: &QueryRow, seen: &Seen) -> Result<Called, ExchangeFault> {
        let Word::Answered(record) = seen.word else { return Err(ExchangeFault::Damaged("record")) };
        let refetch = Refetch {
            version: VERSION,
            query_id: *query,
            answer_digest: record.answer,
            reply_key: row.course.sent()?.reply_key.public(),
            key_id: self.context.online_id,
            seen_height: Head::read(&self.context.node)?.tip.height,
        };
        let signature = refetch
            .sign(self.context.chain, &self.context.online)
            .map_err(|_| ExchangeFault::Key("online"))?;
        self.call(&row.provider, query, &Call::Refetch(refetch, signature), HOLD_WAIT).await
    }

    /// What a reply says, as far as it can be read with the reply key.
    fn heard(&self, query: &QueryId, row: &QueryRow, called: Called, rim: &Rim) -> Event {
        let reply = match called {
            Err(NoReply { code, unheard }) => {
                return Event::NoReply { code, unheard, after: rim.since.elapsed() };
            }
            Ok(reply) => reply,
        };
        let sealed = |answer: Box<Answer>, ciphertext: Bytes| {
            let fits = self.expected(query, row).check_header(&answer, &ciphertext.0);
            fits.map(|()| Sealed { answer, ciphertext: ciphertext.0 })
        };
        Event::Reply(match reply {
            Reply::Answered { answer, sealed: ciphertext } => match sealed(answer, ciphertext) {
                Ok(sealed) => Said::Answered(sealed),
                Err(code) => Said::Misfit(code),
            },
            Reply::Again { answer, sealed: ciphertext, wrap } => match sealed(answer, ciphertext) {
                Ok(sealed) => Said::Again(sealed, Wrap(wrap.0)),
                Err(code) => Said::Misfit(code),
            },
            Reply::Denied { wrap, sealed } => {
                let sent = row.course.sent().ok();
                Said::Denied(sent.and_then(|sent| self.reason(query, &sent.reply_key, &wrap, &sealed)))
            }
            Reply::Released { wrap } => Said::Released(Wrap(wrap.0)),
            Reply::Refused { code } => Said::Refused(Outcome::from_provider(&code)),
            // No decisions were asked for.
            Reply::Disclosed { .. } => Said::Misfit(Outcome::ProviderGarbled),
        })
    }

    /// The state a sealed reason stands for; nothing when it is not one for this query.
    fn reason(
        &self,
        query: &QueryId,
        reply_key: &SecretKey,
        wrap: &Bytes,
        sealed: &Bytes,
    ) -> Option<QueryState> {
        if sealed.0.len() > REASON_SEALED_BYTES_MAX {
            return None;
        }
        let seed = Seed::unwrap_with(reply_key, &wrap.0).ok()?;
        let plain = envelope::open(&seed, self.context.chain, &ReasonBody::context(query), &sealed.0).ok()?;
        let reason: ReasonBody = from_bytes(&plain).ok()?;
        (reason.version == VERSION && reason.query_id == *query).then(|| QueryState::Denied {
            by: DeniedBy::Provider,
            class: reason.class,
            layer: reason.layer,
            row: reason.row.map(|row| row.to_string()),
            code: Outcome::from_provider(reason.code.as_str()),
        })
    }

    pub(super) fn expected<'a>(&self, query: &'a QueryId, row: &'a QueryRow) -> Expected<'a> {
        Expected { chain: self.context.chain, query, provider: &row.provider, items: &row.items }
    }
}

impl Course {
    fn at(&self) -> At {
        let digest = |sealed: &Sealed| -> Digest { sealed.answer.digest() };
        match self {
            Self::Drafted => At::Drafted,
            Self::Asked(_) => At::Asked,
            Self::Held(_, sealed, wrap) => At::Held { answer: digest(sealed), key: wrap.is_some() },
            Self::Recorded(_, opening) => {
                At::Recorded { ready: opening.as_ref().map(|(sealed, _)| digest(sealed)) }
            }
            Self::Over => At::Over,
        }
    }

    /// What was sent; a fault where nothing was, or nothing of it is kept any more.
    pub(super) const fn sent(&self) -> Result<&Sent, ExchangeFault> {
        match self {
            Self::Asked(sent) | Self::Held(sent, ..) | Self::Recorded(sent, _) => Ok(sent),
            Self::Drafted | Self::Over => Err(ExchangeFault::Damaged("queries.envelope")),
        }
    }
}
