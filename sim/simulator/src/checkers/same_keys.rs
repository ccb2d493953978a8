//! Both ends derived the same keys from the same values (RFC 7296 2.14, 2.17).
//!
//! Keys of an IKE SA follow from what both ends said in IKE_SA_INIT, which nobody has authenticated yet.
//! So they are compared where each end received what the other one sent: a damaged or forged message
//! may make other keys, with which IKE_AUTH then fails. Keys of a Child SA are always the same.
//!
//! Memory: a few hashes for each IKE SA, and for each direction of a Child SA, of which only one end has
//! shown its keys, until that end has none any more; for each node that is awake; and for up to 16,384
//! initiators that the gateway has heard of and shown no keys for.

use super::packet::{Ike, KE, NONCE, Packet, SA};
use super::per_node::PerNode;
use super::{Check, Findings, hash_of, hash_of_value};
use crate::by_spi::BySpi;
use crate::event::{Actor, Event, What};
use crate::observer::{EspKeyLog, IkeKeyLog};
use core::net::{IpAddr, Ipv4Addr};
use crypto::ProtectionKey;
use ike_core::Instant;
use std::collections::BTreeMap;

/// Initiators that the gateway has heard of and that are told apart.
const TOLD_APART: usize = 16_384;

/// An IKE SA by its SPIs, the responder's first.
type Sa = (u64, u64);

/// A direction of a Child SA: its IKE SA, where packets go to, the SPI.
type Esp = (Sa, IpAddr, u32);

#[derive(Default)]
pub(super) struct SameKeys {
    nodes: PerNode<NodeSide>,
    /// By the initiator's SPI: the values of its request as they arrived; `None`: of two requests.
    heard: BySpi<u64, Option<u64>>,
    /// What the gateway has keys of and no node yet.
    gateway: BTreeMap<Sa, GatewaySide>,
    /// What one end has shown, and which.
    esp: BTreeMap<Esp, (Actor, u64)>,
}

#[derive(Default)]
struct NodeSide {
    sa: Option<Sa>,
    /// The values that it sent and that it received last.
    sent: Option<u64>,
    heard: Option<u64>,
}

struct GatewaySide {
    keys: u64,
    heard: Option<u64>,
    sent: Option<u64>,
}

/// A hash of all that keys are made of in an IKE_SA_INIT message, but for the responder's SPI.
fn values(ike: &Ike<'_>) -> Option<u64> {
    let (sa, ke, nonce) = (ike.part(SA)?, ike.part(KE)?, ike.part(NONCE)?);
    Some(hash_of(&[&ike.header.spi_i.to_octets(), sa.body, ke.body, nonce.body]))
}

fn parts(key: &ProtectionKey) -> [&[u8]; 2] {
    [key.encryption(), key.integrity()]
}

fn ike_hash(log: &IkeKeyLog<'_>) -> u64 {
    let keys = &log.keys;
    let ([ei, ai], [er, ar]) = (parts(&keys.initiator), parts(&keys.responder));
    let (d, pi, pr) = (keys.d.as_slice(), keys.pi.as_slice(), keys.pr.as_slice());
    hash_of(&[&hash_of_value(&log.suite).to_be_bytes(), d, ei, ai, er, ar, pi, pr])
}

impl SameKeys {
    fn of_gateway(&mut self, sa: Sa, keys: u64) {
        let heard = self.heard.remove(&sa.1).flatten();
        self.gateway.insert(sa, GatewaySide { keys, heard, sent: None });
    }

    fn of_node(&mut self, number: u32, sa: Sa, keys: u64) -> Option<String> {
        let node = self.nodes.entry(number);
        node.sa = Some(sa);
        let gateway = self.gateway.remove(&sa)?;
        let same = |one: Option<u64>, other: Option<u64>| one.is_some() && one == other;
        let unharmed = same(node.sent, gateway.heard) && same(node.heard, gateway.sent);
        (unharmed && keys != gateway.keys).then(|| {
            let (spi_r, spi_i) = sa;
            format!("node and gateway have different keys for IKE SA {spi_i:016x} {spi_r:016x}")
        })
    }

    /// That end has no keys of Child SAs of the SA with that responder's SPI any more.
    fn forget(&mut self, end: Actor, spi_r: u64) {
        let from = ((spi_r, 0), Ipv4Addr::UNSPECIFIED.into(), 0);
        let of_sa = self.esp.range(from..).take_while(|(((of, _), ..), _)| *of == spi_r);
        let gone: Vec<Esp> =
            of_sa.filter(|(_, (who, _))| *who == end).map(|(esp, _)| *esp).collect();
        for esp in gone {
            self.esp.remove(&esp);
        }
    }

