//! Calls on their way: those we made and wait for, and those made to us.

use std::collections::HashMap;
use std::time::Instant;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use ledger::ids::DepartmentId;
use libp2p::PeerId;
use libp2p::request_response::{OutboundFailure, OutboundRequestId, ResponseChannel};
use tokio::sync::{mpsc, oneshot};

use super::codec::Frame;
use crate::call::{CallError, IncomingCall};
use crate::limits::{CALL_BYTES_MAX, CALL_WAIT_MAX, CALLS_PER_DEPARTMENT_MAX, PROBE_WAIT};

/// Where the answer to one of our calls goes.
pub(super) type Answer = oneshot::Sender<Result<Vec<u8>, CallError>>;

/// One of our calls.
pub(super) struct Ours {
    pub(super) peer: PeerId,
    pub(super) answer: Answer,
    /// Sent once more if the peer could not be dialled: a dial begun before the peer listened ends
    /// the calls that wait for a later one.
    pub(super) again: Option<Vec<u8>>,
}

/// An answer to give, or none.
pub(super) struct Answered {
    pub(super) from: DepartmentId,
    pub(super) channel: ResponseChannel<Frame>,
    pub(super) frame: Option<Frame>,
}

/// The calls of one node.
pub(super) struct Calls {
    ours: HashMap<OutboundRequestId, Ours>,
    probes: HashMap<OutboundRequestId, (PeerId, Instant)>,
    theirs: HashMap<DepartmentId, usize>,
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
        let error = match failure {
            OutboundFailure::DialFailure => match call.again.take() {
                Some(body) if !call.answer.is_closed() => return Some((body, call)),
                _ => CallError::Unreachable,
            },
            OutboundFailure::UnsupportedProtocols => CallError::Unreachable,
            // The call may have been received: that must not look like "surely not".
            OutboundFailure::Timeout | OutboundFailure::ConnectionClosed | OutboundFailure::Io(_) => {
                CallError::TimedOut
            }
        };
        call.answer.send(Err(error)).ok();
        None
    }

    /// A department calls. Without room the channel is dropped, and the caller has no answer.
    pub(super) fn take(&mut self, from: DepartmentId, body: Vec<u8>, channel: ResponseChannel<Frame>) {
        let running = self.theirs.entry(from.clone()).or_default();
        if *running >= CALLS_PER_DEPARTMENT_MAX {
            return;
        }
        let (answer, answered) = oneshot::channel();
        if self.incoming.try_send(IncomingCall { from: from.clone(), body, answer }).is_err() {
            return;
        }
        *running = running.saturating_add(1);
        self.answers.push(Box::pin(async move {
            let body = tokio::time::timeout(CALL_WAIT_MAX, answered).await.ok().and_then(Result::ok);
            let frame = body
                .map(|body| if body.len() > CALL_BYTES_MAX { Frame::TooLarge } else { Frame::Body(body) });
            Answered { from, channel, frame }
        }));
    }

    /// An answer was made, or will not be.
    pub(super) fn done(&mut self, from: &DepartmentId) {
        if let Some(running) = self.theirs.get_mut(from) {
            *running = running.saturating_sub(1);
            if *running == 0 {
                self.theirs.remove(from);
            }
        }
    }
}
