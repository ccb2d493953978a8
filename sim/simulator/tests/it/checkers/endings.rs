//! Rules of the end, and what becomes of a violation.

use super::support::{Seen, Watched, assert_found, door};
use simulator::{Actor, Checkers, Violation, passes, run, verdict};

#[test]
fn a_node_that_is_still_awake_is_seen_unless_it_may_be() {
    let cut = [("duration", "3s"), ("node.door.wakes.at", r#"["1s"]"#)];
    let mut scenario = door(&cut);
    // The shipped scenario says how many nodes shall sleep, so its `[expect]` judges.
    assert_eq!(Watched::new(&scenario).violations(), []);
    scenario.expect = Default::default();
    let violations = Watched::new(&scenario).violations();
    assert_found(&violations, "end", "is awake at the end, in state Established");
}

#[test]
fn a_verdict_alone_has_the_context_of_a_violation_too() {
    let mut scenario = door(&[("duration", "3s"), ("node.door.wakes.at", r#"["1s"]"#)]);
    scenario.expect = Default::default();
    let alone = verdict("garage-door", &scenario, 1);
    let whole = run("garage-door", &scenario, 1).expect("a capture").report;
    assert!(alone.violations.iter().any(|violation| !violation.context.is_empty()));
    assert_eq!(alone.violations, whole.violations);
    assert_eq!(alone.fingerprint, whole.fingerprint);
}

#[test]
fn a_run_passes_only_if_it_breaks_no_rule_and_is_as_expected() {
    assert!(passes(&door(&[]), 1));
    let mut scenario = door(&[("duration", "3s"), ("node.door.wakes.at", r#"["1s"]"#)]);
    assert!(!passes(&scenario, 1), "it wakes once, not as often as expected");
    scenario.expect = Default::default();
    assert!(!passes(&scenario, 1), "it is awake at the end");
}

#[test]
fn a_timer_of_a_sleeping_node_is_seen() {
    let scenario = door(&[]);
    let mut checkers = Checkers::new(&scenario);
    let mut standing =
        Watched::new(&scenario).run(&mut checkers, &mut |seen, checkers| seen.show(checkers));
    assert_eq!((standing.awake.as_slice(), standing.stray_timers.as_slice()), (&[][..], &[][..]));
    standing.stray_timers.push(0);
    checkers.finish(&standing);
    assert_found(checkers.violations(), "end", "a timer of its own is set");
}

#[test]
fn sas_that_the_gateway_holds_unseen_are_seen() {
    let scenario = door(&[]);
    let mut checkers = Checkers::new(&scenario);
    let mut standing =
        Watched::new(&scenario).run(&mut checkers, &mut |seen, checkers| seen.show(checkers));
    standing.gateway_sas.0 += 1;
    checkers.finish(&standing);
    assert_found(checkers.violations(), "half-open", "the gateway holds 1");
}

#[test]
fn a_violation_tells_when_where_and_what_led_to_it() {
    let scenario = door(&[]);
    let mut trace = Vec::new();
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        if let Seen::Event(event) = &seen
            && event.who == Actor::Node(0)
        {
            trace.push(simulator::trace_line(event, &|number| format!("door-{number}")));
        }
        seen.show(checkers);
        if let Seen::Event(event) = &seen
            && event.what.name() == "slept"
        {
            seen.show(checkers);
        }
    });
    let [first, second] = violations.as_slice() else { panic!("{violations:#?}") };
    assert_eq!((first.checker, first.who), ("sleep", Actor::Node(0)));
    assert_eq!(first.what, "slept happened to a sleeping node");
    assert_eq!(second.checker, "sleep");
    let slept = trace.iter().position(|line| line.contains("slept")).expect("it slept");
    assert_eq!(first.context.last(), Some(&trace[slept]));
    assert!(first.context.len() == 10 && first.context.contains(&trace[slept - 1]));
}

#[test]
fn a_broken_rule_fails_the_run_and_stands_in_its_report() {
    let mut scenario = door(&[("duration", "3s"), ("node.door.wakes.at", r#"["1s"]"#)]);
    scenario.expect = Default::default();
    let report = run("garage-door", &scenario, 1).expect("a capture").report;
    assert!(!report.passed && report.expectations.is_empty());
    let [violation] = report.violations.as_slice() else { panic!("{:#?}", report.violations) };
    assert_eq!((violation.checker, violation.who.as_str()), ("end", "door-0"));
    assert_eq!(violation.at_us, 3_000_000);
    assert!(report.to_json().contains(r#""checker": "end""#));
}

#[test]
fn a_run_full_of_violations_keeps_the_first_and_counts_the_rest() {
    let scenario = door(&[("link.loss", "100%")]);
    let mut checkers = Checkers::new(&scenario);
    Watched::new(&scenario).run(&mut checkers, &mut |seen, checkers| {
        for _ in 0..if matches!(seen, Seen::Datagram(_)) { 20 } else { 1 } {
            seen.show(checkers);
        }
    });
    let found: &[Violation] = checkers.violations();
    assert_eq!(found.len(), 100);
    assert!(checkers.more() > 100);
    assert!(found.iter().all(|violation| !violation.context.is_empty()));
}
