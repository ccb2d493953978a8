//! Raw IP datagrams: no link layer, no fragments, no IPv6 extension headers.

#[cfg(test)]
mod tests;

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    IPV4_HEADER_LEN, IPV6_HEADER_LEN, IpProtocol, Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr,
};

/// Hop limit (IPv4: time to live) of every datagram that [`emit`] makes.
pub const HOP_LIMIT: u8 = 64;

/// Protocol numbers (IANA "Assigned Internet Protocol Numbers") that the simulator meets.
pub mod protocol {
    /// ICMP for IPv4.
    pub const ICMP: u8 = 1;
    /// UDP.
    pub const UDP: u8 = 17;
    /// ESP.
    pub const ESP: u8 = 50;
    /// ICMP for IPv6.
    pub const ICMPV6: u8 = 58;
}

/// The IPv6 extension headers (RFC 8200 4.1, RFC 7045) that stand between the header and a payload. ESP and AH are
/// not among them: here they are the payload.
const EXTENSION_HEADERS: [u8; 6] = [0, 43, 44, 60, 135, 140];

/// A received datagram, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes to; of the same family.
    pub destination: IpAddr,
    /// The protocol of the payload (IPv6: the next header).
    pub protocol: u8,
    /// What follows the header, without whatever trails the datagram.
    pub payload: &'a [u8],
}

/// Why octets are no datagram that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpError {
    /// Shorter than the header, or than the length in the header says.
    Truncated,
    /// Neither version 4 nor version 6.
    Version(u8),
    /// The IPv4 header length is below 20 octets, or above the total length.
    HeaderLength(u8),
    /// The IPv4 header checksum is wrong.
    Checksum,
    /// An IPv4 fragment: nothing here fragments or reassembles.
    Fragment,
    /// An IPv6 extension header: unsupported.
    ExtensionHeader(u8),
}

impl fmt::Display for IpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "IP datagram is truncated"),
            Self::Version(version) => write!(f, "IP version {version} is unknown"),
            Self::HeaderLength(octets) => write!(f, "IPv4 header length of {octets} octets"),
            Self::Checksum => write!(f, "IPv4 header checksum is wrong"),
            Self::Fragment => write!(f, "IPv4 fragments are not supported"),
            Self::ExtensionHeader(next) => {
                write!(f, "IPv6 extension header {next} is not supported")
            }
        }
    }
}

impl core::error::Error for IpError {}

/// Parses one datagram. IPv4 options are skipped.
///
/// # Errors
/// [`IpError`]: the octets are no whole, unfragmented datagram of either version.
pub fn parse(octets: &[u8]) -> Result<Datagram<'_>, IpError> {
    match octets.first().ok_or(IpError::Truncated)? >> 4 {
        4 => parse_v4(octets),
        6 => parse_v6(octets),
        version => Err(IpError::Version(version)),
    }
}

/// Octets before the payload of a datagram that [`parse`] takes.
#[must_use]
pub fn header_len(datagram: &[u8]) -> usize {
    match datagram.first() {
        Some(first) if first >> 4 == 4 => usize::from(first & 0x0f) * 4,
        _ => IPV6_HEADER_LEN,
    }
}

fn parse_v4(octets: &[u8]) -> Result<Datagram<'_>, IpError> {
    if octets.len() < IPV4_HEADER_LEN {
        return Err(IpError::Truncated);
    }
    let packet = Ipv4Packet::new_unchecked(octets);
    let (header_len, total_len) =
        (usize::from(packet.header_len()), usize::from(packet.total_len()));
    if header_len < IPV4_HEADER_LEN || header_len > total_len {
        return Err(IpError::HeaderLength(packet.header_len()));
    }
    if octets.len() < total_len {
        return Err(IpError::Truncated);
    }
    if !packet.verify_checksum() {
        return Err(IpError::Checksum);
    }
    if packet.more_frags() || packet.frag_offset() != 0 {
        return Err(IpError::Fragment);
    }
    Ok(Datagram {
        source: packet.src_addr().into(),
        destination: packet.dst_addr().into(),
        protocol: packet.next_header().into(),
        payload: packet.payload(),
    })
}

fn parse_v6(octets: &[u8]) -> Result<Datagram<'_>, IpError> {
    let packet = Ipv6Packet::new_checked(octets).map_err(|_| IpError::Truncated)?;
    let protocol = u8::from(packet.next_header());
    if EXTENSION_HEADERS.contains(&protocol) {
        return Err(IpError::ExtensionHeader(protocol));
    }
    Ok(Datagram {
        source: packet.src_addr().into(),
        destination: packet.dst_addr().into(),
        protocol,
        payload: packet.payload(),
    })
}

/// A whole datagram with hop limit 64. IPv4 has the identification 0 and "don't fragment" set: an atomic datagram
/// needs no identification (RFC 6864 4.1).
///
/// # Panics
/// When the addresses are of different families, or the payload is too long for the length field (65,515 octets for
/// IPv4, 65,535 for IPv6).
#[must_use]
pub fn emit(source: IpAddr, destination: IpAddr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    emit_with(&Header { source, destination, protocol }, payload.len(), |place| {
        place.copy_from_slice(payload);
    })
}

/// As [`emit`], with a payload of `len` octets that `fill` writes; what `fill` says beside it.
///
/// # Panics
/// As [`emit`].
pub fn emit_filled<T>(
    (source, destination): (IpAddr, IpAddr),
    protocol: u8,
    len: usize,
    fill: impl FnOnce(&mut [u8]) -> T,
) -> (Vec<u8>, T) {
    let mut said = None;
    let datagram = emit_with(&Header { source, destination, protocol }, len, |place| {
        said = Some(fill(place));
    });
    (datagram, said.expect("it was asked to write"))
}

/// The header fields that are not constant.
pub(crate) struct Header {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: u8,
}

/// As [`emit`], with a payload that is written in place.
pub(crate) fn emit_with(header: &Header, len: usize, fill: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let (mut octets, header_len) = match (header.source, header.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            (header_v4(source, destination, header.protocol, len), IPV4_HEADER_LEN)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            (header_v6(source, destination, header.protocol, len), IPV6_HEADER_LEN)
        }
        (source, destination) => panic!("{source} and {destination} are of different families"),
    };
    fill(&mut octets[header_len..]);
    octets
}

fn header_v4(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, len: usize) -> Vec<u8> {
    let total_len = IPV4_HEADER_LEN + len;
    assert!(u16::try_from(total_len).is_ok(), "{len} octets do not fit an IPv4 datagram");
    let header = Ipv4Repr {
        src_addr: source,
        dst_addr: destination,
        next_header: IpProtocol::from(protocol),
        payload_len: len,
        hop_limit: HOP_LIMIT,
    };
    let mut octets = vec![0; total_len];
    header.emit(&mut Ipv4Packet::new_unchecked(&mut octets), &ChecksumCapabilities::default());
    octets
}

fn header_v6(source: Ipv6Addr, destination: Ipv6Addr, protocol: u8, len: usize) -> Vec<u8> {
    assert!(u16::try_from(len).is_ok(), "{len} octets do not fit an IPv6 datagram");
    let header = Ipv6Repr {
        src_addr: source,
        dst_addr: destination,
        next_header: IpProtocol::from(protocol),
        payload_len: len,
        hop_limit: HOP_LIMIT,
    };
    let mut octets = vec![0; IPV6_HEADER_LEN + len];
    header.emit(&mut Ipv6Packet::new_unchecked(&mut octets));
    octets
}
