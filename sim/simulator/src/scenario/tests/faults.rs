//! What is refused, and in which words.

use super::{LEAST, read, with};
use crate::scenario::{MAX_NODES, Scenario};
use rstest::rstest;

pub(super) fn fault(text: &str) -> String {
    match Scenario::parse("x.toml", text, &[]) {
        Ok(_) => panic!("taken:\n{text}"),
        Err(error) => error.to_string(),
    }
}

/// Lines after `duration`, so that the first of them is line 3.
#[rstest]
#[case(
    "seed = -1",
    r#"x.toml:3:8: seed: -1 is out of range: expected an integer from 0 to 18446744073709551615"#
)]
#[case(
    "seed = \"1\"",
    r#"x.toml:3:8: seed: "1" is a text: expected an integer from 0 to 18446744073709551615"#
)]
#[case(
    "sede = 1",
    "x.toml:3:1: sede: unknown key `sede`: expected one of `description`, `duration`, `seed`, `crypto`, `family`, `link`, `gateway`, `node`, `forger`, `expect`"
)]
#[case(
    "family = \"ipv5\"",
    r#"x.toml:3:10: family: "ipv5" is not known: expected "ipv4" or "ipv6""#
)]
#[case("seed = ", "x.toml:3:8: not TOML: string values must be quoted, expected literal string")]
#[case(
    "[link]\nloss = \"110%\"",
    r#"x.toml:4:8: link.loss: "110%" is not a rate: expected a percentage from "0%" to "100%""#
)]
#[case(
    "[link]\nloss = 0.1",
    r#"x.toml:4:8: link.loss: 0.1 is a float: expected a percentage from "0%" to "100%""#
)]
#[case(
    "[link]\nloss = \"0.00001%\"",
    r#"x.toml:4:8: link.loss: "0.00001%" is finer than a part per million, which is "0.0001%""#
)]
#[case("[link]\ndelay = \"20\"", r#"x.toml:4:9: link.delay: "20" is not a duration: expected a duration such as "250ms", "1.5s" or "1h30min" (units d, h, min, s, ms, us)"#)]
#[case(
    "[link]\ndelay = \"0.5us\"",
    r#"x.toml:4:9: link.delay: "0.5us" is not a whole number of microseconds"#
)]
#[case(
    "[link]\nmtu = 575",
    "x.toml:4:7: link.mtu: 575 is out of range: expected an integer from 576 to 9000"
)]
#[case(
    "family = \"ipv6\"\n[link]\nback = { mtu = 1279 }",
    "x.toml:5:16: link.back.mtu: 1279 is out of range: expected an integer from 1280 to 9000 with this family"
)]
#[case(
    "[link.towards]\ntowards = 1",
    "x.toml:4:1: link.towards.towards: unknown key `towards`: expected one of `delay`, `jitter`, `loss`, `mtu`, `duplicate`, `reorder`, `reorder_delay`, `corrupt`, `mangle`, `bandwidth`, `queue`, `frame`, `loss_trace`"
)]
#[case(
    "[gateway]\nsuites = []",
    "x.toml:4:10: gateway.suites: the list is empty: expected at least one suite"
)]
#[case("[gateway]\nsuites = [\"aes-gcm-p256\",\n  \"aes\"]", r#"x.toml:5:3: gateway.suites.1: "aes" is not known: expected "aes-gcm-x25519", "aes-gcm-p256", "aes-cbc-modp2048", "aes-ccm8-p256", "chacha20-x25519" or "aes256-gcm-x25519""#)]
#[case(
    "[gateway]\nsuites = [\"aes-gcm-p256\", \"aes-gcm-p256\"]",
    r#"x.toml:4:27: gateway.suites.1: "aes-gcm-p256" is listed twice: expected each suite once"#
)]
#[case(
    "[gateway]\ncookies = true",
    r#"x.toml:4:11: gateway.cookies: true is a boolean: expected "never" or "always" or a table"#
)]
#[case(
    "[gateway]\nliveness = \"0s\"",
    r#"x.toml:4:12: gateway.liveness: "0s" is too short: expected a duration longer than zero"#
)]
#[case("[gateway]\nidentity = \"keyid:0\"", r#"x.toml:4:12: gateway.identity: "keyid:0" is not an identity: keyid: is followed by pairs of hexadecimal digits"#)]
#[case(
    "[expect]\nestablishd = 1",
    r#"x.toml:4:1: expect.establishd: "establishd" is not a figure: did you mean "established"?"#
)]
#[case("[expect]\ndatagrams = 1", r#"x.toml:4:1: expect.datagrams: "datagrams" is not a figure: did you mean "ike_datagrams", "datagrams_lost" or "datagrams_sent"?"#)]
#[case(
    "[expect]\nqqq = 1",
    r#"x.toml:4:1: expect.qqq: "qqq" is not a figure: expected one of those in docs/scenario.md"#
)]
#[case("[expect]\nfailed = -1", r#"x.toml:4:10: expect.failed: "-1" is not a bound: expected an integer, or a bound such as ">= 3", "<= 4" or "2..=5""#)]
#[case("[expect]\nfailed = \"< 0\"", r#"x.toml:4:10: expect.failed: "< 0" holds for no figure"#)]
#[case(
    "[expect]\nfailed = \"5..=2\"",
    r#"x.toml:4:10: expect.failed: "5..=2" holds for no figure"#
)]
fn a_bad_line_is_named_with_its_key_and_what_was_expected(
    #[case] line: &str,
    #[case] expected: &str,
) {
    assert_eq!(fault(&with(line, "")), expected);
}

