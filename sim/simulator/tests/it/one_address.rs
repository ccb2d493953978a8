//! Nodes behind one address: each is served as if it had one of its own, but for limits by address.

use crate::support::owned;
use rstest::rstest;
use serde_json::Value;
use simulator::scenario::Scenario;
use simulator::{Datagram, Observer, Outcome, World, run};
use std::collections::{BTreeMap, BTreeSet};
use vnet::ip;

const SHIPPED: &str = include_str!("../../../../scenarios/one-address.toml");

/// Four doors in one house, and two elsewhere.
const HOUSE: &str = r#"
description = "Four doors behind one address and two elsewhere"
duration = "40min"

[[node]]
name = "house"
count = 4
address = "shared"
wakes = { at = ["1s", "20min"] }
application = { kind = "garage-door", tries = 20 }
restart = { attempts = 5 }

[[node]]
name = "alone"
count = 2
wakes = { at = ["1s", "20min"] }
application = { kind = "garage-door", tries = 20 }
restart = { attempts = 5 }
"#;

fn scenario(text: &str, overrides: &[(&str, &str)]) -> Scenario {
    let overrides = owned(overrides);
    Scenario::parse("one-address.toml", text, &overrides).expect("a scenario")
}

fn house(overrides: &[(&str, &str)]) -> Outcome {
    let outcome = run("house", &scenario(HOUSE, overrides), 1).expect("a capture");
    assert_eq!(outcome.report.violations, []);
    assert!(outcome.report.passed);
    outcome
}

fn events(outcome: &Outcome, who: &str, event: &str) -> Vec<Value> {
    let lines = outcome.trace.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    lines.filter(|value: &Value| value["who"] == who && value["event"] == event).collect()
}

#[rstest]
fn every_node_behind_one_address_does_all_it_wants(#[values("ipv4", "ipv6")] family: &str) {
    let outcome = house(&[("family", family)]);
    let figures = &outcome.report.figures;
    assert_eq!((figures.established, figures.failed), (12, 0));
    assert_eq!((figures.application_completed, figures.dropped), (12, 0));
    assert_eq!((figures.application_repeated, figures.ike_retransmissions), (0, 0));
    // INITIAL_CONTACT ends the SA of the same identity, not those of the others at the address.
    assert_eq!(figures.gateway_sas_at_end, 6);
}

#[rstest]
fn a_node_keeps_its_port_from_wake_to_wake(#[values("ipv4", "ipv6")] family: &str) {
    let outcome = house(&[("family", family)]);
    let mut remotes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in events(&outcome, "gateway", "established") {
        let text = |key: &str| event[key].as_str().expect("a text").to_owned();
        remotes.entry(text("peer")).or_default().insert(text("remote"));
    }
    assert_eq!(remotes.len(), 6);
    let (shared, own) = match family {
        "ipv4" => ("10.128.0.1:", "10.64.1."),
        _ => ("[2001:db8:0:3::1]:", "[2001:db8:0:1::10"),
    };
    let mut ports = BTreeSet::new();
    for (peer, seen) in &remotes {
        assert_eq!(seen.len(), 1, "{peer} at {seen:?}");
        let remote = seen.first().expect("one");
        if peer.contains("house") {
            ports.insert(remote.strip_prefix(shared).expect("the shared address").to_owned());
        } else {
            assert!(remote.starts_with(own) && remote.ends_with(":500"), "{remote}");
        }
    }
    assert_eq!(ports.into_iter().collect::<Vec<_>>(), ["10000", "10001", "10002", "10003"]);
}

/// The addresses of all datagrams on the links.
#[derive(Default)]
struct OnLinks(BTreeSet<(u32, core::net::IpAddr)>);

impl Observer for OnLinks {
    fn datagram(&mut self, datagram: &Datagram<'_>) {
        let parsed = ip::parse(datagram.octets).expect("a datagram");
        let link = datagram.place.link;
        self.0.extend([(link, parsed.source), (link, parsed.destination)]);
    }
}

