//! A node's ledger, read beside the process that holds it, or after it ended: for who checks it.

use std::path::Path;
use std::sync::Arc;

use ledger::genesis::Genesis;
use tokio::sync::watch;

use crate::fault::NodeFault;
use crate::store::Store;
use crate::store::database::Database;
use crate::store::snapshot::Snapshot;

/// The ledger in a node's folder as it stood when it was opened.
pub struct Archive(Store);

impl std::fmt::Debug for Archive {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Archive")
    }
}

impl Archive {
    /// Opens a node's folder for reading; none before a node began there.
    ///
    /// # Errors
    /// [`NodeFault::OtherChain`], or what broke.
    pub fn open(data: &Path, genesis: Arc<Genesis>) -> Result<Option<Self>, NodeFault> {
        let Some(database) = Database::read(data)? else { return Ok(None) };
        // Nobody waits for its fault: what cannot be read is missed by who reads.
        Store::open(database, genesis, watch::Sender::new(None)).map(|store| Some(Self(store)))
    }

    /// Looks at it.
    pub fn read<T>(&self, read: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        read(&self.0.snapshot())
    }
}
