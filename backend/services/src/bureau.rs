//! The part of an office that never changes.

use std::sync::Arc;

use access::Judge;
use gm::domain::ChainId;
use ledger::ids::{DepartmentId, Pseudonym};
use zeroize::Zeroizing;

use crate::zones::Zones;

/// What never changes about an office: which department of which chain it is, who judges, what
/// pseudonyms are made with, and how its network is divided.
pub(crate) struct Bureau {
    pub(crate) chain: ChainId,
    pub(crate) department: DepartmentId,
    pub(crate) judge: Arc<Judge>,
    pub(crate) actor_key: Zeroizing<[u8; 32]>,
    pub(crate) zones: Zones,
}

impl Bureau {
    /// An officer within one object (PROTOCOL section 2).
    pub(crate) fn pseudonym(&self, object: &[u8], staff_id: &str) -> Pseudonym {
        ledger::department::pseudonym(&self.actor_key, self.chain, object, staff_id)
    }
}
