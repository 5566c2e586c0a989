//! Lines: streams that stay open as long as their connection and carry frames one way. Each side opens
//! one of each kind when it is connected. Streams are handed out; who reads and writes them is
//! `ears.rs` and `mesh.rs`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use gm::domain::ChainId;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::core::{Endpoint, InboundUpgrade, UpgradeInfo, transport::PortUse};
use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    Stream, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, StreamProtocol};
use tokio::sync::mpsc;

use crate::fault::NodeFault;
use crate::limits::{GOSSIP_BYTES_MAX, PART_FRAME_BYTES_MAX, STATUS_BYTES_MAX, VOTE_FRAME_BYTES_MAX};

/// What a line carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Votes, proposals and what the engine says again so that consensus goes on.
    Votes,
    /// Parts of proposed blocks.
    Parts,
    /// Transactions.
    Transactions,
    /// How far a node is, and which validators it is connected to.
    Status,
}

impl Line {
    /// All of them, in the order of their numbers.
    pub(super) const ALL: [Self; 4] = [Self::Votes, Self::Parts, Self::Transactions, Self::Status];

    /// Its place in a list of all.
    pub(super) fn number(self) -> usize {
        self as usize
    }

    /// Bytes of one frame.
    pub(crate) fn frame_max(self) -> usize {
        match self {
            Self::Votes => VOTE_FRAME_BYTES_MAX,
            Self::Parts => PART_FRAME_BYTES_MAX,
            Self::Transactions => GOSSIP_BYTES_MAX,
            Self::Status => STATUS_BYTES_MAX,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Votes => "votes",
            Self::Parts => "parts",
            Self::Transactions => "transactions",
            Self::Status => "status",
        }
    }
}

/// Reads one frame. One longer than allowed is an error before a byte of it is read.
pub(crate) async fn read_frame(io: &mut (impl AsyncRead + Unpin), max: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    io.read_exact(&mut length).await?;
    let length = u32::from_be_bytes(length);
    if usize::try_from(length).map_or(true, |length| length > max) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    let mut frame = Vec::new(); // grows with what comes: a promised length alone takes no memory
    io.take(u64::from(length)).read_to_end(&mut frame).await?;
    if frame.len() as u64 == u64::from(length) { Ok(frame) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Writes what comes, each as a frame, until nobody sends any more or the line breaks.
pub(super) async fn write_frames(mut io: impl AsyncWrite + Unpin, mut frames: mpsc::Receiver<Bytes>) {
    while let Some(mut frame) = frames.recv().await {
        loop {
            if write_frame(&mut io, &frame).await.is_err() {
                return; // the connection is going, and with it this line
            }
            match frames.try_recv() {
                Ok(next) => frame = next,
                Err(_) => break,
            }
        }
        if io.flush().await.is_err() {
            return;
        }
    }
    io.close().await.ok(); // the connection may be gone already
}

async fn write_frame(io: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    io.write_all(&length.to_be_bytes()).await?;
    io.write_all(frame).await
}

/// A line was opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) peer: PeerId,
    pub(crate) connection: ConnectionId,
    pub(crate) end: End,
}

/// Which end of a line is ours.
#[derive(Debug)]
pub(crate) enum End {
    /// We write.
    Out(Line, Stream),
    /// We read.
    In(Line, Stream),
}

/// Opens lines on every connection.
pub(crate) struct Lines {
    protocols: Protocols,
    opened: VecDeque<Opened>,
}

/// The lines' protocols, in the order of [`Line::ALL`].
type Protocols = Arc<[StreamProtocol; 4]>;

impl Lines {
    pub(crate) fn new(chain: ChainId) -> Result<Self, NodeFault> {
        let protocol = |line: Line| {
            StreamProtocol::try_from_owned(format!("/zhenglian/{chain}/{}/1", line.name()))
                .map_err(NodeFault::network)
        };
        let [votes, parts, transactions, status] = Line::ALL.map(protocol);
        let protocols = Arc::new([votes?, parts?, transactions?, status?]);
        Ok(Self { protocols, opened: VecDeque::new() })
    }

    fn handler(&self) -> Handler {
        Handler {
            protocols: Arc::clone(&self.protocols),
            to_open: Line::ALL.into(),
            opened: VecDeque::new(),
            came: Vec::new(),
        }
    }
}

impl NetworkBehaviour for Lines {
    type ConnectionHandler = Handler;
    type ToSwarm = Opened;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        end: THandlerOutEvent<Self>,
    ) {
        self.opened.push_back(Opened { peer, connection, end });
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.opened.pop_front() {
            Some(opened) => Poll::Ready(ToSwarm::GenerateEvent(opened)),
            None => Poll::Pending, // woken by the connection that has something to tell
        }
    }
}

