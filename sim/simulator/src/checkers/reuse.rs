//! Nothing that must be used once is used twice: no IV under a key for other octets (RFC 7296 3.14,
//! RFC 5282 3.1), no ESP sequence number under a key (RFC 4303 3.3.3), no SPI and no nonce for another
//! attempt (RFC 7296 2.6, 2.10), and no key for anything else.
//!
//! Memory: of an SA as long as an end has its keys, the IVs: one range for a counter, 32 octets for
//! each packet with random IVs; for each protected IKE message a hash. For ever, as 64-bit hashes: the
//! four keys of each attempt with what they were for, its SPIs and its nonces: 16 words, about 200
//! octets with the tables that hold them. Two of n hashes are equal by chance with n^2 / 2^65: for a
//! million attempts less than 10^-5.

mod attempts;

use super::packet::{Content, Esp, Ike, Packet, SK, iv_number};
use super::per_node::PerNode;
use super::ranges::Ranges;
use super::{Check, Findings, hash_of};
use crate::by_spi::BySpi;
use crate::event::{Actor, Event, What};
use crate::observer::{EspKeyLog, IkeKeyLog};
use crate::world::Placement;
use attempts::Attempts;
use core::net::IpAddr;
use crypto::ProtectionKey;
use ike_core::Instant;
use std::collections::BTreeMap;

/// An IKE SA by its SPIs, the responder's first.
type Sa = (u64, u64);

#[derive(Default)]
pub(super) struct Reuse {
    /// All keys that there were, by their hash.
    keys: BySpi<u64, Known>,
    /// The IKE SAs of each end: a damaged IKE_SA_INIT may give each its own keys.
    ike: BySpi<(Sa, End), IkeSa>,
    /// The initiator's SPI of each SA that the gateway has, by the responder's.
    at_gateway: BySpi<u64, u64>,
    /// By SPI and destination, at each end.
    esp: BySpi<(u32, IpAddr, End), EspSa>,
    /// The SA that a node had last.
    nodes: PerNode<Sa>,
    /// Ends that have closed: what they still had to send leaves at the same instant.
    closing: Vec<(Instant, Sa, End)>,
    attempts: Attempts,
    /// Child SAs of an IKE SA of the gateway that was rekeyed, by the responder's SPI of the new one, whose keys come next.
    inherited: BTreeMap<u64, Vec<(u32, IpAddr)>>,
    /// Whoever is outside shows no keys: what it seals is not judged.
    placement: Placement,
}

/// Which end of an SA.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum End {
    Node,
    Gateway,
}

impl End {
    fn of(who: Actor) -> Self {
        if who == Actor::Gateway { Self::Gateway } else { Self::Node }
    }
}

struct IkeSa {
    /// Hashes of the keys of initiator and responder.
    keys: [u64; 2],
    iv_len: usize,
    children: Vec<(u32, IpAddr)>,
}

struct EspSa {
    key: u64,
    iv_len: usize,
}

/// A key that there was.
struct Known {
    /// A hash of what it was for.
    purpose: u64,
    /// While somebody has it.
    used: Option<Box<KeyUse>>,
}

/// How a key is used.
#[derive(Default)]
struct KeyUse {
    /// How many ends have it.
    ends: u32,
    ivs: Ranges,
    /// By IV, in order, the hash of the IKE message: it may be sent again as it is.
    messages: Vec<(u128, u64)>,
    /// The last ESP packet.
    sequence: u32,
}

