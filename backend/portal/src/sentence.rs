//! From an error to the sentence that says what happened and what to do.

use services::Verdict;

use crate::error::PortalError;
use crate::frame::Frame;

/// The sentence of an error.
pub(crate) fn of(f: &Frame, error: &PortalError) -> String {
    match error {
        PortalError::Refused { code } => f.refusal(code),
        PortalError::Denied { action, layer, row } => attempt(f, denied(f, action, layer, row.as_deref())),
        PortalError::Fault { number } => f.t("error-fault-text").put("number", number).to_string(),
        PortalError::Drawing => f.t("error-fault-text").put("number", "E-PAGE").to_string(),
        PortalError::SignedOut
        | PortalError::Forged
        | PortalError::TooLarge
        | PortalError::TooSlow
        | PortalError::NotFound
        | PortalError::Lapsed
        | PortalError::Behind => f.t(format!("{}-text", error.key())).to_string(),
    }
}

/// The sentence of a denial: which action, which layer, which row.
pub(crate) fn denied(f: &Frame, action: &str, layer: &str, row: Option<&str>) -> String {
    let (action, layer) = (f.c("action", action), f.c("layer", layer));
    match row {
        Some(row) => {
            f.t("denied-by-row").put("action", action).put("layer", layer).put("row", row).to_string()
        }
        None => f.t("denied-by-none").put("action", action).put("layer", layer).to_string(),
    }
}

/// The sentence of a denial that was more than a question: it stands in the office's log.
pub(crate) fn attempt(f: &Frame, why: String) -> String {
    f.t("denied-logged").put("why", why).to_string()
}

/// Why an action is not open, as a sentence; none when it is.
pub(crate) fn hindrance(f: &Frame, action: &str, verdict: &Verdict) -> Option<String> {
    if verdict.allowed {
        return None;
    }
    Some(match (&verdict.code, &verdict.layer) {
        (Some(code), _) => f.refusal(code),
        (None, Some(layer)) => denied(f, action, layer, verdict.row.as_deref()),
        (None, None) => f.refusal("role.cannot"),
    })
}
