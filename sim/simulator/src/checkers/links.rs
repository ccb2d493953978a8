//! Links: all that is sent is lost, arrives, or is on its way; nothing arrives that was not sent or injected, nor
//! twice, nor changed, nor sooner or later than its link allows; and no queue drops what it has room for.
//!
//! Memory: five counters for each link and direction that was used; a record for each datagram on its
//! way or waiting for a bandwidth.

mod transmitter;

use super::packet::Packet;
use super::{Check, Findings};
use crate::by_spi::BySpi;
use crate::event::{Actor, Event, Place, What, direction_name};
use crate::scenario::{Link, LinkDirection, Scenario};
use crate::world::Standing;
use core::time::Duration;
use ike_core::Instant;
use std::collections::BTreeMap;
use transmitter::Transmitter;
use vnet::link::{Delivery, Direction, DropReason, Fate, Outcome};

pub(super) struct Links {
    /// The first node of each group, and the link that its nodes have.
    groups: Vec<(u32, Link)>,
    on_the_way: BySpi<Place, Flight>,
    /// By link, then by direction.
    counts: Vec<[Count; 2]>,
    /// Of links with a bandwidth.
    transmitters: BTreeMap<(u32, Direction), Transmitter>,
}

/// A datagram on its way.
struct Flight {
    sent_at: Instant,
    digest: u64,
    /// What the link said would arrive and has not yet; `None`: it said nothing.
    due: Option<[Option<Delivery>; 2]>,
    /// Until its last octet has left, on a link with a bandwidth.
    sent_after: Duration,
}

impl Flight {
    /// The copy that is due now, which is then no longer due. A link that said nothing owes one.
    fn take(&mut self, took: Duration) -> Option<Option<Delivery>> {
        match &mut self.due {
            None => {
                self.due = Some([None, None]);
                Some(None)
            }
            Some(due) => {
                let is_due = |copy: &&mut Option<Delivery>| {
                    copy.is_some_and(|delivery| delivery.after() == took)
                };
                Some(due.iter_mut().find(is_due)?.take())
            }
        }
    }

    fn is_over(&self) -> bool {
        self.due.is_some_and(|due| due.iter().all(Option::is_none))
    }

    fn copies(&self) -> u64 {
        self.due.map_or(1, |due| due.iter().flatten().count() as u64)
    }
}

/// The deliveries that the link has announced.
fn announced(fate: Option<Fate>) -> Option<[Option<Delivery>; 2]> {
    fate.map(|fate| {
        let mut deliveries = fate.outcome.deliveries().copied();
        [deliveries.next(), deliveries.next()]
    })
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    sent: u64,
    duplicated: u64,
    injected: u64,
    lost: u64,
    arrived: u64,
}

impl Links {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let groups = scenario.groups.iter().map(|group| (group.first, group.link.clone()));
        Self {
            groups: groups.collect(),
            on_the_way: BySpi::default(),
            counts: Vec::new(),
            transmitters: BTreeMap::new(),
        }
    }

    fn config(&self, place: Place) -> &LinkDirection {
        let index = self.groups.partition_point(|(first, _)| *first <= place.link);
        let link = &self.groups[index.saturating_sub(1)].1;
        match place.direction {
            Direction::Towards => &link.towards,
            Direction::Back => &link.back,
        }
    }

    /// How long until a datagram that enters has left: first come, first served. One that is not sent takes no time; an
    /// error where a queue drops it that has room.
    fn sends(&mut self, packet: &Packet<'_>) -> Result<Duration, String> {
        let (place, octets) = (packet.place, packet.octets.len() as u64);
        let dropped = packet.fate.and_then(|fate| match fate.outcome {
            Outcome::Dropped(reason) => Some(reason),
            Outcome::Delivered(_) => None,
        });
        let unjustified =
            |why| format!("datagram {} was dropped by a queue with room: {why}", name(place));
        let &LinkDirection { bandwidth, queue, .. } = self.config(place);
        let Some(bits) = bandwidth else {
            return match dropped {
                Some(DropReason::QueueFull) => Err(unjustified("its link has none".to_owned())),
                _ => Ok(Duration::ZERO),
            };
        };
        let transmitter = self.transmitters.entry((place.link, place.direction)).or_default();
        match dropped {
            Some(DropReason::QueueFull) => transmitter
                .found_full(packet.at, octets, queue)
                .map(|()| Duration::ZERO)
                .map_err(unjustified),
            Some(reason) if !reason.is_after_sending() => Ok(Duration::ZERO),
            _ => Ok(transmitter.take(packet.at, octets, bits)),
        }
    }

    /// The least and the most that a datagram may take behind its transmitter.
    fn times(&self, place: Place, reordered: bool) -> (Duration, Duration) {
        let config = self.config(place);
        let held_back = if reordered { config.reorder_delay } else { Duration::ZERO };
        (config.delay + held_back, config.delay + config.jitter + held_back)
    }

    fn count(&mut self, place: Place) -> &mut Count {
        let index = usize::try_from(place.link).expect("a link's number fits");
        if self.counts.len() <= index {
            self.counts.resize(index + 1, [Count::default(); 2]);
        }
        &mut self.counts[index][way(place.direction)]
    }

    /// A forger put a datagram on the far end: no link has it on its way.
    fn injected(&mut self, place: Place) -> Option<String> {
        let count = self.count(place);
        let before = count.injected;
        count.injected += 1;
        count.arrived += 1;
        (place.index != before)
            .then(|| format!("injected datagram {} is number {before} of its link", name(place)))
    }

    fn lost(&mut self, place: Place) -> Option<String> {
        self.count(place).lost += 1;
        match self.on_the_way.remove(&place) {
            Some(flight) if flight.is_over() => None,
            Some(_) => Some(format!("datagram {} was lost though its link took it", name(place))),
            None => Some(format!("datagram {} was lost, and was not on its way", name(place))),
        }
    }
}

