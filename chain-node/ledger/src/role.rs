//! In which capacity an officer acts.

use crate::ids::Pseudonym;

crate::wire_code! {
    /// A staff role. Separation of duties: an inspector holds no operative role.
    pub enum Role {
        /// 业务查询员: runs granted queries.
        BizUser = 1 => "BIZ_USER",
        /// 需求经办人: asks for access.
        ReqOperator = 2 => "REQ_OPERATOR",
        /// 提供方审批员: grants, refuses, revokes.
        ProvApprover = 3 => "PROV_APPROVER",
        /// 监督检查员: reads the record.
        Inspector = 4 => "INSPECTOR",
    }
}

crate::wire_code! {
    /// How surely an officer was recognised at sign-in.
    pub enum Assurance {
        /// By password.
        Password = 1 => "password",
        /// By a certified key in hardware (UKey).
        Ukey = 2 => "ukey",
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
