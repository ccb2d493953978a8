//! What the devices know of their SAs, seen by an observer: the one side of each comparison.

use core::net::IpAddr;
use ike_core::{IkeSpi, Instant};
use simulator::scenario::Scenario;
use simulator::{Actor, Arrival, Datagram, EspKeyLog, Event, IkeKeyLog, Observer, What, gateway_address};
use std::collections::BTreeMap;

/// An SA that a device established.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSa {
    /// The device's number.
    pub node: u32,
    /// When.
    pub at: Instant,
    /// SPIs of initiator and responder.
    pub spis: (IkeSpi, IkeSpi),
    /// The SPI of packets that the device receives.
    pub child_in: Option<u32>,
    /// The SPI of packets that it sends.
    pub child_out: Option<u32>,
}

/// Collects the SAs of all devices.
#[derive(Clone, Debug)]
pub struct Witness {
    /// In the order in which they were established.
    pub established: Vec<NodeSa>,
    /// The IKE SA whose keys a device has computed last.
    latest: BTreeMap<u32, (IkeSpi, IkeSpi)>,
    /// By IKE SA: SPIs of packets to the gateway, and from it.
    children: BTreeMap<(IkeSpi, IkeSpi), (Option<u32>, Option<u32>)>,
    identities: Vec<String>,
    gateway: IpAddr,
}

impl Witness {
    /// An empty one of a run of `scenario`.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let groups = scenario.groups.iter();
        let identities = groups.flat_map(|group| group.numbers().map(|n| group.identity(n)));
        Self {
            established: Vec::new(),
            latest: BTreeMap::new(),
            children: BTreeMap::new(),
            identities: identities.map(|id| id.to_string()).collect(),
            gateway: gateway_address(scenario),
        }
    }

    /// Who a device says it is.
    #[must_use]
    pub fn identity(&self, node: u32) -> Option<&str> {
        self.identities.get(usize::try_from(node).ok()?).map(String::as_str)
    }

    /// All SAs, with what is known of their Child SAs by now.
    pub fn sas(&self) -> impl Iterator<Item = NodeSa> + '_ {
        self.established.iter().map(|sa| {
            let (child_out, child_in) = self.children.get(&sa.spis).copied().unwrap_or_default();
            NodeSa { child_in, child_out, ..sa.clone() }
        })
    }
}

impl Observer for Witness {
    fn event(&mut self, event: &Event<'_>) {
        let Actor::Node(node) = event.who else { return };
        if !matches!(event.what, What::Initiator(ike_initiator::Event::Established { .. })) {
            return;
        }
        if let Some(spis) = self.latest.get(&node) {
            let sa = NodeSa { node, at: event.at, spis: *spis, child_in: None, child_out: None };
            self.established.push(sa);
        }
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog) {
        if let Actor::Node(node) = keys.who {
            self.latest.insert(node, keys.spis);
        }
    }

    fn esp_keys(&mut self, keys: &EspKeyLog) {
        let Actor::Node(_) = keys.who else { return };
        let child = self.children.entry(keys.ike).or_default();
        if keys.destination == self.gateway {
            child.0 = Some(keys.spi);
        } else {
            child.1 = Some(keys.spi);
        }
    }
}

/// Two observers of one run.
pub struct Both<'a, A, B>(pub &'a mut A, pub &'a mut B);

impl<A: Observer, B: Observer> Observer for Both<'_, A, B> {
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

    fn ike_keys(&mut self, keys: &IkeKeyLog) {
        self.0.ike_keys(keys);
        self.1.ike_keys(keys);
    }

    fn esp_keys(&mut self, keys: &EspKeyLog) {
        self.0.esp_keys(keys);
        self.1.esp_keys(keys);
    }
}