#[test]
fn on_its_link_a_node_has_its_own_address() {
    let scenario = scenario(HOUSE, &[]);
    let mut seen = OnLinks::default();
    let mut world = World::new(&scenario, 1, &mut seen);
    world.step_until(ike_core::Instant::default() + scenario.duration);
    drop(world);
    let expected: BTreeSet<_> = (0..6_u8)
        .flat_map(|node| [[10, 64, 1, node], [10, 64, 0, 1]].map(|a| (node.into(), a.into())))
        .collect();
    assert_eq!(seen.0, expected);
}

#[rstest]
#[case::lossy(&[("link.loss", "25%")])]
#[case::all_at_once(&[
    ("link.loss", "5%"),
    ("link.duplicate", "10%"),
    ("link.reorder", "10%"),
    ("link.corrupt", "10%"),
    ("link.jitter", "30ms"),
])]
#[case::mangled(&[("link.mangle", "10%"), ("gateway.cookies", "always")])]
#[case::liveness(&[("gateway.liveness", "2s"), ("node.house.close", "delete")])]
#[case::crashing(&[("gateway.crashes", r#"["6s"]"#), ("gateway.liveness", "2s")])]
#[case::asking(&[("gateway.requests", r#"[{ kind = "rekey-ike", after = "3s" }]"#)])]
#[case::without_contact(&[("node.house.initial_contact", "false")])]
fn no_rule_is_broken_behind_a_router(
    #[case] change: &[(&str, &str)],
    #[values("ipv4", "ipv6")] family: &str,
) {
    let overrides = [change, &[("family", family)]].concat();
    for seed in 1..=4 {
        let report = simulator::verdict("house", &scenario(HOUSE, &overrides), seed);
        assert_eq!(report.violations, [], "seed {seed}");
        assert!(report.passed && report.figures.application_completed > 0, "seed {seed}");
        assert_eq!(report.figures.nodes_asleep_at_end, 6, "seed {seed}");
    }
}

#[test]
fn the_gateway_reaches_a_node_behind_the_router_by_itself() {
    let outcome = house(&[("gateway.liveness", "2s")]);
    for node in ["house-0", "house-3", "alone-5"] {
        assert!(!events(&outcome, node, "answered").is_empty(), "{node}");
    }
}

#[test]
fn the_router_does_not_make_a_damaged_datagram_right() {
    let outcome = house(&[("link.towards.corrupt", "20%")]);
    let drops = events(&outcome, "gateway", "packet_dropped");
    let reasons: BTreeSet<&str> =
        drops.iter().filter_map(|event| event["reason"].as_str()).collect();
    assert!(reasons.contains("UDP checksum is wrong"), "{reasons:?}");
    // No message of IKE came through with flipped bits.
    assert_eq!(events(&outcome, "gateway", "dropped"), Vec::<Value>::new());
}

#[test]
fn the_shipped_scenario_holds_back_the_house_and_nobody_else() {
    let scenario = scenario(SHIPPED, &[]);
    let outcome = run("one-address", &scenario, scenario.seed).expect("a capture");
    let of = |group: &str| {
        let nodes = outcome.report.nodes.iter().filter(|node| node.name.starts_with(group));
        let mut sent: Vec<u64> = nodes.map(|node| node.figures.ike_retransmissions).collect();
        sent.sort_unstable();
        sent
    };
    assert_eq!(of("alone"), [0; 8]);
    // Five without a cookie and ten with one, then ten at a time.
    let rounds = [[0; 10].as_slice(), &[0; 5], &[1; 10], &[2; 10], &[3; 5]];
    assert_eq!(of("house"), rounds.concat());
    let asked = events(&outcome, "gateway", "cookie_requested");
    let turned_away = events(&outcome, "gateway", "dropped");
    assert_eq!((asked.len(), turned_away.len()), (35, 45));
    for event in asked.iter().chain(&turned_away) {
        let remote = event["remote"].as_str().expect("a text");
        assert!(remote.starts_with("10.128.0.9:"), "{remote}");
    }
}
