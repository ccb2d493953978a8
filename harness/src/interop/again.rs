//! Cells that are not as expected, run once more: a machine with other work answers late, and lateness is no verdict.

use super::cases::Case;
use super::cell::Cell;
use super::column::Column;
use super::expected::Expected;
use anyhow::Result;
use std::path::Path;

/// Runs the cases of the cells that differ from what is expected again, one at a time, up to `times` times each, and puts
/// what comes of it in their place. Returns a line for each run that was not the last word on its cell. In virtual
/// time nothing is late, so the reference has its first word only.
///
/// # Errors
/// As [`Column::run`].
pub fn run(
    column: &Column,
    cases: &[&Case],
    (cells, expected): (&mut [Cell], &Expected),
    times: usize,
    out: &Path,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    if matches!(column, Column::Reference) {
        return Ok(told);
    }
    for cell in cells {
        for _ in 0..times {
            let Some(difference) = expected.difference(cell) else { break };
            let Some(case) = cases.iter().find(|case| case.name == cell.case) else { break };
            let why = cell.reasons.first().map(|why| format!(": {why}")).unwrap_or_default();
            told.push(format!("{} {}: {difference}{why}", cell.gateway, cell.case));
            let mut again = column.run(&[case], 1, out, &|_| {})?;
            if let Some(again) = again.pop() {
                *cell = again;
            }
        }
    }
    Ok(told)
}
