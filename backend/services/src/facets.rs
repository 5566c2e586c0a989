//! Values by which a list can be narrowed, each with the number of rows it would leave.

use crate::words::Words;

/// A value of a facet with the number of entries that choosing it would show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// What the address carries.
    pub value: String,
    /// Its name where the chain or a table gives one; else the portal's text of the code.
    pub label: Option<Words>,
    /// Entries.
    pub count: u64,
    /// It is chosen now.
    pub on: bool,
}
