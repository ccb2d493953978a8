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

/// Who reads a table by the names of its columns would else get the last of two.
#[test]
fn an_axis_that_is_called_as_a_column_is_told_from_it() {
    let plan = PLAN.replace("\"policy\"", "\"attempts\"").replace("\"loss\"", "\"seed\"");
    with_sweep(&plan, SCENARIO, |sweep| {
        let drawn = Drawn::of(sweep);
        for (name, text) in drawn.files() {
            let mut names: Vec<&str> = text.lines().next().unwrap_or("").split(',').collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{name}: {names:?}");
        }
        assert_eq!(column(drawn.file("runs.csv"), "axis attempts")[0], "libreswan");
        assert_eq!(column(drawn.file("latency.csv"), "attempts")[0], "libreswan");
    });
}

#[test]
fn energy_has_the_error_of_independent_seeds() {
    let radio = SCENARIO.replace(
        "awake = \"0s\"\n",
        "awake = \"0s\"\nsuite = \"aes-ccm8-p256\"\ncpu = \"cortex-m4-64mhz\"\nradio = \"nrf52840\"\n",
    );
    with_sweep(PLAN, &radio, |sweep| {
        let lossless = &sweep.rows[0];
        assert_eq!(sweep.table()[0][9..], ["mJ"]);
        assert!(lossless.energy_error().is_some_and(|error| error < 0.01));
        let lossy = &sweep.rows[1];
        let each = lossy.cell.runs.iter().map(|run| {
            let uj = run.observed.spent.expect("a radio").total_uj();
            uj as f64 / run.observed.established as f64 / 1e3
        });
        let each: Vec<f64> = each.collect();
        let mean = each.iter().sum::<f64>() / 3.0;
        let squares: f64 = each.iter().map(|one| (one - mean) * (one - mean)).sum();
        let expected = (squares / 2.0 / 3.0).sqrt();
        let error = lossy.energy_error().expect("three seeds");
        assert!((error - expected).abs() < 1e-3 * expected, "{error}, {expected}");
    });
    with_sweep(PLAN, SCENARIO, |sweep| {
        assert_eq!(sweep.rows[1].energy_error(), None);
        assert_eq!(sweep.table()[0].len(), 9);
        let failed = sweep.rows[1].all.failed.to_string();
        assert_eq!(sweep.table()[2][..4], ["libreswan", "40%", "90", &failed]);
    });
}

/// What all stand behind one router for, where the gateway limits each address.
fn one_address() -> String {
    let limits = "half_open_per_address = 12\ncookies = { above = 25, per_address = 10 }\nservice_time = \"100ms\"\n";
    SCENARIO
        .replace("[gateway]\n", &format!("[gateway]\n{limits}"))
        .replace("count = 30\n", "count = 30\naddress = \"shared\"\n")
}

#[test]
fn limits_are_drawn_where_what_they_count_is_and_whose_they_are() {
    let labels = |sweep: &Sweep<'_>, id: &str| {
        let drawn = Drawn::of(sweep);
        let figure = drawn.figures.iter().find(|figure| figure.id == id)?;
        let labels = figure.chart.marks.iter().map(|mark| (mark.panel, mark.label.clone()));
        Some(labels.collect::<Vec<(Option<usize>, String)>>())
    };
    let of = |panel: usize, label: &str| (Some(panel), label.to_owned());
    with_sweep(PLAN, SCENARIO, |sweep| {
        assert_eq!(labels(sweep, "busiest_address"), None);
        assert_eq!(labels(sweep, "half_open"), Some(vec![]));
    });
    with_sweep(PLAN, &one_address(), |sweep| {
        let of_each = [0, 1]
            .map(|panel| {
                ["limit per address 12", "cookies per address 10"].map(|one| of(panel, one))
            })
            .concat();
        assert_eq!(labels(sweep, "busiest_address"), Some(of_each));
        let of_all = [0, 1].map(|panel| of(panel, "cookies 25"));
        assert_eq!(labels(sweep, "half_open"), Some(of_all.to_vec()));
        // One address has all, and no more than its limit.
        let course = &sweep.rows[3].cell.course;
        assert_eq!(course.busiest_address, course.waiting);
        assert_eq!(course.waiting.bins.iter().max(), Some(&12));
    });
    let differ = PLAN
        .replace("node.device.retransmission", "gateway.half_open_limit")
        .replace(r#"["libreswan", "coap"]"#, "[8, 20000]");
    with_sweep(&differ, SCENARIO, |sweep| {
        assert_eq!(labels(sweep, "half_open"), Some(vec![of(0, "limit 8")]));
    });
}

