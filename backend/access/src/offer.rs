//! An entry as a door sees it: the version that was asked about or granted, and the latest. The
//! stricter of both counts, so that a provider that takes something back has taken it back, under
//! grants given before as well.

use crate::obligation::{Obligation, Release, narrowed};
use ledger::catalogue::{Entry, ItemMask, MaskRule, Mode, PublishedEntry, ShareType};
use ledger::ids::{EntryId, ItemCode};
use ledger::state::{ReadFault, StateRead};
use ledger::views;
use std::collections::BTreeSet;
use std::iter::once;

/// One entry in the version asked about and, where there is a newer one, in the latest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    asked: PublishedEntry,
    latest: Option<PublishedEntry>,
}

impl Offer {
    /// Reads both versions at one height. Nothing when the version asked about is not published.
    ///
    /// # Errors
    /// [`ReadFault`] when the store breaks.
    pub fn read(reads: &dyn StateRead, id: &EntryId) -> Result<Option<Self>, ReadFault> {
        let Some(asked) = views::entry(reads, id)? else { return Ok(None) };
        Ok(Some(Self::of(asked, views::latest_entry(reads, &id.code)?)))
    }

    /// The version asked about, and the latest of the same resource.
    #[must_use]
    pub fn of(asked: PublishedEntry, latest: Option<PublishedEntry>) -> Self {
        let latest = latest.filter(|latest| latest.entry.id != asked.entry.id);
        Self { asked, latest }
    }

    /// The version asked about.
    #[must_use]
    pub const fn asked(&self) -> &PublishedEntry {
        &self.asked
    }

    /// The latest version's number.
    #[must_use]
    pub fn latest_version(&self) -> u32 {
        self.latest.as_ref().unwrap_or(&self.asked).entry.id.version
    }

    /// Whether a newer version than the one asked about is published.
    #[must_use]
    pub const fn is_outdated(&self) -> bool {
        self.latest.is_some()
    }

    fn versions(&self) -> impl Iterator<Item = &Entry> {
        once(&self.asked).chain(&self.latest).map(|published| &published.entry)
    }

    /// How it is shared: not, where one version says not.
    #[must_use]
    pub fn share_type(&self) -> ShareType {
        // The closed set is ordered from the freest to the strictest.
        self.versions().map(|entry| entry.share_type).max().unwrap_or(ShareType::NotShared)
    }

    /// Whether all versions offer this mode.
    #[must_use]
    pub fn offers(&self, mode: Mode) -> bool {
        self.versions().all(|entry| entry.modes.contains(&mode))
    }

    /// The highest grade of these items in any version, 1 to 4; the entry's where none is named.
    #[must_use]
    pub fn grade(&self, items: &BTreeSet<ItemCode>) -> u8 {
        let of =
            |entry: &Entry| items.iter().filter_map(|item| entry.item(item)).map(|item| item.grade).max();
        self.versions()
            .filter_map(of)
            .max()
            .or_else(|| self.versions().map(|entry| entry.grade).max())
            .unwrap_or_default()
    }

    /// How sensitive these items are, in any version; nothing where none is named.
    #[must_use]
    pub fn sensitivities(&self, items: &BTreeSet<ItemCode>) -> BTreeSet<u8> {
        let of = |entry: &'_ Entry| -> Vec<u8> {
            items.iter().filter_map(|item| entry.item(item)).map(|item| item.sensitivity).collect()
        };
        self.versions().flat_map(of).collect()
    }

    /// The version asked about alone: for what only takes rights away. A grant is ended, a request
    /// refused or withdrawn under the version it was given or made for, whatever came of the entry.
    #[must_use]
    pub fn as_asked(&self) -> Self {
        Self { asked: self.asked.clone(), latest: None }
    }

    /// What may leave of an item: the strictest of what the versions, the grant and the duties of a
    /// decision say. Nothing leaves in clear by omission: an item that is guarded and of which no
    /// one says anything is withheld.
    #[must_use]
    pub fn release(
        &self,
        code: &ItemCode,
        granted: Option<MaskRule>,
        duties: &BTreeSet<Obligation>,
    ) -> Release {
        let mut masks: BTreeSet<MaskRule> = granted.into_iter().collect();
        let mut is_unsaid = false;
        for entry in self.versions() {
            match entry.item(code) {
                Some(item) if item.returnable && !item.verify_only => {
                    is_unsaid |= item.is_guarded() && item.mask == ItemMask::Unsaid;
                    masks.extend(item.mask.rule());
                }
                Some(_) | None => return Release::Withheld,
            }
        }
        let is_cleared = || duties.contains(&Obligation::Clear { item: code.clone() });
        match narrowed(code, masks, duties) {
            Release::Clear if is_unsaid && !is_cleared() => Release::Withheld,
            release => release,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
