//! What is refused of a fleet, and in which words.

use super::faults::fault;
use super::{LEAST, read, with};
use rstest::rstest;

/// Lines after `duration`, which is a minute, so that the first of them is line 3.
#[rstest]
#[case(
    "crypto = \"toy\"",
    r#"x.toml:3:10: crypto: "toy" is not known: expected "real" or "modelled""#
)]
#[case("[link]\nduplicate = \"101%\"", r#"x.toml:4:13: link.duplicate: "101%" is not a rate: expected a percentage from "0%" to "100%""#)]
#[case(
    "[link]\nreorder_delay = \"0s\"",
    r#"x.toml:4:17: link.reorder_delay: "0s" is too short: expected a duration longer than zero"#
)]
#[case(
    "[link.towards]\noutages = []",
    "x.toml:4:1: link.towards.outages: unknown key `outages`: expected one of `delay`, `jitter`, `loss`, `mtu`, `duplicate`, `reorder`, `reorder_delay`, `corrupt`, `mangle`, `bandwidth`, `queue`, `frame`, `loss_trace`"
)]
#[case("[link]\noutages = [{ from = \"1s\" }]", "x.toml:4:12: link.outages.0: missing key `until`")]
#[case(
    "[link]\noutages = [{ from = \"2s\", until = \"2s\" }]",
    "x.toml:4:35: link.outages.0.until: 2s is not later than `from`, 2s: expected a later time"
)]
#[case(
    "[link]\noutages = [{ from = \"1s\", until = \"3s\" }, { from = \"2s\", until = \"4s\" }]",
    "x.toml:4:52: link.outages.1.from: 2s is before the end of the outage before, 3s: expected one after the other"
)]
#[case(
    "[link]\noutages = [{ from = \"1min\", until = \"2min\" }]",
    "x.toml:4:21: link.outages.0.from: the run is over at 60s: expected a time before `duration`, 60s"
)]
#[case(
    "[link]\ndrops = { towards = [0] }",
    "x.toml:4:22: link.drops.towards.0: 0 is out of range: expected an integer from 1 to 4294967295"
)]
#[case(
    "[link]\ndrops = { back = [2, 2] }",
    "x.toml:4:22: link.drops.back.1: 2 is not more than the one before: expected increasing numbers"
)]
#[case(
    "[link]\nmangles = { towards = [0] }",
    "x.toml:4:24: link.mangles.towards.0: 0 is out of range: expected an integer from 1 to 4294967295"
)]
#[case(
    "[link]\ndrops = 1",
    "x.toml:4:9: link.drops: 1 is an integer: expected a table such as { towards = [1, 2] }"
)]
#[case(
    "[gateway]\nhalf_open_limit = 0",
    "x.toml:4:19: gateway.half_open_limit: 0 is out of range: expected an integer from 1 to 1000000"
)]
#[case(
    "[gateway]\nhalf_open_per_address = 0",
    "x.toml:4:25: gateway.half_open_per_address: 0 is out of range: expected an integer from 1 to 1000000"
)]
#[case(
    "[gateway]\ncookies = \"sometimes\"",
    r#"x.toml:4:11: gateway.cookies: "sometimes" is not known: expected "never" or "always""#
)]
#[case(
    "[gateway]\ncookies = { per_address = 3 }",
    "x.toml:4:11: gateway.cookies: missing key `above`"
)]
#[case(
    "[gateway]\ncookies = { above = -1 }",
    "x.toml:4:21: gateway.cookies.above: -1 is out of range: expected an integer from 0 to 1000000"
)]
#[case(
    "[gateway]\nservice_time = \"0s\"",
    r#"x.toml:4:16: gateway.service_time: "0s" is too short: expected a duration longer than zero"#
)]
#[case("[gateway]\nrequests = [{ kind = \"rekey\", after = \"1s\" }]", r#"x.toml:4:22: gateway.requests.0.kind: "rekey" is not known: expected "liveness", "new-child", "rekey-child", "rekey-ike" or "delete""#)]
#[case(
    "[gateway]\nrequests = [{ kind = \"delete\", after = \"1s\", every = \"1s\" }]",
    "x.toml:4:54: gateway.requests.0.every: an IKE SA is deleted once: expected no `every`"
)]
#[case(
    "[gateway]\ncrashes = [\"2s\", \"1s\"]",
    "x.toml:4:18: gateway.crashes.1: 1s is not later than the one before: expected increasing times"
)]
#[case(
    "[gateway]\ncrashes = [\"1min\"]",
    "x.toml:4:12: gateway.crashes.0: the run is over at 60s: expected a time before `duration`, 60s"
)]
#[case(
    "[gateway]\ncrashes = []",
    "x.toml:4:11: gateway.crashes: the list is empty: expected at least one time"
)]
#[case("[gateway]\nchild = \"refuse\"", r#"x.toml:4:9: gateway.child: "refuse" is not known: expected "accept" or { refuse = "TS_UNACCEPTABLE" }"#)]
#[case("[gateway]\nchild = { refuse = \"INVALID_SYNTAX\" }", r#"x.toml:4:20: gateway.child.refuse: "INVALID_SYNTAX" is not known: expected "NO_PROPOSAL_CHOSEN", "TS_UNACCEPTABLE", "SINGLE_PAIR_REQUIRED", "INTERNAL_ADDRESS_FAILURE" or "FAILED_CP_REQUIRED""#)]
#[case("[gateway]\nselectors = \"narrow\"", r#"x.toml:4:13: gateway.selectors: "narrow" is not known: expected "host", "network" or "widen""#)]
fn a_bad_line_is_named_with_its_key_and_what_was_expected(
    #[case] line: &str,
    #[case] expected: &str,
) {
    assert_eq!(fault(&with(line, "")), expected);
}

