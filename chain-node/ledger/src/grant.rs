//! Grants (授权单): what an approval allows, how much of it is used, and its end.

use crate::catalogue::{Mode, ReceiptMode};
use crate::ids::{Code2, DepartmentId, EntryId, GrantId, ItemCode, RequestId, Time};
use crate::receipt::PolicyVersions;
use crate::refusal::Refusal;
use crate::request::{GrantedItem, RowScope, Step};
use crate::role::By;
use alloc::vec::Vec;

crate::wire_struct! {
    /// Ends a grant; in this version only the provider does.
    pub struct RevokeGrant {
        /// The grant.
        pub grant: GrantId,
        /// Reason code.
        pub reason: Code2,
        /// The officer who revoked.
        pub by: By,
    }
}

crate::wire_struct! {
    /// A grant's end before its time.
    pub struct Revocation {
        /// Reason code.
        pub reason: Code2,
        /// The step.
        pub step: Step,
    }
}

crate::wire_struct! {
    /// A grant as the state knows it.
    pub struct Grant {
        /// Its id.
        pub id: GrantId,
        /// Its number, for people.
        pub number: u64,
        /// The request it answers.
        pub request: RequestId,
        /// Who may ask.
        pub requester: DepartmentId,
        /// Who answers.
        pub provider: DepartmentId,
        /// The entry.
        pub entry: EntryId,
        /// Items with their masks.
        pub items: Vec<GrantedItem>,
        /// The one purpose.
        pub purpose: Code2,
        /// The one mode.
        pub mode: Mode,
        /// Restriction to some rows.
        pub row_scope: Option<RowScope>,
        /// Units in all.
        pub quota: u32,
        /// Units used.
        pub used_units: u32,
        /// Receipts so far; each has its number in order.
        pub uses: u32,
        /// First moment in force.
        pub from: Time,
        /// Last moment in force.
        pub until: Time,
        /// When receipts enter the chain.
        pub receipt_mode: ReceiptMode,
        /// Policies it was judged under.
        pub policy_versions: PolicyVersions,
        /// The approval.
        pub approved: Step,
        /// Its revocation.
        pub revoked: Option<Revocation>,
    }
}

crate::wire_code! {
    /// Whether a grant is in force. Expiry is computed from block time and needs no transaction.
    pub enum GrantStatus {
        /// Not yet.
        Upcoming = 1 => "upcoming",
        /// In force.
        Live = 2 => "live",
        /// Ended by the provider.
        Revoked = 3 => "revoked",
        /// Its time is over.
        Expired = 4 => "expired",
    }
}

impl Grant {
    /// Whether it is in force at `now`.
    #[must_use]
    pub fn status(&self, now: Time) -> GrantStatus {
        if self.revoked.is_some() {
            GrantStatus::Revoked
        } else if now < self.from {
            GrantStatus::Upcoming
        } else if now > self.until {
            GrantStatus::Expired
        } else {
            GrantStatus::Live
        }
    }

    /// Whether `units` more may be used at `now`.
    ///
    /// # Errors
    /// The refusal that says why not.
    pub fn check_use(&self, now: Time, units: u32) -> Result<(), Refusal> {
        match self.status(now) {
            GrantStatus::Live => {}
            GrantStatus::Upcoming => return Err(Refusal::GrantUpcoming),
            GrantStatus::Revoked => return Err(Refusal::GrantRevoked),
            GrantStatus::Expired => return Err(Refusal::GrantExpired),
        }
        match self.used_units.checked_add(units) {
            Some(used) if used <= self.quota => Ok(()),
            _ => Err(Refusal::GrantQuota),
        }
    }

    /// Units left.
    #[must_use]
    pub const fn units_left(&self) -> u32 {
        self.quota.saturating_sub(self.used_units)
    }

    /// The granted item of this code.
    #[must_use]
    pub fn item(&self, code: &ItemCode) -> Option<&GrantedItem> {
        self.items.iter().find(|item| &item.code == code)
    }
}
