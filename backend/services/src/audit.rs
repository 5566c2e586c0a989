//! The audit log as its readers see it: searched, leafed through, taken out as a file.
//!
//! Who keeps accounts and rights is watched by another than who uses them (DOMAIN 4.1): the auditor reads
//! what system and security administrators did, the security administrator what everybody else did, the
//! auditor among them. What nobody did in a role (failed sign-ins, the process itself) both may read.
//! Every look is noted in the same log.

mod search;
mod view;

pub use search::{export, list};
pub use view::{AuditFacets, AuditFile, AuditPage, AuditSearch, Format, Scope, file};
