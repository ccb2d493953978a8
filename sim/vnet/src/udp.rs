//! UDP over IPv4 and IPv6, with checksums.

#[cfg(test)]
mod tests;

use crate::ip;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{IpAddress, UDP_HEADER_LEN, UdpPacket, UdpRepr};

/// Octets of the header.
pub const HEADER_LEN: usize = UDP_HEADER_LEN;

/// A received UDP datagram, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdpDatagram<'a> {
    /// The sender's port; 0 means that no answer is expected (RFC 768).
    pub source_port: u16,
    /// The receiver's port; never 0.
    pub destination_port: u16,
    /// The data.
    pub payload: &'a [u8],
}

/// Why an IP payload is no UDP datagram that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UdpError {
    /// Shorter than the header, or than the length in the header says.
    Truncated,
    /// The length in the header is below the length of the header.
    Length(u16),
    /// The checksum is wrong.
    Checksum,
    /// No checksum where IPv6 demands one (RFC 8200 8.1).
    NoChecksum,
    /// The destination port is 0.
    DestinationPort,
    /// The addresses are of different families, so there is no pseudo header.
    AddressFamily,
}

impl fmt::Display for UdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "UDP datagram is truncated"),
            Self::Length(octets) => write!(f, "UDP length of {octets} octets"),
            Self::Checksum => write!(f, "UDP checksum is wrong"),
            Self::NoChecksum => write!(f, "UDP over IPv6 without a checksum"),
            Self::DestinationPort => write!(f, "UDP destination port is 0"),
            Self::AddressFamily => write!(f, "addresses of different families"),
        }
    }
}

impl core::error::Error for UdpError {}

/// Parses the payload of an IP datagram. A checksum of zero means "none" over IPv4 (RFC 768) and is refused over IPv6.
/// Octets after the length in the header are ignored.
///
/// # Errors
/// [`UdpError`]: what is wrong with it.
pub fn parse(
    source: IpAddr,
    destination: IpAddr,
    payload: &[u8],
) -> Result<UdpDatagram<'_>, UdpError> {
    if source.is_ipv4() != destination.is_ipv4() {
        return Err(UdpError::AddressFamily);
    }
    if payload.len() < UDP_HEADER_LEN {
        return Err(UdpError::Truncated);
    }
    let packet = UdpPacket::new_unchecked(payload);
    let len = usize::from(packet.len());
    if len < UDP_HEADER_LEN {
        return Err(UdpError::Length(packet.len()));
    }
    if payload.len() < len {
        return Err(UdpError::Truncated);
    }
    // smoltcp takes a checksum of zero as good for either version.
    if packet.checksum() == 0 && source.is_ipv6() {
        return Err(UdpError::NoChecksum);
    }
    if !packet.verify_checksum(&IpAddress::from(source), &IpAddress::from(destination)) {
        return Err(UdpError::Checksum);
    }
    if packet.dst_port() == 0 {
        return Err(UdpError::DestinationPort);
    }
    Ok(UdpDatagram {
        source_port: packet.src_port(),
        destination_port: packet.dst_port(),
        payload: packet.payload(),
    })
}

/// A whole IP datagram (see [`ip::emit`]) with a UDP datagram in it, checksum filled in.
///
/// # Panics
/// When the addresses are of different families, or the payload is too long for the length fields (65,507 octets for
/// IPv4, 65,527 for IPv6).
#[must_use]
pub fn emit(source: SocketAddr, destination: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let len = UDP_HEADER_LEN + payload.len();
    let header = ip::Header {
        source: source.ip(),
        destination: destination.ip(),
        protocol: ip::protocol::UDP,
    };
    ip::emit_with(&header, len, |place| {
        let ports = UdpRepr { src_port: source.port(), dst_port: destination.port() };
        ports.emit(
            &mut UdpPacket::new_unchecked(place),
            &IpAddress::from(source.ip()),
            &IpAddress::from(destination.ip()),
            payload.len(),
            |data| data.copy_from_slice(payload),
            &ChecksumCapabilities::default(),
        );
    })
}