/// Opens the lines of one connection.
pub(crate) struct Handler {
    protocols: Protocols,
    to_open: VecDeque<Line>,
    opened: VecDeque<End>,
    /// The lines the other side opened: each once.
    came: Vec<Line>,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Infallible;
    type ToBehaviour = End;
    type InboundProtocol = Accept;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Line;

    fn listen_protocol(&self) -> SubstreamProtocol<Accept> {
        SubstreamProtocol::new(Accept(Arc::clone(&self.protocols)), ())
    }

    fn connection_keep_alive(&self) -> bool {
        true // departments are few, and a line may be silent for long
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Line, End>> {
        if let Some(end) = self.opened.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(end));
        }
        if let Some(line) = self.to_open.pop_front()
            && let Some(protocol) = self.protocols.get(line.number())
        {
            let protocol = SubstreamProtocol::new(ReadyUpgrade::new(protocol.clone()), line);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Accept, Self::OutboundProtocol, (), Line>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. }) => {
                let (stream, line) = protocol;
                if !self.came.contains(&line) {
                    self.came.push(line);
                    self.opened.push_back(End::In(line, stream));
                }
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info }) => {
                self.opened.push_back(End::Out(info, protocol));
            }
            // A line that does not come about stays silent; who is silent is found out by probes.
            _ => {}
        }
    }
}

/// Takes a line of any kind.
#[derive(Clone, Debug)]
pub(crate) struct Accept(Protocols);

impl UpgradeInfo for Accept {
    type Info = StreamProtocol;
    type InfoIter = std::array::IntoIter<StreamProtocol, 4>;

    fn protocol_info(&self) -> Self::InfoIter {
        (*self.0).clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Accept {
    type Output = (Stream, Line);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        let number = self.0.iter().position(|known| *known == protocol).unwrap_or_default();
        let line = Line::ALL.into_iter().find(|line| line.number() == number).unwrap_or(Line::Status);
        ready(Ok((stream, line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::io::Cursor;

    #[tokio::test]
    async fn frames_survive_a_line() {
        let (send, frames) = mpsc::channel(4);
        for frame in [vec![], vec![7; 100_000], vec![1]] {
            send.send(frame.into()).await.unwrap();
        }
        drop(send);
        let mut wire = Vec::new();
        write_frames(Cursor::new(&mut wire), frames).await;
        let mut wire = Cursor::new(wire);
        for length in [0, 100_000, 1] {
            assert_eq!(read_frame(&mut wire, 100_000).await.unwrap().len(), length);
        }
    }

    #[tokio::test]
    async fn a_frame_that_is_too_long_or_cut_is_an_error() {
        let wires: [&[u8]; 4] = [&[], &[0, 0, 0], &[0, 0, 0, 3, 1, 1], &[0xff, 0xff, 0xff, 0xff]];
        for wire in wires {
            assert!(read_frame(&mut Cursor::new(wire), 100).await.is_err(), "{wire:?}");
        }
        assert!(read_frame(&mut Cursor::new(&[0, 0, 0, 3, 1, 1, 1]), 2).await.is_err());
    }
}
