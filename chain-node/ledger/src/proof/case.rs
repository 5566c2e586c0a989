//! What all steps of a check share: the file with what it is checked against, and how a step ends.

use super::Evidence;
use super::trusted::Trusted;
use alloc::string::{String, ToString};
use gm::sm3::Digest;

/// How many things were checked, or what is wrong.
pub(super) type Outcome = Result<u32, String>;

/// A file with what it is checked against.
pub(super) struct Case<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) trusted: Trusted<'a>,
    pub(super) root: &'a Digest,
}

pub(super) fn ensure(ok: bool, wrong: &str) -> Result<(), String> {
    if ok { Ok(()) } else { Err(wrong.to_string()) }
}

pub(super) fn count(n: usize) -> Outcome {
    u32::try_from(n).map_err(|_| "too many".to_string())
}
