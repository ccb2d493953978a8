//! The scenarios that tests change.

use simulator::scenario::Scenario;
use simulator::{Outcome, run};
use std::path::Path;

/// The garage door as it is shipped.
pub(crate) const DOOR: &str = include_str!("../../../../scenarios/garage-door.toml");

/// Keys and their values as a scenario takes them.
pub(crate) fn owned(overrides: &[(&str, &str)]) -> Vec<(String, String)> {
    overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The same from KEY=VALUE.
pub(crate) fn pairs(overrides: &[&str]) -> Vec<(String, String)> {
    let pairs = overrides.iter().map(|text| text.split_once('=').expect("KEY=VALUE"));
    owned(&pairs.collect::<Vec<_>>())
}

/// A scenario in a file, with those that lie beside it.
pub(crate) fn read(path: &Path, overrides: &[(String, String)]) -> Scenario {
    let text = std::fs::read_to_string(path).expect("a readable scenario");
    let folder = path.parent().expect("a folder");
    let beside =
        |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    let scenario = Scenario::parse_beside(&path.display().to_string(), &text, overrides, &beside);
    scenario.unwrap_or_else(|error| panic!("{error}"))
}

/// The garage door with these keys changed.
pub(crate) fn door(overrides: &[(&str, &str)]) -> Scenario {
    door_with("", overrides)
}

/// The same with forgers.
pub(crate) fn door_with(forgers: &str, overrides: &[(&str, &str)]) -> Scenario {
    let text = format!("{DOOR}\n{forgers}");
    Scenario::parse("garage-door.toml", &text, &owned(overrides)).expect("a scenario")
}

/// A run of it, to which no checker objects.
pub(crate) fn opened(overrides: &[(&str, &str)]) -> Outcome {
    let outcome = run("garage-door", &door(overrides), 1).expect("a capture");
    assert_eq!(outcome.report.violations, []);
    outcome
}
