//! Requests for access (共享申请): SUBMITTED → GRANTED | REFUSED | WITHDRAWN.

use crate::catalogue::{Entry, MaskRule, Mode, ReceiptMode, ShareType};
use crate::ids::{Code2, DepartmentId, EntryId, GrantId, Height, ItemCode, RequestId, Time, TxId};
use crate::protocol::Limits;
use crate::receipt::PolicyVersions;
use crate::refusal::Refusal;
use crate::role::{By, Role};
use crate::seal::Seals;
use crate::text::Text;
use crate::wire::{In, Out, Wire, WireError};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use gm::sm3::Digest;

crate::wire_struct! {
    /// Asks a provider for items of an entry. The request's id is [`RequestId::of`] the transaction's nonce.
    pub struct SubmitRequest {
        /// Who publishes the entry.
        pub provider: DepartmentId,
        /// The entry, in its latest version.
        pub entry: EntryId,
        /// Items asked for.
        pub items: BTreeSet<ItemCode>,
        /// Purpose code.
        pub purpose: Code2,
        /// Basis code: by which right.
        pub basis: Code2,
        /// How the data will be used.
        pub mode: Mode,
        /// First moment asked for.
        pub from: Time,
        /// Last moment asked for.
        pub until: Time,
        /// Units in all.
        pub quota: u32,
        /// Salted commitment to the request's documents.
        pub documents: Option<Digest>,
        /// The officer who drafted it.
        pub by: By,
        /// The officer who countersigned it for the department.
        pub second: By,
        /// Their own signatures, where the department has a roster.
        pub seals: Option<Seals>,
    }
}

impl SubmitRequest {
    /// In which role a request is drafted.
    pub const DRAFTED_IN: Role = Role::ReqOperator;

    /// Whether two officers of the department asked, each in a role for it.
    pub(crate) fn check_officers(&self) -> Result<(), Refusal> {
        check_pair(&self.by, &self.second, Self::DRAFTED_IN)
    }

    /// Whether the entry offers what is asked for.
    pub(crate) fn check(&self, entry: &Entry, limits: &Limits) -> Result<(), Refusal> {
        if entry.share_type == ShareType::NotShared {
            return Err(Refusal::EntryNotShared);
        }
        let is_offered = |code| entry.item(code).is_some_and(|item| item.returnable);
        if self.items.is_empty() || !self.items.iter().all(is_offered) {
            return Err(Refusal::RequestItems);
        }
        if !entry.modes.contains(&self.mode) {
            return Err(Refusal::RequestMode);
        }
        let length_ms = self.until.0.saturating_sub(self.from.0);
        if length_ms == 0 || length_ms > limits.period_ms {
            return Err(Refusal::RequestPeriod);
        }
        if self.quota == 0 || self.quota > limits.quota {
            return Err(Refusal::RequestQuota);
        }
        Ok(())
    }
}

/// Two different officers: one drafted, in this role, and another countersigned, in a role for it.
fn check_pair(by: &By, second: &By, drafted_in: Role) -> Result<(), Refusal> {
    if by.role != drafted_in || !second.role.countersigns(drafted_in) {
        return Err(Refusal::RoleWrong);
    }
    if by.pseudonym == second.pseudonym { Err(Refusal::RequestOnePerson) } else { Ok(()) }
}

/// Who asked, as drafter or as the second officer, may not decide.
pub(crate) fn check_did_not_ask(by: &By, asked: &SubmitRequest) -> Result<(), Refusal> {
    let asked_by = [&asked.by, &asked.second].map(|who| who.pseudonym);
    if asked_by.contains(&by.pseudonym) { Err(Refusal::RequestSameOfficer) } else { Ok(()) }
}

crate::wire_struct! {
    /// A granted item with the mask it is answered under.
    #[derive(PartialOrd, Ord, Hash)]
    pub struct GrantedItem {
        /// The item.
        pub code: ItemCode,
        /// Its mask.
        pub mask: Option<MaskRule>,
    }
}

crate::wire_struct! {
    /// Only rows whose item equals this value.
    pub struct RowScope {
        /// The item compared.
        pub item: ItemCode,
        /// The value it must have.
        pub equals: Text<200>,
    }
}

crate::wire_struct! {
    /// Grants a request, whole or narrowed. The grant's id is the transaction's.
    pub struct ApproveRequest {
        /// The request.
        pub request: RequestId,
        /// Items granted, a subset of those asked.
        pub items: Vec<GrantedItem>,
        /// The one purpose, as asked.
        pub purpose: Code2,
        /// Restriction to some rows.
        pub row_scope: Option<RowScope>,
        /// Units in all, at most those asked.
        pub quota: u32,
        /// Not before the time asked.
        pub from: Time,
        /// Not after the time asked.
        pub until: Time,
        /// When receipts enter the chain.
        pub receipt_mode: ReceiptMode,
        /// The policies it was judged under, in force at the block.
        pub policy_versions: PolicyVersions,
        /// The officer who drafted it.
        pub by: By,
        /// The officer who countersigned it for the department.
        pub second: By,
        /// Their own signatures, where the department has a roster.
        pub seals: Option<Seals>,
    }
}

