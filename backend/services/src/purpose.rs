//! Codes a form offers: purposes, legal bases, reasons of withdrawal and revocation, kinds of
//! identity document. Names stand in the portal's texts (`purpose-01`); the chain holds the code.
//!
//! Source: DOMAIN 3.2 (PURPOSE, legalBasisType), 2.3 (ID_TYPE).

use ledger::ids::Code2;

/// Purposes a request may name. `99 其他` needs a text, and free text has no place on the chain.
pub const PURPOSES: [&str; 9] = ["01", "02", "03", "04", "05", "06", "07", "08", "09"];

/// The purposes as the chain writes them.
pub(crate) fn codes() -> impl Iterator<Item = Code2> {
    PURPOSES.iter().filter_map(|code| code.parse().ok())
}

/// Legal bases: statutory duty, the person's consent, contract, emergency.
pub const BASES: [&str; 4] = ["01", "02", "03", "04"];

/// Why a requester takes a request back: no longer needed, filled in wrongly, asked elsewhere.
pub const WITHDRAW_REASONS: [&str; 3] = ["01", "02", "03"];

/// Why a provider ends a grant: use against its purpose, law or duties changed, security, entry withdrawn.
pub const REVOKE_REASONS: [&str; 4] = ["01", "02", "03", "04"];

/// Why an inspection is opened: routine, on a topic, complaint or report, assistance to a court, incident.
pub const INSPECTION_PURPOSES: [&str; 5] = ["01", "02", "03", "04", "05"];

/// How it ends: nothing found, rectification ordered, handed over to the authority in charge, ended early.
pub const INSPECTION_CONCLUSIONS: [&str; 4] = ["01", "02", "03", "04"];

/// Kinds of identity document of the housing-fund standard.
pub const ID_TYPES: [&str; 5] = ["01", "02", "03", "04", "99"];

/// Identity card, whose number has a check digit.
pub const ID_CARD: &str = "01";

/// A purpose of inspections as the audit log says it, beside the purposes of requests.
pub(crate) fn inspection_text(code: &str) -> String {
    format!("inspection-{code}")
}
