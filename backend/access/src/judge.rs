//! The one judge at every door.

use crate::casbin::{CheckedModel, MODEL};
use crate::decision::Decision;
use crate::fault::{AccessFault, Difference};
use crate::limits::{CASBIN_ROWS_MAX, ITEMS_ASKED_MAX, SAMPLED_EVERY, SAMPLES_MAX};
use crate::necessity::Necessity;
use crate::obligation::strictest;
use crate::question::Question;
use crate::ruleset::{Ruleset, Verdict};
use crate::sets::PolicySets;
use crate::shelf::Shelf;
use gm::sm3::{Digest, sm3};
use ledger::ids::{Code2, DepartmentId, ItemCode};
use ledger::policy::{Layer, PolicyOwner};
use ledger::receipt::PolicyVersions;
use ledger::state::{ReadFault, StateRead};
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Judges questions. Holds the model, the sets used last, and what Casbin is still to judge again; share
/// one per process.
pub struct Judge {
    model: CheckedModel,
    model_digest: Digest,
    necessity: Necessity,
    shelf: Shelf,
    decisions: AtomicU64,
    samples: Mutex<VecDeque<Sample>>,
    difference: OnceLock<Difference>,
}

/// What one layer said, to be judged again.
struct Sample {
    set: Arc<Ruleset>,
    question: Question,
    verdict: Verdict,
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
        Ok(Self {
            model: CheckedModel::parse(MODEL)?,
            model_digest: sm3(&[MODEL.as_bytes()]),
            necessity: Necessity::read()?,
            shelf: Shelf::default(),
            decisions: AtomicU64::new(0),
            samples: Mutex::default(),
            difference: OnceLock::new(),
        })
    }

    /// The sets that rule the doors of a department in this state. Nothing when a layer has none: then
    /// nothing may pass. Rows are read once a version.
    ///
    /// # Errors
    /// [`ReadFault`] when the store breaks.
    pub fn in_force(
        &self,
        reads: &dyn StateRead,
        department: &DepartmentId,
    ) -> Result<Option<PolicySets>, ReadFault> {
        self.shelf.in_force(reads, department)
    }

    /// What of these items the purpose does not need, by the national table (PIPL article 6). To be said to
    /// who asks and to who approves; nothing is denied for it.
    #[must_use]
    pub fn over_asked(&self, purpose: &Code2, items: &BTreeSet<ItemCode>) -> BTreeSet<ItemCode> {
        self.necessity.over_asked(purpose, items)
    }

    /// SM3 of the model compiled in, as it stands in every decision.
    pub(crate) const fn model(&self) -> Digest {
        self.model_digest
    }

    /// Judges one question by the three layers of the side whose door it is: the provider's for approve,
    /// answer, verify and batch, the requester's for the others. It passes when every layer allows it and
    /// none denies it. Sets of at most [`CASBIN_ROWS_MAX`] rows are judged by Casbin beside the index, of
    /// larger ones a sample is kept for [`Self::recheck`].
    ///
    /// # Errors
    /// [`AccessFault`] when a set cannot be read, is not the one that rules this door, a bound is passed, or
    /// index and Casbin ever differed. Nothing may pass then.
    pub fn decide(&self, sets: &PolicySets, question: &Question) -> Result<Decision, AccessFault> {
        let verdicts = self.verdicts(sets, question)?;
        for (set, verdict) in sets.layers().into_iter().zip(&verdicts) {
            if set.set().rows.len() <= CASBIN_ROWS_MAX {
                self.compare(set, question, verdict)?;
            } else {
                self.sample(set, question, verdict);
            }
        }
        Ok(self.join(verdicts, sets.versions(), question))
    }

    /// The same without Casbin beside it, for many decisions at a time that open nothing.
    pub(crate) fn try_out(&self, sets: &PolicySets, question: &Question) -> Result<Decision, AccessFault> {
        Ok(self.join(self.verdicts(sets, question)?, sets.versions(), question))
    }

    /// Judges at most `max` of the kept samples again by Casbin; how many it were. Slow, in proportion to
    /// the rows: whoever owns the process calls it in the background.
    ///
    /// # Errors
    /// [`AccessFault::Difference`] when Casbin says something else: from then on every decision is this
    /// fault, until the program is started anew.
    pub fn recheck(&self, max: usize) -> Result<usize, AccessFault> {
        for done in 0..max {
            let next = self.samples.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(Sample { set, question, verdict }) = next else { return Ok(done) };
            self.compare(&set, &question, &verdict)?;
        }
        Ok(max)
    }

    fn verdicts(&self, sets: &PolicySets, question: &Question) -> Result<[Verdict; 3], AccessFault> {
        if let Some(difference) = self.difference.get() {
            return Err(AccessFault::Difference(difference.clone()));
        }
        if question.items.len() > ITEMS_ASKED_MAX {
            return Err(AccessFault::TooManyItems { items: question.items.len() });
        }
        let (id, region) = question.side();
        let national = ask(&sets.national, PolicyOwner::Nation, question)?;
        let region = ask(&sets.region, PolicyOwner::Region(region.province()), question)?;
        let department = ask(&sets.department, PolicyOwner::Department(id.clone()), question)?;
        Ok([national, region, department])
    }

    fn compare(&self, set: &Ruleset, question: &Question, verdict: &Verdict) -> Result<(), AccessFault> {
        let reference = set.judge_by_casbin(&self.model, question)?;
        if reference == *verdict {
            return Ok(());
        }
        let found = Difference {
            layer: set.set().layer(),
            version: set.version(),
            row: verdict.row.clone(),
            casbin_row: reference.row,
        };
        Err(AccessFault::Difference(self.difference.get_or_init(|| found).clone()))
    }

    /// Keeps a sample where there is room, and waits for nobody.
    fn sample(&self, set: &Arc<Ruleset>, question: &Question, verdict: &Verdict) {
        if !self.decisions.fetch_add(1, Ordering::Relaxed).is_multiple_of(SAMPLED_EVERY) {
            return;
        }
        if let Ok(mut samples) = self.samples.try_lock()
            && samples.len() < SAMPLES_MAX
        {
            let (question, verdict) = (question.clone(), verdict.clone());
            samples.push_back(Sample { set: Arc::clone(set), question, verdict });
        }
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
            let all = layers.iter().flat_map(|(_, verdict)| verdict.obligations.iter().cloned());
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

fn ask(set: &Ruleset, expected: PolicyOwner, question: &Question) -> Result<Verdict, AccessFault> {
    if set.set().owner != expected {
        return Err(AccessFault::WrongOwner { expected, found: set.set().owner.clone() });
    }
    Ok(set.judge(question)?)
}

#[cfg(test)]
mod tests;
