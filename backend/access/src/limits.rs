//! Every bound of this crate. Casbin's cost is linear in the rows of a set.

/// Rows in one policy set. A set with more is a fault; the ledger refuses it before.
pub const ROWS_MAX: usize = 256;

/// Items one question may name.
pub const ITEMS_ASKED_MAX: usize = 64;

/// Policy sets kept ready to judge; beyond this the one unused for longest is dropped.
pub const SETS_KEPT_MAX: usize = 64;

/// Highest grade of data that is shared here (GB/T 43697).
pub const GRADE_MAX: u8 = 4;

const _: () = assert!(ledger::limits::POLICY_ROWS_MAX <= ROWS_MAX);
const _: () = assert!(ledger::limits::ITEMS_MAX <= ITEMS_ASKED_MAX);
