//! Every run is its own judge: checkers watch what happens and say where a rule is broken.
//!
//! They see borrowed events, datagrams and keys and never touch a node. They decode octets by
//! themselves: with the machines they share the parsing of plain headers, and the algorithms. Each
//! forgets an SA when its keys are gone, so that its memory grows with what is alive and not with
//! the length of the run; where it must remember for ever it keeps 64-bit hashes and says so.

mod authentication;
mod diffie_hellman;
mod end;
mod half_open;
mod links;
mod outside;
mod packet;
mod per_node;
mod ranges;
mod recent;
mod retransmission;
mod reuse;
mod same_keys;
mod silence;
mod sleep;

use crate::event::{Actor, Event, What};
use crate::observer::{Arrival, Datagram, EspKeyLog, IkeKeyLog, Observer};
use crate::run::{name_of, names};
use crate::scenario::{Group, Scenario};
use crate::trace::actor_name;
use crate::world::{Placement, Standing};
use core::ops::Range;
use ike_core::Instant;
pub(crate) use outside::not_checked;
pub use outside::{NOT_CHECKED_DEVICE, NOT_CHECKED_OUTSIDE, NotChecked, Part};
use packet::Packet;
use recent::Recent;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// So many violations are kept; the rest is counted.
const KEPT: usize = 100;

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Whose rule it is; `docs/checkers.md` says more.
    pub checker: &'static str,
    /// When.
    pub at: Instant,
    /// Who broke it, or where it showed.
    pub who: Actor,
    /// What happened, in one sentence with the numbers.
    pub what: String,
    /// The last events of that actor, or on that link, as lines of a trace.
    pub context: Vec<String>,
}

/// What one checker has found in one call.
#[derive(Default)]
pub(crate) struct Findings(Vec<(Actor, String)>);

impl Findings {
    fn add(&mut self, who: Actor, what: String) {
        self.0.push((who, what));
    }
}

/// One rule, or a few that need the same memory.
trait Check {
    /// Its name in reports.
    fn name(&self) -> &'static str;

