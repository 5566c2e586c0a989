//! The officer's own signature under a query, where a party lays it open: under a certificate of the requester, on a
//! roster that the requester anchored before the query was judged. Called by `check.rs` once details and opening are
//! known to fit; the names of officers stand nowhere.

use super::case::{Case, Outcome, ensure};
use super::rules::judged;
use super::{Evidence, Field, Proven};
use crate::department::KeyKind;
use crate::ids::{Height, OfficerId};
use crate::query::Details;
use crate::receipt::{Place, Ticket};
use crate::role::Role;
use crate::roster::{AnchorRoster, Anchored, OfficerFlaw, OfficerProof, OfficerWord};
use crate::transaction::Payload;
use crate::wire::from_bytes;
use alloc::format;
use alloc::string::{String, ToString};
use gm::sm2::{Direct, Signatures};
use gm::sm3::Digest;

/// Whose own signature a file shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The officer; only the department can tell who it is.
    pub officer: OfficerId,
    /// The capacity they signed in.
    pub role: Role,
    /// The roster they are on.
    pub root: Digest,
    /// Where it was anchored.
    pub anchored: Height,
}

/// What a file shows of an officer's signature.
struct Shown<'a> {
    proof: OfficerProof,
    details: Details,
    ticket: &'a Ticket,
    roster: &'a Proven,
    anchor: &'a AnchorRoster,
}

impl<'a> Shown<'a> {
    fn of(evidence: &'a Evidence) -> Result<Option<Self>, String> {
        let opening = evidence.openings.iter().find(|opening| opening.field == Field::OfficerProof);
        let (opening, roster) = match (opening, &evidence.roster) {
            (None, None) => return Ok(None),
            (Some(opening), Some(roster)) => (opening, roster),
            (Some(_), None) => return Err("an officer's proof is shown without its roster".into()),
            (None, Some(_)) => return Err("a roster is shown that nothing stands on".into()),
        };
        let Payload::AnchorRoster(anchor) = &roster.signed.body.payload else {
            return Err("what is shown as a roster is none".into());
        };
        let details = evidence.details.as_ref().ok_or("an officer's proof is shown without details")?;
        let details =
            from_bytes(&details.0).map_err(|error| format!("the details are malformed: {error}"))?;
        let proof = from_bytes(&opening.value.0)
            .map_err(|error| format!("the officer's proof is malformed: {error}"))?;
        let ticket = judged(&evidence.record.signed.body)?.ticket;
        Ok(Some(Self { proof, details, ticket, roster, anchor }))
    }

    fn word(&self, role: Role) -> OfficerWord {
        OfficerWord::of(&self.details, self.ticket.chain, &self.ticket.requester, role)
    }

    /// The role is not disclosed, but the signature covers it: of those certified it fits one.
    fn role(&self, check: impl Fn(&OfficerWord) -> Result<(), OfficerFlaw>) -> Result<Role, OfficerFlaw> {
        let mut found = Err(OfficerFlaw::Role);
        for role in &self.proof.certificate.entry.roles {
            match check(&self.word(*role)) {
                Ok(()) => return Ok(*role),
                Err(flaw @ OfficerFlaw::Signature) => found = Err(flaw),
                Err(flaw) => return Err(flaw),
            }
        }
        found
    }
}

/// Whether the officer's proof that is opened, if one is, holds: two signatures then.
pub(super) fn officer(case: &Case<'_>, signatures: &dyn Signatures) -> Outcome {
    let Some(shown) = Shown::of(case.evidence)? else { return Ok(0) };
    let (body, requester) = (&shown.roster.signed.body, &shown.ticket.requester);
    ensure(body.department == *requester, "the roster is not the requester's")?;
    let (record, header) = (&case.evidence.record, &shown.roster.header);
    let protocol = case.trusted.protocol_at(header.height)?;
    shown.anchor.check(&protocol.limits).map_err(|refusal| refusal.to_string())?;
    ensure(
        header.height <= judged(&record.signed.body)?.height,
        "the roster was anchored after the query was judged",
    )?;
    let roster = Anchored {
        root: shown.anchor.root,
        size: shown.anchor.size,
        log_head: shown.anchor.log_head,
        anchored: Place { tx: shown.roster.signed.id(), height: header.height, at: header.time },
        replaced: None,
    };
    let office = case.trusted.key_at(requester, KeyKind::Office, header.height);
    let office = office.ok_or("the requester has no office key")?;
    // The block judged at is not shown; it is at most the judged lag older than the record's.
    let latest = record.header.time;
    let earliest = latest.minus_ms(case.trusted.judged_lag_ms());
    let moment = shown.proof.certificate.entry.until.clamp(earliest, latest);
    shown
        .role(|word| shown.proof.check(word, &roster, office, moment, signatures))
        .map_err(|flaw| flaw.to_string())?;
    Ok(2)
}

impl Evidence {
    /// Whose own signature a verified file shows; none where the officer is the department's word.
    #[must_use]
    pub fn signer(&self) -> Option<Signer> {
        let shown = Shown::of(self).ok()??;
        let entry = &shown.proof.certificate.entry;
        let said = |word: &OfficerWord| {
            let holds = Direct.holds(&entry.key, &word.digest(), &shown.proof.signature);
            if holds { Ok(()) } else { Err(OfficerFlaw::Signature) }
        };
        Some(Signer {
            officer: entry.officer,
            role: shown.role(said).ok()?,
            root: shown.anchor.root,
            anchored: shown.roster.header.height,
        })
    }
}