impl ApproveRequest {
    /// In which role an approval is drafted.
    pub const DRAFTED_IN: Role = Role::ProvApprover;

    /// Whether two officers granted, each in a role for it, neither of whom asked.
    pub(crate) fn check_officers(&self, asked: &SubmitRequest) -> Result<(), Refusal> {
        check_pair(&self.by, &self.second, Self::DRAFTED_IN)?;
        check_did_not_ask(&self.by, asked)?;
        check_did_not_ask(&self.second, asked)
    }

    /// Whether it only narrows what was asked, and keeps the entry's masks and receipt mode.
    pub(crate) fn check(&self, asked: &SubmitRequest, entry: &Entry) -> Result<(), Refusal> {
        let granted: BTreeSet<_> = self.items.iter().map(|item| &item.code).collect();
        if granted.is_empty()
            || granted.len() != self.items.len()
            || !granted.iter().all(|code| asked.items.contains(code))
            || self.purpose != asked.purpose
            || self.quota == 0
            || self.quota > asked.quota
            || self.from < asked.from
            || self.until > asked.until
            || self.row_scope.as_ref().is_some_and(|scope| entry.item(&scope.item).is_none())
        {
            return Err(Refusal::ApprovalWider);
        }
        if self.until <= self.from {
            return Err(Refusal::RequestPeriod);
        }
        let lifts_mask = self.items.iter().any(|granted| {
            let masked = entry.item(&granted.code).map(|item| item.mask.rule());
            masked.is_none_or(|rule| rule.is_some() && rule != granted.mask)
        });
        if lifts_mask {
            return Err(Refusal::ApprovalMask);
        }
        if entry.receipt_mode == ReceiptMode::Each && self.receipt_mode != ReceiptMode::Each {
            return Err(Refusal::ApprovalReceipt);
        }
        Ok(())
    }
}

crate::wire_struct! {
    /// Refuses a request.
    pub struct RefuseRequest {
        /// The request.
        pub request: RequestId,
        /// Index of the published condition that is not met.
        pub condition: u8,
        /// The officer who refused.
        pub by: By,
    }
}

crate::wire_struct! {
    /// Takes a request back before it is decided.
    pub struct WithdrawRequest {
        /// The request.
        pub request: RequestId,
        /// Reason code.
        pub reason: Code2,
        /// The officer who withdrew.
        pub by: By,
    }
}

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestStatus {
    /// Waiting for the provider.
    Submitted,
    /// Granted.
    Granted(GrantId),
    /// Refused under the condition of this index.
    Refused {
        /// Index into the entry's conditions.
        condition: u8,
    },
    /// Withdrawn by the requester.
    Withdrawn {
        /// Reason code.
        reason: Code2,
    },
}

impl RequestStatus {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Granted(_) => "granted",
            Self::Refused { .. } => "refused",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }
}

impl Wire for RequestStatus {
    fn put(&self, out: &mut Out) {
        out.array(2);
        match self {
            Self::Submitted => {
                out.number(1);
                out.null();
            }
            Self::Granted(grant) => {
                out.number(2);
                grant.put(out);
            }
            Self::Refused { condition } => {
                out.number(3);
                condition.put(out);
            }
            Self::Withdrawn { reason } => {
                out.number(4);
                reason.put(out);
            }
        }
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(2)?;
        match input.number()? {
            1 if input.null()? => Ok(Self::Submitted),
            2 => Wire::take(input).map(Self::Granted),
            3 => Ok(Self::Refused { condition: Wire::take(input)? }),
            4 => Ok(Self::Withdrawn { reason: Wire::take(input)? }),
            _ => Err(WireError::Range),
        }
    }
}

crate::wire_struct! {
    /// One step of a request or grant on the chain.
    pub struct Step {
        /// The transaction.
        pub tx: TxId,
        /// Its block.
        pub height: Height,
        /// Its block's time.
        pub at: Time,
        /// The officer; of two the one who drafted.
        pub by: By,
        /// The officer who countersigned, where a step takes two.
        pub second: Option<By>,
    }
}

crate::wire_struct! {
    /// A request as the state knows it.
    pub struct Request {
        /// Its id.
        pub id: RequestId,
        /// Its number, for people.
        pub number: u64,
        /// Who asks.
        pub requester: DepartmentId,
        /// What is asked.
        pub asked: SubmitRequest,
        /// Its submission.
        pub submitted: Step,
        /// Where it stands.
        pub status: RequestStatus,
        /// The step that ended it.
        pub decided: Option<Step>,
    }
}
