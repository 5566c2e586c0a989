//! The genesis file: who founds a chain, with which parameters and policies. Its SM3 is the chain's id
//! and everybody's trust root.

use crate::amendment::{Enacted, Stewardship};
use crate::apply::amendment::enact;
use crate::certificate::ValidatorSet;
use crate::department::{Department, KeyKind, KeyRecord, Member, ValidatorKey};
use crate::ids::{BlockId, CodeFront, DepartmentId, Height, PolicyVersion, Time};
use crate::keys;
use crate::parameters::Parameters;
use crate::policy::{PolicyOwner, PolicySet, RowId, RowProblem};
use crate::protocol::{Limits, Protocol, Schedule, UnknownVersion};
use crate::receipt::PolicyVersions;
use crate::state::Changes;
use crate::text::Text;
use crate::tip::Tip;
use crate::wire::{WireError, from_bytes, to_bytes};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use gm::domain::ChainId;
use gm::sm2::{PublicKey, Signature};
use gm::sm3::{Digest, sm3};

crate::wire_struct! {
    /// The founding document of a chain.
    pub struct Genesis {
        /// Protocol version, 1.
        pub version: u16,
        /// The chain's name, for people only.
        pub name: Text<100>,
        /// When the chain begins.
        pub time: Time,
        /// Bounds of time.
        pub parameters: Parameters,
        /// Members, sorted by code.
        pub departments: Vec<Member>,
        /// Validators, sorted by department.
        pub validators: Vec<ValidatorKey>,
        /// First policies of all three layers, sorted by owner.
        pub policies: Vec<PolicySet>,
        /// Who writes the layers of the nation and of provinces, sorted by owner. A layer without a steward stays as
        /// it is founded.
        pub stewards: Vec<Stewardship>,
    }
}

