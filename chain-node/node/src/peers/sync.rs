//! The questions of the engine's sync, by which a node that missed a decision gets it: asked and
//! answered over the swarm, by members only.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use libp2p::PeerId;
use libp2p::request_response::{Event, Message, OutboundFailure, OutboundRequestId, ResponseChannel};
use malachitebft_app_channel::app::engine::network::NetworkEvent;
use malachitebft_app_channel::app::types::codec::Codec as _;
use malachitebft_sync::{self as sync, OutboundFailureReason};

use super::bounds::Bucket;
use super::codec::Frame;
use super::ears::engine_peer;
use crate::engine::codec::Wire;
use crate::engine::context::Ctx;
use crate::limits::{SYNC_BYTES_AT_ONCE, SYNC_BYTES_PER_SECOND, SYNC_PER_PEER_MAX};

/// Questions under way.
#[derive(Default)]
pub(super) struct Syncs {
    ours: HashMap<OutboundRequestId, u64>,
    theirs: HashMap<sync::InboundRequestId, (PeerId, ResponseChannel<Frame>)>,
    /// What each peer was given lately.
    given: HashMap<PeerId, Bucket>,
}

impl Syncs {
    /// A question of ours went out.
    pub(super) fn asked(&mut self, request: OutboundRequestId, id: u64) {
        self.ours.insert(request, id);
    }

    /// Where an answer of so many bytes goes; none if nobody waits for it any longer.
    pub(super) fn channel(
        &mut self,
        id: &sync::InboundRequestId,
        bytes: usize,
        now: Instant,
    ) -> Option<ResponseChannel<Frame>> {
        let (peer, channel) = self.theirs.remove(id)?;
        let per = Duration::from_secs(1).checked_div(SYNC_BYTES_PER_SECOND).unwrap_or_default();
        let full = Bucket::new(SYNC_BYTES_AT_ONCE, per, now);
        self.given.entry(peer).or_insert(full).take(u32::try_from(bytes).unwrap_or(u32::MAX), now);
        Some(channel)
    }

    /// What the engine is told of this.
    pub(super) fn hear(&mut self, event: Event<Frame, Frame>, now: Instant) -> Option<NetworkEvent<Ctx>> {
        match event {
            Event::Message { peer, message: Message::Request { request_id, request, channel }, .. } => {
                let of_peer = self.theirs.values().filter(|(from, _)| *from == peer).count();
                let Frame::Body(body) = request else { return None };
                let question = Wire.decode(body.into()).ok()?;
                let had_enough = self.given.get(&peer).is_some_and(|given| !given.is_open(now));
                if of_peer >= SYNC_PER_PEER_MAX || had_enough {
                    return None; // closed without an answer
                }
                let id = sync::InboundRequestId::new(request_id);
                self.theirs.insert(id.clone(), (peer, channel));
                Some(NetworkEvent::SyncRequest(id, engine_peer(&peer)?, question))
            }
            Event::Message { peer, message: Message::Response { request_id, response }, .. } => {
                let id = sync::OutboundRequestId::new(self.ours.remove(&request_id)?);
                let answer = match response {
                    Frame::Body(body) => Wire.decode(body.into()).ok(),
                    Frame::Probe | Frame::TooLarge => None,
                };
                Some(NetworkEvent::SyncResponse(id, engine_peer(&peer)?, answer))
            }
            Event::OutboundFailure { peer, request_id, error, .. } => {
                let id = sync::OutboundRequestId::new(self.ours.remove(&request_id)?);
                let reason = match error {
                    OutboundFailure::DialFailure => OutboundFailureReason::DialFailure,
                    OutboundFailure::Timeout => OutboundFailureReason::Timeout,
                    OutboundFailure::ConnectionClosed => OutboundFailureReason::ConnectionClosed,
                    OutboundFailure::UnsupportedProtocols => OutboundFailureReason::UnsupportedProtocols,
                    OutboundFailure::Io(_) => OutboundFailureReason::Io,
                };
                Some(NetworkEvent::SyncRequestFailed(id, engine_peer(&peer)?, reason))
            }
            Event::InboundFailure { peer, request_id, .. } => {
                let id = sync::InboundRequestId::new(request_id);
                self.theirs.remove(&id)?;
                Some(NetworkEvent::SyncInboundRequestFailed(id, engine_peer(&peer)?))
            }
            Event::ResponseSent { .. } => None,
        }
    }
}
