//! Many nodes, one handshake each: what that costs beside the same cryptographic operations on all processors, and what
//! the model costs beside the network alone.

use crate::fleet::scenario;
use crate::floor::execute_counted;
use crate::measure::{alternate, line};
use crate::network::{Network, Script};
use crate::recorder::{Operation, count};
use anyhow::Result;
use core::ops::{AddAssign, Sub};
use core::time::Duration;
use cpu_time::ProcessTime;
use runner::{Ahead, say};
use simulator::scenario::Scenario;
use simulator::{Actor, Backend, Behaviours, Event, Foresight, KeyAhead, Nobody, Observer, World};
use std::collections::BTreeMap;
use std::time::Instant;

/// What is asked of the run with real cryptography, and of the model.
const LIMIT: f64 = 1.25;
const MODELLED_LIMIT: f64 = 3.0;
/// What is asked of a handshake among all nodes, in units of one among few.
const FLAT_LIMIT: f64 = 1.2;
/// The run and its operations take turns so often.
pub(crate) const PARTS: u64 = 20;
/// So few nodes a handshake must not be dearer with more of them.
const FEW: u32 = 1_000;
const ROUNDS: u32 = 10;

/// Counts the handshakes.
#[derive(Default)]
struct Watch {
    established: u64,
}

impl Observer for Watch {
    fn event(&mut self, event: &Event<'_>) {
        let is_node = matches!(event.who, Actor::Node(_));
        self.established += u64::from(is_node && event.what.name() == "established");
    }
}

/// Times by the clock, and of all processors together.
#[derive(Clone, Copy, Default)]
struct Times {
    clock: Duration,
    processors: Duration,
}

impl AddAssign for Times {
    fn add_assign(&mut self, other: Self) {
        self.clock += other.clock;
        self.processors += other.processors;
    }
}

impl Sub for Times {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { clock: self.clock - other.clock, processors: self.processors - other.processors }
    }
}

#[expect(clippy::disallowed_methods, reason = "what several threads take only the clock tells")]
fn timed(work: impl FnOnce()) -> Times {
    let (clock, processors) = (Instant::now(), ProcessTime::now());
    work();
    Times { clock: clock.elapsed(), processors: processors.elapsed() }
}

/// Times of the operations alone and of the run with its key work ahead.
#[derive(Clone, Copy, Default)]
struct Measured {
    floor: Times,
    run: Times,
}

impl Measured {
    /// What processors worked for the run, in units of its operations.
    fn cost(&self) -> f64 {
        self.run.processors.as_secs_f64() / self.floor.processors.as_secs_f64()
    }
}

/// One after the other, a part of the run and a part of its operations: whatever else the machine does meanwhile falls on both.
/// Beside the times, what the observer saw, and how much of the key work was there.
fn run(
    scenario: &Scenario,
    counts: &BTreeMap<Operation, u64>,
    ahead: &Ahead,
) -> (Measured, Watch, (u64, u64)) {
    let (mut watch, keys) = (Watch::default(), KeyAhead::new(scenario.crypto));
    let (mut floor, mut parts) = (Times::default(), 0);
    let mut catch_up = |percent: u8| {
        while parts < u64::from(percent) * PARTS / 100 {
            floor += timed(|| execute_counted(&part(counts, parts)));
            parts += 1;
        }
    };
    let both = timed(|| {
        let foresight = Foresight::new(scenario, scenario.seed);
        let behaviours = Behaviours::default();
        let (seed, observer) = (scenario.seed, &mut watch);
        let mut world = World::with_crypto(scenario, seed, observer, behaviours, keys.clone());
        ahead.run(&mut world, (&keys, &foresight), &mut catch_up);
        catch_up(100);
    });
    (Measured { floor, run: both - floor }, watch, keys.counts())
}

/// One of so many parts of the operations; all parts together are as many as there are.
pub(crate) fn part(counts: &BTreeMap<Operation, u64>, index: u64) -> BTreeMap<Operation, u64> {
    let up_to = |count: u64, parts: u64| count * parts / PARTS;
    counts
        .iter()
        .map(|(operation, count)| (*operation, up_to(*count, index + 1) - up_to(*count, index)))
        .collect()
}

