//! The result on the terminal.

use super::Judged;
use comfy_table::{Table, presets};
use conformance::{Cell, Job, Matrix, Verdict};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// The cases of a plan, each once.
#[must_use]
pub fn list(jobs: &[Job<'_>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut seen = BTreeSet::new();
    for job in jobs {
        let case = job.case;
        if seen.insert((case.role(), case.name)) {
            let role = case.role().name();
            table.add_row([case.name, role, &case.judges.join(" "), case.about]);
        }
    }
    format!("{table}\n{} cases\n", seen.len())
}

/// All that is printed: table, ladders if they are wanted, differences from what is expected, sums. And whether there is no
/// difference.
#[must_use]
pub fn judged(judged: &Judged<'_>, with_ladders: bool) -> (String, bool) {
    let mut text = matrix(judged);
    if with_ladders {
        text.push_str(&ladders(judged.matrix));
    }
    let differences = judged.baseline.differences(judged.matrix, judged.selection);
    for difference in &differences {
        let _ = writeln!(text, "{difference}");
    }
    text.push_str(&summary(judged.matrix, differences.len()));
    (text, differences.is_empty())
}

/// How a difference is accepted, for whoever has judged that it is right.
#[must_use]
pub fn how_to_accept(baseline: &Path) -> String {
    format!(
        "To accept a difference, edit {}: a new failure wants an entry there, a new pass or an entry that no longer applies \
         wants it gone, a changed reason what the finding shows now.\n",
        baseline.display()
    )
}

/// A row for each requirement that was judged or has no case, a column for each implementation and
/// profile, and below it what did not pass.
fn matrix(judged: &Judged<'_>) -> String {
    let Judged { matrix, baseline, .. } = judged;
    let columns = matrix.columns();
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    let names = columns.iter().map(|(name, profile)| format!("{name}\n{}", profile.name()));
    table.set_header(["requirement".to_owned(), "level".to_owned()].into_iter().chain(names));
    for requirement in judged.requirements() {
        let words = columns.iter().map(|column| matrix.standing(requirement, *column).name());
        let start = [requirement.id.as_str(), requirement.level.name()];
        table.add_row(start.into_iter().chain(words));
    }
    let mut text = format!("{table}\n");
    for cell in matrix.cells.iter().filter(|cell| cell.finding.verdict != Verdict::Passed) {
        let _ = writeln!(text, "{}", line(cell));
        if let (_, Some(reason)) = baseline.expected(cell) {
            let _ = writeln!(text, "    expected: {reason}");
        }
    }
    text
}

fn line(cell: &Cell) -> String {
    let Cell { implementation, profile, case, finding, .. } = cell;
    format!(
        "{} {implementation} {} {case} {}: {}",
        finding.verdict,
        profile.name(),
        finding.requirement,
        finding.text()
    )
}

/// What crossed in each case that ran, the message at fault marked with a star.
fn ladders(matrix: &Matrix) -> String {
    let mut text = String::new();
    let mut last = None;
    for cell in &matrix.cells {
        let marked = cell.finding.failure.as_ref().and_then(|failure| failure.message);
        let run = (&cell.implementation, cell.profile, cell.case);
        if last.replace(run) == Some(run) && marked.is_none() {
            continue;
        }
        let _ = writeln!(text, "\n{}", line(cell));
        text.push_str(&cell.log.ladder(marked));
    }
    text
}

/// The last lines.
fn summary(matrix: &Matrix, differences: usize) -> String {
    let counts: Vec<String> = Verdict::ALL
        .iter()
        .map(|verdict| format!("{} {verdict}", matrix.count(*verdict)))
        .collect();
    let end = match differences {
        0 => "as expected".to_owned(),
        1 => "1 difference from what is expected".to_owned(),
        more => format!("{more} differences from what is expected"),
    };
    format!("{}: {end}\n", counts.join(", "))
}
