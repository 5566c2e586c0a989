//! Decided blocks for who follows: questions of peers answered from the store, as raw bytes, and our own
//! questions on their way. A behaviour that needs nothing of the swarm around it.
//!
//! A question may wait for news: so a block reaches who follows as soon as it is decided, without gossip.
//! Each peer has so many questions and so many bytes in a second, all together have a bound too. What is
//! asked and what becomes of the answers is decided in `follow_blocks.rs`.

mod wire;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use ledger::ids::Height;
use ledger::tip::Tip;
use ledger::views;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::request_response::{
    self, InboundRequestId, Message, OutboundRequestId, ProtocolSupport, ResponseChannel,
};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm,
};
use libp2p::{Multiaddr, PeerId, StreamProtocol};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

pub(crate) use self::wire::{Answer, BlockCodec, Question, Run};
use crate::clock::Clock;
use crate::config;
use crate::fault::NodeFault;
use crate::limits::{
    BLOCK_BYTES_AHEAD, BLOCK_BYTES_PER_SECOND_MAX, BLOCK_QUESTIONS_MAX, BLOCK_QUESTIONS_PER_PEER_MAX,
    BLOCK_READS_MAX, BLOCKS_ANSWER_BYTES_MAX, BLOCKS_ANSWER_WAIT, BLOCKS_ASKED_MAX, BLOCKS_PER_ANSWER_MAX,
    BLOCKS_WAIT_MAX,
};
use crate::store::Store;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// The peer is not connected, or was lost.
    Unreachable,
    /// It said nothing in time, or what is no answer.
    Silent,
}

/// A question on its way.
pub(crate) struct Asked {
    /// Who is asked.
    pub(crate) peer: PeerId,
    /// What.
    pub(crate) question: Question,
    /// Where the answer goes.
    pub(crate) answer: oneshot::Sender<Result<Answer, Unanswered>>,
}

/// The other end, for who follows: asks peers, and knows which are connected.
#[derive(Clone)]
pub(crate) struct BlockPeers {
    /// Where questions go.
    pub(crate) asked: mpsc::Sender<Asked>,
    /// Who is connected.
    pub(crate) connected: watch::Receiver<BTreeSet<PeerId>>,
}

impl BlockPeers {
    /// Asks a peer, and waits for its answer no longer than was said and what a long answer takes.
    pub(crate) async fn ask(self, peer: PeerId, question: Question) -> Result<Answer, Unanswered> {
        let (answer, answered) = oneshot::channel();
        let wait = Duration::from_millis(question.wait_ms.into()) + BLOCKS_ANSWER_WAIT;
        let answered = async {
            let asked = Asked { peer, question, answer };
            self.asked.send(asked).await.map_err(|_| Unanswered::Unreachable)?;
            answered.await.unwrap_or(Err(Unanswered::Unreachable))
        };
        tokio::time::timeout(wait, answered).await.unwrap_or(Err(Unanswered::Silent))
    }
}

/// A question of a peer. It counts until its answer was made and has left or failed: who asks and goes
/// away again has asked all the same.
struct Theirs {
    peer: PeerId,
    is_made: bool,
    is_over: bool,
}

/// An answer to give, or none.
struct Made {
    id: InboundRequestId,
    to: PeerId,
    channel: ResponseChannel<Answer>,
    answer: Option<Answer>,
}

/// Answers questions, and carries ours.
pub(crate) struct Behaviour {
    inner: request_response::Behaviour<BlockCodec>,
    shelf: Arc<Shelf>,
    tip: watch::Receiver<Tip>,
    clock: Clock,
    asked: mpsc::Receiver<Asked>,
    ours: HashMap<OutboundRequestId, oneshot::Sender<Result<Answer, Unanswered>>>,
    theirs: HashMap<InboundRequestId, Theirs>,
    /// When the bytes a peer got would have been sent at its rate.
    sent: HashMap<PeerId, Instant>,
    answers: FuturesUnordered<BoxFuture<'static, Made>>,
    connected: watch::Sender<BTreeSet<PeerId>>,
}

