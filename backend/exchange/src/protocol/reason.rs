//! Why there is no answer.

use gm::sm3::Digest;
use ledger::ids::QueryId;
use ledger::policy::Layer;
use ledger::receipt::DenialClass;
use ledger::text::Text;

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
