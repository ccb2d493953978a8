//! Captures of runs against the runs' own ladders, and captures made by hand.

mod hand_made;
mod own;
mod published;
mod robust;

use super::*;

/// A classic capture, little-endian, in microseconds: a packet each second.
fn pcap(link_type: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    file.extend(65_535_u32.to_le_bytes());
    file.extend(link_type.to_le_bytes());
    for (second, packet) in (1_700_000_000_u32..).zip(packets) {
        let len = u32::try_from(packet.len()).expect("a short packet");
        for field in [second, 500_000, len, len] {
            file.extend(field.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

fn entries(packets: &[Vec<u8>]) -> Vec<Entry> {
    dissect(&pcap(101, packets), &KeyTable::default(), &[]).expect("a capture").shown
}

/// A packet between 192.0.2.1 and 192.0.2.2, the initiator.
fn packet(from_initiator: bool, ports: [u16; 2], payload: &[u8]) -> Vec<u8> {
    let at = |last, port| SocketAddr::from(([192, 0, 2, last], port));
    if from_initiator {
        vnet::udp::emit(at(2, ports[0]), at(1, ports[1]), payload)
    } else {
        vnet::udp::emit(at(1, ports[1]), at(2, ports[0]), payload)
    }
}

/// A message of the initiator with these payloads: type, body, whether the critical flag is set.
fn message(exchange: u8, flags: u8, payloads: &[(u8, &[u8], bool)]) -> Vec<u8> {
    let mut octets = vec![0x11; 8];
    octets.extend(if exchange == 34 { [0; 8] } else { [0x22; 8] });
    octets.push(payloads.first().map_or(0, |payload| payload.0));
    octets.extend([0x20, exchange, flags, 0, 0, 0, u8::from(exchange != 34), 0, 0, 0, 0]);
    for (index, (kind, body, critical)) in payloads.iter().enumerate() {
        let inside = [46, 53].contains(kind);
        let next = if inside { 33 } else { payloads.get(index + 1).map_or(0, |next| next.0) };
        let len = u16::try_from(body.len() + 4).expect("a short payload").to_be_bytes();
        octets.extend([next, u8::from(*critical) << 7, len[0], len[1]]);
        octets.extend(*body);
    }
    let len = u32::try_from(octets.len()).expect("a short message");
    octets[24..28].copy_from_slice(&len.to_be_bytes());
    octets
}
