//! What peers say is heard here: one task for each line that a peer opened, which reads the next frame
//! only when the last one was dealt with. So a peer that says more than it may waits at its own line,
//! nobody else does, and nothing piles up. Junk costs its sender credit, then the connection.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::AsyncRead;
use libp2p::{PeerId, swarm::ConnectionId};
use malachitebft_app_channel::app::consensus::{LivenessMsg, SignedConsensusMsg};
use malachitebft_app_channel::app::engine::network::{NetworkEvent, Status};
use malachitebft_app_channel::app::streaming::{StreamContent, StreamId};
use malachitebft_app_channel::app::types;
use malachitebft_core_types::{SignedProposal, SignedVote, ThresholdParams};
use malachitebft_signing::VerifierExt as _;
use tokio::sync::{mpsc, oneshot};

use super::ballots::{self, Ballots};
use super::bounds::{Bucket, Credit};
use super::command::Command;
use super::lines::{Line, read_frame};
use super::mesh::Mesh;
use super::roll::Roll;
use super::said::{self, PartSaid, Spoken, Told};
use crate::clock::Clock;
use crate::engine::context::{Ctx, Part};
use crate::engine::signing::Verifier;
use crate::intake::Gossiped;
use crate::limits::{
    HEIGHTS_HEARD, JUNK_FORGIVEN, JUNK_FORGIVEN_EVERY, PART_STREAM_ID_BYTES_MAX, PARTS_BYTES_AT_ONCE,
    PARTS_BYTES_PER_SECOND, STATUS_AT_ONCE, STATUS_PER_SECOND, TRANSACTIONS_AT_ONCE, TRANSACTIONS_PER_SECOND,
    VOTES_AT_ONCE, VOTES_PER_SECOND,
};
use crate::store::Store;

/// A transaction that waits to be judged.
pub(super) struct Heard {
    pub(super) bytes: Vec<u8>,
    pub(super) judged: oneshot::Sender<Gossiped>,
}

/// What hearing needs.
pub(super) struct Ears {
    pub(super) mesh: Arc<Mesh>,
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    pub(super) verifier: Verifier,
    /// What the engine is told.
    pub(super) engine: mpsc::Sender<NetworkEvent<Ctx>>,
    /// Who judges transactions takes one at a time, and those who wait in the order they came: each
    /// peer waits with one, so they are served in turn.
    pub(super) judge: mpsc::Sender<Heard>,
    pub(super) commands: mpsc::Sender<Command>,
    ballots: Mutex<Ballots>,
    credit: Mutex<Credit>,
}

/// What a frame was worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    /// Heard, or passed over without fault of its sender.
    Fine,
    /// No honest node sends it.
    Junk,
}

impl Ears {
    pub(super) fn new(
        (mesh, store, clock): (Arc<Mesh>, Arc<Store>, Clock),
        verifier: Verifier,
        engine: mpsc::Sender<NetworkEvent<Ctx>>,
        judge: mpsc::Sender<Heard>,
        commands: mpsc::Sender<Command>,
    ) -> Self {
        let credit = Mutex::new(Credit::new(JUNK_FORGIVEN, JUNK_FORGIVEN_EVERY));
        Self { mesh, store, clock, verifier, engine, judge, commands, ballots: Mutex::default(), credit }
    }

