//! The page of a sweep.

use super::{Field, document, download, escape, facts, figure, identities, table};
use crate::plot::{short, tick};
use crate::stats::wilson;
use crate::sweep::{Drawn, Rivals, Row, Sweep, rivals};
use core::fmt::Write as _;

/// The page of a sweep.
#[must_use]
pub fn sweep(sweep: &Sweep<'_>, drawn: &Drawn) -> String {
    let file = |name: &str| download(name, drawn.file(name));
    let mut body = header(sweep);
    body.push_str("<h2>Figures</h2>\n<div class=\"figures\">\n");
    for one in &drawn.figures {
        body.push_str(&figure(one, drawn.file(&format!("{}.csv", one.id))));
    }
    body.push_str("</div>\n");
    let _ = write!(body, "<h2>Latency and outcome of each cell</h2>\n{}", cells(sweep));
    body.push_str("<p>Every latency and how often it came is in <code>latency.csv</code>, beside this page.</p>\n");
    let coarse = sweep.rows.iter().filter(|row| !row.all.latency_us.is_exact()).count();
    if coarse > 0 {
        body.push_str(&super::coarse(&format!(
            "In {coarse} of {} cells there are",
            sweep.rows.len()
        )));
    }
    body.push_str(&energy(sweep));
    body.push_str(&policies(sweep));
    body.push_str(&identities::section(sweep));
    let _ = writeln!(body, "<p>All of them: {}.</p>", file("identities.csv"));
    body.push_str(&seeds(sweep, &file("runs.csv")));
    document(&format!("Sweep {}", sweep.origin.plan), &body)
}

fn header(sweep: &Sweep<'_>) -> String {
    let plan = sweep.plan;
    let axes: Vec<String> = plan
        .axes
        .iter()
        .map(|axis| {
            let labels: Vec<&str> = axis.points.iter().map(|point| point.label.as_str()).collect();
            format!("{}: {}", axis.name, labels.join(", "))
        })
        .collect();
    let handshakes: u64 = sweep.rows.iter().map(|row| row.all.attempts).sum();
    let seeds = match (plan.seeds.first(), plan.seeds.last()) {
        (Some(first), Some(last)) => format!("{first} to {last} in each cell"),
        _ => String::new(),
    };
    let always: Vec<String> =
        plan.changes.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    let mut rows = vec![
        ("Plan", plan.file.clone()),
        ("Scenario", sweep.origin.scenario.clone()),
        ("Axes", axes.join(" · ")),
    ];
    if !always.is_empty() {
        rows.push(("In all cells", always.join(", ")));
    }
    rows.extend([
        ("Cells", format!("{}, with {handshakes} handshakes", sweep.rows.len())),
        ("Seeds", seeds),
        ("Identities", sweep.verdicts().to_string()),
        ("Commit", sweep.origin.commit.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("Version", format!("wakebench {}", env!("CARGO_PKG_VERSION"))),
        ("Fingerprint", sweep.fingerprint()),
    ]);
    format!(
        "<h1>{}</h1>\n<p class=\"lead\">{}</p>\n{}",
        escape(&sweep.origin.plan),
        escape(&plan.description),
        facts(&rows)
    )
}

fn labels(sweep: &Sweep<'_>, row: &Row<'_>) -> Vec<Field> {
    sweep.labels(row).into_iter().map(|(_, label)| Field::Text(label.to_owned())).collect()
}

fn head<'a>(sweep: &'a Sweep<'_>, rest: &[&'a str]) -> Vec<&'a str> {
    let axes = sweep.plan.axes.iter().map(|axis| axis.name.as_str());
    axes.chain(rest.iter().copied()).collect()
}

