//! What a seed makes: all that happens in a simulation by chance comes from here.

/// A stream of numbers that one seed makes.
pub(super) struct Chance(fastrand::Rng);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// From the first to before the last.
    pub(super) fn between(&mut self, first: u64, last: u64) -> u64 {
        self.0.u64(first..last.max(first + 1))
    }

    pub(super) fn below(&mut self, count: usize) -> usize {
        self.0.usize(..count.max(1))
    }

    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.between(0, 100) < percent
    }

    pub(super) fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// Another stream.
    pub(super) fn apart(&mut self) -> Self {
        Self(self.0.fork())
    }
}
