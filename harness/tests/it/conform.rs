//! The program `conformance-outside` with a gateway and a device that are processes of their own.

use super::respond::Respond;
use rstest::rstest;
use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::process::{Command, Output, Stdio};

fn judge(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_conformance-outside"));
    program.args(arguments).output().expect("conformance-outside starts")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).expect("UTF-8")
}

/// An address of this machine that was free a moment ago.
fn free() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("an address").to_string()
}

const HANDSHAKE: [&str; 4] = ["--profile", "modern", "--case", "basic/handshake"];

#[rstest]
#[case::right("tester.example=a secret", 0, "3 passed", "as expected")]
#[case::another_key("tester.example=another one", 1, "0 passed", "difference")]
fn a_gateway_is_judged(
    #[case] psk: &str,
    #[case] status: i32,
    #[case] passed: &str,
    #[case] end: &str,
) {
    let gateway = Respond::start(&["--psk", psk]);
    let at = format!("udp:{}", gateway.address);
    let output = judge(&[&["--gateway", &at, "--psk", "a secret"][..], &HANDSHAKE].concat());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert!(said.contains(passed) && said.contains(end), "{said}");
}

#[rstest]
#[case::right("a secret", 0, "3 passed", "as expected")]
#[case::another_key("another one", 1, "failed", "difference")]
fn a_device_is_judged(
    #[case] psk: &str,
    #[case] status: i32,
    #[case] passed: &str,
    #[case] end: &str,
) {
    let at = free();
    let wake = format!(
        "{} --gateway {at} --id device.example --psk '{psk}' --remote-id tester.example --stay 1min",
        env!("CARGO_BIN_EXE_connect")
    );
    let device = ["--device", &format!("udp:{at}"), "--psk", "a secret", "--wake", &wake];
    let output = judge(&[&device[..], &HANDSHAKE].concat());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert!(said.contains(passed) && said.contains(end), "{said}");
}

#[test]
fn a_device_may_come_from_another_port_each_time() {
    let at = free();
    let wake = format!(
        "{} --gateway {at} --id device.example --psk 'a secret' --remote-id tester.example --stay 1min",
        env!("CARGO_BIN_EXE_connect")
    );
    let device = ["--device", &format!("udp:{at}"), "--psk", "a secret", "--wake", &wake];
    let three_wakes = ["--profile", "modern", "--case", "sending/fresh"];
    let output = judge(&[&device[..], &three_wakes].concat());
    let said = text(&output.stdout);
    assert!(said.contains("4 passed") && said.contains("as expected"), "{said}");
}

#[test]
fn a_device_that_never_comes_is_inconclusive() {
    let device = ["--device", &format!("udp:{}", free()), "--within", "1"];
    let output = judge(&[&device[..], &HANDSHAKE].concat());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the device sent no IKE_SA_INIT request"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_signal_calls_the_cases_off() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_conformance-outside"))
        .args(["--device", &format!("udp:{}", free()), "--within", "36000"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("conformance-outside starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("a line");
    assert!(line.starts_with("waiting"), "{line}");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill starts").success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut rest).expect("text");
    assert_eq!(child.wait().expect("a status").code(), Some(2), "{rest}");
    assert!(rest.contains("error: stopped"), "{rest}");
}

#[rstest]
#[case::nobody(&[], "--implementation")]
#[case::two(&["--device", "udp:127.0.0.1", "--gateway", "udp:127.0.0.1"], "cannot be used with")]
#[case::no_port(&["--device", "127.0.0.1"], "expected udp:ADDRESS")]
#[case::no_case(&["--device", "udp:127.0.0.1", "--case", "no/such"], "--case no/such")]
#[case::no_profile(&["--device", "udp:127.0.0.1", "--profile", "x"], "expected one of rfc7815")]
#[case::port_0(&["--device", "udp:127.0.0.1:0"], "expected 1 to 65535")]
#[case::address_of_another(&["--device", "udp:192.0.2.1"], "--device udp:192.0.2.1:500: ")]
#[case::none_at_once(&["--implementation", "openiked", "--jobs", "0"], "'0' for '--jobs")]
#[case::tester(&["--implementation", "openiked", "--identity", "x"], "cannot be used with")]
#[case::wake(&["--implementation", "openiked", "--wake", "true"], "cannot be used with")]
#[case::record(&["--device", "udp:127.0.0.1", "--record", "x"], "cannot be used with")]
#[case::behind(&["--device", "udp:127.0.0.1", "--behind", "10.0.0.0/8"], "cannot be used with")]
fn what_makes_no_sense_is_refused(#[case] arguments: &[&str], #[case] why: &str) {
    let output = judge(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(why), "{said}");
}
