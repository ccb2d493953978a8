//! Every shipped plan is one, with every change that it makes to its scenario.

use analysis::Plan;
use std::fs;
use std::path::Path;

#[test]
fn every_shipped_plan_fits_its_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/plans");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a text");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let plan = Plan::parse(&name, &text).unwrap_or_else(|error| panic!("{error}"));
        let scenario = fs::read_to_string(folder.join(&plan.scenario)).expect("a scenario");
        let cells = plan.cells(&text, (&plan.scenario, &scenario), &|_| Err("none".into()));
        assert_eq!(cells.unwrap_or_else(|error| panic!("{error}")).len(), plan.len());
        names.push(name);
    }
    names.sort();
    let shipped = [
        "burst-length",
        "energy-by-policy",
        "herd-size",
        "loss-by-policy",
        "offered-load",
        "suite-cost",
    ];
    assert_eq!(names, shipped.map(|name| format!("{name}.toml")));
}
