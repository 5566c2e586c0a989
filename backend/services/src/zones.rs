//! The zones of a department's network: named parts of it, as rows name them. Where an officer sits is decided
//! by the address they ask from, at each request anew; the department reads the names from its configuration.
//! Nothing an officer sends is believed.

use std::net::IpAddr;

use access::Zone;
use ipnet::IpNet;

use crate::throttle::Source;

/// The zones of a department; none until they are named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zones(Vec<(IpNet, Zone)>);

/// Why a network is not taken as a part of a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoZone {
    /// A name that no row could write.
    #[error("is no name of a zone that a row can write")]
    Name,
    /// Not an address and a number of bits.
    #[error("{0:?} is no network")]
    Network(String),
    /// Bits beyond the network.
    #[error("{0:?} has bits beyond its network")]
    Bits(String),
    /// Finer than who asks is told apart.
    #[error("{0:?} is finer than a /64, of which one person may have all addresses")]
    Fine(String),
    /// Somebody would sit in two zones.
    #[error("{0:?} lies within another zone, or holds one")]
    Overlap(String),
}

impl NoZone {
    /// What to write instead.
    #[must_use]
    pub fn mend(&self) -> String {
        match self {
            Self::Name => "use small letters, digits and hyphens, at most 40".to_owned(),
            Self::Network(_) => "write networks as \"10.8.0.0/16\" or \"fd00:8::/48\"".to_owned(),
            Self::Bits(text) => match text.parse::<IpNet>() {
                Ok(network) => format!("write \"{}\"", network.trunc()),
                Err(_) => "write the first address of the network".to_owned(),
            },
            Self::Fine(_) => "name a network of 64 bits or fewer".to_owned(),
            Self::Overlap(_) => "give each network to one zone, cut up where necessary".to_owned(),
        }
    }
}

/// The bits of IPv6 by which sources are told apart.
const SOURCE_BITS: u8 = 64;

impl Zones {
    /// Makes a network a part of a zone.
    ///
    /// # Errors
    /// [`NoZone`] says what is wrong with the name or the network.
    pub fn add(&mut self, name: &str, network: &str) -> Result<(), NoZone> {
        let zone = ledger::policy::zone(name).ok_or(NoZone::Name)?;
        let read: IpNet = network.parse().map_err(|_| NoZone::Network(network.to_owned()))?;
        if read != read.trunc() {
            return Err(NoZone::Bits(network.to_owned()));
        }
        if matches!(read, IpNet::V6(_)) && read.prefix_len() > SOURCE_BITS {
            return Err(NoZone::Fine(network.to_owned()));
        }
        let meets = |other: &IpNet| other.contains(&read) || read.contains(other);
        if self.0.iter().any(|(other, name)| *name != zone && meets(other)) {
            return Err(NoZone::Overlap(network.to_owned()));
        }
        self.0.push((read, zone));
        Ok(())
    }

    /// The zone of who asks from here.
    pub(crate) fn of(&self, source: Source) -> Option<Zone> {
        let address: IpAddr = source.address();
        self.0.iter().find(|(network, _)| network.contains(&address)).map(|(_, zone)| zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(named: &[(&str, &str)]) -> Zones {
        let mut zones = Zones::default();
        for (name, network) in named {
            zones.add(name, network).unwrap();
        }
        zones
    }

    #[test]
    fn an_address_is_in_the_zone_whose_network_holds_it() {
        let zones = zones(&[("hall", "10.8.0.0/16"), ("hall", "192.0.2.7/32"), ("back", "fd00:8::/48")]);
        for (address, expected) in [
            ("10.8.255.1", Some("hall")),
            ("10.9.0.1", None),
            ("192.0.2.7", Some("hall")),
            ("192.0.2.8", None),
            // As a listener of both kinds tells it.
            ("::ffff:10.8.0.1", Some("hall")),
            ("fd00:8::1", Some("back")),
            ("fd00:8:0:ffff:1:2:3:4", Some("back")),
            ("fd00:9::1", None),
        ] {
            let source = Source::from(address.parse::<IpAddr>().unwrap());
            assert_eq!(zones.of(source).as_ref().map(|zone| zone.as_str()), expected, "{address}");
        }
        assert_eq!(Zones::default().of(Source::OWN), None);
    }

    #[test]
    fn a_network_that_cannot_be_meant_is_refused_with_a_mend() {
        let mut known = zones(&[("hall", "10.8.0.0/16")]);
        for (name, network, expected) in [
            ("Hall", "10.9.0.0/16", "is no name"),
            ("a b", "10.9.0.0/16", "is no name"),
            ("", "10.9.0.0/16", "is no name"),
            ("back", "10.9.0.0", "is no network"),
            ("back", "10.9.0.0/33", "is no network"),
            ("back", "back.example", "is no network"),
            ("back", "10.9.0.1/16", "beyond its network"),
            ("back", "fd00::/65", "finer than"),
            ("back", "10.8.4.0/24", "another zone"),
            ("back", "10.0.0.0/8", "another zone"),
        ] {
            let no = known.add(name, network).unwrap_err();
            assert!(no.to_string().contains(expected) && !no.mend().is_empty(), "{name} {network}: {no}");
        }
        assert_eq!(NoZone::Bits("10.9.0.1/16".to_owned()).mend(), "write \"10.9.0.0/16\"");
        known.add("hall", "10.8.4.0/24").unwrap();
    }
}