/// What stands for the wakes, on line 5.
#[rstest]
#[case(
    "{}",
    "x.toml:5:9: node.door.wakes: expected exactly one of `at`, `every`, `poisson` or `once`"
)]
#[case(
    r#"{ every = "1s", poisson = "1s" }"#,
    "x.toml:5:9: node.door.wakes: expected exactly one of `at`, `every`, `poisson` or `once`"
)]
#[case(
    r#"{ jitter = "1s" }"#,
    "x.toml:5:9: node.door.wakes: expected exactly one of `at`, `every`, `poisson` or `once`"
)]
#[case(
    r#"{ at = ["1s"], jitter = "1s" }"#,
    "x.toml:5:33: node.door.wakes.jitter: says nothing without `every`: expected that, too"
)]
#[case(
    r#"{ poisson = "1s", first = "1s" }"#,
    "x.toml:5:35: node.door.wakes.first: says nothing without `every`: expected that, too"
)]
#[case(
    r#"{ every = "1s", within = "1s" }"#,
    "x.toml:5:34: node.door.wakes.within: says nothing without `once`: expected that, too"
)]
#[case(
    r#"{ every = "0s" }"#,
    r#"x.toml:5:19: node.door.wakes.every: "0s" is too short: expected a duration longer than zero"#
)]
#[case(r#"{ every = "1s", first = "soon" }"#, r#"x.toml:5:33: node.door.wakes.first: "soon" is not a duration: expected a duration such as "250ms", "1.5s" or "1h30min" (units d, h, min, s, ms, us)"#)]
#[case(
    r#"{ every = "1s", first = "1min" }"#,
    "x.toml:5:33: node.door.wakes.first: the run is over at 60s: expected a time before `duration`, 60s"
)]
#[case(
    r#"{ poisson = 3 }"#,
    r#"x.toml:5:21: node.door.wakes.poisson: 3 is an integer: expected a duration such as "250ms", "1.5s" or "1h30min" (units d, h, min, s, ms, us)"#
)]
#[case(
    r#"{ once = "1min" }"#,
    "x.toml:5:18: node.door.wakes.once: the run is over at 60s: expected a time before `duration`, 60s"
)]
#[case(
    r#"{ once = "1s", within = "1min" }"#,
    "x.toml:5:33: node.door.wakes.within: the last wake could be at 61s: expected none after `duration`, 60s"
)]
fn a_bad_pattern_of_wakes_is_refused(#[case] table: &str, #[case] expected: &str) {
    assert_eq!(fault(&LEAST.replace(r#"{ at = ["1s"] }"#, table)), expected);
}

/// Lines after those of the node, so that the first of them is line 8.
#[rstest]
#[case(
    "address = \"nat\"",
    r#"x.toml:8:11: node.door.address: "nat" is not known: expected "own" or "shared""#
)]
#[case(
    "address = \"shared\"\ncount = 55_537",
    "x.toml:8:11: node.door.address: 55537 nodes behind one address: expected at most 55536"
)]
#[case(
    "remote = \"all\"",
    r#"x.toml:8:10: node.door.remote: "all" is not known: expected "server" or "any""#
)]
#[case(
    "[node.link.back]\nloss = \"1\"",
    r#"x.toml:9:8: node.door.link.back.loss: "1" is not a rate: expected a percentage from "0%" to "100%""#
)]
#[case(
    "[node.link]\nmtu = 9001",
    "x.toml:9:7: node.door.link.mtu: 9001 is out of range: expected an integer from 576 to 9000"
)]
#[case("[[forger]]\nkind = \"noise\"", r#"x.toml:9:8: forger.0.kind: "noise" is not known: expected "garbage", "forged-error", "forged-response" or "replay""#)]
#[case(
    "[[forger]]\nkind = \"replay\"\nevery = \"1s\"",
    "x.toml:8:1: forger.0: missing key `target`"
)]
#[case(
    "[[forger]]\nkind = \"replay\"\nevery = \"1s\"\ntarget = \"all\"",
    r#"x.toml:11:10: forger.0.target: "all" is not known: expected "nodes" or "gateway""#
)]
#[case(
    "[[forger]]\nkind = \"replay\"\nevery = \"1s\"\ntarget = \"nodes\"\nfrom = \"2min\"",
    "x.toml:12:8: forger.0.from: the run is over at 120s: expected a time before `duration`, 60s"
)]
#[case(
    "[[forger]]\nkind = \"replay\"\nevery = \"1s\"\ntarget = \"nodes\"\nuntil = \"0s\"",
    "x.toml:12:9: forger.0.until: 0ns is not later than `from`, 0ns: expected a later time"
)]
#[case("application.reports = 1", "x.toml:8:1: not TOML: ")]
fn a_bad_line_below_a_node_is_named(#[case] line: &str, #[case] expected: &str) {
    let fault = fault(&with("", line));
    if expected.ends_with(' ') {
        assert!(fault.starts_with(expected), "{fault}");
    } else {
        assert_eq!(fault, expected);
    }
}

