//! What an officer asks and what they see of it; what the provider's people see of what was answered.
//!
//! Plain data for `services`; nothing here acts.

use std::collections::{BTreeMap, BTreeSet};

use access::{Actor, Assurance, Zone};
use ledger::catalogue::MaskRule;
use ledger::ids::{Code2, DepartmentId, EntryId, GrantId, Height, ItemCode, Pseudonym, QueryId, Time};
use ledger::policy::Layer;
use ledger::receipt::DenialClass;
use ledger::role::Role;
use ledger::roster::OfficerProof;

use crate::officer::OfficerPapers;
use crate::outcome::Outcome;
use crate::person::Subject;
use crate::protocol::{Answer, Details};
use crate::table::ROWS_WITHHELD;

/// A query about one person, as an officer filled it in.
pub struct Query {
    /// Drawn with the form: the same officer sending the same form twice gets the same query, and is told when the
    /// form says something else by then.
    pub form_id: [u8; 32],
    /// The grant it is asked under; it must belong to this department.
    pub grant: GrantId,
    /// The items wanted, at least one; only what is asked for is given.
    pub items: BTreeSet<ItemCode>,
    /// The person asked about.
    pub subject: Subject,
    /// The business case it is for, at most [`crate::limits::CASE_BYTES_MAX`] bytes.
    pub case_no: String,
    /// The officer.
    pub asker: Asker,
    /// The officer's own signature under [`crate::Exchange::word`]; the asker's assurance is `ukey` then, and never
    /// without.
    pub officer: Option<OfficerProof>,
}

/// The officer who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The account in this department's directory; it never leaves the department.
    pub account: String,
    /// The role they act in.
    pub role: Role,
    /// The highest grade they may see, 0 where the department says none.
    pub clearance: u8,
    /// How they signed in.
    pub assurance: Assurance,
    /// The network zone they ask from, where the department has zones.
    pub zone: Option<Zone>,
}

impl Asker {
    /// As the doors see them.
    pub(crate) fn actor(&self) -> Actor {
        let Self { account: _, role, clearance, assurance, zone } = self;
        Actor { role: *role, clearance: *clearance, assurance: *assurance, zone: zone.clone() }
    }
}

/// Where a query stands at the requester.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryState {
    /// On disk, not sent yet.
    Drafted,
    /// Signed, on disk, on its way to the provider.
    Asked,
    /// The sealed answer is here, its key is not; waiting for the record.
    Held,
    /// On record on this department's own node; waiting for the key.
    Recorded,
    /// Opened: the rows may be shown.
    Opened,
    /// Opened, and the delivery is on the chain.
    Closed,
    /// A policy, the grant or the entry said no.
    Denied {
        /// Which side decided.
        by: DeniedBy,
        /// The class that stands on the chain, if the provider decided.
        class: DenialClass,
        /// The layer of the policy that decided, if a policy did.
        layer: Option<Layer>,
        /// The row that decided; none when no row allowed it.
        row: Option<String>,
        /// Stable code of the reason (`policy.denied`, `grant.revoked` …).
        code: Outcome,
    },
    /// The ticket's time passed without a record; no unit was used. It may be asked anew.
    Lapsed {
        /// What it was waiting for.
        code: Outcome,
    },
    /// On record, but the key did not come.
    Undelivered {
        /// Why.
        code: Outcome,
    },
    /// On record, but the answer is not what the record says; nothing was shown.
    Rejected {
        /// Which check failed.
        code: Outcome,
    },
    /// Ended before a record: refused here or by the provider.
    Refused {
        /// Why.
        code: Outcome,
    },
}

/// Which side said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeniedBy {
    /// This department's own side: before anything was sent, or before an answer on record was opened.
    Requester,
    /// The provider; the denial is on the chain.
    Provider,
}

