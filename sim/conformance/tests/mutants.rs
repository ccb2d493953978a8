//! The suite tells every broken implementation from an honest one.

use conformance::{Mutant, Registry, Role, Selection, cases, mutants};
use std::collections::BTreeSet;
use std::sync::OnceLock;

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

/// Each mutant with the cases that kill it: role and name.
fn kills() -> &'static [(&'static Mutant, BTreeSet<&'static str>)] {
    static KILLS: OnceLock<Vec<(&'static Mutant, BTreeSet<&'static str>)>> = OnceLock::new();
    KILLS.get_or_init(|| {
        let registry = registry();
        let of = |mutant: &'static Mutant| {
            let jobs = mutant.plan(&registry, &Selection::default());
            let killers = jobs.iter().filter(|job| mutant.is_killed_by(job, &registry));
            (mutant, killers.map(|job| job.case.name).collect())
        };
        mutants::all().map(of).collect()
    })
}

#[test]
fn no_mutant_survives() {
    let survivors: Vec<_> = kills().iter().filter(|(_, by)| by.is_empty()).collect();
    assert!(survivors.is_empty(), "{survivors:#?}");
}

/// Cases that no mutant can be made for, and why.
const UNKILLED: &[(Role, &str, &str)] = &[];

#[test]
fn every_case_is_able_to_fail() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        let role = case.role();
        let kills = kills().iter().any(|(it, by)| it.role == role && by.contains(case.name));
        let excused = UNKILLED.iter().any(|(of, name, _)| (*of, *name) == (role, case.name));
        if kills == excused {
            let what = if kills { "kills, and is on the list" } else { "kills nothing" };
            wrong.push(format!("{role} {}: {what} {:?}", case.name, case.judges));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
