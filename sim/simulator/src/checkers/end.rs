//! The end of a run: everybody sleeps unless the scenario expects otherwise, and a node that sleeps
//! has left nothing behind, neither a timer nor an SA.
//!
//! Memory: the SAs of nodes that are awake.

use super::per_node::PerNode;
use super::{Check, Findings};
use crate::event::{Actor, Event, What};
use crate::observer::{EspKeyLog, IkeKeyLog};
use crate::scenario::Scenario;
use crate::world::Standing;
use ike_core::Instant;

/// How many nodes are named.
const NAMED: usize = 5;

pub(super) struct End {
    /// Whether the scenario says itself how many nodes shall sleep.
    expected: bool,
    /// What each node has keys of.
    has: PerNode<Has>,
}

#[derive(Default)]
struct Has {
    ike: bool,
    child: bool,
}

impl End {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let expected = scenario.expect.iter().any(|(figure, _)| figure == "nodes_asleep_at_end");
        Self { expected, has: PerNode::default() }
    }
}

#[cfg(test)]
impl End {
    /// How many things it holds.
    pub(super) fn held(&self) -> usize {
        self.has.len()
    }
}

impl Check for End {
    fn name(&self) -> &'static str {
        "end"
    }

    fn event(&mut self, event: &Event<'_>, findings: &mut Findings) {
        let Actor::Node(number) = event.who else { return };
        match event.what {
            What::Initiator(ike_initiator::Event::Closed(_)) => {
                self.has.remove(number);
            }
            What::Slept => {
                let left = self.has.remove(number);
                let Some(left) = left.filter(|has| has.ike || has.child) else { return };
                let sa = if left.child { "a Child SA" } else { "an IKE SA" };
                findings.add(event.who, format!("fell asleep with {sa} that was not closed"));
            }
            _ => {}
        }
    }

    fn ike_keys(&mut self, _at: Instant, log: &IkeKeyLog<'_>, _findings: &mut Findings) {
        if let Actor::Node(number) = log.who {
            self.has.entry(number).ike = true;
        }
    }

    fn esp_keys(&mut self, _at: Instant, log: &EspKeyLog<'_>, _findings: &mut Findings) {
        if let Actor::Node(number) = log.who {
            self.has.entry(number).child = true;
        }
    }

    fn end(&mut self, standing: &Standing, findings: &mut Findings) {
        for number in standing.stray_timers.iter().take(NAMED) {
            findings.add(Actor::Node(*number), "sleeps, and a timer of its own is set".to_owned());
        }
        if self.expected {
            return;
        }
        let all = standing.awake.len();
        for (number, state) in standing.awake.iter().take(NAMED) {
            let what =
                format!("is awake at the end, in state {state}, one of {all} nodes that are");
            findings.add(Actor::Node(*number), what);
        }
    }
}
