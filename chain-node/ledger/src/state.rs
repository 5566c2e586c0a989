//! State as the rules read and change it: keys and values in canonical bytes.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// The store could not answer, or holds what it must not: the node stops (not a refusal).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state could not be read: {0}")]
pub struct ReadFault(pub String);

/// Keys with their values, in the order of keys.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A state that can be read.
pub trait StateRead {
    /// The value of a key.
    ///
    /// # Errors
    /// [`ReadFault`] when the store breaks.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault>;

    /// At most `limit` pairs whose key starts with `prefix` and is greater than `after`, in the order of keys.
    ///
    /// # Errors
    /// [`ReadFault`] when the store breaks.
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Pairs, ReadFault>;
}

/// What a transaction or block changes: each key with its new value, or none when it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<Vec<u8>, Option<Vec<u8>>>);

impl Changes {
    /// Sets a key.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.0.insert(key, Some(value));
    }
    /// Removes a key.
    pub fn remove(&mut self, key: Vec<u8>) {
        self.0.insert(key, None);
    }
    /// The new value of a key; none where it goes or stays as it is.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.0.get(key)?.as_deref()
    }
    /// Lays later changes over these.
    pub fn extend(&mut self, later: Self) {
        self.0.extend(later.0);
    }
    /// Each key with its new value, in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.0.iter().map(|(key, value)| (key.as_slice(), value.as_deref()))
    }
}

/// A state with changes laid over it.
pub struct Overlay<'a> {
    base: &'a dyn StateRead,
    /// The changes so far.
    pub changes: Changes,
}

impl core::fmt::Debug for Overlay<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Overlay").field("changes", &self.changes).finish_non_exhaustive()
    }
}

impl<'a> Overlay<'a> {
    /// Nothing changed yet.
    #[must_use]
    pub fn new(base: &'a dyn StateRead) -> Self {
        Self { base, changes: Changes::default() }
    }
}

impl StateRead for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        match self.changes.0.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => self.base.get(key),
        }
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Pairs, ReadFault> {
        let changed: Vec<_> = self
            .changes
            .0
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| after.is_none_or(|after| key.as_slice() > after))
            .collect();
        // Of the pairs below some may be gone or replaced: read so many more that `limit` remain.
        let below = self.base.scan(prefix, after, limit.saturating_add(changed.len()))?;
        let mut merged: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
            below.into_iter().map(|(key, value)| (key, Some(value))).collect();
        merged.extend(changed.into_iter().map(|(key, value)| (key.clone(), value.clone())));
        Ok(merged
            .into_iter()
            .filter_map(|(key, value)| value.map(|value| (key, value)))
            .take(limit)
            .collect())
    }
}

/// A state in memory, for tests and for checking evidence.
#[derive(Clone, Debug, Default)]
pub struct MemoryState(BTreeMap<Vec<u8>, Vec<u8>>);

impl MemoryState {
    /// Takes changes over.
    pub fn commit(&mut self, changes: &Changes) {
        for (key, value) in changes.iter() {
            match value {
                Some(value) => self.0.insert(key.to_vec(), value.to_vec()),
                None => self.0.remove(key),
            };
        }
    }
}

impl StateRead for MemoryState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        Ok(self.0.get(key).cloned())
    }
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Pairs, ReadFault> {
        Ok(self
            .0
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| after.is_none_or(|after| key.as_slice() > after))
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_overlay_reads_like_the_state_after_its_commit(
            below in proptest::collection::btree_map(proptest::collection::vec(0u8..4, 1..4), any::<u8>(), 0..20),
            above in proptest::collection::btree_map(proptest::collection::vec(0u8..4, 1..4), any::<Option<u8>>(), 0..20),
            prefix in proptest::collection::vec(0u8..4, 0..2),
            after in proptest::option::of(proptest::collection::vec(0u8..4, 1..4)),
            limit in 0usize..10,
        ) {
            let mut base = MemoryState::default();
            let mut first = Changes::default();
            for (key, value) in below { first.put(key, alloc::vec![value]); }
            base.commit(&first);
            let mut changes = Changes::default();
            for (key, value) in above {
                match value { Some(v) => changes.put(key, alloc::vec![v]), None => changes.remove(key) }
            }
            let mut overlay = Overlay::new(&base);
            overlay.changes = changes.clone();
            let mut committed = base.clone();
            committed.commit(&changes);
            for key in [&prefix[..], after.as_deref().unwrap_or_default()] {
                prop_assert_eq!(overlay.get(key), committed.get(key));
            }
            prop_assert_eq!(
                overlay.scan(&prefix, after.as_deref(), limit),
                committed.scan(&prefix, after.as_deref(), limit)
            );
        }
    }
}
