//! Links: all that is sent is lost, arrives, or is on its way; nothing arrives that was not sent, nor
//! twice, nor changed, nor sooner or later than its link allows.
//!
//! Memory: three counters for each link and direction that was used; a record for each datagram on its
//! way.

use super::packet::Packet;
use super::{Check, Findings};
use crate::event::{Actor, Event, Place, What, direction_name};
use crate::scenario::{LinkDirection, Scenario};
use crate::world::Standing;
use core::time::Duration;
use ike_core::Instant;
use std::collections::BTreeMap;
use vnet::link::{Direction, Fate, Outcome};

pub(super) struct Links {
    towards: LinkDirection,
    back: LinkDirection,
    on_the_way: BTreeMap<Place, Flight>,
    counts: BTreeMap<(u32, Direction), Count>,
}

/// A datagram on its way.
struct Flight {
    sent_at: Instant,
    digest: u64,
    fate: Expected,
}

/// What may become of a datagram, as the link has said.
struct Expected {
    copies: u8,
    changed: bool,
}

impl Expected {
    /// The one place that knows all that a link can decide.
    fn of(fate: Option<Fate>) -> Self {
        let copies = match fate.map(|fate| fate.outcome) {
            Some(Outcome::Dropped(_)) => 0,
            Some(Outcome::Delivered { .. }) | None => 1,
        };
        Self { copies, changed: false }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    sent: u64,
    lost: u64,
    arrived: u64,
}

impl Links {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let (towards, back) = (scenario.link.towards, scenario.link.back);
        Self { towards, back, on_the_way: BTreeMap::new(), counts: BTreeMap::new() }
    }

    /// The least and the most that a datagram may take.
    fn times(&self, direction: Direction) -> (Duration, Duration) {
        let config = match direction {
            Direction::Towards => &self.towards,
            Direction::Back => &self.back,
        };
        (config.delay, config.delay + config.jitter)
    }

    fn count(&mut self, place: Place) -> &mut Count {
        self.counts.entry((place.link, place.direction)).or_default()
    }

    fn lost(&mut self, place: Place) -> Option<String> {
        self.count(place).lost += 1;
        match self.on_the_way.remove(&place) {
            Some(flight) if flight.fate.copies == 0 => None,
            Some(_) => Some(format!("datagram {} was lost though its link took it", name(place))),
            None => Some(format!("datagram {} was lost, and was not on its way", name(place))),
        }
    }
}

fn name(place: Place) -> String {
    format!("{} {} {}", place.link, direction_name(place.direction), place.index)
}

#[cfg(test)]
impl Links {
    /// How many things it holds.
    pub(super) fn held(&self) -> usize {
        self.on_the_way.len()
    }
}

impl Check for Links {
    fn name(&self) -> &'static str {
        "links"
    }

    fn sent(&mut self, packet: &Packet<'_>, findings: &mut Findings) {
        let place = packet.place;
        let count = self.count(place);
        let before = count.sent;
        count.sent += 1;
        if place.index != before {
            let what = format!("datagram {} is number {before} of its link", name(place));
            findings.add(packet.who, what);
        }
        let fate = Expected::of(packet.fate);
        let flight = Flight { sent_at: packet.at, digest: packet.digest(), fate };
        self.on_the_way.insert(place, flight);
    }

    fn arrived(&mut self, packet: &Packet<'_>, findings: &mut Findings) {
        let place = packet.place;
        let (least, most) = self.times(place.direction);
        let Some(flight) = self.on_the_way.get_mut(&place).filter(|flight| flight.fate.copies > 0)
        else {
            let what = format!("datagram {} arrived and was not on its way", name(place));
            findings.add(packet.who, what);
            return;
        };
        flight.fate.copies -= 1;
        let took = packet.at.saturating_duration_since(flight.sent_at);
        if !(least..=most).contains(&took) {
            let (took, least, most) = (took.as_micros(), least.as_micros(), most.as_micros());
            let what = format!(
                "datagram {} took {took} us on a link that allows {least} to {most} us",
                name(place)
            );
            findings.add(packet.who, what);
        }
        if !flight.fate.changed && flight.digest != packet.digest() {
            let what = format!("datagram {} is not what was sent", name(place));
            findings.add(packet.who, what);
        }
        if flight.fate.copies == 0 {
            self.on_the_way.remove(&place);
        }
        self.count(place).arrived += 1;
    }

    fn event(&mut self, event: &Event<'_>, findings: &mut Findings) {
        let What::Lost { place, .. } = event.what else { return };
        if let Some(what) = self.lost(place) {
            findings.add(event.who, what);
        }
    }

    fn end(&mut self, standing: &Standing, findings: &mut Findings) {
        let mut flying: BTreeMap<(u32, Direction), u64> = BTreeMap::new();
        for (place, flight) in &self.on_the_way {
            *flying.entry((place.link, place.direction)).or_default() += 1;
            let late = flight.sent_at + self.times(place.direction).1;
            if late < standing.at {
                let what = format!("datagram {} was due at {late} and never came", name(*place));
                findings.add(Actor::Node(place.link), what);
            }
        }
        for (link, direction, account) in &standing.accounts {
            let count = self.counts.get(&(*link, *direction)).copied().unwrap_or_default();
            let flying = flying.get(&(*link, *direction)).copied().unwrap_or_default();
            let theirs = (account.sent, account.dropped(), account.delivered, account.in_flight);
            let ours = (count.sent, count.lost, count.arrived, flying);
            if ours != theirs || count.sent != count.lost + count.arrived + flying {
                let way = direction_name(*direction);
                let what = format!(
                    "link {link} {way}: sent, lost, arrived, on the way are {ours:?}, \
                     its account says {theirs:?}"
                );
                findings.add(Actor::Node(*link), what);
            }
        }
    }
}
