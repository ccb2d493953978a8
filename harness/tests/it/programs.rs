//! The programs as a person or a script starts them.

use super::respond::Respond;
use harness::require::skip;
use harness::tshark::{Plan, dissect, is_there};
use rstest::rstest;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn connect(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_connect")).args(arguments).output().expect("connect starts")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).expect("UTF-8")
}

#[test]
fn the_programs_meet_and_both_say_so() {
    let respond = Respond::start(&["--once", "--cookies", "always"]);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("connect");
    let out = folder.display().to_string();
    let arguments = ["--id", "door.example", "--psk", "secret", "--delete", "--out", &out];
    let output = connect(&[&["--gateway", &respond.address][..], &arguments].concat());
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let last = shown.lines().last().expect("lines");
    assert!(last.starts_with("established with fqdn:gateway.example after "), "{shown}");
    assert!(last.ends_with(" s; closed, Delete answered"), "{shown}");
    let (status, served) = respond.end();
    assert_eq!(status, Some(0), "{served}");
    let last = "IKE SAs: 1 established, 0 times rekeyed, 1 of them closed; requests refused: 0; datagrams dropped: 0";
    assert_eq!(served.lines().last(), Some(last), "{served}");
    the_files_are_there(&folder, &shown);
}

fn the_files_are_there(folder: &std::path::Path, shown: &str) {
    let read = |name: &str| fs::read(folder.join(name)).expect(name);
    let ladder = text(&read("ladder.txt"));
    assert!(shown.contains(&ladder) && ladder.contains("SK  D IKE"), "{ladder}");
    assert!(read("capture.pcapng").starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]));
    for (name, rows) in [("ikev2_decryption_table", 1), ("esp_sa", 2)] {
        let table = text(&read(name));
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 1 + rows, "{name}: {table}");
        assert!(lines[1..].iter().all(|line| !line.starts_with('#')), "{name}: {table}");
    }
}

/// Both ends write the same messages, each in a capture of its own.
#[rstest]
fn tshark_understands_and_decrypts_what_both_programs_capture(
    #[values(
        "aes-gcm-x25519",
        "aes-gcm-p256",
        "aes-cbc-modp2048",
        "aes-ccm8-p256",
        "chacha20-x25519",
        "aes256-gcm-x25519"
    )]
    suite: &str,
) {
    if !is_there() {
        return skip("tshark", "reading the captures of connect and respond independently");
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tshark-programs").join(suite);
    let out = |side: &str| folder.join(side).display().to_string();
    let (here, there) = (out("connect"), out("respond"));
    let respond = Respond::start(&["--once", "--cookies", "always", "--out", &there]);
    let port = respond.address.rsplit(':').next().expect("a port").parse().expect("a number");
    let arguments = ["--id", "door.example", "--psk", "secret", "--delete", "--suite", suite];
    let address = ["--gateway", &respond.address, "--out", &here];
    let output = connect(&[&address[..], &arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(respond.end().0, Some(0));
    for side in ["connect", "respond"] {
        let side = folder.join(side);
        let read = dissect(&Plan { ports: &[port], ..Plan::of(&side) }).expect("tshark reads it");
        println!("{}: {read}", side.display());
        assert_eq!(read.findings, [""; 0]);
        // IKE_SA_INIT twice for the cookie, IKE_AUTH and the Delete, each with its answer.
        assert_eq!((read.packets, read.excluded), (8, 0), "{read}");
        let sk = if suite == "chacha20-x25519" { (0, 4) } else { (4, 0) };
        assert_eq!((read.sk_decrypted, read.sk_beyond_tshark), sk, "{read}");
    }
}

#[test]
fn a_refusal_is_exit_status_1_and_a_reason() {
    let respond = Respond::start(&["--once", "--idle", "1s"]);
    let arguments = ["--gateway", &respond.address, "--id", "door.example", "--psk", "wrong"];
    let output = connect(&arguments);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert_eq!(shown.lines().last(), Some("failed: refused: AUTHENTICATION_FAILED"), "{shown}");
    let (status, served) = respond.end();
    assert_eq!(status, Some(1), "{served}");
}

#[cfg(unix)]
#[rstest]
#[case("INT")]
#[case("TERM")]
fn a_signal_ends_the_service_with_exit_status_0(#[case] signal: &str) {
    let respond = Respond::start(&[]);
    let process = respond.id();
    let sent = Command::new("kill").args(["-s", signal, &process]).status().expect("kill");
    assert!(sent.success());
    let (status, served) = respond.end();
    assert_eq!(status, Some(0), "{served}");
    assert!(served.ends_with("datagrams dropped: 0\n"), "{served}");
}

#[rstest]
#[case(&[], "--gateway <ADDRESS[:PORT]>")]
#[case(&["--gateway", "gateway.example"], "expected an address such as 192.0.2.1")]
#[case(&["--psk", "hex:0"], "expected pairs of hexadecimal digits")]
#[case(&["--id", "keyid:0g"], "keyid: is followed by pairs of hexadecimal digits")]
#[case(&["--suite", "des"], "aes-gcm-x25519")]
#[case(&["--profile", "rfc1"], "rfc7815")]
#[case(&["--retransmission", "never"], "strongswan")]
#[case(&["--stay", "5"], "expected a duration such as")]
#[case(&["--ts-remote", "10.0.0.0/33"], "10.0.0.0 has fewer than 33 bits")]
#[case(&["--local", "here"], "expected an address such as 192.0.2.1")]
fn an_argument_that_makes_no_sense_is_exit_status_2(
    #[case] wrong: &[&str],
    #[case] expected: &str,
) {
    let output = connect(wrong);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(expected), "{told}");
}

#[rstest]
#[case(&["--ts-local", "10.0.0.1", "--ts-local", "10.0.0.2", "--ts-local", "10.0.0.3",
         "--ts-local", "10.0.0.4", "--ts-local", "10.0.0.5"], "--ts-local: expected at most 4")]
#[case(&["--local", "::1"], "expected two addresses of the same family")]
fn arguments_that_do_not_go_together_are_exit_status_2(
    #[case] wrong: &[&str],
    #[case] expected: &str,
) {
    let base = ["--gateway", "127.0.0.1:9", "--psk", "secret", "--id", "door.example"];
    let output = connect(&[&base[..], wrong].concat());
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(expected), "{told}");
}

#[rstest]
#[case(&["--listen", "0.0.0.0"], "expected one address of this machine")]
#[case(&["--listen", "127.0.0.1:0", "--psk", "door.example=2"], "has two keys")]
#[case(&["--listen", "127.0.0.1:0", "--cookies", "some"], "expected never, always")]
#[case(&["--listen", "127.0.0.1:0", "--liveness", "0s"], "longer than zero")]
fn a_service_that_makes_no_sense_is_exit_status_2(#[case] wrong: &[&str], #[case] expected: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_respond"))
        .args(["--psk", "door.example=1"])
        .args(wrong)
        .output()
        .expect("respond starts");
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(expected), "{told}");
}

#[test]
fn no_cell_at_a_time_is_exit_status_2() {
    let mut interop = Command::new(env!("CARGO_BIN_EXE_interop"));
    let output = interop.args(["--list", "--jobs", "0"]).output().expect("interop starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("invalid value '0' for '--jobs <NUMBER>'"));
}
