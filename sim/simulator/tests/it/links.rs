//! Links that lose in bursts, take time for octets and send in frames: the checkers agree, and a replay is the same run.

use crate::support::door;
use simulator::scenario::Scenario;
use simulator::{Faults, Options, Outcome, run, run_with};

fn replayed(scenario: &Scenario) -> Outcome {
    let first = run("door", scenario, 3).expect("a capture");
    assert_eq!(first.report.violations, []);
    assert!(first.report.accounting_balances);
    let faults = Faults::parse(&first.trace).expect("a trace");
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
