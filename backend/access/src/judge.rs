//! The one judge at every door.

use crate::casbin::{CheckedModel, MODEL};
use crate::compiled::{Shelf, Verdict};
use crate::decision::Decision;
use crate::fault::AccessFault;
use crate::limits::ITEMS_ASKED_MAX;
use crate::obligation::strictest;
use crate::question::Question;
use crate::sets::PolicySets;
use gm::sm3::{Digest, sm3};
use ledger::ids::PolicyVersion;
use ledger::policy::{Layer, PolicyOwner, PolicySet};
use ledger::receipt::PolicyVersions;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Judges questions. Holds the model and the sets used last; share one per process.
pub struct Judge {
    model: CheckedModel,
    model_digest: Digest,
    shelf: Shelf,
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").field("model", &self.model_digest).finish_non_exhaustive()
    }
}

impl Judge {
    /// Reads the model compiled in.
    ///
    /// # Errors
    /// [`AccessFault::Model`] when the model is not the one this program was written for.
    pub fn new() -> Result<Self, AccessFault> {
        let model = CheckedModel::parse(MODEL)?;
        Ok(Self { model, model_digest: sm3(&[MODEL.as_bytes()]), shelf: Shelf::default() })
    }

    /// Judges one question by the three layers of the side whose door it is: the requester's for
    /// discover, request, ask and inspect, the provider's for approve and answer. It passes when
    /// every layer allows it and none denies it.
    ///
    /// # Errors
    /// [`AccessFault`] when a set cannot be read, is not the one that rules this door, or a bound
    /// is passed. Nothing may pass then.
    pub fn decide(&self, sets: &PolicySets, question: &Question) -> Result<Decision, AccessFault> {
        if question.items.len() > ITEMS_ASKED_MAX {
            return Err(AccessFault::TooManyItems { items: question.items.len() });
        }
        let (id, region) = question.side();
        let national = self.ask(&sets.national, sets.versions.national, PolicyOwner::Nation, question)?;
        let owner = PolicyOwner::Region(region.province());
        let region = self.ask(&sets.region, sets.versions.region, owner, question)?;
        let owner = PolicyOwner::Department(id.clone());
        let department = self.ask(&sets.department, sets.versions.department, owner, question)?;
        Ok(self.join([national, region, department], sets.versions, question))
    }

    fn ask(
        &self,
        set: &Arc<PolicySet>,
        version: PolicyVersion,
        expected: PolicyOwner,
        question: &Question,
    ) -> Result<Verdict, AccessFault> {
        if set.owner != expected {
            return Err(AccessFault::WrongOwner { expected, found: set.owner.clone() });
        }
        self.shelf.take(&self.model, version, set)?.judge(question)
    }

    pub(crate) fn join(
        &self,
        verdicts: [Verdict; 3],
        versions: PolicyVersions,
        question: &Question,
    ) -> Decision {
        let [national, region, department] = verdicts;
        let layers = [(Layer::National, national), (Layer::Region, region), (Layer::Department, department)];
        let denied_by = layers
            .iter()
            .find(|(_, verdict)| !verdict.allow)
            .map(|(layer, verdict)| (*layer, verdict.row.clone()));
        let allow = denied_by.is_none();
        let obligations = if allow {
            let all = layers.iter().flat_map(|(_, verdict)| verdict.obligations.iter().cloned()).collect();
            strictest(all, &question.items)
        } else {
            BTreeSet::new()
        };
        Decision {
            allow,
            rows: layers.map(|(layer, verdict)| (layer, verdict.row)),
            obligations,
            versions,
            question: question.clone(),
            denied_by,
            model: self.model_digest,
        }
    }
}

#[cfg(test)]
mod tests;
