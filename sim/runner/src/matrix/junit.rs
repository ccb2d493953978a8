//! The matrix for a build server.

use super::Judged;
use conformance::{Cell, Difference, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// A suite for each column, a test case for each cell. What is not as expected fails; what does not
/// pass, as expected, is skipped. A suite of its own has the entries of the baseline that no longer apply.
#[must_use]
pub fn junit(judged: &Judged<'_>) -> Report {
    let mut report = Report::new("conformance");
    for column in judged.matrix.columns() {
        let (name, profile) = column;
        let mut suite = TestSuite::new(format!("{name} {}", profile.name()));
        let is_of = |cell: &&Cell| (cell.implementation.as_str(), cell.profile) == column;
        let cells = judged.matrix.cells.iter().filter(is_of);
        suite.add_test_cases(cells.map(|cell| test_case(judged, cell)));
        report.add_test_suite(suite);
    }
    report.add_test_suites(stale(judged));
    report
}

/// What is expected of cells that there are not: no column has a test case that could fail for it.
fn stale(judged: &Judged<'_>) -> Option<TestSuite> {
    let differences = judged.baseline.differences(judged.matrix, judged.selection);
    let entries = differences.iter().filter_map(|difference| match difference {
        Difference::NoLongerApplies(entry) => Some((entry, difference.to_string())),
        _ => None,
    });
    let mut suite = TestSuite::new("baseline");
    suite.add_test_cases(entries.map(|(entry, message)| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(message);
        TestCase::new(entry.as_str(), status)
    }));
    (suite.tests > 0).then_some(suite)
}

fn test_case(judged: &Judged<'_>, cell: &Cell) -> TestCase {
    let (_, reason) = judged.baseline.expected(cell);
    let (verdict, text) = (cell.finding.verdict, cell.finding.text());
    let status = match judged.baseline.difference(cell) {
        Some(difference) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(difference.to_string()).set_description(text);
            status
        }
        None if verdict == Verdict::Passed => TestCaseStatus::success(),
        None => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("{verdict}, as expected: {}", reason.unwrap_or_default()));
            status
        }
    };
    let mut case = TestCase::new(format!("{} {}", cell.finding.requirement, cell.case), status);
    case.set_classname(format!("{}.{}", cell.implementation, cell.profile.name()));
    case
}
