//! Requests for access (共享申请): SUBMITTED → GRANTED | REFUSED | WITHDRAWN.

use crate::catalogue::{MaskRule, Mode, ReceiptMode};
use crate::ids::{Code2, DepartmentId, EntryId, GrantId, Height, ItemCode, RequestId, Time, TxId};
use crate::receipt::PolicyVersions;
use crate::role::By;
use crate::text::Text;
use crate::wire::{In, Out, Wire, WireError};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use gm::sm3::Digest;

crate::wire_struct! {
    /// Asks a provider for items of an entry. The request's id is the transaction's nonce.
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
        /// The officer who asked.
        pub by: By,
    }
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
        /// The officer who approved.
        pub by: By,
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
        /// The officer.
        pub by: By,
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
