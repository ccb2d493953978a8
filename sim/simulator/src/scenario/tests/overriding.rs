//! `--set key=value`.

use super::{LEAST, with};
use crate::scenario::{Application, Backend, Family, Scenario, Wakes, as_text};
use core::time::Duration;
use ike_core::{Factor, Jitter, Schedule};
use rstest::rstest;

fn set(text: &str, overrides: &[&str]) -> Result<Scenario, String> {
    let split = |typed: &&str| {
        let (key, value) = typed.split_once('=').expect("key=value");
        (key.to_owned(), value.to_owned())
    };
    let overrides: Vec<_> = overrides.iter().map(split).collect();
    Scenario::parse("x.toml", text, &overrides).map_err(|error| error.to_string())
}

#[test]
fn an_override_takes_the_place_of_a_value_or_of_a_default() {
    let overrides = [
        "seed=7",
        "family=ipv6",
        "crypto=modelled",
        "description=two words",
        "link.loss=5%",
        "link.back.delay=1s",
        "gateway.suites=[\"aes-gcm-p256\"]",
        "node.door.count=3",
        "node.0.initial_contact=false",
        "node.door.wakes.at=[\"2s\", \"3s\"]",
        "node.door.application.tries=9",
        "expect.established=>= 3",
    ];
    let scenario = set(LEAST, &overrides).expect("a scenario");
    assert_eq!((scenario.seed, scenario.family), (7, Family::Ipv6));
    assert_eq!(scenario.crypto, Backend::Modelled);
    assert_eq!(scenario.description, "two words");
    assert_eq!(scenario.link.towards.loss.ppm(), 50_000);
    assert_eq!(scenario.link.back.delay, Duration::from_secs(1));
    assert_eq!(scenario.gateway.suites.len(), 1);
    let group = &scenario.groups[0];
    assert_eq!((group.count, group.initial_contact), (3, false));
    assert_eq!(group.wakes, Wakes::At(vec![Duration::from_secs(2), Duration::from_secs(3)]));
    let Application::GarageDoor(door) = group.application else { panic!("it is one") };
    assert_eq!(door.tries, 9);
    assert_eq!(scenario.expect.iter().len(), 1);
}

#[test]
fn an_override_may_change_one_element_or_a_whole_table() {
    let scenario =
        set(LEAST, &["node.door.wakes.at.0=2s", "node.door.application={kind=\"ping\"}"]);
    let scenario = scenario.expect("a scenario");
    assert_eq!(scenario.groups[0].wakes, Wakes::At(vec![Duration::from_secs(2)]));
    assert!(matches!(scenario.groups[0].application, Application::Ping(_)));
}

#[test]
fn the_last_of_two_overrides_wins() {
    assert_eq!(set(LEAST, &["seed=1", "seed=2"]).map(|scenario| scenario.seed), Ok(2));
}

#[test]
fn overrides_are_checked_together() {
    let overrides = ["duration=1s", "node.door.wakes.at=[\"0.5s\"]"];
    assert!(set(LEAST, &overrides).is_ok());
    assert!(set(LEAST, &overrides[..1]).is_err());
}

#[rstest]
#[case("retransmission = \"coap\"", &["factor=1.8"], Schedule { factor: Factor { numerator: 9, denominator: 5 }, ..Schedule::COAP })]
#[case("retransmission = \"coap\"", &["jitter=none"], Schedule { jitter: Jitter::None, ..Schedule::COAP })]
#[case("", &["tries=3", "factor=3"], Schedule { tries: 3, factor: Factor { numerator: 3, denominator: 1 }, ..Schedule::RFC7296 })]
#[case("retransmission = { jitter = \"full\" }", &["jitter.shorten=20%"], Schedule { jitter: Jitter::Shorten { percent: 20 }, ..Schedule::RFC7296 })]
#[case("retransmission = \"fixed\"", &["jitter=full"], Schedule { jitter: Jitter::Full, ..Schedule::FIXED })]
#[case("retransmission = { jitter = \"none\" }", &["jitter.shorten=20%"], Schedule { jitter: Jitter::Shorten { percent: 20 }, ..Schedule::RFC7296 })]
fn a_preset_becomes_a_table_when_a_key_of_it_is_set(
    #[case] line: &str,
    #[case] keys: &[&str],
    #[case] schedule: Schedule,
) {
    let overrides: Vec<String> =
        keys.iter().map(|key| format!("node.door.retransmission.{key}")).collect();
    let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
    let scenario = set(&with("", line), &overrides).expect("a scenario");
    assert_eq!(scenario.groups[0].retransmission, schedule);
}

