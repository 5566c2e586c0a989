//! Who may connect. A stranger is refused before a protocol is spoken, a member that was suspended is
//! disconnected, one that sent junk is kept out for a while; of two connections of one peer the older
//! goes; and nobody's handshakes keep others from theirs.

use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::net::IpAddr;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::behaviour::{ConnectionClosed, ConnectionEstablished, ListenFailure};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};
use thiserror::Error;

use crate::clock::Clock;
use crate::limits::{
    BARRED_FOR, CROSSED_DIALS, HANDSHAKES_MAX, HANDSHAKES_PER_HOME_MAX, HANDSHAKES_PER_IP_MAX,
};

/// Why a connection was refused.
#[derive(Debug, Error)]
enum Refused {
    #[error("not an active member")]
    Stranger,
    #[error("it sent junk")]
    Barred,
    #[error("too many handshakes are under way")]
    Handshakes,
}

/// Lets in who may connect.
pub(super) struct Admission {
    me: PeerId,
    clock: Clock,
    members: HashSet<PeerId>,
    /// Where the peers of the configuration are: strangers elsewhere do not use up their handshakes.
    homes: HashSet<IpAddr>,
    barred: HashMap<PeerId, Instant>,
    handshakes: HashMap<ConnectionId, Option<IpAddr>>,
    /// The connection each peer speaks on.
    speaks: HashMap<PeerId, Held>,
    close: VecDeque<(PeerId, CloseConnection)>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy)]
struct Held {
    id: ConnectionId,
    since: Instant,
    dialled_by: PeerId,
}

impl Admission {
    pub(super) fn new(me: PeerId, homes: HashSet<IpAddr>, clock: Clock) -> Self {
        Self {
            me,
            clock,
            members: HashSet::new(),
            homes,
            barred: HashMap::new(),
            handshakes: HashMap::new(),
            speaks: HashMap::new(),
            close: VecDeque::new(),
            waker: None,
        }
    }

    /// Lets in these peers and nobody else: who is no longer among them is disconnected.
    pub(super) fn admit(&mut self, members: HashSet<PeerId>) {
        let gone: Vec<_> = self.speaks.keys().filter(|peer| !members.contains(peer)).copied().collect();
        self.members = members;
        for peer in gone {
            self.disconnect(peer, CloseConnection::All);
        }
    }

    /// Disconnects a peer and keeps it out for a while.
    pub(super) fn bar(&mut self, peer: PeerId) {
        let now = self.clock.now().instant;
        self.barred.retain(|_, until| *until > now);
        self.barred.insert(peer, now + BARRED_FOR);
        self.disconnect(peer, CloseConnection::All);
    }

    /// The connection a peer speaks on; what comes on another is not listened to.
    pub(super) fn speaks_on(&self, peer: &PeerId) -> Option<ConnectionId> {
        self.speaks.get(peer).map(|held| held.id)
    }

    fn disconnect(&mut self, peer: PeerId, which: CloseConnection) {
        self.close.push_back((peer, which));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn enforce(&self, peer: &PeerId) -> Result<(), ConnectionDenied> {
        if !self.members.contains(peer) {
            return Err(ConnectionDenied::new(Refused::Stranger));
        }
        if self.barred.get(peer).is_some_and(|until| *until > self.clock.now().instant) {
            return Err(ConnectionDenied::new(Refused::Barred));
        }
        Ok(())
    }

    /// Whether one more handshake may begin from this address.
    fn has_room(&self, ip: Option<IpAddr>) -> bool {
        let of_ip = self.handshakes.values().filter(|other| **other == ip).count();
        let is_home = |ip: &Option<IpAddr>| ip.is_some_and(|ip| self.homes.contains(&ip));
        let of_others = self.handshakes.values().filter(|ip| !is_home(ip)).count();
        if is_home(&ip) {
            of_ip < HANDSHAKES_PER_HOME_MAX
        } else {
            of_ip < HANDSHAKES_PER_IP_MAX && of_others < HANDSHAKES_MAX
        }
    }

    /// Of two connections of one peer the older goes: it may be dead without our knowing. Only when both
    /// sides dialled at the same time they agree by their names, or each would close the other's.
    fn established(&mut self, peer: PeerId, new: Held) {
        let Some(old) = self.speaks.get(&peer).copied() else {
            self.speaks.insert(peer, new);
            return;
        };
        let crossed = old.dialled_by != new.dialled_by
            && new.since.saturating_duration_since(old.since) < CROSSED_DIALS;
        let goes = if crossed && old.dialled_by < new.dialled_by {
            new
        } else {
            self.speaks.insert(peer, new);
            old
        };
        self.disconnect(peer, CloseConnection::One(goes.id));
    }
}

fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => Some(ip.into()),
        Some(Protocol::Ip6(ip)) => Some(ip.into()),
        _ => None,
    }
}

