//! Octets on the heap: what a node takes asleep and awake, and what it leaves at the gateway.

use crate::ALLOCATOR;
use crate::octets;
use anyhow::Result;
use core::time::Duration;
use ike_core::Instant;
use runner::say;
use simulator::scenario::Scenario;
use simulator::{Judge, Nobody, NodeState, Observer, Placement, World};

/// So many nodes that nothing else counts.
const NODES: u32 = 10_000;

/// What is asked of a sleeping node.
const LIMIT: f64 = 300.0;

/// All nodes sleep up to the first minute, are awake in the third, and sleep again in the tenth.
const SCENARIO: &str = r#"
description = "all asleep, all awake, all asleep"
duration = "1h"
[link]
delay = "20ms"
jitter = "5ms"
[[node]]
name = "sensor"
count = 10_000
wakes = { once = "1min", within = "1min" }
application = { kind = "room-sensor" }
awake = "5min"
"#;

/// Prints the octets of a world that nobody looks at, then of a whole run. Those of an SA at the gateway are returned.
pub(crate) fn measure() -> Result<f64> {
    let scenario = Scenario::parse("memory.toml", SCENARIO, &[]).expect("a scenario");
    assert_eq!(scenario.nodes(), NODES);
    let world = octets_of(&scenario, || Nobody);
    octets("a sleeping node", world.asleep)?;
    say(&format!("  {:<38} {:>10.0} octets\n", "limit for a sleeping node", LIMIT))?;
    octets("an awake node", world.awake)?;
    octets("an SA resident at the gateway", world.resident)?;
    let judged =
        octets_of(&scenario, || Judge::new(&scenario, Placement::Inside).without_context());
    octets("its judge: a sleeping node", judged.asleep - world.asleep)?;
    octets("its judge: an awake node", judged.awake - world.awake)?;
    octets("its judge: a wake that is over", judged.resident - world.resident)?;
    Ok(world.resident)
}

/// Octets for each node.
struct Octets {
    asleep: f64,
    /// Beyond what it takes asleep and what it has at the gateway.
    awake: f64,
    /// What remains of a wake: its SA at the gateway, and whatever else there is.
    resident: f64,
}

fn octets_of<O: Observer>(scenario: &Scenario, observer: impl FnOnce() -> O) -> Octets {
    let empty = ALLOCATOR.allocated();
    let mut observer = observer();
    let mut world = World::new(scenario, 1, &mut observer);
    let asleep = ALLOCATOR.allocated();
    let awake = at_minute(&mut world, 3, |state| state != NodeState::Asleep);
    let again = at_minute(&mut world, 10, |state| state == NodeState::Asleep);
    let nodes = usize::try_from(NODES).expect("a number of nodes fits");
    assert_eq!(world.gateway_sas(), (0, nodes), "each has its SA");
    let difference = |more: usize, less: usize| (more as f64 - less as f64) / f64::from(NODES);
    Octets {
        asleep: difference(asleep, empty),
        awake: difference(awake, again),
        resident: difference(again, asleep),
    }
}

/// The octets on the heap then; all nodes must be as `expected`.
fn at_minute(world: &mut World<'_>, minute: u64, expected: impl Fn(NodeState) -> bool) -> usize {
    world.step_until(Instant::default() + Duration::from_secs(60 * minute));
    assert!(world.node_states().all(expected), "the nodes are not as they should be");
    ALLOCATOR.allocated()
}
