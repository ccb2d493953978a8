//! The numbers of a sweep as CSV: those of each chart, and those of all cells.

use super::pareto::Rival;
use super::{Row, Sweep};
use crate::cell::RunFacts;
use crate::collector::Handshake;
use crate::identity::Verdict;
use crate::plot::Chart;
use core::fmt::Write as _;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A field as CSV has it.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The points of a chart, one a line.
pub(crate) fn numbers(chart: &Chart) -> String {
    let mut text = format!("series,{},{},low,high\n", field(&chart.x.label), field(&chart.y.label));
    for line in &chart.lines {
        for (index, (x, y)) in line.points.iter().enumerate() {
            let (low, high) = line
                .intervals
                .get(index)
                .map_or_else(Default::default, |(low, high)| (low.to_string(), high.to_string()));
            let _ = writeln!(text, "{},{x},{y},{low},{high}", field(&line.label));
        }
    }
    text
}

pub(super) fn labels(sweep: &Sweep<'_>, row: &Row<'_>) -> String {
    let labels: Vec<String> =
        sweep.labels(row).into_iter().map(|(_, label)| field(label)).collect();
    labels.join(",")
}

/// The first line of a table of cells: the number of a cell, its axes, and these columns. An axis that has the name of one says
/// that it is an axis: readers find a column by its name.
pub(super) fn head(sweep: &Sweep<'_>, columns: &str) -> String {
    let taken = |name: &str| name == "cell" || columns.split(',').any(|column| column == name);
    let axis = |name: &str| if taken(name) { format!("axis {name}") } else { field(name) };
    let names: Vec<String> = sweep.plan.axes.iter().map(|one| axis(&one.name)).collect();
    format!("cell,{},{columns}\n", names.join(","))
}

/// Policies against each other. A latency that is not there is endless.
pub(super) fn rivalry(rivals: &[Rival], cost: &str) -> String {
    let cost = field(cost);
    let mut text =
        format!("policy,failures,latency p99 of all,{cost},waiting peak,conforms,in front\n");
    for rival in rivals {
        let number = |value: f64| {
            if value.is_finite() { value.to_string() } else { String::new() }
        };
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{}",
            field(&rival.name),
            rival.failures,
            number(rival.latency_s),
            number(rival.cost),
            rival.peak,
            rival.conforms,
            rival.in_front
        );
    }
    text
}

/// The figures of each cell that `sweep.json` has, and where its slowest handshake and the first that failed are.
pub(super) fn cells(sweep: &Sweep<'_>) -> String {
    let figures: Vec<Map<String, Value>> = sweep.rows.iter().map(Row::figures).collect();
    let names: Vec<&str> = figures.iter().take(1).flat_map(Map::keys).map(String::as_str).collect();
    let example = |name: &str| {
        ["seed", "node", "began_us", "took_us", "replay"]
            .map(|key| format!("{name}_{key}"))
            .join(",")
    };
    let (slowest, failed) = (example("slowest"), example("first_failed"));
    let mut text = head(sweep, &format!("{},{slowest},{failed}", names.join(",")));
    for (row, figures) in sweep.rows.iter().zip(&figures) {
        let figures = figures.values().map(|value| match value {
            Value::Null => String::new(),
            Value::String(text) => field(text),
            number => number.to_string(),
        });
        let examples = [row.slowest(), row.first_failed()].into_iter().map(|example| {
            example.map_or_else(
                || ",".repeat(4),
                |(seed, Handshake { node, began_us, took_us })| {
                    let replay = (sweep.origin.replay)(row.planned, seed, Some(node));
                    format!("{seed},{node},{began_us},{took_us},{}", field(&replay))
                },
            )
        });
        let fields: Vec<String> = figures.chain(examples).collect();
        let _ = writeln!(text, "{},{},{}", row.planned.index, labels(sweep, row), fields.join(","));
    }
    text
}

/// Every latency with how often it came; of the longest, one handshake that took so long.
pub(super) fn latency(sweep: &Sweep<'_>) -> String {
    let mut text = head(sweep, "latency_us,handshakes,seed,node");
    for row in &sweep.rows {
        let labels = labels(sweep, row);
        let of_run = |run: &'_ RunFacts| {
            let seed = run.seed;
            run.examples.slowest.clone().into_iter().map(move |one| (one.took_us, (seed, one.node)))
        };
        // From the back, so that the first seed stays of those that took as long.
        let examples: BTreeMap<u64, (u64, u32)> =
            row.cell.runs.iter().rev().flat_map(of_run).collect();
        let mut latencies = row.all.latency_us.iter().peekable();
        while let Some((at_us, times)) = latencies.next() {
            // A value may stand for all up to the next.
            let next_us = latencies.peek().map_or(u64::MAX, |(next_us, _)| *next_us);
            let example = examples.range(at_us..next_us).next();
            let example = example
                .map_or_else(|| ",".to_owned(), |(_, (seed, node))| format!("{seed},{node}"));
            let _ = writeln!(text, "{},{labels},{at_us},{times},{example}", row.planned.index);
        }
    }
    text
}

pub(super) fn identities(sweep: &Sweep<'_>) -> String {
    let mut text = head(sweep, "identity,formula,expected,simulated,low,high,sigmas,verdict");
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for row in &sweep.rows {
        let labels = labels(sweep, row);
        for identity in &row.identities {
            let verdict = match &identity.verdict {
                Verdict::Holds => "holds".to_owned(),
                Verdict::Differs => "differs".to_owned(),
                Verdict::ForComparison => "for comparison".to_owned(),
                Verdict::PremiseBroken(why) => format!("premise broken: {why}"),
            };
            let numbers = [
                identity.expected,
                identity.simulated,
                identity.interval.map(|interval| interval.low),
                identity.interval.map(|interval| interval.high),
                identity.sigmas,
            ];
            let _ = writeln!(
                text,
                "{},{labels},{},{},{},{}",
                row.planned.index,
                field(identity.name),
                field(identity.formula),
                numbers.map(number).join(","),
                field(&verdict)
            );
        }
    }
    text
}

pub(super) fn runs(sweep: &Sweep<'_>) -> String {
    let mut text = head(sweep, "seed,fingerprint,attempts,established,failed,broken_rules,replay");
    for row in &sweep.rows {
        let labels = labels(sweep, row);
        for run in &row.cell.runs {
            let _ = writeln!(
                text,
                "{},{labels},{},{},{},{},{},{},{}",
                row.planned.index,
                run.seed,
                run.fingerprint,
                run.observed.attempts,
                run.observed.established,
                run.observed.failed,
                field(&run.broken_rules.join(" ")),
                field(&(sweep.origin.replay)(row.planned, run.seed, None))
            );
        }
    }
    text
}
