//! The last events of everybody who is awake, for the context of a violation.

use super::per_node::PerNode;
use crate::event::{Actor, Event, Fields, What};
use crate::trace;
use core::fmt::{Display, Write as _};
use core::ops::Range;
use ike_core::Instant;
use std::collections::VecDeque;
use vnet::link::Direction;

/// So many events are kept of each.
const EVENTS: usize = 10;
/// So many nodes that sleep are still remembered.
const SLEEPERS: usize = 64;

/// An event without what it borrowed.
struct Kept {
    at: Instant,
    who: Actor,
    name: &'static str,
    fields: Vec<(&'static str, Field)>,
    texts: String,
    octets: Vec<u8>,
}

enum Field {
    Number(u64),
    Opaque(u64),
    /// Where it is among the texts.
    Text(Range<usize>),
    /// Where they are among the octets.
    Octets(Range<usize>),
}

impl Kept {
    fn fill(&mut self, event: &Event<'_>) {
        (self.at, self.who, self.name) = (event.at, event.who, event.what.name());
        self.fields.clear();
        self.texts.clear();
        self.octets.clear();
        event.what.fields(self);
    }

    fn line(&self, name: &dyn Fn(u32) -> String) -> String {
        let fields = |to: &mut dyn Fields| {
            for (key, field) in &self.fields {
                match field {
                    Field::Number(value) => to.number(key, *value),
                    Field::Opaque(value) => to.opaque(key, *value),
                    Field::Text(range) => to.text(key, &&self.texts[range.clone()]),
                    Field::Octets(range) => to.octets(key, &self.octets[range.clone()]),
                }
            }
        };
        trace::line((self.at, self.who, self.name), &fields, name)
    }
}

impl Fields for Kept {
    fn number(&mut self, key: &'static str, value: u64) {
        self.fields.push((key, Field::Number(value)));
    }

    fn text(&mut self, key: &'static str, value: &dyn Display) {
        let start = self.texts.len();
        let _ = write!(self.texts, "{value}");
        self.fields.push((key, Field::Text(start..self.texts.len())));
    }

    fn opaque(&mut self, key: &'static str, value: u64) {
        self.fields.push((key, Field::Opaque(value)));
    }

    fn octets(&mut self, key: &'static str, value: &[u8]) {
        let start = self.octets.len();
        self.octets.extend_from_slice(value);
        self.fields.push((key, Field::Octets(start..self.octets.len())));
    }
}

/// The last events of one.
#[derive(Default)]
struct Ring {
    events: VecDeque<Kept>,
    asleep: bool,
}

impl Ring {
    fn add(&mut self, event: &Event<'_>) {
        let mut kept = if self.events.len() == EVENTS { self.events.pop_front() } else { None }
            .unwrap_or_else(|| Kept {
                at: event.at,
                who: event.who,
                name: "",
                fields: Vec::new(),
                texts: String::new(),
                octets: Vec::new(),
            });
        kept.fill(event);
        self.events.push_back(kept);
    }
}

/// Whether it happens to the gateway or the server, or arrives there.
fn concerns_others(event: &Event<'_>) -> bool {
    match (&event.what, event.who) {
        (What::Injected { place, .. }, _) => place.direction == Direction::Towards,
        (_, who) => !matches!(who, Actor::Node(_)),
    }
}

/// The last events: of gateway and server, of each node that is awake with what happens on its link,
/// and of a few nodes that fell asleep last. Memory: ten events for each of them.
#[derive(Default)]
pub(super) struct Recent {
    nodes: PerNode<Ring>,
    others: Ring,
    sleepers: VecDeque<u32>,
}

impl Recent {
    pub(super) fn add(&mut self, event: &Event<'_>) {
        if concerns_others(event) {
            self.others.add(event);
        }
        let link = match (&event.what, event.who) {
            (
                What::Sent { place, .. }
                | What::Lost { place, .. }
                | What::Arrived { place, .. }
                | What::Injected { place, .. },
                _,
            ) => place.link,
            (_, Actor::Node(number)) => number,
            _ => return,
        };
        let falls_asleep = match &event.what {
            What::Slept => true,
            // Something on the link of a node that sleeps and is not remembered any more.
            _ => self.nodes.get(link).is_none() && !matches!(event.what, What::Woke { .. }),
        };
        let ring = self.nodes.entry(link);
        ring.add(event);
        if falls_asleep {
            ring.asleep = true;
            self.sleepers.push_back(link);
            self.forget();
        } else if let What::Woke { .. } = event.what {
            ring.asleep = false;
        }
    }

    fn forget(&mut self) {
        if self.sleepers.len() <= SLEEPERS {
            return;
        }
        let Some(number) = self.sleepers.pop_front() else { return };
        if self.nodes.get(number).is_some_and(|ring| ring.asleep) {
            self.nodes.remove(number);
        }
    }

    /// The last events of that actor as lines of a trace.
    pub(super) fn lines(&self, who: Actor, name: &dyn Fn(u32) -> String) -> Vec<String> {
        let ring = match who {
            Actor::Node(number) => self.nodes.get(number),
            _ => Some(&self.others),
        };
        ring.into_iter().flat_map(|ring| &ring.events).map(|kept| kept.line(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace_line;

    fn at(us: u64, who: Actor, what: What<'_>) -> Event<'_> {
        Event { at: Instant::from_micros(us), who, what }
    }

    fn name(number: u32) -> String {
        format!("n-{number}")
    }

    #[test]
    fn the_context_is_the_last_lines_of_the_trace() {
        let (mut recent, mut lines) = (Recent::default(), Vec::new());
        for us in 0..15 {
            let text = format!("open {us}");
            let what = What::ApplicationSent { text: &text, repeated: us % 2 == 0 };
            let event = at(us, Actor::Node(3), what);
            recent.add(&event);
            lines.push(trace_line(&event, &name));
        }
        assert_eq!(recent.lines(Actor::Node(3), &name), lines[5..]);
        assert!(recent.lines(Actor::Node(2), &name).is_empty());
    }

    #[test]
    fn nodes_that_sleep_are_forgotten_but_for_the_last() {
        let mut recent = Recent::default();
        for number in 0..100 {
            recent.add(&at(1, Actor::Node(number), What::Woke { wake: 0 }));
        }
        for number in 0..100 {
            recent.add(&at(2, Actor::Node(number), What::Slept));
        }
        assert!(recent.lines(Actor::Node(0), &name).is_empty());
        assert_eq!(recent.lines(Actor::Node(99), &name).len(), 2);
        let held = (0..100).filter(|number| recent.nodes.get(*number).is_some()).count();
        assert_eq!(held, SLEEPERS);
    }
}
