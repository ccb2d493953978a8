//! The readable result: ladder, nodes, expectations, fingerprint.

use comfy_table::presets;
use comfy_table::{CellAlignment, Table};
use simulator::energy::StateReport;
use simulator::{NodeFigures, Outcome, OutsideReport, Part, Report, ViolationReport};
use std::fmt::Write as _;
use std::path::Path;

/// Longer ladders are left to their file.
const LADDER_LINES: usize = 250;
/// Further nodes are left to the report.
const NODE_ROWS: usize = 20;
/// Further violations are left to the report.
const VIOLATIONS: usize = 3;

/// All that is printed. The last two lines are the fingerprint and the command that replays the run.
#[must_use]
pub fn result(outcome: &Outcome, folder: &Path, replay: &str) -> String {
    let mut text = body(outcome, folder, replay);
    let report = &outcome.report;
    let _ = writeln!(text, "fingerprint  {} (shape {})", report.fingerprint, report.shape);
    let _ = writeln!(text, "replay       {replay}");
    text
}

/// The same of a run at the pace of the clock, which no seed gives again: the last two lines are its recording and the
/// command that replays that.
#[must_use]
pub fn paced_result(
    outcome: &Outcome,
    folder: &Path,
    (recording, replay): (&Path, &str),
) -> String {
    let mut text = body(outcome, folder, replay);
    let _ = writeln!(text, "recording    {}", recording.display());
    let _ = writeln!(text, "replay       {replay}");
    text
}

fn body(outcome: &Outcome, folder: &Path, replay: &str) -> String {
    let report = &outcome.report;
    let mut text = String::new();
    let _ = writeln!(text, "{}: {}\n", report.scenario, report.description);
    ladder(&mut text, outcome, folder);
    nodes(&mut text, report);
    traffic(&mut text, report);
    energy(&mut text, report);
    expectations(&mut text, report);
    violations(&mut text, report, replay);
    let _ = writeln!(text, "files        {}", folder.display());
    text
}

/// A run that passed, in one line.
#[must_use]
pub fn line(report: &Report) -> String {
    format!("{:<20} passed  {}", report.scenario, report.fingerprint)
}

/// A run that failed, without its ladder: why, and how to look at it.
#[must_use]
pub fn failure(report: &Report, replay: &str) -> String {
    let mut text = format!("{}: seed {} failed\n", report.scenario, report.seed);
    expectations(&mut text, report);
    violations(&mut text, report, replay);
    let _ = writeln!(text, "fingerprint  {}", report.fingerprint);
    let _ = writeln!(text, "replay       {replay}");
    text
}

fn ladder(text: &mut String, outcome: &Outcome, folder: &Path) {
    let Some(ladder) = &outcome.ladder else { return };
    let lines = ladder.lines().count();
    if lines <= LADDER_LINES {
        let _ = writeln!(text, "{ladder}");
    } else {
        let path = folder.join("ladder.txt");
        let _ = writeln!(text, "The ladder has {lines} lines: {}\n", path.display());
    }
}

fn nodes(text: &mut String, report: &Report) {
    let mut table = Table::new();
    let columns = NodeFigures::default().columns().map(|(head, _)| head);
    let head = [&["node"][..], &columns, &["awake", "now", "last failure"]].concat();
    table.load_style(presets::NOTHING).set_header(head);
    for column in 1..=8 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for node in report.nodes.iter().take(NODE_ROWS) {
        let figures = &node.figures;
        let mut row = vec![node.name.clone()];
        row.extend(figures.columns().map(|(_, number)| number.to_string()));
        row.push(seconds(figures.awake_us));
        row.push(if figures.asleep { "asleep" } else { "awake" }.into());
        row.push(figures.last_failure.clone().unwrap_or_default());
        table.add_row(row);
    }
    let _ = writeln!(text, "{}", table.trim_fmt());
    let more = report.nodes.len().saturating_sub(NODE_ROWS);
    if more > 0 {
        let _ = writeln!(text, "and {more} more nodes: report.json has them all");
    }
    text.push('\n');
}

fn traffic(text: &mut String, report: &Report) {
    let figures = &report.figures;
    let injected = match figures.datagrams_injected {
        0 => String::new(),
        count => format!(" {count} injected,"),
    };
    let _ = write!(
        text,
        "In {} of virtual time {} datagrams were sent,{injected} {} lost, {} delivered",
        seconds(report.end_us),
        figures.datagrams_sent,
        figures.datagrams_lost,
        figures.datagrams_delivered,
    );
    if let Some(outside) = &report.outside {
        let skipped = match outside.skipped_us {
            0 => String::new(),
            us => format!(", with {} skipped", seconds(us)),
        };
        let (end, name) = match (&outside.gateway, &outside.device) {
            (Some(name), _) => ("gateway", name.as_str()),
            (None, name) => ("device", name.as_deref().unwrap_or_default()),
        };
        let _ = writeln!(text, ".\nThe {end} was {name}{skipped}.\n");
        return;
    }
    let _ = writeln!(
        text,
        "; IKE and ESP dropped {}.\n\
         The gateway did {} Diffie-Hellman operations and holds {} IKE SAs.\n",
        figures.dropped, figures.diffie_hellman_gateway, figures.gateway_sas_at_end,
    );
}

