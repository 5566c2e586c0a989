//! The officer's own signature under a query: checked in one way at both ends, by the requester before it sends and
//! by the provider before it believes, and kept with the papers. Without it an officer is the department's word;
//! with it no department can name one who did not sign, nor one whom it certified afterwards.

use access::Assurance;
use gm::domain::{ChainId, Salt, commit};
use gm::sm3::Digest;
use ledger::roster::{Anchored, OfficerFlaw, OfficerProof, OfficerWord};
use ledger::wire::{In, Out, Wire, WireError, to_bytes};

use crate::context::Context;
use crate::outcome::Outcome;
use crate::protocol::Question;
use crate::standing::Standing;

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

/// The officer's signature, if the question needs one and it holds at this head; none where the details claim no
/// key. The clearance that policies judge is bound by the certificate, too: the word does not name it.
///
/// # Errors
/// The flaw: all of them are denied as malformed.
pub(crate) fn believed(
    context: &Context,
    question: &Question,
    standing: &Standing,
) -> Result<Option<OfficerPapers>, Outcome> {
    let (details, asker) = (&question.details, &question.asker);
    let (proof, salt) = match (details.assurance, &question.officer) {
        // A code is the requester's word, as the password is.
        (Assurance::Password | Assurance::Otp, None) => return Ok(None),
        (Assurance::Ukey, Some((proof, salt))) => (proof, salt),
        (Assurance::Ukey, None) | (Assurance::Password | Assurance::Otp, Some(_)) => {
            return Err(Outcome::OfficerMissing);
        }
    };
    let tip = &standing.head.tip;
    let roster = standing.rosters.as_ref().and_then(|rosters| rosters.at(tip.height));
    let roster = roster.ok_or(Outcome::OfficerRoster)?;
    let requester = standing.requester.as_ref().ok_or(Outcome::OfficerDepartment)?;
    let word = OfficerWord::of(details, context.chain, &requester.member.id, asker.role);
    let signatures = context.node.signatures();
    proof.check(&word, roster, &requester.member.office, tip.time, &*signatures)?;
    if proof.certificate.entry.clearance < asker.clearance {
        return Err(Outcome::OfficerClearance);
    }
    Ok(Some(OfficerPapers { proof: proof.clone(), salt: salt.clone(), roster: roster.clone() }))
}

impl From<OfficerFlaw> for Outcome {
    fn from(flaw: OfficerFlaw) -> Self {
        match flaw {
            OfficerFlaw::Chain => Self::OfficerChain,
            OfficerFlaw::Department => Self::OfficerDepartment,
            OfficerFlaw::Certificate => Self::OfficerCertificate,
            OfficerFlaw::Period => Self::OfficerPeriod,
            OfficerFlaw::Role => Self::OfficerRole,
            OfficerFlaw::Roster => Self::OfficerRoster,
            OfficerFlaw::Signature => Self::OfficerSignature,
        }
    }
}
