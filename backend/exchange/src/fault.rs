//! What goes wrong in the exchange. A rule that says no is an outcome of the query, not an error here.

use access::AccessFault;
use gm::random::RandomFault;
use ledger::protocol::Fault;
use ledger::state::ReadFault;

use crate::bounds::Bound;
use crate::outcome::Outcome;

/// A field of a query's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The officer's account.
    Account,
    /// The grant.
    Grant,
    /// The items wanted.
    Items,
    /// The person's name.
    Name,
    /// The kind of document.
    IdType,
    /// The document's number.
    IdNumber,
    /// The business case.
    CaseNo,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldCode {
    /// Nothing is in it.
    Empty,
    /// Too long, or characters that no such text has.
    Form,
    /// It names nothing that there is.
    Unknown,
    /// An item the grant does not give.
    NotGranted,
    /// Not of the length and the characters of such a number.
    IdNumberForm,
    /// Its birth date does not exist or has not come yet.
    IdNumberDate,
    /// Its check digit does not fit.
    IdNumberCheckDigit,
}

/// A field of a query that is not fit to be sent; nothing was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// The field.
    pub field: Field,
    /// What is wrong with it.
    pub code: FieldCode,
}

impl Field {
    pub(crate) const fn fault(self, code: FieldCode) -> FieldFault {
        FieldFault { field: self, code }
    }
}

/// Why a query was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Fields to be corrected.
    #[error("the query has {} fields to correct", .0.len())]
    Invalid(Vec<FieldFault>),
    /// The form became a query before, with other words in it.
    #[error("the form was sent before with other content")]
    FormChanged,
    /// The form became a query of another officer.
    #[error("the form was sent before by another officer")]
    FormUsed,
    /// The officer's own signature does not hold here, so that the provider would not take it.
    #[error("the officer's signature does not hold: {0}")]
    Officer(Outcome),
    /// Too many queries are open; try again in a moment.
    #[error("too many queries are open")]
    Busy,
    /// The officer came to a bound of their department; nothing was written down but that.
    #[error("the officer came to a bound: {}", .0.code())]
    Bound(Bound),
    /// Something broke; whether it was written down is shown by asking again with the same form.
    #[error(transparent)]
    Fault(#[from] ExchangeFault),
}

impl From<FieldFault> for AskError {
    fn from(fault: FieldFault) -> Self {
        Self::Invalid(vec![fault])
    }
}

/// Something broke: we could not tell.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeFault {
    /// The exchange's own store.
    #[error("the exchange's store failed: {0}")]
    Store(#[from] sqlx::Error),
    /// The store's tables could not be brought up to date.
    #[error("the exchange's store could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored value is not what was written, or was sealed under another key.
    #[error("the exchange's store holds a damaged {0}")]
    Damaged(&'static str),
    /// The folder of the store could not be made.
    #[error("the exchange's folder could not be made: {0}")]
    Folder(std::io::Error),
    /// A binding does not fit its database.
    #[error("the binding of {entry} is unusable: {problem}")]
    Binding {
        /// The entry bound.
        entry: String,
        /// What is wrong, with the name of the table or column.
        problem: String,
    },
    /// A data source could not be read.
    #[error("the data source of {entry} failed: {problem}")]
    Source {
        /// The entry bound.
        entry: String,
        /// What is wrong, without any value.
        problem: String,
    },
    /// The ledger's state could not be read.
    #[error("the ledger could not be read: {0}")]
    Ledger(#[from] ReadFault),
    /// The rules of the chain could not be read, or are newer than this program.
    #[error("the rules could not be read: {0}")]
    Rules(#[from] Fault),
    /// The policy engine failed.
    #[error("the policies could not be judged: {0}")]
    Access(#[from] AccessFault),
    /// The system gave no randomness.
    #[error("the system gave no randomness: {0}")]
    Random(#[from] RandomFault),
    /// A key could not sign, wrap or seal.
    #[error("a key could not be used: {0}")]
    Key(&'static str),
    /// The chain does not know this department.
    #[error("this department is not on the chain")]
    NotAMember,
    /// The exchange is stopping.
    #[error("the exchange is stopping")]
    Stopping,
}

impl ExchangeFault {
    pub(crate) fn binding(entry: &str, problem: impl Into<String>) -> Self {
        Self::Binding { entry: entry.to_owned(), problem: problem.into() }
    }
}
