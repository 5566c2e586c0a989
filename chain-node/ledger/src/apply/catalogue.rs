//! Publishing entries.

use super::rule::{Rejection, Rule};
use crate::catalogue::{Entry, PublishedEntry};
use crate::keys;
use crate::refusal::Refusal;
use crate::views;

impl Rule<'_> {
    pub(super) fn publish(&mut self, entry: &Entry) -> Result<(), Rejection> {
        entry.check()?;
        if let Some(latest) = views::latest_entry(self.reads, &entry.id.code)? {
            if latest.provider != self.body.department {
                return Err(Refusal::EntryOwner.into());
            }
            if Some(latest.entry.id.version) != entry.previous {
                return Err(Refusal::EntryVersion.into());
            }
        } else if entry.previous.is_some() {
            return Err(Refusal::EntryVersion.into());
        }
        let place = self.place();
        let published = PublishedEntry {
            entry: entry.clone(),
            provider: self.body.department.clone(),
            at: place.at,
            height: place.height,
            tx: place.tx,
        };
        self.put(keys::entry(&entry.id), &published);
        self.put(keys::latest_entry(&entry.id.code), &entry.id.version);
        Ok(())
    }
}
