//! What travels sealed as an answer: rows after row scope and masks, and the tree over them.
//!
//! ```text
//!   row i ── commit(salt i, i ‖ row i) ──► leaf hash ─┐
//!   no row ─ commit(salt i, i)         ──► leaf hash ─┴─► root (RFC 9162 shape, SM3)
//!   salt i = HMAC-SM3(salts' seed, i); leaves up to the next power of two
//! ```
//!
//! A leaf without a row looks like any other to who does not have the salts' seed, and one row can be
//! shown with its salt and path without the others. "No such person" is a body with `found` false: it is
//! filled up to the length an ordinary row would have.

use std::collections::{BTreeMap, BTreeSet};

use gm::domain::{ChainId, Salt, commit};
use gm::merkle;
use gm::sm3::{Digest, hmac};
use ledger::catalogue::MaskRule;
use ledger::ids::ItemCode;
use ledger::text::{Text, normal};
use ledger::wire::{Bytes, In, Out, Wire, WireError, to_bytes};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::limits::{BODY_BYTES_BESIDE_ROWS, ROWS_MAX, VALUE_BYTES_MAX, VALUE_BYTES_ORDINARY};
use crate::masking;
use crate::protocol::VERSION;

/// The reason code of an answer from which rows were left out because a policy says how many may leave. The
/// codes of DOMAIN 6.4 end at `V08`.
pub(crate) const ROWS_WITHHELD: &str = "V09";

/// One value; wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Value(String);

impl Value {
    /// Takes a text of a source; a control character becomes a space.
    ///
    /// Returns nothing when it is longer than [`VALUE_BYTES_MAX`].
    pub(crate) fn new(text: &str) -> Option<Self> {
        let clean: String = normal(text).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        (clean.len() <= VALUE_BYTES_MAX).then_some(Self(clean))
    }

    fn masked(&self, rule: MaskRule) -> Self {
        Self::new(&masking::mask(rule, &self.0)).unwrap_or_else(|| Self(masking::HIDDEN.to_owned()))
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Wire for Value {
    fn put(&self, out: &mut Out) {
        out.text(&self.0);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        let text = input.text()?;
        match Self::new(text) {
            Some(value) if value.0 == text => Ok(value),
            _ => Err(WireError::Text),
        }
    }
}

/// One row: items by code, sorted; an absent value is one the provider does not have.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Row(pub(crate) BTreeMap<ItemCode, Option<Value>>);

impl Row {
    /// The row as plain text, for a person.
    pub(crate) fn plain(&self) -> BTreeMap<ItemCode, Option<String>> {
        self.0.iter().map(|(item, value)| (item.clone(), value.as_ref().map(|v| v.0.clone()))).collect()
    }

    /// Masks values that are in clear; a band of an amount masked again would say nothing at all.
    pub(crate) fn mask(&mut self, masks: &BTreeMap<ItemCode, MaskRule>) {
        for (item, value) in &mut self.0 {
            if let (Some(rule), Some(clear)) = (masks.get(item), value.as_ref()) {
                *value = Some(clear.masked(*rule));
            }
        }
    }
}

impl Wire for Row {
    fn put(&self, out: &mut Out) {
        out.array(self.0.len() as u64);
        for (item, value) in &self.0 {
            out.array(2);
            item.put(out);
            value.put(out);
        }
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        let pairs: Vec<(ItemCode, Option<Value>)> = Wire::take(input)?;
        sorted_map(pairs).map(Self)
    }
}

fn sorted_map<V>(pairs: Vec<(ItemCode, V)>) -> Result<BTreeMap<ItemCode, V>, WireError> {
    if pairs.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a >= b)) {
        return Err(WireError::Order);
    }
    Ok(pairs.into_iter().collect())
}

/// The plain content of a sealed answer.
pub(crate) struct Body {
    /// Whether the provider has such a person.
    pub(crate) found: bool,
    /// The rows.
    pub(crate) rows: Vec<Row>,
    /// Which items were masked, and how.
    pub(crate) masks: BTreeMap<ItemCode, MaskRule>,
    /// Items asked for that a policy withheld.
    pub(crate) dropped: BTreeSet<ItemCode>,
    /// Reason codes for people (DOMAIN 6.4).
    pub(crate) reasons: Vec<Text<16>>,
    /// From this the salt of each row's commitment is derived.
    pub(crate) salts_seed: Salt,
    /// To be shown beside the rows.
    pub(crate) watermark: Text<300>,
}

