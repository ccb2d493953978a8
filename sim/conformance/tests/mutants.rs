//! The suite tells every broken implementation from an honest one.

use conformance::{Registry, Role, Selection, cases, mutants};
use std::collections::BTreeSet;

fn registry() -> Registry {
    Registry::ours().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn there_are_enough_mutants_of_both_roles() {
    let of = |role| mutants::all().filter(|mutant| mutant.role == role).count();
    assert!(of(Role::Initiator) >= 25, "{}", of(Role::Initiator));
    assert!(of(Role::Responder) >= 20, "{}", of(Role::Responder));
}

#[test]
fn a_mutant_has_a_name_of_its_own_and_breaks_what_binds_it_and_is_judged() {
    let registry = registry();
    let mut names = BTreeSet::new();
    for mutant in mutants::all() {
        assert!(names.insert((mutant.role, mutant.name)), "{mutant:?} twice");
        assert!(!mutant.breaks.is_empty(), "{mutant:?} breaks nothing");
        for id in mutant.breaks {
            let requirement = registry.get(id);
            let requirement = requirement.unwrap_or_else(|| panic!("{mutant:?}: no {id}"));
            let binds = |profile: &_| requirement.binds_in(mutant.role, *profile);
            assert!(requirement.profiles.iter().any(binds), "{mutant:?}: {id}");
            let judged = cases::judging(id, mutant.role).next().is_some();
            assert!(judged, "{mutant:?}: no case judges {id} for its role");
        }
    }
}

#[test]
fn no_mutant_survives() {
    let registry = registry();
    let mut survivors = Vec::new();
    for mutant in mutants::all() {
        let jobs = mutant.plan(&registry, &Selection::default());
        if !jobs.iter().any(|job| mutant.is_killed_by(job, &registry)) {
            survivors.push(format!("{mutant:?}"));
        }
    }
    assert!(survivors.is_empty(), "{survivors:?}");
}