/// The behaviour for a swarm, and the end that asks. `tip` is the head as it is told to everybody.
pub(crate) fn new(
    store: Arc<Store>,
    tip: watch::Receiver<Tip>,
    clock: Clock,
) -> Result<(Behaviour, BlockPeers), NodeFault> {
    let name = format!("/zhenglian/{}/blocks/1", store.chain());
    let protocol = StreamProtocol::try_from_owned(name).map_err(NodeFault::network)?;
    let config = request_response::Config::default()
        .with_request_timeout(BLOCKS_WAIT_MAX + BLOCK_BYTES_AHEAD + 2 * BLOCKS_ANSWER_WAIT)
        .with_max_concurrent_streams(BLOCK_QUESTIONS_PER_PEER_MAX.saturating_mul(4));
    let (asks, asked) = mpsc::channel(BLOCKS_ASKED_MAX);
    let (connected, peers) = watch::channel(BTreeSet::new());
    let behaviour = Behaviour {
        inner: request_response::Behaviour::with_codec(
            BlockCodec,
            [(protocol, ProtocolSupport::Full)],
            config,
        ),
        shelf: Arc::new(Shelf { store, reads: Semaphore::new(BLOCK_READS_MAX) }),
        tip,
        clock,
        asked,
        ours: HashMap::new(),
        theirs: HashMap::new(),
        sent: HashMap::new(),
        answers: FuturesUnordered::new(),
        connected,
    };
    Ok((behaviour, BlockPeers { asked: asks, connected: peers }))
}

impl Behaviour {
    fn ask(&mut self, asked: Asked) {
        let Asked { peer, question, answer } = asked;
        if self.inner.is_connected(&peer) {
            let id = self.inner.send_request(&peer, question);
            self.ours.insert(id, answer);
        } else {
            answer.send(Err(Unanswered::Unreachable)).ok(); // nobody may wait for it any longer
        }
    }

    fn hear(&mut self, event: request_response::Event<Question, Answer>) {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                Message::Request { request_id, request, channel } => {
                    self.take(peer, request_id, request, channel);
                }
                Message::Response { request_id, response } => self.end(&request_id, Ok(response)),
            },
            request_response::Event::OutboundFailure { request_id, error, .. } => {
                use request_response::OutboundFailure as Failure;
                let why = match error {
                    Failure::DialFailure | Failure::ConnectionClosed | Failure::UnsupportedProtocols => {
                        Unanswered::Unreachable
                    }
                    Failure::Timeout | Failure::Io(_) => Unanswered::Silent,
                };
                self.end(&request_id, Err(why));
            }
            request_response::Event::InboundFailure { request_id, .. }
            | request_response::Event::ResponseSent { request_id, .. } => {
                self.step(request_id, |theirs| theirs.is_over = true);
            }
        }
    }

    /// A peer's question has come further.
    fn step(&mut self, id: InboundRequestId, step: impl FnOnce(&mut Theirs)) {
        if let Some(theirs) = self.theirs.get_mut(&id) {
            step(theirs);
            if theirs.is_made && theirs.is_over {
                self.theirs.remove(&id);
            }
        }
    }

    fn end(&mut self, id: &OutboundRequestId, outcome: Result<Answer, Unanswered>) {
        if let Some(answer) = self.ours.remove(id) {
            answer.send(outcome).ok(); // who gave up needs none
        }
    }

    /// A peer asks.
    fn take(
        &mut self,
        from: PeerId,
        id: InboundRequestId,
        question: Question,
        channel: ResponseChannel<Answer>,
    ) {
        let of_peer = self.theirs.values().filter(|theirs| theirs.peer == from).count();
        if of_peer >= BLOCK_QUESTIONS_PER_PEER_MAX || self.theirs.len() >= BLOCK_QUESTIONS_MAX {
            self.inner.send_response(channel, Answer::Busy).ok(); // it may have gone
            return;
        }
        self.theirs.insert(id, Theirs { peer: from, is_made: false, is_over: false });
        let now = self.clock.now().instant;
        let ahead = self.sent.get(&from).map_or(Duration::ZERO, |sent| sent.saturating_duration_since(now));
        let pause = ahead.saturating_sub(BLOCK_BYTES_AHEAD);
        let (shelf, tip) = (Arc::clone(&self.shelf), self.tip.clone());
        self.answers.push(Box::pin(async move {
            let answer = answer(shelf, tip, from, question, pause).await;
            Made { id, to: from, channel, answer }
        }));
    }

    /// An answer was made, or will not be.
    fn give(&mut self, made: Made) {
        let Made { id, to, channel, answer } = made;
        self.step(id, |theirs| theirs.is_made = true);
        let Some(answer) = answer else { return }; // without the channel the question fails
        if let Answer::Run(run) = &answer {
            let bytes = run.blocks.iter().fold(0u64, |sum, block| sum.saturating_add(block.len() as u64));
            let now = self.clock.now().instant;
            self.sent.retain(|_, until| *until > now);
            if bytes > 0 {
                let until = self.sent.entry(to).or_insert(now);
                *until += Duration::from_micros(bytes.saturating_mul(1_000_000) / BLOCK_BYTES_PER_SECOND_MAX);
            }
        }
        self.inner.send_response(channel, answer).ok(); // it may have gone
    }

    fn count(&self, peer: PeerId, is_connected: bool) {
        self.connected.send_modify(|peers| {
            if is_connected {
                peers.insert(peer)
            } else {
                peers.remove(&peer)
            };
        });
    }
}