impl Body {
    /// The bytes to be sealed, never shorter than an ordinary row of so many items would make them.
    pub(crate) fn sealable(&self, items_asked: usize) -> zeroize::Zeroizing<Vec<u8>> {
        let least = BODY_BYTES_BESIDE_ROWS + items_asked * VALUE_BYTES_ORDINARY;
        let bare = to_bytes(&Filled { body: self, filler: 0 }).len();
        zeroize::Zeroizing::new(to_bytes(&Filled { body: self, filler: least.saturating_sub(bare) }))
    }

    /// Leaves out all rows beyond so many, and says that it did.
    pub(crate) fn limit(&mut self, rows: usize) {
        if self.rows.len() <= rows {
            return;
        }
        self.rows.truncate(rows);
        if !self.reasons.iter().any(|reason| reason.as_str() == ROWS_WITHHELD) {
            self.reasons.extend(Text::new(ROWS_WITHHELD));
        }
    }

    /// Reads what [`Self::sealable`] wrote.
    ///
    /// # Errors
    /// [`WireError`] names the first thing wrong.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, WireError> {
        ledger::wire::from_bytes::<Read>(bytes).map(|read| read.body)
    }

    /// The leaves of the result tree.
    pub(crate) fn leaves(&self, chain: ChainId) -> Vec<Digest> {
        let padded = self.rows.len().max(1).next_power_of_two();
        (0..padded)
            .map(|at| {
                let number = (at as u64).to_be_bytes();
                let salt = Salt::from_bytes(hmac(self.salts_seed.as_bytes(), &[&number]).0);
                let mut data = number.to_vec();
                if let Some(row) = self.rows.get(at) {
                    data.extend_from_slice(&to_bytes(row));
                }
                let leaf = commit(chain, &salt, &data);
                data.zeroize();
                merkle::leaf_hash(&leaf.0)
            })
            .collect()
    }

    /// The root over the leaves, and how many there are.
    pub(crate) fn result_root(&self, chain: ChainId) -> (Digest, u32) {
        let leaves = self.leaves(chain);
        (merkle::root(&leaves), u32::try_from(leaves.len()).unwrap_or(u32::MAX))
    }

    fn put(&self, out: &mut Out, filler: usize) {
        out.array(10);
        out.number(u64::from(VERSION));
        self.found.put(out);
        out.number(self.rows.len() as u64);
        self.rows.put(out);
        out.array(self.masks.len() as u64);
        for (item, rule) in &self.masks {
            (item.clone(), *rule).put(out);
        }
        self.dropped.put(out);
        self.reasons.put(out);
        self.salts_seed.as_bytes().put(out);
        self.watermark.put(out);
        Bytes(vec![0; filler]).put(out);
    }

    fn take(input: &mut In<'_>) -> Result<(Self, usize), WireError> {
        input.array_of(10)?;
        if u16::take(input)? != VERSION {
            return Err(WireError::Range);
        }
        let found = bool::take(input)?;
        let count = u32::take(input)?;
        let body = Self {
            found,
            rows: Wire::take(input)?,
            masks: sorted_map(Wire::take(input)?)?,
            dropped: Wire::take(input)?,
            reasons: Wire::take(input)?,
            salts_seed: Salt::from_bytes(Wire::take(input)?),
            watermark: Wire::take(input)?,
        };
        let filler: Bytes = Wire::take(input)?;
        let sound = body.rows.len() <= ROWS_MAX
            && usize::try_from(count).is_ok_and(|count| count == body.rows.len())
            && found != body.rows.is_empty()
            && filler.0.iter().all(|byte| *byte == 0);
        if sound { Ok((body, filler.0.len())) } else { Err(WireError::Range) }
    }
}

/// A body to be written with its filler.
struct Filled<'a> {
    body: &'a Body,
    filler: usize,
}

impl Wire for Filled<'_> {
    fn put(&self, out: &mut Out) {
        self.body.put(out, self.filler);
    }
    fn take(_: &mut In<'_>) -> Result<Self, WireError> {
        Err(WireError::Shape) // a borrowed body is only written
    }
}

/// A body as read, with the length of its filler so that it can be compared.
struct Read {
    body: Body,
    filler: usize,
}

impl Wire for Read {
    fn put(&self, out: &mut Out) {
        self.body.put(out, self.filler);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        Body::take(input).map(|(body, filler)| Self { body, filler })
    }
}

#[cfg(test)]
mod tests;
