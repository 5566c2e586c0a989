//! A step that takes two officers, as its transaction bears it: what each of the two signs, and whether the seals are
//! those the department's roster asks for. Rules and evidence look at it in one way.

use crate::ids::{DepartmentId, PolicyVersion, RequestId, Time};
use crate::receipt::PolicyVersions;
use crate::refusal::Refusal;
use crate::request::{ApproveRequest, SubmitRequest};
use crate::role::By;
use crate::roster::{Anchored, OfficerProof};
use crate::seal::{Seals, StepWord};
use crate::transaction::{Payload, Transaction};
use crate::wire::to_bytes;
use alloc::vec::Vec;
use gm::domain::{ChainId, Kind, digest};
use gm::merkle;
use gm::sm2::{PublicKey, Signature};
use gm::sm3::{Digest, sm3};

/// A step of two officers with all that their words are about.
#[derive(Clone, Debug)]
pub struct Pair<'a> {
    chain: ChainId,
    department: &'a DepartmentId,
    request: RequestId,
    step: Digest,
    officers: [&'a By; 2],
    seals: Option<&'a Seals>,
}

/// A signature of an officer or under their certificate.
pub(crate) struct Sealed<'a> {
    pub(crate) key: PublicKey,
    pub(crate) digest: Digest,
    pub(crate) signature: &'a Signature,
}

impl<'a> Pair<'a> {
    /// The step of two that a transaction is, if it is one.
    #[must_use]
    pub fn of(body: &'a Transaction) -> Option<Self> {
        let (request, drafted, officers, seals) = match &body.payload {
            Payload::SubmitRequest(asked) => {
                (body.request_id(), to_bytes(&asked.drafted()), [&asked.by, &asked.second], &asked.seals)
            }
            Payload::ApproveRequest(given) => {
                (given.request, to_bytes(&given.drafted()), [&given.by, &given.second], &given.seals)
            }
            Payload::RefuseRequest(_)
            | Payload::WithdrawRequest(_)
            | Payload::RevokeGrant(_)
            | Payload::Publish(_)
            | Payload::RecordAnswer(_)
            | Payload::RecordDenial(_)
            | Payload::Acknowledge(_)
            | Payload::DraftPolicy(_)
            | Payload::CountersignPolicy(_)
            | Payload::WithdrawPolicy(_)
            | Payload::AnchorRoster(_)
            | Payload::OpenInspection(_)
            | Payload::CloseInspection(_)
            | Payload::RecordLooks(_)
            | Payload::ReportEquivocation(_) => return None,
        };
        let step = sm3(&[&drafted]);
        let seals = seals.as_ref();
        Some(Self { chain: body.chain, department: &body.department, request, step, officers, seals })
    }

    /// What each of the two signs: who drafted, then who countersigned.
    #[must_use]
    pub fn words(&self) -> [StepWord; 2] {
        self.officers.map(|by| StepWord {
            version: 1,
            chain: self.chain,
            department: self.department.clone(),
            request: self.request,
            step: self.step,
            actor: by.pseudonym,
            role: by.role,
        })
    }

    fn sealed(&self) -> Option<[(&'a OfficerProof, StepWord); 2]> {
        let Seals { by, second } = self.seals?;
        let [first, other] = self.words();
        Some([(by, first), (second, other)])
    }

    /// Every signature that must hold under the seals: the officers', and the department's under their
    /// certificates, whose office key is this.
    pub(crate) fn signatures(&self, office: &PublicKey) -> Vec<Sealed<'a>> {
        let of = |(proof, word): (&'a OfficerProof, StepWord)| {
            let certificate = &proof.certificate;
            let certified = digest(self.chain, Kind::Roster, &to_bytes(&certificate.entry));
            [
                Sealed {
                    key: certificate.entry.key.clone(),
                    digest: word.digest(),
                    signature: &proof.signature,
                },
                Sealed { key: office.clone(), digest: certified, signature: &certificate.signature },
            ]
        };
        self.sealed().into_iter().flatten().flat_map(of).collect()
    }

    /// Whether the seals are those of two different officers of the department, each certified for the role and this
    /// moment, and on this roster if one is given. All but the signatures.
    pub(crate) fn check_officers(&self, roster: Option<&Anchored>, now: Time) -> Result<(), Refusal> {
        let Some(sealed) = self.sealed() else { return Err(Refusal::RequestSeals) };
        let stands = |(proof, word): &(&OfficerProof, StepWord)| {
            let entry = &proof.certificate.entry;
            entry.version == 1
                && entry.chain == self.chain
                && entry.department == *self.department
                && entry.roles.contains(&word.role)
                && (entry.from..=entry.until).contains(&now)
                && roster.is_none_or(|roster| {
                    let leaf = proof.certificate.leaf();
                    merkle::verify(leaf, proof.index, roster.size, &proof.path, roster.root)
                })
        };
        let [first, second] = &sealed;
        let [one, other] = [first, second].map(|(proof, _)| &proof.certificate.entry);
        let differ = one.officer != other.officer && one.key != other.key;
        if differ && sealed.iter().all(stands) { Ok(()) } else { Err(Refusal::RequestSeals) }
    }

    /// Whether it bears the seals that it needs: two of officers on the roster, or none without a roster.
    pub(crate) fn check(&self, roster: Option<&Anchored>, now: Time) -> Result<(), Refusal> {
        match roster.filter(|roster| roster.size > 0) {
            Some(roster) => self.check_officers(Some(roster), now),
            None if self.seals.is_none() => Ok(()),
            None => Err(Refusal::RequestSeals),
        }
    }

    /// Whether it bears seals.
    #[must_use]
    pub const fn is_sealed(&self) -> bool {
        self.seals.is_some()
    }
}

impl SubmitRequest {
    /// What was drafted, as both officers sign it: without its second officer.
    #[must_use]
    pub fn drafted(&self) -> Self {
        Self { second: self.by.clone(), seals: None, ..self.clone() }
    }
}

impl ApproveRequest {
    /// What was drafted, as both officers sign it: without its second officer and the policies in force at its block.
    #[must_use]
    pub fn drafted(&self) -> Self {
        let none = PolicyVersion([0; 32]);
        let policy_versions = PolicyVersions { national: none, region: none, department: none };
        Self { second: self.by.clone(), seals: None, policy_versions, ..self.clone() }
    }
}
