//! Whom a follower asks for blocks, and when. Connections, answers and the time come in as arguments,
//! questions go out as values.
//!
//! One peer is asked for the next blocks, and the question waits at it until there are some. A few others
//! are asked to say when they have news, in turn: so one that holds news back, or does not get any itself,
//! is noticed. Who says that it is further must prove it when it is asked for blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use gm::sm3::sm3;
use ledger::ids::Height;
use libp2p::PeerId;

use crate::limits::{
    BLOCKS_ANSWER_BYTES_MAX, BUSY_REST, LIAR_REST, NEWS_FROM, SILENT_REST, SOURCE_PATIENCE, SOURCES_AT_ONCE,
};
use crate::peers::blocks::{Question, Unanswered};

/// How long a question waits at a peer that has no news. A node that hears none asks others in turn so often.
const NEWS_WAIT_MS: u16 = 5_000;

/// What a peer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// The blocks that follow.
    Blocks,
    /// To say when there are some.
    News,
}

/// A question to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) peer: PeerId,
    pub(super) want: Want,
    pub(super) question: Question,
    /// The head it had told of before.
    told: Option<Height>,
    at: Instant,
}

/// The peers of one follower.
pub(super) struct Sources {
    me: PeerId,
    peers: BTreeMap<PeerId, Source>,
    /// Who sent blocks last.
    favourite: Option<PeerId>,
    /// Since when somebody is known to be ahead and nobody further was asked.
    behind_since: Option<Instant>,
    asked: u64,
}

#[derive(Default)]
struct Source {
    is_connected: bool,
    /// Where it stands in our order: another for each of us, so that not all ask one.
    rank: [u8; 32],
    /// The highest head it told of.
    head: Option<Height>,
    is_asked_for_blocks: bool,
    is_asked_for_news: bool,
    /// The number of the last question.
    asked: u64,
    rests_until: Option<Instant>,
}

impl Source {
    fn can_be_asked(&self) -> bool {
        self.is_connected && self.rests_until.is_none()
    }

    fn is_ahead_of(&self, head: Height) -> bool {
        self.can_be_asked() && self.head.is_some_and(|theirs| theirs > head)
    }
}

impl Sources {
    /// None connected yet.
    pub(super) fn new(me: PeerId) -> Self {
        Self { me, peers: BTreeMap::new(), favourite: None, behind_since: None, asked: 0 }
    }

    /// These are connected now. Who went away is forgotten, but not that it must rest.
    pub(super) fn connect(&mut self, connected: &BTreeSet<PeerId>) {
        for (peer, source) in &mut self.peers {
            source.is_connected = connected.contains(peer);
            if !source.is_connected {
                source.head = None;
            }
        }
        self.peers.retain(|_, source| source.is_connected || source.rests_until.is_some());
        for peer in connected {
            self.source(*peer).is_connected = true;
        }
    }

    fn source(&mut self, peer: PeerId) -> &mut Source {
        let rank = sm3(&[&self.me.to_bytes(), &peer.to_bytes()]).0;
        self.peers.entry(peer).or_insert_with(|| Source { rank, ..Source::default() })
    }

    /// The questions to ask now, at this head.
    pub(super) fn next(&mut self, head: Height, now: Instant) -> Vec<Ask> {
        self.wake(now);
        let mut asks = Vec::new();
        let is_behind = self.peers.values().any(|source| source.is_ahead_of(head));
        if !is_behind {
            self.behind_since = None;
        }
        let asked = self.peers.values().filter(|source| source.is_asked_for_blocks).count();
        let is_late = is_behind && *self.behind_since.get_or_insert(now) + SOURCE_PATIENCE <= now;
        if asked == 0 || (is_late && asked < SOURCES_AT_ONCE) {
            let favourite = self.favourite;
            let best = self.peers.iter_mut().filter(|(_, source)| {
                let is_free = source.can_be_asked() && !source.is_asked_for_blocks;
                is_free && (!is_behind || source.is_ahead_of(head))
            });
            let order = |(peer, source): &(&PeerId, &mut Source)| (favourite != Some(**peer), source.rank);
            if let Some((peer, source)) = best.min_by_key(order) {
                source.is_asked_for_blocks = true;
                // Who was never heard says at once where it stands.
                let wait_ms = if is_behind || source.head.is_none() { 0 } else { NEWS_WAIT_MS };
                let bytes_max = u32::try_from(BLOCKS_ANSWER_BYTES_MAX).unwrap_or(u32::MAX);
                let question = Question { after: head, bytes_max, wait_ms };
                asks.push(Ask { peer: *peer, want: Want::Blocks, question, told: source.head, at: now });
            }
            self.behind_since = is_behind.then_some(now);
        }
        while self.peers.values().filter(|source| source.is_asked_for_news).count() < NEWS_FROM {
            let free = self.peers.iter_mut().filter(|(_, source)| {
                let is_asked = source.is_asked_for_blocks || source.is_asked_for_news;
                source.can_be_asked() && !is_asked && !source.is_ahead_of(head)
            });
            let Some((peer, source)) = free.min_by_key(|(_, source)| (source.asked, source.rank)) else {
                break;
            };
            self.asked = self.asked.saturating_add(1);
            (source.asked, source.is_asked_for_news) = (self.asked, true);
            let wait_ms = if source.head.is_none() { 0 } else { NEWS_WAIT_MS };
            let question = Question { after: head, bytes_max: 0, wait_ms };
            asks.push(Ask { peer: *peer, want: Want::News, question, told: source.head, at: now });
        }
        asks
    }

