//! Publishing entries.

use super::rule::{Rejection, Rule};
use crate::catalogue::{Entry, PublishedEntry};
use crate::credit::Credit;
use crate::keys;
use crate::refusal::Refusal;
use crate::views;

impl Rule<'_> {
    pub(super) fn publish(&mut self, entry: &Entry) -> Result<(), Rejection> {
        entry.check(self.limits())?;
        // A code is its department's before anything is published under it: nobody is first in another's place.
        let own = &self.body.department;
        let department = views::department(self.reads, own)?.ok_or(Refusal::DepartmentUnknown)?;
        if !department.member.publishes(&entry.id.code) {
            return Err(Refusal::EntryOwner.into());
        }
        if views::latest_version(self.reads, &entry.id.code)? != entry.previous {
            return Err(Refusal::EntryVersion.into());
        }
        self.spend(own, Credit::Publication)?;
        let place = self.place();
        let published = PublishedEntry {
            entry: entry.clone(),
            provider: own.clone(),
            at: place.at,
            height: place.height,
            tx: place.tx,
        };
        self.put(keys::entry(&entry.id), &published);
        self.put(keys::latest_entry(&entry.id.code), &entry.id.version);
        Ok(())
    }
}
