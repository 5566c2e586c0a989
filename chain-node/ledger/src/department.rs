//! Members of the chain: departments with their keys, and validators.

use crate::ids::{Address, CodeFront, DepartmentId, PeerKey, Pseudonym, RegionCode, ResourceCode};
use crate::text::Words;
use crate::wire::to_bytes;
use alloc::vec::Vec;
use gm::domain::{ChainId, Kind, digest};
use gm::sm2::{PublicKey, SecretKey, SignFault, Signature};
use gm::sm3::{Digest, sm3};

crate::wire_code! {
    /// What a key may do. The ledger refuses a payload under the wrong kind.
    pub enum KeyKind {
        /// Signs requests, grants, catalogue and governance.
        Office = 1 => "office",
        /// Signs tickets, receipts, denials, acknowledgements and looks; nothing else.
        Online = 2 => "online",
        /// Opens what is sealed to the department.
        Sealing = 3 => "sealing",
        /// Votes in consensus.
        Consensus = 4 => "consensus",
    }
}

crate::wire_struct! {
    /// A department's public member card.
    pub struct Member {
        /// Its unified social credit code.
        pub id: DepartmentId,
        /// Its name.
        pub name: Words,
        /// Its administrative division.
        pub region: RegionCode,
        /// Whether it may inspect (监督检查部门).
        pub inspectorate: bool,
        /// Fronts of the resource codes that are its own, sorted: nobody else publishes under them, and it under no
        /// others.
        pub codes: Vec<CodeFront>,
        /// Key for requests, grants, catalogue.
        pub office: PublicKey,
        /// Key for tickets, receipts, acknowledgements.
        pub online: PublicKey,
        /// Key that things are sealed to.
        pub sealing: PublicKey,
        /// Its libp2p identity; possession is proven at every connection.
        pub peer: PeerKey,
        /// Commitment to the key that makes its officers' pseudonyms.
        pub actor_commit: Digest,
        /// Proofs of possession of office, online and sealing key, under the zero chain id.
        pub proofs: (Signature, Signature, Signature),
    }
}

crate::wire_struct! {
    /// A department's consensus key.
    pub struct ValidatorKey {
        /// Whose it is.
        pub department: DepartmentId,
        /// The key votes are signed with.
        pub key: PublicKey,
        /// Voting power.
        pub power: u32,
        /// Proof of possession under the zero chain id.
        pub proof: Signature,
    }
}

crate::wire_struct! {
    /// A member card with the consensus key of a department that validates.
    pub struct Card {
        /// The department.
        pub member: Member,
        /// Its consensus key, if it validates.
        pub validator: Option<ValidatorKey>,
    }
}

crate::wire_struct! {
    /// A department as the state knows it.
    pub struct Department {
        /// Its card.
        pub member: Member,
        /// Suspended departments start nothing.
        pub active: bool,
    }
}

crate::wire_struct! {
    /// A key as the state knows it.
    pub struct KeyRecord {
        /// Whose it is.
        pub department: DepartmentId,
        /// What it may do.
        pub kind: KeyKind,
        /// The key.
        pub key: PublicKey,
    }
}

fn possession_body(department: &DepartmentId, kind: KeyKind, key: &PublicKey) -> Vec<u8> {
    to_bytes(&(department.clone(), kind, key.clone()))
}

/// Proves that the holder of `key` wants it to be this department's key of this kind.
///
/// # Errors
/// [`SignFault`] when signing breaks.
pub fn prove_possession(
    department: &DepartmentId,
    kind: KeyKind,
    key: &SecretKey,
) -> Result<Signature, SignFault> {
    key.sign(ChainId::ZERO, Kind::Possess, &possession_body(department, kind, &key.public()))
}

fn possessed(department: &DepartmentId, kind: KeyKind, key: &PublicKey) -> Digest {
    digest(ChainId::ZERO, Kind::Possess, &possession_body(department, kind, key))
}

fn possesses(department: &DepartmentId, kind: KeyKind, key: &PublicKey, proof: &Signature) -> bool {
    key.verify_digest(&possessed(department, kind, key), proof)
}

impl Member {
    /// Whether each key was proven to be held.
    #[must_use]
    pub fn proofs_hold(&self) -> bool {
        possesses(&self.id, KeyKind::Office, &self.office, &self.proofs.0)
            && possesses(&self.id, KeyKind::Online, &self.online, &self.proofs.1)
            && possesses(&self.id, KeyKind::Sealing, &self.sealing, &self.proofs.2)
    }