#[rstest]
#[case(&["link.loss=110%"], r#"x.toml: --set link.loss=110%: "110%" is not a rate: expected a percentage from "0%" to "100%""#)]
#[case(&["seed=1", "link.mtu=1", "family=ipv6"], "x.toml: --set link.mtu=1: 1 is out of range: expected an integer from 576 to 9000")]
#[case(&["seed=one"], r#"x.toml: --set seed=one: "one" is a text: expected an integer from 0 to 18446744073709551615"#)]
#[case(&["sede=1"], "x.toml: --set sede=1: unknown key `sede`: expected one of `description`, `duration`, `seed`, `crypto`, `family`, `link`, `gateway`, `node`, `forger`, `expect`")]
#[case(&["lnk.loss=1%"], "x.toml: --set lnk.loss=1%: lnk: unknown key `lnk`: expected one of `description`, `duration`, `seed`, `crypto`, `family`, `link`, `gateway`, `node`, `forger`, `expect`")]
#[case(&["link.loss=1%", "link.loss.x=1%"], "x.toml: --set link.loss.x=1%: link.loss is a single value: expected no key `x` in it")]
#[case(&["node.gate.count=3"], "x.toml: --set node.gate.count=3: node has no `gate`: expected a number up to 0, or one of door")]
#[case(&["node.1.count=3"], "x.toml: --set node.1.count=3: node has no `1`: expected a number up to 0, or one of door")]
#[case(&["node.0.wakes.at.1=3s"], "x.toml: --set node.0.wakes.at.1=3s: node.door.wakes.at has no `1`: expected a number up to 0")]
#[case(&["node.door.count=0"], "x.toml: --set node.door.count=0: 0 is out of range: expected an integer from 1 to 1000000")]
#[case(&["node.0.counts=1"], "x.toml: --set node.0.counts=1: unknown key `counts`: expected one of ")]
#[case(&["description.x=1"], "x.toml: --set description.x=1: description is a single value: expected no key `x` in it")]
#[case(&["link..loss=1%"], "x.toml: --set link..loss=1%: expected keys with single dots between, such as link.loss")]
#[case(&["=1"], "x.toml: --set =1: expected keys with single dots between, such as link.loss")]
#[case(&["seed=2", "duration=1s"], "x.toml: --set seed=2 --set duration=1s: node.door.wakes.at.0: the run is over at 1s: expected a time before `duration`, 1s")]
#[case(&["node=[]"], "x.toml: --set node=[]: expected at least one group of nodes")]
#[case(&["expect.establishd=1"], r#"x.toml: --set expect.establishd=1: "establishd" is not a figure: did you mean "established"?"#)]
#[case(&["node.door.psk=\"half"], r#"x.toml: --set node.door.psk="half: "#)]
fn a_bad_override_is_named_as_it_was_typed(#[case] overrides: &[&str], #[case] expected: &str) {
    let error = set(LEAST, overrides).expect_err("a bad override");
    if expected.ends_with(' ') {
        assert!(error.starts_with(expected), "{error}");
    } else {
        assert_eq!(error, expected);
    }
}

#[test]
fn a_file_that_is_wrong_by_itself_stays_wrong() {
    let error = set(&LEAST.replace("1min", "1m"), &["duration=1min"]).expect_err("a bad file");
    assert!(error.starts_with("x.toml:2:12: duration: "), "{error}");
}

/// A word without quotes is a text, so that no shell takes the quotes away; half a text is none.
#[test]
fn what_begins_as_toml_must_be_toml() {
    for word in ["two words", "1.8.2", "a\"b", "x]", "5%"] {
        assert!(set(LEAST, &[&format!("node.door.psk={word}")]).is_ok(), "{word}");
    }
    for half in ["\"half", "'half", "[\"a\"", "{ a = 1", "\"a\" b", "[1,,2]"] {
        let error = set(LEAST, &[&format!("node.door.psk={half}")]).expect_err(half);
        let expected = "expected TOML behind a quote or bracket, or a text in quotes";
        assert!(error.starts_with(&format!("x.toml: --set node.door.psk={half}: ")), "{error}");
        assert!(error.ends_with(expected) && !error.contains('\n'), "{error}");
    }
}

/// A text stays what it is on its way through `--set`, whatever it looks like.
#[test]
fn any_text_can_be_typed() {
    for text in [
        "5%",
        "1.8",
        "7",
        "true",
        "half\"",
        "\"half",
        "\"whole\"",
        "[1]",
        "[1",
        "{",
        "'",
        "2026-01-01",
    ] {
        let typed = format!("description={}", as_text(text));
        assert_eq!(set(LEAST, &[&typed]).map(|scenario| scenario.description), Ok(text.into()));
    }
    assert_eq!((as_text("5%").as_str(), as_text("7").as_str()), ("5%", "\"7\""));
}
