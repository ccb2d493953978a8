//! One Child SA at work: packets in and out of ESP, with the selectors watched (RFC 4301 5).

use crate::event::{Actor, PacketDrop, What};
use crate::world::shared::Core;
use core::net::IpAddr;
use core::ops::Range;
use crypto::{Crypto, ProtectionKey};
use esp::{Inbound, Opened, Outbound, ReplayWindow};
use ike_core::TrafficSelector;
use rand_core::CryptoRng;
use vnet::ip::{self, protocol};
use vnet::rewrite::End;

/// Both directions of a Child SA at one end.
pub(crate) struct Tunnel<C> {
    crypto: C,
    outbound: Outbound,
    inbound: Inbound,
    local: Vec<TrafficSelector>,
    remote: Vec<TrafficSelector>,
    carried: Carried,
}

/// Octets of the inner packets that a tunnel has carried at this end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) inbound: u64,
    pub(crate) outbound: u64,
}

/// What a Child SA is made of.
pub(crate) struct TunnelKeys<'k> {
    pub(crate) spi_in: u32,
    pub(crate) spi_out: u32,
    pub(crate) inbound: &'k ProtectionKey,
    pub(crate) outbound: &'k ProtectionKey,
    pub(crate) local: &'k [TrafficSelector],
    pub(crate) remote: &'k [TrafficSelector],
}

impl<C: Crypto> Tunnel<C> {
    pub(crate) fn new(crypto: C, keys: &TunnelKeys<'_>) -> Self {
        Self {
            crypto,
            outbound: Outbound::new(keys.spi_out, keys.outbound.clone()),
            inbound: Inbound::new(keys.spi_in, keys.inbound.clone(), ReplayWindow::default()),
            local: keys.local.to_vec(),
            remote: keys.remote.to_vec(),
            carried: Carried::default(),
        }
    }

    pub(crate) fn spis(&self) -> (u32, u32) {
        (self.inbound.spi(), self.outbound.spi())
    }

    pub(crate) fn selectors(&self) -> (&[TrafficSelector], &[TrafficSelector]) {
        (&self.local, &self.remote)
    }

    pub(crate) const fn carried(&self) -> Carried {
        self.carried
    }

    pub(crate) fn spi_in(&self) -> u32 {
        self.inbound.spi()
    }

    /// Whether packets for the address belong into it.
    pub(crate) fn leads_to(&self, address: IpAddr) -> bool {
        covers(&self.remote, address)
    }

    /// Whether the selectors let the inner datagram out.
    pub(crate) fn allows(&self, inner: &[u8]) -> bool {
        ip::parse(inner).is_ok_and(|packet| {
            admits(&self.local, &packet, End::Source)
                && admits(&self.remote, &packet, End::Destination)
        })
    }

    /// The outer datagram for an inner one.
    pub(crate) fn seal(
        &mut self,
        core: &mut Core<'_>,
        who: Actor,
        (inner, outer): (&[u8], (IpAddr, IpAddr)),
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, PacketDrop> {
        let packet = ip::parse(inner).map_err(PacketDrop::Ip)?;
        if !admits(&self.local, &packet, End::Source)
            || !admits(&self.remote, &packet, End::Destination)
        {
            return Err(PacketDrop::Selectors);
        }
        let len = inner.len() + esp::overhead(self.outbound.protection(), inner.len());
        let (datagram, sealed) = ip::emit_filled(outer, protocol::ESP, len, |place| {
            self.outbound.seal(&self.crypto, inner, rng, place)
        });
        sealed.map_err(PacketDrop::Seal)?;
        let (spi, sequence) = (self.outbound.spi(), self.outbound.sequence());
        core.emit(who, What::EspSent { spi, sequence, inner: inner.len() });
        self.carried.outbound += inner.len() as u64;
        Ok(datagram)
    }

    /// The inner datagram of an outer one, whose ESP packet is in that range.
    pub(crate) fn open(
        &mut self,
        core: &mut Core<'_>,
        who: Actor,
        (mut datagram, esp_packet): (Vec<u8>, Range<usize>),
    ) -> Result<Vec<u8>, PacketDrop> {
        let spi = self.inbound.spi();
        // Both directions have the same algorithms.
        let iv_len = self.outbound.protection().encryption().iv_len();
        let start = esp_packet.start + esp::HEADER_LEN + iv_len;
        let packet = &mut datagram[esp_packet];
        match self.inbound.open(&self.crypto, packet).map_err(PacketDrop::Open)? {
            Opened::Dummy => Err(PacketDrop::Dummy),
            Opened::Packet { inner, sequence, .. } => {
                let packet = ip::parse(inner).map_err(PacketDrop::Ip)?;
                if !admits(&self.remote, &packet, End::Source)
                    || !admits(&self.local, &packet, End::Destination)
                {
                    return Err(PacketDrop::Selectors);
                }
                let len = inner.len();
                core.emit(who, What::EspReceived { spi, sequence, inner: len });
                self.carried.inbound += len as u64;
                datagram.truncate(start + len);
                datagram.drain(..start);
                Ok(datagram)
            }
        }
    }
}

/// Whether one end of a packet is within the selectors: address, protocol, and port where the protocol has ports
/// (RFC 7296 3.13.1).
fn admits(selectors: &[TrafficSelector], packet: &ip::Datagram<'_>, end: End) -> bool {
    const TCP: u8 = 6;
    let (address, octets) = match end {
        End::Source => (packet.source, packet.payload.get(..2)),
        End::Destination => (packet.destination, packet.payload.get(2..4)),
    };
    let has_ports = [protocol::UDP, TCP].contains(&packet.protocol);
    let port = octets.and_then(|octets| octets.try_into().ok()).map(u16::from_be_bytes);
    let ports = port.filter(|_| has_ports).map_or((0, u16::MAX), |port| (port, port));
    TrafficSelector::new(address, address, packet.protocol, ports)
        .is_some_and(|one| selectors.iter().any(|selector| selector.contains(&one)))
}

fn covers(selectors: &[TrafficSelector], address: IpAddr) -> bool {
    selectors.iter().any(|selector| selector.covers(address))
}
