//! Honest runs, over many networks, schedules and gateways.

use super::support::{Watched, door};
use rstest::rstest;
use simulator::Checkers;

#[rstest]
#[case::lossless("0%")]
#[case::lossy("25%")]
#[case::hardly_anything_arrives("70%")]
fn honest_runs_break_no_rule(
    #[case] loss: &str,
    #[values(
        &[("node.door.retransmission", "rfc7296")],
        &[("node.door.retransmission", "coap"), ("gateway.cookies", "always")],
        &[("node.door.retransmission", "libreswan"), ("gateway.liveness", "2s")],
        &[
            ("node.door.retransmission", r#"{ preset = "strongswan", jitter = { shorten = "30%" } }"#),
            ("node.door.close", "delete"),
        ],
        &[("gateway.delete_after", "4s"), ("node.door.close", "delete"), ("family", "ipv6")],
        &[("gateway.half_open_timeout", "1s"), ("node.door.suite", "aes-cbc-modp2048")],
        &[("node.door.gateway_psk", "quite another shared secret"), ("node.door.profile", "rfc7815")],
        &[("link.delay", "1500ms"), ("link.jitter", "3s"), ("node.door.suite", "chacha20-x25519")],
    )]
    change: &[(&str, &str)],
) {
    let mut overrides = vec![
        ("duration", "40min"),
        ("link.loss", loss),
        ("node.door.count", "3"),
        ("node.door.restart", "{ attempts = 3 }"),
        ("node.door.wakes.at", r#"["1s", "8min", "16min"]"#),
    ];
    overrides.extend_from_slice(change);
    let scenario = door(&overrides);
    for seed in 0..4 {
        let violations = Watched { seed, ..Watched::new(&scenario) }.violations();
        assert_eq!(violations, [], "seed {seed}");
    }
}

#[test]
fn every_checker_is_documented() {
    let page = include_str!("../../../../../docs/checkers.md");
    let checkers = Checkers::new(&door(&[]));
    assert_eq!(checkers.names().count(), 10);
    for name in checkers.names() {
        assert!(page.contains(&format!("\n## {name}\n")), "{name} has no section");
    }
}