/// The answer to a question: after a pause if its peer is ahead of its rate, and when there is news or
/// its wait is over.
async fn answer(
    shelf: Arc<Shelf>,
    mut tip: watch::Receiver<Tip>,
    from: PeerId,
    question: Question,
    pause: Duration,
) -> Option<Answer> {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    let wait = Duration::from_millis(question.wait_ms.into()).min(BLOCKS_WAIT_MAX);
    let is_news = tip.wait_for(|tip| tip.height > question.after);
    tokio::time::timeout(wait, is_news).await.ok(); // without news the answer says so
    let head = tip.borrow().height;
    let turn = shelf.reads.acquire().await.ok()?;
    let read = tokio::task::spawn_blocking({
        let shelf = Arc::clone(&shelf);
        move || shelf.read(&from, question, head)
    });
    let run = read.await.ok().flatten();
    drop(turn);
    run.map(Answer::Run)
}

/// Where blocks are taken from.
struct Shelf {
    store: Arc<Store>,
    reads: Semaphore,
}

impl Shelf {
    /// What follows a height, up to the head, as it lies on disk. Nothing for who is no active member.
    fn read(&self, from: &PeerId, question: Question, head: Height) -> Option<Run> {
        let snapshot = self.store.snapshot();
        let member = views::department_of_peer(&snapshot, &config::peer_key(from).ok()?).ok()??;
        if !member.active {
            return None;
        }
        let room = usize::try_from(question.bytes_max).unwrap_or(usize::MAX).min(BLOCKS_ANSWER_BYTES_MAX);
        let mut run = Run { head, blocks: Vec::new(), certificate: Vec::new() };
        let (mut bytes, mut last) = (0usize, question.after);
        while last < head && run.blocks.len() < BLOCKS_PER_ANSWER_MAX && bytes < room {
            let Some(block) = snapshot.block_bytes(last.next()) else { break };
            bytes = bytes.saturating_add(block.len());
            if bytes > room {
                break;
            }
            run.blocks.push(block);
            last = last.next();
        }
        if !run.blocks.is_empty() {
            run.certificate = snapshot.certificate_bytes(last)?;
        }
        Some(run)
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = <request_response::Behaviour<BlockCodec> as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = ();

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner.handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match &event {
            FromSwarm::ConnectionEstablished(established) if established.other_established == 0 => {
                self.count(established.peer_id, true);
            }
            FromSwarm::ConnectionClosed(closed) if closed.remaining_established == 0 => {
                self.count(closed.peer_id, false);
            }
            _ => {}
        }
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.inner.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<(), THandlerInEvent<Self>>> {
        loop {
            if let Poll::Ready(Some(asked)) = self.asked.poll_recv(context) {
                self.ask(asked);
            } else if let Poll::Ready(Some(made)) = self.answers.poll_next_unpin(context) {
                self.give(made);
            } else {
                match self.inner.poll(context) {
                    Poll::Ready(ToSwarm::GenerateEvent(event)) => self.hear(event),
                    Poll::Ready(other) => return Poll::Ready(other.map_out(|_| ())),
                    Poll::Pending => return Poll::Pending,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
