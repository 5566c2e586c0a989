//! The officer's own signature under a query, as it is kept with the papers; `judging.rs` checks it. Without it an officer is the department's word;
//! with it no department can name one who did not sign, nor one whom it certified afterwards.

use access::Assurance;
use gm::domain::{ChainId, Salt, commit};
use gm::sm3::Digest;
use ledger::roster::{Anchored, OfficerProof};
use ledger::wire::{In, Out, Wire, WireError, to_bytes};

/// A signature that was found good, and under which roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficerPapers {
    /// What shows whose signature it is.
    pub proof: OfficerProof,
    /// Salt of the commitment in the details.
    pub salt: Salt,
    /// The roster that held when it was checked.
    pub roster: Anchored,
}

impl Wire for OfficerPapers {
    fn put(&self, out: &mut Out) {
        out.array(3);
        self.proof.put(out);
        out.bytes(self.salt.as_bytes());
        self.roster.put(out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(3)?;
        let proof = Wire::take(input)?;
        let salt = Salt::from_bytes(input.fixed()?);
        Ok(Self { proof, salt, roster: Wire::take(input)? })
    }
}

/// Whose word it is that this officer asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordOf {
    /// The requester's: it says how the officer signed in.
    Department(Assurance),
    /// The officer's own.
    Officer(Box<OfficerPapers>),
}

/// What the details commit to.
pub(crate) fn commitment(chain: ChainId, (proof, salt): &(OfficerProof, Salt)) -> Digest {
    commit(chain, salt, &to_bytes(proof))
}
