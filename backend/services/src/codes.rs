//! Closed sets of the platform that views carry and forms send back. Each has `code()`, `from_code`
//! and `ALL`; the code is the last part of the portal's text key.

use exchange::Outcome;
use ledger::refusal::Refusal;

pub use access::Action;
pub use exchange::{Bound, Stage};
pub use ledger::catalogue::{DataType, MaskRule, Mode, ReceiptMode, ShareType, UpdateCycle};
pub use ledger::grant::GrantStatus;
pub use ledger::policy::Layer;
pub use ledger::receipt::{DeliveryOutcome, DenialClass};
pub use ledger::role::{Assurance, Role};

/// A closed set with stable codes.
macro_rules! codes {
    ($($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident => $code:literal),* $(,)? })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = concat!("`", $code, "`")] $(#[$doc])* $variant),* }

        impl $name {
            /// Every member of the set.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The member with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    )*};
}
pub(crate) use codes;

codes! {
    /// Why this crate says no, beside the ledger's and the exchange's reasons.
    pub enum OfficeRefusal {
        SignInWrong => "sign-in.wrong",
        SignInOften => "sign-in.often",
        SignInDepartment => "sign-in.department",
        SignInUnused => "sign-in.unused",
        SignInExpired => "sign-in.expired",
        SignInLapsed => "sign-in.lapsed",
        SignInDemo => "sign-in.demo",
        SignInOidcDown => "sign-in.oidc-down",
        SignInOidcState => "sign-in.oidc-state",
        SignInOidcDeclined => "sign-in.oidc-declined",
        SignInOidcRefused => "sign-in.oidc-refused",
        SignInOidcAccount => "sign-in.oidc-account",
        SessionEnded => "session.ended",
        SessionFactorDue => "session.factor-due",
        SessionPasswordDue => "session.password-due",
        FactorWrong => "factor.wrong",
        CodeNotAllowed => "code.not-allowed",
        StepUpDue => "step-up.due",
        StepUpNone => "step-up.none",
        StaffNotYours => "staff.not-yours",
        StaffSelf => "staff.self",
        StaffState => "staff.state",
        StaffNoRights => "staff.no-rights",
        StaffInPortal => "staff.in-portal",
        StaffHeld => "staff.held",
        StaffFull => "staff.full",
        RosterNotOn => "roster.not-on",
        RoleNotHeld => "role.not-held",
        RoleNotAuditing => "role.not-auditing",
        RoleAdministers => "role.administers",
        FormChanged => "form.changed",
        FormUsed => "form.used",
        EntryNotShared => "entry.not-shared",
        EntryOwn => "entry.own",
        EntrySuperseded => "entry.superseded",
        EntryMode => "entry.mode",
        RequestNotOurs => "request.not-ours",
        RequestNotOpen => "request.not-open",
        StepWaits => "step.waits",
        StepFull => "step.full",
        StepNotWaiting => "step.not-waiting",
        StepNotYours => "step.not-yours",
        StepDrafterGone => "step.drafter-gone",
        StepDrafterNotOn => "step.drafter-not-on",
        StepUnsealed => "step.unsealed",
        GrantNotOurs => "grant.not-ours",
        GrantNotLive => "grant.not-live",
        QueryBusy => "query.busy",
        InspectionNone => "inspection.none",
        InspectionUnchosen => "inspection.unchosen",
        InspectionBeyond => "inspection.beyond",
        InspectionNotProposed => "inspection.not-proposed",
        OfficerAtOnce => "officer.at-once",
        OfficerPerHour => "officer.per-hour",
        OfficerShare => "officer.share",
        NodeFull => "node.full",
        ReplayNotYours => "replay.not-yours",
        ReplayBusy => "replay.busy",
        PolicyLook => "policy.look",
        PolicyStudy => "policy.study",
        PolicyWrite => "policy.write",
        PolicyCopyNone => "policy.copy-none",
        PolicyCopyMoved => "policy.copy-moved",
        PolicyCopyOutdated => "policy.copy-outdated",
        PolicyCopySame => "policy.copy-same",
        PolicyRowGone => "policy.row-gone",
        PolicyErrors => "policy.errors",
        PolicyTooLarge => "policy.too-large",
    }

    /// What is wrong with a field of a form.
    pub enum FieldCode {
        Missing => "missing",
        TooLong => "too-long",
        TooShort => "too-short",
        TooSimple => "too-simple",
        NotACode => "not-a-code",
        NotANumber => "not-a-number",
        NotADate => "not-a-date",
        NotAnIdNumber => "not-an-id-number",
        TooLarge => "too-large",
        TooSmall => "too-small",
        InThePast => "in-the-past",
        TooFar => "too-far",
        BeforeStart => "before-start",
        NotOffered => "not-offered",
        WiderThanAsked => "wider-than-asked",
        NoneChosen => "none-chosen",
        BadCharacters => "bad-characters",
        Taken => "taken",
        Together => "together",
        Wrong => "wrong",
        NotSame => "not-same",
        UsedBefore => "used-before",
        NotAKey => "not-a-key",
        PolicyCell => "policy-cell",
        PolicyDeny => "policy-deny",
    }
}

/// Every reason for a no that a page may have to put into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A rule of the ledger.
    Ledger(Refusal),
    /// Why a query waits or ended, beside the ledger's rules.
    Exchange(Outcome),
    /// A rule of this crate.
    Office(OfficeRefusal),
}