fn cells(sweep: &Sweep<'_>) -> String {
    let head = head(
        sweep,
        &[
            "handshakes",
            "success",
            "95 % interval",
            "p50, s",
            "p90, s",
            "p99, s",
            "p99.9, s",
            "max, s",
            "requests needed",
            "spurious",
            "half-open peak",
            "orphans",
        ],
    );
    let rows: Vec<Vec<Field>> = sweep
        .rows
        .iter()
        .map(|row| {
            let all = &row.all;
            let interval = wilson(all.established, all.attempts);
            let (needed, spurious) = row.transmissions();
            let each = |sum| row.per_established(sum).map_or_else(|| "–".to_owned(), short);
            let at = |per_mille| {
                all.latency_us.percentile(per_mille).map_or_else(|| "–".to_owned(), super::seconds)
            };
            let numbers = [
                all.attempts.to_string(),
                tick(all.established as f64 / all.attempts.max(1) as f64, true),
                format!("{} to {}", tick(interval.low, true), tick(interval.high, true)),
                at(500),
                at(900),
                at(990),
                at(999),
                at(1_000),
                each(needed),
                each(spurious),
                all.half_open_peak.to_string(),
                all.orphans.to_string(),
            ];
            let mut fields = labels(sweep, row);
            fields.extend(numbers.map(Field::Number));
            fields
        })
        .collect();
    table(&head, &rows)
}

/// What handshakes took in each cell whose nodes have a radio, by state.
fn energy(sweep: &Sweep<'_>) -> String {
    let row = |row: &Row<'_>| {
        let (millijoules, radio_on_s) = row.energy()?;
        let states = row.all.spent?;
        let states: Option<Vec<f64>> =
            states.states().map(|(_, _, uj)| Some(row.per_established(uj)? / 1e3)).collect();
        let numbers = [radio_on_s, millijoules].into_iter().chain(states?);
        let numbers = numbers.map(|number| Field::Number(short(number)));
        Some(labels(sweep, row).into_iter().chain(numbers).collect())
    };
    let rows: Vec<Vec<Field>> = sweep.rows.iter().filter_map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = head(sweep, &["radio on, s", "mJ", "transmit", "receive", "listen", "cpu", "sleep"]);
    format!(
        "<h2>Energy for each handshake that succeeds</h2>\n<p>All attempts of a cell, failed ones too, for each that was \
         established; the states in millijoules.</p>\n{}",
        table(&head, &rows)
    )
}

fn policies(sweep: &Sweep<'_>) -> String {
    let Rivals { all: rivals, cost } = rivals(sweep);
    if rivals.len() < 2 {
        return String::new();
    }
    let rows: Vec<Vec<Field>> = rivals
        .iter()
        .map(|rival| {
            let numbers = [
                tick(rival.failures, true),
                short(rival.latency_s),
                short(rival.cost),
                short(rival.peak),
            ];
            let mut fields = vec![Field::Text(rival.name.clone())];
            fields.extend(numbers.map(Field::Number));
            let says = if rival.conforms { "conforms" } else { "does not" };
            fields.push(Field::Verdict(rival.conforms, says.to_owned()));
            fields.push(if rival.in_front {
                Field::Verdict(true, "on the front".to_owned())
            } else {
                Field::Text("beaten".to_owned())
            });
            fields
        })
        .collect();
    let head = [
        "policy",
        "failures",
        "p99 of all, s",
        cost,
        "half-open or waiting, peak",
        "RFC 7815 2.1",
        "Pareto",
    ];
    format!(
        "<h2>Policies compared, {}</h2>\n<p>Less is better in each column of numbers; in p99 a handshake that fails takes for ever. A policy is on the Pareto front if no other \
         one is at least as good in all of them and better in one.</p>\n{}",
        escape(&crate::sweep::focus(sweep)),
        table(&head, &rows)
    )
}

fn seeds(sweep: &Sweep<'_>, file: &str) -> String {
    let mut text = format!(
        "<h2>Back to a run</h2>\n<p>Every run of every cell, with its fingerprint and its command: {file}. A command leaves the \
         run's files; with <code>--node N</code> those of one node, with its ladder. These are the commands for the first \
         seed of each cell; any other of its seeds goes in the same place.</p>\n<details>\n<summary>Commands</summary>\n<pre>"
    );
    for row in &sweep.rows {
        let labels: Vec<&str> = sweep.labels(row).into_iter().map(|(_, label)| label).collect();
        let broken: Vec<&str> =
            row.cell.runs.iter().flat_map(|run| &run.broken_rules).map(String::as_str).collect();
        let _ = writeln!(text, "# {}", escape(&labels.join(", ")));
        if let Some(rule) = broken.first() {
            let _ = writeln!(text, "# rules broken, {} among them", escape(rule));
        }
        if let Some(seed) = sweep.plan.seeds.first() {
            let _ = writeln!(text, "{}", escape(&(sweep.origin.replay)(row.planned, *seed)));
        }
    }
    text.push_str("</pre>\n</details>\n");
    text
}