/// Lines after those of the node, so that the first of them is line 8.
#[rstest]
#[case(
    "count = 0",
    "x.toml:8:9: node.door.count: 0 is out of range: expected an integer from 1 to 1000000"
)]
#[case(
    "counts = 2",
    "x.toml:8:1: node.door.counts: unknown key `counts`: expected one of `name`, `count`, `identity`, `psk`, `gateway_psk`, `known`, `suite`, `profile`, `retransmission`, `initial_contact`, `awake`, `close`, `wakes`, `application`, `restart`, `link`, `address`, `remote`, `cpu`, `radio`, `listen`"
)]
#[case("count = 2\nidentity = \"door.example\"", r#"x.toml:9:12: node.door.identity: "door.example" is the same for each node: expected {n} in it, where their numbers go"#)]
#[case("identity = \"door-{N}\"", r#"x.toml:8:12: node.door.identity: "door-{N}" has braces around something else: expected {n} or {group}"#)]
#[case("count = 300\nidentity = \"ipv4:10.0.0.{n}\"", r#"x.toml:9:12: node.door.identity: "ipv4:10.0.0.299" is not an identity: ipv4: and ipv6: are followed by such an address"#)]
#[case("count = 300\nidentity = \"10.0.0.{n}\"", r#"x.toml:9:12: node.door.identity: "10.0.0.{n}" stands for ipv4:10.0.0.0 but also for fqdn:10.0.0.299: expected one kind of identity"#)]
#[case("psk = \"\"", "x.toml:8:7: node.door.psk: a key has 1 to 128 octets")]
#[case(
    "psk = \"hex:0g\"",
    "x.toml:8:7: node.door.psk: hex: is followed by pairs of hexadecimal digits"
)]
#[case(
    "gateway_psk = \"hex:0\"",
    "x.toml:8:15: node.door.gateway_psk: hex: is followed by pairs of hexadecimal digits"
)]
#[case(
    "gateway_psk = \"other\"\nknown = false",
    "x.toml:8:15: node.door.gateway_psk: the gateway has no key of who is not `known`: expected only one of both"
)]
#[case("profile = \"rfc9999\"", r#"x.toml:8:11: node.door.profile: "rfc9999" is not known: expected "rfc7296-min", "rfc7815" or "modern""#)]
#[case(
    "close = \"abrupt\"",
    r#"x.toml:8:9: node.door.close: "abrupt" is not known: expected "silent" or "delete""#
)]
#[case("retransmission = \"fast\"", r#"x.toml:8:18: node.door.retransmission: "fast" is not known: expected "strongswan", "libreswan", "coap", "rfc7296", "openiked" or "fixed""#)]
#[case("retransmission = 3", r#"x.toml:8:18: node.door.retransmission: 3 is an integer: expected the name of a schedule such as "rfc7296" or a table"#)]
#[case(
    "retransmission = { tries = 0 }",
    "x.toml:8:28: node.door.retransmission.tries: 0 is out of range: expected an integer from 1 to 255"
)]
#[case("retransmission = { factor = \"0/5\" }", r#"x.toml:8:29: node.door.retransmission.factor: "0/5" is not more than zero: expected a factor such as "2", "1.8" or "9/5""#)]
#[case(
    "retransmission = { first = \"65s\" }",
    "x.toml:8:18: node.door.retransmission: the cap is shorter than the first timeout: expected at least that"
)]
#[case("retransmission = { jitter = \"some\" }", r#"x.toml:8:29: node.door.retransmission.jitter: "some" is not known: expected "none", "full", { stretch = "50%" } or { shorten = "20%" }"#)]
#[case(
    "retransmission = { jitter = {} }",
    "x.toml:8:29: node.door.retransmission.jitter: expected either `stretch` or `shorten`"
)]
#[case("retransmission = { jitter = { stretch = \"0.5%\" } }", r#"x.toml:8:41: node.door.retransmission.jitter.stretch: "0.5%" has a fraction: expected a whole percentage"#)]
#[case(
    "[node.restart]\nattempts = 256",
    "x.toml:9:12: node.door.restart.attempts: 256 is out of range: expected an integer from 1 to 255"
)]
fn a_bad_line_of_a_node_is_named_with_its_group(#[case] line: &str, #[case] expected: &str) {
    assert_eq!(fault(&with("", line)), expected);
}

