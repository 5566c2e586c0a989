//! Leafing through a list.

use services::Page;

use crate::form::Fields;

/// What a pager shows. Made from a page of any list.
pub(crate) struct Pager {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) total: u64,
    /// Address of the page before.
    pub(crate) previous: Option<String>,
    /// Address of the page after.
    pub(crate) next: Option<String>,
}

impl Pager {
    /// The pager of a page of a search at this path.
    pub(crate) fn of<T>(page: &Page<T>, query: &Fields, path: &str) -> Self {
        Self {
            first: page.first_no(),
            last: page.last_no(),
            total: page.total,
            previous: page.has_previous().then(|| query.at_page(path, page.page - 1)),
            next: page.has_next().then(|| query.at_page(path, page.page + 1)),
        }
    }
}