/// Why a file founds no chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// Not a genesis file.
    #[error("the genesis file cannot be read: {0}")]
    Wire(#[from] WireError),
    /// Another protocol version.
    #[error("the genesis file cannot be read: {0}")]
    Version(#[from] UnknownVersion),
    /// Parameters outside their bounds.
    #[error("the parameters are outside their bounds")]
    Parameters,
    /// None, too many, out of order or named twice.
    #[error("departments are missing, too many, out of order or named twice")]
    Departments,
    /// None, too many, out of order, without power or of no member.
    #[error("validators are missing, too many, out of order, without power or of no member")]
    Validators,
    /// A key that stands twice: each key appears on a chain once.
    #[error("a key or peer of {0} stands in the file twice")]
    KeyTwice(DepartmentId),
    /// Too many fronts of resource codes of one department, or out of order.
    #[error("the codes of {0} are too many or out of order")]
    Codes(DepartmentId),
    /// Codes that would be two departments', or stand twice.
    #[error("codes that begin with {front} are of {0} and of {1}", .departments.0, .departments.1)]
    CodeTwice {
        /// The longer front.
        front: CodeFront,
        /// Both departments.
        departments: (DepartmentId, DepartmentId),
    },
    /// Possession of a key is not proven.
    #[error("{0} does not prove possession of its keys")]
    Possession(DepartmentId),
    /// A layer is missing, not the first of its owner, or malformed.
    #[error("the policies are missing a layer, out of order or malformed")]
    Policies,
    /// A row that no door could read.
    #[error("row {row} of the policy of {owner} cannot be read: {problem}")]
    PolicyRow {
        /// Whose policy.
        owner: PolicyOwner,
        /// The row.
        row: RowId,
        /// Which column.
        problem: RowProblem,
    },
    /// A steward of no layer of the chain or of no member, out of order or named twice.
    #[error("the stewards are out of order, named twice, of no layer of this chain or no members")]
    Stewards,
}

impl Genesis {
    /// Reads and checks a genesis file.
    ///
    /// # Errors
    /// [`GenesisError`] names the first thing wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, GenesisError> {
        let genesis: Self = from_bytes(bytes)?;
        genesis.check()?;
        Ok(genesis)
    }

    /// Whether the document can found a chain.
    ///
    /// # Errors
    /// [`GenesisError`] names the first thing wrong.
    pub fn check(&self) -> Result<(), GenesisError> {
        let Protocol { limits, .. } = Protocol::of(self.version)?;
        if !self.parameters.is_sound(limits) {
            return Err(GenesisError::Parameters);
        }
        let ids: Vec<_> = self.departments.iter().map(|m| &m.id).collect();
        if ids.is_empty() || ids.len() > limits.departments || !ids.is_sorted_by(|a, b| a < b) {
            return Err(GenesisError::Departments);
        }
        let voters: Vec<_> = self.validators.iter().map(|v| &v.department).collect();
        if voters.is_empty()
            || voters.len() > limits.validators
            || !voters.is_sorted_by(|a, b| a < b)
            || !voters.iter().all(|id| ids.contains(id))
            || self.validators.iter().any(|v| v.power == 0)
        {
            return Err(GenesisError::Validators);
        }
        self.check_keys()?;
        self.check_codes(limits)?;
        self.check_policies(limits)
    }

    /// Whether each code is one department's at most.
    fn check_codes(&self, limits: &Limits) -> Result<(), GenesisError> {
        let is_list = |codes: &[CodeFront]| codes.len() <= limits.code_fronts && codes.is_sorted();
        if let Some(member) = self.departments.iter().find(|member| !is_list(&member.codes)) {
            return Err(GenesisError::Codes(member.id.clone()));
        }
        let of_member = |member: &'_ Member| -> Vec<_> {
            member.codes.iter().map(|front| (front.clone(), member.id.clone())).collect()
        };
        let mut fronts: Vec<_> = self.departments.iter().flat_map(of_member).collect();
        fronts.sort();
        // Between a front and one that it holds there are only such as it holds too: neighbours tell.
        for ((front, of), (next, other)) in fronts.iter().zip(fronts.iter().skip(1)) {
            if front.holds(next) {
                let departments = (of.clone(), other.clone());
                return Err(GenesisError::CodeTwice { front: next.clone(), departments });
            }
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), GenesisError> {
        let mut keys_seen = BTreeSet::new();
        let mut peers_seen = BTreeSet::new();
        for member in &self.departments {
            let once = peers_seen.insert(member.peer.clone())
                & member.keys().iter().all(|(_, key)| keys_seen.insert(*key.as_bytes()));
            if !once {
                return Err(GenesisError::KeyTwice(member.id.clone()));
            }
            if !member.proofs_hold() {
                return Err(GenesisError::Possession(member.id.clone()));
            }
        }
        for validator in &self.validators {
            if !keys_seen.insert(*validator.key.as_bytes()) {
                return Err(GenesisError::KeyTwice(validator.department.clone()));
            }
            if !validator.proof_holds() {
                return Err(GenesisError::Possession(validator.department.clone()));
            }
        }
        Ok(())
    }

    /// Every proof of possession in the file: key, what is signed, signature.
    pub(crate) fn possessions(&self) -> Vec<(PublicKey, Digest, Signature)> {
        let members = self.departments.iter().flat_map(Member::possessions);
        members.chain(self.validators.iter().map(ValidatorKey::possession)).collect()
    }

    fn check_policies(&self, limits: &Limits) -> Result<(), GenesisError> {
        let owners: Vec<_> = self.policies.iter().map(|set| &set.owner).collect();
        let complete = owners.contains(&&PolicyOwner::Nation)
            && self.departments.iter().all(|member| {
                owners.contains(&&PolicyOwner::Region(member.region.province()))
                    && owners.contains(&&PolicyOwner::Department(member.id.clone()))
            });
        let first = |set: &PolicySet| {
            set.number == 1 && set.previous == PolicyVersion([0; 32]) && set.is_sound(limits)
        };
        if !(complete && owners.is_sorted_by(|a, b| a < b) && self.policies.iter().all(first)) {
            return Err(GenesisError::Policies);
        }
        for set in &self.policies {
            if let Some((row, problem)) = set.unreadable() {
                let (owner, row) = (set.owner.clone(), row.id.clone());
                return Err(GenesisError::PolicyRow { owner, row, problem });
            }
        }
        self.check_stewards()
    }

    fn check_stewards(&self) -> Result<(), GenesisError> {
        let is_shared = |owner: &PolicyOwner| {
            !matches!(owner, PolicyOwner::Department(_))
                && self.policies.iter().any(|set| &set.owner == owner)
        };
        let sound = self.stewards.is_sorted_by(|a, b| a.owner < b.owner)
            && self
                .stewards
                .iter()
                .all(|named| is_shared(&named.owner) && self.member(&named.steward).is_some());
        if sound { Ok(()) } else { Err(GenesisError::Stewards) }
    }

    /// The chain's id: SM3 of the file.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        ChainId(sm3(&[&to_bytes(self)]))
    }

    /// The founding validators.
    #[must_use]
    pub fn validator_set(&self) -> ValidatorSet {
        ValidatorSet::new(&self.validators)
    }

    /// The member of this code.
    #[must_use]
    pub fn member(&self, id: &DepartmentId) -> Option<&Member> {
        self.departments.iter().find(|member| &member.id == id)
    }

    /// The versions of the three first layers that hold for a member.
    #[must_use]
    pub fn policy_versions(&self, id: &DepartmentId) -> Option<PolicyVersions> {
        let chain = self.chain();
        let version = |owner: PolicyOwner| {
            self.policies.iter().find(|set| set.owner == owner).map(|set| set.version(chain))
        };
        Some(PolicyVersions {
            national: version(PolicyOwner::Nation)?,
            region: version(PolicyOwner::Region(self.member(id)?.region.province()))?,
            department: version(PolicyOwner::Department(id.clone()))?,
        })
    }

    /// State and tip before the first block.
    #[must_use]
    pub fn initial(&self) -> (Changes, Tip) {
        let chain = self.chain();
        let mut changes = Changes::default();
        changes.put(keys::PARAMETERS.to_vec(), to_bytes(&self.parameters));
        changes.put(keys::SCHEDULE.to_vec(), to_bytes(&Schedule::founded(self.version)));
        let validators = self.validator_set();
        for key in [keys::VALIDATORS, keys::VALIDATORS_BEFORE] {
            changes.put(key.to_vec(), to_bytes(&validators));
        }
        for member in &self.departments {
            let department = Department { member: member.clone(), active: true };
            changes.put(keys::department(&member.id), to_bytes(&department));
            changes.put(keys::peer(&member.peer), to_bytes(&member.id));
            for (kind, key) in member.keys() {
                let record = KeyRecord { department: member.id.clone(), kind, key: key.clone() };
                changes.put(keys::signing_key(&key.key_id()), to_bytes(&record));
            }
        }
        for validator in &self.validators {
            let record = KeyRecord {
                department: validator.department.clone(),
                kind: KeyKind::Consensus,
                key: validator.key.clone(),
            };
            changes.put(keys::signing_key(&validator.key.key_id()), to_bytes(&record));
        }
        for set in &self.policies {
            let founded = Enacted {
                version: set.version(chain),
                set: set.clone(),
                reason: None,
                steps: None,
                since: Height(0),
                at: self.time,
            };
            enact(&mut changes, &founded);
        }
        for Stewardship { owner, steward } in &self.stewards {
            changes.put(keys::steward(owner), to_bytes(steward));
        }
        let tip = Tip {
            height: Height(0),
            round: 0,
            time: self.time,
            block: BlockId(chain.0.0),
            receipt_root: gm::merkle::root(&[]),
            receipt_count: 0,
            validators: validators.digest(),
        };
        (changes, tip)
    }
}
