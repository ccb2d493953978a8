//! A responder never sends a response again by itself: as often as the request arrives, and no
//! oftener (RFC 7296 2.1). That holds for the gateway, and for a node that answers the gateway.
//!
//! Memory: the requests that arrived and were not answered yet. They are counted by SPI and Message
//! ID; should there ever be 65,536 of them, all that is kept is how many they are.

use super::packet::Packet;
use super::{Check, Findings};
use crate::by_spi::BySpi;
use crate::event::Actor;

/// Unanswered requests that are told apart.
const TOLD_APART: usize = 65_536;

/// Who answers, the initiator's SPI, the Message ID.
type Request = (Actor, u64, u32);

#[derive(Default)]
pub(super) struct Silence {
    unanswered: BySpi<Request, u64>,
    /// Requests that are not told apart any more: so many responses are not judged.
    forgotten: u64,
}

#[cfg(test)]
impl Silence {
    /// How many things it holds.
    pub(super) fn held(&self) -> usize {
        self.unanswered.len()
    }
}

impl Check for Silence {
    fn name(&self) -> &'static str {
        "silence"
    }

    fn arrived(&mut self, packet: &Packet<'_>, _findings: &mut Findings) {
        let Some(ike) = packet.ike().filter(|ike| !ike.is_response()) else { return };
        if self.unanswered.len() == TOLD_APART {
            self.forgotten += self.unanswered.values().sum::<u64>();
            self.unanswered.clear();
        }
        let request = (packet.who, ike.header.spi_i.0, ike.header.message_id);
        *self.unanswered.get_or_insert_with(request, || 0) += 1;
    }

    fn sent(&mut self, packet: &Packet<'_>, findings: &mut Findings) {
        let Some(ike) = packet.ike().filter(|ike| ike.is_response()) else { return };
        if !packet.is_of_machine() {
            return;
        }
        let request = (packet.who, ike.header.spi_i.0, ike.header.message_id);
        match self.unanswered.get_mut(&request) {
            Some(1) => {
                self.unanswered.remove(&request);
            }
            Some(count) => *count -= 1,
            None if self.forgotten > 0 => self.forgotten -= 1,
            None => findings.add(
                packet.who,
                format!(
                    "a response to {} {} of {} was sent, and no such request came since the last one",
                    ike.header.exchange, ike.header.message_id, ike.header.spi_i
                ),
            ),
        }
    }
}
