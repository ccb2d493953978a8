//! The readable result: ladder, nodes, expectations, fingerprint.

use comfy_table::presets;
use comfy_table::{CellAlignment, Table};
use simulator::{Outcome, Report};
use std::fmt::Write as _;
use std::path::Path;

/// Longer ladders are left to their file.
const LADDER_LINES: usize = 250;
/// Further nodes are left to the report.
const NODE_ROWS: usize = 20;

/// All that is printed. The last two lines are the fingerprint and the command that replays the run.
pub(crate) fn result(outcome: &Outcome, folder: &Path, replay: &str) -> String {
    let report = &outcome.report;
    let mut text = String::new();
    let _ = writeln!(text, "{}: {}\n", report.scenario, report.description);
    ladder(&mut text, outcome, folder);
    nodes(&mut text, report);
    traffic(&mut text, report);
    expectations(&mut text, report);
    let _ = writeln!(text, "files        {}", folder.display());
    let _ = writeln!(text, "fingerprint  {} (shape {})", report.fingerprint, report.shape);
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
    table.load_style(presets::NOTHING).set_header([
        "node",
        "wakes",
        "attempts",
        "established",
        "failed",
        "resent",
        "app done",
        "app failed",
        "awake",
        "now",
        "last failure",
    ]);
    for column in 1..=8 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for node in report.nodes.iter().take(NODE_ROWS) {
        let figures = &node.figures;
        let numbers = [
            figures.wakes,
            figures.attempts,
            figures.established,
            figures.failed,
            figures.ike_retransmissions,
            figures.application_completed,
            figures.application_failed,
        ];
        let mut row = vec![node.name.clone()];
        row.extend(numbers.iter().map(u64::to_string));
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
    let _ = writeln!(
        text,
        "In {} of virtual time {} datagrams were sent, {} lost, {} delivered; IKE and ESP dropped {}.\n\
         The gateway did {} Diffie-Hellman operations and holds {} IKE SAs.\n",
        seconds(report.end_us),
        figures.datagrams_sent,
        figures.datagrams_lost,
        figures.datagrams_delivered,
        figures.dropped,
        figures.diffie_hellman_gateway,
        figures.gateway_sas_at_end,
    );
}

fn expectations(text: &mut String, report: &Report) {
    let verdict = if report.passed { "passed" } else { "FAILED" };
    let held = report.expectations.iter().filter(|expectation| expectation.passed).count();
    let _ = writeln!(
        text,
        "{verdict}: {held} of {} expectations held{}",
        report.expectations.len(),
        if report.accounting_balances { "" } else { "; a link's account does not balance" }
    );
    for expectation in report.expectations.iter().filter(|expectation| !expectation.passed) {
        let _ = writeln!(
            text,
            "  {}: expected {}, was {}",
            expectation.figure, expectation.expected, expectation.actual
        );
    }
    text.push('\n');
}

/// Microseconds as seconds, without the zeros that say nothing.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_no_more_digits_than_they_need() {
        assert_eq!(seconds(0), "0 s");
        assert_eq!(seconds(1_500_000), "1.5 s");
        assert_eq!(seconds(10_000_001), "10.000001 s");
    }
}
