//! Blocks on their way: cut into parts by the proposer, put together by everyone else.
//!
//! Anyone in the mesh can publish parts, so everything is bounded: streams per publisher and in
//! all, parts and bytes per stream, age. A stream whose announcement nobody has to heed is
//! dropped with its first part.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use borsh::BorshSerialize;
use bytes::Bytes;
use ledger::ids::{Height, Time};
use malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use malachitebft_app_channel::app::types::PeerId;

use crate::engine::context::{Announcement, Part};
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
    data: BTreeMap<u64, Vec<u8>>,
    bytes: usize,
    end: Option<u64>,
}

/// What one more part makes.
pub(crate) enum Arrival {
    /// A first part was heeded; a block of this height is on its way.
    Begun(Height),
    /// A block is complete.
    Complete(Announced),
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
        let data = announced.bytes.chunks(PART_BYTES_MAX).map(|bytes| Part::Data(bytes.to_vec()));
        let contents = std::iter::once(head).chain(data).map(StreamContent::Data).chain([StreamContent::Fin]);
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
        if !self.streams.contains_key(&key) {
            self.make_room(&publisher);
        }
        let stream = self.streams.entry(key.clone()).or_insert_with(|| Stream::new(now));
        match stream.add(message, heeds) {
            Some(begun) if !stream.is_complete() => match (begun, &stream.head) {
                (true, Some((announcement, _))) => Arrival::Begun(announcement.height.into()),
                _ => Arrival::Nothing,
            },
            Some(_) => match self.streams.remove(&key).and_then(Stream::join) {
                Some(announced) => Arrival::Complete(announced),
                None => Arrival::Nothing,
            },
            None => {
                self.streams.remove(&key);
                Arrival::Nothing
            }
        }
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

    fn make_room(&mut self, publisher: &PeerId) {
        let of_publisher = self.streams.keys().filter(|(from, _)| from == publisher).count();
        let oldest = |only: Option<&PeerId>| {
            let streams = self.streams.iter().filter(|((from, _), _)| only.is_none_or(|only| only == from));
            // What nobody signed gives way first.
            let place = |stream: &Stream| (stream.head.is_some(), stream.since);
            streams.min_by_key(|(_, stream)| place(stream)).map(|(key, _)| key.clone())
        };
        let gone = if of_publisher >= STREAMS_PER_PUBLISHER_MAX {
            oldest(Some(publisher))
        } else if self.streams.len() >= STREAMS_MAX {
            oldest(None)
        } else {
            None
        };
        if let Some(key) = gone {
            self.streams.remove(&key);
        }
    }
}

impl Stream {
    fn new(now: Instant) -> Self {
        Self { since: now, head: None, data: BTreeMap::new(), bytes: 0, end: None }
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
            StreamContent::Data(Part::Data(bytes)) => {
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
        let parts = self.data.len() as u64 + 1; // the head
        self.head.is_some() && self.end == Some(parts)
    }

    fn join(self) -> Option<Announced> {
        let (announcement, signature) = self.head?;
        let bytes = self.data.into_values().flatten().collect::<Vec<u8>>();
        // Complete by count and still not as long as announced: some part was beyond the end.
        (u32::try_from(bytes.len()) == Ok(announcement.size)).then_some(Announced {
            announcement,
            signature,
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::context::{self, Address, BlockId};
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
                complete = Some(block);
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
        assert!(matches!(parts.take(peer(1), first, Instant::now(), |_, _| true), Arrival::Begun(Height(5))));
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
    fn a_stream_beyond_its_bounds_is_dropped() {
        let mut parts = Parts::default();
        let name = StreamId::new(Bytes::from_static(b"name"));
        let data = |at, bytes| StreamMessage::new(name.clone(), at, StreamContent::Data(Part::Data(bytes)));
        parts.take(peer(1), data(1, vec![0; PART_BYTES_MAX + 1]), Instant::now(), |_, _| true);
        assert!(parts.streams.is_empty());
        parts.take(peer(1), data(PARTS_MAX, vec![0]), Instant::now(), |_, _| true);
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
