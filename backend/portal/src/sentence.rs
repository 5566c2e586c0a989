//! From an error to the sentence that says what happened and what to do.

use services::codes::{Action, Role};
use services::{Denial, Verdict, staff};

use crate::error::PortalError;
use crate::frame::Frame;
use crate::visit::Visit;

/// The sentence of an error, told to an officer or to a guest.
pub(crate) async fn of(f: &Frame, visit: Option<&Visit>, error: &PortalError) -> String {
    match error {
        PortalError::Refused(code) => f.refusal(code.code()),
        PortalError::Denied { action, by } => attempt(f, &denied(f, visit, *action, by).await),
        PortalError::Fault { number } => f.t("error-fault-text").put("number", number).to_string(),
        PortalError::Drawing => f.t("error-fault-text").put("number", "E-PAGE").to_string(),
        PortalError::SignedOut
        | PortalError::FactorDue
        | PortalError::PasswordDue
        | PortalError::Forged
        | PortalError::TooLarge
        | PortalError::TooSlow
        | PortalError::NotFound
        | PortalError::Lapsed
        | PortalError::Behind
        | PortalError::Busy => f.t(format!("{}-text", error.key())).to_string(),
    }
}

/// The sentence of a denial: that it is for another role to do, and who of the colleagues holds that,
/// or which rule of which layer stands against it.
pub(crate) async fn denied(f: &Frame, visit: Option<&Visit>, action: Action, by: &Denial) -> String {
    let (Some(visit), Some(doer)) = (visit, doer(action)) else { return by_policy(f, action, by) };
    let own = visit.officer.role();
    if doer == own {
        return by_policy(f, action, by);
    }
    // Without the names the sentence is still true.
    let names = staff::holders(visit.office(), doer).await.unwrap_or_default();
    by_role(f, own, action, doer, &names)
}

/// The role whose work an action is; none for what all or programs do.
const fn doer(action: Action) -> Option<Role> {
    match action {
        Action::Request => Some(Role::ReqOperator),
        Action::Approve => Some(Role::ProvApprover),
        Action::Ask | Action::Verify | Action::Download => Some(Role::BizUser),
        Action::Batch => Some(Role::DataOwnerOps),
        Action::Inspect => Some(Role::Inspector),
        Action::Discover | Action::Answer | Action::Administer => None,
    }
}

fn by_role(f: &Frame, own: Role, action: Action, doer: Role, names: &[String]) -> String {
    let key = if names.is_empty() { "denied-by-role-of-none" } else { "denied-by-role" };
    f.t(key)
        .put("role", f.c("role", own.code()))
        .put("action", f.c("action", action.code()))
        .put("doer", f.c("role", doer.code()))
        .put("names", names.join(&f.t("list-comma").to_string()))
        .to_string()
}

/// The sentence of a denial by a rule.
pub(crate) fn by_policy(f: &Frame, action: Action, by: &Denial) -> String {
    let (action, layer) = (f.c("action", action.code()), f.c("layer", by.layer.code()));
    match &by.row {
        Some(row) => {
            f.t("denied-by-row").put("action", action).put("layer", layer).put("row", row).to_string()
        }
        None => f.t("denied-by-none").put("action", action).put("layer", layer).to_string(),
    }
}

/// The sentence of a denial that was more than a question: it stands in the office's log.
pub(crate) fn attempt(f: &Frame, why: &str) -> String {
    f.t("denied-logged").put("why", why).to_string()
}

/// Why an action is not open, as a sentence; none when it is.
pub(crate) async fn hindrance(f: &Frame, visit: &Visit, action: Action, verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Open => None,
        Verdict::Refused(code) => Some(f.refusal(code.code())),
        Verdict::Denied(by) => Some(denied(f, Some(visit), action, by).await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::frame;
    use crate::language::Language;

    #[test]
    fn who_may_not_is_told_whose_work_it_is_and_never_a_layer() {
        let f = frame(Language::Chinese, "/");
        let say = |names: &[String]| by_role(&f, Role::BizUser, Action::Request, Role::ReqOperator, names);
        let told = say(&["张三".into(), "李四".into()]);
        for part in ["业务查询员", "申请", "需求经办人", "张三、李四"] {
            assert!(told.contains(part), "{told}: {part}");
        }
        for told in [told, say(&[])] {
            assert!(!told.contains("国家") && !told.contains("策略管理员"), "{told}");
        }
    }
}
