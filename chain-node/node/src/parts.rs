//! Blocks on their way: cut into parts by the proposer, put together by everyone else.
//!
//! Anyone in the mesh can publish parts, so everything is bounded: streams per publisher and in
//! all, parts and bytes per stream, age. A stream whose announcement nobody has to heed is
//! dropped with its first part; one that is heeded gives way to no other that is not.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use borsh::BorshSerialize;
use bytes::Bytes;
use ledger::ids::{Height, Time};
use ledger::limits::VALIDATORS_MAX;
use malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use malachitebft_app_channel::app::types::PeerId;

use crate::engine::context::{Address, Announcement, Backing, Part};
use crate::engine::signing::Sig;
use crate::limits::{
    PART_BYTES_MAX, PARTS_MAX, STREAM_AGE_MAX, STREAM_ID_BYTES_MAX, STREAMS_MAX, STREAMS_PER_PUBLISHER_MAX,
};
use crate::replica::Announced;

/// Names a stream: its publisher and the publisher's own name for it.
type Key = (PeerId, Bytes);

/// The streams not complete yet.
#[derive(Default)]
pub(crate) struct Parts {
    streams: HashMap<Key, Stream>,
    published: u64,
}

struct Stream {
    since: Instant,
    head: Option<(Announcement, Sig)>,
    backing: Option<Backing>,
    data: BTreeMap<u64, Vec<u8>>,
    bytes: usize,
    end: Option<u64>,
}

/// What one more part makes.
pub(crate) enum Arrival {
    /// A first part was heeded; a block of this height and proposer is on its way.
    Begun(Height, Address),
    /// A block is complete.
    Complete(Box<Announced>),
    /// Nothing yet, or nothing any more.
    Nothing,
}

impl Parts {
    /// Cuts a block into the messages of a new stream.
    pub(crate) fn cut(&mut self, announced: &Announced, now: Time) -> Vec<StreamMessage<Part>> {
        self.published = self.published.wrapping_add(1);
        let mut name = Vec::new();
        // Unlike in an earlier life of this process: a block proposed again has a later time of day.
        let now = now.0;
        (announced.announcement.height.0, now, self.published).serialize(&mut name).ok(); // writing to a Vec cannot fail
        let stream = StreamId::new(name.into());
        let head = Part::Head(announced.announcement.clone(), announced.signature);
        let backing = announced.backing.clone().map(Part::Backing);
        let data = announced.bytes.chunks(PART_BYTES_MAX).map(|bytes| Part::Data(bytes.to_vec()));
        let frames = std::iter::once(head).chain(backing).chain(data);
        let contents = frames.map(StreamContent::Data).chain([StreamContent::Fin]);
        (0u64..).zip(contents).map(|(at, content)| StreamMessage::new(stream.clone(), at, content)).collect()
    }

    /// Takes a part. `heeds` tells whether an announcement is worth listening to.
    pub(crate) fn take(
        &mut self,
        publisher: PeerId,
        message: StreamMessage<Part>,
        now: Instant,
        heeds: impl FnOnce(&Announcement, &Sig) -> bool,
    ) -> Arrival {
        let name = message.stream_id.to_bytes();
        if name.len() > STREAM_ID_BYTES_MAX || message.sequence >= PARTS_MAX {
            return Arrival::Nothing;
        }
        self.streams.retain(|_, stream| now.saturating_duration_since(stream.since) < STREAM_AGE_MAX);
        let key = (publisher, name);
        let known = self.streams.remove(&key);
        let is_new = known.is_none();
        let mut stream = known.unwrap_or_else(|| Stream::new(now));
        let Some(begun) = stream.add(message, heeds) else { return Arrival::Nothing };
        if stream.is_complete() {
            return stream
                .join()
                .map_or(Arrival::Nothing, |announced| Arrival::Complete(Box::new(announced)));
        }
        if is_new && !self.make_room(&publisher, stream.head.is_some()) {
            return Arrival::Nothing;
        }
        let arrival = match &stream.head {
            Some((announcement, _)) if begun => {
                Arrival::Begun(announcement.height.into(), announcement.proposer)
            }
            _ => Arrival::Nothing,
        };
        self.streams.insert(key, stream);
        arrival
    }

    /// Forgets what belongs to decided heights.
    pub(crate) fn forget(&mut self, decided: Height) {
        self.streams.retain(|_, stream| {
            stream.head.as_ref().is_none_or(|(announcement, _)| announcement.height.0 > decided.0)
        });
    }

    /// Open streams and their bytes.
    #[cfg(test)]
    pub(crate) fn load(&self) -> (usize, usize) {
        (self.streams.len(), self.streams.values().map(|stream| stream.bytes).sum())
    }

