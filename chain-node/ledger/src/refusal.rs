//! Every reason for which the rules say no. A refusal has a stable code; its sentences stand in
//! the portal's locales under the same name.

macro_rules! refusals {
    ($($(#[$meta:meta])* $variant:ident => $code:literal, $text:literal;)*) => {
        /// A rule said no.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
        pub enum Refusal {
            $($(#[$meta])* #[doc = $text] #[error($text)] $variant,)*
        }
        impl Refusal {
            /// Every refusal there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// The stable code, `area.reason`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }
            /// The refusal with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

impl Refusal {
    /// Whether the refusal may only mean that something was not seen yet: a block that others have
    /// applied already can turn it.
    #[must_use]
    pub const fn may_pass_later(self) -> bool {
        matches!(
            self,
            Self::EntryUnknown
                | Self::EntryVersion
                | Self::RequestUnknown
                | Self::RequestSeals
                | Self::GrantUnknown
                | Self::GrantUpcoming
                | Self::TicketTooLong
                | Self::RecordStale
                | Self::PolicyUnknownDraft
                | Self::DeliveryUnknown
                | Self::InspectionUnknown
                | Self::LookUnknown
        )
    }
}

refusals! {
    ChainOther => "chain.other", "the transaction belongs to another chain";
    TxVersion => "tx.version", "the transaction is written for another version of the protocol; submit it anew";
    TxTooLarge => "tx.too-large", "the transaction is larger than 64 KiB";
    TxReplayed => "tx.replayed", "the transaction is on the chain already";
    TxExpired => "tx.expired", "the transaction's time is over; submit it anew";
    TxValidTooLong => "tx.valid-too-long", "the transaction is valid for longer than ten minutes";
    DepartmentUnknown => "department.unknown", "no such department on this chain";
    DepartmentInactive => "department.inactive", "the department is suspended";
    KeyUnknown => "key.unknown", "the signing key is not on this chain";
    KeyOwner => "key.owner", "the signing key belongs to another department";
    KeyKind => "key.kind", "this kind of key may not sign this";
    SignatureBad => "signature.bad", "the signature does not fit";
    RoleWrong => "role.wrong", "this role may not take this step";
    EntryMalformed => "entry.malformed", "the catalogue entry contradicts itself";
    EntryUnmasked => "entry.unmasked", "a sensitive item, or one of grade 3 or 4, needs a mask or an explicit `clear`";
    EntryVersion => "entry.version", "the entry's version does not follow the published one";
    EntryTooLarge => "entry.too-large", "the catalogue entry is larger than 16 KiB";
    EntryOwner => "entry.owner", "the resource code is not among those of the department";
    EntryUnknown => "entry.unknown", "no such catalogue entry";
    EntryOutdated => "entry.outdated", "a newer version of the entry is published; look at it and ask again";
    EntryNotShared => "entry.not-shared", "the entry is not shared";
    RequestExists => "request.exists", "the request was submitted already";
    RequestUnknown => "request.unknown", "no such request";
    RequestOwnData => "request.own-data", "a department does not ask itself";
    RequestItems => "request.items", "choose at least one item, and only items that the entry returns";
    RequestMode => "request.mode", "the entry does not offer this mode";
    RequestPeriod => "request.period", "the period is over, empty or longer than three years";
    RequestQuota => "request.quota", "the number of queries is zero or too large";
    RequestDecided => "request.decided", "the request is decided or withdrawn already";
    RequestNotYours => "request.not-yours", "the request is not this department's to decide or withdraw";
    RequestCondition => "request.condition", "a refusal must cite a published condition";
    RequestSameOfficer => "request.same-officer", "who asked may not decide";
    RequestOnePerson => "request.one-person", "asking and granting take two different officers of the department";
    RequestSeals => "request.seals", "asking and granting take the own signatures of two officers on the roster";
    ApprovalWider => "approval.wider", "an approval may only narrow what was asked";
    ApprovalMask => "approval.mask", "an approval may not lift a mask of the entry";
    ApprovalReceipt => "approval.receipt", "the entry demands a receipt for each answer";
    GrantUnknown => "grant.unknown", "no such grant";
    GrantNotYours => "grant.not-yours", "the grant is not this department's";
    GrantParties => "grant.parties", "the grant is not between these two departments";
    GrantUpcoming => "grant.upcoming", "the grant is not in force yet";
    GrantExpired => "grant.expired", "the grant has expired; ask for a new one";
    GrantRevoked => "grant.revoked", "the grant is revoked";
    GrantQuota => "grant.quota", "the grant's quota is spent; ask for a new one";
    GrantMode => "grant.mode", "the grant does not cover this mode";
    TicketSignature => "ticket.signature", "the ticket's signature does not fit";
    TicketProvider => "ticket.provider", "the ticket is for another provider";
    TicketExpired => "ticket.expired", "the ticket's time is over; ask anew";
    TicketTooLong => "ticket.too-long", "the ticket is valid for longer than tickets may be";
    TicketUsed => "ticket.used", "the ticket is on record already";
    TicketUnits => "ticket.units", "the ticket asks for no unit or too many";
    RecordStale => "record.stale", "the decision is too old or from an unknown height; decide again";
    PolicyMoved => "policy.moved", "the sharing policy has changed; decide again";
    PolicyNotLive => "policy.unknown", "no sharing policy is in force for this department";
    PolicyOwner => "policy.owner", "this layer of policy is not this department's to write";
    PolicyUnsound => "policy.unsound", "the policy has too many rows or duties, or a row twice";
    PolicyUnreadable => "policy.unreadable", "a row of the policy cannot be read, so that no door could judge by it";
    PolicyStale => "policy.stale", "the policy does not follow the one in force; draft it anew";
    PolicyDraftWaits => "policy.draft-waits", "a draft of this policy waits already; countersign or withdraw it";
    PolicyUnknownDraft => "policy.unknown-draft", "no such draft of a policy waits";
    PolicySelf => "policy.self", "who drafted a policy may not countersign it";
    PolicyPending => "policy.pending", "a policy that lets more pass waits to come in force; withdraw it first";
    RosterMalformed => "roster.malformed", "the roster has too many officers, or none and a root";
    RosterSame => "roster.same", "the roster is anchored already";
    DeliveryUnknown => "delivery.unknown", "no such answer waits for its acknowledgement";
    DeliveryNotYours => "delivery.not-yours", "the answer was for another department";
    InspectionNoInspectorate => "inspection.no-inspectorate", "only an inspectorate opens inspections";
    InspectionScope => "inspection.scope", "an inspection names one to 64 members, and a period that does not end before it begins";
    InspectionTerm => "inspection.term", "an inspection ends in the future, and within 180 days";
    InspectionSameOfficer => "inspection.same-officer", "two officers open an inspection; who proposed it is not the second";
    InspectionExists => "inspection.exists", "the inspection was opened already";
    InspectionTooMany => "inspection.too-many", "the department has 64 inspections without a conclusion; close one first";
    InspectionUnknown => "inspection.unknown", "no such inspection";
    InspectionNotYours => "inspection.not-yours", "the inspection is another department's";
    InspectionClosed => "inspection.closed", "the inspection is closed, or its time is over";
    LookEmpty => "look.empty", "looks name one thing at least and 256 at most, in order";
    LookUnknown => "look.unknown", "no such request or grant";
    LookBeyond => "look.beyond", "the inspection does not cover what was looked at";
    LookKnown => "look.known", "these looks are on record already";
    CreditPublications => "credit.publications", "the department has published as much today as a day allows; again after midnight, Beijing time";
    CreditRequests => "credit.requests", "the department has asked as often today as a day allows; again after midnight, Beijing time";
    CreditDenials => "credit.denials", "as many denials of the requester's tickets are on record today as a day allows; again after midnight, Beijing time";
    CreditDrafts => "credit.drafts", "the department has drafted as many policies today as a day allows; again after midnight, Beijing time";
    EquivocationNone => "equivocation.none", "the two messages are no equivocation: for two places, equal, out of order, or not both of this validator";
    EquivocationStranger => "equivocation.stranger", "who is reported is no validator of this chain";
    EquivocationKnown => "equivocation.known", "this validator's equivocation at this height is on record already";
    DeliveryEmpty => "delivery.empty", "an acknowledgement names one answer at least and 256 at most, in order";
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_read_back() {
        let codes: BTreeSet<_> = Refusal::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_code(refusal.code()), Some(*refusal));
        }
        assert_eq!(Refusal::from_code("nothing"), None);
    }
}
