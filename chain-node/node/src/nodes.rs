//! What a node promises, through its public face, with real nodes on loopback addresses. Here and not
//! in a test target of their own, so that the consensus engine is compiled for tests once.

mod adversary;
mod alone;
mod at_large;
mod calls;
mod flood;
mod followers;
mod four;
mod puppet;
mod restarts;
mod restored;
pub(crate) mod town;
