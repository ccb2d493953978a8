//! Registry and cases belong together.

use conformance::{Profile, Registry, Requirement, Role, cases};
use std::collections::BTreeSet;

fn registry() -> Registry {
    Registry::ours().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn there_are_enough_requirements() {
    assert!(registry().all().len() >= 110);
}

#[test]
fn every_requirement_that_a_case_names_exists_and_binds_its_role() {
    let registry = registry();
    for case in cases::all() {
        assert!(!case.judges.is_empty(), "{} judges nothing", case.name);
        for id in case.judges {
            let requirement = registry.get(id);
            let requirement = requirement.unwrap_or_else(|| panic!("{}: no {id}", case.name));
            let binds = case.profiles.iter().any(|it| requirement.binds_in(case.role(), *it));
            assert!(binds, "{} judges {id}, which does not bind its subject", case.name);
        }
    }
}

/// What is wrong with an entry for subjects of this role.
fn wrong(requirement: &Requirement, role: Role) -> Option<String> {
    let binds = Profile::ALL.iter().any(|profile| requirement.binds_in(role, *profile));
    let judged = cases::judging(&requirement.id, role).next().is_some();
    let what = match (binds, judged, requirement.no_case(role)) {
        (true, false, None) => "expected a case or a reason in no_case",
        (true, true, Some(_)) => "it has a case: expected no reason in no_case",
        _ => return None,
    };
    Some(format!("{} {role}: {what}", requirement.id))
}

#[test]
fn every_requirement_has_a_case_or_a_reason_for_each_role_that_it_binds() {
    let registry = registry();
    let wrong: Vec<String> = registry
        .all()
        .iter()
        .flat_map(|requirement| Role::ALL.map(|role| wrong(requirement, role)))
        .flatten()
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_name_is_that_of_one_case() {
    let mut names = BTreeSet::new();
    for case in cases::all() {
        assert!(names.insert((case.role(), case.name)), "{} twice", case.name);
        let words = case.name.split_once('/');
        assert!(words.is_some(), "{}: expected theme/name", case.name);
        assert!(!case.about.is_empty() && case.about.len() <= 120, "{}", case.name);
    }
}
