//! How one looks at a run: observers borrow what happens and never touch the nodes.

use crate::Event;
use crate::event::{Actor, Place};
use core::net::IpAddr;
use crypto::ProtectionKey;
use ike_core::{IkeKeys, IkeSpi, IkeSuite, Instant};
use std::borrow::Cow;
use vnet::link::Fate;

/// A datagram that enters a link.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// When.
    pub at: Instant,
    /// Who sends it.
    pub who: Actor,
    /// Where.
    pub place: Place,
    /// What the link decided.
    pub fate: Fate,
    /// The IP datagram.
    pub octets: &'a [u8],
}

/// A datagram that leaves a link, as it arrives there.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// When.
    pub at: Instant,
    /// Who is at that end of the link.
    pub who: Actor,
    /// Where.
    pub place: Place,
    /// The IP datagram.
    pub octets: &'a [u8],
}

/// The keys of an IKE SA, as soon as one end has them: each end shows its own.
#[derive(Clone, Debug)]
pub struct IkeKeyLog<'a> {
    /// Which end.
    pub who: Actor,
    /// SPIs of initiator and responder.
    pub spis: (IkeSpi, IkeSpi),
    /// The algorithms.
    pub suite: IkeSuite,
    /// The keys.
    pub keys: Cow<'a, IkeKeys>,
}

impl IkeKeyLog<'_> {
    /// A copy to keep.
    #[must_use]
    pub fn to_kept(&self) -> IkeKeyLog<'static> {
        let keys = Cow::Owned(self.keys.as_ref().clone());
        IkeKeyLog { who: self.who, spis: self.spis, suite: self.suite, keys }
    }
}

/// The keys of one direction of a Child SA, as soon as one end has them: each end shows its own.
#[derive(Clone, Debug)]
pub struct EspKeyLog<'a> {
    /// Which end.
    pub who: Actor,
    /// The IKE SA that made it, by the SPIs of initiator and responder.
    pub ike: (IkeSpi, IkeSpi),
    /// Where packets come from.
    pub source: IpAddr,
    /// Where they go to.
    pub destination: IpAddr,
    /// The SPI.
    pub spi: u32,
    /// The keys.
    pub key: Cow<'a, ProtectionKey>,
}

impl EspKeyLog<'_> {
    /// A copy to keep.
    #[must_use]
    pub fn to_kept(&self) -> EspKeyLog<'static> {
        let Self { who, ike, source, destination, spi, .. } = *self;
        let key = Cow::Owned(self.key.as_ref().clone());
        EspKeyLog { who, ike, source, destination, spi, key }
    }
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

    /// A datagram leaves a link; the event [`crate::What::Arrived`] follows.
    fn arrival(&mut self, arrival: &Arrival<'_>) {
        let _ = arrival;
    }

    /// A node looks at a datagram that had to wait since it left its link: its radio or its processor was busy, or its
    /// radio was off. Of nodes that never wait ([`Group::is_delayed`](crate::scenario::Group::is_delayed)) nothing is
    /// told.
    fn taken(&mut self, arrival: &Arrival<'_>) {
        let _ = arrival;
    }

    /// An IKE SA has keys.
    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        let _ = keys;
    }

    /// A direction of a Child SA has keys.
    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        let _ = keys;
    }
}

/// An observer that looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Observer for Nobody {}

/// Two observers of one run: the first sees everything first.
pub struct Both<'a, A: ?Sized, B: ?Sized>(pub &'a mut A, pub &'a mut B);

impl<A: Observer + ?Sized, B: Observer + ?Sized> Observer for Both<'_, A, B> {
    fn event(&mut self, event: &Event<'_>) {
        self.0.event(event);
        self.1.event(event);
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        self.0.datagram(datagram);
        self.1.datagram(datagram);
    }

    fn arrival(&mut self, arrival: &Arrival<'_>) {
        self.0.arrival(arrival);
        self.1.arrival(arrival);
    }

    fn taken(&mut self, arrival: &Arrival<'_>) {
        self.0.taken(arrival);
        self.1.taken(arrival);
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        self.0.ike_keys(keys);
        self.1.ike_keys(keys);
    }

    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        self.0.esp_keys(keys);
        self.1.esp_keys(keys);
    }
}
