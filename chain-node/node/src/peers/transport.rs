//! How two nodes are connected, in one place: TCP, Noise with the peer keys, yamux. Whoever wants
//! another transport (TLS with national algorithms) changes this function and nothing else.

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::upgrade;
use libp2p::identity::Keypair;
use libp2p::{PeerId, Transport, noise, tcp, yamux};

use crate::fault::NodeFault;
use crate::limits::HANDSHAKE_WAIT;

/// Connections that are private, whose other side is known by its key, and that carry many streams.
pub(crate) fn transport(keypair: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NodeFault> {
    let noise = noise::Config::new(keypair).map_err(NodeFault::network)?;
    let connections = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(upgrade::Version::V1Lazy)
        .authenticate(noise)
        .multiplex(yamux::Config::default())
        .boxed();
    Ok(TransportTimeout::new(connections, HANDSHAKE_WAIT).boxed())
}
