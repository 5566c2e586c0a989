//! An answer's header, and why there is none.

use gm::domain::{ChainId, Kind, digest};
use gm::sm2::KeyId;
use gm::sm3::Digest;
use ledger::ids::{DepartmentId, QueryId, Time};
use ledger::policy::Layer;
use ledger::receipt::DenialClass;
use ledger::text::Text;
use ledger::wire::to_bytes;

ledger::wire_struct! {
    /// The header of an answer. It is not signed by itself: the receipt signs its digest.
    pub struct Answer {
        /// The protocol's version.
        pub version: u16,
        /// The grant's chain.
        pub chain: ChainId,
        /// Who answers.
        pub provider: DepartmentId,
        /// The key that will sign the receipt.
        pub key_id: KeyId,
        /// Which question.
        pub query_id: QueryId,
        /// Root of the tree over the rows.
        pub result_root: Digest,
        /// Leaves of that tree: a power of two.
        pub leaf_count_padded: u32,
        /// SM3 of the ciphertext as sent.
        pub sealed_digest: Digest,
        /// Bytes of the ciphertext.
        pub sealed_size: u64,
        /// `digest("key", seed)`: binds the ciphertext to one key.
        pub seed_commit: Digest,
        /// Commitment to the provider's decision.
        pub decision_commit: Digest,
        /// The anchored snapshot the rows were read from.
        pub snapshot: Option<Digest>,
        /// When the rows were read, by the provider's clock: for people only.
        pub prepared_at: Time,
        /// Until when the answer may be fetched again.
        pub refetch_until: Time,
    }
}

impl Answer {
    /// `digest("answer", answer)`, as it stands in the receipt.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(self.chain, Kind::Answer, &to_bytes(self))
    }

    /// The context an answer's body is sealed for: `query_id ‖ seed_commit`.
    #[must_use]
    pub fn context(query: &QueryId, seed_commit: &Digest) -> [u8; 64] {
        let mut context = [0; 64];
        for (to, from) in context.iter_mut().zip(query.0.iter().chain(&seed_commit.0)) {
            *to = *from;
        }
        context
    }
}

ledger::wire_struct! {
    /// The exact reason of a denial, sealed to the reply key.
    pub struct ReasonBody {
        /// The protocol's version.
        pub version: u16,
        /// Which question.
        pub query_id: QueryId,
        /// The class, as on the chain.
        pub class: DenialClass,
        /// The layer of the policy that decided, if a policy did.
        pub layer: Option<Layer>,
        /// The row that decided; none when no row allowed it.
        pub row: Option<Text<40>>,
        /// Stable code of the reason.
        pub code: Text<40>,
        /// As in the denial on the chain.
        pub decision_commit: Digest,
    }
}

impl ReasonBody {
    /// The context a reason is sealed for: `query_id ‖ "denial"`.
    #[must_use]
    pub fn context(query: &QueryId) -> [u8; 38] {
        let mut context = [0; 38];
        for (to, from) in context.iter_mut().zip(query.0.iter().chain(b"denial")) {
            *to = *from;
        }
        context
    }
}
