//! What the network's loop is asked to do, by the engine's actor, the handle, and who hears peers.

use libp2p::PeerId;
use libp2p::swarm::ConnectionId;
use malachitebft_sync::InboundRequestId;

use super::call::Answer;

/// What the network is asked to do.
pub(crate) enum Command {
    /// Call a peer.
    Call { peer: PeerId, body: Vec<u8>, answer: Answer },
    /// A question of the engine's sync, to the peer of these bytes.
    Sync { id: u64, peer: Vec<u8>, question: Vec<u8> },
    /// The answer to one, or none.
    SyncAnswer { id: InboundRequestId, answer: Option<Vec<u8>> },
    /// Disconnect a peer that sends junk, and keep it out for a while.
    Bar(PeerId),
    /// Close a connection of which a line broke.
    Close { peer: PeerId, connection: ConnectionId },
}