    /// A peer told of its head. False if that cannot be: it is lower than before, or there are no blocks
    /// up to it. Who tells that there is no news long before it had to is asked again later: else we
    /// would do nothing but ask.
    #[must_use]
    pub(super) fn told(&mut self, ask: &Ask, head: Height, blocks: usize, now: Instant) -> bool {
        self.answered(ask);
        let Some(source) = self.peers.get_mut(&ask.peer) else { return true };
        let is_lower = ask.told.is_some_and(|before| head < before);
        let promised = head.0.saturating_sub(ask.question.after.0);
        let (given, wants) = (blocks as u64, ask.want == Want::Blocks);
        let is_false = if wants { given > promised || (promised > 0 && given == 0) } else { given > 0 };
        if is_lower || is_false {
            return false;
        }
        source.head = source.head.max(Some(head)); // another answer of it may have passed this one
        let wait = Duration::from_millis(ask.question.wait_ms.into());
        if promised == 0 && now < ask.at + wait / 2 {
            self.rest(ask.peer, now, BUSY_REST);
        }
        true
    }

    /// A peer sent blocks that were good.
    pub(super) fn gave(&mut self, peer: PeerId) {
        (self.favourite, self.behind_since) = (Some(peer), None);
    }

    /// A peer is busy with others.
    pub(super) fn busy(&mut self, ask: &Ask, now: Instant) {
        self.answered(ask);
        self.rest(ask.peer, now, BUSY_REST);
    }

    /// A peer did not answer.
    pub(super) fn silent(&mut self, ask: &Ask, why: Unanswered, now: Instant) {
        self.answered(ask);
        let rest = match why {
            Unanswered::Unreachable => BUSY_REST,
            Unanswered::Silent => SILENT_REST,
        };
        self.rest(ask.peer, now, rest);
    }

    /// A peer lied: it is not asked for a while, and what it said counts for nothing.
    pub(super) fn lied(&mut self, peer: PeerId, now: Instant) {
        self.rest(peer, now, LIAR_REST);
    }

    fn answered(&mut self, ask: &Ask) {
        if let Some(source) = self.peers.get_mut(&ask.peer) {
            match ask.want {
                Want::Blocks => source.is_asked_for_blocks = false,
                Want::News => source.is_asked_for_news = false,
            }
        }
    }

    fn rest(&mut self, peer: PeerId, now: Instant, rest: Duration) {
        let source = self.source(peer);
        source.head = None;
        source.rests_until = source.rests_until.max(Some(now + rest));
        if self.favourite == Some(peer) {
            self.favourite = None;
        }
    }

    fn wake(&mut self, now: Instant) {
        for source in self.peers.values_mut() {
            source.rests_until = source.rests_until.filter(|until| *until > now);
        }
        self.peers.retain(|_, source| source.is_connected || source.rests_until.is_some());
    }

    /// When [`Self::next`] may have something to ask without any news.
    pub(super) fn due(&self) -> Option<Instant> {
        let rests = self.peers.values().filter_map(|source| source.rests_until);
        rests.chain(self.behind_since.map(|since| since + SOURCE_PATIENCE)).min()
    }

    /// How many heights the furthest peer is ahead; none if nobody has told.
    pub(super) fn lead(&self, head: Height) -> Option<u64> {
        let heads = self.peers.values().filter(|source| source.can_be_asked()).filter_map(|s| s.head);
        heads.max().map(|furthest| furthest.0.saturating_sub(head.0))
    }

    /// Who sent blocks last.
    pub(super) fn favourite(&self) -> Option<PeerId> {
        self.favourite
    }
}

#[cfg(test)]
mod tests;
