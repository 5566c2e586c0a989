//! From an error to the sentence that says what happened and what to do.

use services::{Denial, Verdict};

use crate::error::PortalError;
use crate::frame::Frame;

/// The sentence of an error.
pub(crate) fn of(f: &Frame, error: &PortalError) -> String {
    match error {
        PortalError::Refused(code) => f.refusal(code.code()),
        PortalError::Denied { action, by } => attempt(f, denied(f, action.code(), by)),
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
pub(crate) fn denied(f: &Frame, action: &str, by: &Denial) -> String {
    let (action, layer) = (f.c("action", action), f.c("layer", by.layer.code()));
    match &by.row {
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
    match verdict {
        Verdict::Open => None,
        Verdict::Refused(code) => Some(f.refusal(code.code())),
        Verdict::Denied(by) => Some(denied(f, action, by)),
    }
}
