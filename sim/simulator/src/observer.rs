//! How one looks at a run: observers borrow what happens and never touch the nodes.

use crate::Event;
use crate::event::Place;
use core::net::IpAddr;
use crypto::ProtectionKey;
use ike_core::{IkeKeys, IkeSpi, IkeSuite, Instant};
use vnet::link::Fate;

/// A datagram that enters a link.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// When.
    pub at: Instant,
    /// Where.
    pub place: Place,
    /// What the link decided.
    pub fate: Fate,
    /// The IP datagram.
    pub octets: &'a [u8],
}

/// The keys of an IKE SA, as soon as a node has them.
#[derive(Clone, Debug)]
pub struct IkeKeyLog {
    /// SPIs of initiator and responder.
    pub spis: (IkeSpi, IkeSpi),
    /// The algorithms.
    pub suite: IkeSuite,
    /// The keys.
    pub keys: IkeKeys,
}

/// The keys of one direction of a Child SA.
#[derive(Clone, Debug)]
pub struct EspKeyLog {
    /// Where packets come from.
    pub source: IpAddr,
    /// Where they go to.
    pub destination: IpAddr,
    /// The SPI.
    pub spi: u32,
    /// The keys.
    pub key: ProtectionKey,
}

/// Sees everything in order. What is not overridden is ignored.
pub trait Observer {
    /// Something happened.
    fn event(&mut self, event: &Event<'_>) {
        let _ = event;
    }

    /// A datagram enters a link.
    fn datagram(&mut self, datagram: &Datagram<'_>) {
        let _ = datagram;
    }

    /// An IKE SA has keys.
    fn ike_keys(&mut self, keys: &IkeKeyLog) {
        let _ = keys;
    }

    /// A direction of a Child SA has keys.
    fn esp_keys(&mut self, keys: &EspKeyLog) {
        let _ = keys;
    }
}
