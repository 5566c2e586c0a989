//! What a node promises, through its public face, with real nodes on loopback addresses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod alone;
mod calls;
mod founding;
mod four;
mod restarts;
mod town;
