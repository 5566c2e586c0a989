//! Where the store's bytes lie: in a folder, or in memory for tests. Both keep the same promises.

use std::path::Path;

use ledger::state::Pairs;

use super::batch::{Batch, Lasts};
use super::columns::Column;
use super::folder::{self, Folder};
#[cfg(test)]
use super::memory::{self, Memory};
use crate::fault::NodeFault;

/// One node's database.
pub(crate) enum Database {
    /// In a folder, which this process holds.
    Folder(Folder),
    /// In memory.
    #[cfg(test)]
    Memory(Memory),
}

impl Database {
    /// Opens the database in a folder, or makes it.
    ///
    /// # Errors
    /// [`NodeFault::InUse`], or what broke.
    pub(crate) fn open(dir: &Path) -> Result<Self, NodeFault> {
        Folder::open(dir).map(Self::Folder)
    }

    /// What stands in a folder now; none before a node began there.
    ///
    /// # Errors
    /// What broke.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, NodeFault> {
        if !dir.join(folder::LEDGER).exists() {
            return Ok(None);
        }
        Folder::read(dir).map(|folder| Some(Self::Folder(folder)))
    }

    pub(super) fn write(&self, batch: Batch, lasts: Lasts) -> Result<(), NodeFault> {
        match self {
            Self::Folder(folder) => folder.write(batch, lasts),
            #[cfg(test)]
            Self::Memory(memory) => {
                memory.write(batch, lasts);
                Ok(())
            }
        }
    }

    /// What is written now; later writes do not change the view.
    pub(super) fn view(&self) -> View<'_> {
        match self {
            Self::Folder(folder) => View::Folder(folder.view()),
            #[cfg(test)]
            Self::Memory(memory) => View::Memory(memory.view()),
        }
    }
}

/// A database as it stood at one moment.
pub(super) enum View<'a> {
    Folder(folder::View<'a>),
    #[cfg(test)]
    Memory(memory::View),
}

impl View<'_> {
    pub(super) fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, NodeFault> {
        match self {
            Self::Folder(view) => view.get(column, key),
            #[cfg(test)]
            Self::Memory(view) => Ok(view.get(column, key)),
        }
    }

    /// At most `limit` pairs from a key on and before another, in the order of keys.
    pub(super) fn range(
        &self,
        column: Column,
        from: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Pairs, NodeFault> {
        match self {
            Self::Folder(view) => view.range(column, from, until, limit),
            #[cfg(test)]
            Self::Memory(view) => Ok(view.range(column, from, until, limit)),
        }
    }

    /// All pairs whose key starts with a prefix.
    pub(super) fn below(&self, column: Column, prefix: &[u8]) -> Result<Pairs, NodeFault> {
        self.range(column, prefix, after_prefix(prefix).as_deref(), usize::MAX)
    }
}

/// The first key that is greater than all keys of a prefix; none if there is no such key.
pub(super) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next() {
        assert_eq!(after_prefix(b"seen/"), Some(b"seen0".to_vec()));
        assert_eq!(after_prefix(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[255]), None);
        assert_eq!(after_prefix(b""), None);
    }
}
