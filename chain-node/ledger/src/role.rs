//! In which capacity an officer acts.

use crate::ids::Pseudonym;

crate::wire_code! {
    /// A staff role (DOMAIN 4.1). Which of them one person may hold together: [`Role::goes_with`].
    pub enum Role {
        /// 业务查询员: runs granted queries.
        BizUser = 1 => "BIZ_USER",
        /// 需求经办人: asks for access.
        ReqOperator = 2 => "REQ_OPERATOR",
        /// 提供方审批员: grants, refuses, revokes.
        ProvApprover = 3 => "PROV_APPROVER",
        /// 监督检查员: reads the record.
        Inspector = 4 => "INSPECTOR",
        /// 系统管理员: makes and stops accounts, runs the node; gives no right and sees no data.
        SysAdmin = 5 => "SYS_ADMIN",
        /// 安全管理员: gives roles, activates accounts, writes policies; makes no account.
        SecAdmin = 6 => "SEC_ADMIN",
        /// 安全审计员: reads the audit log; changes nothing.
        AuditAdmin = 7 => "AUDIT_ADMIN",
        /// 目录编制员: drafts entries.
        CatalogEditor = 8 => "CATALOG_EDITOR",
        /// 部门目录审核员: reviews entries that another drafted.
        CatalogReviewer = 9 => "CATALOG_REVIEWER",
        /// 部门共享工作机构负责人: decides finally, for the department.
        DeptLead = 10 => "DEPT_LEAD",
        /// 数据运维员: connects sources, runs batches.
        DataOwnerOps = 11 => "DATA_OWNER_OPS",
        /// 主管部门审核员: checks that requests and entries comply.
        CompReviewer = 12 => "COMP_REVIEWER",
        /// 争议协调员: mediates disputes.
        CompMediator = 13 => "COMP_MEDIATOR",
        /// 只读领导: sees figures.
        Reader = 14 => "READER",
    }
}

crate::wire_code! {
    /// How surely an officer was recognised at sign-in.
    pub enum Assurance {
        /// By password.
        Password = 1 => "password",
        /// By password and a code of the moment (RFC 6238).
        Otp = 2 => "otp",
        /// By a certified key of their own (UKey).
        Ukey = 3 => "ukey",
    }
}

impl Role {
    /// One of the three administrators (三员), who watch one another.
    #[must_use]
    pub const fn is_administrator(self) -> bool {
        matches!(self, Self::SysAdmin | Self::SecAdmin | Self::AuditAdmin)
    }

    /// Whether one person may hold both. Static separation of duties: an administrator holds nothing else,
    /// an inspector nothing that is inspected, nobody reviews entries and drafts them, and who checks that
    /// others comply queries no data. Who may not act twice on *one* request is a rule of that request.
    #[must_use]
    pub const fn goes_with(self, other: Self) -> bool {
        self as u8 == other as u8 || !(self.excludes(other) || other.excludes(self))
    }

    /// Whether the second officer of a step that was drafted in a role may act in this one: another in the same
    /// role, or who decides for the department.
    #[must_use]
    pub const fn countersigns(self, drafted_in: Self) -> bool {
        self as u8 == drafted_in as u8 || matches!(self, Self::DeptLead)
    }

    const fn excludes(self, other: Self) -> bool {
        match self {
            Self::SysAdmin | Self::SecAdmin | Self::AuditAdmin => true,
            Self::Inspector => !matches!(other, Self::Reader),
            Self::CatalogEditor => matches!(other, Self::CatalogReviewer),
            Self::CompReviewer => matches!(other, Self::BizUser),
            Self::BizUser
            | Self::ReqOperator
            | Self::ProvApprover
            | Self::CatalogReviewer
            | Self::DeptLead
            | Self::DataOwnerOps
            | Self::CompMediator
            | Self::Reader => false,
        }
    }
}

crate::wire_struct! {
    /// The officer behind a step, as the chain may know them.
    pub struct By {
        /// The same within one request, a stranger everywhere else.
        pub pseudonym: Pseudonym,
        /// The capacity they acted in.
        pub role: Role,
    }
}

#[cfg(test)]
mod tests {
    use super::Role;

    /// Every pair that one person must not hold, as a table.
    #[test]
    fn duties_are_separated() {
        for one in Role::ALL.iter().copied() {
            for other in Role::ALL.iter().copied() {
                let pair = |a, b| (one, other) == (a, b) || (other, one) == (a, b);
                let apart = one != other
                    && (one.is_administrator()
                        || other.is_administrator()
                        || [one, other].contains(&Role::Inspector) && ![one, other].contains(&Role::Reader)
                        || pair(Role::CatalogEditor, Role::CatalogReviewer)
                        || pair(Role::CompReviewer, Role::BizUser));
                assert_eq!(one.goes_with(other), !apart, "{one} with {other}");
            }
        }
    }
}
