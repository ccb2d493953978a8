//! The page of a sweep.

mod examples;

use super::{Field, document, download, escape, facts, figure, identities, table};
use crate::plot::{short, tick};
use crate::stats::wilson;
use crate::sweep::{Drawn, Rivals, Row, Sweep, rivals};
use core::fmt::Write as _;
use examples::examples;

/// A larger file is not in the page as well.
const MOST_EMBEDDED: usize = 1 << 20;

/// The page of a sweep.
#[must_use]
pub fn sweep(sweep: &Sweep<'_>, drawn: &Drawn) -> String {
    let file = |name: &str| match drawn.file(name) {
        text if text.len() <= MOST_EMBEDDED => download(name, text),
        _ => format!("<code>{name}</code>, beside this page"),
    };
    let mut body = header(sweep);
    body.push_str("<h2>Figures</h2>\n<div class=\"figures\">\n");
    for one in &drawn.figures {
        body.push_str(&figure(one));
    }
    body.push_str("</div>\n");
    let _ = write!(
        body,
        "<h2>Outcome and latency of each cell</h2>\n<p>Success with its Wilson interval, p99 with that of its ranks, which holds whatever the \
         distribution. All figures of each cell: {}. Every latency and how often it came: {}.</p>\n{}",
        file("cells.csv"),
        file("latency.csv"),
        outcome(sweep)
    );
    let coarse = sweep.rows.iter().filter(|row| !row.all.latency_us.is_exact()).count();
    if coarse > 0 {
        body.push_str(&super::coarse(&format!(
            "In {coarse} of {} cells there are",
            sweep.rows.len()
        )));
    }
    let _ = write!(
        body,
        "<h2>What each cell cost the network and the gateway</h2>\n<p>Requests for each handshake that succeeds; peaks and orphans of all \
         seeds; handshakes that succeed in a second, of those that were offered.</p>\n{}",
        cost(sweep)
    );
    body.push_str(&energy(sweep, &file("energy_by_state.csv")));
    body.push_str(&policies(sweep, &file("policies.csv")));
    body.push_str(&identities::section(sweep));
    let _ = writeln!(body, "<p>All of them: {}.</p>", file("identities.csv"));
    body.push_str(&examples(sweep, &file("runs.csv")));
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

/// A table with a row for each cell: its labels, and these numbers.
fn of_cells(
    sweep: &Sweep<'_>,
    names: &[&str],
    numbers: impl Fn(&Row<'_>) -> Vec<String>,
) -> String {
    let row = |row: &Row<'_>| {
        labels(sweep, row).into_iter().chain(numbers(row).into_iter().map(Field::Number)).collect()
    };
    let rows: Vec<Vec<Field>> = sweep.rows.iter().map(row).collect();
    table(&head(sweep, names), &rows)
}

fn outcome(sweep: &Sweep<'_>) -> String {
    let names = [
        "hand\u{ad}shakes",
        "success",
        "95 % interval",
        "p50, s",
        "p90, s",
        "p99, s",
        "95 % interval",
        "p99.9, s",
        "max, s",
    ];
    let seconds = |us: Option<u64>| us.map_or_else(|| "–".to_owned(), super::seconds);
    of_cells(sweep, &names, |row| {
        let all = &row.all;
        let interval = wilson(all.established, all.attempts);
        let at = |per_mille| seconds(all.latency_us.percentile(per_mille));
        let p99 = match all.latency_us.percentile_interval(990) {
            (low, None) => format!("{} or more", seconds(low)),
            (low, high) => format!("{} to {}", seconds(low), seconds(high)),
        };
        vec![
            all.attempts.to_string(),
            tick(all.established as f64 / all.attempts.max(1) as f64, true),
            format!("{} to {}", tick(interval.low, true), tick(interval.high, true)),
            at(500),
            at(900),
            at(990),
            p99,
            at(999),
            at(1_000),
        ]
    })
}

fn cost(sweep: &Sweep<'_>) -> String {
    let names = [
        "requests needed",
        "spurious",
        "half-open peak",
        "half-open or waiting, peak",
        "orphans",
        "wakes per s",
        "goodput per s",
    ];
    of_cells(sweep, &names, |row| {
        let ((needed, spurious), load) = (row.transmissions(), row.load());
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
        vec![
            number(row.per_established(needed)),
            number(row.per_established(spurious)),
            row.all.half_open_peak.to_string(),
            row.all.waiting_peak.to_string(),
            row.all.orphans.to_string(),
            number(load.offered_per_s),
            number(load.goodput_per_s),
        ]
    })
}

/// What handshakes took in each cell whose nodes have a radio, by state.
fn energy(sweep: &Sweep<'_>, file: &str) -> String {
    let row = |row: &Row<'_>| {
        let (millijoules, radio_on_s) = row.energy()?;
        let states = row.all.spent?;
        let states: Option<Vec<f64>> =
            states.states().map(|(_, _, uj)| Some(row.per_established(uj)? / 1e3)).collect();
        let error = row
            .energy_error()
            .map_or_else(|| "–".to_owned(), |error| format!("± {}", short(error)));
        let numbers = [short(radio_on_s), short(millijoules), error];
        let numbers = numbers.into_iter().chain(states?.into_iter().map(short)).map(Field::Number);
        Some(labels(sweep, row).into_iter().chain(numbers).collect())
    };
    let rows: Vec<Vec<Field>> = sweep.rows.iter().filter_map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let names = ["radio on, s", "mJ", "error", "transmit", "receive", "listen", "cpu", "sleep"];
    let head = head(sweep, &names);
    format!(
        "<h2>Energy for each handshake that succeeds</h2>\n<p>All attempts of a cell, failed ones too, for each that was \
         established, with the standard error of the mean over seeds; the states in millijoules. Times and energies: {file}.</p>\n{}",
        table(&head, &rows)
    )
}

fn policies(sweep: &Sweep<'_>, file: &str) -> String {
    let Rivals { all: rivals, cost } = rivals(sweep);
    if rivals.len() < 2 {
        return String::new();
    }
    let rows: Vec<Vec<Field>> = rivals
        .iter()
        .map(|rival| {
            let mut fields = vec![Field::Text(rival.name.clone())];
            fields.extend(rival.shown().map(Field::Number));
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
         one is at least as good in all of them and better in one. All digits: {file}.</p>\n{}",
        escape(&crate::sweep::focus(sweep)),
        table(&head, &rows)
    )
}