    /// Whether there is room for one more. What nobody signed gives way to what is heeded, never the other way.
    fn make_room(&mut self, publisher: &PeerId, is_heeded: bool) -> bool {
        let of_publisher = self.streams.keys().filter(|(from, _)| from == publisher).count();
        let only = if of_publisher >= STREAMS_PER_PUBLISHER_MAX {
            Some(publisher)
        } else if self.streams.len() >= STREAMS_MAX {
            None
        } else {
            return true;
        };
        let streams = self.streams.iter().filter(|((from, _), _)| only.is_none_or(|only| only == from));
        let oldest = streams.min_by_key(|(_, stream)| (stream.head.is_some(), stream.since));
        let gives_way = oldest.filter(|(_, stream)| is_heeded || stream.head.is_none());
        match gives_way.map(|(key, _)| key.clone()) {
            Some(key) => self.streams.remove(&key).is_some(),
            None => false,
        }
    }
}

impl Stream {
    fn new(now: Instant) -> Self {
        Self { since: now, head: None, backing: None, data: BTreeMap::new(), bytes: 0, end: None }
    }

    /// Adds a part; true if it is a first part that is heeded, none if the stream is to be dropped.
    fn add(
        &mut self,
        message: StreamMessage<Part>,
        heeds: impl FnOnce(&Announcement, &Sig) -> bool,
    ) -> Option<bool> {
        let begun = match message.content {
            StreamContent::Fin => {
                self.end = Some(message.sequence);
                false
            }
            StreamContent::Data(Part::Head(announcement, signature)) => {
                if message.sequence != 0 || self.head.is_some() || !heeds(&announcement, &signature) {
                    return None;
                }
                self.head = Some((announcement, signature));
                true
            }
            StreamContent::Data(Part::Backing(backing)) => {
                let is_sound = message.sequence == 1 && backing.prevotes.len() <= VALIDATORS_MAX;
                if !is_sound || self.backing.is_some() || self.data.contains_key(&1) {
                    return None;
                }
                self.backing = Some(backing);
                false
            }
            StreamContent::Data(Part::Data(bytes)) => {
                if message.sequence == 1 && self.backing.is_some() {
                    return None;
                }
                if message.sequence == 0 || bytes.is_empty() || bytes.len() > PART_BYTES_MAX {
                    return None;
                }
                let length = bytes.len();
                if self.data.insert(message.sequence, bytes).is_some() {
                    return None; // a publisher that says two things at one place
                }
                self.bytes = self.bytes.saturating_add(length);
                false
            }
        };
        let announced = self.head.as_ref().map_or(u32::MAX, |(announcement, _)| announcement.size);
        let fits = usize::try_from(announced).is_ok_and(|announced| self.bytes <= announced);
        fits.then_some(begun)
    }

    fn is_complete(&self) -> bool {
        let parts = self.data.len() as u64 + 1 + u64::from(self.backing.is_some());
        self.head.is_some() && self.end == Some(parts)
    }

