//! How a node that is behind comes to decided blocks: as the engine's sync does it, but with one request at a
//! time, to a peer that the seed chooses.

use std::collections::{BTreeMap, BTreeSet};

use malachitebft_app_channel::app::types::PeerId;
use malachitebft_app_channel::app::types::sync::RawDecidedValue;
use malachitebft_core_types::ValueResponse;

use super::settlement::place_of;
use crate::engine::context::Ctx;

/// Heights asked for at once: what our settings tell the engine.
pub(super) const BATCH: u64 = 16;
/// A request that was not answered in this time goes to another peer.
const REQUEST_MS: u64 = 10_000;

/// What a node knows of who is ahead.
#[derive(Default)]
pub(super) struct CatchUp {
    tips: BTreeMap<usize, u64>,
    /// Whom it asked, from which height on, and when.
    asked: Option<(usize, u64, u64)>,
    passed_over: BTreeSet<usize>,
    ahead: BTreeMap<u64, ValueResponse<Ctx>>,
}

impl CatchUp {
    /// A peer says how far it is.
    pub(super) fn knows(&mut self, peer: usize, tip: u64) {
        self.tips.insert(peer, tip);
    }

    /// Whom to ask for which heights, if nobody was asked yet.
    pub(super) fn request(
        &mut self,
        height: u64,
        now_ms: u64,
        whom: impl FnOnce(&[usize]) -> usize,
    ) -> Option<(usize, u64, u64)> {
        let is_late = |asked: &mut (usize, u64, u64)| now_ms.saturating_sub(asked.2) >= REQUEST_MS;
        if let Some((peer, ..)) = self.asked.take_if(is_late) {
            self.passed_over.insert(peer);
        }
        if height == 0 || self.asked.is_some() {
            return None;
        }
        let mut peers = self.ahead_of(height);
        if peers.is_empty() {
            self.passed_over.clear();
            peers = self.ahead_of(height);
        }
        if peers.is_empty() {
            return None;
        }
        let peer = whom(&peers);
        self.asked = Some((peer, height, now_ms));
        Some((peer, height, self.tips[&peer].min(height + BATCH - 1)))
    }

    fn ahead_of(&self, height: u64) -> Vec<usize> {
        let ahead = self.tips.iter().filter(|(_, tip)| **tip >= height);
        ahead.map(|(peer, _)| *peer).filter(|peer| !self.passed_over.contains(peer)).collect()
    }

    /// Blocks came from a peer: the one of this height is wanted now, those of later ones wait.
    pub(super) fn take(
        &mut self,
        from: usize,
        values: Vec<RawDecidedValue<Ctx>>,
        peer: PeerId,
        height: u64,
    ) -> Option<ValueResponse<Ctx>> {
        let (_, first, _) = self.asked.take_if(|(asked, ..)| *asked == from)?;
        let in_line = (first..).zip(&values).all(|(height, value)| value.certificate.height.0 == height);
        if values.is_empty() || !in_line || values.len() as u64 > BATCH {
            self.passed_over.insert(from);
            return None;
        }
        for value in values {
            let of = value.certificate.height.0;
            if of >= height {
                self.ahead.insert(of, ValueResponse::new(peer, value.value_bytes, value.certificate));
            }
        }
        self.ahead.remove(&height)
    }

    /// A height starts: its block, if it came before.
    pub(super) fn started(&mut self, height: u64) -> Option<ValueResponse<Ctx>> {
        self.ahead = self.ahead.split_off(&height);
        self.ahead.remove(&height)
    }

    /// What a peer sent proves nothing.
    pub(super) fn blame(&mut self, peer: PeerId) {
        self.ahead.retain(|_, value| value.peer != peer);
        self.passed_over.extend(place_of(peer));
    }
}