    /// Something happened.
    fn event(&mut self, _event: &Event<'_>, _findings: &mut Findings) {}

    /// A datagram enters a link.
    fn sent(&mut self, _packet: &Packet<'_>, _findings: &mut Findings) {}

    /// A datagram leaves a link, and whoever is there looks at it: a node that is busy, or whose radio is off, does that
    /// later.
    fn arrived(&mut self, _packet: &Packet<'_>, _findings: &mut Findings) {}

    /// A datagram leaves a link, whoever looks at it when.
    fn left_link(&mut self, _packet: &Packet<'_>, _findings: &mut Findings) {}

    /// One end has the keys of an IKE SA.
    fn ike_keys(&mut self, _at: Instant, _keys: &IkeKeyLog<'_>, _findings: &mut Findings) {}

    /// One end has the keys of a direction of a Child SA.
    fn esp_keys(&mut self, _at: Instant, _keys: &EspKeyLog<'_>, _findings: &mut Findings) {}

    /// The run is over.
    fn end(&mut self, _standing: &Standing, _findings: &mut Findings) {}
}

/// All checkers, as one observer of a run.
pub struct Checkers {
    checks: Vec<Box<dyn Check>>,
    /// The nodes at which datagrams wait.
    delayed: Vec<Range<u32>>,
    /// `None`: nobody asks for the context of a violation.
    recent: Option<Recent>,
    name: Box<dyn Fn(u32) -> String>,
    now: Instant,
    /// Found before the event that shows it: its context is still to come.
    pending: Vec<Violation>,
    violations: Vec<Violation>,
    /// Found beyond those that are kept.
    more: u64,
}

impl Checkers {
    /// Checkers of a run of this scenario.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        Self::with_gateway(scenario, Placement::Inside)
    }

    /// As [`Checkers::new`]; of a gateway or a device outside, what cannot be checked is left out: [`NotChecked`] tells it.
    #[must_use]
    pub fn with_gateway(scenario: &Scenario, placement: Placement) -> Self {
        let names = names(scenario);
        let mut checks: Vec<Box<dyn Check>> = vec![
            Box::new(retransmission::Retransmission::new(scenario, placement)),
            Box::new(silence::Silence::default()),
            Box::new(same_keys::SameKeys::default()),
            Box::new(reuse::Reuse::new(placement)),
            Box::new(authentication::Authentication::new(scenario)),
            Box::new(diffie_hellman::OneDiffieHellman::default()),
            Box::new(half_open::HalfOpen::default()),
            Box::new(sleep::Sleep::default()),
            Box::new(links::Links::new(scenario)),
            Box::new(end::End::new(scenario)),
        ];
        let left_out = |name| {
            not_checked(placement).iter().any(|not| not.checker == name && not.part == Part::All)
        };
        checks.retain(|check| !left_out(check.name()));
        let delayed = scenario.groups.iter().filter(|group| group.is_delayed());
        Self {
            checks,
            delayed: delayed.map(Group::numbers).collect(),
            recent: Some(Recent::default()),
            name: Box::new(move |number| name_of(&names, number)),
            now: Instant::default(),
            pending: Vec::new(),
            violations: Vec::new(),
            more: 0,
        }
    }

    /// The same without the context of what is found: in every event of every run the last ones of everybody are kept for it.
    #[must_use]
    pub fn without_context(self) -> Self {
        Self { recent: None, ..self }
    }

    /// The names of all checkers.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.checks.iter().map(|check| check.name())
    }

    /// Judges the end of the run. To be called once, after the last event.
    pub fn finish(&mut self, standing: &Standing) {
        self.now = standing.at;
        self.ask(|check, findings| check.end(standing, findings));
        self.settle();
    }

    /// The nodes that broke a rule, each as often as it did.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = u32> + '_ {
        self.violations.iter().filter_map(|violation| match violation.who {
            Actor::Node(number) => Some(number),
            _ => None,
        })
    }

    /// An actor's name, as in the trace.
    pub(crate) fn actor_name(&self, who: Actor) -> String {
        actor_name(who, &self.name)
    }

    /// What was found, in order; the first hundred.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many violations there were beyond those that are kept.
    #[must_use]
    pub fn more(&self) -> u64 {
        self.more
    }

    fn ask(&mut self, mut ask: impl FnMut(&mut dyn Check, &mut Findings)) {
        let mut findings = Findings::default();
        for check in &mut self.checks {
            ask(check.as_mut(), &mut findings);
            for (who, what) in findings.0.drain(..) {
                if self.violations.len() + self.pending.len() == KEPT {
                    self.more += 1;
                    continue;
                }
                let (checker, at, context) = (check.name(), self.now, Vec::new());
                self.pending.push(Violation { checker, at, who, what, context });
            }
        }
    }

    /// A datagram leaves a link.
    fn leaves_link(&mut self, packet: &Packet<'_>) {
        self.ask(|check, findings| check.left_link(packet, findings));
        let waits = |number| self.delayed.iter().any(|nodes| nodes.contains(&number));
        if !matches!(packet.who, Actor::Node(number) if waits(number)) {
            self.ask(|check, findings| check.arrived(packet, findings));
        }
    }

    /// Gives what was found its context.
    fn settle(&mut self) {
        for mut violation in self.pending.drain(..) {
            let recent = self.recent.as_ref();
            violation.context =
                recent.map(|recent| recent.lines(violation.who, &self.name)).unwrap_or_default();
            self.violations.push(violation);
        }
    }
}

impl Observer for Checkers {
    fn event(&mut self, event: &Event<'_>) {
        self.now = event.at;
        if let Some(recent) = &mut self.recent {
            recent.add(event);
        }
        if let What::Injected { place, packet, .. } = event.what {
            self.leaves_link(&Packet::injected(event.at, place, packet));
        }
        self.ask(|check, findings| check.event(event, findings));
        self.settle();
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        self.now = datagram.at;
        let packet = Packet::sent(datagram);
        self.ask(|check, findings| check.sent(&packet, findings));
    }

    fn arrival(&mut self, arrival: &Arrival<'_>) {
        self.now = arrival.at;
        self.leaves_link(&Packet::arrived(arrival));
    }

    fn taken(&mut self, arrival: &Arrival<'_>) {
        self.now = arrival.at;
        let packet = Packet::arrived(arrival);
        self.ask(|check, findings| check.arrived(&packet, findings));
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        let now = self.now;
        self.ask(|check, findings| check.ike_keys(now, keys, findings));
    }

    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        let now = self.now;
        self.ask(|check, findings| check.esp_keys(now, keys, findings));
    }
}

/// A hash that is the same in every run; not for secrets, nor against malice. Where a part ends counts, too.
fn hash_of(parts: &[&[u8]]) -> u64 {
    parts.iter().fold(0, |hash, part| xxh3_64_with_seed(part, hash))
}

/// As [`hash_of`], of a value.
fn hash_of_value(value: &impl core::hash::Hash) -> u64 {
    use core::hash::Hasher;
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
