//! A past decision, judged again from its canonical bytes under the versions it names.
//!
//! Called by the exchange for every kept decision of a period. By the doors' own code: the same judge, the
//! same rows. Never here: whether the bytes are those that were committed to, whether the versions were in
//! force, whether the attributes are true; that needs the chain.

use crate::decision::{Decision, DecisionRecord, VERSION};
use crate::fault::AccessFault;
use crate::judge::Judge;
use crate::obligation::Obligation;
use crate::ruleset::Ruleset;
use crate::sets::PolicySets;
use ledger::ids::PolicyVersion;
use ledger::policy::{Layer, PolicyOwner, RowId};
use ledger::wire::from_bytes;
use std::sync::Arc;

/// What is not the same when a decision is judged again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Differs {
    /// The bytes are no decision of this form.
    Unreadable,
    /// It was made by another model than the one compiled in, so that this program cannot judge it again.
    Model,
    /// Its owner never had the version it names in force.
    Version(Layer),
    /// What it names cannot be judged: too many items, or rows that cannot be read.
    Unjudged,
    /// Allowed then and denied now, or the other way round.
    Allow {
        /// What the record says.
        recorded: bool,
    },
    /// Another row of a layer decides.
    Row {
        /// The layer.
        layer: Layer,
        /// The row on record.
        recorded: Option<RowId>,
        /// The row that decides.
        judged: Option<RowId>,
    },
    /// Other duties come with it.
    Obligations {
        /// Those on record that are not demanded.
        recorded: Vec<Obligation>,
        /// Those demanded that are not on record.
        judged: Vec<Obligation>,
    },
}

impl Differs {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Model => "model",
            Self::Version(_) => "version-unknown",
            Self::Unjudged => "unjudged",
            Self::Allow { .. } => "allow",
            Self::Row { .. } => "row",
            Self::Obligations { .. } => "obligations",
        }
    }
}

/// What came of judging again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The decision as it stands in the bytes; none where they cannot be read.
    pub record: Option<DecisionRecord>,
    /// The decision made again; none where that was not possible.
    pub judged: Option<Decision>,
    /// All that differs; nothing when it is the same.
    pub differs: Vec<Differs>,
}

impl Replay {
    /// Whether the same came out.
    #[must_use]
    pub const fn is_same(&self) -> bool {
        self.differs.is_empty()
    }
}

impl DecisionRecord {
    /// Reads canonical bytes; none where they are not a decision of this form.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let record: Self = from_bytes(bytes).ok()?;
        let is_whole = record.rows.iter().map(|(layer, _)| *layer).eq(Layer::ALL.iter().copied());
        (record.version == VERSION && is_whole).then_some(record)
    }

    /// The versions it names, each with its owner by the question's own word.
    #[must_use]
    pub fn named(&self) -> [(PolicyOwner, PolicyVersion); 3] {
        let (id, region) = self.question.side();
        [
            (PolicyOwner::Nation, self.versions.national),
            (PolicyOwner::Region(region.province()), self.versions.region),
            (PolicyOwner::Department(id.clone()), self.versions.department),
        ]
    }
}

impl Judge {
    /// Judges a past decision again. `set` gives an owner's set of a version, if that owner ever had it.
    ///
    /// # Errors
    /// What `set` says, and [`AccessFault`] where Casbin fails or says something else than the index.
    pub fn replay<F: From<AccessFault>>(
        &self,
        bytes: &[u8],
        mut set: impl FnMut(&PolicyOwner, PolicyVersion) -> Result<Option<Arc<Ruleset>>, F>,
    ) -> Result<Replay, F> {
        let Some(record) = DecisionRecord::read(bytes) else {
            return Ok(Replay { record: None, judged: None, differs: vec![Differs::Unreadable] });
        };
        let mut differs = Vec::new();
        if record.model != self.model() {
            differs.push(Differs::Model);
        }
        let mut found = Vec::with_capacity(3);
        for (owner, version) in record.named() {
            let is_it = |set: &Arc<Ruleset>| set.set().owner == owner && set.version() == version;
            match set(&owner, version)?.filter(is_it) {
                Some(set) => found.push(set),
                None => differs.push(Differs::Version(owner.layer())),
            }
        }
        let judged = match <[_; 3]>::try_from(found) {
            Ok([national, region, department]) => {
                let sets = PolicySets { national, region, department };
                match self.decide(&sets, &record.question) {
                    Ok(decision) => Some(decision),
                    Err(AccessFault::Set(_) | AccessFault::TooManyItems { .. }) => {
                        differs.push(Differs::Unjudged);
                        None
                    }
                    Err(fault) => return Err(fault.into()),
                }
            }
            Err(_) => None,
        };
        if let Some(decision) = &judged {
            compare(&record, decision, &mut differs);
        }
        Ok(Replay { record: Some(record), judged, differs })
    }
}

fn compare(record: &DecisionRecord, judged: &Decision, differs: &mut Vec<Differs>) {
    if record.allow != judged.allow {
        differs.push(Differs::Allow { recorded: record.allow });
    }
    for ((layer, recorded), (_, judged)) in record.rows.iter().zip(&judged.rows) {
        if recorded != judged {
            differs.push(Differs::Row { layer: *layer, recorded: recorded.clone(), judged: judged.clone() });
        }
    }
    let duties = judged.record().obligations;
    if record.obligations != duties {
        let beyond = |some: &[Obligation], others: &[Obligation]| {
            some.iter().filter(|duty| !others.contains(duty)).cloned().collect()
        };
        differs.push(Differs::Obligations {
            recorded: beyond(&record.obligations, &duties),
            judged: beyond(&duties, &record.obligations),
        });
    }
}

#[cfg(test)]
mod tests;
