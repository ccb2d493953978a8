//! What a frame of a capture carries: IP datagrams out of any common link layer, as far as they are there.
//!
//! Unlike [`crate::ip`] and [`crate::udp`], which refuse what a host would, this takes whatever somebody captured: cut
//! off, with wrong checksums, in fragments.

#[cfg(test)]
mod tests;

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use etherparse::{
    EtherType, IpNumber, Ipv4HeaderSlice, Ipv6ExtensionSlice, LaxNetSlice, LaxSlicedPacket,
    TransportSlice, UdpSlice,
};

/// Link types (tcpdump.org "Link-Layer Header Types").
pub mod link_type {
    /// BSD loopback: the address family in four octets, in the order of the machine.
    pub const NULL: u32 = 0;
    /// Ethernet.
    pub const ETHERNET: u32 = 1;
    /// Raw IP as some systems number it in their files.
    pub const RAW_BSD: u32 = 12;
    /// The same on OpenBSD.
    pub const RAW_OPENBSD: u32 = 14;
    /// Raw IP.
    pub const RAW: u32 = 101;
    /// OpenBSD loopback: the address family in four octets, big-endian.
    pub const LOOP: u32 = 108;
    /// Linux cooked, version 1: the header has 16 octets, the protocol in the last two.
    pub const LINUX_SLL: u32 = 113;
    /// Raw IPv4.
    pub const IPV4: u32 = 228;
    /// Raw IPv6.
    pub const IPV6: u32 = 229;
    /// Linux cooked, version 2: the header has 20 octets, the protocol in the first two.
    pub const LINUX_SLL2: u32 = 276;
}

/// A datagram out of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes to.
    pub destination: IpAddr,
    /// Whether the IPv4 header checksum is wrong.
    pub bad_header_checksum: bool,
    /// What is in it.
    pub content: Content<'a>,
}

/// What a datagram carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// UDP.
    Udp(Udp<'a>),
    /// A part of a fragmented datagram of this protocol.
    Fragment {
        /// The protocol of the whole.
        protocol: u8,
        /// Where the part belongs, in octets.
        offset: u16,
        /// Whether more follow.
        more: bool,
        /// Octets of the part.
        len: usize,
    },
    /// Another protocol, or UDP whose header is cut off.
    Other {
        /// The protocol (IPv6: the next header).
        protocol: u8,
        /// What follows the headers of IP, as far as it is there.
        payload: &'a [u8],
    },
}

/// A UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp<'a> {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// The data, as far as it is there.
    pub payload: &'a [u8],
    /// Octets that the data had.
    pub len: usize,
    /// Whether the checksum is right.
    pub checksum: Checksum,
}

/// What a UDP checksum is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// It is right.
    Good,
    /// It is not: damaged on the way, or captured before the sender's interface filled it in.
    Wrong,
    /// There is none.
    Absent,
    /// Not all is there that it covers.
    Unknown,
}

/// Why a frame has no datagram.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoDatagram {
    /// Nobody here knows this link type.
    LinkType(u32),
    /// It carries something else.
    EtherType(u16),
    /// The header of the link layer, or of IP, is cut off or makes no sense.
    Unreadable,
}

impl fmt::Display for NoDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkType(number) => write!(f, "link type {number}"),
            Self::EtherType(0x0806) => f.write_str("ARP"),
            // IEEE 802.3: below 0x600 the field is a length.
            Self::EtherType(length) if *length < 0x600 => f.write_str("IEEE 802.3"),
            Self::EtherType(number) => write!(f, "EtherType {number:#06x}"),
            Self::Unreadable => f.write_str("unreadable headers"),
        }
    }
}

/// Takes a frame apart.
///
/// # Errors
/// [`NoDatagram`]: it carries something else than IP.
pub fn parse(link: u32, octets: &[u8]) -> Result<Datagram<'_>, NoDatagram> {
    let skip = |header: usize| octets.get(header..).ok_or(NoDatagram::Unreadable);
    match link {
        link_type::ETHERNET => {
            let packet = LaxSlicedPacket::from_ethernet(octets);
            datagram(&packet.map_err(|_| NoDatagram::Unreadable)?)
        }
        link_type::NULL | link_type::LOOP => ip(skip(4)?),
        link_type::RAW_BSD
        | link_type::RAW_OPENBSD
        | link_type::RAW
        | link_type::IPV4
        | link_type::IPV6 => ip(octets),
        link_type::LINUX_SLL => cooked(skip(14)?, skip(16)?),
        link_type::LINUX_SLL2 => cooked(octets, skip(20)?),
        other => Err(NoDatagram::LinkType(other)),
    }
}

