//! Who may look at policies, study what is to come, and write. Pure: every use case asks here, and so does
//! every page that offers one.
//!
//! Rules in force are no secret to who decides or checks under them. What is to come is studied by the
//! security administrators and watched by the audit administrators of each department that stands under the
//! layer; only the department that writes a layer changes it, by two of its security administrators.

use ledger::role::Role;

use crate::codes::OfficeRefusal;
use crate::verdict::Verdict;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PolicyAct {
    /// Look at what is or was in force.
    Look,
    /// Look at drafts and working copies, and try out what they would do.
    Study,
    /// Change the working copy, draft, countersign, withdraw.
    Write,
}

/// Whether someone acting in this role may do it. `is_writer`: their department writes the layer.
///
/// # Errors
/// `policy.look`, `policy.study`, `policy.write`.
pub(super) const fn may(role: Role, act: PolicyAct, is_writer: bool) -> Result<(), OfficeRefusal> {
    let (watches, writes, works_under) = match role {
        Role::SecAdmin => (true, true, true),
        Role::AuditAdmin => (true, false, true),
        Role::ProvApprover | Role::Inspector | Role::DeptLead | Role::CompReviewer => (false, false, true),
        Role::BizUser
        | Role::ReqOperator
        | Role::SysAdmin
        | Role::CatalogEditor
        | Role::CatalogReviewer
        | Role::DataOwnerOps
        | Role::CompMediator
        | Role::Reader => (false, false, false),
    };
    match act {
        PolicyAct::Look if !works_under => Err(OfficeRefusal::PolicyLook),
        PolicyAct::Study if !watches => Err(OfficeRefusal::PolicyStudy),
        PolicyAct::Write if !(writes && is_writer) => Err(OfficeRefusal::PolicyWrite),
        PolicyAct::Look | PolicyAct::Study | PolicyAct::Write => Ok(()),
    }
}

/// The same for a page.
pub(super) fn verdict(role: Role, act: PolicyAct, is_writer: bool) -> Verdict {
    match may(role, act, is_writer) {
        Ok(()) => Verdict::Open,
        Err(refusal) => Verdict::no(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_by_who_works_under_them_studied_by_administrators_and_written_by_one_kind() {
        let lookers =
            ["PROV_APPROVER", "INSPECTOR", "SEC_ADMIN", "AUDIT_ADMIN", "DEPT_LEAD", "COMP_REVIEWER"];
        for role in Role::ALL.iter().copied() {
            let of = |act, is_writer| may(role, act, is_writer).is_ok();
            assert_eq!(of(PolicyAct::Look, false), lookers.contains(&role.code()), "{role}");
            let studies = matches!(role, Role::SecAdmin | Role::AuditAdmin);
            assert_eq!(of(PolicyAct::Study, false), studies, "{role}");
            assert_eq!(of(PolicyAct::Write, true), role == Role::SecAdmin, "{role}");
            assert!(!of(PolicyAct::Write, false), "{role} of a department that only stands under it");
        }
    }
}
