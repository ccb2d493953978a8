//! Both ends derived the same keys (RFC 7296 2.14, 2.17).
//!
//! Memory: a hash for each IKE SA, and for each direction of a Child SA, of which only one end has
//! shown its keys, until that end has none any more.

use super::{Check, Findings, hash_of};
use crate::event::{Actor, Event, What};
use crate::observer::{EspKeyLog, IkeKeyLog};
use core::net::IpAddr;
use crypto::ProtectionKey;
use ike_core::Instant;
use std::collections::BTreeMap;

/// The IKE SA by its SPIs, the responder's first.
type Sa = (u64, u64);

/// Which keys: of the IKE SA, or of packets to there under that SPI.
type Which = Option<(IpAddr, u32)>;

#[derive(Default)]
pub(super) struct SameKeys {
    /// Whose they are, with the hash.
    seen: BTreeMap<(Sa, Which), (Actor, u64)>,
    /// The IKE SA that each node had last.
    nodes: BTreeMap<u32, Sa>,
}

impl SameKeys {
    fn compare(&mut self, which: (Sa, Which), keys: (Actor, u64), findings: &mut Findings) {
        match self.seen.get(&which) {
            Some((who, hash)) if *who != keys.0 => {
                if *hash != keys.1 {
                    findings.add(keys.0, differ(which));
                }
                self.seen.remove(&which);
            }
            _ => {
                self.seen.insert(which, keys);
            }
        }
    }

    /// That end has no keys of the SA any more.
    fn forget(&mut self, end: impl Fn(Actor) -> bool, sa: Sa) {
        let of_sa = (sa, None)..;
        let gone: Vec<_> = self
            .seen
            .range(of_sa)
            .take_while(|((of, _), _)| *of == sa)
            .filter(|(_, (who, _))| end(*who))
            .map(|(which, _)| *which)
            .collect();
        for which in gone {
            self.seen.remove(&which);
        }
    }

    fn forget_at_gateway(&mut self, spi_r: u64) {
        let from = ((spi_r, 0), None);
        let sa = self.seen.range(from..).next().map(|((sa, _), _)| *sa);
        if let Some(sa) = sa.filter(|sa| sa.0 == spi_r) {
            self.forget(|who| who == Actor::Gateway, sa);
        }
    }

    fn forget_at_node(&mut self, number: u32) {
        if let Some(sa) = self.nodes.remove(&number) {
            self.forget(|who| who == Actor::Node(number), sa);
        }
    }
}

fn differ((sa, which): (Sa, Which)) -> String {
    let (spi_r, spi_i) = sa;
    match which {
        None => {
            format!("node and gateway have different keys for IKE SA {spi_i:016x} {spi_r:016x}")
        }
        Some((to, spi)) => format!(
            "node and gateway have different keys for ESP to {to} under SPI {spi:08x}, \
             made by IKE SA {spi_i:016x} {spi_r:016x}"
        ),
    }
}

fn parts(key: &ProtectionKey) -> [&[u8]; 2] {
    [key.encryption(), key.integrity()]
}

#[cfg(test)]
impl SameKeys {
    /// How many things it holds.
    pub(super) fn held(&self) -> usize {
        self.seen.len() + self.nodes.len()
    }
}

impl Check for SameKeys {
    fn name(&self) -> &'static str {
        "same keys"
    }

    fn event(&mut self, event: &Event<'_>, _findings: &mut Findings) {
        match (&event.what, event.who) {
            (What::Slept | What::Initiator(ike_initiator::Event::Closed(_)), Actor::Node(n)) => {
                self.forget_at_node(n);
            }
            (What::Responder(ike_responder::Event::Closed { sa, .. }), _) => {
                self.forget_at_gateway(sa.spi_r().0);
            }
            _ => {}
        }
    }

    fn ike_keys(&mut self, _at: Instant, log: &IkeKeyLog, findings: &mut Findings) {
        let sa = (log.spis.1.0, log.spis.0.0);
        if let Actor::Node(number) = log.who {
            self.nodes.insert(number, sa);
        }
        let keys = &log.keys;
        let [ei, ai] = parts(&keys.initiator);
        let [er, ar] = parts(&keys.responder);
        let suite = format!("{:?}", log.suite);
        let all = [
            suite.as_bytes(),
            keys.d.as_slice(),
            ei,
            ai,
            er,
            ar,
            keys.pi.as_slice(),
            keys.pr.as_slice(),
        ];
        self.compare((sa, None), (log.who, hash_of(&all)), findings);
    }

    fn esp_keys(&mut self, _at: Instant, log: &EspKeyLog, findings: &mut Findings) {
        let sa = (log.ike.1.0, log.ike.0.0);
        let protection = format!("{:?}", log.key.protection());
        let [encryption, integrity] = parts(&log.key);
        let hash = hash_of(&[protection.as_bytes(), encryption, integrity]);
        self.compare((sa, Some((log.destination, log.spi))), (log.who, hash), findings);
    }
}
