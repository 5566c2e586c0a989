//! What an officer may do with the thing on the page, and if not, why not.
//!
//! Computed here from policy, state and party, so that a template never tests a role.

use crate::error::ServiceError;

/// Whether an action is open to the officer now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The action may be offered.
    pub allowed: bool,
    /// Why not: a refusal code, none when policy denied or when allowed.
    pub code: Option<String>,
    /// The policy layer that denied: `national`, `region` or `department`.
    pub layer: Option<String>,
    /// The policy row that denied; none when no row allowed.
    pub row: Option<String>,
}

impl Verdict {
    /// The action is open.
    #[must_use]
    pub fn yes() -> Self {
        Self { allowed: true, ..Self::default() }
    }

    /// Whether policy stands against it.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.layer.is_some()
    }

    /// A rule stands against it.
    #[must_use]
    pub fn no(code: &str) -> Self {
        Self { code: Some(code.to_owned()), ..Self::default() }
    }

    /// The error that a closed verdict is.
    pub(crate) fn into_result(self, action: access::Action) -> Result<(), ServiceError> {
        match self {
            Self { allowed: true, .. } => Ok(()),
            Self { code: Some(code), .. } => Err(ServiceError::Refused { code }),
            Self { layer, row, .. } => Err(ServiceError::Denied {
                action: action.code().to_owned(),
                layer: layer.unwrap_or_default(),
                row,
            }),
        }
    }

    /// Policy stands against it.
    #[must_use]
    pub fn denied(layer: &str, row: Option<String>) -> Self {
        Self { layer: Some(layer.to_owned()), row, ..Self::default() }
    }
}
