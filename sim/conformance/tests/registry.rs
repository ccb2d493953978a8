//! Registry and cases belong together.

use conformance::{Binds, Registry, Role, cases};
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
            assert!(requirement.judged.is_some(), "{} judges {id}, which has no case", case.name);
        }
    }
}

/// The requirements that cases for this role judge.
fn judged(role: Role) -> BTreeSet<&'static str> {
    let of = cases::all().filter(|case| case.role() == role);
    of.flat_map(|case| case.judges.iter().copied()).collect()
}

#[test]
fn every_requirement_of_initiators_has_a_case_or_a_reason() {
    let judged = judged(Role::Initiator);
    for requirement in registry().all().iter().filter(|it| it.binds == Binds::Initiator) {
        let has = judged.contains(requirement.id.as_str());
        assert_eq!(has, requirement.judged.is_some(), "{}", requirement.id);
    }
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
