//! The matrix for programs: `interop.json` and `interop.xml` (JUnit), beside the folders of the cells.

use super::cell::Cell;
use super::matrix::Matrix;
use super::verdict::Verdict;
use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Writes both into the folder.
///
/// # Errors
/// A file cannot be written.
pub fn write(matrix: &Matrix, out: &Path) -> Result<()> {
    fs::create_dir_all(out).with_context(|| format!("{}: cannot be made", out.display()))?;
    let json = serde_json::to_string_pretty(matrix).context("a matrix is plain data")?;
    let xml = junit(matrix).to_string().context("interop.xml")?;
    for (name, text) in [("interop.json", json), ("interop.xml", xml)] {
        let path = out.join(name);
        fs::write(&path, text).with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    Ok(())
}

/// A suite for each gateway. A case fails that is not as expected; one that is not "passed" as expected is skipped.
#[must_use]
pub fn junit(matrix: &Matrix) -> Report {
    let mut report = Report::new("interop");
    for (gateway, version) in matrix.gateways() {
        let mut suite = TestSuite::new(format!("{gateway} {version}"));
        let cells = matrix.cells.iter().filter(|cell| cell.gateway == gateway);
        suite.add_test_cases(cells.map(test_case));
        let entries = matrix.stale.iter().filter(|stale| stale.starts_with(&format!("{gateway}/")));
        suite.add_test_cases(entries.map(|stale| {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(stale.clone());
            TestCase::new("expected.toml", status)
        }));
        report.add_test_suite(suite);
    }
    report
}

fn test_case(cell: &Cell) -> TestCase {
    let why = cell.reasons.join("\n");
    let status = match (&cell.difference, cell.verdict) {
        (Some(difference), _) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(difference.clone()).set_description(why);
            status
        }
        (None, Verdict::Passed) => TestCaseStatus::success(),
        (None, verdict) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("{}, as expected: {why}", verdict.name()));
            status
        }
    };
    let mut case = TestCase::new(cell.case.clone(), status);
    case.set_classname(cell.gateway.clone()).set_time(Duration::from_millis(cell.took_ms));
    case
}
