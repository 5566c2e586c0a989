//! The owner's data behind a catalogue entry. No text of a request ever becomes a statement: names come
//! from the binding, values are bound.

mod sqlite;

use std::collections::{BTreeMap, BTreeSet};

use ledger::catalogue::{DataType, Entry};
use ledger::ids::ItemCode;
use ledger::request::RowScope;

use crate::binding::{Binding, Place};
use crate::fault::ExchangeFault;
use crate::person::Person;
use crate::table::Row;
use sqlite::SqliteSource;

/// What is to be read.
pub(crate) struct Reading<'a> {
    /// About whom.
    pub(crate) person: &'a Person,
    /// Which items, with their types.
    pub(crate) items: BTreeMap<ItemCode, DataType>,
    /// Only rows in which this item has this value.
    pub(crate) scope: Option<&'a RowScope>,
}

/// Opens the place of a binding and compares both: table and columns exist, their types fit, the number's column is
/// indexed.
///
/// # Errors
/// [`ExchangeFault::Binding`] names the first thing wrong.
pub async fn check_binding(binding: &Binding) -> Result<(), ExchangeFault> {
    Source::open(binding).await?.close().await;
    Ok(())
}

/// An open data source.
pub(crate) enum Source {
    /// An SQLite file.
    Sqlite(SqliteSource),
}

impl Source {
    /// Opens it read-only and compares it with the binding.
    pub(crate) async fn open(binding: &Binding) -> Result<Self, ExchangeFault> {
        match &binding.at {
            Place::Sqlite { file, table } => SqliteSource::open(binding, file, table).await.map(Self::Sqlite),
        }
    }

    /// The items it can give.
    pub(crate) fn items(&self) -> BTreeSet<&ItemCode> {
        match self {
            Self::Sqlite(source) => source.items(),
        }
    }

    /// Compares the columns with the entry's data types.
    pub(crate) fn fits(&self, entry: &Entry) -> Result<(), ExchangeFault> {
        match self {
            Self::Sqlite(source) => source.fits(entry),
        }
    }

    /// Reads all rows about a person; none when there is no such person.
    pub(crate) async fn read(&self, reading: &Reading<'_>) -> Result<Vec<Row>, ExchangeFault> {
        match self {
            Self::Sqlite(source) => source.read(reading).await,
        }
    }

    /// Closes it.
    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(source) => source.close().await,
        }
    }
}
