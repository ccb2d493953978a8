//! Tapes as texts.

use super::*;
use vnet::link::Direction;

fn tape() -> Tape {
    let crossing = |at, direction, octets: &[u8]| Crossing {
        at: Instant::from_micros(at),
        direction,
        octets: octets.to_vec(),
    };
    Tape {
        gateway: "somebody 1.0".into(),
        scenario: "door".into(),
        text: "description = \"x\"\n".into(),
        files: [("a.csv".into(), "seconds,fate\n".into())].into(),
        overrides: vec!["link.loss=5%".into()],
        seed: u64::MAX,
        end: Instant::from_micros(5_000_000),
        skipped_us: 7,
        crossings: vec![
            crossing(1_000_000, Direction::Towards, &[0x45, 0, 0xff]),
            crossing(1_000_000, Direction::Back, &[]),
            crossing(5_000_000, Direction::Back, &[0x60]),
        ],
    }
}

#[test]
fn a_tape_survives_its_text() {
    let text = tape().to_text();
    assert_eq!(Tape::parse(&text), Ok(tape()));
    assert_eq!(text.lines().count(), 4);
    assert!(text.contains(r#"{"at_us":1000000,"direction":"towards","hex":"4500ff"}"#), "{text}");
}

#[test]
fn a_line_that_is_wrong_is_named_with_what_was_expected() {
    let text = tape().to_text();
    for (from, to, line, expected) in [
        (r#""recording":1"#, r#""recording":2"#, 1, "expected version 1"),
        (r#""seed":"#, r#""sead":"#, 1, "unknown field `sead`"),
        (
            r#""door""#,
            r#""../evil""#,
            1,
            r#"scenario: expected a name of visible characters, no path: "../evil""#,
        ),
        (r#""door""#, r#""/evil""#, 1, "scenario: expected a name"),
        (r#""door""#, r#""..""#, 1, "scenario: expected a name"),
        (r#""door""#, r#""""#, 1, "scenario: expected a name"),
        (
            r#""door""#,
            r#""\u001b[2J""#,
            1,
            r"scenario: expected a name of visible characters, no path: ",
        ),
        (
            "somebody",
            r"\u001b[2J",
            1,
            r#"gateway: expected a name of visible characters: "\u{1b}[2J 1.0""#,
        ),
        ("link.loss=5%", "link.loss", 1, "expected KEY=VALUE"),
        (r#""hex":"4500ff""#, r#""hex":"4500f""#, 2, "expected pairs of hexadecimal digits"),
        (r#""hex":"4500ff""#, r#""hex":"4500fg""#, 2, "expected pairs of hexadecimal digits"),
        (r#""towards""#, r#""forwards""#, 2, "expected towards or back"),
        (
            r#""hex":"""#,
            r#""hax":"""#,
            3,
            "unknown field `hax`, expected one of `at_us`, `direction`, `hex`, column ",
        ),
        (r#"{"at_us":5000000"#, r#"{"at_us":5000001"#, 4, "expected 1000000 to 5000000"),
        (r#"{"at_us":5000000"#, r#"{"at_us":999999"#, 4, "expected 1000000 to 5000000"),
        (r#"{"at_us":5000000"#, r#"{"#, 4, "not a packet"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let error = Tape::parse(&changed).expect_err(to);
        assert_eq!(error.line, line, "{error}");
        assert!(error.message.contains(expected), "{error}");
    }
    assert_eq!(Tape::parse("").expect_err("empty").line, 1);
    assert!(Tape::parse("\n").expect_err("no JSON").message.contains("not a recording"));
}

#[test]
fn the_scenario_of_a_tape_has_its_overrides() {
    let mut tape = tape();
    tape.text = include_str!("../../../../scenarios/ping.toml").into();
    assert_eq!(tape.scenario().expect("a scenario").link.towards.loss.ppm(), 50_000);
    tape.overrides = vec!["link.lass=5%".into()];
    let error = tape.scenario().expect_err("no such key").to_string();
    assert!(error.contains("lass"), "{error}");
}

#[test]
fn a_tape_has_the_files_that_its_scenario_names() {
    let text = r#"
description = "a recorded link"
duration = "1min"
link = { loss_trace = { file = "a.csv" } }
[[node]]
name = "door"
wakes = { at = ["1s"] }
application = { kind = "garage-door" }
"#;
    let csv = "seconds,fate\n0,received\n1,lost\n";
    let files = [("a.csv".to_owned(), csv.to_owned())].into();
    let overrides = Vec::new();
    let tape = Tape { text: text.into(), files, overrides, ..tape() };
    let again = Tape::parse(&tape.to_text()).expect("a tape");
    assert!(again.scenario().expect("a scenario").link.back.loss_trace.is_some());
    let without = Tape { files: BTreeMap::new(), ..tape };
    let error = without.scenario().expect_err("no file").to_string();
    assert!(error.ends_with("link.loss_trace.file: a.csv: it is not in the recording"), "{error}");
}
