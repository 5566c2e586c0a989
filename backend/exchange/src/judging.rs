//! The two doors of an enquiry: `ask` at the requester, `answer` at the provider. One function judges.

use std::collections::{BTreeMap, BTreeSet};

use access::{Action, Assurance, Decision, Judge, Obligation, Question};
use ledger::catalogue::{DataType, Entry, MaskRule};
use ledger::grant::Grant;
use ledger::ids::ItemCode;
use ledger::role::Role;

use crate::fault::ExchangeFault;
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

/// Joins what the grant says with what the policies oblige to: the stricter counts. Two different masks
/// for one item have no order, so the item is withheld; so is one the entry does not return.
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
        let mut masks: BTreeSet<MaskRule> = granted.mask.into_iter().collect();
        let mut dropped = !item.returnable;
        for obligation in obligations.iter().filter(|o| o.item() == Some(code)) {
            match obligation {
                Obligation::Drop { .. } => dropped = true,
                Obligation::Mask { rule, .. } => {
                    masks.insert(*rule);
                }
                Obligation::ReceiptEach | Obligation::VerifyOnly => {}
            }
        }
        if dropped || masks.len() > 1 {
            selection.dropped.insert(code.clone());
        } else {
            selection.given.insert(code.clone(), (item.data_type, masks.first().copied()));
        }
    }
    selection
}

#[cfg(test)]
mod tests;