fn name(place: Place) -> String {
    format!("{} {} {}", place.link, direction_name(place.direction), place.index)
}

const fn way(direction: Direction) -> usize {
    match direction {
        Direction::Towards => 0,
        Direction::Back => 1,
    }
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
        let due = announced(packet.fate);
        let sent_after = self.sends(packet).unwrap_or_else(|what| {
            findings.add(packet.who, what);
            Duration::ZERO
        });
        let flight = Flight { sent_at: packet.at, digest: packet.digest(), due, sent_after };
        self.count(place).duplicated += flight.copies().saturating_sub(1);
        self.on_the_way.insert(place, flight);
    }

    fn left_link(&mut self, packet: &Packet<'_>, findings: &mut Findings) {
        let place = packet.place;
        if packet.injected {
            if let Some(what) = self.injected(place) {
                findings.add(packet.who, what);
            }
            return;
        }
        let Some(flight) = self.on_the_way.get_mut(&place) else {
            let what = format!("datagram {} arrived and was not on its way", name(place));
            findings.add(packet.who, what);
            return;
        };
        let took = packet.at.saturating_duration_since(flight.sent_at);
        let Some(delivery) = flight.take(took) else {
            let took = took.as_micros();
            let what = format!(
                "datagram {} arrived {took} us after it was sent, as its link never said",
                name(place)
            );
            findings.add(packet.who, what);
            return;
        };
        let (changed, sent_after) = (flight.digest != packet.digest(), flight.sent_after);
        if flight.is_over() {
            self.on_the_way.remove(&place);
        }
        let reordered = delivery.is_some_and(|delivery| delivery.reordered);
        let (least, most) = self.times(place, reordered);
        let (least, most) = (least + sent_after, most + sent_after);
        if !(least..=most).contains(&took) {
            let (took, least, most) = (took.as_micros(), least.as_micros(), most.as_micros());
            let what = format!(
                "datagram {} took {took} us on a link that allows {least} to {most} us",
                name(place)
            );
            findings.add(packet.who, what);
        }
        let damaged = delivery.is_some_and(|delivery| delivery.damage.is_some());
        if changed != damaged {
            let is = if changed { "not what was sent" } else { "what was sent, undamaged" };
            findings.add(packet.who, format!("datagram {} is {is}", name(place)));
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
        for (place, flight) in self.on_the_way.sorted() {
            *flying.entry((place.link, place.direction)).or_default() += flight.copies();
            let late = flight.sent_at + flight.sent_after + self.times(*place, true).1;
            if late < standing.at {
                let what = format!("datagram {} was due at {late} and never came", name(*place));
                findings.add(Actor::Node(place.link), what);
            }
        }
        for (link, direction, account) in &standing.accounts {
            let ways = usize::try_from(*link).ok().and_then(|index| self.counts.get(index));
            let count = ways.map(|ways| ways[way(*direction)]).unwrap_or_default();
            let flying = flying.get(&(*link, *direction)).copied().unwrap_or_default();
            let theirs = [
                account.sent,
                account.duplicated,
                account.injected,
                account.dropped(),
                account.delivered,
                account.in_flight,
            ]
            .map(u64::from);
            let Count { sent, duplicated, injected, lost, arrived } = count;
            let ours = [sent, duplicated, injected, lost, arrived, flying];
            let balances = sent + duplicated + injected == lost + arrived + flying;
            if ours != theirs || !balances {
                let way = direction_name(*direction);
                let what = format!(
                    "link {link} {way}: sent, duplicated, injected, lost, arrived, on the way are \
                     {ours:?}, its account says {theirs:?}"
                );
                findings.add(Actor::Node(*link), what);
            }
        }
    }
}
