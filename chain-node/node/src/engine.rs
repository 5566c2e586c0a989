//! The consensus engine (Malachite), set up for one chain. What it asks is answered in `app.rs`.

pub(crate) mod certificate;
pub(crate) mod codec;
pub(crate) mod context;
pub(crate) mod network;
pub(crate) mod sign_guard;
pub(crate) mod signing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use malachitebft_app_channel::app::config::{ConsensusConfig, NodeConfig, ValueSyncConfig};
use malachitebft_app_channel::{
    Channels, ConsensusContext, EngineBuilder, EngineHandle, RequestContext, SyncContext, WalContext,
};

use self::codec::Wire;
use self::context::{Address, Ctx};
use self::network::Link;
use self::signing::{Signer, Verifier};
use crate::fault::NodeFault;
use crate::limits::{ENGINE_QUEUE_MAX, STOP_WAIT, SYNC_PER_PEER_MAX, SYNC_QUESTIONS_MAX, SYNC_WINDOW};

/// How often a node tells the others how far it is. A node that was away catches up as soon.
const STATUS_EVERY: Duration = Duration::from_secs(1);
/// Heights asked for at once by a node that catches up; the answer is cut at the engine's limit of bytes.
const SYNC_BATCH: usize = 16;
/// Requests to the engine that may wait.
const REQUESTS_MAX: usize = 100;

/// What the engine must be told.
pub(crate) struct EngineSetup<'a> {
    /// A name of this node, unlike others in one process.
    pub(crate) moniker: String,
    /// The folder of the engine's log.
    pub(crate) dir: &'a Path,
    /// The voter's address.
    pub(crate) me: Address,
    /// Checks what others signed.
    pub(crate) verifier: Verifier,
    /// Signs.
    pub(crate) signer: Signer,
    /// The network beneath it.
    pub(crate) link: Link,
}

struct Settings {
    moniker: String,
    consensus: ConsensusConfig,
    sync: ValueSyncConfig,
}

impl NodeConfig for Settings {
    fn moniker(&self) -> &str {
        &self.moniker
    }
    fn consensus(&self) -> &ConsensusConfig {
        &self.consensus
    }
    fn consensus_mut(&mut self) -> &mut ConsensusConfig {
        &mut self.consensus
    }
    fn value_sync(&self) -> &ValueSyncConfig {
        &self.sync
    }
    fn value_sync_mut(&mut self) -> &mut ValueSyncConfig {
        &mut self.sync
    }
}

fn settings(moniker: String) -> Settings {
    let consensus =
        ConsensusConfig { queue_per_height_capacity: ENGINE_QUEUE_MAX, ..ConsensusConfig::default() };
    let sync = ValueSyncConfig {
        status_update_interval: STATUS_EVERY,
        batch_size: SYNC_BATCH,
        inbound_request_rate_limit_window: SYNC_WINDOW,
        max_inbound_requests_per_window: SYNC_QUESTIONS_MAX,
        max_concurrent_inbound_requests: SYNC_PER_PEER_MAX,
        ..ValueSyncConfig::default()
    };
    Settings { moniker, consensus, sync }
}

/// The engine's log in a node's folder: what it heard and said at the height under way.
pub(crate) fn log_in(dir: &Path) -> PathBuf {
    dir.join("consensus.log")
}

/// Starts the engine. Its questions come through the channels; all must be answered.
pub(crate) async fn start(setup: EngineSetup<'_>) -> Result<(Channels<Ctx>, EngineHandle), NodeFault> {
    let EngineSetup { moniker, dir, me, verifier, signer, link } = setup;
    let consensus = ConsensusContext::new_validator(me, Box::new(verifier), Box::new(signer));
    let (network, parts) = network::spawn(link).await?;
    EngineBuilder::new(Ctx, settings(moniker))
        .with_default_wal(WalContext::new(log_in(dir), Wire))
        .with_custom_network(network, parts)
        .with_default_sync(SyncContext::new(Wire))
        .with_default_consensus(consensus)
        .with_default_request(RequestContext::new(REQUESTS_MAX))
        .build()
        .await
        .map_err(NodeFault::engine)
}

/// Stops the engine and waits for it, but not for ever.
pub(crate) async fn stop(engine: EngineHandle) {
    engine.actor.stop(Some("the node stops".into())); // unless the end of one of its parts has ended it
    if tokio::time::timeout(STOP_WAIT, engine.handle).await.is_err() {
        tracing::warn!("the consensus engine did not stop in time");
    }
}
