//! Key work that was done ahead changes nothing but the time that a run takes.

use crypto::Crypto;
use simulator::scenario::Scenario;
use simulator::{
    Backend, Behaviours, Event, Fingerprint, Foresight, KeyAhead, KeyWork, Observer, RunHash, World,
};

const NODES: u64 = 40;

/// Losses, cookies and two groups: some requests are sent again, and each node has keys of its own.
const SCENARIO: &str = r#"
description = "keys ahead"
duration = "1h"
[link]
loss = "20%"
[gateway]
cookies = { above = 3 }
half_open_timeout = "10min"
[[node]]
name = "first"
count = 20
wakes = { once = "1s", within = "1s" }
application = { kind = "ping", count = 1 }
[[node]]
name = "second"
count = 20
suite = "aes-cbc-modp2048"
wakes = { once = "2s", within = "1s" }
application = { kind = "ping", count = 1 }
"#;

#[derive(Default)]
struct Watch(Fingerprint);

impl Observer for Watch {
    fn event(&mut self, event: &Event<'_>) {
        self.0.update(event);
    }
}

fn scenario() -> Scenario {
    Scenario::parse("ahead.toml", SCENARIO, &[]).expect("a scenario")
}

fn fingerprint(scenario: &Scenario, crypto: impl Crypto + Clone) -> RunHash {
    let (mut watch, behaviours) = (Watch::default(), Behaviours::default());
    let mut world = World::with_crypto(scenario, 7, &mut watch, behaviours, crypto);
    world.step_until(world.end());
    drop(world);
    watch.0.full()
}

/// The key work of all wakes, by the foresight of a run with that seed.
fn works(scenario: &Scenario, seed: u64, requests: u64) -> Vec<KeyWork> {
    let (foresight, mut nobody) = (Foresight::new(scenario, seed), simulator::Nobody);
    let wakes = World::new(scenario, 7, &mut nobody).wakes(usize::MAX);
    assert_eq!(wakes.len() as u64, NODES);
    assert!(wakes.is_sorted());
    wakes.iter().flat_map(|wake| foresight.keys(wake, requests).expect("a key")).collect()
}

#[test]
fn a_run_is_the_same_with_its_keys_computed_ahead() {
    let scenario = scenario();
    let keys = KeyAhead::new(Backend::Real);
    keys.add(works(&scenario, 7, 0));
    assert_eq!(fingerprint(&scenario, keys.clone()), fingerprint(&scenario, Backend::Real));
    let (there, computed) = keys.counts();
    // Two for each end; a gateway that asks for a cookie answers another request than the first.
    assert!(there > NODES && there + computed >= 4 * NODES, "{there}, {computed}");
}

#[test]
fn keys_of_another_run_are_of_no_use_and_do_no_harm() {
    let scenario = scenario();
    let expected = fingerprint(&scenario, Backend::Real);
    for (seed, requests) in [(8, 0), (7, 1 << 20)] {
        let keys = KeyAhead::new(Backend::Real);
        keys.add(works(&scenario, seed, requests));
        assert_eq!(fingerprint(&scenario, keys.clone()), expected);
        assert!(keys.counts().0 <= NODES, "a public value of each node at most");
    }
}

#[test]
fn the_next_wakes_come_first() {
    let (scenario, mut nobody) = (scenario(), simulator::Nobody);
    let world = World::new(&scenario, 7, &mut nobody);
    let (all, few) = (world.wakes(usize::MAX), world.wakes(7));
    assert_eq!(few, all[..7]);
}
