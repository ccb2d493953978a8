//! A run with its keys ahead is the run without.

use super::*;
use rstest::rstest;
use simulator::Faults;

/// Some requests are lost, some meet a gateway that asks for cookies or has forgotten all; each node wakes several times.
const SCENARIO: &str = r#"
description = "keys ahead"
duration = "10min"
[link]
loss = "20%"
[gateway]
cookies = { above = 10 }
half_open_timeout = "30s"
crashes = ["3min"]
[[node]]
name = "first"
count = 60
wakes = { every = "2min", jitter = "1min" }
application = { kind = "ping", count = 1 }
[[node]]
name = "second"
count = 40
suite = "aes-gcm-p256"
wakes = { once = "2s", within = "1s" }
application = { kind = "ping", count = 1 }
restart = { attempts = 2 }
"#;

/// All that a run leaves, and how far it was told to be.
fn all(outcome: Outcome, told: &[u8]) -> (String, String, Vec<u8>, [String; 2], Option<String>) {
    assert!(told.is_sorted() && told.last() == Some(&100), "{told:?}");
    let Outcome { report, trace, capture, ikev2_decryption_table, esp_sa, ladder } = outcome;
    (report.to_json(), trace, capture, [ikev2_decryption_table, esp_sa], ladder)
}

#[rstest]
fn a_run_leaves_the_same_with_its_keys_ahead(
    #[values(1, 2, 3)] threads: usize,
    #[values(false, true)] replayed: bool,
) {
    let scenario = Scenario::parse("ahead.toml", SCENARIO, &[]).expect("a scenario");
    let plain = simulator::run("ahead", &scenario, 7).expect("a capture");
    let faults = Faults::parse(&plain.trace, scenario.nodes()).expect("a trace");
    let faults = replayed.then_some(&faults);
    let run = |ahead: Option<&Ahead>| {
        let mut told = Vec::new();
        let mut progress = |percent| told.push(percent);
        let progress: Option<&mut dyn FnMut(u8)> = Some(&mut progress);
        let mut options = Options { faults, progress, ..Options::default() };
        let outcome = match ahead {
            Some(ahead) => ahead.run_with("ahead", &scenario, 7, &mut options),
            None => simulator::run_with("ahead", &scenario, 7, &mut options),
        };
        all(outcome.expect("a capture"), &told)
    };
    let ahead = Ahead::new(threads).expect("threads");
    assert_eq!(run(Some(&ahead)), run(None));
    assert!(
        plain.report.figures.established > 200 && plain.report.figures.ike_retransmissions > 100
    );
}
