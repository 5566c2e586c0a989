//! How a node that is behind fetches what others decided.

use std::collections::{BTreeMap, BTreeSet};

use malachitebft_app_channel::app::types::PeerId;
use malachitebft_app_channel::app::types::sync::RawDecidedValue;
use malachitebft_core_types::ValueResponse;

use super::{BATCH, Life, Word};
use crate::engine::context::Ctx;
use crate::simulation::engine::Message;

/// A request that was not answered in this time goes to another peer.
const REQUEST_MS: u64 = 10_000;

/// What a node knows of who is ahead: as the engine's sync does it, with one request at a time.
#[derive(Default)]
pub(super) struct CatchUp {
    pub(super) tips: BTreeMap<usize, u64>,
    /// Whom it asked, from which height on, and when.
    pub(super) asked: Option<(usize, u64, u64)>,
    pub(super) passed_over: BTreeSet<usize>,
    pub(super) ahead: BTreeMap<u64, ValueResponse<Ctx>>,
}

impl Life {
    /// Asks who is ahead for what is missing here, if nobody was asked yet.
    pub(in crate::simulation) fn look_ahead(&mut self, now_ms: u64, whom: impl FnOnce(&[usize]) -> usize) {
        let height = self.engine.place().0.0;
        let catch_up = &mut self.host.catch_up;
        let is_late = |(_, _, since): &(usize, u64, u64)| now_ms.saturating_sub(*since) >= REQUEST_MS;
        if let Some((peer, ..)) = catch_up.asked.take_if(|asked| is_late(asked)) {
            catch_up.passed_over.insert(peer);
        }
        let next = (height..).find(|height| !catch_up.ahead.contains_key(height)).unwrap_or(height);
        if height == 0 || catch_up.asked.is_some() || next != height {
            return;
        }
        let ahead = |catch_up: &CatchUp| -> Vec<usize> {
            let known = catch_up
                .tips
                .iter()
                .filter(|(peer, tip)| **tip >= next && !catch_up.passed_over.contains(peer));
            known.map(|(peer, _)| *peer).collect()
        };
        let mut peers = ahead(catch_up);
        if peers.is_empty() {
            catch_up.passed_over.clear();
            peers = ahead(catch_up);
        }
        if peers.is_empty() {
            return;
        }
        let peer = whom(&peers);
        let until = catch_up.tips[&peer].min(next + BATCH - 1);
        catch_up.asked = Some((peer, next, now_ms));
        self.host.say(Some(peer), Word::Wants(next, until));
    }

    /// Blocks came from a peer: those of this height go to the engine, those of later ones wait.
    pub(super) fn take(&mut self, from: usize, values: Vec<RawDecidedValue<Ctx>>, peer: PeerId) {
        let height = self.engine.place().0.0;
        let catch_up = &mut self.host.catch_up;
        let Some((_, first, _)) = catch_up.asked.take_if(|(asked, ..)| *asked == from) else { return };
        let in_line = (first..).zip(&values).all(|(height, value)| value.certificate.height.0 == height);
        if values.is_empty() || !in_line || values.len() as u64 > BATCH {
            catch_up.passed_over.insert(from);
            return;
        }
        for value in values {
            let of = value.certificate.height.0;
            let value = ValueResponse::new(peer, value.value_bytes, value.certificate);
            if of == height {
                self.host.inbox.push_back(Message::Sync(value));
            } else if of > height {
                catch_up.ahead.insert(of, value);
            }
        }
    }
}