    fn join(self) -> Option<Announced> {
        let (announcement, signature) = self.head?;
        let bytes = self.data.into_values().flatten().collect::<Vec<u8>>();
        // Complete by count and still not as long as announced: some part was beyond the end.
        let backing = self.backing;
        (u32::try_from(bytes.len()) == Ok(announcement.size)).then_some(Announced {
            announcement,
            signature,
            backing,
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::context::{self, BlockId};
    use std::time::Duration;

    use malachitebft_core_types::Round;

    fn announced(bytes: usize) -> Announced {
        Announced {
            announcement: Announcement {
                height: context::Height(5),
                round: Round::new(0),
                valid_round: Round::Nil,
                proposer: Address([1; 20]),
                id: BlockId([2; 32]),
                content: [2; 32],
                size: u32::try_from(bytes).unwrap(),
            },
            signature: Sig([3; 64]),
            backing: None,
            bytes: (0..bytes).map(|i| i as u8).collect(),
        }
    }

    fn peer(n: u8) -> PeerId {
        let id = crate::config::keypair(&[n; 32]).unwrap().public().to_peer_id();
        PeerId::from_bytes(&id.to_bytes()).unwrap()
    }

    fn feed(parts: &mut Parts, from: u8, messages: Vec<StreamMessage<Part>>) -> Option<Announced> {
        let mut complete = None;
        for message in messages {
            if let Arrival::Complete(block) = parts.take(peer(from), message, Instant::now(), |_, _| true) {
                complete = Some(*block);
            }
        }
        complete
    }

    #[test]
    fn a_block_arrives_whole_in_any_order() {
        let block = announced(3 * PART_BYTES_MAX + 17);
        let mut messages = Parts::default().cut(&block, Time(7));
        assert_eq!(messages.len(), 6);
        messages.reverse();
        let whole = feed(&mut Parts::default(), 1, messages).unwrap();
        assert_eq!(whole.bytes, block.bytes);
        assert_eq!(whole.announcement, block.announcement);
    }

    #[test]
    fn the_first_part_tells_that_a_block_begins() {
        let mut messages = Parts::default().cut(&announced(10), Time(7)).into_iter();
        let mut parts = Parts::default();
        let first = messages.next().unwrap();
        assert!(matches!(
            parts.take(peer(1), first, Instant::now(), |_, _| true),
            Arrival::Begun(Height(5), Address(_))
        ));
    }

    #[test]
    fn an_announcement_that_is_not_heeded_leaves_nothing_behind() {
        let mut parts = Parts::default();
        for message in Parts::default().cut(&announced(10), Time(7)).into_iter().take(1) {
            parts.take(peer(1), message, Instant::now(), |_, _| false);
        }
        assert!(parts.streams.is_empty());
    }

    #[test]
    fn more_bytes_than_announced_end_the_stream() {
        let mut block = announced(10);
        block.announcement.size = 9;
        let mut parts = Parts::default();
        assert!(feed(&mut parts, 1, Parts::default().cut(&block, Time(7))).is_none());
        block.announcement.size = 11;
        assert!(feed(&mut parts, 1, Parts::default().cut(&block, Time(7))).is_none());
    }

    #[test]
    fn one_publisher_cannot_take_the_room_of_others() {
        let mut parts = Parts::default();
        let mut source = Parts::default();
        let of_other = source.cut(&announced(10), Time(7)).into_iter().next().unwrap();
        parts.take(peer(2), of_other, Instant::now(), |_, _| true);
        for _ in 0..100 {
            let first = source.cut(&announced(10), Time(7)).into_iter().next().unwrap();
            parts.take(peer(1), first, Instant::now(), |_, _| true);
        }
        let of = |n| parts.streams.keys().filter(|(from, _)| *from == peer(n)).count();
        assert_eq!((of(1), of(2)), (STREAMS_PER_PUBLISHER_MAX, 1));
    }

    #[test]
    fn many_publishers_cannot_take_all_memory() {
        let mut parts = Parts::default();
        for n in 0..=200 {
            let first = Parts::default().cut(&announced(10), Time(7)).into_iter().next().unwrap();
            parts.take(peer(n), first, Instant::now(), |_, _| true);
        }
        assert_eq!(parts.streams.len(), STREAMS_MAX);
    }

    #[test]
    fn a_block_on_its_way_does_not_give_way_to_what_nobody_signed() {
        let mut parts = Parts::default();
        let head = Parts::default().cut(&announced(10), Time(7)).into_iter().next().unwrap();
        parts.take(peer(1), head, Instant::now(), |_, _| true);
        for n in 2..=200 {
            let junk = StreamMessage::new(
                StreamId::new(Bytes::from(vec![n])),
                1,
                StreamContent::Data(Part::Data(vec![0])),
            );
            parts.take(peer(n), junk, Instant::now(), |_, _| false);
        }
        assert_eq!(parts.streams.len(), STREAMS_MAX);
        assert_eq!(parts.streams.values().filter(|stream| stream.head.is_some()).count(), 1);
    }

    #[test]
    fn what_is_heeded_is_not_driven_out_by_what_nobody_signed_of_its_own_publisher() {
        let (mut parts, mut source) = (Parts::default(), Parts::default());
        for _ in 0..STREAMS_PER_PUBLISHER_MAX {
            let head = source.cut(&announced(10), Time(7)).into_iter().next().unwrap();
            parts.take(peer(1), head, Instant::now(), |_, _| true);
        }
        for n in 0..9 {
            let name = StreamId::new(Bytes::from(vec![n]));
            let junk = StreamMessage::new(name, 1, StreamContent::Data(Part::Data(vec![0])));
            parts.take(peer(1), junk, Instant::now(), |_, _| false);
        }
        assert_eq!(parts.streams.len(), STREAMS_PER_PUBLISHER_MAX);
        assert!(parts.streams.values().all(|stream| stream.head.is_some()));
    }

    /// Not even the oldest, when another that is heeded needs room.
    #[test]
    fn what_nobody_signed_gives_way_before_any_block_on_its_way() {
        let (mut parts, mut source, start) = (Parts::default(), Parts::default(), Instant::now());
        let mut head = || source.cut(&announced(10), Time(7)).into_iter().next().unwrap();
        parts.take(peer(1), head(), start, |_, _| true);
        for n in 1..4 {
            let name = StreamId::new(Bytes::from(vec![n]));
            let junk = StreamMessage::new(name, 1, StreamContent::Data(Part::Data(vec![0])));
            parts.take(peer(1), junk, start + Duration::from_millis(n.into()), |_, _| false);
        }
        assert_eq!(parts.streams.len(), STREAMS_PER_PUBLISHER_MAX);
        parts.take(peer(1), head(), start + Duration::from_millis(9), |_, _| true);
        assert_eq!(parts.streams.len(), STREAMS_PER_PUBLISHER_MAX);
        assert_eq!(parts.streams.values().filter(|stream| stream.head.is_some()).count(), 2);
    }

    #[test]
    fn bytes_beyond_those_announced_are_not_kept_until_the_end() {
        let mut parts = Parts::default();
        let mut block = announced(2 * PART_BYTES_MAX);
        block.announcement.size = 2 * PART_BYTES_MAX as u32 - 1;
        for message in Parts::default().cut(&block, Time(7)).into_iter().take(3) {
            parts.take(peer(1), message, Instant::now(), |_, _| true);
        }
        assert_eq!(parts.load(), (0, 0));
    }

    #[test]
    fn what_belongs_to_decided_heights_is_forgotten() {
        let (mut parts, mut source) = (Parts::default(), Parts::default());
        for n in [1, 2] {
            let mut block = announced(10);
            block.announcement.height = context::Height(4 + u64::from(n));
            let head = source.cut(&block, Time(7)).into_iter().next().unwrap();
            parts.take(peer(n), head, Instant::now(), |_, _| true);
        }
        parts.forget(Height(5));
        let kept: Vec<_> = parts.streams.keys().map(|(from, _)| *from).collect();
        assert_eq!(kept, [peer(2)]);
    }

    #[test]
    fn what_backs_a_block_arrives_with_it_in_any_order() {
        let backing = Backing { round: Round::new(3), prevotes: vec![(Address([4; 20]), Sig([5; 64]))] };
        let block = Announced { backing: Some(backing), ..announced(2 * PART_BYTES_MAX) };
        let mut messages = Parts::default().cut(&block, Time(7));
        assert_eq!(messages.len(), 5);
        for _ in 0..messages.len() {
            messages.rotate_left(1);
            let whole = feed(&mut Parts::default(), 1, messages.clone()).unwrap();
            assert_eq!((whole.backing, whole.bytes), (block.backing.clone(), block.bytes.clone()));
        }
        // Said twice, or in another place.
        messages.sort_by_key(|message| message.sequence);
        let mut twice = messages.clone();
        twice.insert(1, messages[1].clone());
        assert!(feed(&mut Parts::default(), 1, twice).is_none());
        messages[1].sequence = 9;
        assert!(feed(&mut Parts::default(), 1, messages).is_none());
    }

    #[test]
    fn a_stream_beyond_its_bounds_is_dropped() {
        let mut parts = Parts::default();
        let name = StreamId::new(Bytes::from_static(b"name"));
        let data = |at, bytes| StreamMessage::new(name.clone(), at, StreamContent::Data(Part::Data(bytes)));
        parts.take(peer(1), data(1, vec![0; PART_BYTES_MAX + 1]), Instant::now(), |_, _| true);
        assert!(parts.streams.is_empty());
        parts.take(peer(1), data(PARTS_MAX, vec![0]), Instant::now(), |_, _| true);
        assert!(parts.streams.is_empty());
        let long = StreamId::new(Bytes::from(vec![7; STREAM_ID_BYTES_MAX + 1]));
        let part = StreamContent::Data(Part::Data(vec![0]));
        parts.take(peer(1), StreamMessage::new(long, 1, part), Instant::now(), |_, _| true);
        assert!(parts.streams.is_empty());
        let many = vec![(Address([4; 20]), Sig([5; 64])); VALIDATORS_MAX + 1];
        let backing = Part::Backing(Backing { round: Round::new(3), prevotes: many });
        let backing = StreamMessage::new(name.clone(), 1, StreamContent::Data(backing));
        parts.take(peer(1), backing, Instant::now(), |_, _| true);
        assert!(parts.streams.is_empty());
        parts.take(peer(1), data(1, vec![0]), Instant::now(), |_, _| true);
        parts.take(peer(1), data(1, vec![1]), Instant::now(), |_, _| true);
        assert!(parts.streams.is_empty());
    }

    #[test]
    fn an_old_stream_is_dropped() {
        let mut parts = Parts::default();
        let first = parts.cut(&announced(10), Time(7)).into_iter().next().unwrap();
        let start = Instant::now();
        parts.take(peer(1), first, start, |_, _| true);
        let other = parts.cut(&announced(10), Time(7)).into_iter().next().unwrap();
        parts.take(peer(2), other, start + STREAM_AGE_MAX, |_, _| true);
        assert_eq!(parts.streams.len(), 1);
    }
}
