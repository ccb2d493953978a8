//! What the reference gateway believes about its SAs, for whoever compares it with what the nodes believe.

use super::gateway::Gateway;
use core::net::SocketAddr;
use crypto::Crypto;
use ike_core::{Identity, IkeSpi, TrafficSelector};
use ike_responder::{Phase, SaId};

/// An IKE SA of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySa {
    /// Who the peer proved to be; `None`: it did not yet.
    pub identity: Option<Identity>,
    /// Where it was set up from.
    pub remote: SocketAddr,
    /// SPIs of initiator and responder.
    pub spis: (IkeSpi, IkeSpi),
    /// Whether IKE_AUTH was done.
    pub established: bool,
    /// Its Child SAs, by the SPI of packets to the gateway.
    pub children: Vec<GatewayChild>,
}

/// A Child SA of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayChild {
    /// The SPI of packets that the gateway receives.
    pub spi_in: u32,
    /// The SPI of packets that it sends.
    pub spi_out: u32,
    /// Octets of the inner packets that it received.
    pub octets_in: u64,
    /// Octets of the inner packets that it sent.
    pub octets_out: u64,
    /// The gateway's side of the tunnel (TSr).
    pub local: Vec<TrafficSelector>,
    /// The node's side (TSi).
    pub remote: Vec<TrafficSelector>,
}

impl<C: Crypto + Clone> Gateway<C> {
    pub(super) fn list(&self) -> Vec<GatewaySa> {
        let listed = self
            .responder
            .sas()
            .filter(|sa| matches!(sa.phase, Phase::HalfOpen | Phase::Established));
        let entry = |sa: ike_responder::SaSummary<'_>| GatewaySa {
            identity: sa.identity.cloned(),
            remote: sa.path.remote,
            spis: self.responder.ike_keys(sa.id).map_or_else(
                || (IkeSpi::default(), sa.id.spi_r()),
                |(_, _, spi_i, spi_r)| (spi_i, spi_r),
            ),
            established: sa.phase == Phase::Established,
            children: self.children_of(sa.id),
        };
        listed.map(entry).collect()
    }

    fn children_of(&self, sa: SaId) -> Vec<GatewayChild> {
        let mut spis = self.by_sa.get(&sa).cloned().unwrap_or_default();
        spis.sort_unstable();
        let children = spis.iter().filter_map(|spi| self.children.get(spi)).map(Box::as_ref);
        let entry = |child: &super::gateway::Child<C>| {
            let (spi_in, spi_out) = child.tunnel.spis();
            let (local, remote) = child.tunnel.selectors();
            let carried = child.tunnel.carried();
            GatewayChild {
                spi_in,
                spi_out,
                octets_in: carried.inbound,
                octets_out: carried.outbound,
                local: local.to_vec(),
                remote: remote.to_vec(),
            }
        };
        children.map(entry).collect()
    }
}
