//! What is asked of the rules: who, about whose data, which items, what for.

use ledger::catalogue::ShareType;
use ledger::ids::{Code2, DepartmentId, ItemCode, RegionCode};
use ledger::role::{Assurance, Role};
use ledger::wire::{In, Out, Wire, WireError};
use std::collections::BTreeSet;

ledger::wire_code! {
    /// What someone wants to do. One door of the platform each.
    pub enum Action {
        /// See that an entry exists and what it holds.
        Discover = 1 => "discover",
        /// Ask for a grant.
        Request = 2 => "request",
        /// Give a grant.
        Approve = 3 => "approve",
        /// Send a query under a grant (judged at the requester).
        Ask = 4 => "ask",
        /// Answer a query under a grant (judged at the provider, for the role that asks).
        Answer = 5 => "answer",
        /// Look at records as an inspectorate.
        Inspect = 6 => "inspect",
    }
}

/// One question. All of it stands in the decision, so that the decision can be judged again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// In which role the officer acts; at the `answer` door the role of the officer who asks.
    pub role: Role,
    /// The department that wants something; at the `inspect` door the inspectorate.
    pub requester: DepartmentId,
    /// Its division.
    pub requester_region: RegionCode,
    /// Whether it is flagged as an inspectorate on the chain.
    pub requester_inspectorate: bool,
    /// The department whose data it is.
    pub provider: DepartmentId,
    /// Its division.
    pub provider_region: RegionCode,
    /// How the entry is shared.
    pub share_type: ShareType,
    /// The classification of the entry: its resource code before the "/".
    pub entry_class: String,
    /// The items concerned; none where the door is not about items.
    pub items: BTreeSet<ItemCode>,
    /// The entry's grade, 1 to 4.
    pub grade: u8,
    /// The door.
    pub action: Action,
    /// What for; none where the door has no purpose.
    pub purpose: Option<Code2>,
    /// How surely the officer was recognised.
    pub assurance: Assurance,
    /// Whether the grant used is live; none where the door uses no grant.
    pub grant_live: Option<bool>,
}

/// What a question is made of, in the model's order.
pub(crate) const ATTRIBUTES: [&str; 14] = [
    "role",
    "requester",
    "requester_region",
    "inspectorate",
    "provider",
    "provider_region",
    "share",
    "class",
    "items",
    "grade",
    "action",
    "purpose",
    "assurance",
    "grant",
];

/// As many as there are attributes, and in their order.
const FIELDS: u64 = ATTRIBUTES.len() as u64;

impl Question {
    /// The department under whose rules this door stands.
    pub(crate) const fn side(&self) -> (&DepartmentId, &RegionCode) {
        match self.action {
            Action::Discover | Action::Request | Action::Ask | Action::Inspect => {
                (&self.requester, &self.requester_region)
            }
            Action::Approve | Action::Answer => (&self.provider, &self.provider_region),
        }
    }
}

impl Wire for Question {
    fn put(&self, out: &mut Out) {
        out.array(FIELDS);
        self.role.put(out);
        self.requester.put(out);
        self.requester_region.put(out);
        self.requester_inspectorate.put(out);
        self.provider.put(out);
        self.provider_region.put(out);
        self.share_type.put(out);
        out.text(&self.entry_class);
        self.items.put(out);
        self.grade.put(out);
        self.action.put(out);
        self.purpose.put(out);
        self.assurance.put(out);
        self.grant_live.put(out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(FIELDS)?;
        Ok(Self {
            role: Wire::take(input)?,
            requester: Wire::take(input)?,
            requester_region: Wire::take(input)?,
            requester_inspectorate: Wire::take(input)?,
            provider: Wire::take(input)?,
            provider_region: Wire::take(input)?,
            share_type: Wire::take(input)?,
            entry_class: input.text()?.to_owned(),
            items: Wire::take(input)?,
            grade: Wire::take(input)?,
            action: Wire::take(input)?,
            purpose: Wire::take(input)?,
            assurance: Wire::take(input)?,
            grant_live: Wire::take(input)?,
        })
    }
}
