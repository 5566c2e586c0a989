//! A query: the ticket for all to see, the details for the provider and a court, the secret for the
//! provider only.

use gm::domain::{ChainId, Salt, commit};
use gm::sm2::Signature;
use ledger::ids::{Pseudonym, QueryId};
use ledger::query::Details;
use ledger::receipt::Ticket;
use ledger::role::Role;
use ledger::text::Text;
use ledger::wire::{Bytes, In, Out, Wire, WireError, to_bytes};
use zeroize::{Zeroize, Zeroizing};

use super::VERSION;
use crate::limits::{CASE_BYTES_MAX, ITEMS_MAX};
use crate::person::Person;

ledger::wire_struct! {
    /// A query as it travels: `details ‖ secret` sealed to the provider, context = the query's id.
    pub struct Envelope {
        /// The protocol's version.
        pub version: u16,
        /// The grant's chain.
        pub chain: ChainId,
        /// What everyone may see.
        pub ticket: Ticket,
        /// By the requester's `online` key, kind ticket.
        pub ticket_signature: Signature,
        /// The seed, encrypted to the provider's `sealing` key.
        pub wrap: Bytes,
        /// The [`Question`], sealed under the seed.
        pub sealed: Bytes,
    }
}

impl Envelope {
    /// The query's id, which is its receipt's too.
    #[must_use]
    pub fn query_id(&self) -> QueryId {
        self.ticket.query_id()
    }
}

ledger::wire_struct! {
    /// What the provider's policies may judge of an officer beside what the details say.
    pub struct AskerAttributes {
        /// The role they act in.
        pub role: Role,
        /// Clearance, 0 where the department gives none.
        pub clearance: u8,
        /// The network zone they ask from, where the department has zones.
        pub zone: Option<Text<40>>,
        /// The second person, where two must act.
        pub second: Option<Pseudonym>,
    }
}

/// The salts of the commitments in the details. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Salts {
    /// Of `subject_commit`.
    pub subject: Salt,
    /// Of `case_commit`.
    pub case: Salt,
    /// Of `asker_commit`.
    pub asker: Salt,
    /// Of `claims_commit`.
    pub claims: Option<Salt>,
    /// Of `officer_proof_commit`.
    pub officer_proof: Option<Salt>,
}

fn put_salt(salt: Option<&Salt>, out: &mut Out) {
    match salt {
        Some(salt) => out.bytes(salt.as_bytes()),
        None => out.null(),
    }
}

fn take_salt(input: &mut In<'_>) -> Result<Salt, WireError> {
    input.fixed().map(Salt::from_bytes)
}

fn take_salt_or_none(input: &mut In<'_>) -> Result<Option<Salt>, WireError> {
    if input.null()? { Ok(None) } else { take_salt(input).map(Some) }
}

impl Wire for Salts {
    fn put(&self, out: &mut Out) {
        out.array(5);
        put_salt(Some(&self.subject), out);
        put_salt(Some(&self.case), out);
        put_salt(Some(&self.asker), out);
        put_salt(self.claims.as_ref(), out);
        put_salt(self.officer_proof.as_ref(), out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(5)?;
        Ok(Self {
            subject: take_salt(input)?,
            case: take_salt(input)?,
            asker: take_salt(input)?,
            claims: take_salt_or_none(input)?,
            officer_proof: take_salt_or_none(input)?,
        })
    }
}

/// What only the provider sees: values, and the salts that open the commitments. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The persons asked about: one in mode query; none once the subject is no longer kept.
    pub subjects: Vec<Person>,
    /// The business case.
    pub case_no: Zeroizing<String>,
    /// The claims, in mode verify.
    pub claims: Option<Bytes>,
    /// The officer's attributes.
    pub asker: AskerAttributes,
    /// The officer's own signature, where assurance is `ukey`.
    pub officer_proof: Option<Signature>,
    /// The salts.
    pub salts: Salts,
}

impl Secret {
    /// Whether the commitments in the details open with this secret (mode query).
    #[must_use]
    pub fn opens(&self, chain: ChainId, details: &Details) -> bool {
        let [person] = self.subjects.as_slice() else { return false };
        let subject = Zeroizing::new(to_bytes(person));
        details.version == VERSION
            && details.subject_commit == Some(commit(chain, &self.salts.subject, &subject))
            && details.subjects.is_none()
            && details.job.is_none()
            && details.case_commit == commit(chain, &self.salts.case, self.case_no.as_bytes())
            && details.asker_commit == commit(chain, &self.salts.asker, &to_bytes(&self.asker))
            && details.claims_commit.is_none()
            && self.claims.is_none()
            && self.salts.claims.is_none()
            && details.officer_proof_commit.is_none()
            && self.officer_proof.is_none()
            && self.salts.officer_proof.is_none()
    }

    /// The secret as it is kept afterwards: without the person.
    #[must_use]
    pub fn without_subject(&self) -> Self {
        let mut kept = self.clone();
        kept.subjects.clear();
        kept
    }
}

impl Wire for Secret {
    fn put(&self, out: &mut Out) {
        out.array(7);
        out.number(u64::from(VERSION));
        self.subjects.put(out);
        out.text(&self.case_no);
        self.claims.put(out);
        self.asker.put(out);
        self.officer_proof.put(out);
        self.salts.put(out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(7)?;
        if u16::take(input)? != VERSION {
            return Err(WireError::Range);
        }
        let subjects: Vec<Person> = Wire::take(input)?;
        let case = Text::<CASE_BYTES_MAX>::take(input)?;
        let secret = Self {
            subjects,
            case_no: Zeroizing::new(case.as_str().to_owned()),
            claims: Wire::take(input)?,
            asker: Wire::take(input)?,
            officer_proof: Wire::take(input)?,
            salts: Wire::take(input)?,
        };
        if secret.subjects.len() <= 1 { Ok(secret) } else { Err(WireError::Range) }
    }
}

/// The plain content of an envelope: details, then secret.
pub struct Question {
    /// The details.
    pub details: Details,
    /// The secret.
    pub secret: Secret,
}

impl Question {
    /// The bytes to be sealed; wiped when dropped.
    #[must_use]
    pub fn sealable(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(to_bytes(self))
    }
}

impl Wire for Question {
    fn put(&self, out: &mut Out) {
        out.array(2);
        self.details.put(out);
        self.secret.put(out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(2)?;
        let question = Self { details: Wire::take(input)?, secret: Wire::take(input)? };
        let items = question.details.items.len();
        if (1..=ITEMS_MAX).contains(&items) { Ok(question) } else { Err(WireError::Range) }
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        if let Some(claims) = &mut self.claims {
            claims.0.zeroize();
        }
    }
}
