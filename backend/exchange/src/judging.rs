//! The doors of a query: `ask` at the requester, before it is sent and again before it is opened, and
//! `answer` at the provider. One function judges. And the officer's own signature, checked in one way at both ends.

use std::collections::{BTreeMap, BTreeSet};

use access::{Actor, Assurance, Decision, Judge, Obligation, Offer, Question, Release, Sides};
use ledger::catalogue::{DataType, MaskRule};
use ledger::grant::Grant;
use ledger::ids::ItemCode;
use ledger::policy::Layer;
use ledger::roster::{OfficerFlaw, OfficerWord};

use crate::context::Context;
use crate::fault::ExchangeFault;
use crate::officer::OfficerPapers;
use crate::outcome::Outcome;
use crate::protocol;
use crate::standing::Standing;

/// Judges at the requester's door. Nothing when no policy is in force for the side.
pub(crate) fn ask(
    judge: &Judge,
    standing: &Standing,
    items: &BTreeSet<ItemCode>,
    actor: &Actor,
) -> Result<Option<Decision>, ExchangeFault> {
    decide(judge, standing, |sides| sides.ask(actor, items, &standing.grant))
}

/// Judges at the provider's door, for the officer who asks.
pub(crate) fn answer(
    judge: &Judge,
    standing: &Standing,
    items: &BTreeSet<ItemCode>,
    actor: &Actor,
) -> Result<Option<Decision>, ExchangeFault> {
    decide(judge, standing, |sides| sides.answer(actor, items, &standing.grant))
}

fn decide(
    judge: &Judge,
    standing: &Standing,
    question: impl FnOnce(Sides<'_>) -> Question,
) -> Result<Option<Decision>, ExchangeFault> {
    let (Some(sets), Some(sides)) = (&standing.policies, standing.sides()) else { return Ok(None) };
    Ok(Some(judge.decide(sets, &question(sides))?))
}

/// The officer's signature, if the question needs one and it holds at this head; none where the details claim no
/// key. The clearance that policies judge is bound by the certificate, too: the word does not name it.
///
/// # Errors
/// The flaw: all of them are denied as malformed.
pub(crate) fn believed(
    context: &Context,
    question: &protocol::Question,
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

/// Why a policy lets nothing through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PolicyNo {
    /// The layer that decided; none where a duty that comes with a yes cannot be fulfilled.
    pub(crate) layer: Option<Layer>,
    /// The row that decided; none when no row allowed it.
    pub(crate) row: Option<String>,
    pub(crate) code: Outcome,
}

/// Whether a decision lets no value through in mode query. `seconded`: another officer of the requester confirmed it.
pub(crate) fn no_of(decision: &Decision, seconded: bool) -> Option<PolicyNo> {
    if let Some((layer, row)) = decision.denied_by() {
        let row = row.as_ref().map(ToString::to_string);
        return Some(PolicyNo { layer: Some(*layer), row, code: Outcome::PolicyDenied });
    }
    // The marks of both sides stand on every answer, and every answer has its receipt: neither duty asks
    // for more.
    let unmet = [
        (Obligation::VerifyOnly, Outcome::EntryVerifyOnly, false),
        (Obligation::SecondPerson, Outcome::SecondPerson, seconded),
    ];
    let demanded =
        |(duty, _, is_met): &(Obligation, Outcome, bool)| !is_met && decision.obligations.contains(duty);
    let unmet = unmet.into_iter().find(demanded);
    unmet.map(|(_, code, _)| PolicyNo { layer: None, row: None, code })
}

/// How many rows may leave; any number where nobody says.
pub(crate) fn limit(obligations: &BTreeSet<Obligation>) -> usize {
    let rows = obligations.iter().filter_map(|duty| match duty {
        Obligation::Limit { rows } => usize::try_from(rows.get()).ok(),
        Obligation::Drop { .. }
        | Obligation::Mask { .. }
        | Obligation::Clear { .. }
        | Obligation::ReceiptEach
        | Obligation::VerifyOnly
        | Obligation::Watermark
        | Obligation::SecondPerson => None,
    });
    rows.min().unwrap_or(usize::MAX)
}

/// What may leave: each item with its type and mask, and what is withheld.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) given: BTreeMap<ItemCode, (DataType, Option<MaskRule>)>,
    pub(crate) dropped: BTreeSet<ItemCode>,
}

/// Joins what the entry, the grant and the policies say of each item asked for.
pub(crate) fn select(
    offer: &Offer,
    grant: &Grant,
    items: &BTreeSet<ItemCode>,
    obligations: &BTreeSet<Obligation>,
) -> Selection {
    let mut selection = Selection::default();
    for code in items {
        let left = match (offer.asked().entry.item(code), grant.item(code)) {
            (Some(item), Some(granted)) => match offer.release(code, granted.mask, obligations) {
                Release::Clear => Some((item.data_type, None)),
                Release::Masked(rule) => Some((item.data_type, Some(rule))),
                Release::Withheld => None,
            },
            (_, None) | (None, _) => None,
        };
        match left {
            Some(left) => drop(selection.given.insert(code.clone(), left)),
            None => drop(selection.dropped.insert(code.clone())),
        }
    }
    selection
}

#[cfg(test)]
pub(crate) mod tests;
