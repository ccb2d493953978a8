//! What the devices know of their SAs, seen by an observer: the one side of each comparison. That a device established
//! an SA is in the trace; a Child SA has keys only then.

use core::net::IpAddr;
use ike_core::IkeSpi;
use simulator::scenario::Scenario;
use simulator::{Actor, Addresses, EspKeyLog, IkeKeyLog, Observer};
use std::collections::BTreeMap;

/// An IKE SA of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeSa {
    /// The device's number.
    pub node: u32,
    /// The SPI of packets that the device receives.
    pub child_in: Option<u32>,
    /// The SPI of packets that it sends.
    pub child_out: Option<u32>,
}

/// Collects the SAs of all devices.
#[derive(Clone, Debug)]
pub struct Witness {
    /// The IKE SAs whose keys a device has computed, with the device.
    keyed: BTreeMap<(IkeSpi, IkeSpi), u32>,
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
            keyed: BTreeMap::new(),
            children: BTreeMap::new(),
            identities: identities.map(|id| id.to_string()).collect(),
            gateway: Addresses::new(scenario.family).gateway(),
        }
    }

    /// Who a device says it is.
    #[must_use]
    pub fn identity(&self, node: u32) -> Option<&str> {
        self.identities.get(usize::try_from(node).ok()?).map(String::as_str)
    }

    /// What a device knows of an IKE SA whose keys it has computed, whether or not a Child SA came of it.
    #[must_use]
    pub fn known(&self, spis: (IkeSpi, IkeSpi)) -> Option<NodeSa> {
        let node = *self.keyed.get(&spis)?;
        let (child_out, child_in) = self.children.get(&spis).copied().unwrap_or_default();
        Some(NodeSa { node, child_in, child_out })
    }

    /// The same, by the SPIs of its Child SA: of packets to the gateway, and from it.
    #[must_use]
    pub fn with_child(&self, to_gateway: u32, from_gateway: u32) -> Option<NodeSa> {
        let child = (Some(to_gateway), Some(from_gateway));
        let (spis, _) = self.children.iter().find(|(_, spis)| **spis == child)?;
        self.known(*spis)
    }

    /// Whether some device says it is that.
    #[must_use]
    pub fn knows(&self, identity: &str) -> bool {
        self.identities.iter().any(|known| known == identity)
    }
}

impl Observer for Witness {
    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        if let Actor::Node(node) = keys.who {
            self.keyed.insert(keys.spis, node);
        }
    }

    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        let Actor::Node(_) = keys.who else { return };
        let child = self.children.entry(keys.ike).or_default();
        if keys.destination == self.gateway {
            child.0 = Some(keys.spi);
        } else {
            child.1 = Some(keys.spi);
        }
    }
}
