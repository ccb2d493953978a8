//! The router between the links of groups that share an address and the gateway.
//!
//! It rewrites the outer addresses of what has left a link or is about to enter one, and knows nothing else
//! of either end: the gateway may be of this world or outside. IKE gets a port of its own for each
//! node, always the same one (a mapping that never expires, RFC 4787 4.3). ESP has no ports, and nothing here
//! encapsulates it in UDP, so it is passed by the SPI that a node took for what it wants to receive. A router cannot
//! see that SPI (RFC 3715 2.1) and guesses it from the order of packets; this one is told.

#[cfg(test)]
mod tests;

use super::address::Addresses;
use super::shared::IKE_PORT;
use crate::event::PacketDrop;
use crate::scenario::{Address, Scenario};
use core::net::SocketAddr;
use core::ops::Range;
use std::collections::BTreeMap;
use vnet::ip::{self, protocol};
use vnet::rewrite::{End, rewrite};

pub(crate) struct Router {
    addresses: Addresses,
    nodes: u32,
    /// The nodes of each group with a shared address, in their order.
    shared: Vec<Range<u32>>,
    /// By the first number of the group and the SPI of ESP to the node.
    by_spi: BTreeMap<(u32, u32), u32>,
    /// The latest SPI of each node.
    spis: BTreeMap<u32, u32>,
}

impl Router {
    pub(crate) fn new(scenario: &Scenario, addresses: Addresses) -> Self {
        let groups = scenario.groups.iter().filter(|group| group.address == Address::Shared);
        Self {
            addresses,
            nodes: scenario.nodes(),
            shared: groups.map(|group| group.numbers()).collect(),
            by_spi: BTreeMap::new(),
            spis: BTreeMap::new(),
        }
    }

    /// The first number of the group that the node shares its address with.
    fn first(&self, node: u32) -> Option<u32> {
        let index = self.shared.partition_point(|group| group.end <= node);
        let group = self.shared.get(index).filter(|group| group.contains(&node))?;
        Some(group.start)
    }

    /// A node receives ESP under that SPI from now on, and under no other.
    pub(crate) fn takes_spi(&mut self, node: u32, spi: u32) {
        let Some(first) = self.first(node) else { return };
        if let Some(before) = self.spis.insert(node, spi)
            && self.by_spi.get(&(first, before)) == Some(&node)
        {
            self.by_spi.remove(&(first, before));
        }
        self.by_spi.insert((first, spi), node);
    }

    /// A datagram has left the link of a node on its way to the gateway.
    pub(crate) fn towards(&self, node: u32, packet: &mut [u8]) -> Result<(), PacketDrop> {
        let Some(first) = self.first(node) else { return Ok(()) };
        let datagram = ip::parse(packet).map_err(PacketDrop::Ip)?;
        let mapped = match datagram.protocol {
            protocol::ESP => true,
            protocol::UDP => port(datagram.payload, End::Source) == Some(IKE_PORT),
            _ => false,
        };
        let outer = self.addresses.behind_shared(first, node);
        let outer = outer.filter(|_| mapped && datagram.source == self.addresses.node(node));
        rewrite(packet, End::Source, outer.ok_or(PacketDrop::NoMapping)?)
            .map_err(|_| PacketDrop::NoMapping)
    }

    /// A datagram of the gateway is about to enter the link of the node that it is for: whose that is.
    pub(crate) fn back(&self, packet: &mut [u8]) -> Result<u32, PacketDrop> {
        let datagram = ip::parse(packet).map_err(PacketDrop::Ip)?;
        let to = datagram.destination;
        let Some(group) = self.shared.iter().find(|group| self.addresses.shared(group.start) == to)
        else {
            let node = self.addresses.number(to).filter(|node| *node < self.nodes);
            return node.ok_or(PacketDrop::NoSa);
        };
        let node = match datagram.protocol {
            protocol::ESP => {
                let spi = esp::spi_of(datagram.payload);
                spi.and_then(|spi| self.by_spi.get(&(group.start, spi)).copied())
            }
            protocol::UDP => port(datagram.payload, End::Destination)
                .and_then(|port| self.addresses.seen_at(SocketAddr::new(to, port)))
                .filter(|node| group.contains(node)),
            _ => None,
        };
        let node = node.ok_or(PacketDrop::NoMapping)?;
        let inner = SocketAddr::new(self.addresses.node(node), IKE_PORT);
        rewrite(packet, End::Destination, inner).map_err(|_| PacketDrop::NoMapping)?;
        Ok(node)
    }
}

/// A port of a UDP datagram whose checksum is for its receiver to check.
fn port(payload: &[u8], end: End) -> Option<u16> {
    let (source, rest) = payload.split_first_chunk()?;
    let octets = if end == End::Source { source } else { rest.first_chunk()? };
    Some(u16::from_be_bytes(*octets))
}
