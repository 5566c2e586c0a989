//! Calls on their way: those we made and wait for, and those made to us.

use std::collections::HashMap;
use std::time::Instant;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use ledger::ids::DepartmentId;
use libp2p::PeerId;
use libp2p::request_response::{InboundRequestId, OutboundFailure, OutboundRequestId, ResponseChannel};
use tokio::sync::{mpsc, oneshot};

use super::codec::Frame;
use crate::call::{CallError, IncomingCall};
use crate::limits::{
    ANSWER_BYTES_MAX, ANSWERS_BYTES_MAX, CALL_WAIT_MAX, CALLS_PER_DEPARTMENT_MAX, PROBE_WAIT,
};

/// Where the answer to one of our calls goes.
pub(super) type Answer = oneshot::Sender<Result<Vec<u8>, CallError>>;

/// One of our calls.
pub(super) struct Ours {
    pub(super) peer: PeerId,
    pub(super) answer: Answer,
    /// Sent once more if the peer could not be dialled, or the connection went: a dial begun before the peer
    /// listened ends the calls that wait for a later one, and of two connections of one peer one is closed with
    /// the calls on it. Who is called must know a call again anyway: its caller repeats it.
    pub(super) again: Option<Vec<u8>>,
    /// Whether it may have been received, though no answer came.
    pub(super) may_be_known: bool,
}

/// An answer to give, or none.
pub(super) struct Answered {
    pub(super) id: InboundRequestId,
    pub(super) channel: ResponseChannel<Frame>,
    pub(super) frame: Option<Frame>,
}

/// A call to us, until its answer has left or cannot leave any more.
struct Theirs {
    from: DepartmentId,
    /// Bytes of the answer on its way.
    bytes: usize,
}

/// What one department's calls take.
#[derive(Default)]
struct Load {
    calls: usize,
    bytes: usize,
}

/// The calls of one node.
pub(super) struct Calls {
    ours: HashMap<OutboundRequestId, Ours>,
    probes: HashMap<OutboundRequestId, (PeerId, Instant)>,
    theirs: HashMap<InboundRequestId, Theirs>,
    loads: HashMap<DepartmentId, Load>,
    incoming: mpsc::Sender<IncomingCall>,
    /// Answers being made.
    pub(super) answers: FuturesUnordered<BoxFuture<'static, Answered>>,
}

impl Calls {
    pub(super) fn new(incoming: mpsc::Sender<IncomingCall>) -> Self {
        Self {
            ours: HashMap::new(),
            probes: HashMap::new(),
            theirs: HashMap::new(),
            loads: HashMap::new(),
            incoming,
            answers: FuturesUnordered::new(),
        }
    }

    /// A call of ours went out.
    pub(super) fn sent(&mut self, id: OutboundRequestId, call: Ours) {
        // Callers give up by themselves; their places are given back here.
        self.ours.retain(|_, call| !call.answer.is_closed());
        self.ours.insert(id, call);
    }

    /// A probe went out.
    pub(super) fn probed(&mut self, id: OutboundRequestId, peer: PeerId, now: Instant) {
        self.probes.insert(id, (peer, now));
    }

    /// Whether this peer is being asked if it is there.
    pub(super) fn is_probed(&self, peer: &PeerId) -> bool {
        self.probes.values().any(|(probed, _)| probed == peer)
    }

    /// Peers that did not say in time that they are there.
    pub(super) fn silent(&mut self, now: Instant) -> Vec<PeerId> {
        let late = |since: &Instant| now.saturating_duration_since(*since) > PROBE_WAIT;
        let silent = self.probes.values().filter(|(_, since)| late(since)).map(|(peer, _)| *peer).collect();
        self.probes.retain(|_, (_, since)| !late(since));
        silent
    }

    /// A frame came back.
    pub(super) fn answered(&mut self, id: &OutboundRequestId, frame: Frame) {
        self.probes.remove(id);
        if let Some(Ours { answer, .. }) = self.ours.remove(id) {
            let outcome = match frame {
                Frame::Body(body) => Ok(body),
                Frame::TooLarge => Err(CallError::TooLarge),
                Frame::Probe => Err(CallError::TimedOut), // no answer at all
            };
            answer.send(outcome).ok(); // a caller that left needs no answer
        }
    }

    /// A call of ours failed. Given back if it is to be sent once more.
    pub(super) fn failed(
        &mut self,
        id: &OutboundRequestId,
        failure: &OutboundFailure,
    ) -> Option<(Vec<u8>, Ours)> {
        self.probes.remove(id);
        let mut call = self.ours.remove(id)?;
        let was_sent =
            !matches!(failure, OutboundFailure::DialFailure | OutboundFailure::UnsupportedProtocols);
        call.may_be_known |= was_sent;
        let is_gone = matches!(failure, OutboundFailure::DialFailure | OutboundFailure::ConnectionClosed);
        if is_gone
            && !call.answer.is_closed()
            && let Some(body) = call.again.take()
        {
            return Some((body, call));
        }
        // What may have been received must not look like "surely not".
        let error = if call.may_be_known { CallError::TimedOut } else { CallError::Unreachable };
        call.answer.send(Err(error)).ok();
        None
    }

    /// A department calls. Without room the channel is dropped, and the caller has no answer.
    pub(super) fn take(
        &mut self,
        id: InboundRequestId,
        from: DepartmentId,
        body: Vec<u8>,
        channel: ResponseChannel<Frame>,
    ) {
        let load = self.loads.entry(from.clone()).or_default();
        let (answer, answered) = oneshot::channel();
        let call = IncomingCall { from: from.clone(), body, answer };
        if load.calls >= CALLS_PER_DEPARTMENT_MAX || self.incoming.try_send(call).is_err() {
            return;
        }
        load.calls = load.calls.saturating_add(1);
        self.theirs.insert(id, Theirs { from, bytes: 0 });
        self.answers.push(Box::pin(async move {
            let body = tokio::time::timeout(CALL_WAIT_MAX, answered).await.ok().and_then(Result::ok);
            let frame = body
                .map(|body| if body.len() > ANSWER_BYTES_MAX { Frame::TooLarge } else { Frame::Body(body) });
            Answered { id, channel, frame }
        }));
    }

    /// Whether an answer may leave: who does not read the answers it has is given no more.
    pub(super) fn leaves(&mut self, id: &InboundRequestId, frame: &Frame) -> bool {
        let Some(theirs) = self.theirs.get_mut(id) else { return false };
        let Some(load) = self.loads.get_mut(&theirs.from) else { return false };
        let bytes = match frame {
            Frame::Body(body) => body.len(),
            Frame::Probe | Frame::TooLarge => 0,
        };
        let has_room = load.bytes.saturating_add(bytes) <= ANSWERS_BYTES_MAX;
        if has_room {
            theirs.bytes = bytes;
            load.bytes = load.bytes.saturating_add(bytes);
        }
        has_room
    }

    /// An answer has left, or will not.
    pub(super) fn done(&mut self, id: &InboundRequestId) {
        let Some(Theirs { from, bytes }) = self.theirs.remove(id) else { return };
        if let Some(load) = self.loads.get_mut(&from) {
            load.calls = load.calls.saturating_sub(1);
            load.bytes = load.bytes.saturating_sub(bytes);
            if load.calls == 0 {
                self.loads.remove(&from);
            }
        }
    }
}