/// What the nodes with a radio took, if there are any: all together, and each group for a handshake.
fn energy(text: &mut String, report: &Report) {
    let Some(energy) = &report.energy else { return };
    let all = energy.usage.energy_uj;
    let part = |(name, state): (&str, StateReport)| {
        let (part, all) = (u128::from(state.energy_uj), u128::from(all.max(1)));
        let per_mille = (part * 1_000 + all / 2) / all;
        format!("{name} {}.{} %", per_mille / 10, per_mille % 10)
    };
    let parts: Vec<String> = energy.usage.states().map(part).into();
    let nodes = match energy.nodes {
        1 => "1 node took".to_owned(),
        nodes => format!("{nodes} nodes took"),
    };
    let _ = writeln!(text, "With a radio, {nodes} {}: {}.", millijoules(all), parts.join(", "));
    for group in &report.groups {
        let Some(energy) = &group.energy else { continue };
        let _ = match energy.handshakes.for_each_established {
            Some(each) => writeln!(
                text,
                "  {}: {} and {} of radio for each handshake",
                group.name,
                millijoules(each.energy_uj),
                seconds(each.radio_on_us),
            ),
            None => writeln!(text, "  {}: no handshake", group.name),
        };
    }
    text.push('\n');
}

/// Microjoules as millijoules.
fn millijoules(uj: u64) -> String {
    format!("{}.{:03} mJ", uj / 1_000, uj % 1_000)
}

fn expectations(text: &mut String, report: &Report) {
    let verdict = if report.passed { "passed" } else { "FAILED" };
    let held = report.expectations.iter().filter(|expectation| expectation.passed).count();
    let _ = writeln!(
        text,
        "{verdict}: {held} of {} expectations held{}{}",
        report.expectations.len(),
        if report.accounting_balances { "" } else { "; a link's account does not balance" },
        match broken(report) {
            0 => String::new(),
            1 => "; a rule was broken".into(),
            times => format!("; rules were broken {times} times"),
        }
    );
    for expectation in report.expectations.iter().filter(|expectation| !expectation.passed) {
        let _ = writeln!(
            text,
            "  {}: expected {}, was {}",
            expectation.figure, expectation.expected, expectation.actual
        );
    }
    if let Some(outside) = &report.outside {
        unseen(text, outside);
    }
    text.push('\n');
}

/// What nobody judged, since only the end outside could tell.
fn unseen(text: &mut String, outside: &OutsideReport) {
    for not in &outside.not_judged {
        let _ = writeln!(text, "  {}: expected {}, not observed", not.figure, not.expected);
    }
    let names = |part| {
        let of = outside.not_checked.iter().filter(|not| not.part == part);
        of.map(|not| not.checker).collect::<Vec<_>>().join(", ")
    };
    let (end, part) = match outside.gateway {
        Some(_) => ("gateway", Part::Gateway),
        None => ("device", Part::Device),
    };
    let (all, some) = (names(Part::All), names(part));
    let _ = writeln!(text, "not checked: {all}; at the {end}: {some}");
}

/// How often a rule was broken.
fn broken(report: &Report) -> u64 {
    report.violations.len() as u64 + report.more_violations
}

/// The first rules that were broken, each with what led to it and the way back to it.
fn violations(text: &mut String, report: &Report, replay: &str) {
    for violation in report.violations.iter().take(VIOLATIONS) {
        let ViolationReport { checker, at_us, who, what, context } = violation;
        let _ = writeln!(text, "VIOLATION of {checker}, at {}, {who}: {what}", seconds(*at_us));
        for line in context {
            let _ = writeln!(text, "  {line}");
        }
        let _ = writeln!(text, "  replay: {replay}\n");
    }
    let more = broken(report).saturating_sub(VIOLATIONS as u64);
    if more > 0 {
        let _ = writeln!(text, "and {more} more violations: report.json has the first hundred\n");
    }
}

/// Microseconds as seconds, without the zeros that say nothing.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator::scenario::Scenario;

    #[test]
    fn a_broken_rule_is_shown_with_what_led_to_it_and_how_to_see_it_again() {
        let text = r#"
            description = "cut short"
            duration = "2s"
            [[node]]
            name = "door"
            count = 5
            wakes = { at = ["1s"] }
            application = { kind = "garage-door" }
        "#;
        let scenario = Scenario::parse("short.toml", text, &[]).expect("a scenario");
        let outcome = simulator::run("short", &scenario, 1).expect("a capture");
        let shown = result(&outcome, Path::new("out"), "replay it");
        assert!(shown.contains("FAILED: 0 of 0 expectations held; rules were broken 5 times"));
        assert!(shown.contains("VIOLATION of end, at 2 s, door-0: is awake at the end"));
        assert_eq!(shown.matches("  replay: replay it\n").count(), VIOLATIONS);
        let last = &outcome.report.violations[0].context[9];
        assert!(shown.contains(&format!("  {last}\n")) && outcome.trace.contains(last.as_str()));
        assert!(shown.contains("and 2 more violations"));
        assert!(shown.ends_with("replay       replay it\n"));
    }

    #[test]
    fn what_radios_took_is_shown_by_state_and_for_each_handshake() {
        let text = include_str!("../../../scenarios/battery.toml");
        let scenario = Scenario::parse("battery.toml", text, &[]).expect("a scenario");
        let report = simulator::verdict("battery", &scenario, scenario.seed);
        let mut shown = String::new();
        energy(&mut shown, &report);
        let all = report.figures.energy_uj.expect("radios");
        assert!(
            shown.starts_with(&format!(
                "With a radio, 20 nodes took {}: transmit ",
                millijoules(all)
            ))
        );
        assert_eq!(shown.matches(" of radio for each handshake\n").count(), 4, "{shown}");
        let none = Report { energy: None, ..report };
        let mut shown = String::new();
        energy(&mut shown, &none);
        assert_eq!(shown, "");
    }

    #[test]
    fn seconds_have_no_more_digits_than_they_need() {
        assert_eq!(seconds(0), "0 s");
        assert_eq!(seconds(1_500_000), "1.5 s");
        assert_eq!(seconds(10_000_001), "10.000001 s");
    }
}
