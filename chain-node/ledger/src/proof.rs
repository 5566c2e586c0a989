//! Evidence of one access (`*.zlproof`): everything an outsider needs to check it offline, from one file
//! and a trust root (the SM3 of the genesis file), without trusting any node. See `docs/evidence-format.md`.

mod case;
mod check;
mod disclosures;
mod officers;
mod policies;
mod rules;
mod trusted;

use crate::block::{Block, Header};
use crate::certificate::Certificate;
use crate::genesis::Genesis;
use crate::ids::QueryId;
use crate::transaction::Signed;
use crate::wire::Bytes;
use alloc::string::String;
use alloc::vec::Vec;
use gm::domain::ChainId;
use gm::merkle;
use gm::sm3::Digest;

pub use check::{Options, verify};
pub use officers::Signer;

/// Bytes of the largest evidence file that is read: a genesis of a thousand departments and room beside it.
pub const EVIDENCE_BYTES_MAX: usize = 8 * 1024 * 1024;

crate::wire_struct! {
    /// A transaction with the proof that it is on the chain.
    pub struct Proven {
        /// The transaction.
        pub signed: Signed,
        /// Its place in the block.
        pub index: u32,
        /// Transactions of the block.
        pub count: u32,
        /// Siblings from the leaf to the transaction root (RFC 9162, 2.1.3).
        pub path: Vec<Digest>,
        /// The block's header.
        pub header: Header,
        /// The certificate that decided the block.
        pub certificate: Certificate,
    }
}

impl Proven {
    /// Takes the proof for the transaction at `index` from its block. None when the block has no such place.
    #[must_use]
    pub fn from_block(block: &Block, certificate: Certificate, index: u32) -> Option<Self> {
        let place = usize::try_from(index).ok()?;
        Some(Self {
            signed: block.transactions.get(place)?.signed().clone(),
            index,
            count: u32::try_from(block.transactions.len()).ok()?,
            path: merkle::path(&block.leaves(), place)?,
            header: block.header.clone(),
            certificate,
        })
    }
}

crate::wire_struct! {
    /// Why the access was allowed.
    pub struct Basis {
        /// The entry's publication.
        pub publication: Proven,
        /// The request.
        pub request: Proven,
        /// Its approval: the grant.
        pub approval: Proven,
    }
}

crate::wire_code! {
    /// What an opening opens: a commitment in the details, in the answer's header or in a denial.
    pub enum Field {
        /// `subject_commit` of the details: the person asked about.
        Subject = 1 => "subject",
        /// `case_commit` of the details: the number of the business case.
        Case = 2 => "case",
        /// `claims_commit` of the details, in mode verify.
        Claims = 3 => "claims",
        /// `officer_proof_commit` of the details: the officer's own signature.
        OfficerProof = 4 => "officer-proof",
        /// `asker_commit` of the details: the officer's attributes.
        Asker = 5 => "asker",
        /// `requester_decision_commit` of the details: the requester's own decision.
        RequesterDecision = 6 => "requester-decision",
        /// `decision_commit` of the answer's header or of the denial: the provider's decision.
        Decision = 7 => "decision",
    }
}

crate::wire_struct! {
    /// The opening of a commitment. It fits the field it names and no other.
    pub struct Opening {
        /// Which commitment it opens.
        pub field: Field,
        /// Its salt.
        pub salt: [u8; 32],
        /// What was committed to.
        pub value: Bytes,
    }
}

crate::wire_struct! {
    /// How a policy that is not of the genesis file came to be.
    pub struct Amendment {
        /// Its draft, with all rows.
        pub draft: Proven,
        /// The second officer's countersignature.
        pub countersignature: Proven,
    }
}

crate::wire_struct! {
    /// The evidence of one access.
    pub struct Evidence {
        /// Format version, 1.
        pub version: u16,
        /// SM3 of the genesis file.
        pub chain: ChainId,
        /// The genesis file: keys of departments and validators, first policies.
        pub genesis: Genesis,
        /// Entry, request and grant; none for a denial without a grant.
        pub basis: Option<Basis>,
        /// The receipt or the denial.
        pub record: Proven,
        /// The acknowledgement, once there is one.
        pub delivery: Option<Proven>,
        /// The query's details, when a party exports them.
        pub details: Option<Bytes>,
        /// The answer's header, when a party exports it.
        pub answer: Option<Bytes>,
        /// Openings of commitments, when a party exports them; sorted by field, each once.
        pub openings: Vec<Opening>,
        /// Policies that are named and not of the genesis file; sorted by owner and number, each once.
        pub amendments: Vec<Amendment>,
        /// The anchoring of the roster that the officer's proof stands on, exactly where that is opened.
        pub roster: Option<Proven>,
    }
}

impl Evidence {
    /// The query it is about; none when the record is neither receipt nor denial.
    #[must_use]
    pub fn query(&self) -> Option<QueryId> {
        self.record.signed.body.payload.ticket().map(|(ticket, _)| ticket.query_id())
    }

    /// All transactions with their proofs: the story's, then those of policies and of the roster.
    pub fn proven(&self) -> impl Iterator<Item = &Proven> {
        let amended = self.amendments.iter().flat_map(|a| [&a.draft, &a.countersignature]);
        self.story().chain(amended).chain(&self.roster)
    }

    /// The transactions of the access with their proofs, in the order of the story.
    pub fn story(&self) -> impl Iterator<Item = &Proven> {
        let basis = self.basis.iter().flat_map(|b| [&b.publication, &b.request, &b.approval]);
        basis.chain(core::iter::once(&self.record)).chain(&self.delivery)
    }
}

crate::wire_code! {
    /// The steps of a check, in their order. A later one is not tried when an earlier one failed.
    pub enum Step {
        /// The bytes are evidence in canonical form.
        Format = 1 => "format",
        /// The genesis file is the trust root's.
        TrustRoot = 2 => "trust-root",
        /// The genesis file founds a chain; every key was proven to be held.
        Genesis = 3 => "genesis",
        /// Each transaction is in its block.
        Inclusion = 4 => "inclusion",
        /// Each block was decided by more than two thirds of the validators.
        Certificates = 5 => "certificates",
        /// Each department's signature fits.
        Signatures = 6 => "signatures",
        /// Entry, request, grant, record and acknowledgement belong together.
        Links = 7 => "links",
        /// The access was within the grant, in time, under the policies in force.
        Rules = 8 => "rules",
        /// Details, answer and openings are those that were committed to.
        Disclosures = 9 => "disclosures",
        /// An unrelated implementation of SM2 agrees on every signature.
        SecondOpinion = 10 => "second-opinion",
    }
}

/// One step's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepResult {
    /// The step.
    pub step: Step,
    /// What was found wrong; none when it passed.
    pub wrong: Option<String>,
    /// How many things were checked.
    pub checked: u32,
}

/// The result of a check.
#[derive(Clone, Debug)]
pub struct Report {
    /// Steps tried, in order; the last one failed, or all passed.
    pub steps: Vec<StepResult>,
    /// The evidence, if the bytes are any.
    pub evidence: Option<Evidence>,
}

impl Report {
    /// Whether every step passed.
    #[must_use]
    pub fn verified(&self) -> bool {
        self.failure().is_none() && !self.steps.is_empty()
    }

    /// The step that failed.
    #[must_use]
    pub fn failure(&self) -> Option<&StepResult> {
        self.steps.iter().find(|step| step.wrong.is_some())
    }
}
