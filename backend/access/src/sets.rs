//! The three layers in force for one department.

use ledger::ids::DepartmentId;
use ledger::policy::PolicySet;
use ledger::receipt::PolicyVersions;
use ledger::state::{ReadFault, StateRead};
use ledger::views;
use std::sync::Arc;

/// The three layers that rule one department, as its ledger knows them at one height.
#[derive(Clone, Debug)]
pub struct PolicySets {
    /// For all.
    pub national: Arc<PolicySet>,
    /// For the department's province.
    pub region: Arc<PolicySet>,
    /// The department's own.
    pub department: Arc<PolicySet>,
    /// Their versions.
    pub versions: PolicyVersions,
}

impl PolicySets {
    /// Reads the sets that rule the doors of a department. Nothing when a layer has none: then
    /// nothing may pass.
    ///
    /// # Errors
    /// [`ReadFault`] when the store breaks.
    pub fn in_force(reads: &dyn StateRead, department: &DepartmentId) -> Result<Option<Self>, ReadFault> {
        let (Some(sets), Some(versions)) =
            (views::policies_for(reads, department)?, views::policy_versions(reads, department)?)
        else {
            return Ok(None);
        };
        let [national, region, department] = sets.map(Arc::new);
        Ok(Some(Self { national, region, department, versions }))
    }
}
