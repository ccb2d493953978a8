//! A node that sleeps does nothing: it sends nothing, and what arrives at it causes nothing.
//!
//! Memory: an octet for each node.

use super::packet::Packet;
use super::{Check, Findings};
use crate::event::{Actor, Event, What};

#[derive(Default)]
pub(super) struct Sleep {
    awake: Vec<bool>,
}

impl Sleep {
    fn is_awake(&self, number: u32) -> bool {
        usize::try_from(number).is_ok_and(|index| self.awake.get(index) == Some(&true))
    }

    fn set(&mut self, number: u32, awake: bool) {
        let index = usize::try_from(number).expect("a node's number fits");
        if self.awake.len() <= index {
            self.awake.resize(index + 1, false);
        }
        self.awake[index] = awake;
    }
}

impl Check for Sleep {
    fn name(&self) -> &'static str {
        "sleep"
    }

    fn event(&mut self, event: &Event<'_>, findings: &mut Findings) {
        let Actor::Node(number) = event.who else { return };
        let awake = self.is_awake(number);
        match event.what {
            What::Woke { wake } => {
                if awake {
                    findings.add(event.who, format!("woke for wake {wake} and was awake"));
                }
                self.set(number, true);
            }
            // Its radio is off: the datagram ends at the antenna.
            What::Arrived { .. } => {}
            _ if !awake => {
                findings
                    .add(event.who, format!("{} happened to a sleeping node", event.what.name()));
            }
            What::Slept => self.set(number, false),
            _ => {}
        }
    }

    fn sent(&mut self, packet: &Packet<'_>, findings: &mut Findings) {
        let Actor::Node(number) = packet.who else { return };
        if !self.is_awake(number) {
            let len = packet.octets.len();
            findings.add(packet.who, format!("a sleeping node sent a datagram of {len} octets"));
        }
    }
}
