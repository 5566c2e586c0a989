//! The face of the exchange: start, ask, look, stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::Judge;
use ledger::department::KeyKind;
use ledger::ids::{DepartmentId, EntryId, InspectionId, Pseudonym, QueryId, Time};
use ledger::receipt::{Record, RecordKind};
use ledger::roster::OfficerWord;
use ledger::views;
use node::{IncomingCall, NodeHandle};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::binding::Binding;
use crate::bounds::{Bound, Reached};
use crate::config::ExchangeConfig;
use crate::context::Context;
use crate::fault::{AskError, ExchangeFault};
use crate::limits::STOP_WAIT;
use crate::log_head::LogHeadSource;
use crate::officer::WordOf;
use crate::provider::Provider;
use crate::query::{
    Answered, AnsweredFilter, Listing, OpenedAnswer, Papers, Query, QueryFilter, QueryState, QueryView,
    RecordPlace,
};
use crate::replay::{Opening, Period, ReplayError, Wanted, with_record};
use crate::requester::Requester;
use crate::source::Source;
use crate::standing;
use crate::store::Store;
use crate::store::decisions::PastDecision;
use crate::tasks::Tasks;

/// One department's exchange. Clones share it.
#[derive(Clone)]
pub struct Exchange(Arc<Inside>);

struct Inside {
    context: Arc<Context>,
    requester: Arc<Requester>,
    tasks: Arc<Tasks>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("department", &self.0.context.department).finish_non_exhaustive()
    }
}

impl Exchange {
    /// Opens the store and the data sources, goes on with what was under way, and takes calls of other
    /// departments from `incoming`.
    ///
    /// # Errors
    /// [`ExchangeFault`]: the store, a binding, or keys that are not this department's on the chain.
    pub async fn start(
        config: ExchangeConfig,
        node: NodeHandle,
        judge: Arc<Judge>,
        log: Arc<dyn LogHeadSource>,
        incoming: mpsc::Receiver<IncomingCall>,
    ) -> Result<Self, ExchangeFault> {
        let (online_id, sealing_id) = (config.online.public().key_id(), config.sealing.public().key_id());
        let chain = node.read(|snapshot| {
            let member = views::department(snapshot, &config.department)?.ok_or(ExchangeFault::NotAMember)?;
            let online = views::signing_key(snapshot, &online_id)?
                .is_some_and(|key| key.department == config.department && key.kind == KeyKind::Online);
            if !online {
                return Err(ExchangeFault::Key("online"));
            }
            if member.member.sealing != config.sealing.public() {
                return Err(ExchangeFault::Key("sealing"));
            }
            Ok(snapshot.chain())
        })?;
        let sources = open_sources(&config.bindings, &node).await?;
        let context = Arc::new(Context {
            department: config.department,
            chain,
            online: config.online,
            online_id,
            sealing: config.sealing,
            sealing_id,
            node,
            judge,
            log,
            store: Store::open(&config.dir, config.store_key).await?,
            bounds: config.bounds,
            stopping: CancellationToken::new(),
        });
        let tasks = Arc::new(Tasks::new());
        let provider = Provider::new(Arc::clone(&context), sources, Arc::clone(&tasks));
        provider.resume().await?;
        tasks.spawn(provider.serve(incoming));
        let requester = Requester::new(Arc::clone(&context), Arc::clone(&tasks));
        requester.resume().await?;
        Ok(Self(Arc::new(Inside { context, requester, tasks })))
    }

    /// Takes a query. Returns when it is synced to the disk as asked, or has ended at once (denied by
    /// the own policies, grant revoked, ledger behind …): look at [`Self::query`]. The work goes on in
    /// the background. The same form gives the same query.
    ///
    /// `actor` makes the officer's pseudonym over the query's nonce
    /// (`ledger::department::pseudonym(actor_key, chain, nonce, staff_id)`).
    ///
    /// # Errors
    /// [`AskError`]: fields to correct, a form sent before that said something else, too much under way, a bound of
    /// the officer, or a fault.
    pub async fn ask(
        &self,
        query: Query,
        actor: impl FnOnce(&[u8; 32]) -> Pseudonym + Send,
    ) -> Result<QueryId, AskError> {
        if self.0.context.stopping.is_cancelled() {
            return Err(ExchangeFault::Stopping.into());
        }
        self.0.requester.ask(query, |nonce| (actor(nonce), None)).await
    }

