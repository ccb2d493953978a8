//! The reference responder in virtual time.

use super::tunnel::{ChildEnd, Tunnel, inner_packet};
use super::{Implementation, Machine, Packet, SpiPair, Subject, Unsupported, Wire, Wish, reversed};
use crate::{Role, Setup};
use core::time::Duration;
use crypto::RustCrypto;
use ike_core::{IkeKeys, Instant, Path};
use ike_responder::{
    Behaviour, Config, CookiePolicy, Event, GatewayRequest, Honest, MAX_MESSAGE, Responder, SaId,
};
use std::collections::VecDeque;

/// The reference responder as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct OurResponder;

impl Implementation for OurResponder {
    fn name(&self) -> &str {
        "responder"
    }

    fn role(&self) -> Role {
        Role::Responder
    }

    fn start(&self, setup: &Setup) -> Result<Box<dyn Subject>, Unsupported> {
        Ok(Box::new(ResponderSubject::new(setup, Honest)))
    }
}

/// A responder with any behaviour.
pub struct ResponderSubject<B: Behaviour> {
    machine: Responder<RustCrypto, B>,
    now: Instant,
    outgoing: VecDeque<Packet>,
    /// The latest SA: its owner's wishes are about it.
    latest: Option<SaId>,
    /// What its owner sends through the tunnel, and where the tester is.
    inner: Result<Vec<u8>, Unsupported>,
    path: Path,
    tunnel: Option<Tunnel>,
}

impl<B: Behaviour> ResponderSubject<B> {
    /// A responder that knows the tester's key.
    #[must_use]
    pub fn new(setup: &Setup, behaviour: B) -> Self {
        let config = config(setup);
        Self {
            machine: Responder::with_behaviour(config, RustCrypto, [42; 32], behaviour),
            now: Instant::from_micros(1_000_000),
            outgoing: VecDeque::new(),
            latest: None,
            inner: inner_packet(&setup.local, &setup.remote),
            path: setup.path,
            tunnel: None,
        }
    }

    fn drain(&mut self) {
        let mut buffer = [0; MAX_MESSAGE];
        while let Some(transmit) = self.machine.poll_transmit(self.now, &mut buffer) {
            self.outgoing.push_back(Packet {
                at: self.now,
                path: reversed(transmit.path),
                wire: Wire::Ike,
                octets: buffer[..transmit.len].to_vec(),
            });
        }
        while let Some(event) = self.machine.poll_event() {
            match event {
                Event::Established { sa, .. } => self.take_child(sa),
                Event::Closed { sa, .. } if self.latest == Some(sa) => self.tunnel = None,
                _ => {}
            }
        }
    }

    fn take_child(&mut self, sa: SaId) {
        self.latest = Some(sa);
        self.tunnel = self.machine.take_child_keys(sa).map(|child| {
            let ike_responder::ChildSa { spi_out, inbound, outbound, .. } = child;
            Tunnel::new(ChildEnd { spi_out, inbound, outbound })
        });
    }

    fn send_inner(&mut self) -> Result<(), Unsupported> {
        let none = || Unsupported("there is no Child SA".into());
        let octets = self
            .tunnel
            .as_mut()
            .ok_or_else(none)?
            .seal(self.inner.as_ref().map_err(Clone::clone)?)?;
        let (at, path, wire) = (self.now, self.path, Wire::Esp);
        self.outgoing.push_back(Packet { at, path, wire, octets });
        Ok(())
    }
}

fn config(setup: &Setup) -> Config {
    let mut config = Config::new(setup.identity.clone());
    config.credentials.insert(setup.peer.clone(), setup.psk.clone());
    config.suites = vec![setup.suite];
    config.local.clone_from(&setup.local);
    config.remote.clone_from(&setup.remote);
    config.cookies = if setup.cookies { CookiePolicy::Always } else { CookiePolicy::Never };
    config.half_open_timeout = Duration::from_secs(30);
    config
}

impl<B: Behaviour> Subject for ResponderSubject<B> {
    fn now(&self) -> Instant {
        self.now
    }

    fn give(&mut self, path: Path, wire: Wire, octets: &[u8]) -> Result<(), Unsupported> {
        if wire == Wire::Ike {
            let mut octets = octets.to_vec();
            self.machine.handle_datagram(self.now, reversed(path), &mut octets);
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
                    self.machine.handle_timeout(self.now);
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
        let Some(sa) = self.latest else {
            return Err(Unsupported("there is no SA".into()));
        };
        let asked = match wish {
            Wish::Connect => {
                return Err(Unsupported("a responder waits to be asked".into()));
            }
            Wish::Send => return self.send_inner(),
            Wish::Close => {
                self.machine.delete(self.now, sa);
                true
            }
            Wish::CheckLiveness => self.machine.request(self.now, sa, GatewayRequest::Liveness),
            Wish::RekeyChild => self.machine.request(self.now, sa, GatewayRequest::RekeyChild),
        };
        self.drain();
        let refused = || Unsupported("the responder cannot ask that now".into());
        asked.then_some(()).ok_or_else(refused)
    }
}

impl<B: Behaviour> Machine for ResponderSubject<B> {
    fn ike_keys(&self) -> Vec<(SpiPair, IkeKeys)> {
        let keys = self.machine.sas().filter_map(|sa| self.machine.ike_keys(sa.id));
        keys.map(|(_, keys, spi_i, spi_r)| ((spi_i, spi_r), keys.clone())).collect()
    }

    fn child(&self) -> Option<&ChildEnd> {
        self.tunnel.as_ref().map(|tunnel| &tunnel.end)
    }
}
