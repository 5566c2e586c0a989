//! The access log of the chain: search over all records by department, region, entry, time, outcome.
//!
//! For inspectors of an inspectorate, as far as the inspection goes in which they work. Chain facts only: no case, no citizen, no officer's name. Each
//! search is itself noted, with what was searched, before its result is shown.

mod search;
mod view;

pub use search::log;
pub(crate) use search::without_gaps;
pub use view::{DayCount, LogFacets, LogPage, LogSearch};