/// One place of the least scenario, changed.
#[rstest]
#[case(
    r#""the least""#,
    "''",
    "x.toml:1:15: description: expected one line of 1 to 200 characters"
)]
#[case(
    r#""the least""#,
    "\"\"\"a\nb\"\"\"",
    "x.toml:1:15: description: expected one line of 1 to 200 characters"
)]
#[case("description = \"the least\"", "", "x.toml: missing key `description`")]
#[case(
    "1min",
    "0s",
    r#"x.toml:2:12: duration: "0s" is too short: expected a duration longer than zero"#
)]
#[case(
    "1min",
    "36501d",
    r#"x.toml:2:12: duration: "36501d" is too long: expected at most "36500d""#
)]
#[case(r#""door""#, r#""Door""#, r#"x.toml:4:8: node.Door.name: "Door" is not a name: expected a lowercase letter, then letters, digits and "-", at most 32"#)]
#[case("wakes = { at = [\"1s\"] }\n", "", "x.toml:3:1: node.door: missing key `wakes`")]
#[case(
    r#"["1s"]"#,
    "[]",
    "x.toml:5:16: node.door.wakes.at: the list is empty: expected at least one time"
)]
#[case(
    r#"["1s"]"#,
    r#"["2s", "2s"]"#,
    "x.toml:5:23: node.door.wakes.at.1: 2s is not later than the one before: expected increasing times"
)]
#[case(
    r#""1s""#,
    r#""1min""#,
    "x.toml:5:17: node.door.wakes.at.0: the run is over at 60s: expected a time before `duration`, 60s"
)]
#[case("garage-door", "window", r#"x.toml:6:24: node.door.application.kind: "window" is not known: expected "garage-door", "room-sensor" or "ping""#)]
#[case(
    "\"garage-door\"",
    "\"ping\", travel = \"1s\"",
    "x.toml:6:41: node.door.application.travel: not a key of a ping: expected `count`, `interval`, `payload`, `timeout` or `tries`"
)]
#[case(
    "\"garage-door\"",
    "\"garage-door\", count = 1",
    "x.toml:6:47: node.door.application.count: not a key of a garage door: expected `travel`, `status_every`, `reply_timeout` or `tries`"
)]
#[case("[[node]]\n", "[node]\n", "x.toml:3:1: node: it is a table: expected a list")]
fn an_impossible_value_is_refused_where_it_stands(
    #[case] from: &str,
    #[case] to: &str,
    #[case] expected: &str,
) {
    assert_eq!(fault(&LEAST.replacen(from, to, 1)), expected);
}

const SECOND: &str = r#"
[[node]]
name = "NAME"
wakes = { at = ["1s"] }
application = { kind = "ping" }
"#;

#[test]
fn two_groups_have_two_names() {
    let text = format!("{LEAST}{}", SECOND.replace("NAME", "door"));
    let expected =
        r#"x.toml:9:8: node.door.name: "door" is taken: expected another name for each group"#;
    assert_eq!(fault(&text), expected);
}

#[test]
fn two_nodes_of_two_groups_have_two_identities() {
    let second = SECOND.replace("NAME", "gate");
    let text = format!("{LEAST}{second}identity = \"fqdn:door-0.example\"");
    let expected = "x.toml:12:12: node.gate.identity: fqdn:door-0.example is a node of group \
                    \"door\", too: expected another identity for each node";
    assert_eq!(fault(&text), expected);
    read(&text.replace("fqdn:door-0", "fqdn:door-1"));
    // "a2" and node 0 of the first group spell what "a" and node 20 of the second do.
    let text = LEAST.replacen("\"door\"", "\"door\"\ncount = 11\nidentity = \"a2{n}\"", 1);
    let text = format!("{text}{second}identity = \"a{{n}}\"\ncount = ");
    read(&format!("{text}9"));
    assert!(fault(&format!("{text}10")).contains("fqdn:a20 is a node of group \"door\""));
}

#[test]
fn all_groups_together_have_a_bounded_number_of_nodes() {
    let second = SECOND.replace("NAME", "gate");
    let text = format!("{LEAST}count = {}\n{second}count = 1", MAX_NODES - 1);
    assert_eq!(read(&text).nodes(), MAX_NODES);
    let expected = "x.toml:13:9: node.gate.count: 1000001 nodes up to this group: expected at \
                    most 1000000 in all";
    assert_eq!(fault(&text.replace("count = 1", "count = 2").replace("count = 2\n", "")), expected);
}

#[test]
fn no_node_at_all_is_refused() {
    let text = "description = \"none\"\nduration = \"1s\"\nnode = []\n";
    assert_eq!(fault(text), "x.toml:3:8: node: expected at least one group of nodes");
    let text = "description = \"none\"\nduration = \"1s\"\n";
    assert_eq!(fault(text), "x.toml: missing key `node`");
}

#[test]
fn columns_count_characters() {
    let text = LEAST.replacen("the least", "ü", 1).replacen('\n', " seed = 1\n", 1);
    assert_eq!(fault(&text).split(": ").next(), Some("x.toml:1:19"));
}
