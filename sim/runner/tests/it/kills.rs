//! Which mutants a selection tries.

use conformance::{Registry, Role, Selection};
use runner::matrix::kills;

/// Role, name and whether it is killed.
fn of(selection: &Selection) -> Vec<(Role, &'static str, bool)> {
    let registry = Registry::ours().unwrap_or_else(|error| panic!("{error}"));
    let kills = kills(&registry, selection);
    kills.iter().map(|it| (it.mutant.role, it.mutant.name, !it.cases.is_empty())).collect()
}

#[test]
fn a_mutant_that_no_wanted_case_judges_is_left_out() {
    let one = Selection { requirement: Some("RT2".into()), ..Selection::default() };
    assert_eq!(of(&one), [(Role::Initiator, "changed-retransmission", true)]);
    let one = Selection { case: Some("sending/stops".into()), ..Selection::default() };
    assert_eq!(of(&one), [(Role::Initiator, "keeps-sending", true)]);
}

#[test]
fn a_profile_without_the_demand_does_not_try_its_mutants() {
    let profile = Some("rfc7815".parse().expect("a profile"));
    let role = Some(Role::Initiator);
    let found = of(&Selection { profile, role, ..Selection::default() });
    assert!(found.iter().all(|(_, _, killed)| *killed), "{found:?}");
    let names: Vec<&str> = found.iter().map(|(_, name, _)| *name).collect();
    assert!(names.contains(&"changed-retransmission"));
    assert!(!names.contains(&"cookie-ignored"), "cookies are not asked for in this profile");
}
