//! The catalogue: what departments offer, searched in the read model, shown from the chain.

mod search;
mod show;
mod view;

pub use search::search;
pub(crate) use search::{Group, OpenEntries, groups, open_list, open_to_inspect};
pub use show::entry;
pub(crate) use show::may_request;
pub use view::{
    CataloguePage, CatalogueSearch, ConditionView, EntryRef, EntryRow, EntryView, Facets, ItemView,
    VersionView,
};
pub(crate) use view::{answer_days, conditions, item_view, names_of, reference};
