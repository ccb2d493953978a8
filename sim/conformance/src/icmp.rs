//! The ICMP errors that a host might get about a datagram of its own (RFC 792).

use crate::subject::Packet;
use core::net::{IpAddr, Ipv4Addr};

/// Why a destination cannot be reached: type 3.
const UNREACHABLE: u8 = 3;
const UDP: u8 = 17;

/// The Internet checksum (RFC 1071) of octets that come in pairs.
fn checksum(octets: &[u8]) -> [u8; 2] {
    let words = octets.chunks(2).map(|pair| {
        u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or_default()]))
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap_or_default()).to_be_bytes()
}

/// What says that a datagram of the subject's did not arrive, for this code: the IP payload. It quotes the head of that
/// datagram, by which a host finds whose it was. `None` where it went over IPv6, whose errors are others.
pub(crate) fn unreachable(sent: &Packet, code: u8) -> Option<Vec<u8>> {
    let (IpAddr::V4(from), IpAddr::V4(to)) = (sent.path.remote.ip(), sent.path.local.ip()) else {
        return None;
    };
    let length = u16::try_from(8 + sent.octets.len()).ok()?;
    let ports = [sent.path.remote.port(), sent.path.local.port()];
    let mut message = vec![UNREACHABLE, code, 0, 0, 0, 0, 0, 0];
    message.extend(ip_header(from, to, length.checked_add(20)?));
    message.extend(ports.iter().flat_map(|port| port.to_be_bytes()));
    message.extend(length.to_be_bytes());
    // Nobody who quotes a datagram without its data can have its checksum tested.
    message.extend([0, 0]);
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum);
    Some(message)
}

fn ip_header(from: Ipv4Addr, to: Ipv4Addr, length: u16) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend(length.to_be_bytes());
    header.extend([0, 0, 0x40, 0, 60, UDP, 0, 0]);
    header.extend(from.octets());
    header.extend(to.octets());
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::{INITIATOR, RESPONDER, Wire};
    use ike_core::{Instant, Path};

    #[test]
    fn an_error_quotes_the_datagram_and_its_sums_are_right() {
        let path = Path { local: RESPONDER, remote: INITIATOR };
        let (at, wire) = (Instant::from_micros(0), Wire::Ike);
        let sent = Packet { at, path, wire, octets: vec![7; 100] };
        let message = unreachable(&sent, 3).expect("over IPv4");
        assert_eq!(message[..2], [3, 3]);
        let quoted = &message[8..];
        assert_eq!(quoted[12..16], [198, 51, 100, 13]);
        assert_eq!(quoted[16..20], [192, 0, 2, 1]);
        assert_eq!(
            quoted[20..26],
            [500_u16.to_be_bytes(), 500_u16.to_be_bytes(), [0, 108]].concat()
        );
        // A sum over what has its own sum in it is zero.
        assert_eq!((checksum(&message), checksum(&quoted[..20])), ([0, 0], [0, 0]));
    }
}
