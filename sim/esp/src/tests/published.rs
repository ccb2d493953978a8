//! Packets that other implementations made. `fixtures/SOURCES.md` names them.

use super::{Case, cases};
use crate::{Inbound, NextHeader, Opened, Outbound, ReplayWindow};
use core::convert::Infallible;
use crypto::RustCrypto;
use rand_core::{TryCryptoRng, TryRng};
use rstest::rstest;
use std::vec;

/// Gives out the IV of the case.
struct IvRng<'a>(&'a [u8]);

impl TryRng for IvRng<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("an IV is drawn as octets")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("an IV is drawn as octets")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.copy_from_slice(self.0);
        Ok(())
    }
}

impl TryCryptoRng for IvRng<'_> {}

#[rstest]
#[case::rfc_7634(include_str!("../../../../fixtures/esp/rfc7634-a.toml"))]
#[case::scapy(include_str!("../../../../fixtures/esp/tunnel.toml"))]
fn published_packets_open(#[case] toml: &str) {
    for case in cases::<Case>(toml) {
        let mut inbound = Inbound::new(case.spi, case.key(), ReplayWindow::default());
        let mut packet = case.packet.to_vec();
        let expected = Opened::Packet {
            next_header: if case.inner[0] >> 4 == 4 { NextHeader::IPV4 } else { NextHeader::IPV6 },
            inner: &case.inner,
            sequence: case.sequence,
        };
        assert_eq!(inbound.open(&RustCrypto, &mut packet), Ok(expected), "{}", case.name);
    }
}

#[test]
fn our_packets_are_those_of_another_implementation_to_the_octet() {
    for case in cases::<Case>(include_str!("../../../../fixtures/esp/tunnel.toml")) {
        let mut outbound = Outbound::continuing(case.spi, case.key(), case.sequence - 1);
        let mut out = vec![0xee; 300];
        let len = outbound.seal(&RustCrypto, &case.inner, &mut IvRng(&case.iv), &mut out);
        assert_eq!(len, Ok(case.packet.len()), "{}", case.name);
        assert_eq!(out[..case.packet.len()], *case.packet, "{}", case.name);
        assert!(out[case.packet.len()..].iter().all(|&octet| octet == 0xee));
        assert_eq!(outbound.sequence(), case.sequence);
    }
}
