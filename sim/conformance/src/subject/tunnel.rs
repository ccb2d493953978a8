//! The Child SA of a subject of ours, and what its owner sends through it.

use super::Unsupported;
use crypto::{ProtectionKey, RustCrypto};
use esp::Outbound;
use ike_core::TrafficSelector;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// The keys of a Child SA as its owner has them.
#[derive(Clone, Debug)]
pub(crate) struct ChildEnd {
    /// The SPI of packets to the tester.
    pub(crate) spi_out: u32,
    /// The keys of packets to the subject.
    pub(crate) inbound: ProtectionKey,
    /// The keys of packets to the tester.
    pub(crate) outbound: ProtectionKey,
}

/// A Child SA that is there.
pub(super) struct Tunnel {
    pub(super) end: ChildEnd,
    outbound: Outbound,
    rng: ChaCha20Rng,
}

impl Tunnel {
    pub(super) fn new(end: ChildEnd) -> Self {
        let outbound = Outbound::new(end.spi_out, end.outbound.clone());
        Self { end, outbound, rng: ChaCha20Rng::from_seed([3; 32]) }
    }

    /// The ESP packet that carries `inner`.
    pub(super) fn seal(&mut self, inner: &[u8]) -> Result<Vec<u8>, Unsupported> {
        let mut packet = [0; 256];
        let sealed = self.outbound.seal(&RustCrypto, inner, &mut self.rng, &mut packet);
        let len = sealed.map_err(|error| Unsupported(error.to_string()))?;
        Ok(packet[..len].to_vec())
    }
}

/// An empty UDP datagram between the first addresses of both sides, port 9 (discard) to port 9.
pub(super) fn inner_packet(
    from: &[TrafficSelector],
    to: &[TrafficSelector],
) -> Result<Vec<u8>, Unsupported> {
    let v4 = |selectors: &[TrafficSelector]| match selectors.first()?.start() {
        core::net::IpAddr::V4(v4) => Some(v4.octets()),
        core::net::IpAddr::V6(_) => None,
    };
    let other = || Unsupported("expected selectors that start with IPv4".into());
    let mut packet = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
    packet.extend(v4(from).ok_or_else(other)?);
    packet.extend(v4(to).ok_or_else(other)?);
    packet.extend([0, 9, 0, 9, 0, 8, 0, 0]);
    Ok(packet)
}
