//! What an officer may do with the thing on the page, and if not, why not.
//!
//! Computed here from policy, state and party, so that a template never tests a role.

use access::{Action, Decision};

use crate::codes::{Code, Denial};
use crate::error::ServiceError;

/// Whether an action is open to the officer now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The action may be offered.
    Open,
    /// A rule stands against it.
    Refused(Code),
    /// Policy stands against it.
    Denied(Denial),
}

impl Verdict {
    /// What a decision of the rules says.
    pub(crate) fn of(decision: &Decision) -> Self {
        match decision.denied_by() {
            None => Self::Open,
            Some((layer, row)) => {
                Self::Denied(Denial { layer: *layer, row: row.as_ref().map(ToString::to_string) })
            }
        }
    }

    /// A rule stands against it.
    pub(crate) fn no(code: impl Into<Code>) -> Self {
        Self::Refused(code.into())
    }

    /// Whether the action may be offered.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// The error that a closed verdict is.
    pub(crate) fn into_result(self, action: Action) -> Result<(), ServiceError> {
        match self {
            Self::Open => Ok(()),
            Self::Refused(code) => Err(ServiceError::Refused(code)),
            Self::Denied(by) => Err(ServiceError::Denied { action, by }),
        }
    }
}
