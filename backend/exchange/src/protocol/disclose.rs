//! What an inspectorate is shown of a department's decisions: what opens their commitments on the chain, and
//! what their attributes are checked against. No person, no case, no value, no key: the officer's attributes
//! are a role, a clearance and a zone.

use gm::sm3::{Digest, sm3};
use ledger::ids::{DepartmentId, InspectionId, QueryId};
use ledger::query::{Answer, Details};
use ledger::wire::{Bytes, to_bytes};

use super::question::AskerAttributes;

ledger::wire_code! {
    /// Whose decision about a query.
    pub enum Side {
        /// Who answered or denied it.
        Provider = 1 => "provider",
        /// Who asked.
        Requester = 2 => "requester",
    }
}

ledger::wire_struct! {
    /// A decision wanted.
    #[derive(Copy)]
    pub struct Wanted {
        /// About this query.
        pub query: QueryId,
        /// Of this side.
        pub side: Side,
    }
}

ledger::wire_struct! {
    /// What a department kept of one decision.
    pub struct Opening {
        /// The canonical bytes.
        pub decision: Bytes,
        /// The salt of their commitment.
        pub salt: [u8; 32],
        /// The details behind the ticket; none where the question did not open.
        pub details: Option<Details>,
        /// The officer's attributes with the salt of their commitment.
        pub asker: Option<(AskerAttributes, [u8; 32])>,
        /// The header of the answer, at the provider.
        pub answer: Option<Answer>,
    }
}

ledger::wire_struct! {
    /// "Open these decisions of yours." Who asks is known by the connection.
    pub struct Disclose {
        /// The protocol's version.
        pub version: u16,
        /// The inspection under which is looked.
        pub inspection: InspectionId,
        /// The decisions wanted, at most [`crate::limits::OPENINGS_PER_CALL_MAX`].
        pub wanted: Vec<Wanted>,
    }
}

impl Disclose {
    /// The context the openings are sealed for: who answers, and the whole call.
    #[must_use]
    pub fn context(&self, department: &DepartmentId) -> Digest {
        sm3(&[b"disclose\0", department.as_str().as_bytes(), &to_bytes(self)])
    }
}
