//! Why an office cannot start or go on. Its process must end: nobody can be told a sentence about it.

use ledger::ids::DepartmentId;
use ledger::state::ReadFault;

use crate::entry_file;
use crate::signed_heads::HeadFault;
use crate::store::StoreFault;

/// The office could not start or go on. The process must end.
#[derive(Debug, thiserror::Error)]
pub enum OfficeFault {
    /// The department is not on the chain of the genesis file.
    #[error("department {0} is not a member of this chain: use the genesis file that lists it")]
    NotAMember(DepartmentId),
    /// The local log is shorter or another than the one the chain has heads of.
    #[error(transparent)]
    Log(#[from] HeadFault),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The state could not be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// The read model could not be filled.
    #[error(transparent)]
    Journal(#[from] JournalFault),
    /// A catalogue file is wrong.
    #[error(transparent)]
    EntryFile(#[from] entry_file::EntryFileFault),
}

/// The read model could not go on.
#[derive(Debug, thiserror::Error)]
pub enum JournalFault {
    /// The database failed.
    #[error("the read model could not be written: {0}")]
    Database(#[from] sqlx::Error),
    /// The state could not be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// The node lacks a block below its own head.
    #[error("the node has no block at height {0}")]
    NoBlock(u64),
    /// The node is gone.
    #[error("the node is stopped")]
    Stopped,
}
