//! Runs whose device is outside the world. Here the device is a node of another world, whose gateway is outside: what one
//! lets out the other takes in.

use crate::support::pairs;
use ike_core::Instant;
use serde_json::Value;
use simulator::scenario::Scenario;
use simulator::{
    Checkers, Keep, NOT_CHECKED_DEVICE, Outcome, Part, Placement, Recording, Report, World,
};

const DOOR: &str = include_str!("../../../../scenarios/interop/door.toml");

fn scenario(overrides: &[&str]) -> Scenario {
    Scenario::parse("door.toml", DOOR, &pairs(overrides)).expect("a scenario")
}

/// Does the run; what the device itself saw comes second.
fn run(overrides: &[&str]) -> (Outcome, Report) {
    let scenario = scenario(overrides);
    let keep = Keep::default();
    let mut seen = Recording::with_device_outside(&scenario, keep.ladder(&scenario), keep);
    let mut world = World::with_device_outside(&scenario, scenario.seed, &mut seen);
    // The other world's link is only a wire to this one.
    let family = overrides.iter().find(|set| set.starts_with("family=")).unwrap_or(&"family=ipv4");
    let plain = self::scenario(&["link.delay=0s", family]);
    let mut own = Recording::with_gateway_outside(&plain, None, keep);
    let mut device = World::with_gateway_outside(&plain, plain.seed, &mut own);
    let end = Instant::default() + scenario.duration;
    loop {
        let next = world.next_time().into_iter().chain(device.next_time()).min();
        let Some(now) = next.filter(|next| *next <= end) else { break };
        device.step_until(now);
        while let Some(packet) = device.take_outgoing() {
            world.step_until(now);
            world.hand_in(packet);
        }
        world.step_until(now);
        while let Some(packet) = world.take_outgoing() {
            device.hand_in(packet);
        }
    }
    world.step_until(end);
    device.step_until(end);
    let (standing, its) = (world.standing(), device.standing());
    drop(world);
    drop(device);
    let run = ("door", scenario.seed);
    let mut outcome = seen.outcome(&scenario, run, &standing).expect("a capture");
    outcome.report.tell_outside("fake 1", 0);
    (outcome, own.outcome(&plain, run, &its).expect("a capture").report)
}

#[test]
fn a_device_outside_connects_through_its_link_and_works() {
    for family in ["family=ipv4", "family=ipv6"] {
        let (outcome, device) = run(&[family, "expect={}"]);
        assert_eq!(outcome.report.violations, [], "{family}");
        assert!(outcome.report.passed && outcome.report.accounting_balances);
        assert_eq!((device.figures.established, device.figures.application_completed), (1, 1));
        assert_eq!(outcome.report.figures.gateway_sas_at_end, 1);
        // All keys are the gateway's: one row of the IKE SA, one of each direction of the Child SA.
        let rows = |table: &str| table.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((rows(&outcome.ikev2_decryption_table), rows(&outcome.esp_sa)), (1, 2));
        let ladder = outcome.ladder.expect("a small run");
        assert!(ladder.contains("SK  IDi"), "{ladder}");
    }
}

#[test]
fn the_faults_of_the_link_meet_a_device_outside() {
    let lost = ["expect={}", "link.drops.towards=[1]", "link.drops.back=[2]"];
    let (outcome, device) = run(&lost);
    assert_eq!(outcome.report.violations, []);
    let listed = outcome.trace.matches(r#""reason":"listed""#).count();
    assert_eq!(listed, 2, "{}", outcome.trace);
    assert_eq!((device.figures.ike_retransmissions, device.figures.established), (2, 1));
}

#[test]
fn what_only_the_device_knows_is_listed_and_not_judged() {
    let (outcome, _) = run(&["expect={ established = 77, gateway_sas_at_end = 1 }"]);
    assert!(outcome.report.passed, "{}", outcome.report.to_json());
    let report: Value = serde_json::from_str(&outcome.report.to_json()).expect("JSON");
    assert_eq!(report["outside"]["device"], "fake 1");
    assert!(report["outside"].get("gateway").is_none());
    assert_eq!(report["outside"]["not_judged"][0]["figure"], "established");
    assert_eq!(report["figures"]["established"], Value::Null);
    let (outcome, _) = run(&["expect={ gateway_sas_at_end = 2 }"]);
    assert!(!outcome.report.passed, "what is seen can fail");
}

#[test]
fn what_is_not_checked_are_checkers_by_their_names() {
    let scenario = scenario(&[]);
    let all = Checkers::new(&scenario);
    let outside = Checkers::with_gateway(&scenario, Placement::DeviceOutside);
    let all: Vec<_> = all.names().collect();
    let left: Vec<_> = outside.names().collect();
    for not in NOT_CHECKED_DEVICE {
        assert!(all.contains(&not.checker), "{}", not.checker);
        assert_eq!(left.contains(&not.checker), not.part == Part::Device, "{}", not.checker);
    }
}
