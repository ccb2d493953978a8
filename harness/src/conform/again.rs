//! A second chance for cases that are judged by the clock.

use conformance::{Baseline, Cell, Implementation, Matrix, Registry, Selection};
use rayon::prelude::*;
use runner::matrix;
use std::collections::BTreeSet;

/// Runs what is wanted of an implementation; then, up to `again` times, those cases once more that were not as expected. On a busy
/// machine an answer may be late and look like silence; what is a verdict comes again. Says which.
#[must_use]
pub fn judge(
    implementation: &dyn Implementation,
    (registry, baseline): (&Registry, &Baseline),
    selection: &Selection,
    again: usize,
) -> Matrix {
    let mut matrix = matrix::run(registry, &[implementation], selection);
    for _ in 0..again {
        let differs = |cell: &&Cell| baseline.difference(cell).is_some();
        let cases: BTreeSet<&str> =
            matrix.cells.iter().filter(differs).map(|cell| cell.case).collect();
        if cases.is_empty() {
            break;
        }
        for case in &cases {
            runner::tell(&format!("again: {case}"));
        }
        let one = |case: &&str| {
            let selection = Selection { case: Some((*case).to_owned()), ..selection.clone() };
            matrix::run(registry, &[implementation], &selection).cells
        };
        replace(&mut matrix, cases.par_iter().flat_map_iter(one).collect());
    }
    matrix
}

/// Puts each cell in the place of the one about the same.
fn replace(matrix: &mut Matrix, cells: Vec<Cell>) {
    for cell in cells {
        let same = |old: &&mut Cell| {
            old.case == cell.case
                && old.profile == cell.profile
                && old.finding.requirement == cell.finding.requirement
        };
        if let Some(old) = matrix.cells.iter_mut().find(same) {
            *old = cell;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use conformance::{Case, Role, Setup, Subject, Unsupported};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The reference responder, which cannot be started the first few times.
    struct Late(AtomicUsize);

    impl Implementation for Late {
        fn name(&self) -> &str {
            "late"
        }

        fn role(&self) -> Role {
            Role::Responder
        }

        fn place(&self, case: &Case, setup: &mut Setup) {
            conformance::OurResponder.place(case, setup);
        }

        fn start(&self, setup: &Setup) -> Result<Box<dyn Subject>, Unsupported> {
            let left =
                self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| it.checked_sub(1));
            match left {
                Ok(_) => Err(Unsupported("late".into())),
                Err(_) => conformance::OurResponder.start(setup),
            }
        }
    }

    fn passed(late: usize, again: usize) -> bool {
        let registry = Registry::ours().unwrap_or_else(|error| panic!("{error}"));
        let selection = Selection {
            case: Some("basic/handshake".into()),
            profile: Some(conformance::Profile::Modern),
            ..Selection::default()
        };
        let late = Late(AtomicUsize::new(late));
        let expected = (&registry, &Baseline::default());
        let matrix = judge(&late, expected, &selection, again);
        assert!(!matrix.cells.is_empty());
        matrix.cells.iter().all(|cell| cell.finding.verdict == conformance::Verdict::Passed)
    }

    #[test]
    fn a_case_that_was_late_has_so_many_more_chances() {
        assert!(passed(0, 0));
        assert!(!passed(1, 0));
        assert!(passed(1, 1));
        assert!(!passed(2, 1));
        assert!(passed(2, 2));
    }
}