    /// The same for a query that another officer confirmed, where the policies demand a second person. `officers` makes
    /// the pseudonyms of who asks and of who confirmed, over the query's nonce.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn ask_seconded(
        &self,
        query: Query,
        officers: impl FnOnce(&[u8; 32]) -> (Pseudonym, Pseudonym) + Send,
    ) -> Result<QueryId, AskError> {
        if self.0.context.stopping.is_cancelled() {
            return Err(ExchangeFault::Stopping.into());
        }
        let officers = |nonce: &[u8; 32]| {
            let (actor, second) = officers(nonce);
            (actor, Some(second))
        };
        self.0.requester.ask(query, officers).await
    }

    /// What the officer signs for this form, in their own name: of it all that the provider checks, nothing of it
    /// readable that is the person's or the case's. The same form gives the same word.
    ///
    /// # Errors
    /// [`AskError`]: fields to correct, or a fault.
    pub fn word(
        &self,
        query: &Query,
        actor: impl FnOnce(&[u8; 32]) -> Pseudonym,
    ) -> Result<OfficerWord, AskError> {
        self.0.requester.word(query, actor)
    }

    /// Whose word it is that an officer asked, of a query that this department asked or answered; none of any other,
    /// or once the papers are gone.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn word_of(&self, query: &QueryId) -> Result<Option<WordOf>, ExchangeFault> {
        let store = &self.0.context.store;
        match store.word_of_query(query).await? {
            Some(word) => Ok(Some(word)),
            None => store.word_of_answer(query).await,
        }
    }

    /// The query that this form has become, if it was sent before.
    ///
    /// # Errors
    /// [`AskError::FormUsed`], [`AskError::FormChanged`], or a fault.
    pub async fn asked_before(&self, query: &Query) -> Result<Option<QueryId>, AskError> {
        self.0.requester.asked_before(query).await
    }

    /// One query of this department, with its place on the own node's ledger and, once opened, its answer.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn query(&self, query: &QueryId) -> Result<Option<QueryView>, ExchangeFault> {
        let context = &self.0.context;
        let Some(mut view) = context.store.view(query).await? else { return Ok(None) };
        view.record = standing::record(&context.node, query)?.1.as_ref().map(place);
        if matches!(view.state, QueryState::Opened | QueryState::Closed) {
            let prepared_at = context.store.papers(query).await?.and_then(|papers| papers.answer);
            let prepared_at = prepared_at.map(|answer| answer.prepared_at).unwrap_or_default();
            view.answer = context.store.opened_body(query).await?.map(|body| OpenedAnswer {
                found: body.found,
                rows: body.rows.iter().map(crate::table::Row::plain).collect(),
                reasons: body.reasons.iter().map(ToString::to_string).collect(),
                watermark: body.watermark.to_string(),
                masks: body.masks,
                dropped: body.dropped,
                prepared_at,
            });
        }
        Ok(Some(view))
    }

    /// Waits until the query's stamp is another than `stamp`, or `wait` is over; then the query.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn wait(
        &self,
        query: &QueryId,
        stamp: u64,
        wait: Duration,
    ) -> Result<Option<QueryView>, ExchangeFault> {
        let context = &self.0.context;
        let until = Instant::now() + wait;
        let mut changes = context.store.changes();
        loop {
            changes.mark_unchanged();
            match context.store.stamp(query).await? {
                Some(found) if found == stamp => {}
                _ => return self.query(query).await,
            }
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() || context.stopping.is_cancelled() {
                return self.query(query).await;
            }
            tokio::select! {
                () = context.stopping.cancelled() => {}
                _ = tokio::time::timeout(rest, changes.changed()) => {}
            }
        }
    }

    /// What was kept of these own decisions, in this order: for a replay.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn openings(&self, wanted: &[Wanted]) -> Result<Vec<Option<Opening>>, ExchangeFault> {
        self.0.context.own_openings(wanted).await
    }

    /// What another department opens of its decisions to this one, an inspectorate, under an inspection of it, in
    /// this order.
    ///
    /// # Errors
    /// [`ReplayError`]: it opens nothing, is not there, or something broke.
    pub async fn openings_of(
        &self,
        department: &DepartmentId,
        inspection: &InspectionId,
        wanted: &[Wanted],
    ) -> Result<Vec<Option<Opening>>, ReplayError> {
        self.0.context.openings_of(department, inspection, wanted).await
    }

    /// How many own decisions kept in this time have no record: never sent, lapsed, only told, or under way.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn unrecorded(&self, period: Period) -> Result<u64, ExchangeFault> {
        let context = &self.0.context;
        context.store.unrecorded(period, |queries| with_record(&context.node, queries)).await
    }

    /// A hint that some query or answer changed.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.0.context.store.changes()
    }

    /// Queries of this department, newest first, without answers.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn queries(&self, filter: &QueryFilter) -> Result<Listing<QueryView>, ExchangeFault> {
        let mut listing = self.0.context.store.queries(filter).await?;
        for view in &mut listing.rows {
            view.record = standing::record(&self.0.context.node, &view.query)?.1.as_ref().map(place);
        }
        Ok(listing)
    }

    /// Queries of other departments that came to this one, newest first.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn answered(&self, filter: &AnsweredFilter) -> Result<Listing<Answered>, ExchangeFault> {
        self.0.context.store.answered(filter).await
    }

    /// The newest decisions of this department before this one, of both sides' doors.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn decisions(
        &self,
        before: Option<(Time, QueryId)>,
        limit: u32,
    ) -> Result<Vec<PastDecision>, ExchangeFault> {
        self.0.context.store.decisions(before, limit).await
    }

    /// What this department may add to the evidence of its own query: details, header, the officer's signature.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn papers(&self, query: &QueryId) -> Result<Option<Papers>, ExchangeFault> {
        self.0.context.store.papers(query).await
    }

    /// Calls that left no record, by code: foreign noise, and denials above the minute's bound.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn refused_calls(&self) -> Result<Vec<(String, u64)>, ExchangeFault> {
        self.0.context.store.refused_calls().await
    }

    /// Bounds that officers of this department came to since then, the newest first.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn bounds_reached(&self, since: Time) -> Result<Vec<Reached>, ExchangeFault> {
        self.0.context.store.bounds_reached(since).await
    }

    /// How many queries each bound turned away, of those still remembered.
    ///
    /// # Errors
    /// [`ExchangeFault`].
    pub async fn turned_away(&self) -> Result<Vec<(Bound, u64)>, ExchangeFault> {
        self.0.context.store.turned_away().await
    }

    /// Stops: no call is taken any more, running work ends. What is unfinished goes on at the next start.
    pub async fn stop(&self) {
        self.0.context.stopping.cancel();
        self.0.tasks.end(STOP_WAIT).await;
        self.0.context.store.close().await;
    }
}

fn place(record: &Record) -> RecordPlace {
    RecordPlace {
        height: record.recorded.height,
        time: record.recorded.at,
        use_no: match record.kind {
            RecordKind::Answer { use_no, .. } => Some(use_no),
            RecordKind::Denial { .. } => None,
        },
        delivered: record.delivery.is_some(),
    }
}

/// Opens every bound source; one that does not fit stops the start.
async fn open_sources(
    bindings: &[Binding],
    node: &NodeHandle,
) -> Result<BTreeMap<EntryId, Source>, ExchangeFault> {
    let mut sources = BTreeMap::new();
    for binding in bindings {
        let source = Source::open(binding).await?;
        if let Some(published) = node.read(|snapshot| views::entry(snapshot, &binding.entry))? {
            source.fits(&published.entry)?;
        }
        if sources.insert(binding.entry.clone(), source).is_some() {
            return Err(ExchangeFault::binding(&binding.entry.to_string(), "it is bound twice"));
        }
    }
    Ok(sources)
}
