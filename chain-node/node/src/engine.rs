//! The consensus engine (Malachite), set up for one chain. What it asks is answered in `app.rs`.

pub(crate) mod certificate;
pub(crate) mod codec;
pub(crate) mod context;
pub(crate) mod signing;
pub(crate) mod watch;

use std::path::Path;
use std::time::Duration;

use gm::domain::ChainId;
use libp2p::PeerId;
use libp2p::multiaddr::{Multiaddr, Protocol};
use malachitebft_app_channel::app::config::{
    ChannelNames, ConsensusConfig, NodeConfig, ProtocolNames, ValueSyncConfig,
};
use malachitebft_app_channel::app::engine::network;
use malachitebft_app_channel::app::types::Keypair;
use malachitebft_app_channel::app::types::codec::Codec as _;
use malachitebft_app_channel::{
    Channels, ConsensusContext, EngineBuilder, EngineHandle, NetworkContext, NetworkIdentity, RequestContext,
    SyncContext, WalContext,
};
use malachitebft_signing::Signer as _;

use self::codec::Wire;
use self::context::{Address, Ctx};
use self::signing::{Signer, Verifier};
use crate::fault::NodeFault;
use crate::limits::STOP_WAIT;

/// How the name of the channel ends that votes travel on.
const VOTES: &str = "/votes";

/// Whether a channel is the one that votes travel on.
pub(crate) fn is_votes(channel: &str) -> bool {
    channel.ends_with(VOTES)
}

/// Connections of one address: several departments may sit behind one.
const CONNECTIONS_PER_IP_MAX: usize = 64;
/// How often a node tells the others how far it is. A node that was away catches up as soon.
const STATUS_EVERY: Duration = Duration::from_secs(1);
/// Heights asked for at once by a node that catches up; the answer is cut at the engine's limit of bytes.
const SYNC_BATCH: usize = 16;
/// Requests to the engine that may wait.
const REQUESTS_MAX: usize = 100;

/// What the engine must be told.
pub(crate) struct EngineSetup<'a> {
    /// The chain: its id stands in all protocol names, so that nodes of two chains never meet.
    pub(crate) chain: ChainId,
    /// A name of this node, unlike others in one process.
    pub(crate) moniker: String,
    /// The folder of the engine's log.
    pub(crate) dir: &'a Path,
    /// The libp2p key pair.
    pub(crate) keypair: Keypair,
    /// The voter's address; a node that only follows has one that is nobody's.
    pub(crate) me: Address,
    /// Checks what others signed.
    pub(crate) verifier: Verifier,
    /// Signs, if this node may vote.
    pub(crate) signer: Option<Signer>,
    /// Where to listen.
    pub(crate) listen: Multiaddr,
    /// The other nodes; nobody else is let in.
    pub(crate) peers: Vec<(PeerId, Multiaddr)>,
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

fn settings(setup: &EngineSetup<'_>) -> Settings {
    let mut consensus = ConsensusConfig::default();
    consensus.p2p.listen_addr = setup.listen.clone();
    consensus.p2p.persistent_peers =
        setup.peers.iter().map(|(peer, address)| dialled(*peer, address)).collect();
    consensus.p2p.persistent_peers_only = true;
    consensus.p2p.discovery.enabled = false;
    consensus.p2p.discovery.max_connections_per_ip = CONNECTIONS_PER_IP_MAX;
    let net = net(setup.chain);
    consensus.p2p.protocol_names = ProtocolNames {
        consensus: format!("{net}/consensus/1"),
        discovery_kad: format!("{net}/kad/1"),
        discovery_regres: format!("{net}/discovery/1"),
        sync: format!("{net}/sync/1"),
        validator_proof: format!("{net}/validator-proof/1"),
    };
    consensus.p2p.channel_names = ChannelNames {
        consensus: format!("{net}{VOTES}"),
        proposal_parts: format!("{net}/parts"),
        sync: format!("{net}/status"),
        liveness: format!("{net}/liveness"),
    };
    let sync = ValueSyncConfig {
        status_update_interval: STATUS_EVERY,
        batch_size: SYNC_BATCH,
        ..ValueSyncConfig::default()
    };
    Settings { moniker: setup.moniker.clone(), consensus, sync }
}

/// Where the engine dials a peer. It knows the peer by these words.
pub(crate) fn dialled(peer: PeerId, address: &Multiaddr) -> Multiaddr {
    address.clone().with(Protocol::P2p(peer))
}

/// The front of all names. The engine's own names are the same for every network built with it,
/// and a name of more than 64 bytes ends its network task: half of the chain's id has to do.
fn net(chain: ChainId) -> String {
    let chain = chain.to_string();
    format!("/zl/{}", chain.get(..32).unwrap_or(&chain))
}

/// Starts the engine. Its questions come through the channels; all must be answered.
pub(crate) async fn start(setup: EngineSetup<'_>) -> Result<(Channels<Ctx>, EngineHandle), NodeFault> {
    let settings = settings(&setup);
    let EngineSetup { moniker, dir, keypair, me, verifier, signer, .. } = setup;
    let verifier = Box::new(verifier);
    let (identity, consensus) = match signer {
        Some(signer) => {
            let key = signer.public().as_bytes().to_vec();
            let peer = keypair.public().to_peer_id().to_bytes();
            let proof = signer.sign_validator_proof(key, peer).await.map_err(|_| NodeFault::Signing)?;
            let proof = Wire.encode(&proof).map_err(NodeFault::engine)?;
            let identity = NetworkIdentity::new_validator(moniker, keypair, me.to_string(), proof);
            (identity, ConsensusContext::new_validator(me, verifier, Box::new(signer)))
        }
        None => (NetworkIdentity::new(moniker, keypair, None), ConsensusContext::new_full_node(me, verifier)),
    };
    EngineBuilder::new(Ctx, settings)
        .with_default_wal(WalContext::new(dir.join("consensus.log"), Wire))
        .with_default_network(NetworkContext::new(identity, Wire))
        .with_default_sync(SyncContext::new(Wire))
        .with_default_consensus(consensus)
        .with_default_request(RequestContext::new(REQUESTS_MAX))
        .build()
        .await
        .map_err(NodeFault::engine)
}

/// Stops the engine and waits for it, but not for ever. Its network first, by itself: stopped together
/// with the rest it is not waited for, and keeps port and connections until somebody writes to it.
pub(crate) async fn stop(engine: EngineHandle) {
    let mut parts = engine.actor.get_cell().get_children().into_iter();
    if let Some(network) = parts.find(|part| part.is_message_type_of::<network::Msg<Ctx>>() == Some(true))
        && let Err(error) = network.stop_and_wait(None, Some(STOP_WAIT)).await
    {
        tracing::warn!(%error, "the consensus engine's network did not stop in time");
    }
    engine.actor.stop(Some("the node stops".into())); // unless the end of its network has ended it
    if tokio::time::timeout(STOP_WAIT, engine.handle).await.is_err() {
        tracing::warn!("the consensus engine did not stop in time");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_the_engine_and_differ_by_chain() {
        let (one, other) = (ChainId(gm::sm3::sm3(&[b"one"])), ChainId(gm::sm3::sm3(&[b"other"])));
        assert_ne!(net(one), net(other));
        assert!(format!("{}/liveness", net(one)).len() <= 64);
    }
}
