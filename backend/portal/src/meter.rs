//! What is measured about the portal itself: how many requests ended how.

use std::sync::atomic::{AtomicU64, Ordering};

/// Classes of status codes: 1xx to 5xx.
const CLASSES: usize = 5;

/// Counts since the process started.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    answers: [AtomicU64; CLASSES],
}

impl Meter {
    /// Counts an answer.
    pub(crate) fn note(&self, status: u16) {
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(count) = self.answers.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Class (`2xx`) and count, for every class.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (String, u64)> {
        self.answers
            .iter()
            .zip(1..)
            .map(|(count, class)| (format!("{class}xx"), count.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_class() {
        let meter = Meter::default();
        for status in [200, 204, 303, 422, 500, 999, 0] {
            meter.note(status);
        }
        let counts: Vec<_> = meter.counts().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 2, 1, 1, 1]);
    }
}
