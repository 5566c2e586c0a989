//! One page of a list, with what a pager shows.

use crate::limits;

/// Rows of one page and the size of the whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows of this page, in order.
    pub rows: Vec<T>,
    /// Rows of all pages together.
    pub total: u64,
    /// This page's number, from 1.
    pub page: u64,
    /// Rows a full page holds.
    pub per_page: u64,
}

impl<T> Page<T> {
    /// Number of pages, at least 1.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(self.per_page.max(1)).max(1)
    }

    /// Number of the first row shown, from 1; 0 when nothing is shown.
    #[must_use]
    pub fn first_no(&self) -> u64 {
        if self.rows.is_empty() { 0 } else { self.page.saturating_sub(1) * self.per_page + 1 }
    }

    /// Number of the last row shown; 0 when nothing is shown.
    #[must_use]
    pub fn last_no(&self) -> u64 {
        if self.rows.is_empty() {
            0
        } else {
            self.page.saturating_sub(1) * self.per_page + self.rows.len() as u64
        }
    }

    /// The same page with rows made from these.
    pub(crate) fn with<U>(self, rows: Vec<U>) -> Page<U> {
        Page { rows, total: self.total, page: self.page, per_page: self.per_page }
    }

    /// Whether a page follows.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.page < self.pages()
    }

    /// Whether a page stands before.
    #[must_use]
    pub fn has_previous(&self) -> bool {
        self.page > 1
    }
}

/// Which page was asked for: from 1, and bounded, so that no one can make the database count for ever.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) page: u64,
    pub(crate) per_page: u64,
}

impl Wanted {
    /// The page as typed into the address; 0 means the first.
    pub(crate) fn new(page: u64, per_page: u64) -> Self {
        Self { page: page.clamp(1, limits::PAGES_MAX), per_page }
    }

    pub(crate) fn offset(self) -> i64 {
        i64::try_from((self.page - 1) * self.per_page).unwrap_or(i64::MAX)
    }

    pub(crate) fn limit(self) -> i64 {
        i64::try_from(self.per_page).unwrap_or(i64::MAX)
    }

    pub(crate) fn filled<T>(self, rows: Vec<T>, total: u64) -> Page<T> {
        Page { rows, total, page: self.page, per_page: self.per_page }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_which_rows_it_shows() {
        let page = Wanted::new(3, 10).filled((20..25).collect::<Vec<_>>(), 25);
        assert_eq!((page.first_no(), page.last_no(), page.pages()), (21, 25, 3));
        assert!(!page.has_next());
        assert!(page.has_previous());
    }

    #[test]
    fn an_empty_list_has_one_page_without_rows() {
        let page = Wanted::new(0, 10).filled(Vec::<u8>::new(), 0);
        assert_eq!((page.first_no(), page.last_no(), page.pages(), page.page), (0, 0, 1, 1));
    }

    #[test]
    fn the_pages_of_a_list_show_every_row_once() {
        for total in 0..60u64 {
            for per_page in 1..12u64 {
                let (mut seen, mut asked) = (0, 1);
                loop {
                    let wanted = Wanted::new(asked, per_page);
                    let from = wanted.offset().unsigned_abs();
                    let rows: Vec<_> = (0..total).skip(from as usize).take(wanted.limit() as usize).collect();
                    let page = wanted.filled(rows, total);
                    assert_eq!(page.has_previous(), asked > 1);
                    if total > 0 {
                        assert_eq!(page.first_no(), seen + 1, "{total} by {per_page}");
                    }
                    seen = page.last_no();
                    if !page.has_next() {
                        break;
                    }
                    asked += 1;
                }
                assert_eq!((seen, asked), (total, total.div_ceil(per_page).max(1)), "{total} by {per_page}");
            }
        }
    }

    #[test]
    fn no_page_is_so_far_that_its_place_cannot_be_counted() {
        for (asked, page) in
            [(0, 1), (1, 1), (limits::PAGES_MAX, limits::PAGES_MAX), (u64::MAX, limits::PAGES_MAX)]
        {
            let wanted = Wanted::new(asked, limits::ROWS_PER_PAGE);
            assert_eq!(wanted.page, page);
            assert_eq!(wanted.offset().unsigned_abs(), (page - 1) * limits::ROWS_PER_PAGE);
        }
        let beyond = Wanted::new(u64::MAX, 10).filled(Vec::<u8>::new(), 5);
        assert_eq!((beyond.first_no(), beyond.last_no(), beyond.has_next()), (0, 0, false));
        let kept = Wanted::new(2, 10).filled(vec![1, 2], 12).with(vec!["a", "b"]);
        assert_eq!((kept.first_no(), kept.last_no(), kept.total, kept.rows), (11, 12, 12, vec!["a", "b"]));
    }
}
