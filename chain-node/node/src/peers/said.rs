//! The frames of lines. Votes and parts begin with how often they were passed on.

use bytes::Bytes;
use malachitebft_app_channel::app::consensus::{LivenessMsg, SignedConsensusMsg};
use malachitebft_app_channel::app::streaming::StreamMessage;
use malachitebft_app_channel::app::types::codec::Codec as _;
use malachitebft_sync::Status;

use crate::engine::codec::Wire;
use crate::engine::context::{Address, Ctx, Part};

const ADDRESS_BYTES: usize = 20;

/// What a validator's engine says.
pub(crate) enum Spoken {
    Consensus(SignedConsensusMsg<Ctx>),
    Liveness(LivenessMsg<Ctx>),
}

/// What a node says of itself.
pub(super) enum Told {
    Status(Status<Ctx>),
    Near(Vec<Address>),
}

fn frame(front: &[u8], body: &[u8]) -> Bytes {
    [front, body].concat().into()
}

/// Frame of a vote, a proposal, or what keeps consensus going.
pub(crate) fn spoken(hops: u8, message: &Spoken) -> Bytes {
    let (kind, body) = match message {
        Spoken::Consensus(message) => (0, Wire.encode(message)),
        Spoken::Liveness(message) => (1, Wire.encode(message)),
    };
    frame(&[hops, kind], &body.unwrap_or_default()) // writing to memory does not fail
}

/// Reads it.
pub(crate) fn read_spoken(frame: &[u8]) -> Option<Spoken> {
    let (front, body) = frame.split_first_chunk::<2>()?;
    let body = Bytes::copy_from_slice(body);
    match front {
        [_, 0] => Wire.decode(body).ok().map(Spoken::Consensus),
        [_, 1] => Wire.decode(body).ok().map(Spoken::Liveness),
        _ => None,
    }
}

/// Frame of a part of a block that this validator cut.
pub(crate) fn part(hops: u8, author: Address, part: &StreamMessage<Part>) -> Bytes {
    let body = Wire.encode(part).unwrap_or_default(); // writing to memory does not fail
    frame(&[&[hops][..], &author.0].concat(), &body)
}

/// A part of a block, by way of so many.
pub(super) struct PartSaid {
    pub(super) hops: u8,
    pub(super) author: Address,
    pub(super) part: StreamMessage<Part>,
}

/// Reads it.
pub(super) fn read_part(frame: &[u8]) -> Option<PartSaid> {
    let (hops, rest) = frame.split_first()?;
    let (author, body) = rest.split_first_chunk::<ADDRESS_BYTES>()?;
    let part = Wire.decode(Bytes::copy_from_slice(body)).ok()?;
    Some(PartSaid { hops: *hops, author: Address(*author), part })
}

/// The same frame, passed on once more; none if it was passed on often enough.
pub(super) fn one_hop_more(whole: &[u8], hops_max: u8) -> Option<Bytes> {
    let (hops, body) = whole.split_first()?;
    (*hops < hops_max).then(|| frame(&[hops.saturating_add(1)], body))
}

/// Frame of a status.
pub(crate) fn status(encoded: &[u8]) -> Bytes {
    frame(&[0], encoded)
}

/// Frame of the validators a node is connected to.
pub(super) fn near(validators: &[Address]) -> Bytes {
    let body: Vec<u8> = validators.iter().flat_map(|address| address.0).collect();
    frame(&[1], &body)
}

/// Reads either.
pub(super) fn read_told(frame: &[u8]) -> Option<Told> {
    match frame.split_first()? {
        (0, body) => Wire.decode(Bytes::copy_from_slice(body)).ok().map(Told::Status),
        (1, body) => {
            let (addresses, rest) = body.as_chunks::<ADDRESS_BYTES>();
            rest.is_empty().then(|| Told::Near(addresses.iter().copied().map(Address).collect()))
        }
        _ => None,
    }
}
