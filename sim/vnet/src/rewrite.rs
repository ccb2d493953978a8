//! Addresses and ports of a datagram replaced in place, as a router between two networks does it.
//!
//! Checksums are updated by what changed (RFC 1624) and never computed anew: one that was wrong stays
//! wrong, so that a router does not hide damage from the receiver.

#[cfg(test)]
mod tests;

use crate::ip::{self, IpError, protocol};
use crate::udp::UdpError;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::ops::Range;
use smoltcp::wire::{IPV6_HEADER_LEN, UDP_HEADER_LEN};

/// Where the checksum of an IPv4 header is.
const IPV4_CHECKSUM: Range<usize> = 10..12;
/// Where the checksum of a UDP header is.
const UDP_CHECKSUM: Range<usize> = 6..8;

/// Whose address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The sender's.
    Source,
    /// The receiver's.
    Destination,
}

/// Why a datagram cannot have another address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RewriteError {
    /// It is no datagram.
    Ip(IpError),
    /// It says UDP and is too short for it, or the address is of the other family.
    Udp(UdpError),
    /// The payload is neither UDP nor ESP: others have checksums of their own over the addresses.
    Protocol(u8),
}

impl fmt::Display for RewriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(error) => error.fmt(f),
            Self::Udp(error) => error.fmt(f),
            Self::Protocol(number) => write!(f, "IP protocol {number} cannot be rewritten"),
        }
    }
}

impl core::error::Error for RewriteError {}

/// Replaces the address and, in UDP, the port of one end. ESP has no ports: that of `to` is not used.
/// A checksum of zero, which is none in UDP over IPv4, stays zero (RFC 768).
///
/// # Errors
/// [`RewriteError`]; the datagram is then as it was.
pub fn rewrite(octets: &mut [u8], end: End, to: SocketAddr) -> Result<(), RewriteError> {
    let datagram = ip::parse(octets).map_err(RewriteError::Ip)?;
    let (number, len) = (datagram.protocol, datagram.payload.len());
    if datagram.source.is_ipv4() != to.is_ipv4() {
        return Err(RewriteError::Udp(UdpError::AddressFamily));
    }
    let address = place_of_address(end, to.is_ipv4());
    match number {
        protocol::UDP if len < UDP_HEADER_LEN => Err(RewriteError::Udp(UdpError::Truncated)),
        protocol::UDP => {
            let change = change_address(octets, address, to.ip());
            let start = header_len(octets);
            let header = &mut octets[start..start + UDP_HEADER_LEN];
            let port = if end == End::Source { 0..2 } else { 2..4 };
            let change = change + replace(&mut header[port], &to.port().to_be_bytes());
            update_udp(&mut header[UDP_CHECKSUM], change);
            Ok(())
        }
        protocol::ESP => {
            change_address(octets, address, to.ip());
            Ok(())
        }
        other => Err(RewriteError::Protocol(other)),
    }
}

/// Octets of the IP header of a checked datagram, options included.
fn header_len(octets: &[u8]) -> usize {
    match octets[0] >> 4 {
        4 => 4 * usize::from(octets[0] & 0x0f),
        _ => IPV6_HEADER_LEN,
    }
}

fn place_of_address(end: End, is_ipv4: bool) -> Range<usize> {
    match (end, is_ipv4) {
        (End::Source, true) => 12..16,
        (End::Destination, true) => 16..20,
        (End::Source, false) => 8..24,
        (End::Destination, false) => 24..40,
    }
}

/// Puts the address there, with the checksum of the header if it has one; the change.
fn change_address(octets: &mut [u8], place: Range<usize>, to: IpAddr) -> Change {
    match to {
        IpAddr::V4(to) => {
            let change = replace(&mut octets[place], &to.octets());
            update(&mut octets[IPV4_CHECKSUM], change);
            change
        }
        IpAddr::V6(to) => replace(&mut octets[place], &to.octets()),
    }
}

/// What a sum in ones' complement grew by: the sum of ~m + m' of RFC 1624 3, not folded yet.
#[derive(Clone, Copy)]
struct Change(u32);

impl core::ops::Add for Change {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

fn words(octets: &[u8]) -> impl Iterator<Item = u16> + '_ {
    octets.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair))
}

/// Writes over octets that start at an even place of what is summed.
fn replace(old: &mut [u8], new: &[u8]) -> Change {
    let gone: u32 = words(old).map(|word| u32::from(!word)).sum();
    let come: u32 = words(new).map(u32::from).sum();
    old.copy_from_slice(new);
    Change(gone + come)
}

/// RFC 1624 3, equation 3: HC' = ~(~HC + ~m + m').
fn updated(checksum: u16, change: Change) -> u16 {
    let mut sum = u32::from(!checksum) + change.0;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let [_, _, high, low] = sum.to_be_bytes();
    !u16::from_be_bytes([high, low])
}

fn update(place: &mut [u8], change: Change) {
    if let [high, low] = place {
        let new = updated(u16::from_be_bytes([*high, *low]), change);
        [*high, *low] = new.to_be_bytes();
    }
}

/// As `update`; zero stands for "none" in UDP, so a sum that comes out as zero is sent as its other form.
fn update_udp(place: &mut [u8], change: Change) {
    if *place == [0, 0] {
        return;
    }
    update(place, change);
    if *place == [0, 0] {
        place.fill(0xff);
    }
}
