//! Our initiator in virtual time, with the ESP of its Child SA.

use super::{Implementation, Packet, Subject, Unsupported, Wire, Wish, reversed};
use crate::{Role, Setup};
use crypto::{Protection, RustCrypto};
use esp::Outbound;
use ike_core::{IkeOffer, Instant, Path, Selectors};
use ike_initiator::{Behaviour, Config, Event, Honest, Initiator, MAX_REQUEST};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::collections::VecDeque;

/// Our initiator as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct OurInitiator;

impl Implementation for OurInitiator {
    fn name(&self) -> &str {
        "initiator"
    }

    fn role(&self) -> Role {
        Role::Initiator
    }

    fn start(&self, setup: &Setup) -> Result<Box<dyn Subject>, Unsupported> {
        Ok(Box::new(InitiatorSubject::new(setup, Honest)?))
    }
}

/// An initiator with any behaviour.
pub struct InitiatorSubject<B: Behaviour> {
    machine: Initiator<RustCrypto, B>,
    now: Instant,
    rng: ChaCha20Rng,
    path: Path,
    /// What the owner sends through the tunnel.
    inner: Vec<u8>,
    outbound: Option<Outbound>,
    outgoing: VecDeque<Packet>,
}

impl<B: Behaviour> InitiatorSubject<B> {
    /// An idle initiator.
    ///
    /// # Errors
    /// Nobody could connect with this setup.
    pub fn new(setup: &Setup, behaviour: B) -> Result<Self, Unsupported> {
        let path = reversed(setup.path);
        let config = config(setup, path)?;
        let machine = Initiator::with_behaviour(config, RustCrypto, behaviour)
            .map_err(|misuse| Unsupported(misuse.to_string()))?;
        let inner = inner_packet(&setup.local, &setup.remote)
            .ok_or_else(|| Unsupported("expected selectors that start with IPv4".into()))?;
        Ok(Self {
            machine,
            now: Instant::from_micros(1_000_000),
            rng: ChaCha20Rng::from_seed([1; 32]),
            path,
            inner,
            outbound: None,
            outgoing: VecDeque::new(),
        })
    }

    /// Takes all that the machine has to send or to say.
    fn drain(&mut self) {
        let mut buffer = [0; MAX_REQUEST];
        while let Some(transmit) = self.machine.poll_transmit(self.now, &mut buffer) {
            let octets = buffer[..transmit.len].to_vec();
            self.queue(transmit.path, Wire::Ike, octets);
        }
        while let Some(event) = self.machine.poll_event() {
            if matches!(event, Event::Closed(_)) {
                self.outbound = None;
            }
        }
        if let Some(child) = self.machine.take_child_keys() {
            self.outbound = Some(Outbound::new(child.spi_out, child.outbound));
        }
    }

    fn queue(&mut self, path: Path, wire: Wire, octets: Vec<u8>) {
        self.outgoing.push_back(Packet { at: self.now, path: reversed(path), wire, octets });
    }

    fn send_inner(&mut self) -> Result<(), Unsupported> {
        let Some(outbound) = &mut self.outbound else {
            return Err(Unsupported("there is no Child SA".into()));
        };
        let mut packet = [0; 256];
        let len = outbound
            .seal(&RustCrypto, &self.inner, &mut self.rng, &mut packet)
            .map_err(|error| Unsupported(error.to_string()))?;
        self.queue(self.path, Wire::Esp, packet[..len].to_vec());
        Ok(())
    }
}

fn config(setup: &Setup, path: Path) -> Result<Config, Unsupported> {
    let suite = setup.suite.ike();
    let mut groups = vec![suite.group];
    groups.extend(&setup.groups);
    let protections: [Protection; 1] = [suite.protection];
    let ike = IkeOffer::new(&protections, &[suite.prf], &groups)
        .ok_or_else(|| Unsupported("expected at most 3 groups".into()))?;
    let selectors = |list: &[_]| {
        Selectors::from_slice(list).map_err(|_| Unsupported("expected fewer selectors".into()))
    };
    let usual = Config::new(path, setup.identity.clone(), setup.psk.clone()).suite(setup.suite);
    Ok(Config {
        ike,
        remote_identity: Some(setup.peer.clone()),
        local: selectors(&setup.local)?,
        remote: selectors(&setup.remote)?,
        profile: setup.profile,
        initial_contact: setup.initial_contact,
        delete_on_close: true,
        ..usual
    })
}

/// An empty UDP datagram between the first addresses of both sides, port 9 (discard) to port 9.
fn inner_packet(
    local: &[ike_core::TrafficSelector],
    remote: &[ike_core::TrafficSelector],
) -> Option<Vec<u8>> {
    let v4 = |selectors: &[ike_core::TrafficSelector]| match selectors.first()?.start() {
        core::net::IpAddr::V4(v4) => Some(v4.octets()),
        core::net::IpAddr::V6(_) => None,
    };
    let mut packet = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
    packet.extend(v4(local)?);
    packet.extend(v4(remote)?);
    packet.extend([0, 9, 0, 9, 0, 8, 0, 0]);
    Some(packet)
}

impl<B: Behaviour> Subject for InitiatorSubject<B> {
    fn now(&self) -> Instant {
        self.now
    }

    fn give(&mut self, path: Path, wire: Wire, octets: &[u8]) -> Result<(), Unsupported> {
        if wire == Wire::Ike {
            let mut octets = octets.to_vec();
            self.machine.handle_datagram(self.now, reversed(path), &mut octets, &mut self.rng);
            self.drain();
        }
        Ok(())
    }

    fn receive(&mut self, until: Instant) -> Option<Packet> {
        loop {
            if let Some(packet) = self.outgoing.pop_front() {
                return Some(packet);
            }
            match self.machine.poll_timeout() {
                Some(deadline) if deadline <= until => {
                    self.now = self.now.max(deadline);
                    self.machine.handle_timeout(self.now, &mut self.rng);
                    self.drain();
                }
                _ => {
                    self.now = self.now.max(until);
                    return None;
                }
            }
        }
    }

    fn wish(&mut self, wish: Wish) -> Result<(), Unsupported> {
        match wish {
            Wish::Connect => self
                .machine
                .connect(self.now, &mut self.rng)
                .map_err(|misuse| Unsupported(misuse.to_string()))?,
            Wish::Close => self.machine.close(self.now, &mut self.rng),
            Wish::Send => self.send_inner()?,
            Wish::CheckLiveness | Wish::RekeyChild => {
                return Err(Unsupported("a minimal initiator asks nothing".into()));
            }
        }
        self.drain();
        Ok(())
    }
}
