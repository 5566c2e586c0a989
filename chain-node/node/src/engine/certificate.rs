//! What decided a block, in the engine's words and in the ledger's.

use ledger::certificate::Certificate;
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
