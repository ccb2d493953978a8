//! A small sweep, and where its figures lead.

use super::*;
use crate::cell::run_cell;
use crate::page;

const SCENARIO: &str = r#"
description = "devices"
duration = "10min"
[gateway]
half_open_timeout = "9min"
[[node]]
name = "device"
count = 30
wakes = { once = "1s", within = "10s" }
application = { kind = "ping" }
awake = "0s"
"#;

const PLAN: &str = r#"
description = "loss by policy"
scenario = "x.toml"
seeds = "1..3"
[[axis]]
name = "policy"
key = "node.device.retransmission"
values = ["libreswan", "coap"]
[[axis]]
name = "loss"
key = "link.loss"
values = ["0%", "40%"]
"#;

/// What that says of a sweep whose commands are a cell's number, a seed and a node.
fn with_sweep<T>(plan: &str, scenario: &str, say: impl FnOnce(&Sweep<'_>) -> T) -> T {
    let parsed = Plan::parse("p.toml", plan).expect("a plan");
    let planned = parsed.cells(plan, ("x.toml", scenario), &|_| Err("none".into()));
    let planned = planned.expect("cells");
    let cells: Vec<Cell> =
        planned.iter().map(|cell| run_cell(cell, "", &parsed.seeds, &|| {})).collect();
    let replay = |cell: &PlannedCell, seed: u64, node: Option<u32>| match node {
        Some(node) => format!("replay {} {seed} {node}", cell.index),
        None => format!("replay {} {seed}", cell.index),
    };
    let (plan, scenario) = ("p".to_owned(), "x.toml".to_owned());
    let origin = Origin { plan, scenario, commit: None, replay: &replay };
    say(&Sweep::new(&origin, &parsed, &planned, &cells))
}

#[test]
fn figures_lead_to_the_nodes_that_they_are_of() {
    with_sweep(PLAN, SCENARIO, |sweep| {
        assert!(sweep.rows[0].first_failed().is_none());
        for row in [&sweep.rows[1], &sweep.rows[3]] {
            let report = |seed| simulator::verdict("x", &row.planned.scenario, seed);
            let (seed, failed) = row.first_failed().expect("some fail at 40 %");
            let node = &report(seed).nodes[failed.node as usize];
            assert_eq!((node.figures.failed, node.figures.established), (1, 0));
            let (seed, slowest) = row.slowest().expect("some succeed");
            assert_eq!(Some(slowest.took_us), row.all.latency_us.max());
            let node = &report(seed).nodes[slowest.node as usize];
            assert_eq!((node.figures.failed, node.figures.established), (0, 1));
        }
    });
}

/// The value of that column in each line of a table without quotes.
fn column<'a>(csv: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = csv.lines().map(|line| line.split(','));
    let place = lines.next().and_then(|mut names| names.position(|one| one == name));
    let place = place.unwrap_or_else(|| panic!("{name} is not in {csv}"));
    lines.map(|mut fields| fields.nth(place).expect("as many as names")).collect()
}

#[test]
fn tables_of_numbers_name_seed_and_node_of_what_is_furthest_out() {
    with_sweep(PLAN, SCENARIO, |sweep| {
        let drawn = Drawn::of(sweep);
        let cells = drawn.file("cells.csv");
        assert_eq!(cells.lines().count(), 5);
        for name in ["latency_p90_us", "latency_p999_us", "latency_max_us", "orphans"] {
            assert!(column(cells, name).iter().all(|value| !value.is_empty()), "{name}");
        }
        let replays = column(cells, "first_failed_replay");
        assert_eq!((replays[0], &replays[1][..9]), ("", "replay 1 "));
        let latency = drawn.file("latency.csv");
        let (cell, node) = (column(latency, "cell"), column(latency, "node"));
        for (index, row) in sweep.rows.iter().enumerate() {
            let last = cell.iter().rposition(|one| *one == index.to_string()).expect("a latency");
            let (_, slowest) = row.slowest().expect("some succeed");
            assert_eq!(node[last], slowest.node.to_string());
        }
        let page = page::sweep(sweep, &drawn);
        assert!(page.contains("# coap, 40%: first that failed\nreplay 3 "), "{page}");
    });
}