#[rstest]
#[case(
    r#""garage-door", poll = true"#,
    "x.toml:6:46: node.door.application.poll: not a key of a garage door: expected `travel`, `status_every`, `reply_timeout` or `tries`"
)]
#[case(
    r#""room-sensor", travel = "1s""#,
    "x.toml:6:48: node.door.application.travel: not a key of a room sensor: expected `reports`, `poll`, `reply_timeout` or `tries`"
)]
#[case(
    r#""ping", reply_timeout = "1s""#,
    "x.toml:6:48: node.door.application.reply_timeout: not a key of a ping: expected `count`, `interval`, `payload`, `timeout` or `tries`"
)]
#[case(
    r#""room-sensor", reports = 0"#,
    "x.toml:6:49: node.door.application.reports: 0 is out of range: expected an integer from 1 to 255"
)]
#[case(
    r#""room-sensor", poll = 1"#,
    "x.toml:6:46: node.door.application.poll: 1 is an integer: expected true or false"
)]
#[case(
    r#""ping", tries = 0"#,
    "x.toml:6:40: node.door.application.tries: 0 is out of range: expected an integer from 1 to 255"
)]
fn a_bad_key_of_an_application_is_refused(#[case] kind: &str, #[case] expected: &str) {
    assert_eq!(fault(&LEAST.replace(r#""garage-door""#, kind)), expected);
}

/// Lines below the node, so that the first of them is line 7.
#[rstest]
#[case("cpu = \"z80\"", r#"x.toml:7:7: node.door.cpu: "z80" is not known: expected "cortex-m0-48mhz", "cortex-m4-64mhz", "cortex-m4-64mhz-c" or "msp430x-16mhz""#)]
#[case(
    "cpu = \"cortex-m4-64mhz-c\"",
    "x.toml:7:7: node.door.cpu: aes-gcm-x25519 needs `x25519`, and nothing says how long that takes: expected it"
)]
#[case(
    "cpu = { x25519 = { key_generation = \"1ms\" } }",
    "x.toml:7:18: node.door.cpu.x25519: missing key `diffie_hellman`"
)]
#[case("radio = \"nrf\"", r#"x.toml:7:9: node.door.radio: "nrf" is not known: expected "cc2340r5", "cc2420", "esp32", "nrf52840" or "sara-n2""#)]
#[case(
    "radio = { supply = \"3V\" }",
    "x.toml:7:9: node.door.radio: it does not say `bit_rate`: expected that, or a `preset`"
)]
#[case("radio = { preset = \"nrf52840\", transmit = \"6,4mA\" }", r#"x.toml:7:43: node.door.radio.transmit: "6,4mA" is not a current: expected a current up to "10A" such as "6.4mA" or "1.5uA""#)]
#[case("radio = { preset = \"nrf52840\", supply = \"0V\" }", r#"x.toml:7:41: node.door.radio.supply: "0V" is not more than zero: expected a voltage up to "100V" such as "3V" or "3300mV""#)]
#[case(
    "radio = { preset = \"nrf52840\", frame = 32 }",
    "x.toml:7:9: node.door.radio: a `frame` of 32 octets has no room behind a `frame_header` of 23: expected 16 octets more at least"
)]
#[case(
    "listen = \"always\"",
    "x.toml:7:10: node.door.listen: there is no `radio` that could listen: expected one, too"
)]
#[case("radio = \"cc2420\"\nlisten = \"never\"", r#"x.toml:8:10: node.door.listen: "never" is not known: expected "always" or { every = "100ms", for = "5ms" }"#)]
#[case(
    "radio = \"cc2420\"\nlisten = { every = \"5ms\", for = \"6ms\" }",
    "x.toml:8:33: node.door.listen.for: 6ms is longer than `every`, 5ms: expected at most that"
)]
#[case(
    "radio = \"cc2420\"\nlink = { back = { bandwidth = \"250kbit/s\" } }",
    "x.toml:7:9: node.door.radio: the link has a `bandwidth`, so each octet would take its time twice: expected one of the two"
)]
#[case(
    "[expect]\nenergy_uj = 1",
    "x.toml:8:1: expect.energy_uj: no node has a `radio`, so nobody takes energy: expected one that has"
)]
fn bad_hardware_is_refused(#[case] lines: &str, #[case] expected: &str) {
    assert_eq!(fault(&format!("{LEAST}{lines}\n")), expected);
}

