//! Many nodes, one handshake each: what that costs beside the same cryptographic operations on all processors, what the
//! model costs beside the network alone, and how much memory it takes.

use crate::floor::execute_counted;
use crate::measure::{alternate, line, octets};
use crate::network::{Network, Script};
use crate::recorder::{Operation, count};
use crate::{ALLOCATOR, memory};
use core::time::Duration;
use cpu_time::ProcessTime;
use runner::Ahead;
use simulator::scenario::Scenario;
use simulator::{Actor, Backend, Behaviours, Event, Foresight, KeyAhead, Nobody, Observer, World};
use std::collections::BTreeMap;
use std::time::Instant;

/// What is asked of the run with real cryptography, and of the model.
const LIMIT: f64 = 1.25;
const MODELLED_LIMIT: f64 = 3.0;
/// Octets, without the SAs that are resident at the gateway.
const MEMORY_LIMIT: f64 = 200.0 * 1_048_576.0;

/// So few nodes a handshake must not be dearer with more of them.
const FEW: u32 = 1_000;

/// How often the memory is looked at.
const EVENTS: u64 = 4_096;

/// A thousand nodes wake in each second. The gateway forgets an SA of which it hears nothing.
fn scenario(nodes: u32, crypto: Backend) -> Scenario {
    let (crypto, within_s) = (crypto.name(), nodes.div_ceil(1_000));
    let text = format!(
        r#"
        description = "one handshake each"
        duration = "{}s"
        crypto = "{crypto}"
        [link]
        delay = "20ms"
        jitter = "5ms"
        loss = "10%"
        [gateway]
        idle_timeout = "10s"
        [[node]]
        name = "node"
        count = {nodes}
        wakes = {{ once = "1s", within = "{within_s}s" }}
        application = {{ kind = "ping", count = 1 }}
        awake = "1s"
        "#,
        within_s + 300
    );
    Scenario::parse("million.toml", &text, &[]).expect("a scenario")
}

/// Looks at the memory now and then, and counts.
#[derive(Default)]
struct Watch {
    events: u64,
    established: u64,
    /// SAs at the gateway now, and octets and SAs when there were most octets.
    sas: u64,
    most: (usize, u64),
    /// Octets when all nodes slept.
    asleep: Option<usize>,
}

impl Observer for Watch {
    fn event(&mut self, event: &Event<'_>) {
        match (event.who, event.what.name()) {
            (Actor::Gateway, "half_open") => self.sas += 1,
            (Actor::Gateway, "closed") => self.sas = self.sas.saturating_sub(1),
            (Actor::Node(_), "established") => self.established += 1,
            _ => {}
        }
        if self.events.is_multiple_of(EVENTS) {
            let now = ALLOCATOR.allocated();
            self.asleep.get_or_insert(now);
            self.most = self.most.max((now, self.sas));
        }
        self.events += 1;
    }
}

/// Times by the clock, and of all processors together.
#[derive(Clone, Copy)]
struct Times {
    clock: Duration,
    processors: Duration,
}

#[expect(clippy::disallowed_methods, reason = "what several threads take only the clock tells")]
fn timed(work: impl FnOnce()) -> Times {
    let (clock, processors) = (Instant::now(), ProcessTime::now());
    work();
    Times { clock: clock.elapsed(), processors: processors.elapsed() }
}

/// The run with its key work ahead: times, what the observer saw, how much of the key work was there.
fn run(scenario: &Scenario, ahead: &Ahead) -> (Times, Watch, (u64, u64)) {
    let (mut watch, keys) = (Watch::default(), KeyAhead::new(scenario.crypto));
    let times = timed(|| {
        let foresight = Foresight::new(scenario, scenario.seed);
        let behaviours = Behaviours::default();
        let (seed, observer) = (scenario.seed, &mut watch);
        let mut world = World::with_crypto(scenario, seed, observer, behaviours, keys.clone());
        ahead.run(&mut world, &keys, &foresight);
    });
    (times, watch, keys.counts())
}

pub(crate) fn measure(nodes: u32, rounds: usize) {
    let ahead = Ahead::new(0).expect("threads");
    let real = scenario(nodes, Backend::Real);
    // The model does the same operations: a test says so.
    let counts = count(&scenario(nodes, Backend::Modelled));
    println!("  {nodes} nodes, {}", sum(&counts));
    let floor = timed(|| execute_counted(&counts));
    let before = ALLOCATOR.allocated();
    let (times, watch, (hits, misses)) = run(&real, &ahead);
    line("the operations alone, all processors", floor.clock, floor.clock);
    line("the run, its key work ahead", times.clock, floor.clock);
    println!("  {:<38} {:>19.3} x", "limit for the run", LIMIT);
    line("the same in processor time: alone", floor.processors, floor.processors);
    line("the run", times.processors, floor.processors);
    println!(
        "  {} of {nodes} established; {:.2} % of the key work was there",
        watch.established,
        percent(hits, misses)
    );
    memory_of(nodes, &watch, before);
    flat(nodes, times, &ahead);
    modelled(nodes, rounds.min(2));
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

fn memory_of(nodes: u32, watch: &Watch, before: usize) {
    let resident = memory::resident();
    let (most, sas) = (watch.most.0 - before, watch.most.1);
    let asleep = watch.asleep.unwrap_or_default().saturating_sub(before);
    octets("memory, all asleep", asleep as f64);
    octets("memory at most", most as f64);
    println!("  {:<38} {sas:>8} of {resident:.0} octets", "SAs resident at the gateway then");
    octets("without them", most as f64 - sas as f64 * resident);
    let limit = MEMORY_LIMIT * f64::from(nodes) / 1e6;
    octets("limit, by the number of nodes", limit);
}

/// The cost of a handshake with few nodes, and with all.
fn flat(nodes: u32, times: Times, ahead: &Ahead) {
    let few = scenario(FEW, Backend::Real);
    let best = (0..5).map(|_| run(&few, ahead).0.processors).min().unwrap_or_default();
    let each = |time: Duration, nodes: u32| time.as_secs_f64() * 1e6 / f64::from(nodes);
    let (few, many) = (each(best, FEW), each(times.processors, nodes));
    println!("  {:<38} {few:>8.1} us of processor time with {FEW} nodes", "a handshake");
    println!("  {:<38} {many:>8.1} us, {:.3} x, with {nodes}", "", many / few);
}

/// The model against the network alone with the same datagrams.
fn modelled(nodes: u32, rounds: usize) {
    let scenario = scenario(nodes, Backend::Modelled);
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
    println!("  {} datagrams", script.datagrams);
    line("the network alone", network, network);
    line("the run with modelled cryptography", modelled, network);
    println!("  {:<38} {:>19.3} x", "limit for that", MODELLED_LIMIT);
}
