//! Traces in files.

use crate::scenario::Scenario;
use core::time::Duration;
use rstest::rstest;
use vnet::link::LossTrace;

const SCENARIO: &str = r#"description = "a recorded link"
duration = "1min"
[link]
loss_trace = { file = "traces/a.csv", repeat = true }
[[node]]
name = "door"
wakes = { at = ["1s"] }
application = { kind = "garage-door" }
"#;

fn parse(text: &str, overrides: &[(&str, &str)], csv: &str) -> Result<Scenario, String> {
    let overrides: Vec<(String, String)> =
        overrides.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let files = |name: &str| match name {
        "traces/a.csv" => Ok(csv.to_owned()),
        _ => Err("cannot be read: there is none".to_owned()),
    };
    Scenario::parse_beside("x.toml", text, &overrides, &files).map_err(|error| error.to_string())
}

fn trace(spans: &[(u64, bool)], repeat: bool) -> Option<LossTrace> {
    let spans = spans.iter().map(|(us, loses)| (Duration::from_micros(*us), *loses));
    Some(LossTrace::new(spans, repeat).expect("spans"))
}

const CSV: &str =
    "# made by hand\n\nseconds,fate\n12.5,received\n12.52,lost\r\n12.540001,lost\n13,received\n";

#[test]
fn what_became_of_a_probe_holds_until_the_next() {
    let scenario = parse(SCENARIO, &[], CSV).expect("a scenario");
    let expected = [(20_000, false), (20_001, true), (459_999, true), (459_999, false)];
    assert_eq!(scenario.link.towards.loss_trace, trace(&expected, true));
    assert_eq!(scenario.link.back.loss_trace, trace(&expected, true));
}

#[test]
fn a_scenario_has_the_files_that_it_was_made_from() {
    let scenario = parse(SCENARIO, &[("link.loss", "1%")], CSV).expect("a scenario");
    assert_eq!(
        scenario.files.into_iter().collect::<Vec<_>>(),
        [("traces/a.csv".into(), CSV.into())]
    );
    let spans = r#"{ spans = ["lose 1s"] }"#;
    let scenario = parse(SCENARIO, &[("link.loss_trace", spans)], CSV).expect("a scenario");
    assert!(
        scenario.files.is_empty()
            && scenario.link.back.loss_trace == trace(&[(1_000_000, true)], false)
    );
}

#[rstest]
#[case("", "traces/a.csv: nothing is in it: expected \"seconds,fate\" and probes")]
#[case("# no probes\nseconds,fate", "traces/a.csv: expected two probes or more")]
#[case("seconds,fate\n1,lost", "traces/a.csv: expected two probes or more")]
#[case("# x\ntime,fate", "traces/a.csv:2: \"time,fate\": expected the head, \"seconds,fate\"")]
#[case(
    "seconds,fate\n1,lost\n1.0,lost",
    "traces/a.csv:3: \"1.0,lost\": expected a later time than the probe before"
)]
#[case(
    "seconds,fate\n2,lost\n# x\n1,lost",
    "traces/a.csv:4: \"1,lost\": expected a later time than the probe before"
)]
#[case(
    "seconds,fate\n18446744073709.551615,lost\n18446744073710,lost",
    "traces/a.csv:3: \"18446744073710,lost\": expected seconds with at most six decimals, a comma, and `received` or `lost`"
)]
#[case(
    "seconds,fate\n0,lost\n18446744073709.551615,lost",
    "traces/a.csv: the probes take too long: expected less than virtual time all together"
)]
fn a_bad_file_is_refused_with_its_line(#[case] csv: &str, #[case] expected: &str) {
    let expected = format!("x.toml:4:23: link.loss_trace.file: {expected}");
    assert_eq!(parse(SCENARIO, &[], csv).expect_err("a fault"), expected);
}

#[rstest]
fn a_bad_probe_is_refused(
    #[values(
        "1",
        "1,dropped",
        "1, lost",
        "-1,lost",
        "1.,lost",
        ".5,lost",
        "1.0000001,lost",
        "1e3,lost",
        ",lost"
    )]
    line: &str,
) {
    let expected = format!(
        "x.toml:4:23: link.loss_trace.file: traces/a.csv:2: \"{line}\": expected seconds with at most six decimals, a comma, and `received` or `lost`"
    );
    assert_eq!(
        parse(SCENARIO, &[], &format!("seconds,fate\n{line}")).expect_err("a fault"),
        expected
    );
}

#[rstest]
fn only_a_file_beside_the_scenario_may_be_named(
    #[values(
        "",
        "/etc/hosts",
        "../a.csv",
        "traces/../a.csv",
        "traces//a.csv",
        "./a.csv",
        "C:a.csv",
        "a\\\\b.csv"
    )]
    name: &str,
) {
    let text = SCENARIO.replace("traces/a.csv", name);
    let error = parse(&text, &[], CSV).expect_err("a fault");
    assert!(
        error.ends_with(
            "expected the name of a file beside the scenario, such as \"traces/link.csv\""
        ),
        "{error}"
    );
}

#[test]
fn a_file_that_is_not_there_is_a_fault_of_who_names_it() {
    let error = parse(SCENARIO, &[("link.loss_trace.file", "b.csv")], CSV).expect_err("a fault");
    assert_eq!(
        error,
        "x.toml: --set link.loss_trace.file=b.csv: b.csv: cannot be read: there is none"
    );
    let error = Scenario::parse("x.toml", SCENARIO, &[]).expect_err("a fault").to_string();
    assert_eq!(
        error,
        "x.toml:4:23: link.loss_trace.file: traces/a.csv: there are no files beside this scenario"
    );
}

#[test]
fn spans_and_a_file_exclude_each_other() {
    for value in [r#"{ repeat = true }"#, r#"{ file = "traces/a.csv", spans = ["lose 1s"] }"#] {
        let error = parse(SCENARIO, &[("link.loss_trace", value)], CSV).expect_err("a fault");
        assert!(error.ends_with("expected either `spans` or a `file`"), "{error}");
    }
}
