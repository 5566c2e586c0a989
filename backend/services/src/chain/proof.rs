//! Why a block and what is in it can be believed: signatures, the path to the root, the certificate.

use gm::domain::Kind;
use gm::merkle;
use gm::sm3::Digest;
use ledger::block::Block;
use ledger::certificate::{Certificate, ValidatorSet};
use ledger::ids::Address;
use ledger::state::StateRead;
use ledger::transaction::Signed;
use ledger::views;
use ledger::wire::to_bytes;
use node::Snapshot;

use crate::chain::view::{CertificateView, ProofStep, ProofView, SignerView};
use crate::error::ServiceError;
use crate::names::{DepartmentRef, Names};
use crate::office::Office;

/// Whether a transaction's signature fits, under a key of its department and of the right kind.
pub(crate) fn transaction_signature(reads: &dyn StateRead, signed: &Signed) -> Result<bool, ServiceError> {
    let body = &signed.body;
    let Some(key) = views::signing_key(reads, &body.key_id)? else { return Ok(false) };
    Ok(key.kind == body.payload.key_kind()
        && key.department == body.department
        && key.key.verify(body.chain, Kind::Tx, &to_bytes(body), &signed.signature))
}

/// The path of the transaction at `index`, with every node in between, as it is drawn.
pub(crate) fn proof_of(block: &Block, index: u32) -> Option<ProofView> {
    let leaves = block.leaves();
    let place = usize::try_from(index).ok()?;
    let leaf = *leaves.get(place)?;
    let path = merkle::path(&leaves, place)?;
    let (steps, root) = walk(leaf, u64::from(index), leaves.len() as u64, &path);
    let header_root = block.header.transaction_root;
    Some(ProofView {
        leaf: leaf.to_string(),
        index: u64::from(index),
        size: leaves.len() as u64,
        steps,
        root: root.to_string(),
        header_root: header_root.to_string(),
        matches: root == header_root,
    })
}

/// RFC 9162, 2.1.3.2, keeping each node on the way.
fn walk(leaf: Digest, index: u64, size: u64, path: &[Digest]) -> (Vec<ProofStep>, Digest) {
    let (mut place, mut last) = (index, size.saturating_sub(1));
    let mut node = leaf;
    let mut steps = Vec::with_capacity(path.len());
    for sibling in path {
        let sibling_left = place & 1 == 1 || place == last;
        if sibling_left {
            node = merkle::node_hash(sibling, &node);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            node = merkle::node_hash(&node, sibling);
        }
        place >>= 1;
        last >>= 1;
        steps.push(ProofStep { sibling: sibling.to_string(), sibling_left, node: node.to_string() });
    }
    (steps, node)
}

/// A certificate with all validators of the height, checked.
pub(crate) fn certificate_view(
    office: &Office,
    snapshot: &Snapshot<'_>,
    names: &Names,
    certificate: &Certificate,
    validators: &ValidatorSet,
) -> CertificateView {
    let signers: Vec<SignerView> = validators
        .validators()
        .iter()
        .map(|known| {
            let signature = certificate.signatures.iter().find(|(address, _)| *address == known.address);
            SignerView {
                department: validator(office, names, &known.address),
                address: known.address.to_string(),
                signed: signature.is_some(),
                signature: signature.map(|(_, signature)| hex::encode(signature.as_bytes())),
            }
        })
        .collect();
    let total = signers.len() as u64;
    CertificateView {
        signed: signers.iter().filter(|signer| signer.signed).count() as u64,
        needed: total * 2 / 3 + 1,
        valid: certificate.check(validators, snapshot.chain(), &gm::sm2::Direct).is_ok(),
        signers,
    }
}

/// The department behind a validator's address.
pub(super) fn validator(office: &Office, names: &Names, address: &Address) -> DepartmentRef {
    let known = office.validator_departments().iter().find(|(_, known)| known == address);
    match known {
        Some((department, _)) => names.of(department.as_str()),
        None => names.of(&address.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_ends_at_the_root_for_every_place_of_every_small_tree() {
        for size in 1usize..=17 {
            let leaves: Vec<Digest> =
                (0..size).map(|number| merkle::leaf_hash(&[u8::try_from(number).unwrap()])).collect();
            let root = merkle::root(&leaves);
            for index in 0..size {
                let path = merkle::path(&leaves, index).unwrap();
                let (steps, found) = walk(leaves[index], index as u64, size as u64, &path);
                assert_eq!(found, root, "{index} of {size}");
                assert_eq!(steps.len(), path.len());
            }
        }
    }
}
