//! ICMP errors over IPv4 (RFC 792).

use crate::ip;
use core::net::IpAddr;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{Icmpv4DstUnreachable, Icmpv4Packet, Icmpv4Repr, Ipv4Repr};

/// Octets of a datagram's payload that an error quotes.
const QUOTED: usize = 8;
/// Hops that the quoted datagram has left.
const HOP_LIMIT: u8 = 60;

/// "Destination unreachable" with this code, about a whole IPv4 datagram: what the IP packet with the error carries. It quotes
/// the head of the datagram, by which a host finds whose it was. `None`: it is no IPv4 datagram, or has too little in it.
#[must_use]
pub fn unreachable(datagram: &[u8], code: u8) -> Option<Vec<u8>> {
    let about = ip::parse(datagram).ok()?;
    let (IpAddr::V4(src_addr), IpAddr::V4(dst_addr)) = (about.source, about.destination) else {
        return None;
    };
    let header = Ipv4Repr {
        src_addr,
        dst_addr,
        next_header: about.protocol.into(),
        payload_len: about.payload.len(),
        hop_limit: HOP_LIMIT,
    };
    let reason = Icmpv4DstUnreachable::from(code);
    let error = Icmpv4Repr::DstUnreachable { reason, header, data: about.payload.get(..QUOTED)? };
    let mut octets = vec![0; error.buffer_len()];
    error.emit(&mut Icmpv4Packet::new_unchecked(&mut octets), &ChecksumCapabilities::default());
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::udp;
    use smoltcp::wire::checksum;

    #[test]
    fn an_error_quotes_the_datagram_and_its_sums_are_right() {
        let ends = ["198.51.100.13:500", "192.0.2.1:4500"].map(|end| end.parse().unwrap());
        let datagram = udp::emit(ends[0], ends[1], &[7; 100]);
        let error = unreachable(&datagram, 3).expect("over IPv4");
        assert_eq!(error[..2], [3, 3]);
        let quoted = &error[8..];
        assert_eq!((quoted.len(), &quoted[2..4]), (28, &[0, 128][..]));
        // Addresses, ports, length and checksum are those of the datagram.
        assert_eq!(quoted[12..], datagram[12..28]);
        assert_eq!((checksum::data(&error), checksum::data(&quoted[..20])), (0xffff, 0xffff));
    }

    #[test]
    fn there_is_none_about_ipv6() {
        let ends = ["[2001:db8::1]:500", "[2001:db8::2]:500"].map(|end| end.parse().unwrap());
        assert_eq!(unreachable(&udp::emit(ends[0], ends[1], b"x"), 3), None);
    }
}
