//! The cast and the papers of the story: Guangzhou's officer asks Chengdu's centre about a citizen's
//! fund account. Everything follows from seeds, so every run makes the same bytes.
#![allow(dead_code)] // each test file uses a part

pub(crate) mod cast;
pub(crate) mod cbor;
pub(crate) mod chain;
pub(crate) mod papers;

#[allow(unused_imports)] // as above
pub(crate) use cast::{Centre, Network};
#[allow(unused_imports)]
pub(crate) use chain::{Chain, Replica};
