//! Why a page cannot be shown or a form cannot be taken. Handlers end with `?`;
//! [`crate::server::draw`] stands around them and makes the page that says so.

use std::fmt;

use actix_web::ResponseError;
use actix_web::http::StatusCode;
use services::codes::Action;
use services::{Code, Denial, OfficeRefusal, ServiceError};

/// Why a page cannot be shown or a form cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PortalError {
    /// Nobody is signed in, or the session is over.
    SignedOut,
    /// The second factor is to be shown: at sign-in, or again before a weighty act.
    FactorDue,
    /// The password is to be changed before anything else.
    PasswordDue,
    /// A form without a valid token.
    Forged,
    /// A form or field above its limit.
    TooLarge,
    /// A form that did not arrive in time.
    TooSlow,
    /// No such page or thing.
    NotFound,
    /// A rule said no.
    Refused(Code),
    /// Policy said no.
    Denied {
        /// What was to be done.
        action: Action,
        /// What said so.
        by: Denial,
    },
    /// The chain did not take the transaction in time.
    Lapsed,
    /// The own ledger is too far behind.
    Behind,
    /// Too many ask for pages that take long.
    Busy,
    /// Something broke and is logged under this number.
    Fault {
        /// `E-` and six hexadecimal digits.
        number: String,
    },
    /// A template failed.
    Drawing,
}

impl From<ServiceError> for PortalError {
    fn from(error: ServiceError) -> Self {
        match error {
            // Only an address can be wrong here; forms catch their own mistakes.
            ServiceError::Invalid(_) | ServiceError::NotFound => Self::NotFound,
            ServiceError::Refused(Code::Office(OfficeRefusal::SessionEnded)) => Self::SignedOut,
            ServiceError::Refused(Code::Office(
                OfficeRefusal::SessionFactorDue | OfficeRefusal::StepUpDue,
            )) => Self::FactorDue,
            ServiceError::Refused(Code::Office(OfficeRefusal::SessionPasswordDue)) => Self::PasswordDue,
            ServiceError::Refused(code) => Self::Refused(code),
            ServiceError::Denied { action, by } => Self::Denied { action, by },
            ServiceError::Lapsed => Self::Lapsed,
            ServiceError::Behind => Self::Behind,
            ServiceError::Fault { number } => Self::Fault { number },
        }
    }
}

impl fmt::Display for PortalError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.key())
    }
}

impl ResponseError for PortalError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Forged | Self::FactorDue | Self::PasswordDue | Self::Denied { .. } => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::Lapsed | Self::Behind | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault { .. } | Self::Drawing => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl PortalError {
    /// Beginning of the keys of its texts.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::SignedOut => "error-signed-out",
            Self::FactorDue => "error-factor-due",
            Self::PasswordDue => "error-password-due",
            Self::Forged => "error-forged",
            Self::TooLarge => "error-too-large",
            Self::TooSlow => "error-too-slow",
            Self::NotFound => "error-not-found",
            Self::Refused(_) => "error-refused",
            Self::Denied { .. } => "error-denied",
            Self::Lapsed => "error-lapsed",
            Self::Behind => "error-behind",
            Self::Busy => "error-busy",
            Self::Fault { .. } | Self::Drawing => "error-fault",
        }
    }

    pub(crate) fn icon(&self) -> &'static str {
        match self {
            Self::SignedOut | Self::FactorDue | Self::PasswordDue | Self::Forged | Self::Denied { .. } => {
                "lock"
            }
            Self::TooLarge | Self::Refused(_) => "ban",
            Self::NotFound => "file-search",
            Self::TooSlow | Self::Lapsed | Self::Behind | Self::Busy => "clock-off",
            Self::Fault { .. } | Self::Drawing => "plug-connected-x",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_session_leads_to_the_sign_in_page() {
        let error = ServiceError::Refused(OfficeRefusal::SessionEnded.into());
        assert_eq!(PortalError::from(error), PortalError::SignedOut);
    }

    #[test]
    fn every_error_has_its_status() {
        assert_eq!(PortalError::Forged.status_code(), StatusCode::FORBIDDEN);
        assert_eq!(PortalError::Behind.status_code(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(PortalError::Refused(OfficeRefusal::NodeFull.into()).status_code(), StatusCode::CONFLICT);
    }
}