macro_rules! stages {
    ($($(#[$doc:meta])* $name:ident => $code:literal;)*) => {
        /// The state alone, without its reason: to find by and to name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Stage { $($(#[$doc])* $name),* }

        impl Stage {
            /// All stages.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// The stage with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }

        impl QueryState {
            /// The state alone.
            #[must_use]
            pub const fn stage(&self) -> Stage {
                match self { $(Self::$name { .. } => Stage::$name),* }
            }
        }
    };
}

stages! {
    /// [`QueryState::Drafted`].
    Drafted => "drafted";
    /// [`QueryState::Asked`].
    Asked => "asked";
    /// [`QueryState::Held`].
    Held => "held";
    /// [`QueryState::Recorded`].
    Recorded => "recorded";
    /// [`QueryState::Opened`].
    Opened => "opened";
    /// [`QueryState::Closed`].
    Closed => "closed";
    /// [`QueryState::Denied`].
    Denied => "denied";
    /// [`QueryState::Lapsed`].
    Lapsed => "lapsed";
    /// [`QueryState::Undelivered`].
    Undelivered => "undelivered";
    /// [`QueryState::Rejected`].
    Rejected => "rejected";
    /// [`QueryState::Refused`].
    Refused => "refused";
}

impl Stage {
    /// Those in which the exchange still works on a query.
    pub const UNDER_WAY: [Self; 4] = [Self::Drafted, Self::Asked, Self::Held, Self::Recorded];
}

impl QueryState {
    /// Whether nothing more happens without a person.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(self.stage(), Stage::Drafted | Stage::Asked | Stage::Held | Stage::Recorded)
    }

    /// The stable code of the reason, where the state has one.
    #[must_use]
    pub const fn reason(&self) -> Option<Outcome> {
        match self {
            Self::Denied { code, .. }
            | Self::Lapsed { code }
            | Self::Undelivered { code }
            | Self::Rejected { code }
            | Self::Refused { code } => Some(*code),
            Self::Drafted | Self::Asked | Self::Held | Self::Recorded | Self::Opened | Self::Closed => None,
        }
    }
}

/// One query as its own department sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryView {
    /// The query; also the id of its receipt.
    pub query: QueryId,
    /// The grant.
    pub grant: GrantId,
    /// Who was asked.
    pub provider: DepartmentId,
    /// The catalogue entry.
    pub entry: EntryId,
    /// The purpose the grant names.
    pub purpose: Code2,
    /// The items asked for.
    pub items: BTreeSet<ItemCode>,
    /// The officer.
    pub asker: Asker,
    /// The officer as the provider and, in evidence, a court see them.
    pub actor: Pseudonym,
    /// The business case; empty once the papers of three years ago were destroyed.
    pub case_no: String,
    /// The person, masked (`*三 990000********0017`); in clear only in the business case itself.
    pub subject: String,
    /// Where it stands.
    pub state: QueryState,
    /// What it waits for now: a stable code (`record.pending`, `ledger.behind`, `provider.unreachable` …).
    pub waiting: Option<Outcome>,
    /// Grows with every change.
    pub stamp: u64,
    /// When it came to each state, by this department's own clock.
    pub times: Times,
    /// The last moment, in block time, at which it can still be recorded.
    pub valid_until: Time,
    /// The record on this department's own node, of an answer or a denial.
    pub record: Option<RecordPlace>,
    /// The opened answer. Present only once opened, and never in a list.
    pub answer: Option<OpenedAnswer>,
}

/// When a query came to each state (milliseconds since 1970 UTC, own clock: for people only).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Written down.
    pub drafted: Time,
    /// Signed and synced to disk.
    pub asked: Option<Time>,
    /// The sealed answer was stored.
    pub held: Option<Time>,
    /// The record was seen on the own node.
    pub recorded: Option<Time>,
    /// Opened.
    pub opened: Option<Time>,
    /// Came to its end.
    pub closed: Option<Time>,
}

/// Where a record stands on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordPlace {
    /// The block.
    pub height: Height,
    /// Its time.
    pub time: Time,
    /// The number of this use of the grant, 1, 2, 3 …; none for a denial.
    pub use_no: Option<u32>,
    /// Whether the requester's word on the delivery is on the chain too.
    pub delivered: bool,
}

/// An answer a person may read.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedAnswer {
    /// Whether the provider has such a person.
    pub found: bool,
    /// The rows, as the provider and then the own policies masked them; an absent value is one the provider
    /// does not have.
    pub rows: Vec<BTreeMap<ItemCode, Option<String>>>,
    /// Which items were masked, and how.
    pub masks: BTreeMap<ItemCode, MaskRule>,
    /// Items asked for that a policy of either side withheld.
    pub dropped: BTreeSet<ItemCode>,
    /// Reason codes (`V02` no such person …; DOMAIN 6.4; `V09` rows were left out).
    pub reasons: Vec<String>,
    /// The provider's watermark, to be shown beside the rows.
    pub watermark: String,
    /// When the provider read its data, by its own clock.
    pub prepared_at: Time,
}

