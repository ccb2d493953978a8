//! `docs/report.md` speaks of every key and event that a run can leave behind.

use crate::support::{door, opened, read};
use serde_json::Value;
use simulator::scenario::Scenario;
use simulator::{Fields, Outcome, run, verdict};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::Path;

const REPORT: &str = include_str!("../../../../docs/report.md");

/// The shipped scenario with forgers.
fn forger() -> Outcome {
    let text = include_str!("../../../../scenarios/forger.toml");
    let scenario = Scenario::parse("forger.toml", text, &[]).expect("a scenario");
    run("forger", &scenario, scenario.seed).expect("a capture")
}

/// The shipped scenario with radios.
fn battery() -> Outcome {
    let text = include_str!("../../../../scenarios/battery.toml");
    let short = [("duration".to_owned(), "12min".to_owned())];
    let scenario = Scenario::parse("battery.toml", text, &short).expect("a scenario");
    run("battery", &scenario, scenario.seed).expect("a capture")
}

fn keys(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                all.insert(key.clone());
                keys(value, all);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| keys(value, all)),
        _ => {}
    }
}

fn undocumented(names: &BTreeSet<String>) -> Vec<&String> {
    names.iter().filter(|name| !REPORT.contains(&format!("`{name}`"))).collect()
}

/// The report of a run whose node is still awake when it ends.
fn broken_rule() -> Value {
    let mut scenario = door(&[("duration", "2s"), ("node.door.wakes.at", r#"["1s"]"#)]);
    scenario.expect = Default::default();
    let report = run("garage-door", &scenario, 1).expect("a capture").report;
    serde_json::from_str(&report.to_json()).expect("JSON")
}

#[test]
fn every_key_of_the_report_is_documented() {
    let outcome = opened(&[("node.door.count", "40"), ("duration", "10min")]);
    let report: Value = serde_json::from_str(&outcome.report.to_json()).expect("JSON");
    let mut all = BTreeSet::new();
    keys(&report, &mut all);
    assert!(all.contains("checkpoints") && all.contains("last_failure"));
    keys(&broken_rule(), &mut all);
    assert!(all.contains("checker") && all.contains("context"));
    let radios = serde_json::from_str(&battery().report.to_json()).expect("JSON");
    keys(&radios, &mut all);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/recorded-loss.toml");
    let recorded = verdict("recorded-loss", &read(&path, &[]), 1).to_json();
    keys(&serde_json::from_str(&recorded).expect("JSON"), &mut all);
    assert!(all.contains("files") && all.contains("sha256"));
    assert!(all.contains("for_each_established") && all.contains("radio_on_us"));
    assert_eq!(undocumented(&all), Vec::<&String>::new());
}

#[test]
fn every_event_of_a_trace_is_documented_with_its_keys() {
    let runs = [
        opened(&[("link.loss", "30%"), ("node.door.restart", "{ attempts = 3 }")]),
        opened(&[("gateway.cookies", "always"), ("node.door.close", "delete")]),
        opened(&[("gateway.liveness", "2s"), ("gateway.delete_after", "9s")]),
        opened(&[("node.door.gateway_psk", "quite another shared secret")]),
        opened(&[("node.door.wakes.at", r#"["1s", "2s"]"#)]),
        opened(&[("link.mtu", "576"), ("node.door.suite", "aes-cbc-modp2048")]),
        forger(),
        battery(),
    ];
    let mut names = BTreeSet::new();
    for line in runs.iter().flat_map(|outcome| outcome.trace.lines()) {
        let event: Value = serde_json::from_str(line).expect("JSON");
        names.insert(event["event"].as_str().expect("a name").to_owned());
        keys(&event, &mut names);
    }
    for rare in ["lost", "injected", "refused", "cookie_requested", "peer_answered", "wake_ignored"]
    {
        assert!(names.contains(rare), "{rare} is not in {names:?}");
    }
    assert_eq!(undocumented(&names), Vec::<&String>::new());
}

#[test]
fn the_ladder_in_the_readme_is_that_of_a_real_run() {
    let readme = include_str!("../../../../README.md");
    let shown = readme
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("a block of text");
    let lossy = include_str!("../../../../scenarios/lossy-door.toml");
    let scenario = Scenario::parse("lossy-door.toml", lossy, &[]).expect("a scenario");
    let outcome = run("lossy-door", &scenario, scenario.seed).expect("a capture");
    let ladder = outcome.ladder.expect("a small run");
    assert!(shown.lines().count() > 20);
    assert!(ladder.starts_with(shown), "the README shows\n{shown}\nthe run is\n{ladder}");
}

/// A sink for fields that remembers their names: what [`Fields`] is for.
#[derive(Default)]
struct Names(Vec<&'static str>);

impl Fields for Names {
    fn number(&mut self, key: &'static str, _: u64) {
        self.0.push(key);
    }

    fn text(&mut self, key: &'static str, _: &dyn Display) {
        self.0.push(key);
    }

    fn opaque(&mut self, key: &'static str, _: u64) {
        self.0.push(key);
    }

    fn octets(&mut self, key: &'static str, _: &[u8]) {
        self.0.push(key);
    }
}

#[test]
fn events_that_no_run_here_shows_are_documented_too() {
    let events = [
        ike_initiator::Event::GroupRequested(crypto::Group::Ecp256),
        ike_initiator::Event::CookieRequested { len: 8, at_once: false },
        ike_initiator::Event::Repeated { message_id: 1 },
        ike_initiator::Event::ChildClosed,
    ];
    let place = simulator::Place { link: 0, direction: vnet::link::Direction::Back, index: 0 };
    let damaged = Some(vnet::link::DamageKind::Corrupt);
    let arrived = simulator::What::Arrived { place, copy: Some(1), damaged };
    let outside = [
        simulator::What::EspHandedIn { spi: 1, sequence: 1 },
        simulator::What::InnerHandedIn { inner: 28 },
    ];
    for what in events.iter().map(simulator::What::Initiator).chain([arrived]).chain(outside) {
        let mut names = Names::default();
        what.fields(&mut names);
        let all = names.0.iter().map(|name| (*name).to_owned()).chain([what.name().to_owned()]);
        assert_eq!(undocumented(&all.collect()), Vec::<&String>::new());
    }
}

#[test]
fn every_reason_and_damage_of_a_link_is_documented() {
    use vnet::link::{DamageKind, DropReason};
    let damages = [DamageKind::Corrupt, DamageKind::Mangle].map(DamageKind::name);
    let names = DropReason::ALL.map(DropReason::name).into_iter().chain(damages);
    assert_eq!(undocumented(&names.map(str::to_owned).collect()), Vec::<&String>::new());
}
