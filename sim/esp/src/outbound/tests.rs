//! What needs an IV of the test's choice.

use super::*;
use crate::tests::{Case, CbcCase, cases};
use crypto::RustCrypto;
use std::vec;

#[test]
fn the_packet_of_rfc_7634_comes_out_to_the_octet() {
    for case in cases::<Case>(include_str!("../../../../fixtures/esp/rfc7634-a.toml")) {
        let outbound = Outbound::continuing(case.spi, case.key(), case.sequence);
        let mut packet = vec![0; case.packet.len()];
        packet[HEADER_LEN..][..case.iv.len()].copy_from_slice(&case.iv);
        let payload = Payload { octets: &case.inner, next_header: NextHeader::IPV4 };
        outbound.fill(&RustCrypto, &payload, &mut packet);
        assert_eq!(packet, *case.packet, "{}", case.name);
    }
}

/// Cases 5 to 8 have no ICV, and 5 and 6 are transport mode: they show padding, trailer and cipher.
#[test]
fn the_esp_packets_of_rfc_3602_come_out_to_the_octet_before_the_icv() {
    let toml = include_str!("../../../../fixtures/crypto/aes-128-cbc.toml");
    let mut seen = 0;
    for case in cases::<CbcCase>(toml) {
        let Some(header) = &case.header else { continue };
        let [text @ .., pad_len, next_header] = &*case.plaintext else { panic!("no trailer") };
        let octets = &text[..text.len() - usize::from(*pad_len)];

        let sequence = u32::from_be_bytes(header[4..].try_into().expect("8 octets"));
        let outbound = Outbound::continuing(0x8765, case.key(), sequence);
        let mut packet = vec![0; octets.len() + overhead(outbound.protection(), octets.len())];
        packet[HEADER_LEN..][..16].copy_from_slice(&case.iv);
        let payload = Payload { octets, next_header: NextHeader(*next_header) };
        outbound.fill(&RustCrypto, &payload, &mut packet);
        let (sealed, icv) = packet.split_at(packet.len() - 16);
        assert_eq!(sealed[HEADER_LEN + 16..], *case.ciphertext, "{}", case.name);
        assert_eq!(icv.len(), 16);
        seen += 1;
    }
    assert_eq!(seen, 4);
}