fn cooked<'a>(protocol: &[u8], octets: &'a [u8]) -> Result<Datagram<'a>, NoDatagram> {
    let protocol = protocol.first_chunk().ok_or(NoDatagram::Unreadable)?;
    let protocol = EtherType(u16::from_be_bytes(*protocol));
    datagram(&LaxSlicedPacket::from_ether_type(protocol, octets))
}

fn ip(octets: &[u8]) -> Result<Datagram<'_>, NoDatagram> {
    datagram(&LaxSlicedPacket::from_ip(octets).map_err(|_| NoDatagram::Unreadable)?)
}

fn datagram<'a>(packet: &LaxSlicedPacket<'a>) -> Result<Datagram<'a>, NoDatagram> {
    let (source, destination, bad_header_checksum, fragment) = match &packet.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let addresses = (header.source_addr().into(), header.destination_addr().into());
            let (offset, more) = (header.fragments_offset(), header.more_fragments());
            (addresses.0, addresses.1, bad_checksum(&header), (offset.byte_offset(), more))
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let addresses = (header.source_addr().into(), header.destination_addr().into());
            let fragment = ip.extensions().clone().into_iter().find_map(|header| match header {
                Ipv6ExtensionSlice::Fragment(header) => {
                    Some((header.fragment_offset().byte_offset(), header.more_fragments()))
                }
                _ => None,
            });
            (addresses.0, addresses.1, false, fragment.unwrap_or_default())
        }
        Some(LaxNetSlice::Arp(_)) => return Err(NoDatagram::EtherType(EtherType::ARP.0)),
        None => {
            let carried = packet.ether_payload().map(|payload| payload.ether_type);
            return Err(match carried {
                Some(EtherType::IPV4 | EtherType::IPV6) | None => NoDatagram::Unreadable,
                Some(other) => NoDatagram::EtherType(other.0),
            });
        }
    };
    let payload = packet.ip_payload().ok_or(NoDatagram::Unreadable)?;
    let content = match (&packet.transport, payload.ip_number) {
        (_, IpNumber(protocol)) if payload.fragmented => {
            let (offset, more) = fragment;
            Content::Fragment { protocol, offset, more, len: payload.payload.len() }
        }
        (Some(TransportSlice::Udp(udp)), _) => {
            Content::Udp(take_udp(udp, (source, destination), payload.incomplete))
        }
        (_, IpNumber(protocol)) => Content::Other { protocol, payload: payload.payload },
    };
    Ok(Datagram { source, destination, bad_header_checksum, content })
}

fn bad_checksum(header: &Ipv4HeaderSlice<'_>) -> bool {
    header.to_header().calc_header_checksum() != header.header_checksum()
}

fn take_udp<'a>(udp: &UdpSlice<'a>, (source, destination): (IpAddr, IpAddr), cut: bool) -> Udp<'a> {
    let payload = udp.payload();
    let announced = usize::from(udp.length()).saturating_sub(8);
    let checksum = if udp.checksum() == 0 {
        Checksum::Absent
    } else if cut || announced != payload.len() {
        Checksum::Unknown
    } else {
        let header = udp.to_header();
        let right = match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let (source, destination): (Ipv4Addr, Ipv4Addr) = (source, destination);
                header.calc_checksum_ipv4_raw(source.octets(), destination.octets(), payload).ok()
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let (source, destination): (Ipv6Addr, Ipv6Addr) = (source, destination);
                header.calc_checksum_ipv6_raw(source.octets(), destination.octets(), payload).ok()
            }
            _ => None,
        };
        if right == Some(udp.checksum()) { Checksum::Good } else { Checksum::Wrong }
    };
    Udp {
        source_port: udp.source_port(),
        destination_port: udp.destination_port(),
        payload,
        len: if cut { announced.max(payload.len()) } else { payload.len() },
        checksum,
    }
}
