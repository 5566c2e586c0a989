//! Rosters (人员名册): which keys are officers' of a department. The department certifies each officer's key and
//! anchors the root over all certificates; the certificates stay with it and travel sealed to whom it asks.
//! With one, and with the officer's own signature, a provider knows that somebody made this query whom the
//! department named *before*: no department can make it up afterwards. The chain learns how many officers there
//! are and no more: an id is random, and a leaf cannot be guessed.

use crate::ids::{Code2, DepartmentId, EntryId, Height, ItemCode, Nonce, OfficerId, Pseudonym, Time};
use crate::protocol::Limits;
use crate::receipt::{LogHead, Place};
use crate::refusal::Refusal;
use crate::role::{Assurance, Role};
use crate::wire::to_bytes;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use gm::domain::{ChainId, Kind, digest};
use gm::merkle;
use gm::sm2::{PublicKey, SecretKey, SignFault, Signature, Signatures};
use gm::sm3::Digest;

crate::wire_struct! {
    /// Anchors the root over a department's certificates. It replaces the one before in its own block.
    pub struct AnchorRoster {
        /// [`roster_root`] of the certificates.
        pub root: Digest,
        /// How many there are.
        pub size: u64,
        /// The department's audit log, in which the change stands.
        pub log_head: LogHead,
    }
}

impl AnchorRoster {
    /// Whether number and root can belong together.
    ///
    /// # Errors
    /// [`Refusal::RosterMalformed`].
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        let is_empty = self.root == merkle::root(&[]);
        let sound = self.size <= limits.roster && (self.size == 0) == is_empty;
        if sound { Ok(()) } else { Err(Refusal::RosterMalformed) }
    }
}

crate::wire_struct! {
    /// A roster as the state knows it.
    pub struct Anchored {
        /// Root over the certificates.
        pub root: Digest,
        /// How many there are.
        pub size: u64,
        /// The department's audit log then.
        pub log_head: LogHead,
        /// Where it was anchored.
        pub anchored: Place,
        /// The time of the block that replaced it.
        pub replaced: Option<Time>,
    }
}

crate::wire_struct! {
    /// A department's newest roster, and those before it under which a decision of today may have been made.
    pub struct Rosters {
        /// In the order in which they were anchored, the newest last; never empty.
        pub anchored: Vec<Anchored>,
    }
}

impl Rosters {
    /// The roster that holds.
    #[must_use]
    pub fn newest(&self) -> Option<&Anchored> {
        self.anchored.last()
    }

    /// The roster that held after the block of a height, as long as the state remembers it: whoever judged at that
    /// height judged under this one.
    #[must_use]
    pub fn at(&self, height: Height) -> Option<&Anchored> {
        self.anchored.iter().rev().find(|roster| roster.anchored.height <= height)
    }

    /// Adds the newest and forgets those replaced longer than `kept_ms` ago.
    pub(crate) fn anchor(&mut self, newest: Anchored, kept_ms: u64, limits: &Limits) {
        let now = newest.anchored.at;
        if let Some(last) = self.anchored.last_mut() {
            last.replaced = Some(now);
        }
        self.anchored.retain(|roster| roster.replaced.is_none_or(|at| at.plus_ms(kept_ms) >= now));
        let beyond = self.anchored.len().saturating_sub(limits.rosters_kept.saturating_sub(1));
        self.anchored.drain(..beyond);
        self.anchored.push(newest);
    }
}

crate::wire_struct! {
    /// What a department says of an officer's key.
    pub struct OfficerEntry {
        /// Protocol version, 1.
        pub version: u16,
        /// The chain.
        pub chain: ChainId,
        /// Whose officer.
        pub department: DepartmentId,
        /// Random; only the department can tell who it is.
        pub officer: OfficerId,
        /// The officer's own key.
        pub key: PublicKey,
        /// In which capacities the officer may act.
        pub roles: BTreeSet<Role>,
        /// The highest grade of data the officer may see, 1 to 4.
        pub clearance: u8,
        /// First moment it holds.
        pub from: Time,
        /// Last moment it holds.
        pub until: Time,
    }
}

crate::wire_struct! {
    /// An officer's certificate: a department's word that a key is an officer's.
    pub struct OfficerCertificate {
        /// What is said.
        pub entry: OfficerEntry,
        /// By the department's office key.
        pub signature: Signature,
    }
}

/// Why an officer's word does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfficerFlaw {
    /// Another protocol version or chain.
    #[error("the officer's certificate or word is of another version or chain")]
    Chain,
    /// Of another department than the one that asks.
    #[error("the officer's certificate is another department's")]
    Department,
    /// The department did not certify this.
    #[error("the department's signature under the officer's certificate does not fit")]
    Certificate,
    /// Before or after its time.
    #[error("the officer's certificate is not valid yet or no longer")]
    Period,
    /// Certified for other capacities.
    #[error("the officer is not certified for this role")]
    Role,
    /// Not under the root that is anchored.
    #[error("the officer's certificate is not on the roster that is anchored")]
    Roster,
    /// Signed by somebody else, or something else was signed.
    #[error("the officer's own signature does not fit")]
    Signature,
}

