//! How a command can fail, and the exit code each failure has.

use std::process::ExitCode;

use crate::config::Mistake;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 1: something broke; the text names it.
    Fault(String),
    /// Exit code 2: the command cannot be done as it was asked.
    Usage(String),
    /// Exit code 2: the configuration or a file it names is wrong.
    Mistakes(Vec<Mistake>),
    /// Exit code 3: the evidence, or the audit log, does not prove what it claims.
    EvidenceRefused,
    /// Exit code 3: a file of policies cannot be drafted.
    PolicyRefused,
    /// Exit code 4: decisions were judged again, and something was found.
    Found,
}

impl Failure {
    /// A fault with what was being done when it happened.
    pub(crate) fn fault(doing: &str, error: impl std::fmt::Display) -> Self {
        Self::Fault(format!("{doing}: {error}"))
    }

    /// The exit code, as the program's help documents it.
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Self::Fault(_) => ExitCode::from(1),
            Self::Usage(_) | Self::Mistakes(_) => ExitCode::from(2),
            Self::EvidenceRefused | Self::PolicyRefused => ExitCode::from(3),
            Self::Found => ExitCode::from(4),
        }
    }
}