pub(crate) fn measure((nodes, per_second): (u32, u32), rounds: usize) -> Result<()> {
    let ahead = Ahead::new(0).expect("threads");
    let fleet = (nodes, per_second);
    let real = scenario(fleet, Backend::Real);
    // The model does the same operations: a test says so.
    let counts = count(&scenario(fleet, Backend::Modelled));
    say(&format!("  {nodes} nodes, {per_second} in a second, {}\n", sum(&counts)))?;
    let (measured, watch, (hits, misses)) = run(&real, &counts, &ahead);
    let Measured { floor, run: times } = measured;
    line("the operations alone, all processors", floor.clock, floor.clock)?;
    line("the run, its key work ahead", times.clock, floor.clock)?;
    say(&format!("  {:<38} {:>19.3} x\n", "limit for the run", LIMIT))?;
    line("the same in processor time: alone", floor.processors, floor.processors)?;
    line("the run", times.processors, floor.processors)?;
    say(&format!(
        "  {} of {nodes} established; {:.2} % of the key work was there\n",
        watch.established,
        percent(hits, misses)
    ))?;
    flat(fleet, &measured, &ahead)?;
    model(fleet, rounds.min(2))
}

fn percent(hits: u64, misses: u64) -> f64 {
    100.0 * hits as f64 / (hits + misses).max(1) as f64
}

fn sum(counts: &BTreeMap<Operation, u64>) -> String {
    let of = |which: fn(&Operation) -> bool| -> u64 {
        counts.iter().filter(|(operation, _)| which(operation)).map(|(_, count)| count).sum()
    };
    let public = of(|operation| matches!(operation, Operation::PublicValue(_)));
    let shared = of(|operation| matches!(operation, Operation::SharedSecret(_)));
    let all = of(|_| true);
    format!("{all} operations, {public} public values and {shared} shared secrets among them")
}

/// The cost of a handshake with few nodes, and with all: in units of its operations, as the machine did them meanwhile.
fn flat((nodes, per_second): (u32, u32), many: &Measured, ahead: &Ahead) -> Result<()> {
    let few = (FEW, per_second);
    let scenario_of_few = scenario(few, Backend::Real);
    let counts = count(&scenario(few, Backend::Modelled));
    let mut few = Measured::default();
    for _ in 0..ROUNDS {
        let (measured, ..) = run(&scenario_of_few, &counts, ahead);
        few.floor += measured.floor;
        few.run += measured.run;
    }
    let each = |time: Duration, nodes: u32| time.as_secs_f64() * 1e6 / f64::from(nodes);
    let us = each(few.run.processors / ROUNDS, FEW);
    say(&format!(
        "  {:<38} {us:>8.1} us of processor time, {:.3} x its operations, with {FEW} nodes\n",
        "a handshake",
        few.cost()
    ))?;
    let us = each(many.run.processors, nodes);
    say(&format!(
        "  {:<38} {us:>8.1} us, {:.3} x its operations, with {nodes}\n",
        "",
        many.cost()
    ))?;
    say(&format!("  {:<38} {:>19.3} x\n", "how flat that is", many.cost() / few.cost()))?;
    say(&format!("  {:<38} {FLAT_LIMIT:>19.3} x\n", "limit for that"))
}

/// The model against the network alone with the same datagrams.
pub(crate) fn model(fleet: (u32, u32), rounds: usize) -> Result<()> {
    let scenario = scenario(fleet, Backend::Modelled);
    let script = Script::record(&scenario);
    let mut network = || {
        let arrived = Network::new(&scenario).play(&script);
        assert_eq!(arrived, script.arrivals, "as many datagrams arrive as in the run");
    };
    let mut modelled = || {
        let mut nobody = Nobody;
        let mut world = World::new(&scenario, scenario.seed, &mut nobody);
        world.step_until(world.end());
    };
    let [network, modelled] = alternate(rounds, [&mut network, &mut modelled]);
    say(&format!("  {} datagrams\n", script.datagrams))?;
    line("the network alone", network, network)?;
    line("the run with modelled cryptography", modelled, network)?;
    say(&format!("  {:<38} {:>19.3} x\n", "limit for that", MODELLED_LIMIT))
}
