//! What decided a block, in the engine's words and in the ledger's.

use ledger::certificate::Certificate;
use ledger::wire::{from_bytes, to_bytes};
use malachitebft_core_types::{CommitCertificate, CommitSignature, Round};

use super::context::Ctx;
use super::signing::Sig;
use crate::fault::NodeFault;

/// The ledger's form of a certificate.
pub(crate) fn to_ledger(certificate: &CommitCertificate<Ctx>) -> Result<Certificate, NodeFault> {
    let mut signatures = Vec::with_capacity(certificate.commit_signatures.len());
    for signed in &certificate.commit_signatures {
        let signature = signed
            .signature
            .parse()
            .ok_or_else(|| NodeFault::engine("a certificate holds a malformed signature"))?;
        signatures.push((signed.address.into(), signature));
    }
    signatures.sort_by_key(|(address, _)| *address);
    signatures.dedup_by_key(|(address, _)| *address);
    let round = certificate.round.as_u32().ok_or_else(|| NodeFault::engine("a certificate without round"))?;
    Ok(Certificate {
        height: certificate.height.into(),
        round,
        block: certificate.value_id.into(),
        signatures,
    })
}

/// A decided block as it goes to a node that catches up, with its certificate in front: the engine keeps
/// the one it checked to itself, and a decided block that is invalid here must be told from a wrong one.
pub(crate) fn with_certificate(certificate: &Certificate, block: &[u8]) -> Vec<u8> {
    let certificate = to_bytes(certificate);
    let length = u32::try_from(certificate.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), certificate.as_slice(), block].concat()
}

/// The two parts of that; none if they are not.
pub(crate) fn split_certificate(value: &[u8]) -> Option<(Certificate, &[u8])> {
    let (length, rest) = value.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (certificate, block) = rest.split_at_checked(length)?;
    Some((from_bytes(certificate).ok()?, block))
}

/// The engine's form of a certificate, for nodes that catch up.
pub(crate) fn to_engine(certificate: &Certificate) -> CommitCertificate<Ctx> {
    let signatures = certificate.signatures.iter();
    CommitCertificate {
        height: certificate.height.into(),
        round: Round::new(certificate.round),
        value_id: certificate.block.into(),
        commit_signatures: signatures
            .map(|(address, signature)| CommitSignature::new((*address).into(), Sig::from(signature)))
            .collect(),
    }
}
