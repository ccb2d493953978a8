//! What a run's ladder shows is what its capture shows.

use super::*;
use crate::scenario::Scenario;
use crate::{Outcome, run};
use rstest::rstest;
use std::fs;
use std::path::Path;

fn simulate(name: &str, overrides: &[(&str, &str)]) -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let text = fs::read_to_string(folder.join(format!("{name}.toml"))).expect("a scenario");
    let overrides: Vec<(String, String)> =
        overrides.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let scenario = Scenario::parse(name, &text, &overrides).expect("a scenario");
    run(name, &scenario, scenario.seed).expect("a capture")
}

/// The IKE messages of a ladder: what stands on their arrows, and what below.
fn messages(ladder: &str) -> Vec<(String, Vec<String>)> {
    let mut messages: Vec<(String, Vec<String>)> = Vec::new();
    let mut below_ike = false;
    for line in ladder.lines() {
        let Some(body) = line.get(17..).filter(|_| line.as_bytes().get(16) == Some(&b'|')) else {
            continue;
        };
        // What did not fit on the line above goes on below it, two characters further in.
        let rest = body.strip_prefix("      ").filter(|text| !text.starts_with(' '));
        if let Some(rest) = rest.filter(|text| below_ike && !text.contains("x- ")) {
            let last = messages.last_mut().expect("an arrow").1.last_mut().expect("a detail");
            last.push(' ');
            last.push_str(rest.trim_end().trim_end_matches('|').trim_end());
            continue;
        }
        let detail = body.strip_prefix("    ").filter(|text| !text.starts_with(' '));
        if let Some(detail) = detail.filter(|text| below_ike && !text.contains("x- ")) {
            let text = detail.trim_end().trim_end_matches('|').trim_end();
            messages.last_mut().expect("an arrow").1.push(text.to_owned());
            continue;
        }
        let body = body.trim_start();
        let arrow = ["-- ", "<- ", "x- "].iter().find_map(|start| body.strip_prefix(start));
        let Some(arrow) = arrow else { continue };
        let label = arrow.split(" -").next().expect("a label");
        below_ike = label.contains(" request ") || label.contains(" response ");
        if below_ike {
            messages.push((label.to_owned(), Vec::new()));
        }
    }
    messages
}

#[rstest]
#[case("garage-door", "node.door")]
#[case("lossy-door", "node.door")]
#[case("late-answers", "node.door")]
#[case("chatty-gateway", "node.door")]
fn every_message_of_a_run_is_read_back_from_its_capture(
    #[case] name: &str,
    #[case] node: &str,
    #[values(
        "aes-gcm-x25519",
        "aes-gcm-p256",
        "aes-cbc-modp2048",
        "aes-ccm8-p256",
        "chacha20-x25519",
        "aes256-gcm-x25519"
    )]
    suite: &str,
    #[values("ipv4", "ipv6")] family: &str,
) {
    let key = format!("{node}.suite");
    let outcome = simulate(name, &[(&key, suite), ("family", family)]);
    let keys = KeyTable::parse(&outcome.ikev2_decryption_table).expect("our own table");
    let found = dissect(&outcome.capture, &keys, &[]).expect("our own capture");
    assert!(found.cut_short.is_none() && found.others.is_empty());
    assert_eq!(found.conversations.len(), 1);
    let expected = messages(&outcome.ladder.expect("a ladder"));
    let ike = found.shown.iter().filter(|entry| matches!(entry.kind, Kind::Ike(_)));
    let read: Vec<_> = ike.map(|entry| (entry.label(), entry.lines())).collect();
    assert!(read.len() > 3, "{read:?}");
    assert_eq!(read, expected);
    for entry in &found.shown {
        let Kind::Ike(ike) = &entry.kind else { continue };
        let protected = ike.exchange != 34;
        assert_eq!(ike.decryption == Some(Decryption::Opened), protected, "{ike:?}");
        assert_eq!(entry.from_left, ike.initiator);
    }
}

#[test]
fn esp_between_messages_is_summed_up_for_each_spi() {
    let outcome = simulate("garage-door", &[("node.door.wakes.at", r#"["1s"]"#)]);
    let found = dissect(&outcome.capture, &KeyTable::default(), &[]).expect("our own capture");
    let text = found.render(false);
    let esp: Vec<&str> = text.lines().filter(|line| line.contains("ESP")).collect();
    assert_eq!(esp.len(), 3, "{text}");
    assert!(esp[0].contains(", sequence 1 to 2, 2 packets, 136 octets --"), "{text}");
    assert!(esp[1].contains(", sequence 1 to 13, 13 packets, "), "{text}");
    assert_eq!(esp[2], "packets: 19; 4 IKE, 15 ESP");
    // With comments each packet stands for itself.
    let text = found.render(true);
    assert_eq!(text.lines().filter(|line| line.contains("comment: door-0 ")).count(), 19);
}