    /// Hears what a peer says on one line, until it breaks; then the connection is to go.
    pub(super) async fn hear(
        self: Arc<Self>,
        line: Line,
        peer: PeerId,
        connection: ConnectionId,
        mut stream: impl AsyncRead + Unpin,
    ) {
        let mut allowance = self.allowance(line);
        loop {
            let frame = match read_frame(&mut stream, line.frame_max()).await {
                Ok(frame) => frame,
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                    self.bar(peer).await; // it says at once that it breaks the bounds
                    break;
                }
                Err(_) => break,
            };
            let units = if line == Line::Parts { frame.len() } else { 1 };
            let wait = allowance.take(u32::try_from(units).unwrap_or(u32::MAX), self.clock.now().instant);
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let worth = match line {
                Line::Votes => self.hear_spoken(&peer, &frame).await,
                Line::Parts => self.hear_part(&peer, &frame).await,
                Line::Transactions => self.hear_transaction(&peer, frame).await,
                Line::Status => self.hear_told(&peer, &frame).await,
            };
            match worth {
                Some(Worth::Fine) => {}
                Some(Worth::Junk) if self.forgives(peer) => {}
                Some(Worth::Junk) => {
                    self.bar(peer).await;
                    break;
                }
                None => return, // the node stops
            }
        }
        self.commands.send(Command::Close { peer, connection }).await.ok();
    }

    fn allowance(&self, line: Line) -> Bucket {
        let (at_once, per_second) = match line {
            Line::Votes => (VOTES_AT_ONCE, VOTES_PER_SECOND),
            Line::Parts => (PARTS_BYTES_AT_ONCE, PARTS_BYTES_PER_SECOND),
            Line::Transactions => (TRANSACTIONS_AT_ONCE, TRANSACTIONS_PER_SECOND),
            Line::Status => (STATUS_AT_ONCE, STATUS_PER_SECOND),
        };
        let per = Duration::from_secs(1).checked_div(per_second).unwrap_or_default();
        Bucket::new(at_once, per, self.clock.now().instant)
    }

    fn forgives(&self, peer: PeerId) -> bool {
        let mut credit = self.credit.lock().unwrap_or_else(PoisonError::into_inner);
        credit.forgives(peer, self.clock.now().instant)
    }

    async fn bar(&self, peer: PeerId) {
        tracing::warn!(%peer, "it sends junk: disconnected");
        self.commands.send(Command::Bar(peer)).await.ok(); // a network that is gone has reported why
    }

    fn head(&self) -> u64 {
        self.store.last_tip().height.0
    }

    /// Votes, proposals, and what keeps consensus going: of validators only, of near heights only, and
    /// by whom they claim to be.
    async fn hear_spoken(&self, from: &PeerId, frame: &[u8]) -> Option<Worth> {
        let roll = self.mesh.roll();
        if roll.voter(from).is_none() {
            return Some(Worth::Fine); // it may vote at a head that is not here yet
        }
        match said::read_spoken(frame) {
            Some(
                Spoken::Consensus(SignedConsensusMsg::Vote(vote)) | Spoken::Liveness(LivenessMsg::Vote(vote)),
            ) => self.hear_vote(&roll, from, vote, frame).await,
            Some(Spoken::Consensus(SignedConsensusMsg::Proposal(proposal))) => {
                self.hear_proposal(&roll, from, proposal, frame).await
            }
            Some(Spoken::Liveness(certificate)) => {
                self.hear_certificate(&roll, from, certificate, frame).await
            }
            None => Some(Worth::Junk),
        }
    }

    async fn hear_vote(
        &self,
        roll: &Roll,
        from: &PeerId,
        vote: SignedVote<Ctx>,
        frame: &[u8],
    ) -> Option<Worth> {
        let (message, now) = (&vote.message, self.clock.now().instant);
        let (place, content) = ballots::of_vote(message);
        let Some(key) = roll.validators.key(&message.address) else { return Some(Worth::Fine) };
        if !self.ballots(|ballots| ballots.is_news(self.head(), &place, &content, now)) {
            return Some(Worth::Fine);
        }
        // An extension would not be covered by the signature.
        if message.extension.is_some() || !self.verifier.voted(message, &vote.signature, key) {
            return Some(Worth::Junk);
        }
        if self.ballots(|ballots| ballots.note(self.head(), &place, content, now)) {
            self.pass_on(roll, Line::Votes, frame, &message.address, from);
            self.engine.send(NetworkEvent::Vote(engine_peer(from)?, vote)).await.ok()?;
        }
        Some(Worth::Fine)
    }

    async fn hear_proposal(
        &self,
        roll: &Roll,
        from: &PeerId,
        proposal: SignedProposal<Ctx>,
        frame: &[u8],
    ) -> Option<Worth> {
        let (message, now) = (&proposal.message, self.clock.now().instant);
        let (place, content) = ballots::of_proposal(message);
        let Some(key) = roll.validators.key(&message.address) else { return Some(Worth::Fine) };
        if !self.ballots(|ballots| ballots.is_news(self.head(), &place, &content, now)) {
            return Some(Worth::Fine);
        }
        if !self.verifier.proposed(message, &proposal.signature, key) {
            return Some(Worth::Junk);
        }
        if self.ballots(|ballots| ballots.note(self.head(), &place, content, now)) {
            self.pass_on(roll, Line::Votes, frame, &message.address, from);
            self.engine.send(NetworkEvent::Proposal(engine_peer(from)?, proposal)).await.ok()?;
        }
        Some(Worth::Fine)
    }

    /// Many votes in one, of the height under way.
    async fn hear_certificate(
        &self,
        roll: &Roll,
        from: &PeerId,
        certificate: LivenessMsg<Ctx>,
        frame: &[u8],
    ) -> Option<Worth> {
        let (set, thresholds) = (&roll.validators, ThresholdParams::default());
        let next = self.head().saturating_add(1);
        let peer = engine_peer(from)?;
        let (event, holds) = match certificate {
            LivenessMsg::PolkaCertificate(polka) if polka.height.0 == next => {
                let holds = self.verifier.verify_polka_certificate(&Ctx, &polka, set, thresholds).await;
                (NetworkEvent::PolkaCertificate(peer, polka), holds)
            }
            LivenessMsg::SkipRoundCertificate(skip) if skip.height.0 == next => {
                let holds = self.verifier.verify_round_certificate(&Ctx, &skip, set, thresholds).await;
                (NetworkEvent::RoundCertificate(peer, skip), holds)
            }
            // A vote is heard elsewhere; a certificate of another height helps nobody.
            LivenessMsg::PolkaCertificate(_)
            | LivenessMsg::SkipRoundCertificate(_)
            | LivenessMsg::Vote(_) => {
                return Some(Worth::Fine);
            }
        };
        if holds.is_err() {
            // Unless the head moved meanwhile, and with it who votes.
            return Some(if self.head().saturating_add(1) == next { Worth::Junk } else { Worth::Fine });
        }
        self.mesh.pass_on(Line::Votes, frame, from, from, self.clock.now().instant);
        self.engine.send(event).await.ok()?;
        Some(Worth::Fine)
    }

    /// A part of a block. Its stream is the peer's that brings it: what one peer brings cannot spoil
    /// what another brings, whoever cut it.
    async fn hear_part(&self, from: &PeerId, frame: &[u8]) -> Option<Worth> {
        let roll = self.mesh.roll();
        if roll.voter(from).is_none() {
            return Some(Worth::Fine); // it may vote at a head that is not here yet
        }
        let Some(PartSaid { hops, author, mut part }) = said::read_part(frame) else {
            return Some(Worth::Junk);
        };
        let name = part.stream_id.to_bytes();
        let is_direct = hops == 0;
        if name.len() > PART_STREAM_ID_BYTES_MAX || (is_direct && roll.voter(from) != Some(author)) {
            return Some(Worth::Junk);
        }
        if let StreamContent::Data(Part::Head(announcement, signature)) = &part.content {
            let ahead = announcement.height.0.saturating_sub(self.head());
            let Some(key) = roll.validators.key(&announcement.proposer) else { return Some(Worth::Fine) };
            if ahead == 0 || ahead > HEIGHTS_HEARD {
                return Some(Worth::Fine);
            }
            if !self.verifier.announced(announcement, signature, key) {
                return Some(Worth::Junk);
            }
        }
        self.pass_on(&roll, Line::Parts, frame, &author, from);
        if !is_direct {
            part.stream_id = StreamId::new([&author.0[..], &name].concat().into());
        }
        self.engine.send(NetworkEvent::ProposalPart(engine_peer(from)?, None, part)).await.ok()?;
        Some(Worth::Fine)
    }

    async fn hear_transaction(&self, from: &PeerId, bytes: Vec<u8>) -> Option<Worth> {
        let (judged, answer) = oneshot::channel();
        self.judge.send(Heard { bytes: bytes.clone(), judged }).await.ok()?;
        Some(match answer.await.ok()? {
            Gossiped::Taken => {
                self.mesh.pass_transaction(bytes, from);
                Worth::Fine
            }
            Gossiped::Dropped => Worth::Fine,
            Gossiped::Malformed => Worth::Junk,
        })
    }

    async fn hear_told(&self, from: &PeerId, frame: &[u8]) -> Option<Worth> {
        match said::read_told(frame) {
            Some(Told::Status(status)) => {
                let peer = engine_peer(from)?;
                let status = Status::new(status.tip_height, status.history_min_height);
                self.engine.send(NetworkEvent::Status(peer, status)).await.ok()?;
            }
            Some(Told::Near(near)) => self.mesh.hear_near(from, &near),
            None => return Some(Worth::Junk),
        }
        Some(Worth::Fine)
    }

    fn pass_on(
        &self,
        roll: &Roll,
        line: Line,
        frame: &[u8],
        author: &crate::engine::context::Address,
        from: &PeerId,
    ) {
        if let Some(author) = roll.seat(author) {
            self.mesh.pass_on(line, frame, &author, from, self.clock.now().instant);
        }
    }

    fn ballots<T>(&self, with: impl FnOnce(&mut Ballots) -> T) -> T {
        with(&mut self.ballots.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A peer in the engine's words.
pub(super) fn engine_peer(peer: &PeerId) -> Option<types::PeerId> {
    types::PeerId::from_bytes(&peer.to_bytes()).ok() // both read the same form
}

#[cfg(test)]
mod tests;
