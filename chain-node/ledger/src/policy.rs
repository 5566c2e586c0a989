//! Sharing policies: rows in three layers, versioned on the chain. The ledger reads the words of a row
//! (`policy/rule.rs`) and says which version is in force; what rows mean for a question is judged at the
//! doors (crate `access`). How a policy changes: `amendment.rs`.

mod action;
mod hours;
mod narrows;
mod obligation;
mod rule;

pub use action::Action;
pub use hours::{MINUTES_A_DAY, MINUTES_A_WEEK, Window};
pub use narrows::narrows;
pub use obligation::{Obligation, UnknownObligation};
pub use rule::{Classes, EVERYTHING, INSPECTORATE, Named, Party, RowProblem, Rule, SHARE, division, zone};

use crate::ids::{DepartmentId, PolicyVersion, RegionCode};
use crate::protocol::Limits;
use crate::refusal::Refusal;
use crate::text::Text;
use crate::wire::{In, Out, Wire, WireError, to_bytes};
use alloc::collections::BTreeSet;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use gm::domain::{ChainId, Kind, digest};

crate::wire_code! {
    /// A lower layer can only narrow.
    pub enum Layer {
        /// For all.
        National = 1 => "national",
        /// For one province.
        Region = 2 => "region",
        /// For one department.
        Department = 3 => "department",
    }
}

crate::wire_code! {
    /// What a row says.
    pub enum Effect {
        /// Passes.
        Allow = 1 => "allow",
        /// Does not pass, whatever others say.
        Deny = 2 => "deny",
    }
}

/// A row's name; decisions cite it.
pub type RowId = Text<40>;

/// A part of a department's network, as the department names it.
pub type Zone = Text<40>;

crate::wire_struct! {
    /// One row of a policy.
    pub struct PolicyRow {
        /// Its name; decisions cite it.
        pub id: RowId,
        /// `*`, or role codes separated by commas.
        pub role: Text<200>,
        /// Requesters: `*`, or USCCs, division codes and `inspectorate`, separated by commas.
        pub requester: Text<400>,
        /// Providers: `*`, or USCCs and division codes separated by commas.
        pub provider: Text<400>,
        /// `*`, front parts of resource codes separated by commas, or `share:` and a sharing type.
        pub entry_class: Text<200>,
        /// `*`, or item codes separated by commas.
        pub items: Text<1000>,
        /// `*`, or the sensitivities of items (0 to 3) separated by commas.
        pub sensitivity: Text<20>,
        /// Highest grade the row covers.
        pub grade_max: u8,
        /// `*`, or doors separated by commas: `discover request approve ask answer inspect verify batch
        /// download administer`.
        pub action: Text<100>,
        /// `*`, or purpose codes separated by commas.
        pub purpose: Text<200>,
        /// Lowest assurance of sign-in: 1 password, 2 a code of the moment, 3 UKey.
        pub assurance_min: u8,
        /// `*`, or hours of the week in UTC+8 separated by commas: `1-5@08:00-18:00`.
        pub hours: Text<200>,
        /// `*`, or network zones separated by commas.
        pub zones: Text<200>,
        /// What must be done when the row lets something pass.
        pub obligations: Vec<Text<100>>,
        /// Allow or deny.
        pub effect: Effect,
    }
}

/// Whose policy: the nation's, a province's, or a department's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyOwner {
    /// The national layer.
    Nation,
    /// A province.
    Region(RegionCode),
    /// A department.
    Department(DepartmentId),
}

impl PolicyOwner {
    /// The layer this owner writes.
    #[must_use]
    pub const fn layer(&self) -> Layer {
        match self {
            Self::Nation => Layer::National,
            Self::Region(_) => Layer::Region,
            Self::Department(_) => Layer::Department,
        }
    }
}

impl fmt::Display for PolicyOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nation => f.write_str("national"),
            Self::Region(code) => code.fmt(f),
            Self::Department(id) => id.fmt(f),
        }
    }
}

impl Wire for PolicyOwner {
    fn put(&self, out: &mut Out) {
        out.text(&self.to_string());
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        let text = input.text()?;
        match text.len() {
            8 if text == "national" => Ok(Self::Nation),
            6 => text.parse().map(Self::Region).map_err(|_| WireError::Range),
            18 => text.parse().map(Self::Department).map_err(|_| WireError::Range),
            _ => Err(WireError::Range),
        }
    }
}

crate::wire_struct! {
    /// One version of an owner's rows.
    pub struct PolicySet {
        /// Whose.
        pub owner: PolicyOwner,
        /// 1, 2, 3 ….
        pub number: u64,
        /// The version before; zero for the first.
        pub previous: PolicyVersion,
        /// The rows.
        pub rows: Vec<PolicyRow>,
    }
}

impl PolicySet {
    /// The layer.
    #[must_use]
    pub const fn layer(&self) -> Layer {
        self.owner.layer()
    }

    /// The version: digest of layer, owner, number, previous and rows.
    #[must_use]
    pub fn version(&self, chain: ChainId) -> PolicyVersion {
        digest(chain, Kind::Policy, &to_bytes(&(self.layer(), self.clone()))).into()
    }

    /// Whether the set keeps its bounds and names each row once.
    #[must_use]
    pub fn is_sound(&self, limits: &Limits) -> bool {
        let ids: BTreeSet<_> = self.rows.iter().map(|row| &row.id).collect();
        self.number > 0
            && self.rows.len() <= limits.policy_rows
            && ids.len() == self.rows.len()
            && self.rows.iter().all(|row| row.obligations.len() <= limits.obligations)
    }

    /// The first row that cannot be read, and why.
    #[must_use]
    pub fn unreadable(&self) -> Option<(&PolicyRow, RowProblem)> {
        self.rows.iter().find_map(|row| Rule::read(row).err().map(|problem| (row, problem)))
    }

    /// Whether every door can judge by the set: it keeps its bounds, and each of its rows can be read.
    ///
    /// # Errors
    /// [`Refusal::PolicyUnsound`], [`Refusal::PolicyUnreadable`].
    pub fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        if !self.is_sound(limits) {
            return Err(Refusal::PolicyUnsound);
        }
        if self.unreadable().is_some() { Err(Refusal::PolicyUnreadable) } else { Ok(()) }
    }
}
