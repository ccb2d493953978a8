//! The program `simulate --recording`: a run with a real gateway, had again without it.

use simulator::scenario::Scenario;
use simulator::{Keep, Recording, Tape, World};
use std::path::PathBuf;
use std::process::{Command, Output};

const UNANSWERED: &str = r#"
description = "a gateway that never says a word"
duration = "10min"
[[node]]
name = "door"
wakes = { at = ["1s"] }
application = { kind = "ping" }
retransmission = { preset = "rfc7296", tries = 3 }
[expect]
established = 0
ike_retransmissions = 2
"#;

/// What such a gateway leaves behind.
fn tape() -> Tape {
    let scenario = Scenario::parse("unanswered.toml", UNANSWERED, &[]).expect("a scenario");
    let mut recording = Recording::with_gateway_outside(&scenario, None, Keep::default());
    let mut world = World::with_gateway_outside(&scenario, 3, &mut recording);
    // The last thing that happens is that the node sleeps again.
    while world.step() {}
    let (end, crossings) = (world.now(), world.crossings().to_vec());
    assert_eq!(crossings.len(), 3);
    Tape {
        gateway: "nobody 0".into(),
        scenario: "unanswered".into(),
        text: UNANSWERED.into(),
        files: scenario.files,
        overrides: Vec::new(),
        seed: 3,
        end,
        skipped_us: 0,
        crossings,
    }
}

fn simulate(name: &str, recording: &str) -> Output {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a writable folder");
    std::fs::write(folder.join("recording.jsonl"), recording).expect("a writable file");
    Command::new(env!("CARGO_BIN_EXE_simulate"))
        .args(["--recording", "recording.jsonl", "--out", "again"])
        .current_dir(&folder)
        .output()
        .expect("simulate starts")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[test]
fn a_recording_is_replayed_with_its_files_and_its_verdict() {
    let output = simulate("same", &tape().to_text());
    let shown = text(&output.stdout);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{shown}");
    assert!(shown.contains("The gateway was nobody 0.\n"), "{shown}");
    assert!(
        shown.contains("passed: 2 of 2 expectations held\nnot checked: same keys, "),
        "{shown}"
    );
    assert!(shown.ends_with("replay       cargo xtask simulate --recording recording.jsonl\n"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("same").join("again");
    let report = std::fs::read_to_string(folder.join("report.json")).expect("a report");
    assert!(report.contains(r#""gateway": "nobody 0""#) && folder.join("trace.jsonl").exists());
}

#[test]
fn a_recording_of_another_initiator_fails_and_says_where() {
    let mut tape = tape();
    tape.overrides.push("node.door.suite=aes-ccm8-p256".into());
    let output = simulate("other", &tape.to_text());
    let said = text(&output.stderr);
    assert!(said.starts_with("not as recorded: packet 1 to the gateway (IKE_SA_INIT"), "{said}");
    assert!(said.contains("differs in payload SA, octet "), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_is_no_recording_is_bad_input() {
    let broken = tape().to_text().replacen(r#""direction":"towards""#, r#""direction":"up""#, 1);
    let elsewhere = tape().to_text().replacen(r#""unanswered""#, r#""../../../evil""#, 1);
    for (name, recording, expected) in [
        ("elsewhere", elsewhere.as_str(), "recording.jsonl:1: scenario: expected a name of "),
        (
            "broken",
            broken.as_str(),
            "recording.jsonl:2: direction \"up\": expected towards or back",
        ),
        ("empty", "", "recording.jsonl:1: empty"),
    ] {
        let output = simulate(name, recording);
        let said = text(&output.stderr);
        assert!(said.contains(expected), "{said}");
        assert_eq!(output.status.code(), Some(2));
    }
}
