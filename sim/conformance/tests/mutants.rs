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

/// A mutant with what tells it from the honest implementation: cases, and requirements in them.
type Kills = (&'static Mutant, BTreeSet<(&'static str, String)>);

fn kills() -> &'static [Kills] {
    static KILLS: OnceLock<Vec<Kills>> = OnceLock::new();
    KILLS.get_or_init(|| {
        let registry = registry();
        let of = |mutant: &'static Mutant| {
            let mut told = BTreeSet::new();
            for job in mutant.plan(&registry, &Selection::default()) {
                let case = job.case;
                let broken = case.judges.iter().filter(|id| mutant.breaks.contains(id));
                // What one profile has shown, another need not show again.
                if !broken.clone().all(|id| told.contains(&(case.name, (*id).to_owned()))) {
                    let ids = mutant.told_by(&job, &registry).into_iter();
                    told.extend(ids.map(|id| (case.name, id)));
                }
            }
            (mutant, told)
        };
        mutants::all().map(of).collect()
    })
}

#[test]
fn no_mutant_survives() {
    let survivors: Vec<_> = kills().iter().filter(|(_, by)| by.is_empty()).collect();
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[test]
fn every_case_is_able_to_fail_for_each_requirement_that_it_judges() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        for id in case.judges {
            let role = case.role();
            let told = |(mutant, by): &Kills| {
                mutant.role == role && by.contains(&(case.name, (*id).to_owned()))
            };
            if !kills().iter().any(told) {
                wrong.push(format!("{role} {} {id}: no mutant fails it", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
