//! What a node must be told to start. `department` reads it from TOML and key files.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ledger::genesis::Genesis;
use ledger::ids::{DepartmentId, PeerKey};
use libp2p::multiaddr::{Multiaddr, Protocol};
use libp2p::{PeerId, identity::Keypair};
use zeroize::Zeroizing;

use crate::fault::NodeFault;

/// Another department's node and where it listens.
#[derive(Clone, Debug)]
pub struct PeerAddress {
    /// The department.
    pub department: DepartmentId,
    /// Its libp2p identity, as on its member card.
    pub peer: PeerKey,
    /// Where it listens: `IP:port` or a TCP multiaddress.
    pub address: String,
}

/// What a node must be told to start. It holds keys, so it cannot be shown.
pub struct NodeConfig {
    /// The folder of this node's data; one process at a time.
    pub data: PathBuf,
    /// The folder of the file that keeps what this validator signed. It stays where it is when `data` is put back
    /// from a backup, so it lies outside of it and in no backup.
    pub sign_guard: PathBuf,
    /// The chain's beginning.
    pub genesis: Arc<Genesis>,
    /// The department this node belongs to.
    pub department: DepartmentId,
    /// Seed of the ed25519 key that is the node's identity among peers.
    pub peer_key: Zeroizing<[u8; 32]>,
    /// The key votes are signed with; none for a node that only follows.
    pub consensus_key: Option<gm::sm2::SecretKey>,
    /// Where the node listens: `IP:port` or a TCP multiaddress.
    pub listen: String,
    /// The other departments' nodes; an entry for the own department is passed over.
    pub peers: Vec<PeerAddress>,
}

/// The node's libp2p key pair.
pub(crate) fn keypair(seed: &[u8; 32]) -> Result<Keypair, NodeFault> {
    Keypair::ed25519_from_bytes(*seed).map_err(|_| NodeFault::config("the peer key is not an ed25519 seed"))
}

/// The libp2p identity behind a member card's peer key.
pub(crate) fn peer_id(key: &PeerKey) -> Result<PeerId, NodeFault> {
    PeerId::from_bytes(key.as_bytes()).map_err(|_| NodeFault::config("a peer key is not a libp2p identity"))
}

/// A member card's peer key of a libp2p identity.
pub(crate) fn peer_key(id: &PeerId) -> Result<PeerKey, NodeFault> {
    PeerKey::new(&id.to_bytes())
        .map_err(|_| NodeFault::config("a libp2p identity does not fit a member card"))
}

/// Reads `IP:port` or `/ip4/…/tcp/…`: there is no other transport.
pub(crate) fn tcp_address(text: &str) -> Result<Multiaddr, NodeFault> {
    let wrong =
        || NodeFault::config(format!("{text:?} is not an address: write IP:port or /ip4/IP/tcp/port"));
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Ok(Multiaddr::from(socket.ip()).with(Protocol::Tcp(socket.port())));
    }
    let address: Multiaddr = text.parse().map_err(|_| wrong())?;
    let mut protocols = address.iter();
    match (protocols.next(), protocols.next(), protocols.next()) {
        (Some(Protocol::Ip4(_) | Protocol::Ip6(_)), Some(Protocol::Tcp(_)), None) => Ok(address),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_an_address_are_one() {
        let address = tcp_address("127.0.0.1:8201").unwrap();
        assert_eq!(address.to_string(), "/ip4/127.0.0.1/tcp/8201");
        assert_eq!(tcp_address("/ip4/127.0.0.1/tcp/8201").unwrap(), address);
        assert_eq!(tcp_address("[::1]:9").unwrap().to_string(), "/ip6/::1/tcp/9");
    }

    #[test]
    fn another_transport_is_refused() {
        for text in
            ["", "localhost:8201", "127.0.0.1", "/ip4/127.0.0.1/udp/1/quic-v1", "/ip4/127.0.0.1/tcp/1/ws"]
        {
            assert!(tcp_address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_peer_key_survives_the_member_card() {
        let id = keypair(&[7; 32]).unwrap().public().to_peer_id();
        assert_eq!(peer_id(&peer_key(&id).unwrap()).unwrap(), id);
    }
}
