//! A device outside: it has the near end of the only link, by a door, at the times that somebody else keeps.
//!
//! What leaves the link on its way back waits for [`World::take_outgoing`]. What the device sends comes in by
//! [`World::hand_in`] and enters the link, with all its faults, as if a node of ours had sent it. The gateway is the
//! reference responder in this world, and the server is behind it.

use super::behaviour::GatewayBehaviour;
use super::gateway::Gateway;
use super::outside::{Edge, seen_in};
use super::shared::Core;
use super::{Behaviours, World};
use crate::event::{Actor, PacketDrop, What};
use crate::observer::Observer;
use crate::scenario::Scenario;
use crypto::Crypto;
use std::collections::VecDeque;
use vnet::ip;
use vnet::link::Direction;

/// The node that the device is: the first of the scenario, and the only one.
pub(super) const DEVICE: u32 = 0;

/// What has left the link and waits for the device.
#[derive(Default)]
pub(super) struct DeviceDoor {
    outgoing: VecDeque<Vec<u8>>,
}

impl DeviceDoor {
    /// A packet leaves the link.
    pub(super) fn receive(&mut self, packet: Vec<u8>) {
        self.outgoing.push_back(packet);
    }

    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        self.outgoing.pop_front()
    }

    pub(super) fn is_drained(&self) -> bool {
        self.outgoing.is_empty()
    }
}

impl<'a> World<'a> {
    /// As [`World::new`], but the scenario's node is outside, and no initiator of ours runs for it: whoever has it
    /// takes the packets for it with [`World::take_outgoing`] and hands in what it sends with [`World::hand_in`].
    /// Its group says who it is, with which key, and what its link does; when it wakes and what it does then is its own
    /// affair.
    ///
    /// # Panics
    /// Where the scenario has more nodes than one.
    #[must_use]
    pub fn with_device_outside(
        scenario: &'a Scenario,
        seed: u64,
        observer: &'a mut dyn Observer,
    ) -> Self {
        assert_eq!(scenario.nodes(), 1, "a device outside is the only node");
        let behaviours = Behaviours::default();
        let core = Core::new(scenario, seed, observer, behaviours.node);
        let behaviour = GatewayBehaviour::new(scenario, behaviours.gateway);
        let gateway = Gateway::new(scenario, &core, behaviour, scenario.crypto);
        let edge = Edge::Inside(Box::new(gateway));
        Self::populated(scenario, core, (edge, Some(DeviceDoor::default())), scenario.crypto)
    }
}

impl<C: Crypto + Clone> World<'_, C> {
    /// A packet of the device enters its link.
    pub(super) fn pass_in_of_device(&mut self, packet: Vec<u8>) {
        let who = Actor::Node(DEVICE);
        let seen = match ip::parse(&packet) {
            Ok(datagram) => seen_in(&datagram),
            Err(error) => {
                let reason = PacketDrop::Ip(error);
                return self.core.emit(who, What::PacketDropped { reason });
            }
        };
        if let Some(what) = seen {
            self.core.emit(who, what);
        }
        self.core.send(who, DEVICE, Direction::Towards, packet);
    }
}