impl OpenedAnswer {
    /// Whether a policy of either side left out rows that there are.
    #[must_use]
    pub fn has_rows_withheld(&self) -> bool {
        self.reasons.iter().any(|reason| reason == ROWS_WITHHELD)
    }
}

impl std::fmt::Debug for OpenedAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Rows are personal data and must not reach a log.
        write!(f, "OpenedAnswer {{ found: {}, rows: {} redacted }}", self.found, self.rows.len())
    }
}

/// What a party of a query may add to its evidence (PROTOCOL section 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Papers {
    /// The details, without the secret.
    pub details: Details,
    /// The answer's header, where there is one.
    pub answer: Option<Answer>,
    /// The officer's own signature, where there is one.
    pub officer: Option<OfficerPapers>,
}

/// Which queries of this department to list; newest first.
#[derive(Clone, Debug, Default)]
pub struct QueryFilter {
    /// Under this grant.
    pub grant: Option<GrantId>,
    /// Asked by this account.
    pub account: Option<String>,
    /// For this business case, exactly.
    pub case_no: Option<String>,
    /// In one of these stages; empty means any.
    pub stages: BTreeSet<Stage>,
    /// Drafted at or after.
    pub from: Option<Time>,
    /// Rows to leave out at the start.
    pub skip: u32,
    /// Rows at most, up to [`crate::limits::LIST_ROWS_MAX`].
    pub limit: u32,
}

/// Rows of a list and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The rows asked for.
    pub rows: Vec<T>,
    /// All rows that fit the filter.
    pub total: u64,
}

/// Where an answer stands at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnsweredState {
    /// Receipt, header, ciphertext and seed are on disk.
    Prepared,
    /// The record was handed to the node.
    Submitted,
    /// The record is applied on the own node.
    Recorded,
    /// The key was given.
    Released,
    /// The requester's word on it is on the chain. The seed is destroyed once it was opened, or no dispute is
    /// possible any more.
    Closed,
    /// Denied.
    Denied,
    /// The ticket's time passed without a record; the seed is destroyed.
    Lapsed,
    /// Recorded, but the grant or a member died before the release.
    Stopped,
    /// The ledger refused the record; the seed is destroyed.
    Refused,
}

impl AnsweredState {
    /// All states.
    pub const ALL: &'static [Self] = &[
        Self::Prepared,
        Self::Submitted,
        Self::Recorded,
        Self::Released,
        Self::Closed,
        Self::Denied,
        Self::Lapsed,
        Self::Stopped,
        Self::Refused,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Submitted => "submitted",
            Self::Recorded => "recorded",
            Self::Released => "released",
            Self::Closed => "closed",
            Self::Denied => "denied",
            Self::Lapsed => "lapsed",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
        }
    }

    /// The state with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.code() == code)
    }
}

/// One query as its provider sees it. Never the person in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The query; also the id of its receipt.
    pub query: QueryId,
    /// Who asked.
    pub requester: DepartmentId,
    /// Under which grant.
    pub grant: GrantId,
    /// For which entry.
    pub entry: EntryId,
    /// For which purpose.
    pub purpose: Code2,
    /// Where it stands.
    pub state: AnsweredState,
    /// The class, if it was denied.
    pub class: Option<DenialClass>,
    /// The layer of the policy that denied it.
    pub layer: Option<Layer>,
    /// The row that denied it.
    pub row: Option<String>,
    /// Stable code of the reason, where the state has one.
    pub code: Option<Outcome>,
    /// Whether there was such a person; none if denied.
    pub found: Option<bool>,
    /// When it came in, by the own clock.
    pub received: Time,
    /// When it came to this state, by the own clock.
    pub changed: Time,
}

/// Which queries of others to list; newest first.
#[derive(Clone, Debug, Default)]
pub struct AnsweredFilter {
    /// From this department.
    pub requester: Option<DepartmentId>,
    /// Under this grant.
    pub grant: Option<GrantId>,
    /// In one of these states; empty means any.
    pub states: BTreeSet<AnsweredState>,
    /// Received at or after.
    pub from: Option<Time>,
    /// Received before.
    pub until: Option<Time>,
    /// Rows to leave out at the start.
    pub skip: u32,
    /// Rows at most, up to [`crate::limits::LIST_ROWS_MAX`].
    pub limit: u32,
}
