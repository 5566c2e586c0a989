//! The engine's bytes on the wire and in its log: a version byte, then borsh.
//!
//! Two mirrors are written by hand, because the engine's crates give them no borsh form.
//! Decoding is bounded by its input and returns an error, never a panic.

use std::io;

use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use malachitebft_app_channel::app::consensus::{LivenessMsg, ProposedValue, SignedConsensusMsg};
use malachitebft_app_channel::app::streaming::StreamMessage;
use malachitebft_app_channel::app::types::codec::{Codec, HasEncodedLen};
use malachitebft_app_channel::app::types::sync::{RawDecidedValue, Request, Response, Status};
use malachitebft_core_types::{
    ExtendedCommitCertificate, ExtendedCommitSignature, PolkaCertificate, Round, ValidatorProof,
};
use malachitebft_sync::ValueResponse;

use super::context::{Address, BlockId, Ctx, Height, Part};
use super::signing::Sig;

/// First byte of everything the engine sends and logs.
const VERSION: u8 = 1;

/// The codec for the network, the log and value sync.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Wire;

fn encode(object: &impl BorshSerialize) -> io::Result<Bytes> {
    let mut bytes = vec![VERSION];
    object.serialize(&mut bytes)?;
    Ok(bytes.into())
}

fn decode<T: BorshDeserialize>(bytes: &Bytes) -> io::Result<T> {
    match bytes.split_first() {
        Some((&VERSION, body)) => borsh::from_slice(body),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "unknown version of the engine's bytes")),
    }
}

macro_rules! borsh_codec {
    ($($t:ty),* $(,)?) => {$(
        impl Codec<$t> for Wire {
            type Error = io::Error;
            fn decode(&self, bytes: Bytes) -> io::Result<$t> {
                decode(&bytes)
            }
            fn encode(&self, message: &$t) -> io::Result<Bytes> {
                encode(message)
            }
        }
    )*};
}

borsh_codec!(
    Part,
    StreamMessage<Part>,
    SignedConsensusMsg<Ctx>,
    LivenessMsg<Ctx>,
    ProposedValue<Ctx>,
    PolkaCertificate<Ctx>,
    Status<Ctx>,
    Request<Ctx>,
);

impl Codec<ValidatorProof<Ctx>> for Wire {
    type Error = io::Error;
    fn decode(&self, bytes: Bytes) -> io::Result<ValidatorProof<Ctx>> {
        let (key, peer, signature): (Vec<u8>, Vec<u8>, Sig) = decode(&bytes)?;
        Ok(ValidatorProof::new(key, peer, signature))
    }
    fn encode(&self, proof: &ValidatorProof<Ctx>) -> io::Result<Bytes> {
        encode(&(&proof.public_key, &proof.peer_id, &proof.signature))
    }
}

/// A decided block with its certificate, as value sync sends it.
#[derive(BorshSerialize, BorshDeserialize)]
struct Decided {
    block: Vec<u8>,
    height: Height,
    round: Round,
    id: BlockId,
    signatures: Vec<(Address, Sig)>,
}

impl From<&RawDecidedValue<Ctx>> for Decided {
    fn from(value: &RawDecidedValue<Ctx>) -> Self {
        let certificate = &value.certificate;
        Self {
            block: value.value_bytes.to_vec(),
            height: certificate.height,
            round: certificate.round,
            id: certificate.value_id,
            signatures: certificate.commit_signatures.iter().map(|s| (s.address, s.signature)).collect(),
        }
    }
}

impl From<Decided> for RawDecidedValue<Ctx> {
    fn from(decided: Decided) -> Self {
        let signatures = decided.signatures.into_iter();
        Self {
            value_bytes: decided.block.into(),
            certificate: ExtendedCommitCertificate {
                height: decided.height,
                round: decided.round,
                value_id: decided.id,
                commit_signatures: signatures
                    .map(|(address, signature)| ExtendedCommitSignature::new(address, signature, None))
                    .collect(),
            },
        }
    }
}

impl Codec<Response<Ctx>> for Wire {
    type Error = io::Error;
    fn decode(&self, bytes: Bytes) -> io::Result<Response<Ctx>> {
        let (start, values): (Height, Vec<Decided>) = decode(&bytes)?;
        Ok(Response::ValueResponse(ValueResponse::new(start, values.into_iter().map(Into::into).collect())))
    }
    fn encode(&self, response: &Response<Ctx>) -> io::Result<Bytes> {
        let Response::ValueResponse(response) = response;
        let values: Vec<Decided> = response.values.iter().map(Into::into).collect();
        encode(&(response.start_height, values))
    }
}

impl HasEncodedLen<Response<Ctx>> for Wire {
    fn encoded_len(&self, response: &Response<Ctx>) -> io::Result<usize> {
        self.encode(response).map(|bytes| bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_survive_the_wire() {
        let part = Part::Data(vec![1, 2, 3]);
        let bytes = Codec::<Part>::encode(&Wire, &part).unwrap();
        assert_eq!(Codec::<Part>::decode(&Wire, bytes).unwrap(), part);
    }

    #[test]
    fn broken_bytes_are_errors() {
        let whole = Codec::<Part>::encode(&Wire, &Part::Data(vec![9; 40])).unwrap();
        for cut in 0..whole.len() {
            assert!(Codec::<Part>::decode(&Wire, whole.slice(..cut)).is_err());
        }
        let mut other_version = whole.to_vec();
        other_version[0] = 2;
        assert!(Codec::<Part>::decode(&Wire, other_version.into()).is_err());
        // A length that promises more than there is must not reserve it.
        let lie = Bytes::from(vec![1, 1, 0xff, 0xff, 0xff, 0xff, 0]);
        assert!(Codec::<Part>::decode(&Wire, lie).is_err());
    }
}