/// A hash of what a key of ESP is for.
fn esp_purpose(sa: Sa, (spi, destination): (u32, IpAddr)) -> u64 {
    let spis = [sa.0.to_be_bytes(), sa.1.to_be_bytes()];
    let address = match destination {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    hash_of(&[spis.as_flattened(), &spi.to_be_bytes(), &address.octets()])
}

fn key_hash(key: &ProtectionKey) -> u64 {
    hash_of(&[key.encryption(), key.integrity()])
}

impl Reuse {
    pub(super) fn new(placement: Placement) -> Self {
        Self { placement, ..Self::default() }
    }

    fn is_outside(&self, end: End) -> bool {
        match self.placement {
            Placement::Inside => false,
            Placement::Outside => end == End::Gateway,
            Placement::DeviceOutside => end == End::Node,
        }
    }

    /// One more end has a key, for a purpose; `Some`: it was there for another one.
    fn claim(&mut self, key: u64, purpose: u64, what: impl FnOnce() -> String) -> Option<String> {
        let mut is_new = false;
        let known = self.keys.get_or_insert_with(key, || {
            is_new = true;
            Known { purpose, used: None }
        });
        let before = (!is_new).then_some(known.purpose);
        if known.used.is_none() {
            known.purpose = purpose;
        }
        known.used.get_or_insert_default().ends += 1;
        (before? != purpose)
            .then(|| format!("{} has a key that was used for another purpose", what()))
    }

    /// One end less has a key.
    fn release(&mut self, key: u64) {
        let Some(known) = self.keys.get_mut(&key) else { return };
        let Some(used) = &mut known.used else { return };
        used.ends -= 1;
        if used.ends == 0 {
            known.used = None;
        }
    }

    /// How a key that somebody has was used.
    fn used(&mut self, key: u64) -> Option<&mut KeyUse> {
        self.keys.get_mut(&key)?.used.as_deref_mut()
    }

    fn sa_at_gateway(&self, spi_r: u64) -> Option<Sa> {
        self.at_gateway.get(&spi_r).map(|spi_i| (spi_r, *spi_i))
    }

    /// Forgets what an end has no keys of any more.
    fn forget(&mut self, now: Instant) {
        if self.closing.first().is_none_or(|(at, ..)| *at >= now) {
            return;
        }
        for (_, sa, end) in core::mem::take(&mut self.closing) {
            self.remove(sa, end);
        }
    }

    fn remove(&mut self, sa: Sa, end: End) {
        let Some(state) = self.ike.remove(&(sa, end)) else { return };
        if end == End::Gateway {
            self.at_gateway.remove(&sa.0);
        }
        for key in state.keys {
            self.release(key);
        }
        for (spi, destination) in state.children {
            if let Some(child) = self.esp.remove(&(spi, destination, end)) {
                self.release(child.key);
            }
        }
    }

    fn ike(&mut self, ike: &Ike<'_>, end: End) -> Option<String> {
        let (spi_i, spi_r) = ike.spis();
        let sk = ike.part(SK)?;
        let sa = self.ike.get(&((spi_r, spi_i), end))?;
        let key = sa.keys[usize::from(!ike.header.flags.is_initiator())];
        let iv = sk.body.get(..sa.iv_len)?;
        let digest = ike.digest();
        let messages = &mut self.used(key)?.messages;
        let iv_number = iv_number(iv);
        let at = match messages.binary_search_by_key(&iv_number, |(iv, _)| *iv) {
            Ok(at) => at,
            Err(at) => {
                messages.insert(at, (iv_number, digest));
                return None;
            }
        };
        let before = core::mem::replace(&mut messages[at].1, digest);
        (before != digest).then(|| {
            format!(
                "{} {} of IKE SA {spi_i:016x} {spi_r:016x} has the IV {iv:02x?} of another message",
                ike.header.exchange, ike.header.message_id
            )
        })
    }

    fn esp(&mut self, esp: &Esp<'_>, findings: &mut Findings, who: Actor) {
        let (spi, sequence) = (esp.spi, esp.sequence);
        let known =
            self.esp.get(&(spi, esp.destination, End::of(who))).map(|sa| (sa.key, sa.iv_len));
        let Some((used, iv_len)) = known.and_then(|(key, iv_len)| Some((self.used(key)?, iv_len)))
        else {
            findings.add(who, format!("an ESP packet has SPI {spi:08x}, of which there is no key"));
            return;
        };
        if sequence <= used.sequence {
            let last = used.sequence;
            findings
                .add(who, format!("ESP sequence {sequence} under SPI {spi:08x} follows {last}"));
        }
        used.sequence = used.sequence.max(sequence);
        let Some(iv) = esp.body.get(..iv_len) else { return };
        if !used.ivs.insert(iv_number(iv)) {
            let what =
                format!("ESP packet {sequence} under SPI {spi:08x} has the IV {iv:02x?} again");
            findings.add(who, what);
        }
    }
}

#[cfg(test)]
impl Reuse {
    /// How many things it holds.
    pub(super) fn held(&self) -> usize {
        let used = self.keys.values().filter(|known| known.used.is_some()).count();
        let ike = self.ike.len() + self.at_gateway.len();
        used + ike + self.esp.len() + self.nodes.len() + self.closing.len()
    }

    /// How many hashes it keeps for ever.
    pub(super) fn remembered(&self) -> usize {
        self.keys.len() + self.attempts.remembered()
    }
}

impl Check for Reuse {
    fn name(&self) -> &'static str {
        "reuse"
    }

    fn event(&mut self, event: &Event<'_>, _findings: &mut Findings) {
        self.forget(event.at);
        match (&event.what, event.who) {
            (What::Slept | What::Initiator(ike_initiator::Event::Closed(_)), Actor::Node(n)) => {
                let sa = self.nodes.remove(n);
                self.closing.extend(sa.map(|sa| (event.at, *sa, End::Node)));
            }
            (What::Responder(ike_responder::Event::Closed { sa, .. }), _) => {
                let sa = self.sa_at_gateway(sa.spi_r().0);
                self.closing.extend(sa.map(|sa| (event.at, sa, End::Gateway)));
            }
            (What::Responder(ike_responder::Event::Rekeyed { old, new, .. }), _) => {
                // RFC 7296 2.8: the new IKE SA has all Child SAs of the old one.
                let old = self.sa_at_gateway(old.spi_r().0).map(|sa| (sa, End::Gateway));
                if let Some(old) = old.and_then(|old| self.ike.get_mut(&old)) {
                    let children = core::mem::take(&mut old.children);
                    self.inherited.insert(new.spi_r().0, children);
                }
            }
            (What::Attempt { .. }, Actor::Node(number)) => self.attempts.begin(number),
            _ => {}
        }
    }

    fn ike_keys(&mut self, _at: Instant, log: &IkeKeyLog<'_>, findings: &mut Findings) {
        let sa = (log.spis.1.0, log.spis.0.0);
        if let Actor::Node(number) = log.who {
            self.nodes.put(number, sa);
        }
        // An end that closed it may have it again at once.
        let end = End::of(log.who);
        self.closing.retain(|(_, closed, of)| (*closed, *of) != (sa, end));
        self.remove(sa, end);
        let keys = [key_hash(&log.keys.initiator), key_hash(&log.keys.responder)];
        for (side, key) in keys.iter().enumerate() {
            let purpose =
                hash_of(&[&sa.0.to_be_bytes(), &sa.1.to_be_bytes(), &[side.to_be_bytes()[7]]]);
            let what = || format!("IKE SA {} {}", log.spis.0, log.spis.1);
            if let Some(wrong) = self.claim(*key, purpose, what) {
                findings.add(log.who, wrong);
            }
        }
        let iv_len = log.suite.protection.encryption().iv_len();
        let inherited = if end == End::Gateway { self.inherited.remove(&sa.0) } else { None };
        let children = inherited.unwrap_or_default();
        self.ike.insert((sa, end), IkeSa { keys, iv_len, children });
        if end == End::Gateway {
            self.at_gateway.insert(sa.0, sa.1);
        }
    }

    fn esp_keys(&mut self, _at: Instant, log: &EspKeyLog<'_>, findings: &mut Findings) {
        let (sa, end) = ((log.ike.1.0, log.ike.0.0), End::of(log.who));
        let which = (log.spi, log.destination);
        let (key, iv_len) = (key_hash(&log.key), log.key.protection().encryption().iv_len());
        let what = || format!("ESP under SPI {:08x}", log.spi);
        if let Some(wrong) = self.claim(key, esp_purpose(sa, which), what) {
            findings.add(log.who, wrong);
        }
        if let Some(ike) = self.ike.get_mut(&(sa, end)) {
            ike.children.push(which);
        }
        let (spi, destination) = which;
        if let Some(before) = self.esp.insert((spi, destination, end), EspSa { key, iv_len }) {
            self.release(before.key);
        }
    }

    fn sent(&mut self, packet: &Packet<'_>, findings: &mut Findings) {
        self.forget(packet.at);
        if !packet.is_of_machine() {
            return;
        }
        match &packet.content {
            Content::Ike(ike) => {
                // A device outside does not tell when an attempt ends and another one begins.
                let foreign =
                    self.placement == Placement::DeviceOutside && End::of(packet.who) == End::Node;
                let wrong = self
                    .ike(ike, End::of(packet.who))
                    .or_else(|| self.attempts.sent(packet.who, ike).filter(|_| !foreign));
                if let Some(what) = wrong {
                    findings.add(packet.who, what);
                }
            }
            Content::Esp(_) if self.is_outside(End::of(packet.who)) => {}
            Content::Esp(esp) => self.esp(esp, findings, packet.who),
            Content::Other => {}
        }
    }
}
