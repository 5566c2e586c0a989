//! The doors: what is asked of the rules at each of them. Nobody else puts a question together.

use crate::offer::Offer;
use crate::question::{Action, Question, Zone};
use ledger::department::Department;
use ledger::grant::{Grant, GrantStatus};
use ledger::ids::{Code2, ItemCode, Time};
use ledger::role::{Assurance, Role};
use std::collections::BTreeSet;

/// Who stands at a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// In which role the officer acts; at a provider's door the role of the officer who asks.
    pub role: Role,
    /// The highest grade the officer may see, 1 to 4; 0 where their department says none.
    pub clearance: u8,
    /// How surely the officer was recognised.
    pub assurance: Assurance,
    /// Where in the network the officer sits; none where their department has no zones.
    pub zone: Option<Zone>,
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
    /// When: by this grants live and hours count.
    pub at: Time,
}

impl Sides<'_> {
    /// May the entry be seen? About no item and no purpose.
    #[must_use]
    pub fn discover(&self, actor: &Actor) -> Question {
        self.question(Action::Discover, actor, &BTreeSet::new(), None)
    }

    /// May a grant of these items be asked for, or the asking be taken back?
    #[must_use]
    pub fn request(&self, actor: &Actor, items: &BTreeSet<ItemCode>, purpose: &Code2) -> Question {
        self.question(Action::Request, actor, items, Some(purpose))
    }

    /// May a grant of these items be given, refused or ended?
    #[must_use]
    pub fn approve(&self, actor: &Actor, items: &BTreeSet<ItemCode>, purpose: &Code2) -> Question {
        self.question(Action::Approve, actor, items, Some(purpose))
    }

    /// May these items be asked for under the grant?
    #[must_use]
    pub fn ask(&self, actor: &Actor, items: &BTreeSet<ItemCode>, grant: &Grant) -> Question {
        self.under(Action::Ask, actor, items, grant)
    }

    /// May a query for these items under the grant be answered?
    #[must_use]
    pub fn answer(&self, actor: &Actor, items: &BTreeSet<ItemCode>, grant: &Grant) -> Question {
        self.under(Action::Answer, actor, items, grant)
    }

    /// May what happened between others about these items for this purpose be looked at?
    #[must_use]
    pub fn inspect(&self, actor: &Actor, items: &BTreeSet<ItemCode>, purpose: &Code2) -> Question {
        self.question(Action::Inspect, actor, items, Some(purpose))
    }

    /// What a door would be asked, for who tries rules out: of a data door under a grant that is live or not.
    #[must_use]
    pub fn tried(
        &self,
        action: Action,
        actor: &Actor,
        items: &BTreeSet<ItemCode>,
        purpose: &Code2,
        is_live: bool,
    ) -> Question {
        match action {
            Action::Discover => self.discover(actor),
            Action::Request => self.request(actor, items, purpose),
            Action::Approve => self.approve(actor, items, purpose),
            Action::Inspect => self.inspect(actor, items, purpose),
            Action::Administer => self.question(action, actor, &BTreeSet::new(), None),
            Action::Ask | Action::Answer | Action::Verify | Action::Batch | Action::Download => {
                self.with_grant(action, actor, items, purpose, is_live)
            }
        }
    }

    fn under(&self, action: Action, actor: &Actor, items: &BTreeSet<ItemCode>, grant: &Grant) -> Question {
        let is_live = grant.status(self.at) == GrantStatus::Live;
        self.with_grant(action, actor, items, &grant.purpose, is_live)
    }

    fn with_grant(
        &self,
        action: Action,
        actor: &Actor,
        items: &BTreeSet<ItemCode>,
        purpose: &Code2,
        is_live: bool,
    ) -> Question {
        let are_active = self.requester.active && self.provider.active;
        let question = self.question(action, actor, items, Some(purpose));
        Question { grant_live: Some(are_active && is_live), ..question }
    }

    fn question(
        &self,
        action: Action,
        actor: &Actor,
        items: &BTreeSet<ItemCode>,
        purpose: Option<&Code2>,
    ) -> Question {
        let (requester, provider) = (&self.requester.member, &self.provider.member);
        Question {
            role: actor.role,
            clearance: actor.clearance,
            assurance: actor.assurance,
            zone: actor.zone.clone(),
            requester: requester.id.clone(),
            requester_region: requester.region.clone(),
            requester_inspectorate: requester.inspectorate,
            provider: provider.id.clone(),
            provider_region: provider.region.clone(),
            share_type: self.offer.share_type(),
            entry_class: self.offer.asked().entry.id.code.class().to_owned(),
            items: items.clone(),
            sensitivities: self.offer.sensitivities(items),
            grade: self.offer.grade(items),
            action,
            purpose: purpose.cloned(),
            at: self.at,
            grant_live: None,
        }
    }
}

#[cfg(test)]
mod tests;
