//! How a use case ends when it does not succeed: the form is wrong, a rule said no, policy said no,
//! there is no such thing, it took too long, the ledger is behind, or something broke.
//!
//! A refusal or denial has a stable code that the portal turns into a sentence in both languages.
//! A fault is logged here, once, under a number that the page shows.

use std::fmt::Display;

use crate::codes::{Action, Code, Denial, FieldCode};

/// What is wrong with one field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the field in the input struct.
    pub field: &'static str,
    /// What is wrong with it.
    pub code: FieldCode,
}

/// Every way a use case can fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The form has mistakes; nothing was done. Show it again with them.
    #[error("the form has {} mistakes", .0.len())]
    Invalid(Vec<FieldError>),
    /// A rule said no.
    #[error("refused: {}", .0.code())]
    Refused(Code),
    /// Policy said no.
    #[error("policy denies {} at layer {}", .action.code(), .by.layer.code())]
    Denied {
        /// What was to be done.
        action: Action,
        /// What said so.
        by: Denial,
    },
    /// There is no such thing, or the officer may not know of it.
    #[error("not found")]
    NotFound,
    /// The chain did not take the transaction in time. It can no longer take effect: try again.
    #[error("the transaction lapsed")]
    Lapsed,
    /// The own ledger is too far behind to decide. Wait and try again.
    #[error("the ledger is behind")]
    Behind,
    /// Something broke; the log has it under this number.
    #[error("fault {number}")]
    Fault {
        /// `E-` and six hexadecimal digits.
        number: String,
    },
}

impl ServiceError {
    /// A rule of this crate said no.
    pub(crate) fn refused(code: impl Into<Code>) -> Self {
        Self::Refused(code.into())
    }

    /// What the audit log says about a step that did not happen.
    pub(crate) fn outcome(&self) -> String {
        match self {
            Self::Invalid(_) => "invalid".to_owned(),
            Self::Refused(code) => code.code().to_owned(),
            Self::Denied { by, .. } => {
                format!("denied {} {}", by.layer.code(), by.row.as_deref().unwrap_or("-"))
            }
            Self::NotFound => "not-found".to_owned(),
            Self::Lapsed => "lapsed".to_owned(),
            Self::Behind => "behind".to_owned(),
            Self::Fault { number } => number.clone(),
        }
    }

    /// For who may not know that there is such a thing.
    pub(crate) fn hidden(self) -> Self {
        match self {
            Self::Denied { .. } => Self::NotFound,
            Self::Invalid(_)
            | Self::Refused(_)
            | Self::NotFound
            | Self::Lapsed
            | Self::Behind
            | Self::Fault { .. } => self,
        }
    }

    /// One wrong field.
    pub(crate) fn field(field: &'static str, code: FieldCode) -> Self {
        Self::Invalid(vec![FieldError { field, code }])
    }

    /// Something broke: logs it and gives it a number. `what` is a sentence without personal data.
    pub(crate) fn fault(what: &'static str, cause: &dyn Display) -> Self {
        let number = fault_number();
        tracing::error!(fault.number = %number, cause = %cause, "{what}");
        Self::Fault { number }
    }
}

/// Random, so that two processes do not give the same number; without randomness it says so.
fn fault_number() -> String {
    match gm::random::bytes::<3>() {
        Ok(bytes) => format!("E-{}", hex::encode_upper(bytes)),
        Err(_) => "E-RANDOM".to_owned(),
    }
}

impl From<sqlx::Error> for ServiceError {
    fn from(error: sqlx::Error) -> Self {
        Self::fault("the office's store could not be read or written", &error)
    }
}

impl From<ledger::state::ReadFault> for ServiceError {
    fn from(fault: ledger::state::ReadFault) -> Self {
        Self::fault("the ledger's state could not be read", &fault)
    }
}

impl From<ledger::protocol::Fault> for ServiceError {
    fn from(fault: ledger::protocol::Fault) -> Self {
        Self::fault("the ledger's rules could not be read", &fault)
    }
}

impl From<access::AccessFault> for ServiceError {
    fn from(fault: access::AccessFault) -> Self {
        Self::fault("a policy could not be judged", &fault)
    }
}

impl From<node::NodeFault> for ServiceError {
    fn from(fault: node::NodeFault) -> Self {
        Self::fault("the node failed", &fault)
    }
}

impl From<gm::random::RandomFault> for ServiceError {
    fn from(fault: gm::random::RandomFault) -> Self {
        Self::fault("no randomness", &fault)
    }
}

impl From<exchange::ExchangeFault> for ServiceError {
    fn from(fault: exchange::ExchangeFault) -> Self {
        Self::fault("the exchange failed", &fault)
    }
}

impl From<crate::store::StoreFault> for ServiceError {
    fn from(fault: crate::store::StoreFault) -> Self {
        Self::fault("the office's store failed", &fault)
    }
}

/// 32 random bytes in hexadecimal: for tokens that a page carries before anyone signed in.
///
/// # Errors
/// A fault when the system gives no randomness.
pub fn fresh_token() -> Result<String, ServiceError> {
    Ok(hex::encode(fresh_bytes()?))
}

/// 32 random bytes.
///
/// # Errors
/// A fault when the system gives no randomness.
pub fn fresh_bytes() -> Result<[u8; 32], ServiceError> {
    Ok(gm::random::bytes()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::{Layer, OfficeRefusal};

    fn denied() -> ServiceError {
        let by = Denial { layer: Layer::Region, row: Some("reg-purposes".to_owned()) };
        ServiceError::Denied { action: Action::Ask, by }
    }

    #[test]
    fn the_log_says_why_a_step_did_not_happen_and_never_what_was_typed() {
        let by = Denial { layer: Layer::National, row: None };
        for (error, said) in [
            (ServiceError::field("name", FieldCode::Missing), "invalid"),
            (ServiceError::refused(OfficeRefusal::FormUsed), "form.used"),
            (denied(), "denied region reg-purposes"),
            (ServiceError::Denied { action: Action::Ask, by }, "denied national -"),
            (ServiceError::NotFound, "not-found"),
            (ServiceError::Lapsed, "lapsed"),
            (ServiceError::Behind, "behind"),
            (ServiceError::Fault { number: "E-00FF01".to_owned() }, "E-00FF01"),
        ] {
            assert_eq!(error.outcome(), said);
        }
    }

    #[test]
    fn only_a_denial_is_hidden_from_who_may_not_know() {
        assert_eq!(denied().hidden(), ServiceError::NotFound);
        let refused = ServiceError::refused(OfficeRefusal::GrantNotOurs);
        assert_eq!(refused.clone().hidden(), refused);
        assert_eq!(ServiceError::Behind.hidden(), ServiceError::Behind);
    }

    #[test]
    fn a_fault_bears_a_number_of_its_own_and_not_its_cause() {
        let number = || match ServiceError::fault("it broke", &"a secret") {
            ServiceError::Fault { number } => number,
            other => panic!("{other}"),
        };
        let (one, other) = (number(), number());
        assert!(one.starts_with("E-") && one.len() == 8 && one != other, "{one} {other}");
        assert_eq!((fresh_token().unwrap().len(), fresh_bytes().unwrap().len()), (64, 32));
    }
}
