use super::*;
use crate::{Cell, Implementation, Job, Mutant, OurInitiator, OurResponder, Registry, Selection};

/// Has each protected message written anew, with another filling of its padding, which nobody reads.
fn anew(draft: &mut Draft, _: &mut Desk) -> bool {
    if let Some(inside) = &mut draft.inside {
        inside.filler ^= 0x77;
    }
    true
}

const MIDDLEMEN: [Mutant; 2] = [
    Mutant::device("nobody", &[], "changes nothing").reading(anew).writing(anew),
    Mutant::gateway("nobody", &[], "changes nothing").reading(anew).writing(anew),
];

fn verdicts(implementation: &dyn Implementation) -> Vec<(String, String)> {
    let registry = Registry::ours().unwrap_or_else(|error| panic!("{error}"));
    let jobs = Job::plan(&registry, &[implementation], &Selection::default());
    let cells = jobs.iter().flat_map(|job| job.run(&registry));
    let said = |cell: Cell| (cell.case.to_owned(), format!("{:?}", cell.finding));
    cells.map(said).collect()
}

#[test]
fn who_changes_nothing_is_not_told_from_the_honest() {
    let honest: [&dyn Implementation; 2] = [&OurInitiator, &OurResponder];
    for (honest, middleman) in honest.into_iter().zip(&MIDDLEMEN) {
        let (wanted, found) = (verdicts(honest), verdicts(middleman));
        let differ = wanted.iter().zip(&found).find(|(one, other)| one != other);
        assert_eq!(differ, None);
        assert_eq!(wanted.len(), found.len());
    }
}
