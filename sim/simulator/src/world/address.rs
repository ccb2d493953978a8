//! Who has which address.

use crate::scenario::{Family, MAX_NODES, MAX_SHARED};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses of a run: a node's inner address is its outer one.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    family: Family,
}

/// The first node's address, in front of which the gateway has its own.
const NODES_V4: u32 = Ipv4Addr::new(10, 64, 1, 0).to_bits();
const NODES_V6: u128 = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0x100).to_bits();
/// What the group shares whose first node is number 0.
const SHARED_V4: u32 = Ipv4Addr::new(10, 128, 0, 1).to_bits();
const SHARED_V6: u128 = Ipv6Addr::new(0x2001, 0xdb8, 0, 3, 0, 0, 0, 1).to_bits();
/// The port that stands for the first node of a group with a shared address: beyond those that mean
/// something to a gateway, above all 4500 (RFC 3948).
const FIRST_PORT: u16 = u16::MAX - (MAX_SHARED - 1) as u16;

impl Addresses {
    /// The addresses of a family.
    #[must_use]
    pub fn new(family: Family) -> Self {
        Self { family }
    }

    /// The gateway's, where the nodes reach it.
    #[must_use]
    pub fn gateway(self) -> IpAddr {
        match self.family {
            Family::Ipv4 => Ipv4Addr::new(10, 64, 0, 1).into(),
            Family::Ipv6 => Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 1).into(),
        }
    }

    /// The server's, behind the gateway.
    #[must_use]
    pub fn server(self) -> IpAddr {
        match self.family {
            Family::Ipv4 => Ipv4Addr::new(10, 1, 0, 1).into(),
            Family::Ipv6 => Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1).into(),
        }
    }

    /// A node's.
    #[must_use]
    pub fn node(self, number: u32) -> IpAddr {
        match self.family {
            Family::Ipv4 => Ipv4Addr::from_bits(NODES_V4 + number).into(),
            Family::Ipv6 => Ipv6Addr::from_bits(NODES_V6 + u128::from(number)).into(),
        }
    }

    /// The node that has the address, if any node can.
    #[must_use]
    pub fn number(self, address: IpAddr) -> Option<u32> {
        match (self.family, address) {
            (Family::Ipv4, IpAddr::V4(v4)) => offset(v4.to_bits().into(), NODES_V4.into()),
            (Family::Ipv6, IpAddr::V6(v6)) => offset(v6.to_bits(), NODES_V6),
            _ => None,
        }
    }

    /// What the group shares whose first node has the number `first`.
    pub(crate) fn shared(self, first: u32) -> IpAddr {
        match self.family {
            Family::Ipv4 => Ipv4Addr::from_bits(SHARED_V4 + first).into(),
            Family::Ipv6 => Ipv6Addr::from_bits(SHARED_V6 + u128::from(first)).into(),
        }
    }

    /// Where the gateway sees the IKE of node `number` of that group.
    pub(crate) fn behind_shared(self, first: u32, number: u32) -> Option<SocketAddr> {
        let port = FIRST_PORT.checked_add(u16::try_from(number.checked_sub(first)?).ok()?)?;
        Some(SocketAddr::new(self.shared(first), port))
    }

    /// The node whose IKE the gateway sees there: by its own address, or by a shared one and the port.
    pub(crate) fn seen_at(self, remote: SocketAddr) -> Option<u32> {
        let first = match (self.family, remote.ip()) {
            (Family::Ipv4, IpAddr::V4(v4)) => offset(v4.to_bits().into(), SHARED_V4.into()),
            (Family::Ipv6, IpAddr::V6(v6)) => offset(v6.to_bits(), SHARED_V6),
            _ => None,
        };
        match first {
            Some(first) => Some(first + u32::from(remote.port().checked_sub(FIRST_PORT)?)),
            None => self.number(remote.ip()),
        }
    }
}

/// How far from the first, as far as there can be nodes.
fn offset(address: u128, first: u128) -> Option<u32> {
    let offset = u32::try_from(address.checked_sub(first)?).ok()?;
    (offset < MAX_NODES).then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nodes_address_leads_back_to_its_number() {
        for family in [Family::Ipv4, Family::Ipv6] {
            let addresses = Addresses::new(family);
            for number in [0, 1, 255, 256, 999_999] {
                let node = addresses.node(number);
                assert_eq!(addresses.number(node), Some(number));
                assert_eq!(addresses.seen_at(SocketAddr::new(node, 500)), Some(number));
            }
            assert_eq!(addresses.number(addresses.gateway()), None);
            assert_eq!(addresses.number(addresses.server()), None);
            assert_eq!(addresses.number(addresses.node(MAX_NODES)), None);
        }
    }

    #[test]
    fn a_shared_address_and_a_port_lead_back_to_the_number() {
        for family in [Family::Ipv4, Family::Ipv6] {
            let addresses = Addresses::new(family);
            for (first, number) in [(0, 0), (0, 7), (3, 3), (3, MAX_SHARED + 2), (999_999, 999_999)]
            {
                let remote = addresses.behind_shared(first, number).expect("a port");
                assert_eq!(remote.ip(), addresses.shared(first));
                assert_eq!(addresses.seen_at(remote), Some(number));
                assert_eq!(addresses.number(remote.ip()), None);
            }
            assert_eq!(addresses.behind_shared(0, MAX_SHARED), None, "no port is left");
            assert_eq!(addresses.behind_shared(1, 0), None, "another group");
            let privileged = SocketAddr::new(addresses.shared(0), 500);
            assert_eq!(addresses.seen_at(privileged), None);
        }
    }
}
