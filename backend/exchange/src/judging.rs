//! The doors of an enquiry: `ask` at the requester, before it is sent and again before it is opened, and
//! `answer` at the provider. One function judges.

use std::collections::{BTreeMap, BTreeSet};

use access::{Action, Assurance, Decision, Judge, Obligation, Question};
use ledger::catalogue::{DataType, Entry, MaskRule};
use ledger::grant::Grant;
use ledger::ids::ItemCode;
use ledger::policy::Layer;
use ledger::role::Role;

use crate::fault::ExchangeFault;
use crate::outcome::Outcome;
use crate::standing::Standing;

/// Judges at one door. Nothing when no policy is in force for the side.
pub(crate) fn judge(
    judge: &Judge,
    standing: &Standing,
    action: Action,
    items: &BTreeSet<ItemCode>,
    role: Role,
    assurance: Assurance,
) -> Result<Option<Decision>, ExchangeFault> {
    let (Some(sets), Some(entry)) = (&standing.policies, &standing.entry) else { return Ok(None) };
    let (Some(requester), Some(provider)) = (&standing.requester, &standing.provider) else {
        return Ok(None);
    };
    let question = Question {
        role,
        requester: requester.member.id.clone(),
        requester_region: requester.member.region.clone(),
        requester_inspectorate: requester.member.inspectorate,
        provider: provider.member.id.clone(),
        provider_region: provider.member.region.clone(),
        share_type: entry.entry.share_type,
        entry_class: entry.entry.id.code.class().to_owned(),
        items: items.clone(),
        grade: grade(&entry.entry, items),
        action,
        purpose: Some(standing.grant.purpose.clone()),
        assurance,
        grant_live: Some(standing.is_live().is_ok()),
    };
    Ok(Some(judge.decide(sets, &question)?))
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

/// Whether a decision lets no value through in mode query.
pub(crate) fn no_of(decision: &Decision) -> Option<PolicyNo> {
    if let Some((layer, row)) = decision.denied_by() {
        let row = row.as_ref().map(ToString::to_string);
        return Some(PolicyNo { layer: Some(*layer), row, code: Outcome::PolicyDenied });
    }
    let code = Outcome::EntryVerifyOnly;
    decision.obligations.contains(&Obligation::VerifyOnly).then_some(PolicyNo {
        layer: None,
        row: None,
        code,
    })
}

/// The highest grade among the items asked for.
fn grade(entry: &Entry, items: &BTreeSet<ItemCode>) -> u8 {
    items.iter().filter_map(|item| entry.item(item)).map(|item| item.grade).max().unwrap_or(entry.grade)
}

/// What may leave: each item with its type and mask, and what is withheld.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) given: BTreeMap<ItemCode, (DataType, Option<MaskRule>)>,
    pub(crate) dropped: BTreeSet<ItemCode>,
}

/// Joins what the grant says with what the policies oblige to; an item the entry does not return is withheld.
pub(crate) fn select(
    entry: &Entry,
    grant: &Grant,
    items: &BTreeSet<ItemCode>,
    obligations: &BTreeSet<Obligation>,
) -> Selection {
    let mut selection = Selection::default();
    for code in items {
        let (Some(item), Some(granted)) = (entry.item(code), grant.item(code)) else {
            selection.dropped.insert(code.clone());
            continue;
        };
        match narrowed(code, granted.mask, obligations) {
            Some(mask) if item.returnable => {
                selection.given.insert(code.clone(), (item.data_type, mask));
            }
            Some(_) | None => {
                selection.dropped.insert(code.clone());
            }
        }
    }
    selection
}

/// The mask of an item once it has been narrowed by a policy, or nothing when it is withheld: the stricter
/// counts, and two different masks have no order.
pub(crate) fn narrowed(
    code: &ItemCode,
    mask: Option<MaskRule>,
    obligations: &BTreeSet<Obligation>,
) -> Option<Option<MaskRule>> {
    let mut masks: BTreeSet<MaskRule> = mask.into_iter().collect();
    for obligation in obligations.iter().filter(|o| o.item() == Some(code)) {
        match obligation {
            Obligation::Drop { .. } => return None,
            Obligation::Mask { rule, .. } => {
                masks.insert(*rule);
            }
            Obligation::ReceiptEach | Obligation::VerifyOnly => {}
        }
    }
    (masks.len() <= 1).then(|| masks.first().copied())
}

#[cfg(test)]
pub(crate) mod tests;
