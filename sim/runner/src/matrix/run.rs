//! Running a plan on all processors. The result does not depend on their number.

use conformance::{Cell, Implementation, Job, Matrix, Mutant, Registry, Selection, mutants};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// A mutant, and the cases that kill it.
#[derive(Clone, Debug)]
pub struct Kill {
    /// The mutant.
    pub mutant: &'static Mutant,
    /// The cases that tell it from the honest implementation. None: it survives.
    pub cases: BTreeSet<&'static str>,
}

/// What the selection wants of these implementations.
#[must_use]
pub fn run(
    registry: &Registry,
    implementations: &[&dyn Implementation],
    selection: &Selection,
) -> Matrix {
    let jobs = Job::plan(registry, implementations, selection);
    // Collected in the order of the plan, whatever the number of threads.
    let cells: Vec<Cell> = jobs.par_iter().flat_map_iter(|job| job.run(registry)).collect();
    Matrix { cells: cells.into_iter().filter(|cell| selection.wants(cell)).collect() }
}

/// The mutants that the selection wants, and what the cases that it wants say of them. One of which no
/// wanted case judges anything does not survive: it was not tried, and is left out. Only of everything
/// is it a hole in the suite.
#[must_use]
pub fn kills(registry: &Registry, selection: &Selection) -> Vec<Kill> {
    let wanted: Vec<&'static Mutant> =
        mutants::all().filter(|mutant| selection.wants_implementation(*mutant)).collect();
    wanted
        .par_iter()
        .filter_map(|mutant| {
            let jobs = mutant.plan(registry, selection);
            if jobs.is_empty() && !selection.is_everything() {
                return None;
            }
            let kills = jobs.par_iter().filter(|job| mutant.is_killed_by(job, registry));
            Some(Kill { mutant, cases: kills.map(|job| job.case.name).collect() })
        })
        .collect()
}
