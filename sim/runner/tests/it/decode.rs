//! The program `decode` as a person or a script starts it.

use rstest::rstest;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn decode(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_decode")).args(arguments).output().expect("decode starts")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).expect("UTF-8")
}

/// A run of the garage door, written as `simulate` writes it.
fn run(test: &str) -> (String, String) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/garage-door.toml");
    let out = folder.display().to_string();
    let status = Command::new(env!("CARGO_BIN_EXE_simulate"))
        .args([scenario, "--out", &out])
        .output()
        .expect("simulate starts")
        .status;
    assert_eq!(status.code(), Some(0));
    (format!("{out}/capture.pcapng"), format!("{out}/ikev2_decryption_table"))
}

#[test]
fn a_capture_of_a_run_is_drawn_decrypted() {
    let (capture, keys) = run("drawn");
    let output = decode(&[&capture, "--keys", &keys]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(shown.contains("-- IKE_AUTH request 1, "), "{shown}");
    assert!(shown.contains("SK  N INITIAL_CONTACT"), "{shown}");
    assert!(shown.ends_with("packets: 38; 8 IKE, 30 ESP\n"), "{shown}");
    let without = text(&decode(&[&capture]).stdout);
    assert!(without.contains("SK  (no keys)") && !without.contains("INITIAL_CONTACT"), "{without}");
}

#[test]
fn json_is_one_document() {
    let (capture, keys) = run("json");
    let output = decode(&[&capture, "--keys", &keys, "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["packets"], 38);
    assert_eq!(document["shown"].as_array().expect("a list").len(), 38);
    assert_eq!(document["shown"][2]["exchange_name"], "IKE_AUTH");
    assert_eq!(document["shown"][2]["decryption"], "opened");
}

#[test]
fn a_capture_that_breaks_off_is_shown_up_to_there() {
    let (capture, _) = run("cut");
    let mut octets = fs::read(&capture).expect("a capture");
    octets.truncate(octets.len() - 10);
    let cut = format!("{capture}.cut");
    fs::write(&cut, octets).expect("a file");
    let output = decode(&[&cut]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(shown.contains("packets: 37; 8 IKE, 29 ESP\n"), "{shown}");
    assert!(shown.contains("\ncapture cut short at packet 38, octet "), "{shown}");
}

#[rstest]
#[case::missing(None, "", "cannot be read")]
#[case::no_capture(Some(&b"GIF89a"[..]), "", "not a capture: it begins neither as pcap")]
#[case::empty(Some(&b""[..]), "", "not a capture")]
#[case::bad_keys(Some(&b""[..]), "# comment\n0102,,\n", ":2: expected eight fields")]
fn bad_input_is_exit_status_2_and_names_the_file(
    #[case] capture: Option<&[u8]>,
    #[case] keys: &str,
    #[case] expected: &str,
) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let id = format!("bad-{}-{}", expected.len(), keys.len());
    let (file, table) = (folder.join(format!("{id}.pcap")), folder.join(format!("{id}.keys")));
    if let Some(octets) = capture {
        fs::write(&file, octets).expect("a file");
    }
    fs::write(&table, keys).expect("a file");
    let (file, table) = (file.display().to_string(), table.display().to_string());
    let output = decode(&[&file, "--keys", &table]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(expected) && told.contains(&id), "{told}");
}