/// Lines of `[link]`, the first of them line 4.
#[rstest]
#[case(
    "gilbert_elliott = { step = \"10ms\" }",
    "x.toml:4:19: link.gilbert_elliott: missing key `good_to_bad`"
)]
#[case("gilbert_elliott = { step = \"0s\", good_to_bad = \"1%\", bad_to_good = \"9%\" }", r#"x.toml:4:28: link.gilbert_elliott.step: "0s" is too short: expected a duration longer than zero"#)]
#[case("gilbert_elliott = { step = \"1s\", good_to_bad = \"0%\", bad_to_good = \"9%\" }", r#"x.toml:4:19: link.gilbert_elliott: no bursts come of that: expected changes above "0%", with at most "100%" for both together"#)]
#[case("gilbert_elliott = { step = \"1s\", good_to_bad = \"60%\", bad_to_good = \"41%\" }", r#"x.toml:4:19: link.gilbert_elliott: no bursts come of that: expected changes above "0%", with at most "100%" for both together"#)]
#[case("gilbert_elliott = \"10ms\"", r#"x.toml:4:19: link.gilbert_elliott: "10ms" is a text: expected a table with `step`, `good_to_bad` and `bad_to_good`"#)]
#[case("bandwidth = 250000", r#"x.toml:4:13: link.bandwidth: 250000 is an integer: expected a bandwidth such as "250kbit/s""#)]
#[case("bandwidth = \"0bit/s\"", r#"x.toml:4:13: link.bandwidth: "0bit/s" is not a bandwidth: expected a bandwidth such as "250kbit/s""#)]
#[case("bandwidth = \"2.5Mbit/s\"", r#"x.toml:4:13: link.bandwidth: "2.5Mbit/s" is not a bandwidth: expected a bandwidth such as "250kbit/s""#)]
#[case("bandwidth = \"250 kbit/s\"", r#"x.toml:4:13: link.bandwidth: "250 kbit/s" is not a bandwidth: expected a bandwidth such as "250kbit/s""#)]
#[case("bandwidth = \"250kB/s\"", r#"x.toml:4:13: link.bandwidth: "250kB/s" is not a bandwidth: expected a bandwidth such as "250kbit/s""#)]
#[case(
    "queue = -1",
    "x.toml:4:9: link.queue: -1 is out of range: expected an integer from 0 to 1000000"
)]
#[case("queue = \"4\"", r#"x.toml:4:9: link.queue: "4" is a text: expected a number of datagrams, or a table such as { octets = 4096 }"#)]
#[case(
    "queue = 1000001",
    "x.toml:4:9: link.queue: 1000001 is out of range: expected an integer from 0 to 1000000"
)]
#[case(
    "queue = {}",
    "x.toml:4:9: link.queue: it limits nothing: expected `datagrams`, `octets` or both"
)]
#[case(
    "queue = { octets = -1 }",
    "x.toml:4:20: link.queue.octets: -1 is out of range: expected an integer from 0 to 1000000000"
)]
#[case(
    "queue = { packets = 4 }",
    "x.toml:4:11: link.queue.packets: unknown key `packets`: expected `datagrams` or `octets`"
)]
#[case(
    "frame = 15",
    "x.toml:4:9: link.frame: 15 is out of range: expected an integer from 16 to 9000"
)]
#[case(
    "frame = 9001",
    "x.toml:4:9: link.frame: 9001 is out of range: expected an integer from 16 to 9000"
)]
#[case("loss_trace = []", r#"x.toml:4:14: link.loss_trace: it is a list: expected a table such as { spans = ["pass 1s", "lose 250ms"] } or { file = "trace.csv" }"#)]
#[case(
    "loss_trace = { repeat = true }",
    "x.toml:4:14: link.loss_trace: expected either `spans` or a `file`"
)]
#[case(
    "loss_trace = { spans = [] }",
    "x.toml:4:24: link.loss_trace.spans: the list is empty: expected at least one span"
)]
#[case("loss_trace = { spans = [\"pass 1s\", \"drop 1s\"] }", r#"x.toml:4:36: link.loss_trace.spans.1: "drop 1s" is not a span: expected "pass" or "lose" and a duration, such as "lose 250ms""#)]
#[case("loss_trace = { spans = [\"pass 1s\", \"lose 1\"] }", r#"x.toml:4:36: link.loss_trace.spans.1: "1" is not a duration: expected a duration such as "250ms", "1.5s" or "1h30min" (units d, h, min, s, ms, us)"#)]
#[case("loss_trace = { spans = [\"lose 0s\"] }", r#"x.toml:4:25: link.loss_trace.spans.0: "0s" is too short: expected a duration longer than zero"#)]
#[case("loss_trace = { spans = [\"lose  1s\"] }", r#"x.toml:4:25: link.loss_trace.spans.0: " 1s" is not a duration: expected a duration such as "250ms", "1.5s" or "1h30min" (units d, h, min, s, ms, us)"#)]
#[case(
    "loss_trace = { spans = [\"lose 1s\"], repeat = 2 }",
    "x.toml:4:46: link.loss_trace.repeat: 2 is an integer: expected true or false"
)]
#[case("[link.back]\nloss_trace = { spans = [\"lose\"] }", r#"x.toml:5:25: link.back.loss_trace.spans.0: "lose" is not a span: expected "pass" or "lose" and a duration, such as "lose 250ms""#)]
fn a_bad_model_of_a_link_is_refused(#[case] lines: &str, #[case] expected: &str) {
    assert_eq!(fault(&with(&format!("[link]\n{lines}"), "")), expected);
}