/// The hosts of these addresses.
pub(super) fn hosts<'a>(addresses: impl Iterator<Item = &'a Multiaddr>) -> HashSet<IpAddr> {
    addresses.filter_map(ip).collect()
}

impl NetworkBehaviour for Admission {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let ip = ip(from);
        if !self.has_room(ip) {
            return Err(ConnectionDenied::new(Refused::Handshakes));
        }
        self.handshakes.insert(id, ip);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.handshakes.remove(&id);
        self.enforce(&peer)?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if let Some(peer) = peer {
            self.enforce(&peer)?;
        }
        Ok(Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.enforce(&peer)?;
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            }) => {
                let dialled_by = if endpoint.is_dialer() { self.me } else { peer_id };
                let since = self.clock.now().instant;
                self.established(peer_id, Held { id: connection_id, since, dialled_by });
            }
            FromSwarm::ConnectionClosed(ConnectionClosed { peer_id, connection_id, .. })
                if self.speaks_on(&peer_id) == Some(connection_id) =>
            {
                self.speaks.remove(&peer_id);
            }
            FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) => {
                self.handshakes.remove(&connection_id);
            }
            _ => {} // dialling and listening are of no concern here
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        if let Some((peer_id, connection)) = self.close.pop_front() {
            return Poll::Ready(ToSwarm::CloseConnection { peer_id, connection });
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HOME: &str = "10.0.0.1";

    fn admission(me: PeerId) -> Admission {
        Admission::new(me, HashSet::from([HOME.parse().unwrap()]), Clock::Machine)
    }

    /// How many of so many handshakes from an address may begin.
    fn begun(admission: &mut Admission, ip: &str, count: usize) -> usize {
        let from: Multiaddr = format!("/ip4/{ip}/tcp/9").parse().unwrap();
        let here: Multiaddr = "/ip4/127.0.0.1/tcp/9".parse().unwrap();
        let begins = |_: &usize| {
            let id = ConnectionId::new_unchecked(admission.handshakes.len());
            admission.handle_pending_inbound_connection(id, &here, &from).is_ok()
        };
        (0..count).filter(begins).count()
    }

    #[test]
    fn handshakes_are_bounded_for_each_address_and_all_strangers_and_leave_the_known_their_room() {
        let mut admission = admission(PeerId::random());
        assert_eq!(begun(&mut admission, "10.0.0.2", 99), HANDSHAKES_PER_IP_MAX);
        assert_eq!(begun(&mut admission, HOME, 99), HANDSHAKES_PER_HOME_MAX);
        let others: usize = (3..99).map(|n| begun(&mut admission, &format!("10.0.0.{n}"), 9)).sum();
        assert_eq!(HANDSHAKES_PER_IP_MAX + others, HANDSHAKES_MAX, "those of the known do not count");
    }

    #[test]
    fn a_handshake_that_is_over_makes_room() {
        let mut admission = admission(PeerId::random());
        begun(&mut admission, "10.0.0.2", 99);
        let (address, id) = ("/ip4/10.0.0.2/tcp/9".parse().unwrap(), ConnectionId::new_unchecked(0));
        let stranger = PeerId::random();
        assert!(admission.handle_established_inbound_connection(id, stranger, &address, &address).is_err());
        assert!(admission.handle_pending_inbound_connection(id, &address, &address).is_ok());
    }

    #[test]
    fn strangers_and_who_sent_junk_are_kept_out() {
        let (good, bad) = (PeerId::random(), PeerId::random());
        let mut admission = admission(PeerId::random());
        assert!(admission.enforce(&good).is_err());
        admission.admit(HashSet::from([good, bad]));
        admission.bar(bad);
        assert!(admission.enforce(&good).is_ok() && admission.enforce(&bad).is_err());
    }

    /// Each end has its own order of the two.
    #[test]
    fn of_two_dials_at_once_both_ends_close_the_same_and_else_the_older_goes() {
        let (me, peer) = (PeerId::random(), PeerId::random());
        let start = Instant::now();
        let closed = |first: PeerId, then: PeerId, after: Duration| {
            let mut admission = admission(me);
            let held =
                |id, since, dialled_by| Held { id: ConnectionId::new_unchecked(id), since, dialled_by };
            admission.established(peer, held(1, start, first));
            admission.established(peer, held(2, start + after, then));
            let Some((_, CloseConnection::One(id))) = admission.close.pop_front() else { panic!() };
            let (old, new) = (ConnectionId::new_unchecked(1), ConnectionId::new_unchecked(2));
            assert_eq!(admission.speaks_on(&peer), Some(if id == old { new } else { old }));
            if id == old { first } else { then }
        };
        let greater = me.max(peer);
        for (first, then) in [(me, peer), (peer, me)] {
            assert_eq!(closed(first, then, Duration::ZERO), greater);
            assert_eq!(closed(first, then, CROSSED_DIALS), first, "the older");
            assert_eq!(closed(first, first, Duration::ZERO), first);
        }
    }
}
