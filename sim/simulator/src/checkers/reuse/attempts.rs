//! SPIs and nonces of IKE_SA_INIT: each attempt has its own, in every wake of every node.

use super::super::hash_of;
use super::super::packet::{Ike, NONCE};
use super::super::per_node::PerNode;
use crate::by_spi::BySpi;
use crate::event::Actor;

#[derive(Default)]
pub(super) struct Attempts {
    /// SPI and nonce of the attempt that a node is in.
    nodes: PerNode<(u64, u64)>,
    /// The SPIs of all initiators.
    initiators: BySpi<u64, ()>,
    /// The SPIs of all responders, each with the attempt that it answers.
    responders: BySpi<u64, u64>,
    /// All nonces.
    nonces: BySpi<u64, ()>,
}

impl Attempts {
    /// A node begins a new attempt.
    pub(super) fn begin(&mut self, number: u32) {
        self.nodes.remove(number);
    }

    pub(super) fn sent(&mut self, who: Actor, ike: &Ike<'_>) -> Option<String> {
        if !ike.is_init() {
            return None;
        }
        let nonce = hash_of(&[ike.part(NONCE)?.body]);
        match who {
            Actor::Node(number) => self.request(number, ike.header.spi_i.0, nonce),
            Actor::Gateway => self.response(ike.spis(), nonce),
            _ => None,
        }
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.initiators.len() + self.responders.len() + self.nonces.len()
    }

    fn request(&mut self, number: u32, spi: u64, nonce: u64) -> Option<String> {
        // Sent again, or with a cookie, or with another group: SPI and nonce stay (RFC 7296 1.2, 2.6).
        if let Some(current) = self.nodes.get(number) {
            return (*current != (spi, nonce))
                .then(|| format!("SPI {spi:016x} or its nonce is not that of the attempt so far"));
        }
        self.nodes.put(number, (spi, nonce));
        let new = (is_new(&mut self.initiators, spi), is_new(&mut self.nonces, nonce));
        used_before(new, spi)
    }

    fn response(&mut self, (spi_i, spi_r): (u64, u64), nonce: u64) -> Option<String> {
        // Forgotten and asked again, the same request may get the same answer.
        let attempt = hash_of(&[&spi_i.to_be_bytes(), &nonce.to_be_bytes()]);
        if self.responders.get(&spi_r) == Some(&attempt) {
            return None;
        }
        let new = self.responders.insert(spi_r, attempt).is_none();
        used_before((new, is_new(&mut self.nonces, nonce)), spi_r)
    }
}

fn is_new(set: &mut BySpi<u64, ()>, value: u64) -> bool {
    set.insert(value, ()).is_none()
}

fn used_before(new: (bool, bool), spi: u64) -> Option<String> {
    match new {
        (true, true) => None,
        (false, true) => Some(format!("SPI {spi:016x} was used in an earlier attempt")),
        (true, false) => {
            Some(format!("the nonce of SPI {spi:016x} was used in an earlier attempt"))
        }
        (false, false) => {
            Some(format!("SPI {spi:016x} and its nonce were used in an earlier attempt"))
        }
    }
}
