//! The six doors: what is asked of the rules at each of them. Nobody else puts a question together.

use crate::offer::Offer;
use crate::question::{Action, Question};
use ledger::department::Department;
use ledger::grant::{Grant, GrantStatus};
use ledger::ids::{Code2, ItemCode, Time};
use ledger::role::{Assurance, Role};
use std::collections::BTreeSet;

/// Who stands at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// In which role the officer acts; at the `answer` door the role of the officer who asks.
    pub role: Role,
    /// How surely the officer was recognised.
    pub assurance: Assurance,
}

/// The departments on both sides and the entry between them, all of one ledger state.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// Who wants something; at the `inspect` door the inspectorate.
    pub requester: &'a Department,
    /// Whose data it is.
    pub provider: &'a Department,
    /// The entry.
    pub offer: &'a Offer,
}

impl Sides<'_> {
    /// May the entry be seen? About no item and no purpose.
    #[must_use]
    pub fn discover(&self, actor: Actor) -> Question {
        self.question(Action::Discover, actor, &BTreeSet::new(), None)
    }

    /// May a grant of these items be asked for, or the asking be taken back?
    #[must_use]
    pub fn request(&self, actor: Actor, items: &BTreeSet<ItemCode>, purpose: &Code2) -> Question {
        self.question(Action::Request, actor, items, Some(purpose))
    }

    /// May a grant of these items be given, refused or ended?
    #[must_use]
    pub fn approve(&self, actor: Actor, items: &BTreeSet<ItemCode>, purpose: &Code2) -> Question {
        self.question(Action::Approve, actor, items, Some(purpose))
    }

    /// May these items be asked for under the grant at this time?
    #[must_use]
    pub fn ask(&self, actor: Actor, items: &BTreeSet<ItemCode>, grant: &Grant, now: Time) -> Question {
        self.query(Action::Ask, actor, items, grant, now)
    }

    /// May a query for these items under the grant be answered at this time?
    #[must_use]
    pub fn answer(&self, actor: Actor, items: &BTreeSet<ItemCode>, grant: &Grant, now: Time) -> Question {
        self.query(Action::Answer, actor, items, grant, now)
    }

    /// May what happened between others about these items for this purpose be looked at?
    #[must_use]
    pub fn inspect(&self, actor: Actor, items: &BTreeSet<ItemCode>, purpose: &Code2) -> Question {
        self.question(Action::Inspect, actor, items, Some(purpose))
    }

    fn query(
        &self,
        action: Action,
        actor: Actor,
        items: &BTreeSet<ItemCode>,
        grant: &Grant,
        now: Time,
    ) -> Question {
        let is_live = self.requester.active && self.provider.active && grant.status(now) == GrantStatus::Live;
        Question { grant_live: Some(is_live), ..self.question(action, actor, items, Some(&grant.purpose)) }
    }

    fn question(
        &self,
        action: Action,
        actor: Actor,
        items: &BTreeSet<ItemCode>,
        purpose: Option<&Code2>,
    ) -> Question {
        let (requester, provider) = (&self.requester.member, &self.provider.member);
        Question {
            role: actor.role,
            requester: requester.id.clone(),
            requester_region: requester.region.clone(),
            requester_inspectorate: requester.inspectorate,
            provider: provider.id.clone(),
            provider_region: provider.region.clone(),
            share_type: self.offer.share_type(),
            entry_class: self.offer.asked().entry.id.code.class().to_owned(),
            items: items.clone(),
            grade: self.offer.grade(items),
            action,
            purpose: purpose.cloned(),
            assurance: actor.assurance,
            grant_live: None,
        }
    }
}

#[cfg(test)]
mod tests;
