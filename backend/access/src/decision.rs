//! What the rules said, complete enough to be said again by someone else.

use crate::obligation::Obligation;
use crate::question::Question;
use gm::sm3::Digest;
use ledger::policy::{Layer, RowId};
use ledger::receipt::PolicyVersions;
use ledger::wire::{from_bytes, to_bytes};
use std::collections::BTreeSet;

/// The version of [`DecisionRecord`].
pub(crate) const VERSION: u8 = 2;

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether every layer allows it and none denies it.
    pub allow: bool,
    /// For each layer the row that denied, or the first that allowed; none when no row spoke.
    pub rows: [(Layer, Option<RowId>); 3],
    /// What must be done before anyone sees the answer: the strictest of all layers. Empty when
    /// not allowed. Duties about items name asked items only, at most one each.
    pub obligations: BTreeSet<Obligation>,
    /// The versions of the three sets judged by.
    pub versions: PolicyVersions,
    /// What was asked.
    pub question: Question,
    pub(crate) denied_by: Option<(Layer, Option<RowId>)>,
    pub(crate) model: Digest,
}

impl Decision {
    /// The highest layer that did not allow it, and the row that denied (none: no row of that
    /// layer allowed it). Nothing when allowed.
    #[must_use]
    pub const fn denied_by(&self) -> Option<&(Layer, Option<RowId>)> {
        self.denied_by.as_ref()
    }

    /// The decision as it is committed to.
    #[must_use]
    pub fn record(&self) -> DecisionRecord {
        let mut obligations: Vec<_> = self.obligations.iter().cloned().collect();
        obligations.sort_by_cached_key(Obligation::to_string);
        DecisionRecord {
            version: VERSION,
            question: self.question.clone(),
            allow: self.allow,
            rows: self.rows.to_vec(),
            obligations,
            versions: self.versions,
            model: self.model,
        }
    }

    /// Whether canonical bytes say the same, of another moment perhaps: the same question, answered the
    /// same by the same rows.
    #[must_use]
    pub fn says_again(&self, recorded: &[u8]) -> bool {
        from_bytes::<DecisionRecord>(recorded).is_ok_and(|mut record| {
            record.question.at = self.question.at;
            record == self.record()
        })
    }

    /// Its canonical bytes: what `decision_commit` covers.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        to_bytes(&self.record())
    }
}

ledger::wire_struct! {
    /// A decision in canonical form. Whoever has it, the three policy sets of `versions` and this
    /// program can judge again and compare.
    pub struct DecisionRecord {
        /// 2.
        pub version: u8,
        /// What was asked, attribute by attribute in the model's order.
        pub question: Question,
        /// Whether it passes.
        pub allow: bool,
        /// The deciding row of each layer, national first.
        pub rows: Vec<(Layer, Option<RowId>)>,
        /// The duties, sorted by their canonical text.
        pub obligations: Vec<Obligation>,
        /// The versions of the three sets.
        pub versions: PolicyVersions,
        /// SM3 of the model compiled in.
        pub model: Digest,
    }
}
