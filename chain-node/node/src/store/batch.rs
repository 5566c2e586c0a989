//! What is written to a database at once.

use super::columns::Column;

/// Keys of columns with their new values, or none where they go. Written together or not at all.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch(pub(super) Vec<(Column, Vec<u8>, Option<Vec<u8>>)>);

impl Batch {
    pub(super) fn put(&mut self, column: Column, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.0.push((column, key.into(), Some(value.into())));
    }

    pub(super) fn delete(&mut self, column: Column, key: impl Into<Vec<u8>>) {
        self.0.push((column, key.into(), None));
    }
}

/// Whether a batch must outlive a loss of power. One that must takes all earlier ones with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasts {
    /// On disk when the write returns.
    Always,
    /// Nobody relies on it yet.
    WithPower,
}
