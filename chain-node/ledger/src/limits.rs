//! Every bound of the ledger. What is beyond one is refused with a code of its own. Rules do not read these values:
//! they keep those of their version of the protocol (`protocol.rs`), which for version 1 are the ones here.

/// Bytes of one transaction, signature included.
pub const TRANSACTION_BYTES_MAX: usize = 64 * 1024;
/// Bytes of all transactions of a block.
pub const BLOCK_BYTES_MAX: usize = 1024 * 1024;
/// Transactions of a block.
pub const BLOCK_TRANSACTIONS_MAX: usize = 2_000;
/// Signatures of a block's transactions, as who has seen none of them has to check.
pub const BLOCK_SIGNATURES_MAX: usize = 4_000;
/// One part in so many of a block, in bytes, transactions and signatures, is kept for what takes rights away and
/// governs (rank 0) and takes no more than that; a block that puts more there, or more of the rest, is invalid.
pub const GOVERNANCE_PART: usize = 4;
/// One department takes no more than one part in so many of either room of a block; a block with more is invalid.
pub const DEPARTMENT_PART: usize = 4;
/// Days of credit forgotten in one block, once they are over.
pub const CREDITS_FORGOTTEN_PER_BLOCK: usize = 64;
/// How long a transaction may wait for its block, in milliseconds of block time.
pub const TRANSACTION_WAIT_MS_MAX: u64 = 10 * 60 * 1000;
/// Heights whose time and id the state remembers (a minute at twenty blocks a second, three times over).
pub const RECENT_HEIGHTS: u64 = 4_096;
/// Transaction ids forgotten in one block, once their time is over.
pub const FORGOTTEN_PER_BLOCK: usize = 4_000;
/// How many of these are read at a time.
pub const FORGOTTEN_PER_READ: usize = 100;
/// Bytes of a catalogue entry: more than three times the largest of the demo. What the chain holds for ever is
/// not as large as what a policy may need.
pub const ENTRY_BYTES_MAX: usize = 16 * 1024;
/// Fronts of resource codes that are one department's.
pub const CODE_FRONTS_MAX: usize = 32;
/// Items of an entry.
pub const ITEMS_MAX: usize = 64;
/// Published conditions of an entry.
pub const CONDITIONS_MAX: usize = 16;
/// Units (subjects) one grant may cover.
pub const QUOTA_MAX: u32 = 1_000_000;
/// The longest period of a grant: three years, in milliseconds.
pub const PERIOD_MS_MAX: u64 = 3 * 366 * 24 * 60 * 60 * 1000;
/// Acknowledgements in one transaction.
pub const DELIVERIES_MAX: usize = 256;
/// Departments of a genesis.
pub const DEPARTMENTS_MAX: usize = 1_000;
/// Validators of a chain.
pub const VALIDATORS_MAX: usize = 64;
/// Rows of one policy set.
pub const POLICY_ROWS_MAX: usize = 200;
/// Obligations of one policy row.
pub const OBLIGATIONS_MAX: usize = 32;
/// Highest grade of data that is shared here (GB/T 43697).
pub const GRADE_MAX: u8 = 4;
/// Highest sensitivity of an item.
pub const SENSITIVITY_MAX: u8 = 3;
/// Policies that come in force at the beginning of one block because their time has come.
pub const PROMOTED_PER_BLOCK: usize = 64;
/// The longest wait before a loosened policy is in force: thirty-one days, in milliseconds.
pub const LOOSENING_MS_MAX: u64 = 31 * 24 * 60 * 60 * 1000;
/// Officers of one roster.
pub const ROSTER_MAX: u64 = 100_000;
/// Rosters of a department that can be referred to at a time.
pub const ROSTERS_KEPT: usize = 8;
/// Departments that one inspection may name.
pub const INSPECTION_SCOPE_MAX: usize = 64;
/// The longest time an inspection stays open: 180 days, in milliseconds.
pub const INSPECTION_MS_MAX: u64 = 180 * 24 * 60 * 60 * 1000;
/// Inspections of one department without a conclusion.
pub const INSPECTIONS_OPEN_MAX: usize = 64;
/// Equivocations that the state lists for pages: those reported last. Older ones stand under their heights alone.
pub const EQUIVOCATIONS_NEWEST: usize = 16;
/// So many of its turns a validator waits out at most that let them pass again and again.
pub const TURNS_WAITED_MAX: u32 = 16;
/// Looks in one transaction.
pub const LOOKS_MAX: usize = 256;
/// So long after its end an inspection's looks are still put on record: three days, in milliseconds.
pub const LOOKS_GRACE_MS: u64 = 3 * 24 * 60 * 60 * 1000;
/// Inspections read at a time that looked at one thing.
pub const LOOKS_READ_MAX: usize = 100;
/// Objects one read of a list returns.
pub const LIST_MAX: usize = 1_000;

const _: () = assert!(ENTRY_BYTES_MAX < TRANSACTION_BYTES_MAX);
// The largest transaction has room in the smallest share.
const _: () = assert!(TRANSACTION_BYTES_MAX <= BLOCK_BYTES_MAX / GOVERNANCE_PART / DEPARTMENT_PART);
