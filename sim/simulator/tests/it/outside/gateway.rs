//! A gateway that is no part of the simulator's world: the reference responder and ESP behind one door for IP packets,
//! as a container with a real gateway has it.

use crypto::RustCrypto;
use esp::{Inbound, MAX_OVERHEAD, Opened, Outbound, ReplayWindow};
use ike_core::{Instant, Path, TrafficSelector};
use ike_responder::{Config, Event, Responder, SaId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use simulator::scenario::{Family, Scenario};
use std::net::{IpAddr, SocketAddr};
use vnet::ip::{self, protocol};
use vnet::udp;

/// The longest message that the responder writes.
const BUFFER: usize = 3_000;

struct Child {
    sa: SaId,
    peer: IpAddr,
    inbound: Inbound,
    outbound: Outbound,
}

/// The gateway: packets in, packets out, at times that it is told.
pub(crate) struct FakeGateway {
    pub(crate) responder: Responder<RustCrypto>,
    address: IpAddr,
    server: IpAddr,
    children: Vec<Child>,
    rng: ChaCha20Rng,
    outgoing: Vec<Vec<u8>>,
}

impl FakeGateway {
    /// Knows the nodes of the scenario. Its randomness is not the simulator's.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let addresses = match scenario.family {
            Family::Ipv4 => ["10.64.0.1", "10.1.0.1"],
            Family::Ipv6 => ["2001:db8:0:1::1", "2001:db8:0:2::1"],
        };
        let [address, server] = addresses.map(|text| text.parse().expect("an address"));
        let mut config = Config::new(scenario.gateway.identity.clone());
        config.local = vec![TrafficSelector::host(server)];
        let nodes = scenario.groups.iter().flat_map(|group| {
            group.numbers().filter_map(|n| Some((group.identity(n), group.gateway_psk(n)?)))
        });
        for (identity, psk) in nodes {
            config.credentials.insert(identity, psk);
        }
        Self {
            responder: Responder::new(config, RustCrypto, [0xfa; 32]),
            address,
            server,
            children: Vec::new(),
            rng: ChaCha20Rng::from_seed([0xfb; 32]),
            outgoing: Vec::new(),
        }
    }

    /// When it wants to do something by itself.
    pub(crate) fn next_time(&self) -> Option<Instant> {
        self.responder.poll_timeout()
    }

    /// Its time has come.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Vec<Vec<u8>> {
        self.responder.handle_timeout(now);
        self.settle(now)
    }

    /// A packet comes out of its interface; what goes in there in turn.
    pub(crate) fn receive(&mut self, now: Instant, packet: &[u8]) -> Vec<Vec<u8>> {
        let Ok(outer) = ip::parse(packet) else { return Vec::new() };
        match outer.protocol {
            _ if outer.source == self.server => self.protect(packet, outer.destination),
            protocol::ESP => self.unprotect(now, outer.payload.to_vec()),
            protocol::UDP if outer.destination == self.address => {
                if let Ok(udp) = udp::parse(outer.source, outer.destination, outer.payload) {
                    let path = Path {
                        local: SocketAddr::new(outer.destination, udp.destination_port),
                        remote: SocketAddr::new(outer.source, udp.source_port),
                    };
                    self.responder.handle_datagram(now, path, &mut udp.payload.to_vec());
                }
            }
            _ => {}
        }
        self.settle(now)
    }

    fn protect(&mut self, inner: &[u8], peer: IpAddr) {
        let Some(child) = self.children.iter_mut().rev().find(|child| child.peer == peer) else {
            return;
        };
        let mut sealed = vec![0; inner.len() + MAX_OVERHEAD];
        let sealing = child.outbound.seal(&RustCrypto, inner, &mut self.rng, &mut sealed);
        let len = sealing.expect("a short packet of a young SA");
        self.outgoing.push(ip::emit(self.address, peer, protocol::ESP, &sealed[..len]));
    }

    fn unprotect(&mut self, now: Instant, mut payload: Vec<u8>) {
        let spi = esp::spi_of(&payload);
        let Some(child) = self.children.iter_mut().find(|c| Some(c.inbound.spi()) == spi) else {
            return;
        };
        if let Ok(Opened::Packet { inner, .. }) = child.inbound.open(&RustCrypto, &mut payload) {
            self.outgoing.push(inner.to_vec());
            self.responder.note_traffic(now, child.sa);
        }
    }

    fn settle(&mut self, now: Instant) -> Vec<Vec<u8>> {
        while let Some(event) = self.responder.poll_event() {
            match event {
                Event::Established { sa, .. } => self.install(sa),
                Event::Closed { sa, .. } => self.children.retain(|child| child.sa != sa),
                _ => {}
            }
        }
        let mut buffer = vec![0; BUFFER];
        while let Some(transmit) = self.responder.poll_transmit(now, &mut buffer) {
            let Path { local, remote } = transmit.path;
            self.outgoing.push(udp::emit(local, remote, &buffer[..transmit.len]));
        }
        std::mem::take(&mut self.outgoing)
    }

    fn install(&mut self, sa: SaId) {
        let Some(child) = self.responder.take_child_keys(sa) else { return };
        self.children.push(Child {
            sa,
            peer: child.path.remote.ip(),
            inbound: Inbound::new(child.spi_in, child.inbound, ReplayWindow::default()),
            outbound: Outbound::new(child.spi_out, child.outbound),
        });
    }
}
