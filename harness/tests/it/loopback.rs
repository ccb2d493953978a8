//! What the two say to each other, and what is shown of it.

use crate::pair::{Pair, block_on, identity, psk, until};
use core::net::Ipv6Addr;
use harness::Summary;
use ike_core::{NotifyType, Suite};
use ike_initiator::{CloseReason, FailReason, Profile};
use ike_responder::CookiePolicy;
use rstest::rstest;
use std::time::Duration;

#[rstest]
fn every_suite_is_established_and_both_ends_name_the_same_spis(
    #[values(0, 1, 2, 3, 4, 5)] index: usize,
    #[values(Profile::Rfc7815, Profile::Rfc7296Min)] profile: Profile,
) {
    let met = block_on(async {
        let mut pair = Pair::new().await;
        pair.node = pair.node.suite(Suite::ALL[index]);
        pair.node.profile = profile;
        pair.meet().await
    });
    assert_eq!((met.outcome.failed, met.outcome.closed), (None, CloseReason::Silent));
    let established = met.outcome.established.expect("an SA");
    assert_eq!(established.peer, identity("gateway.example"));
    let child = established.child.expect("a Child SA");
    let (a, b) = (child.spi_in, child.spi_out);
    assert!(met.node.contains(&format!("Child SA: SPI {a:08x} in, {b:08x} out")), "{}", met.node);
    let there = format!("Child SA: SPI {b:08x} in, {a:08x} out");
    assert!(met.gateway.contains(&there), "{}", met.gateway);
    assert_eq!(met.summary, Summary { established: 1, ..Summary::default() });
}

#[test]
fn a_cookie_is_answered() {
    let met = block_on(async {
        let mut pair = Pair::new().await;
        pair.gateway.cookies = CookiePolicy::Always;
        pair.meet().await
    });
    assert!(met.outcome.established.is_some());
    assert!(met.node.contains("* answers the cookie "), "{}", met.node);
}

#[test]
fn a_wrong_key_is_refused_and_the_reason_is_one_line() {
    let met = block_on(async {
        let mut pair = Pair::new().await;
        pair.node.psk = psk("another");
        pair.meet().await
    });
    let refused = FailReason::Refused(NotifyType::AUTHENTICATION_FAILED);
    assert_eq!((&met.outcome.established, met.outcome.failed), (&None, Some(refused)));
    assert_eq!(met.outcome.to_string(), "failed: refused: AUTHENTICATION_FAILED");
    assert!(met.gateway.contains("refuses: AUTHENTICATION_FAILED *"), "{}", met.gateway);
    assert_eq!(met.summary, Summary { refused: 1, ..Summary::default() });
}

#[test]
fn a_gateway_with_another_identity_is_not_accepted() {
    let met = block_on(async {
        let mut pair = Pair::new().await;
        pair.node.remote_identity = Some(identity("other.example"));
        pair.meet().await
    });
    assert_eq!(met.outcome.failed, Some(FailReason::AuthenticationFailed));
}

#[test]
fn a_delete_closes_both_ends() {
    let met = block_on(async {
        let mut pair = Pair::new().await;
        pair.node.delete_on_close = true;
        pair.meet().await
    });
    assert_eq!(met.outcome.closed, CloseReason::DeleteAnswered);
    assert_eq!(met.summary, Summary { established: 1, closed: 1, ..Summary::default() });
    assert!(met.gateway.contains("SK  D IKE"), "{}", met.gateway);
}

#[test]
fn ipv6_is_no_different() {
    block_on(async {
        let Some(pair) = Pair::at(Ipv6Addr::LOCALHOST.into()).await else {
            eprintln!("no IPv6 loopback address on this machine: nothing to test");
            return;
        };
        let met = pair.meet().await;
        assert!(met.outcome.established.is_some(), "{}", met.outcome);
        assert!(met.node.contains("SK  TSi ::1 "), "{}", met.node);
    });
}

#[test]
fn who_stays_answers_the_gateway() {
    let met = block_on(async {
        let mut pair = Pair::new().await;
        pair.gateway.liveness = Some(Duration::from_millis(20));
        pair.stay = Duration::from_secs(3_600);
        let (leave, screen) = (pair.leave.clone(), pair.node_screen.clone());
        let (met, ()) = tokio::join!(pair.meet(), async {
            until(|| screen.text().contains("-- INFORMATIONAL response 1, ")).await;
            leave.raise();
        });
        met
    });
    assert_eq!(met.outcome.closed, CloseReason::Silent);
    assert!(met.outcome.established.is_some());
    assert!(met.gateway.contains("<- INFORMATIONAL request 1, "), "{}", met.gateway);
}

/// Times and ports, which differ from run to run, as signs.
fn redacted(text: &str, ports: &[u16]) -> String {
    let mut text = text.to_owned();
    for port in ports {
        let port = format!(":{port}");
        text = text.replace(&port, &format!(":{}", "P".repeat(port.len() - 1)));
    }
    let is_time = |word: &str| {
        word.split_once('.').is_some_and(|(s, us)| {
            us.len() == 6 && [s, us].iter().all(|part| part.bytes().all(|d| d.is_ascii_digit()))
        })
    };
    let mut lines = String::new();
    for line in text.lines() {
        let (left, rest) = line.split_at_checked(14).unwrap_or(("", line));
        let left = if is_time(left.trim_start()) { "      t.tttttt" } else { left };
        let rest = match rest.rsplit_once("  ") {
            Some((body, right)) if is_time(right) => &format!("{body}  t.tttttt"),
            _ => rest,
        };
        lines.push_str(&format!("{left}{rest}\n"));
    }
    lines
}

#[test]
fn the_two_ladders_show_the_same_exchange_from_either_end() {
    let (met, ports) = block_on(async {
        let mut pair = Pair::new().await;
        pair.seed = Some(7);
        pair.gateway.cookies = CookiePolicy::Always;
        pair.node.delete_on_close = true;
        let ports = [pair.node_wire.local().port(), pair.gateway_wire.local().port()];
        (pair.meet().await, ports)
    });
    insta::assert_snapshot!("ladder_of_the_node", redacted(&met.node, &ports));
    insta::assert_snapshot!("ladder_of_the_gateway", redacted(&met.gateway, &ports));
}
