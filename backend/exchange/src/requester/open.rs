//! Opens an answer (PROTOCOL section 3, step 8). Nothing is shown unless every check passes.

use std::collections::{BTreeMap, BTreeSet};

use access::{Obligation, Release, narrowed};
use gm::domain::ChainId;
use gm::envelope::{self, Seed};
use gm::sm2::SecretKey;
use gm::sm3::{Digest, sm3};
use ledger::grant::Grant;
use ledger::ids::{DepartmentId, ItemCode, QueryId};
use ledger::receipt::DeliveryOutcome;

use crate::judging::limit;
use crate::limits::{ANSWER_SEALED_BYTES_MAX, WRAP_BYTES};
use crate::masking::is_masked;
use crate::outcome::Outcome;
use crate::protocol::{Answer, VERSION};
use crate::table::Body;

/// What a sealed answer is compared with.
pub(super) struct Expected<'a> {
    pub(super) chain: ChainId,
    pub(super) query: &'a QueryId,
    pub(super) provider: &'a DepartmentId,
    pub(super) items: &'a BTreeSet<ItemCode>,
}

/// Why an answer on record is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    pub(super) outcome: DeliveryOutcome,
    pub(super) code: Outcome,
}

const fn content(code: Outcome) -> Rejection {
    Rejection { outcome: DeliveryOutcome::RejectedContent, code }
}

const KEY: Rejection = Rejection { outcome: DeliveryOutcome::RejectedKey, code: Outcome::AnswerKey };

impl Expected<'_> {
    /// Whether header and ciphertext belong to the question and to each other.
    pub(super) fn check_header(&self, answer: &Answer, sealed: &[u8]) -> Result<(), Outcome> {
        if answer.version != VERSION
            || answer.chain != self.chain
            || answer.provider != *self.provider
            || answer.query_id != *self.query
            || !answer.leaf_count_padded.is_power_of_two()
        {
            return Err(Outcome::AnswerHeader);
        }
        let fits = sealed.len() <= ANSWER_SEALED_BYTES_MAX
            && answer.sealed_size == sealed.len() as u64
            && answer.sealed_digest == sm3(&[sealed]);
        if fits { Ok(()) } else { Err(Outcome::AnswerCiphertext) }
    }

    /// Opens the answer that `recorded` names.
    pub(super) fn open(
        &self,
        answer: &Answer,
        sealed: &[u8],
        recorded: &Digest,
        grant: &Grant,
        key: (&SecretKey, &[u8]),
    ) -> Result<Body, Rejection> {
        self.check_header(answer, sealed).map_err(content)?;
        if answer.digest() != *recorded {
            return Err(content(Outcome::AnswerHeader));
        }
        let (reply_key, wrap) = key;
        if wrap.len() != WRAP_BYTES {
            return Err(KEY);
        }
        let seed = Seed::unwrap_with(reply_key, wrap).map_err(|_| KEY)?;
        if seed.commitment(self.chain) != answer.seed_commit {
            return Err(KEY);
        }
        let context = Answer::context(self.query, &answer.seed_commit);
        let plain = envelope::open(&seed, self.chain, &context, sealed)
            .map_err(|_| content(Outcome::AnswerCiphertext))?;
        let body = Body::read(&plain).map_err(|_| content(Outcome::AnswerContent))?;
        let root = (answer.result_root, answer.leaf_count_padded);
        if body.result_root(self.chain) == root && self.is_as_granted(&body, grant) {
            Ok(body)
        } else {
            Err(content(Outcome::AnswerContent))
        }
    }

    /// Rows hold what was asked and not withheld, and what the grant masks is masked.
    fn is_as_granted(&self, body: &Body, grant: &Grant) -> bool {
        let withheld_asked = body.dropped.is_subset(self.items);
        let rows_fit = body.rows.iter().all(|row| {
            let items: BTreeSet<&ItemCode> = row.0.keys().chain(&body.dropped).collect();
            items == self.items.iter().collect() && !row.0.keys().any(|item| body.dropped.contains(item))
        });
        let masked_asked = body.masks.keys().all(|item| self.items.contains(item));
        let masks_kept =
            self.items.iter().filter(|item| !body.dropped.contains(*item)).all(|item| {
                match grant.item(item).map(|granted| granted.mask) {
                    None => false,
                    Some(None) => true,
                    Some(Some(rule)) => body.masks.get(item) == Some(&rule),
                }
            });
        let values_masked = body.rows.iter().flat_map(|row| &row.0).all(|(item, value)| {
            match (body.masks.get(item), value) {
                (Some(rule), Some(value)) => is_masked(*rule, value.as_str()),
                (None, _) | (_, None) => true,
            }
        });
        withheld_asked && rows_fit && masked_asked && masks_kept && values_masked
    }
}

/// The rows as the own policies let them be kept and shown: what the provider left in clear may be masked,
/// and what it gave may be left out.
pub(super) fn narrow(mut body: Body, obligations: &BTreeSet<Obligation>) -> Body {
    let mut masks = BTreeMap::new();
    body.limit(limit(obligations));
    for item in obligations.iter().filter_map(Obligation::item) {
        let given = body.masks.get(item).copied();
        match narrowed(item, given.into_iter().collect(), obligations) {
            Release::Withheld => {
                body.rows.iter_mut().for_each(|row| drop(row.0.remove(item)));
                body.masks.remove(item);
                body.dropped.insert(item.clone());
            }
            Release::Masked(rule) if given.is_none() && !body.dropped.contains(item) => {
                masks.insert(item.clone(), rule);
            }
            Release::Masked(_) | Release::Clear => {}
        }
    }
    body.rows.iter_mut().for_each(|row| row.mask(&masks));
    body.masks.append(&mut masks);
    body
}

#[cfg(test)]
mod tests;
