//! What a chain knows beside its rules: the members and what they offer. Rows are checked against it.

use ledger::catalogue::{Item, PublishedEntry, ShareType};
use ledger::department::Member;
use ledger::ids::{DepartmentId, ItemCode, RegionCode};

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDepartment {
    /// Its code.
    pub id: DepartmentId,
    /// Its division.
    pub region: RegionCode,
    /// Whether it is flagged as inspectorate.
    pub inspectorate: bool,
}

impl From<&Member> for KnownDepartment {
    fn from(member: &Member) -> Self {
        Self { id: member.id.clone(), region: member.region.clone(), inspectorate: member.inspectorate }
    }
}

/// An entry in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownEntry {
    /// Whose.
    pub provider: DepartmentId,
    /// Its classification.
    pub class: String,
    /// How it is shared.
    pub share_type: ShareType,
    /// Its items.
    pub items: Vec<Item>,
}

impl KnownEntry {
    /// The item of this code.
    #[must_use]
    pub fn item(&self, code: &ItemCode) -> Option<&Item> {
        self.items.iter().find(|item| item.code == *code)
    }
}

impl From<&PublishedEntry> for KnownEntry {
    fn from(published: &PublishedEntry) -> Self {
        let entry = &published.entry;
        Self {
            provider: published.provider.clone(),
            class: entry.id.code.class().to_owned(),
            share_type: entry.share_type,
            items: entry.items.clone(),
        }
    }
}

/// Members and entries, all of one state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The members.
    pub departments: Vec<KnownDepartment>,
    /// The latest version of each entry.
    pub entries: Vec<KnownEntry>,
}

impl Known {
    pub(crate) fn department(&self, id: &DepartmentId) -> Option<&KnownDepartment> {
        self.departments.iter().find(|department| department.id == *id)
    }
}