    /// Whether it publishes under this code, and it alone.
    #[must_use]
    pub fn publishes(&self, code: &ResourceCode) -> bool {
        self.codes.iter().any(|front| front.covers(code))
    }

    /// Its proofs of possession: key, what is signed, signature.
    pub(crate) fn possessions(&self) -> [(PublicKey, Digest, Signature); 3] {
        let [office, online, sealing] =
            self.keys().map(|(kind, key)| (key.clone(), possessed(&self.id, kind, key)));
        [(office, self.proofs.0), (online, self.proofs.1), (sealing, self.proofs.2)]
            .map(|((key, digest), proof)| (key, digest, proof))
    }

    /// The department's keys with their kinds.
    #[must_use]
    pub fn keys(&self) -> [(KeyKind, &PublicKey); 3] {
        [(KeyKind::Office, &self.office), (KeyKind::Online, &self.online), (KeyKind::Sealing, &self.sealing)]
    }
}

impl ValidatorKey {
    /// Whether the key was proven to be held.
    #[must_use]
    pub fn proof_holds(&self) -> bool {
        possesses(&self.department, KeyKind::Consensus, &self.key, &self.proof)
    }

    /// Its proof of possession: key, what is signed, signature.
    pub(crate) fn possession(&self) -> (PublicKey, Digest, Signature) {
        (self.key.clone(), possessed(&self.department, KeyKind::Consensus, &self.key), self.proof)
    }

    /// The validator's address.
    #[must_use]
    pub fn address(&self) -> Address {
        address(&self.key)
    }
}

/// The address of a consensus key: the last 20 bytes of its SM3.
#[must_use]
pub fn address(key: &PublicKey) -> Address {
    let digest = sm3(&[key.as_bytes()]);
    let mut bytes = [0; 20];
    for (to, from) in bytes.iter_mut().zip(digest.0.iter().skip(12)) {
        *to = *from;
    }
    Address(bytes)
}

/// An officer within one object: `HMAC-SM3(HMAC-SM3(actor key, chain ‖ object), staff id)` (PROTOCOL section 2).
#[must_use]
pub fn pseudonym(actor_key: &[u8; 32], chain: ChainId, object: &[u8], staff_id: &str) -> Pseudonym {
    let object_key = gm::sm3::hmac(actor_key, &[&chain.0.0, object]);
    gm::sm3::hmac(&object_key.0, &[staff_id.as_bytes()]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_officer_is_the_same_within_one_object_and_a_stranger_elsewhere() {
        let (chain, other_chain) = (ChainId::ZERO, ChainId(Digest([1; 32])));
        let one = pseudonym(&[7; 32], chain, b"request 1", "liu");
        assert_eq!(one, pseudonym(&[7; 32], chain, b"request 1", "liu"));
        let strangers = [
            pseudonym(&[7; 32], chain, b"request 2", "liu"),
            pseudonym(&[7; 32], chain, b"request 1", "he"),
            pseudonym(&[7; 32], other_chain, b"request 1", "liu"),
            pseudonym(&[8; 32], chain, b"request 1", "liu"),
            // What belongs to the object does not pass for the person.
            pseudonym(&[7; 32], chain, b"request ", "1liu"),
        ];
        assert!(strangers.iter().all(|stranger| *stranger != one));
    }

    #[test]
    fn possession_is_of_one_key_for_one_kind_of_one_department() {
        let key = SecretKey::from_bytes(&[7; 32]).unwrap();
        let other = SecretKey::from_bytes(&[8; 32]).unwrap().public();
        let [id, other_id]: [DepartmentId; 2] =
            ["12440100X00000254F", "12510100X00000318P"].map(|id| id.parse().unwrap());
        let proof = prove_possession(&id, KeyKind::Office, &key).unwrap();
        assert!(possesses(&id, KeyKind::Office, &key.public(), &proof));
        assert!(!possesses(&other_id, KeyKind::Office, &key.public(), &proof));
        assert!(!possesses(&id, KeyKind::Online, &key.public(), &proof));
        assert!(!possesses(&id, KeyKind::Office, &other, &proof));
    }
}
