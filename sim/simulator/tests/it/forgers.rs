//! Forgers: when they act, what they inject, and that nothing but what arrives changes.

use crate::support::door_with;
use ike_core::{ExchangeType, Header};
use rstest::rstest;
use serde_json::Value;
use simulator::{Faults, Options, Outcome, run, run_with};
use vnet::ip::{self, protocol};
use vnet::udp;

fn door(forgers: &str, overrides: &[(&str, &str)]) -> Outcome {
    let outcome = run("garage-door", &door_with(forgers, overrides), 1).expect("a capture");
    assert_eq!(outcome.report.violations, []);
    assert!(outcome.report.accounting_balances);
    outcome
}

fn forger(kind: &str, target: &str, rest: &str) -> String {
    format!("[[forger]]\nkind = \"{kind}\"\ntarget = \"{target}\"\n{rest}\n")
}

/// The events of that name.
fn events(outcome: &Outcome, name: &str) -> Vec<Value> {
    let lines = outcome.trace.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    lines.filter(|event: &Value| event["event"] == name).collect()
}

fn packet(event: &Value) -> Vec<u8> {
    let hex = event["packet"].as_str().expect("a text");
    let octet = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("two digits");
    (0..hex.len()).step_by(2).map(octet).collect()
}

/// The IKE header of an injected datagram, and whether its addresses are those of the way that it pretends to have gone.
fn header(packet: &[u8]) -> Option<Header> {
    let outer = ip::parse(packet).expect("an IP datagram with right checksums");
    if outer.protocol == protocol::ESP {
        return None;
    }
    let inner = udp::parse(outer.source, outer.destination, outer.payload);
    let inner = inner.expect("a UDP datagram with a right checksum");
    assert_eq!((inner.source_port, inner.destination_port), (500, 500));
    Header::parse(inner.payload).ok()
}

#[test]
fn a_forger_acts_from_and_until_and_the_nodes_take_turns() {
    let times = "every = \"2s\"\nfrom = \"3s\"\nuntil = \"11s\"";
    let outcome = door(&forger("garbage", "nodes", times), &[("node.door.count", "3")]);
    let seen: Vec<(u64, u64, u64)> = events(&outcome, "injected")
        .iter()
        .map(|event| {
            assert_eq!((&event["who"], &event["direction"]), (&"forger".into(), &"back".into()));
            let number = |key: &str| event[key].as_u64().expect("a number");
            (number("at_us"), number("link"), number("index"))
        })
        .collect();
    let s = 1_000_000;
    assert_eq!(seen, [(3 * s, 0, 0), (5 * s, 1, 0), (7 * s, 2, 0), (9 * s, 0, 1)]);
    let figures = &outcome.report.figures;
    assert_eq!(figures.datagrams_injected, 4);
    assert_eq!(figures.datagrams_delivered, figures.datagrams_sent + 4);
}

#[rstest]
fn what_is_injected_is_whole_and_in_the_name_of_the_other_end(
    #[values("garbage", "forged-error", "forged-response", "replay")] kind: &str,
    #[values("nodes", "gateway")] target: &str,
    #[values("ipv4", "ipv6")] family: &str,
) {
    let every = "every = \"41ms\"\nuntil = \"20s\"";
    let outcome = door(&forger(kind, target, every), &[("family", family)]);
    let injected = events(&outcome, "injected");
    assert!(injected.len() > 400, "{}", injected.len());
    for event in &injected {
        let packet = packet(event);
        assert_eq!(event["kind"], kind);
        assert_eq!(event["octets"], packet.len());
        assert_eq!(event["digest"], format!("{:016x}", simulator::digest(&packet)));
        let outer = ip::parse(&packet).expect("an IP datagram");
        let node = if family == "ipv4" { "10.64.1.0" } else { "2001:db8:0:1::100" };
        let is_node = |address: core::net::IpAddr| address.to_string() == node;
        assert_eq!(
            (is_node(outer.source), is_node(outer.destination)),
            (target == "gateway", target == "nodes")
        );
        header(&packet);
    }
}

#[test]
fn a_replay_is_what_was_sent_before_octet_by_octet() {
    let outcome = door(&forger("replay", "gateway", "every = \"100ms\""), &[]);
    let (mut sent, mut kinds) = (Vec::new(), [0, 0]);
    for line in outcome.trace.lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        if event["event"] == "sent" && event["direction"] == "towards" {
            sent.push(event["digest"].clone());
        } else if event["event"] == "injected" {
            assert!(sent.contains(&event["digest"]), "{line}");
            kinds[usize::from(header(&packet(&event)).is_some())] += 1;
        }
    }
    assert!(kinds[0] > 10 && kinds[1] > 10, "ESP and IKE: {kinds:?}");
}

