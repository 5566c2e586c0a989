//! What an exchange needs to start. Only `department` reads files and composes it.

use std::path::PathBuf;

use gm::sm2::SecretKey;
use gm::store_key::StoreKey;
use ledger::ids::DepartmentId;

use crate::binding::Binding;
use crate::bounds::Bounds;

/// The settings of one department's exchange.
pub struct ExchangeConfig {
    /// The folder of its own store; made if missing.
    pub dir: PathBuf,
    /// This department.
    pub department: DepartmentId,
    /// Signs tickets, receipts, denials, holds and deliveries.
    pub online: SecretKey,
    /// Opens what is sealed to this department.
    pub sealing: SecretKey,
    /// Seals the columns of the store that hold personal data and keys.
    pub store_key: StoreKey,
    /// The entries this department answers for, and where their data lie.
    pub bindings: Vec<Binding>,
    /// How much one officer may ask.
    pub bounds: Bounds,
}
