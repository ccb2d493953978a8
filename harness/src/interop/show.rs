//! The matrix as a person reads it: a table, and below it whatever is not simply "passed".

use super::cell::Cell;
use super::column::Column;
use super::matrix::Matrix;
use super::verdict::Verdict;
use comfy_table::{CellAlignment, Table, presets};
use std::fmt::Write as _;

/// How verdicts look: as signs, or as words where signs would come out as rubbish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// ✓ ✗ –
    Unicode,
    /// ok, FAIL, -
    Plain,
}

impl Signs {
    /// What the environment says: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set names UTF-8, or not.
    #[must_use]
    pub fn of_environment() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let unicode = locale.to_uppercase().replace('-', "").contains("UTF8");
        if unicode { Self::Unicode } else { Self::Plain }
    }

    const fn verdict(self, verdict: Verdict) -> &'static str {
        match (self, verdict) {
            (Self::Unicode, Verdict::Passed) => "✓",
            (Self::Unicode, Verdict::Failed) => "✗",
            (Self::Unicode, Verdict::Unsupported) => "–",
            (Self::Plain, Verdict::Passed) => "ok",
            (Self::Plain, Verdict::Failed) => "FAIL",
            (Self::Plain, Verdict::Unsupported) => "-",
        }
    }
}

/// All of it.
#[must_use]
pub fn matrix(matrix: &Matrix, signs: Signs) -> String {
    let mut text = table(matrix, signs);
    let cells = || matrix.cells.iter();
    let known: Vec<&Cell> = cells()
        .filter(|cell| cell.verdict != Verdict::Passed && cell.difference.is_none())
        .collect();
    let _ = writeln!(text);
    if !known.is_empty() {
        let _ = writeln!(text, "As expected, and not passed:");
        known.iter().for_each(|cell| reasons(&mut text, cell));
    }
    let next: Vec<&Cell> = cells().filter(|cell| cell.next.is_some()).collect();
    if !next.is_empty() {
        let _ = writeln!(text, "After a device refused its request:");
    }
    for cell in next {
        let next = cell.next.map_or("", super::next::Next::name);
        let _ = writeln!(text, "  {} {}: it {next}", cell.gateway, cell.case);
    }
    let different: Vec<&Cell> = cells().filter(|cell| cell.difference.is_some()).collect();
    if !different.is_empty() {
        let _ = writeln!(text, "NOT AS EXPECTED:");
    }
    for cell in different {
        let difference = cell.difference.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  {} {}: {difference}", cell.gateway, cell.case);
        reasons(&mut text, cell);
        let _ = writeln!(text, "    files {}", cell.folder.display());
        let _ = writeln!(text, "    {}", cell.command);
    }
    for again in &matrix.again {
        let _ = writeln!(text, "RAN AGAIN: {again}");
    }
    for stale in &matrix.stale {
        let _ = writeln!(text, "NO LONGER TRUE: {stale}");
    }
    for skipped in &matrix.skipped {
        let _ = writeln!(text, "SKIPPED: {skipped}");
    }
    let _ = writeln!(text, "{}", summary(matrix));
    text
}

fn table(matrix: &Matrix, signs: Signs) -> String {
    let gateways = matrix.gateways();
    let mut table = Table::new();
    let heads = gateways.iter().map(|(name, version)| format!("{name} {version}"));
    table.load_style(presets::NOTHING).set_header(["case".to_owned()].into_iter().chain(heads));
    for column in 1..=gateways.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Center);
        }
    }
    for case in matrix.cases() {
        let sign = |(gateway, _): &(String, String)| {
            let cell = matrix.cell(gateway, case);
            cell.map_or(String::new(), |cell| {
                let mark = if cell.difference.is_some() { " !" } else { "" };
                format!("{}{mark}", signs.verdict(cell.verdict))
            })
        };
        table.add_row([case.to_owned()].into_iter().chain(gateways.iter().map(sign)));
    }
    format!("{}\n", table.trim_fmt())
}

fn reasons(text: &mut String, cell: &Cell) {
    let _ = writeln!(text, "  {} {}: {}", cell.gateway, cell.case, cell.verdict.name());
    for reason in &cell.reasons {
        let _ = writeln!(text, "    {reason}");
    }
}

fn summary(matrix: &Matrix) -> String {
    let count = |verdict| matrix.cells.iter().filter(|cell| cell.verdict == verdict).count();
    let different = matrix.cells.iter().filter(|cell| cell.difference.is_some()).count();
    format!(
        "{} cells: {} passed, {} failed, {} unsupported; {different} not as expected",
        matrix.cells.len(),
        count(Verdict::Passed),
        count(Verdict::Failed),
        count(Verdict::Unsupported),
    )
}

/// One line for a cell that is done, before the table is there.
#[must_use]
pub fn progress(cell: &Cell) -> String {
    let (gateway, case, verdict) = (&cell.gateway, &cell.case, cell.verdict.name());
    let why = cell.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{gateway} {case}: {verdict} after {:.1} s{why}", cell.took_ms as f64 / 1e3)
}

/// The names of gateways and cases, with what each case shows.
#[must_use]
pub fn list(kind: &str, columns: &[&Column], cases: &[&super::cases::Case]) -> String {
    let mut text = format!("{kind}s\n");
    for column in columns {
        let _ = writeln!(text, "  {}", column.name());
    }
    let _ = writeln!(text, "\ncases");
    let width = cases.iter().map(|case| case.name.len()).max().unwrap_or_default();
    for case in cases {
        let _ = writeln!(text, "  {:width$}  {} ({})", case.name, case.title, case.clause);
    }
    text
}
