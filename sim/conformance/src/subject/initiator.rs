//! Our initiator in virtual time, with the ESP of its Child SA.

use super::tunnel::{ChildEnd, Tunnel, inner_packet};
use super::{Implementation, Machine, Packet, SpiPair, Subject, Unsupported, Wire, Wish, reversed};
use crate::{Role, Setup};
use crypto::{Protection, RustCrypto};
use ike_core::{IkeKeys, IkeOffer, Instant, Path, Selectors};
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
    tunnel: Option<Tunnel>,
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
        let inner = inner_packet(&setup.local, &setup.remote)?;
        Ok(Self {
            machine,
            now: Instant::from_micros(1_000_000),
            rng: ChaCha20Rng::from_seed([1; 32]),
            path,
            inner,
            tunnel: None,
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
            if matches!(event, Event::ChildClosed | Event::Closed(_)) {
                self.tunnel = None;
            }
        }
        if let Some(child) = self.machine.take_child_keys() {
            let ike_initiator::ChildSa { spi_out, inbound, outbound, .. } = child;
            self.tunnel = Some(Tunnel::new(ChildEnd { spi_out, inbound, outbound }));
        }
    }

    fn queue(&mut self, path: Path, wire: Wire, octets: Vec<u8>) {
        self.outgoing.push_back(Packet { at: self.now, path: reversed(path), wire, octets });
    }

    fn send_inner(&mut self) -> Result<(), Unsupported> {
        let none = || Unsupported("there is no Child SA".into());
        let packet = self.tunnel.as_mut().ok_or_else(none)?.seal(&self.inner)?;
        self.queue(self.path, Wire::Esp, packet);
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

impl<B: Behaviour> Machine for InitiatorSubject<B> {
    fn ike_keys(&self) -> Vec<(SpiPair, IkeKeys)> {
        let keys = self.machine.ike_keys();
        keys.into_iter().map(|(_, spis, keys)| (spis, keys.clone())).collect()
    }

    fn child(&self) -> Option<&ChildEnd> {
        self.tunnel.as_ref().map(|tunnel| &tunnel.end)
    }
}
