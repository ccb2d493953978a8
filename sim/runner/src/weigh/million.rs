//! The memory of a run of many nodes, one handshake each.

use crate::fleet::scenario;
use crate::{ALLOCATOR, octets};
use anyhow::Result;
use runner::say;
use simulator::{Actor, Backend, Event, Observer, World};

/// So many nodes wake in a second.
const PER_SECOND: u32 = 500;

/// Octets for a million nodes, without the SAs that are resident at the gateway.
const LIMIT: f64 = 200.0 * 1_048_576.0;

/// How often the memory is looked at, in events.
const EVENTS: u64 = 4_096;

/// Looks at the memory now and then.
#[derive(Default)]
struct Watch {
    events: u64,
    /// IKE SAs at the gateway.
    sas: u64,
    /// Octets when there were most, and the SAs then.
    most: (usize, u64),
}

impl Observer for Watch {
    fn event(&mut self, event: &Event<'_>) {
        match (event.who, event.what.name()) {
            (Actor::Gateway, "half_open") => self.sas += 1,
            (Actor::Gateway, "closed") => self.sas = self.sas.saturating_sub(1),
            _ => {}
        }
        if self.events.is_multiple_of(EVENTS) {
            self.most = self.most.max((ALLOCATOR.allocated(), self.sas));
        }
        self.events += 1;
    }
}

/// With the model of the algorithms: keys and messages have the same sizes.
pub(crate) fn measure(nodes: u32, resident: f64) -> Result<()> {
    let scenario = scenario((nodes, PER_SECOND), Backend::Modelled);
    let (before, mut watch) = (ALLOCATOR.allocated(), Watch::default());
    let mut world = World::new(&scenario, scenario.seed, &mut watch);
    let asleep = ALLOCATOR.allocated() - before;
    world.step_until(world.end());
    drop(world);
    let (most, sas) = (watch.most.0 - before, watch.most.1);
    say(&format!("  {nodes} nodes, one handshake each\n"))?;
    octets("all asleep", asleep as f64)?;
    octets("at most", most as f64)?;
    say(&format!(
        "  {:<38} {sas:>10} of {resident:.0} octets\n",
        "SAs resident at the gateway then"
    ))?;
    octets("without them", most as f64 - sas as f64 * resident)?;
    octets("limit for that, by the number of nodes", LIMIT * f64::from(nodes) / 1e6)
}
