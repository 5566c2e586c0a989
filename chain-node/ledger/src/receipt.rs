//! What stays of a query: the signed ticket, the receipt of its answer or the denial, and the
//! requester's acknowledgement (PROTOCOL section 2). Never a value, never a person.

use crate::catalogue::Mode;
use crate::ids::{BlockId, DepartmentId, GrantId, Height, PolicyVersion, QueryId, Time, TxId};
use crate::protocol::Limits;
use crate::refusal::Refusal;
use crate::wire::to_bytes;
use alloc::vec::Vec;
use gm::domain::{ChainId, Kind, digest};
use gm::merkle::leaf_hash;
use gm::sm2::{KeyId, Signature};
use gm::sm3::Digest;

crate::wire_struct! {
    /// The part of a query that everyone may see, signed by the requester's `online` key.
    pub struct Ticket {
        /// Protocol version, 1.
        pub version: u16,
        /// The chain.
        pub chain: ChainId,
        /// Who asks.
        pub requester: DepartmentId,
        /// The key it is signed with.
        pub key_id: KeyId,
        /// Under which grant.
        pub grant: GrantId,
        /// Who is asked.
        pub provider: DepartmentId,
        /// How.
        pub mode: Mode,
        /// Subjects asked about.
        pub units: u32,
        /// The requester's head when it wrote the ticket.
        pub seen_height: Height,
        /// That head's id.
        pub seen_block: BlockId,
        /// After this block time nothing is recorded any more.
        pub valid_until: Time,
        /// `digest(details, details)`.
        pub details_digest: Digest,
    }
}

impl Ticket {
    /// The query's id, which is also the receipt's.
    #[must_use]
    pub fn query_id(&self) -> QueryId {
        digest(self.chain, Kind::Ticket, &to_bytes(self)).into()
    }

    /// Whether its mode asks about this many subjects.
    pub(crate) const fn check_units(&self) -> Result<(), Refusal> {
        match (self.mode, self.units) {
            (_, 0) | (Mode::Query, 2..) => Err(Refusal::TicketUnits),
            _ => Ok(()),
        }
    }
}

crate::wire_struct! {
    /// The policies in force on one side.
    #[derive(Copy)]
    pub struct PolicyVersions {
        /// National layer.
        pub national: PolicyVersion,
        /// The region's.
        pub region: PolicyVersion,
        /// The department's.
        pub department: PolicyVersion,
    }
}

crate::wire_struct! {
    /// The head of a department's local audit log.
    #[derive(Copy)]
    pub struct LogHead {
        /// Entries so far.
        pub size: u64,
        /// Digest of the last one.
        pub digest: Digest,
    }
}

crate::wire_struct! {
    /// Receipt of one answer; payload of `RecordAnswer`.
    pub struct Receipt {
        /// The ticket.
        pub ticket: Ticket,
        /// Its signature.
        pub ticket_signature: Signature,
        /// `digest(answer, header)`.
        pub answer_digest: Digest,
        /// The provider's policies it was judged under.
        pub policy_versions: PolicyVersions,
        /// The height it was judged at.
        pub judged_height: Height,
        /// The provider's audit log.
        pub log_head: LogHead,
    }
}

impl Receipt {
    /// Its leaf in the receipt log.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        leaf_hash(&to_bytes(self))
    }
}

crate::wire_code! {
    /// Why a query was denied, as far as the chain may know.
    pub enum DenialClass {
        /// The grant does not cover it.
        Grant = 1 => "grant",
        /// The quota is spent.
        Quota = 2 => "quota",
        /// A policy row says no.
        Policy = 3 => "policy",
        /// The entry is not served.
        Entry = 4 => "entry",
        /// The query contradicts itself.
        Malformed = 5 => "malformed",
    }
}

crate::wire_struct! {
    /// Record of a denial; payload of `RecordDenial`. The exact reason goes sealed to the requester.
    pub struct Denial {
        /// The ticket.
        pub ticket: Ticket,
        /// Its signature.
        pub ticket_signature: Signature,
        /// Why.
        pub class: DenialClass,
        /// Salted commitment to the decision.
        pub decision_commit: Digest,
        /// The provider's policies it was judged under.
        pub policy_versions: PolicyVersions,
        /// The height it was judged at.
        pub judged_height: Height,
        /// The provider's audit log.
        pub log_head: LogHead,
    }
}

impl Denial {
    /// Its leaf in the receipt log.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        leaf_hash(&to_bytes(self))
    }
}

crate::wire_code! {
    /// What became of a released answer.
    pub enum DeliveryOutcome {
        /// Opened, and as promised.
        Opened = 1 => "opened",
        /// The key did not fit.
        RejectedKey = 2 => "rejected-key",
        /// The content was not as promised.
        RejectedContent = 3 => "rejected-content",
        /// Never opened.
        Unopened = 4 => "unopened",
    }
}

crate::wire_struct! {
    /// The requester's acknowledgements; payload of `Acknowledge`.
    pub struct Delivery {
        /// Answers with their outcomes, sorted by id.
        pub marks: Vec<(QueryId, DeliveryOutcome)>,
        /// Merkle root over salted commitments to the requester's watermarks.
        pub marks_root: Digest,
        /// The requester's audit log.
        pub log_head: LogHead,
    }
}

impl Delivery {
    /// Its leaf in the receipt log.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        leaf_hash(&to_bytes(self))
    }

    /// Whether it names an answer at least and not too many, each once, in order.
    ///
    /// # Errors
    /// [`Refusal::DeliveryEmpty`].
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        let in_order = self.marks.is_sorted_by(|(a, _), (b, _)| a < b);
        let sound = (1..=limits.deliveries).contains(&self.marks.len()) && in_order;
        if sound { Ok(()) } else { Err(Refusal::DeliveryEmpty) }
    }
}

/// Answered or denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// An answer was sealed and recorded.
    Answer {
        /// `digest(answer, header)`.
        answer_digest: Digest,
        /// 1, 2, 3 … within the grant.
        use_no: u32,
    },
    /// The provider said no.
    Denial {
        /// Why.
        class: DenialClass,
        /// Salted commitment to the decision.
        decision_commit: Digest,
    },
}

crate::wire_struct! {
    /// Where a transaction stands.
    #[derive(Copy)]
    pub struct Place {
        /// The transaction.
        pub tx: TxId,
        /// Its block.
        pub height: Height,
        /// Its block's time.
        pub at: Time,
    }
}

/// A query's record, read from the blocks that hold it and its acknowledgement (`history.rs`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The query.
    pub query: QueryId,
    /// Answered or denied.
    pub kind: RecordKind,
    /// The ticket.
    pub ticket: Ticket,
    /// Its signature.
    pub ticket_signature: Signature,
    /// The provider's policies it was judged under.
    pub policy_versions: PolicyVersions,
    /// The height it was judged at.
    pub judged_height: Height,
    /// The provider's audit log then.
    pub log_head: LogHead,
    /// Its place in the receipt log.
    pub log_index: u64,
    /// Its place in the chain.
    pub recorded: Place,
    /// The acknowledgement.
    pub delivery: Option<(DeliveryOutcome, Place)>,
}

crate::wire_struct! {
    /// What the state keeps of an answer that is not acknowledged yet, as long as it can be.
    pub struct OpenRecord {
        /// Who acknowledges it.
        pub requester: DepartmentId,
        /// The last moment at which it can, and may fetch the answer again.
        pub until: Time,
    }
}