#[test]
fn a_trace_that_is_longer_than_virtual_time_is_refused() {
    let spans = vec![r#""lose 36500d""#; 5_850].join(", ");
    let text = with(&format!("[link]\nloss_trace = {{ spans = [{spans}] }}"), "");
    let expected = "x.toml:4:24: link.loss_trace.spans: the spans are too long: expected less than virtual time all together";
    assert_eq!(fault(&text), expected);
}

/// How a key that wants a table says so.
#[rstest]
#[case("link = 1", "", "link: 1 is an integer: expected a table of a link's keys, such as [link]")]
#[case(
    "link.back = true",
    "",
    "link.back: true is a boolean: expected a table of the keys of one direction"
)]
#[case(
    "link.outages = [1]",
    "",
    r#"link.outages.0: 1 is an integer: expected a table such as { from = "10s", until = "30s" }"#
)]
#[case(
    "gateway = \"strongswan\"",
    "",
    r#"gateway: "strongswan" is a text: expected a table of the gateway's keys, such as [gateway]"#
)]
#[case("gateway.requests = [\"liveness\"]", "", r#"gateway.requests.0: "liveness" is a text: expected a table such as { kind = "liveness", after = "3s" }"#)]
#[case(
    "forger = [1]",
    "",
    "forger.0: 1 is an integer: expected a table of a forger's keys, such as [[forger]]"
)]
#[case(
    "",
    "restart = 3",
    "node.door.restart: 3 is an integer: expected a table such as { attempts = 3 }"
)]
#[case("", "cpu = { x25519 = \"1ms\" }", r#"node.door.cpu.x25519: "1ms" is a text: expected a table of `key_generation` and `diffie_hellman`"#)]
fn what_is_no_table_is_told_what_one_looks_like(
    #[case] top: &str,
    #[case] bottom: &str,
    #[case] expected: &str,
) {
    let fault = fault(&with(top, bottom));
    assert!(fault.ends_with(&format!(": {expected}")), "{fault}");
}