impl Code {
    /// The stable code, `area.reason`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ledger(refusal) => refusal.code(),
            Self::Exchange(outcome) => outcome.code(),
            Self::Office(refusal) => refusal.code(),
        }
    }

    /// Every reason there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let ledger = Refusal::ALL.iter().copied().map(Self::Ledger);
        let exchange = Outcome::OWN.iter().copied().map(Self::Exchange);
        ledger.chain(exchange).chain(OfficeRefusal::ALL.iter().copied().map(Self::Office))
    }
}

impl From<Outcome> for Code {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ledger(refusal) => Self::Ledger(refusal),
            other => Self::Exchange(other),
        }
    }
}

impl From<Refusal> for Code {
    fn from(refusal: Refusal) -> Self {
        Self::Ledger(refusal)
    }
}

impl From<OfficeRefusal> for Code {
    fn from(refusal: OfficeRefusal) -> Self {
        Self::Office(refusal)
    }
}

impl From<Bound> for OfficeRefusal {
    fn from(bound: Bound) -> Self {
        match bound {
            Bound::AtOnce => Self::OfficerAtOnce,
            Bound::PerHour => Self::OfficerPerHour,
            Bound::Share => Self::OfficerShare,
        }
    }
}

/// Which policy said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The highest layer that did not allow it.
    pub layer: Layer,
    /// The row that denied; none when no row of that layer allowed it.
    pub row: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A code is one member's and leads back to it.
    macro_rules! each_leads_back {
        ($($set:ty),*) => {$({
            let codes: BTreeSet<_> = <$set>::ALL.iter().map(|member| member.code()).collect();
            assert_eq!(codes.len(), <$set>::ALL.len(), stringify!($set));
            for member in <$set>::ALL {
                assert_eq!(<$set>::from_code(member.code()), Some(*member));
                assert_eq!(<$set>::from_code(&format!("{} ", member.code())), None);
            }
            assert_eq!(<$set>::from_code(""), None);
        })*};
    }

    #[test]
    fn every_code_is_one_members_and_leads_back_to_it() {
        each_leads_back!(
            OfficeRefusal,
            FieldCode,
            crate::names::Side,
            crate::requests::RequestState,
            crate::requests::TimelineKind,
            crate::countersigning::StepKind,
            crate::countersigning::StepState,
            crate::receipts::Outcome,
            crate::receipts::CheckCode,
            crate::receipts::FactKey,
            crate::queries::StepKind,
            crate::queries::Signing,
            crate::staff::MemberState,
            crate::queries::WithheldReason,
            crate::worklist::TaskKind,
            crate::inspections::InspectionState,
            crate::inspections::SightKind,
            crate::replay::ReplayState
        );
    }

    #[test]
    fn a_rule_of_the_ledger_is_one_reason_whoever_tells_it() {
        for refusal in Refusal::ALL {
            assert_eq!(Code::from(Outcome::Ledger(*refusal)), Code::Ledger(*refusal));
            assert!(Code::all().any(|code| code == Code::Ledger(*refusal)));
        }
        for own in Outcome::OWN {
            assert_eq!(Code::from(*own), Code::Exchange(*own));
        }
    }
}
