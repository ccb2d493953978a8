//! Links that lose in bursts, take time for octets and send in frames: the checkers agree, and a replay is the same run.

use crate::support::{door, read};
use simulator::scenario::Scenario;
use simulator::{Faults, Options, Outcome, run, run_with};
use std::path::Path;

fn replayed(scenario: &Scenario) -> Outcome {
    let first = run("door", scenario, 3).expect("a capture");
    assert_eq!(first.report.violations, []);
    assert!(first.report.accounting_balances);
    let faults = Faults::parse(&first.trace, scenario.nodes()).expect("a trace");
    let mut options = Options { faults: Some(&faults), ..Options::default() };
    let again = run_with("door", scenario, 3, &mut options).expect("a capture");
    assert_eq!(again.report.violations, []);
    assert_eq!(again.trace, first.trace);
    first
}

#[test]
fn bursts_are_in_the_trace_and_are_replayed() {
    let bursts = r#"{ step = "100ms", good_to_bad = "5%", bad_to_good = "10%" }"#;
    let outcome = replayed(&door(&[("link.gilbert_elliott", bursts), ("link.frame", "80")]));
    assert!(outcome.trace.contains("gilbert_elliott") && outcome.report.figures.datagrams_lost > 0);
}

#[test]
fn a_slow_link_delays_and_its_full_queue_drops() {
    let slow = [("link.bandwidth", "2kbit/s"), ("link.queue", "0")];
    let ping = r#"{ kind = "ping", count = 9, interval = "100ms" }"#;
    let outcome = replayed(&door(&[&slow[..], &[("node.door.application", ping)]].concat()));
    assert!(outcome.trace.contains("queue_full"));
}

#[test]
fn a_queue_may_be_limited_by_octets() {
    let dropped = |queue| {
        let slow = [("link.bandwidth", "2kbit/s"), ("link.queue", queue)];
        let outcome = replayed(&door(&slow));
        outcome.trace.matches(r#""reason":"queue_full""#).count()
    };
    assert_eq!(dropped("{ octets = 100000 }"), 0);
    assert!(dropped("{ octets = 90 }") > 0);
}

/// Nothing passes back in the second second of each ten: what the gateway answers in it is lost, and comes again.
#[test]
fn recorded_loss_is_in_the_trace_and_is_replayed() {
    let recorded = r#"{ spans = ["pass 1s", "lose 1s", "pass 8s"], repeat = true }"#;
    let outcome = replayed(&door(&[("link.back.loss_trace", recorded)]));
    let lost = outcome.trace.lines().filter(|line| line.contains(r#""event":"lost""#));
    let lost: Vec<serde_json::Value> =
        lost.map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(!lost.is_empty());
    for event in &lost {
        assert_eq!((&event["reason"], &event["direction"]), (&"traced".into(), &"back".into()));
        let at = event["at_us"].as_u64().expect("a time");
        assert_eq!(at % 10_000_000 / 1_000_000, 1, "{event}");
    }
    assert_eq!(outcome.report.figures.established, outcome.report.figures.wakes);
}

/// What the shipped trace says of a time: read here line by line, as a person would.
fn lost_in_file(csv: &str, at_us: u64) -> bool {
    let mut fate = "";
    for line in csv.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        let (seconds, now) = line.split_once(',').expect("two columns");
        let ms: u64 = seconds.replace('.', "").parse().expect("seconds with three decimals");
        if ms * 1_000 > at_us {
            break;
        }
        fate = now;
    }
    fate == "lost"
}

#[test]
fn what_a_file_has_recorded_is_lost_and_nothing_else() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/recorded-loss.toml");
    let scenario = read(&path, &[("node.sensor.count".to_owned(), "10".to_owned())]);
    let csv = &scenario.files["traces/fading-802-15-4.csv"];
    let outcome = replayed(&scenario);
    let (mut lost, mut passed) = (0, 0);
    for line in outcome.trace.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let (name, at) = (event["event"].as_str(), event["at_us"].as_u64().expect("a time"));
        // The file has a minute, which repeats.
        let expected = lost_in_file(csv, at % 60_000_000);
        match name {
            Some("lost") => {
                assert!(expected && event["reason"] == "traced", "{event}");
                lost += 1;
            }
            Some("sent") => passed += u32::from(!expected),
            _ => {}
        }
    }
    assert!(lost > 5 && passed > 50, "{lost} lost, {passed} passed");
    assert_eq!(outcome.report.figures.datagrams_lost, lost);
    assert_eq!(outcome.report.files[0].name, "traces/fading-802-15-4.csv");
}
