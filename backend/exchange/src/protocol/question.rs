//! A query: the ticket for all to see, the details for the provider and a court, the secret for the
//! provider only.

use gm::domain::{ChainId, Salt, commit};
use gm::sm2::Signature;
use gm::sm3::Digest;
use ledger::ids::{Pseudonym, QueryId};
use ledger::query::Details;
use ledger::receipt::Ticket;
use ledger::role::Role;
use ledger::roster::OfficerProof;
use ledger::text::Text;
use ledger::wire::{Bytes, In, Out, Wire, WireError, to_bytes};
use zeroize::Zeroizing;

use crate::limits::{CASE_BYTES_MAX, ITEMS_MAX};
use crate::officer;
use crate::person::Person;

/// The protocol's version: the first position of every object.
pub const VERSION: u16 = 1;

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

/// What is asked, with the salts of its commitments in the details. What depends on it is one match each.
#[derive(Clone, PartialEq, Eq)]
pub enum Asked {
    /// The rows about one person.
    One(Person, Salt),
}

impl Asked {
    /// What the details commit to.
    #[must_use]
    pub fn commitment(&self, chain: ChainId) -> Digest {
        match self {
            Self::One(person, salt) => commit(chain, salt, &Zeroizing::new(to_bytes(person))),
        }
    }
}

/// The plain content of an envelope: the details, then the secret, which is all that only the provider sees: values,
/// and the salts that open the commitments. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    /// The details.
    pub details: Details,
    /// What is asked.
    pub asked: Asked,
    /// The business case.
    pub case_no: Zeroizing<String>,
    /// Salt of `case_commit`.
    pub case_salt: Salt,
    /// The officer's attributes.
    pub asker: AskerAttributes,
    /// Salt of `asker_commit`.
    pub asker_salt: Salt,
    /// The officer's own signature and the salt of `officer_proof_commit`, where the details claim a key.
    pub officer: Option<(OfficerProof, Salt)>,
}

impl Question {
    /// The bytes to be sealed; wiped when dropped.
    #[must_use]
    pub fn sealable(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(to_bytes(self))
    }

    /// The secret as it is kept: without the person.
    #[must_use]
    pub fn kept_secret(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(to_bytes(&Kept(self)))
    }

    /// Whether the commitments in the details open.
    #[must_use]
    pub fn opens(&self, chain: ChainId) -> bool {
        let details = &self.details;
        details.subject_commit == Some(self.asked.commitment(chain))
            && details.case_commit == commit(chain, &self.case_salt, self.case_no.as_bytes())
            && details.asker_commit == commit(chain, &self.asker_salt, &to_bytes(&self.asker))
            && details.officer_proof_commit
                == self.officer.as_ref().map(|officer| officer::commitment(chain, officer))
    }

    fn put_secret(&self, person: Option<&Person>, out: &mut Out) {
        let Asked::One(_, salt) = &self.asked;
        let salts = [salt, &self.case_salt, &self.asker_salt];
        put_secret(person, &self.case_no, &self.asker, self.officer.as_ref(), salts, out);
    }
}

/// The places for claims and their salt stay empty.
fn put_secret(
    person: Option<&Person>,
    case_no: &str,
    asker: &AskerAttributes,
    officer: Option<&(OfficerProof, Salt)>,
    salts: [&Salt; 3],
    out: &mut Out,
) {
    out.array(7);
    out.number(u64::from(VERSION));
    out.array(u64::from(person.is_some()));
    if let Some(person) = person {
        person.put(out);
    }
    out.text(case_no);
    out.null();
    asker.put(out);
    match officer {
        Some((proof, _)) => proof.put(out),
        None => out.null(),
    }
    out.array(5);
    for salt in salts {
        out.bytes(salt.as_bytes());
    }
    out.null();
    match officer {
        Some((_, salt)) => out.bytes(salt.as_bytes()),
        None => out.null(),
    }
}

impl Wire for Question {
    fn put(&self, out: &mut Out) {
        let Asked::One(person, _) = &self.asked;
        out.array(2);
        self.details.put(out);
        self.put_secret(Some(person), out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(2)?;
        let details = Details::take(input)?;
        input.array_of(7)?;
        if u16::take(input)? != VERSION {
            return Err(WireError::Range);
        }
        input.array_of(1)?;
        let person = Person::take(input)?;
        let case_no = Zeroizing::new(Text::<CASE_BYTES_MAX>::take(input)?.as_str().to_owned());
        take_nothing(input)?;
        let asker = AskerAttributes::take(input)?;
        let proof: Option<OfficerProof> = Wire::take(input)?;
        input.array_of(5)?;
        let mut salt = || input.fixed().map(Salt::from_bytes);
        let (asked, case_salt, asker_salt) = (Asked::One(person, salt()?), salt()?, salt()?);
        take_nothing(input)?;
        let officer = take_officer_salt(proof, input)?;
        let is_of_one = details.version == VERSION
            && (1..=ITEMS_MAX).contains(&details.items.len())
            && details.subject_commit.is_some()
            && details.subjects.is_none()
            && details.job.is_none()
            && details.claims_commit.is_none()
            && details.officer_proof_commit.is_some() == officer.is_some();
        if !is_of_one {
            return Err(WireError::Range);
        }
        Ok(Self { details, asked, case_no, case_salt, asker, asker_salt, officer })
    }
}

/// The salt of an officer's proof, where there is one.
fn take_officer_salt(
    proof: Option<OfficerProof>,
    input: &mut In<'_>,
) -> Result<Option<(OfficerProof, Salt)>, WireError> {
    match proof {
        Some(proof) => Ok(Some((proof, Salt::from_bytes(input.fixed()?)))),
        None => take_nothing(input).map(|()| None),
    }
}

fn take_nothing(input: &mut In<'_>) -> Result<(), WireError> {
    if input.null()? { Ok(()) } else { Err(WireError::Range) }
}

/// The secret of a question without the person.
struct Kept<'a>(&'a Question);

impl Wire for Kept<'_> {
    fn put(&self, out: &mut Out) {
        self.0.put_secret(None, out);
    }
    fn take(_: &mut In<'_>) -> Result<Self, WireError> {
        Err(WireError::Shape) // it is only written
    }
}

/// The secret of a question as it is kept, read again: for a replay, which needs the officer's attributes.
pub(crate) struct KeptSecret {
    case_no: Zeroizing<String>,
    /// The officer's attributes.
    pub(crate) asker: AskerAttributes,
    /// The officer's own signature and its salt, where there is one.
    officer: Option<(OfficerProof, Salt)>,
    /// Salts of person, case and attributes.
    pub(crate) salts: [Salt; 3],
}

impl Wire for KeptSecret {
    fn put(&self, out: &mut Out) {
        put_secret(None, &self.case_no, &self.asker, self.officer.as_ref(), self.salts.each_ref(), out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(7)?;
        if u16::take(input)? != VERSION {
            return Err(WireError::Range);
        }
        input.array_of(0)?;
        let case_no = Zeroizing::new(Text::<CASE_BYTES_MAX>::take(input)?.as_str().to_owned());
        take_nothing(input)?;
        let asker = AskerAttributes::take(input)?;
        let proof: Option<OfficerProof> = Wire::take(input)?;
        input.array_of(5)?;
        let mut salt = || input.fixed().map(Salt::from_bytes);
        let salts = [salt()?, salt()?, salt()?];
        take_nothing(input)?;
        let officer = take_officer_salt(proof, input)?;
        Ok(Self { case_no, asker, officer, salts })
    }
}
