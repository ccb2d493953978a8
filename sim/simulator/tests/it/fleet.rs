//! Fleets in small: patterns of wakes, and room sensors over good and bad links.

use crate::support::owned;
use simulator::scenario::Scenario;
use simulator::{Outcome, run};

/// Ten room sensors for two hours.
const ROOMS: &str = r#"
description = "Ten room sensors that report and poll every quarter of an hour"
duration = "2h"

[link]
delay = "20ms"
jitter = "2ms"

[[node]]
name = "room"
count = 10
wakes = { every = "15min" }
application = { kind = "room-sensor", poll = true }
awake = "1s"
"#;

fn rooms(overrides: &[(&str, &str)]) -> Outcome {
    let overrides = owned(overrides);
    let scenario = Scenario::parse("rooms.toml", ROOMS, &overrides).expect("a scenario");
    run("rooms", &scenario, 1).expect("a capture")
}

/// When a node has an event, in microseconds.
fn times(outcome: &Outcome, who: &str, event: &str) -> Vec<u64> {
    let (who, event) = (format!(r#""who":"{who}""#), format!(r#""event":"{event}""#));
    let lines = outcome.trace.lines().filter(|line| line.contains(&who) && line.contains(&event));
    lines
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            value["at_us"].as_u64().expect("a number")
        })
        .collect()
}

/// What a node and the server say to each other, in order.
fn said(outcome: &Outcome, who: &str) -> Vec<String> {
    let who = format!(r#""who":"{who}""#);
    let lines = outcome.trace.lines().filter(|line| line.contains(&who));
    lines
        .filter_map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let way = match value["event"].as_str()? {
                "application_sent" => ">",
                "application_received" => "<",
                _ => return None,
            };
            Some(format!("{way} {}", value["text"].as_str()?))
        })
        .collect()
}

#[test]
fn every_wake_of_a_room_sensor_reports_and_polls_and_ends_asleep() {
    let figures = rooms(&[]).report.figures;
    assert_eq!((figures.wakes, figures.established, figures.failed), (80, 80, 0));
    assert_eq!((figures.application_completed, figures.application_failed), (80, 0));
    // A report, its acknowledgement, a question, its answer: each sent and received once.
    assert_eq!((figures.application_sent, figures.application_received), (320, 320));
    assert_eq!(figures.application_repeated, 0);
    assert_eq!((figures.nodes_asleep_at_end, figures.dropped), (10, 0));
    // INITIAL_CONTACT clears what the wake before left, so each node has one SA at the gateway.
    assert_eq!(figures.gateway_sas_at_end, 10);
}

#[test]
fn a_room_sensor_tells_what_it_measured_in_each_wake() {
    let outcome = rooms(&[
        ("duration", "31min"),
        ("node.room.wakes", r#"{ every = "15min", first = "10s" }"#),
    ]);
    let expected = [
        "> report 1 18.3",
        "< ok 1",
        "> config? 1",
        "< config 1 1",
        "> report 2 18.4",
        "< ok 2",
        "> config? 2",
        "< config 2 1",
        "> report 3 18.5",
        "< ok 3",
        "> config? 3",
        "< config 3 1",
    ];
    assert_eq!(said(&outcome, "room-3"), expected);
    assert_eq!(times(&outcome, "room-3", "woke"), [10_000_000, 910_000_000, 1_810_000_000]);
}

#[test]
fn a_lossy_link_makes_a_room_sensor_repeat_itself_until_it_is_answered() {
    let bad = [("link.loss", "20%"), ("node.room.application.tries", "20")];
    let figures = rooms(&bad).report.figures;
    assert_eq!((figures.wakes, figures.established), (80, 80));
    assert!(figures.application_repeated > 0);
    assert_eq!((figures.application_completed, figures.nodes_asleep_at_end), (80, 10));
    // And one that has a single try gives up where a datagram is lost.
    let impatient = [("link.loss", "20%"), ("node.room.application.tries", "1")];
    let figures = rooms(&impatient).report.figures;
    assert!(figures.application_failed > 0);
    assert_eq!(figures.application_completed + figures.application_failed, 80);
    assert_eq!(figures.nodes_asleep_at_end, 10);
}

#[test]
fn a_wake_that_comes_while_awake_is_ignored_and_the_next_one_comes() {
    let outcome = rooms(&[
        ("duration", "1min"),
        ("node.room.wakes", r#"{ every = "10s", first = "5s" }"#),
        ("node.room.awake", "12s"),
    ]);
    let woke = times(&outcome, "room-0", "woke");
    let ignored = times(&outcome, "room-0", "wake_ignored");
    assert_eq!(woke, [5_000_000, 25_000_000, 45_000_000]);
    assert_eq!(ignored, [15_000_000, 35_000_000, 55_000_000]);
}

#[test]
fn after_a_power_cut_all_nodes_wake_once_and_in_one_second() {
    let outcome = rooms(&[
        ("duration", "1min"),
        ("node.room.count", "50"),
        ("node.room.wakes", r#"{ once = "1s", within = "1s" }"#),
    ]);
    let mut all: Vec<u64> =
        (0..50).flat_map(|node| times(&outcome, &format!("room-{node}"), "woke")).collect();
    assert!(all.iter().all(|at| (1_000_000..2_000_000).contains(at)));
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 50, "each has a draw of its own");
    assert_eq!(outcome.report.figures.application_completed, 50);
}

#[test]
fn random_wakes_depend_on_the_seed_and_on_nothing_else() {
    let poisson = [("node.room.wakes", r#"{ poisson = "15min" }"#)];
    let good = rooms(&poisson);
    let bad = rooms(&[poisson[0], ("link.loss", "20%"), ("node.room.count", "3")]);
    assert_eq!(times(&good, "room-2", "woke"), times(&bad, "room-2", "woke"));
    assert_ne!(times(&good, "room-1", "woke"), times(&good, "room-2", "woke"));
    let another = owned(&poisson);
    let scenario = Scenario::parse("rooms.toml", ROOMS, &another).expect("a scenario");
    let other = run("rooms", &scenario, 2).expect("a capture");
    assert_ne!(times(&good, "room-2", "woke"), times(&other, "room-2", "woke"));
}

#[test]
fn a_ping_with_tries_gets_through_a_lossy_link() {
    let ping = r#"{ kind = "ping", count = 3, tries = 20 }"#;
    let lossy = [("link.loss", "20%"), ("node.room.application", ping)];
    let figures = rooms(&lossy).report.figures;
    assert!(figures.application_repeated > 0);
    assert_eq!(figures.application_completed, 80);
    assert!(figures.ping_replies >= 240);
}
