//! Who has which address.

use crate::scenario::Family;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses of a run: a node's inner address is its outer one.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    family: Family,
}

/// The first node's address, in front of which the gateway has its own.
const NODES_V4: u32 = Ipv4Addr::new(10, 64, 1, 0).to_bits();
const NODES_V6: u128 = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0x100).to_bits();

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
            (Family::Ipv4, IpAddr::V4(v4)) => v4.to_bits().checked_sub(NODES_V4),
            (Family::Ipv6, IpAddr::V6(v6)) => {
                v6.to_bits().checked_sub(NODES_V6).and_then(|number| u32::try_from(number).ok())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nodes_address_leads_back_to_its_number() {
        for family in [Family::Ipv4, Family::Ipv6] {
            let addresses = Addresses::new(family);
            for number in [0, 1, 255, 256, 999_999] {
                assert_eq!(addresses.number(addresses.node(number)), Some(number));
            }
            assert_eq!(addresses.number(addresses.gateway()), None);
            assert_eq!(addresses.number(addresses.server()), None);
        }
    }
}
