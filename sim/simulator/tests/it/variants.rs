//! The garage door with one thing changed: suites, families, profiles, keys, ways to end.

use crate::support::{door, opened};
use rstest::rstest;
use simulator::Outcome;

/// The lines of the trace that are such events of such an actor.
fn events<'t>(outcome: &'t Outcome, who: &str, event: &str) -> Vec<&'t str> {
    let (who, event) = (format!(r#""who":"{who}""#), format!(r#""event":"{event}""#));
    outcome.trace.lines().filter(|line| line.contains(&who) && line.contains(&event)).collect()
}

#[rstest]
fn every_suite_opens_the_door_over_both_families(
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
    let outcome = opened(&[("node.door.suite", suite), ("family", family)]);
    assert!(outcome.report.passed, "{:?}", outcome.report.expectations);
    // 15 packets each way and wake: all of them through ESP.
    assert_eq!(outcome.report.figures.esp_packets_received, 30);
}

#[test]
fn a_gateway_that_wants_cookies_gets_them_from_the_default_profile() {
    let outcome = opened(&[("gateway.cookies", "always")]);
    assert_eq!(outcome.report.figures.established, 2);
    assert_eq!(events(&outcome, "door-0", "cookie_requested").len(), 2);
    // A cookie costs the gateway no Diffie-Hellman.
    assert_eq!(outcome.report.figures.diffie_hellman_gateway, 2);
}

#[test]
fn a_device_of_rfc_7815_alone_never_gets_past_a_gateway_that_wants_cookies() {
    let outcome = opened(&[("gateway.cookies", "always"), ("node.door.profile", "rfc7815")]);
    let figures = &outcome.report.figures;
    assert_eq!((figures.established, figures.diffie_hellman_gateway), (0, 0));
    assert!(!events(&outcome, "door-0", "dropped").is_empty());
}

#[test]
fn a_wrong_key_is_refused_and_the_device_sleeps() {
    let outcome = opened(&[("node.door.gateway_psk", "quite another shared secret")]);
    let figures = &outcome.report.figures;
    assert_eq!((figures.established, figures.failed), (0, 2));
    assert_eq!((figures.application_failed, figures.nodes_asleep_at_end), (2, 1));
    let reason = outcome.report.nodes[0].figures.last_failure.as_deref();
    assert_eq!(reason, Some("refused: AUTHENTICATION_FAILED"));
    // RFC 7815 2.1: no retransmission for minutes where the gateway has answered.
    assert_eq!(figures.ike_retransmissions, 0);
    assert_eq!(figures.gateway_sas_at_end, 0);
}

#[test]
fn a_suite_that_the_gateway_does_not_have_is_never_agreed() {
    let outcome = opened(&[("gateway.suites", r#"["aes-ccm8-p256"]"#)]);
    let figures = &outcome.report.figures;
    assert_eq!(figures.established, 0);
    // NO_PROPOSAL_CHOSEN is not authenticated: it is ignored, and the request goes on.
    assert!(figures.ike_retransmissions > 0);
    assert!(
        events(&outcome, "door-0", "dropped")[0].contains("unauthenticated NO_PROPOSAL_CHOSEN")
    );
}

#[test]
fn a_delete_before_sleep_leaves_nothing_at_the_gateway() {
    let outcome = opened(&[("node.door.close", "delete")]);
    assert_eq!(outcome.report.figures.gateway_sas_at_end, 0);
    let closed = events(&outcome, "door-0", "closed");
    assert_eq!(closed.len(), 2);
    assert!(closed.iter().all(|line| line.contains("closed, Delete answered")));
}

#[test]
fn without_initial_contact_the_gateway_keeps_what_silent_devices_leave() {
    let outcome = opened(&[("node.door.initial_contact", "false")]);
    assert_eq!(outcome.report.figures.gateway_sas_at_end, 2);
}

#[test]
fn a_gateway_that_deletes_ends_the_wake_or_starts_it_over_by_policy() {
    let gives_up = opened(&[("gateway.delete_after", "5s")]);
    assert_eq!(gives_up.report.figures.application_failed, 2);
    assert_eq!(events(&gives_up, "door-0", "closed").len(), 2);
    let starts_over = opened(&[
        ("gateway.delete_after", "14s"),
        ("node.door.restart", r#"{ attempts = 2, hold_off = "1s" }"#),
        ("node.door.application.travel", "16s"),
    ]);
    let figures = &starts_over.report.figures;
    assert_eq!((figures.attempts, figures.established), (4, 4));
    assert_eq!((figures.application_completed, figures.nodes_asleep_at_end), (2, 1));
}

#[rstest]
#[case::default_profile("rfc7296-min")]
#[case::rfc7815("rfc7815")]
fn liveness_checks_are_answered_while_awake_and_free_the_gateway_afterwards(#[case] profile: &str) {
    let outcome = opened(&[
        ("gateway.liveness", "3s"),
        ("node.door.profile", profile),
        ("duration", "20min"),
    ]);
    let figures = &outcome.report.figures;
    assert_eq!(figures.application_completed, 2);
    assert!(events(&outcome, "door-0", "answered").len() > 3);
    // RFC 7296 2.4: a peer that answers nothing for long enough is gone.
    assert_eq!(figures.gateway_sas_at_end, 0);
}

#[test]
fn hold_off_grows_between_attempts_of_a_wake() {
    let outcome = opened(&[
        ("link.loss", "100%"),
        ("node.door.wakes.at", r#"["1s"]"#),
        ("node.door.retransmission", r#"{ preset = "coap", jitter = "none", tries = 1 }"#),
        ("node.door.restart", r#"{ attempts = 3, hold_off = "10s", growth = "2" }"#),
    ]);
    let starts: Vec<u64> = events(&outcome, "door-0", "attempt")
        .iter()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            value["at_us"].as_u64().expect("a number")
        })
        .collect();
    // 1 s, then 2 s of timeout and 10 s of hold-off, then 2 s and 20 s.
    assert_eq!(starts, [1_000_000, 13_000_000, 35_000_000]);
}

#[test]
fn losing_and_repeating_datagrams_changes_no_octet_of_the_handshake() {
    // With 1 s there and back, requests are sent again before their answers can arrive.
    let clean = opened(&[]);
    let slow = opened(&[("link.delay", "1s"), ("node.door.application.reply_timeout", "10s")]);
    assert!(slow.report.figures.ike_retransmissions > clean.report.figures.ike_retransmissions);
    assert_eq!(handshake(&clean), handshake(&slow));
}

/// The distinct IKE datagrams of the first wake, by their digests.
fn handshake(outcome: &Outcome) -> Vec<String> {
    let mut digests = Vec::new();
    for line in outcome.trace.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if event["event"] == "esp_sent" {
            break;
        }
        if event["event"] == "sent" {
            let digest = event["digest"].as_str().expect("a text").to_owned();
            if !digests.contains(&digest) {
                digests.push(digest);
            }
        }
    }
    assert_eq!(digests.len(), 4, "two exchanges");
    digests
}

#[test]
fn a_run_replays_from_the_faults_in_its_trace_without_drawing_any() {
    let lossy = opened(&[("link.loss", "30%"), ("link.duplicate", "20%")]);
    let faults = simulator::Faults::parse(&lossy.trace, 1).expect("a trace");
    // Another seed for nothing but the links: theirs are no longer asked.
    let scenario = door(&[]);
    let mut options = simulator::Options { faults: Some(&faults), ..Default::default() };
    let again = simulator::run_with("garage-door", &scenario, 1, &mut options).expect("a capture");
    assert_eq!(again.report.fingerprint, lossy.report.fingerprint);
    assert_eq!(again.trace, lossy.trace);
}

/// The second datagram of the device is its IKE_AUTH request, the second one back the response.
#[rstest]
#[case::request_corrupted("corrupts", "towards", "gateway", "packet_dropped")]
#[case::request_mangled("mangles", "towards", "gateway", "dropped")]
#[case::response_mangled("mangles", "back", "door-0", "dropped")]
fn a_damaged_ike_auth_is_dropped_and_sent_again(
    #[case] list: &str,
    #[case] way: &str,
    #[case] who: &str,
    #[case] event: &str,
) {
    let outcome = opened(&[
        (&format!("link.{list}.{way}"), "[2]"),
        ("node.door.wakes.at", r#"["1s"]"#),
        ("expect.ike_retransmissions", "1"),
        ("expect.established", "1"),
    ]);
    let figures = &outcome.report.figures;
    assert_eq!((figures.established, figures.failed), (1, 0));
    assert_eq!((figures.ike_retransmissions, events(&outcome, who, event).len()), (1, 1));
    assert_eq!(figures.datagrams_corrupted + figures.datagrams_mangled, 1);
}

#[test]
fn a_response_that_is_held_back_is_asked_for_again_and_then_comes_twice() {
    let outcome = opened(&[
        ("link.reorders.back", "[1]"),
        ("link.reorder_delay", "1500ms"),
        ("node.door.wakes.at", r#"["1s"]"#),
    ]);
    let figures = &outcome.report.figures;
    assert_eq!((figures.established, figures.datagrams_reordered), (1, 1));
    assert_eq!((figures.ike_retransmissions, figures.diffie_hellman_gateway), (1, 1));
    assert_eq!(events(&outcome, "door-0", "dropped").len(), 1);
}