impl OfficerCertificate {
    /// Certifies.
    ///
    /// # Errors
    /// [`SignFault`] when signing breaks.
    pub fn sign(entry: OfficerEntry, office: &SecretKey) -> Result<Self, SignFault> {
        let signature = office.sign(entry.chain, Kind::Roster, &to_bytes(&entry))?;
        Ok(Self { entry, signature })
    }

    /// Whether this department certified it on this chain for this moment. `office` is the department's key on the
    /// chain.
    ///
    /// # Errors
    /// [`OfficerFlaw`] names the first thing wrong.
    pub fn check(
        &self,
        chain: ChainId,
        department: &DepartmentId,
        office: &PublicKey,
        now: Time,
        signatures: &dyn Signatures,
    ) -> Result<(), OfficerFlaw> {
        let entry = &self.entry;
        if entry.version != 1 || entry.chain != chain {
            return Err(OfficerFlaw::Chain);
        }
        if entry.department != *department {
            return Err(OfficerFlaw::Department);
        }
        if !(entry.from..=entry.until).contains(&now) {
            return Err(OfficerFlaw::Period);
        }
        let signed = digest(chain, Kind::Roster, &to_bytes(entry));
        if signatures.holds(office, &signed, &self.signature) {
            Ok(())
        } else {
            Err(OfficerFlaw::Certificate)
        }
    }

    /// Its leaf in the roster.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        merkle::leaf_hash(&to_bytes(self))
    }
}

/// The root over certificates in this order, the order in which [`OfficerProof::of`] must be given them.
#[must_use]
pub fn roster_root(certificates: &[OfficerCertificate]) -> Digest {
    merkle::root(&leaves(certificates))
}

fn leaves(certificates: &[OfficerCertificate]) -> Vec<Digest> {
    certificates.iter().map(OfficerCertificate::leaf).collect()
}

crate::wire_struct! {
    /// What an officer signs for one query: all that the department could otherwise say in the officer's name. The
    /// nonce is the details', so that a word is good for one query.
    pub struct OfficerWord {
        /// Protocol version, 1.
        pub version: u16,
        /// The chain.
        pub chain: ChainId,
        /// Whose officer asks.
        pub department: DepartmentId,
        /// The details' nonce.
        pub nonce: Nonce,
        /// The officer under the pseudonym of this query.
        pub actor: Pseudonym,
        /// In which capacity.
        pub role: Role,
        /// How the officer signed in.
        pub assurance: Assurance,
        /// The catalogue entry.
        pub entry: EntryId,
        /// The items asked for.
        pub items: BTreeSet<ItemCode>,
        /// What for.
        pub purpose: Code2,
        /// Commitment to the business case.
        pub case_commit: Digest,
        /// Commitment to the person asked about.
        pub subject_commit: Option<Digest>,
        /// Root over many persons and their number.
        pub subjects: Option<(Digest, u32)>,
        /// Commitment to the claims.
        pub claims_commit: Option<Digest>,
    }
}

impl OfficerWord {
    /// What is signed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(self.chain, Kind::Officer, &to_bytes(self))
    }

    /// Signs it with the officer's own key.
    ///
    /// # Errors
    /// [`SignFault`] when signing breaks.
    pub fn sign(&self, officer: &SecretKey) -> Result<Signature, SignFault> {
        officer.sign(self.chain, Kind::Officer, &to_bytes(self))
    }
}

crate::wire_struct! {
    /// An officer's signature with all that shows whose it is; travels sealed with the query.
    pub struct OfficerProof {
        /// The officer's certificate.
        pub certificate: OfficerCertificate,
        /// Its place in the roster.
        pub index: u64,
        /// Siblings from its leaf to the anchored root (RFC 9162, 2.1.3).
        pub path: Vec<Digest>,
        /// The officer's, under the [`OfficerWord`].
        pub signature: Signature,
    }
}

impl OfficerProof {
    /// Puts a proof together for the certificate at `index` of the roster. None when there is no such place. Only the
    /// path changes with a newer roster: the officer need not sign again.
    #[must_use]
    pub fn of(roster: &[OfficerCertificate], index: u64, signature: Signature) -> Option<Self> {
        let place = usize::try_from(index).ok()?;
        let certificate = roster.get(place)?.clone();
        Some(Self { certificate, index, path: merkle::path(&leaves(roster), place)?, signature })
    }

    /// Whether an officer of the word's department, on this roster of it, said this word, in a role certified for
    /// this moment. `office` is the department's key on the chain.
    ///
    /// # Errors
    /// [`OfficerFlaw`] names the first thing wrong, cheapest first.
    pub fn check(
        &self,
        word: &OfficerWord,
        roster: &Anchored,
        office: &PublicKey,
        now: Time,
        signatures: &dyn Signatures,
    ) -> Result<(), OfficerFlaw> {
        let entry = &self.certificate.entry;
        if word.version != 1 {
            return Err(OfficerFlaw::Chain);
        }
        if !entry.roles.contains(&word.role) {
            return Err(OfficerFlaw::Role);
        }
        if !merkle::verify(self.certificate.leaf(), self.index, roster.size, &self.path, roster.root) {
            return Err(OfficerFlaw::Roster);
        }
        self.certificate.check(word.chain, &word.department, office, now, signatures)?;
        let said = signatures.holds(&entry.key, &word.digest(), &self.signature);
        if said { Ok(()) } else { Err(OfficerFlaw::Signature) }
    }
}