#[rstest]
#[case::errors("forged-error")]
#[case::responses("forged-response")]
fn a_forgery_fits_the_exchange_under_way(#[case] kind: &str) {
    // So slow that the forger meets each exchange, and so late that it decides none.
    let late = "every = \"10ms\"\nfrom = \"1s\"\nuntil = \"8s\"";
    let slow = [("link.delay", "500ms"), ("node.door.profile", "rfc7815")];
    let outcome = door(&forger(kind, "nodes", late), &slow);
    let mut request = (String::new(), 0);
    let mut fitting = 0;
    for line in outcome.trace.lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let number = |key: &str| event[key].as_u64().expect("a number");
        match event["event"].as_str() {
            Some("request") => {
                let exchange = event["exchange"].as_str().expect("a text").to_owned();
                request = (exchange, number("message_id"));
            }
            Some("established" | "failed") if event["who"] != "gateway" => break,
            Some("injected") => {
                let header = header(&packet(&event)).expect("an IKE header");
                assert!(header.flags.is_response());
                let fits = (header.exchange.to_string(), u64::from(header.message_id));
                assert_eq!(fits, request, "{line}");
                fitting += 1;
            }
            _ => {}
        }
    }
    assert!(fitting > 150, "{fitting}");
}

#[test]
fn a_forged_ike_sa_init_response_that_comes_first_costs_the_attempt_and_no_more() {
    let first = "every = \"1ms\"\nfrom = \"1001ms\"\nuntil = \"1040ms\"";
    let patience = [
        ("node.door.retransmission", r#"{ preset = "rfc7296", tries = 3 }"#),
        ("node.door.restart", "{ attempts = 2, hold_off = \"1s\" }"),
    ];
    let figures = door(&forger("forged-response", "nodes", first), &patience).report.figures;
    assert_eq!((figures.attempts, figures.failed, figures.established), (3, 1, 2));
    assert_eq!((figures.application_completed, figures.nodes_asleep_at_end), (2, 1));
}

#[test]
fn forged_errors_cost_nothing_where_the_profile_answers_none() {
    let fast = "every = \"1ms\"\nfrom = \"1s\"\nuntil = \"4s\"";
    let outcome = door(&forger("forged-error", "nodes", fast), &[("node.door.profile", "rfc7815")]);
    let figures = &outcome.report.figures;
    assert_eq!((figures.failed, figures.ike_retransmissions), (0, 0));
    assert_eq!((figures.datagrams_injected, figures.dropped), (2_999, 2_999));
}

#[test]
fn a_forger_shifts_no_draw_of_anybody() {
    let bad = [("link.loss", "20%"), ("link.jitter", "5ms"), ("link.mangle", "5%")];
    let alone = door("", &bad);
    let watched = door(&forger("garbage", "gateway", "every = \"100ms\""), &bad);
    assert!(watched.report.figures.datagrams_injected > 1_000);
    let fates = |outcome: &Outcome| {
        let sent = events(outcome, "sent");
        sent.iter().map(|event| event.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(fates(&alone), fates(&watched));
}

#[test]
fn a_run_with_forgers_replays_from_its_trace_even_without_them() {
    let all: String = ["garbage", "forged-error", "forged-response", "replay"]
        .iter()
        .flat_map(|kind| {
            ["nodes", "gateway"].map(|target| forger(kind, target, "every = \"40ms\""))
        })
        .collect();
    let bad = [("link.loss", "20%"), ("node.door.restart", "{ attempts = 3 }")];
    let original = door(&all, &bad);
    let faults = Faults::parse(&original.trace, 1).expect("a trace");
    for forgers in [all.as_str(), ""] {
        let mut options = Options { faults: Some(&faults), ..Default::default() };
        let scenario = door_with(forgers, &bad[1..]);
        let again = run_with("garage-door", &scenario, 1, &mut options).expect("a capture");
        assert_eq!(again.report.fingerprint, original.report.fingerprint);
        assert_eq!(again.trace, original.trace);
        assert_eq!(again.capture, original.capture);
        assert_eq!(again.ladder, original.ladder);
    }
    // Without its lines nothing is injected.
    let sent: String = original
        .trace
        .lines()
        .filter(|line| !line.contains("\"injected\""))
        .collect::<Vec<_>>()
        .join("\n");
    let faults = Faults::parse(&sent, 1).expect("a trace");
    let mut options = Options { faults: Some(&faults), ..Default::default() };
    let quiet = run_with("garage-door", &door_with(&all, &bad[1..]), 1, &mut options);
    assert_eq!(quiet.expect("a capture").report.figures.datagrams_injected, 0);
}

#[test]
fn the_capture_says_what_was_injected() {
    let outcome = door(&forger("replay", "nodes", "every = \"1s\""), &[]);
    let capture = String::from_utf8_lossy(&outcome.capture).into_owned();
    assert!(capture.contains("door-0 back, injected 0 by a forger: replay"));
    let ladder = outcome.ladder.expect("a small run");
    assert!(ladder.contains(", replayed -") && ladder.contains("- forger "), "{ladder}");
}

#[test]
fn an_ike_sa_init_request_is_answered_with_a_suite_and_a_key_that_the_node_takes() {
    for suite in ["aes-gcm-x25519", "aes-gcm-p256", "aes-cbc-modp2048", "aes-ccm8-p256"] {
        let once = "every = \"1min\"\nfrom = \"1001ms\"\nuntil = \"2s\"";
        let outcome =
            door(&forger("forged-response", "nodes", once), &[("node.door.suite", suite)]);
        let forged = header(&packet(&events(&outcome, "injected")[0])).expect("an IKE header");
        assert_eq!(forged.exchange, ExchangeType::IKE_SA_INIT);
        let taken = events(&outcome, "operation")
            .iter()
            .any(|event| event["who"] == "door-0" && event["at_us"] == 1_001_000);
        assert!(taken, "{suite}");
    }
}