#[test]
fn charts_over_time_have_bins_with_arrivals_of_all_seeds_in_them() {
    with_sweep(PLAN, SCENARIO, |sweep| {
        let drawn = Drawn::of(sweep);
        let chart = |id: &str| drawn.figures.iter().find(|figure| figure.id == id).expect(id);
        let arrivals = &chart("arrivals").chart;
        assert_eq!(arrivals.panels, ["libreswan", "coap"]);
        for (line, row) in arrivals.lines.iter().zip(sweep.in_focus()) {
            // Two points a step.
            let bins = line.points.len() / 2;
            assert!((16..64).contains(&bins), "{bins}");
            let width_s = line.points[1].0 - line.points[0].0;
            let each: f64 = line.points.iter().step_by(2).map(|point| point.1 * width_s).sum();
            let all: u64 = row.cell.course.init_arrivals.bins.iter().sum();
            assert!((each * 3.0 - all as f64).abs() < 1e-6, "{each} in each of three runs, {all}");
        }
        let levels = &chart("half_open").chart;
        assert_eq!(levels.lines.len(), 4);
        assert!(levels.y.label.contains(", bins of "), "{}", levels.y.label);
        for both in levels.lines.chunks(2) {
            let pairs = both[0].points.iter().zip(&both[1].points);
            assert!(pairs.into_iter().all(|(highest, mean)| mean.1 <= highest.1));
        }
    });
}

#[test]
fn each_gateway_has_its_knee_in_the_goodput() {
    let plan = PLAN
        .replace("node.device.retransmission", "gateway.service_time")
        .replace(r#"["libreswan", "coap"]"#, "SERVICE")
        .replace("link.loss", "node.device.wakes")
        .replace(
            r#"["0%", "40%"]"#,
            r#"[{ once = "1s", within = "5s" }, { once = "1s", within = "10s" }]"#,
        );
    for (service, knees) in [
        (r#"["100ms"]"#, &[("1 / service time", 10.0)][..]),
        (r#"["1500ms", "250ms"]"#, &[("1 / 250ms", 4.0), ("1 / 1.5s", 1.0 / 1.5)]),
    ] {
        with_sweep(&plan.replace("SERVICE", service), SCENARIO, |sweep| {
            let drawn = Drawn::of(sweep);
            let goodput = drawn.figures.iter().find(|figure| figure.id == "goodput");
            let marks = &goodput.expect("a knee").chart.marks;
            let found: Vec<(&str, f64)> =
                marks.iter().map(|mark| (mark.label.as_str(), mark.at)).collect();
            assert_eq!(found, knees);
        });
    }
}

#[test]
fn who_is_on_the_front_is_a_column_and_no_name() {
    // At 40 % so many fail that nobody has a p99.
    with_sweep(&PLAN.replace("40%", "5%"), SCENARIO, |sweep| {
        let drawn = Drawn::of(sweep);
        let policies = drawn.file("policies.csv");
        assert_eq!(column(policies, "policy"), ["libreswan", "coap"]);
        assert!(column(policies, "in front").contains(&"true"), "{policies}");
        assert_eq!(column(policies, "conforms"), ["false", "true"]);
    });
}

#[test]
fn a_policy_that_gets_nobody_through_is_not_left_out() {
    let plan = PLAN
        .replace("node.device.retransmission", "gateway.half_open_timeout")
        .replace(r#"["libreswan", "coap"]"#, r#"["1ms", "9min"]"#);
    for (loss, latency) in [("5%", ["", "3.08"]), ("60%", ["", ""])] {
        with_sweep(&plan.replace("40%", loss), SCENARIO, |sweep| {
            let drawn = Drawn::of(sweep);
            let policies = drawn.file("policies.csv");
            assert_eq!(column(policies, "policy"), ["1ms", "9min"], "{loss}");
            assert_eq!(column(policies, "latency p99 of all"), latency, "{policies}");
            assert_eq!(column(policies, "transmissions per success")[0], "");
            let page = page::sweep(sweep, &drawn);
            assert!(page.contains("download=\"policies.csv\""), "{loss}");
        });
    }
}

#[test]
fn the_page_has_the_tables_of_numbers_and_hides_no_command_from_a_printer() {
    with_sweep(PLAN, SCENARIO, |sweep| {
        let page = page::sweep(sweep, &Drawn::of(sweep));
        for name in ["cells.csv", "latency.csv", "identities.csv", "runs.csv"] {
            assert!(page.contains(&format!("download=\"{name}\"")), "{name}");
        }
        // What is folded are reasons, which a printer opens.
        let folded = |of: &str| page.matches(&format!("<details{of}")).count();
        assert_eq!(folded(""), folded(" class=\"reasons\""));
        assert!(page.contains(".reasons::details-content { content-visibility: visible;"));
    });
}
