//! What is asked of the rules: who, about whose data, which items, what for.

use ledger::catalogue::ShareType;
use ledger::ids::{Code2, DepartmentId, ItemCode, RegionCode, Time};
use ledger::role::{Assurance, Role};
use ledger::wire::{In, Out, Wire, WireError};
use std::collections::BTreeSet;

pub use ledger::policy::{Action, Zone};

/// One question. All of it stands in the decision, so that the decision can be judged again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// In which role the officer acts; at the `answer` door the role of the officer who asks.
    pub role: Role,
    /// The highest grade the officer may see, 1 to 4; 0 where their department says none.
    pub clearance: u8,
    /// How surely the officer was recognised.
    pub assurance: Assurance,
    /// Where in the network the officer sits; none where their department has no zones.
    pub zone: Option<Zone>,
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
    /// How sensitive they are: 0 not personal, 1 personal, 2 sensitive personal, 3 a trade secret.
    pub sensitivities: BTreeSet<u8>,
    /// The highest grade of them, 1 to 4; the entry's where none is named.
    pub grade: u8,
    /// The door.
    pub action: Action,
    /// What for; none where the door has no purpose.
    pub purpose: Option<Code2>,
    /// When. Rows speak of hours in UTC+8.
    pub at: Time,
    /// Whether the grant used is live; none where the door uses no grant.
    pub grant_live: Option<bool>,
}

/// What a question is made of, in the model's order.
pub const ATTRIBUTES: [&str; 18] = [
    "role",
    "clearance",
    "assurance",
    "zone",
    "requester",
    "requester_region",
    "inspectorate",
    "provider",
    "provider_region",
    "share",
    "class",
    "items",
    "sensitivity",
    "grade",
    "action",
    "purpose",
    "at",
    "grant",
];

/// As many as there are attributes, and in their order.
const FIELDS: u64 = ATTRIBUTES.len() as u64;

impl Question {
    /// The department under whose rules this door stands.
    #[must_use]
    pub const fn side_department(&self) -> &DepartmentId {
        self.side().0
    }

    /// The attributes in which another question differs, in the model's order.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        // Taken apart, so that an attribute added later is not forgotten here.
        let Self {
            role,
            clearance,
            assurance,
            zone,
            requester,
            requester_region,
            requester_inspectorate,
            provider,
            provider_region,
            share_type,
            entry_class,
            items,
            sensitivities,
            grade,
            action,
            purpose,
            at,
            grant_live,
        } = self;
        let same: [bool; ATTRIBUTES.len()] = [
            *role == other.role,
            *clearance == other.clearance,
            *assurance == other.assurance,
            *zone == other.zone,
            *requester == other.requester,
            *requester_region == other.requester_region,
            *requester_inspectorate == other.requester_inspectorate,
            *provider == other.provider,
            *provider_region == other.provider_region,
            *share_type == other.share_type,
            *entry_class == other.entry_class,
            *items == other.items,
            *sensitivities == other.sensitivities,
            *grade == other.grade,
            *action == other.action,
            *purpose == other.purpose,
            *at == other.at,
            *grant_live == other.grant_live,
        ];
        ATTRIBUTES.into_iter().zip(same).filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }

    /// The same with its division.
    pub(crate) const fn side(&self) -> (&DepartmentId, &RegionCode) {
        if self.action.is_providers() {
            (&self.provider, &self.provider_region)
        } else {
            (&self.requester, &self.requester_region)
        }
    }
}

impl Wire for Question {
    fn put(&self, out: &mut Out) {
        out.array(FIELDS);
        self.role.put(out);
        self.clearance.put(out);
        self.assurance.put(out);
        self.zone.put(out);
        self.requester.put(out);
        self.requester_region.put(out);
        self.requester_inspectorate.put(out);
        self.provider.put(out);
        self.provider_region.put(out);
        self.share_type.put(out);
        out.text(&self.entry_class);
        self.items.put(out);
        self.sensitivities.put(out);
        self.grade.put(out);
        self.action.put(out);
        self.purpose.put(out);
        self.at.put(out);
        self.grant_live.put(out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(FIELDS)?;
        Ok(Self {
            role: Wire::take(input)?,
            clearance: Wire::take(input)?,
            assurance: Wire::take(input)?,
            zone: Wire::take(input)?,
            requester: Wire::take(input)?,
            requester_region: Wire::take(input)?,
            requester_inspectorate: Wire::take(input)?,
            provider: Wire::take(input)?,
            provider_region: Wire::take(input)?,
            share_type: Wire::take(input)?,
            entry_class: input.text()?.to_owned(),
            items: Wire::take(input)?,
            sensitivities: Wire::take(input)?,
            grade: Wire::take(input)?,
            action: Wire::take(input)?,
            purpose: Wire::take(input)?,
            at: Wire::take(input)?,
            grant_live: Wire::take(input)?,
        })
    }
}