    fn request_arrived(&mut self, ike: &Ike<'_>) {
        let Some(values) = values(ike) else { return };
        if self.heard.len() >= TOLD_APART {
            self.heard.clear();
        }
        let heard = self.heard.get_or_insert_with(ike.header.spi_i.0, || Some(values));
        if *heard != Some(values) {
            *heard = None;
        }
    }

    fn request_sent(&mut self, number: u32, ike: &Ike<'_>) {
        self.nodes.entry(number).sent = values(ike);
    }

    fn response_sent(&mut self, ike: &Ike<'_>) {
        let (spi_i, spi_r) = ike.spis();
        if let Some(gateway) = self.gateway.get_mut(&(spi_r, spi_i)) {
            gateway.sent = values(ike);
        }
    }
}

#[cfg(test)]
impl SameKeys {
    /// How many things it holds.
    pub(super) fn held(&self) -> usize {
        self.nodes.len() + self.gateway.len() + self.esp.len()
    }
}

impl Check for SameKeys {
    fn name(&self) -> &'static str {
        "same keys"
    }

    fn event(&mut self, event: &Event<'_>, _findings: &mut Findings) {
        match (&event.what, event.who) {
            (What::Slept | What::Initiator(ike_initiator::Event::Closed(_)), Actor::Node(n)) => {
                if let Some(sa) = self.nodes.remove(n).and_then(|node| node.sa) {
                    self.forget(event.who, sa.0);
                }
            }
            (What::Responder(ike_responder::Event::Closed { sa, .. }), _) => {
                let spi_r = sa.spi_r().0;
                let of_sa = (spi_r, 0)..=(spi_r, u64::MAX);
                if let Some(sa) = self.gateway.range(of_sa).next().map(|(sa, _)| *sa) {
                    self.gateway.remove(&sa);
                }
                self.forget(Actor::Gateway, spi_r);
            }
            _ => {}
        }
    }

    fn sent(&mut self, packet: &Packet<'_>, _findings: &mut Findings) {
        let Some(ike) = packet.ike().filter(|ike| ike.is_init()) else { return };
        match packet.who {
            Actor::Node(number) if !ike.is_response() => self.request_sent(number, ike),
            Actor::Gateway if ike.is_response() => self.response_sent(ike),
            _ => {}
        }
    }

    fn arrived(&mut self, packet: &Packet<'_>, _findings: &mut Findings) {
        let Some(ike) = packet.ike().filter(|ike| ike.is_init()) else { return };
        match packet.who {
            Actor::Gateway if !ike.is_response() => self.request_arrived(ike),
            Actor::Node(number) if ike.is_response() => {
                if let Some(node) = self.nodes.get_mut(number) {
                    node.heard = values(ike);
                }
            }
            _ => {}
        }
    }

    fn ike_keys(&mut self, _at: Instant, log: &IkeKeyLog<'_>, findings: &mut Findings) {
        let (sa, keys) = ((log.spis.1.0, log.spis.0.0), ike_hash(log));
        match log.who {
            Actor::Gateway => self.of_gateway(sa, keys),
            Actor::Node(number) => {
                if let Some(what) = self.of_node(number, sa, keys) {
                    findings.add(log.who, what);
                }
            }
            _ => {}
        }
    }

    fn esp_keys(&mut self, _at: Instant, log: &EspKeyLog<'_>, findings: &mut Findings) {
        let esp = ((log.ike.1.0, log.ike.0.0), log.destination, log.spi);
        let protection = hash_of_value(&log.key.protection()).to_be_bytes();
        let [encryption, integrity] = parts(&log.key);
        let keys = (log.who, hash_of(&[&protection, encryption, integrity]));
        let Some(other) = self.esp.get(&esp).filter(|(who, _)| *who != log.who) else {
            self.esp.insert(esp, keys);
            return;
        };
        if other.1 != keys.1 {
            let what = format!(
                "node and gateway have different keys for ESP to {} under SPI {:08x}, \
                 made by IKE SA {} {}",
                log.destination, log.spi, log.ike.0, log.ike.1
            );
            findings.add(log.who, what);
        }
        self.esp.remove(&esp);
    }
}
