//! Seals of steps that take two officers (会签印): each of the two signs with their own key what was drafted. A
//! department that has anchored a roster cannot ask or grant without two of the officers on it; one that has none
//! shows none. The first signs before the second is known, and the policies a grant is judged under are the
//! chain's to check: neither is in what they sign.

use crate::ids::{DepartmentId, Pseudonym, RequestId};
use crate::role::Role;
use crate::roster::OfficerProof;
use crate::wire::to_bytes;
use gm::domain::{ChainId, Kind, digest};
use gm::sm2::{SecretKey, SignFault, Signature};
use gm::sm3::Digest;

crate::wire_struct! {
    /// What an officer signs for a step of two: what was drafted, and as whom. The request is made for one
    /// transaction, so that a word is good for one step.
    pub struct StepWord {
        /// Protocol version, 1.
        pub version: u16,
        /// The chain.
        pub chain: ChainId,
        /// Whose officer.
        pub department: DepartmentId,
        /// The request that is made or decided.
        pub request: RequestId,
        /// SM3 of the step as it was drafted.
        pub step: Digest,
        /// The officer under the pseudonym of this step.
        pub actor: Pseudonym,
        /// In which capacity.
        pub role: Role,
    }
}

impl StepWord {
    /// What is signed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(self.chain, Kind::Step, &to_bytes(self))
    }

    /// Signs it with the officer's own key.
    ///
    /// # Errors
    /// [`SignFault`] when signing breaks.
    pub fn sign(&self, officer: &SecretKey) -> Result<Signature, SignFault> {
        officer.sign(self.chain, Kind::Step, &to_bytes(self))
    }
}

crate::wire_struct! {
    /// The two officers' own signatures, each with what shows whose it is.
    pub struct Seals {
        /// Of who drafted.
        pub by: OfficerProof,
        /// Of who countersigned.
        pub second: OfficerProof,
    }
}