/// A list of the values without their keys, as many as there are keys.
#[rstest]
#[case("link.drops = [[1], [2]]", "", "link.drops: ", "{ towards = [1, 2] }")]
#[case(
    "link.outages = [[\"1s\", \"2s\"]]",
    "",
    "link.outages.0: ",
    r#"{ from = "10s", until = "30s" }"#
)]
#[case(
    "gateway.requests = [[\"liveness\", \"3s\", \"3s\"]]",
    "",
    "gateway.requests.0: ",
    r#"{ kind = "liveness", after = "3s" }"#
)]
#[case("", "restart = [3, \"10s\", 2]", "node.door.restart: ", "{ attempts = 3 }")]
#[case("link = []", "", "link: ", "[link]")]
fn a_list_is_no_table(
    #[case] top: &str,
    #[case] bottom: &str,
    #[case] key: &str,
    #[case] table: &str,
) {
    let fault = fault(&with(top, bottom));
    assert!(fault.contains(key) && fault.ends_with(&format!(" such as {table}")), "{fault}");
    assert!(fault.contains("it is a list: expected a table"), "{fault}");
}

#[test]
fn a_word_for_a_group_or_its_wakes_is_told_what_was_expected() {
    let said = |from: &str, to: &str| fault(&LEAST.replace(from, to));
    assert_eq!(
        said(r#"{ at = ["1s"] }"#, r#""1s""#),
        r#"x.toml:5:9: node.door.wakes: "1s" is a text: expected a table such as { every = "15min" }"#
    );
    assert_eq!(
        said(r#"{ kind = "garage-door" }"#, r#""ping""#),
        r#"x.toml:6:15: node.door.application: "ping" is a text: expected a table such as { kind = "ping" }"#
    );
}

/// In a run of a minute: more often than anybody will wait for.
#[rstest]
#[case(
    "{ every = \"5us\" }",
    1,
    "every: 5\u{b5}s is 12000000 times in this run: expected at most 10000000"
)]
#[case(
    "{ poisson = \"1us\" }",
    1,
    "poisson: 1\u{b5}s is 60000000 times in this run: expected at most 10000000"
)]
#[case(
    "{ every = \"500ms\" }",
    1_000_000,
    "every: 500ms is 120000000 times in this run, with 1000000 nodes: expected at most 100000000"
)]
fn wakes_that_nobody_will_wait_for_are_refused(
    #[case] wakes: &str,
    #[case] count: u32,
    #[case] expected: &str,
) {
    let text = LEAST.replace(r#"{ at = ["1s"] }"#, wakes) + &format!("count = {count}\n");
    let fault = fault(&text);
    assert!(fault.ends_with(expected) && fault.starts_with("x.toml:5:"), "{fault}");
}

#[rstest]
#[case("gateway.liveness = \"5us\"", "x.toml:3:20: gateway.liveness: 5\u{b5}s is ")]
#[case(
    "gateway.requests = [{ kind = \"liveness\", after = \"1s\", every = \"5us\" }]",
    "x.toml:3:64: gateway.requests.0.every: 5\u{b5}s is "
)]
#[case(
    "forger = [{ kind = \"garbage\", target = \"nodes\", every = \"5us\" }]",
    "x.toml:3:57: forger.0.every: 5\u{b5}s is "
)]
fn what_gateway_and_forgers_do_has_the_same_bound(#[case] line: &str, #[case] expected: &str) {
    let fault = fault(&with(line, ""));
    assert_eq!(fault, format!("{expected}12000000 times in this run: expected at most 10000000"));
}

