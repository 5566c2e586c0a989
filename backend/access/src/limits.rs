//! Every bound of this crate. What may stand on the chain is the ledger's to say.

/// Rows in one policy set. A set with more is a fault.
pub const ROWS_MAX: usize = 131_072;

/// Rows up to which Casbin judges a set at the door; its cost is linear in them.
pub const CASBIN_ROWS_MAX: usize = 64;

/// Of so many answers by larger sets one is kept for Casbin to judge again.
pub const SAMPLED_EVERY: u64 = 64;

/// Samples kept at most; where there is no room, none is taken.
pub const SAMPLES_MAX: usize = 16;

/// Casbin's enforcers kept of one set, one for each decision at a time.
pub const ENFORCERS_IDLE_MAX: usize = 4;

/// Rows of a set up to which a check compares each with each.
pub const ROWS_COMPARED_MAX: usize = 2_000;

/// Bytes of a table of rows that is brought in.
pub const CSV_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Wrong lines named at a time.
pub const CSV_PROBLEMS_MAX: usize = 100;

/// Items one question may name.
pub const ITEMS_ASKED_MAX: usize = 64;

/// Policy sets kept ready to judge; beyond this the one unused for longest is dropped.
pub const SETS_KEPT_MAX: usize = 64;

/// Highest grade of data that is shared here (GB/T 43697).
pub const GRADE_MAX: u8 = ledger::limits::GRADE_MAX;

const _: () = assert!(ledger::limits::POLICY_ROWS_MAX <= ROWS_MAX);
const _: () = assert!(ledger::limits::ITEMS_MAX <= ITEMS_ASKED_MAX);