/// What is as often as allowed is a scenario; a forger is counted for as long as it acts, a status while a door moves.
#[test]
fn what_is_just_often_enough_is_read() {
    for wakes in [r#"{ every = "6us" }"#, r#"{ poisson = "6us" }"#] {
        read(&LEAST.replace(r#"{ at = ["1s"] }"#, wakes));
    }
    read(&with(
        r#"forger = [{ kind = "garbage", target = "nodes", every = "1us", until = "10s" }]"#,
        "",
    ));
    let door = |status: &str| {
        let keys = format!(r#"kind = "garage-door", travel = "10s", status_every = "{status}""#);
        LEAST.replace(r#"kind = "garage-door""#, &keys) + "count = 11\n"
    };
    read(&door("2us"));
    let said = "status_every: 1\u{b5}s is 110000000 times in this run, with 11 nodes: expected at most 100000000";
    assert!(fault(&door("1us")).ends_with(said), "{}", fault(&door("1us")));
}

#[rstest]
#[case("first = \"36500d\"")]
#[case("first = \"1d1us\", cap = \"2d\"")]
#[case("cap = \"2d\"")]
fn a_timeout_of_more_than_a_day_is_refused(#[case] keys: &str) {
    let fault = fault(&with("", &format!("retransmission = {{ {keys} }}")));
    let expected = "x.toml:8:18: node.door.retransmission: a timeout of more than a day: expected `first` and `cap` up to \"1d\"";
    assert_eq!(fault, expected);
}
