//! The page of one run.

use super::{Field, document, escape, facts, figure, seconds, table};
use crate::collector::{Counts, Course, Gauge, Handshake, Seen};
use crate::plot::{Chart, Line, Scale, Stroke, short};
use crate::sweep::{Figure, Threshold, marks, steps, thresholds};
use core::fmt::Write as _;
use simulator::scenario::Gateway;
use simulator::{NodeFigures, Report};

/// Further nodes are left to `report.json`.
const MOST_NODES: usize = 50;
/// Further violations are left to `report.json`.
const MOST_VIOLATIONS: usize = 10;

/// What the page of one run shows.
#[derive(Clone, Copy)]
pub struct RunPage<'a> {
    /// Its report.
    pub report: &'a Report,
    /// Its ladder, if it is small.
    pub ladder: Option<&'a str>,
    /// The command that does it again.
    pub replay: &'a str,
    /// What a collector saw of it; where an end is outside, none can.
    pub seen: Option<(&'a Seen, &'a Gateway)>,
}

/// The page of one run.
#[must_use]
pub fn run(shown: &RunPage<'_>) -> String {
    let RunPage { report, ladder, replay, seen } = *shown;
    let mut body = header(report, replay);
    body.push_str(&verdicts(report));
    if let Some((seen, gateway)) = seen {
        let _ = write!(
            body,
            "<h2>Timeline</h2>\n<div class=\"figures\">\n{}</div>\n",
            timeline(&seen.course, gateway)
        );
        let _ = write!(body, "<h2>Handshakes</h2>\n{}", handshakes(seen));
        if !seen.observed.latency_us.is_exact() {
            body.push_str(&super::coarse("There are"));
        }
    }
    if let Some(ladder) = ladder {
        let _ = write!(body, "<h2>Ladder</h2>\n<pre>{}</pre>\n", escape(ladder));
    }
    body.push_str(&energy(report));
    let _ = write!(body, "<h2>Nodes</h2>\n{}", nodes(report));
    let _ = write!(body, "<h2>Figures</h2>\n{}", counters(report));
    document(&format!("{}, seed {}", report.scenario, report.seed), &body)
}

fn header(report: &Report, replay: &str) -> String {
    let mut rows = vec![
        ("Seed", report.seed.to_string()),
        ("Verdict", if report.passed { "passed".to_owned() } else { "failed".to_owned() }),
        ("Virtual time", format!("{} s", seconds(report.end_us))),
        ("Events", report.events.to_string()),
    ];
    for file in &report.files {
        rows.push(("File", format!("{}, SHA-256 {}", file.name, file.sha256)));
    }
    if !report.overrides.is_empty() {
        rows.push(("Changed", report.overrides.join(", ")));
    }
    if let Some(outside) = &report.outside {
        let (end, name) = match &outside.gateway {
            Some(name) => ("Gateway", name.clone()),
            None => ("Device", outside.device.clone().unwrap_or_default()),
        };
        rows.push((end, name));
    }
    rows.extend([
        ("Commit", report.commit.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("Version", format!("wakebench {}, report {}", env!("CARGO_PKG_VERSION"), report.schema)),
        ("Fingerprint", format!("{} (shape {})", report.fingerprint, report.shape)),
        ("Replay", replay.to_owned()),
    ]);
    format!(
        "<h1>{}</h1>\n<p class=\"lead\">{}</p>\n{}",
        escape(&report.scenario),
        escape(&report.description),
        facts(&rows)
    )
}

fn verdicts(report: &Report) -> String {
    let mut text = String::from("<h2>Verdicts</h2>\n");
    let verdict = |passed: bool, word: &str| Field::Verdict(passed, word.to_owned());
    let word = |passed| if passed { "held" } else { "not held" };
    let mut rows: Vec<Vec<Field>> = report
        .expectations
        .iter()
        .map(|expectation| {
            vec![
                Field::Text(expectation.figure.to_owned()),
                Field::Number(expectation.expected.clone()),
                Field::Number(expectation.actual.to_string()),
                verdict(expectation.passed, word(expectation.passed)),
            ]
        })
        .collect();
    let row = |name: &str, expected: &str, actual: String, passed: bool| {
        vec![
            Field::Text(name.to_owned()),
            Field::Number(expected.to_owned()),
            Field::Number(actual),
            verdict(passed, word(passed)),
        ]
    };
    let balance = if report.accounting_balances { "yes" } else { "no" };
    rows.push(row(
        "every link's account balances",
        "yes",
        balance.to_owned(),
        report.accounting_balances,
    ));
    let broken = report.violations.len() as u64 + report.more_violations;
    rows.push(row("rules broken", "0", broken.to_string(), broken == 0));
    text.push_str(&table(&["what", "expected", "was", "verdict"], &rows));
    for violation in report.violations.iter().take(MOST_VIOLATIONS) {
        let _ = write!(
            text,
            "<h3>{} at {} s, {}</h3>\n<p>{}</p>\n<pre>{}</pre>\n",
            escape(violation.checker),
            seconds(violation.at_us),
            escape(&violation.who),
            escape(&violation.what),
            escape(&violation.context.join("\n"))
        );
    }
    text
}

/// A step for each bin.
fn bins(label: &str, colour: usize, width_us: u64, bins: impl Iterator<Item = f64>) -> Line {
    let points = steps(bins, width_us);
    Line { label: label.to_owned(), colour, stroke: Stroke::Line, points, intervals: Vec::new() }
}

/// The running sum, as it is at the end of each bin.
fn so_far(label: &str, colour: usize, counts: &Counts, width_us: u64) -> Line {
    let sums = counts.widened(width_us).into_iter().scan(0, |sum, count| {
        *sum += count;
        Some(*sum as f64)
    });
    bins(label, colour, width_us, sums)
}

/// A level over time with its thresholds.
fn levels(label: &str, gauge: &Gauge, thresholds: [Threshold; 2]) -> Chart {
    let width_us = gauge.width_us;
    let highest = gauge.bins.iter().map(|level| *level as f64);
    let mut lines = vec![bins("mean", 0, width_us, gauge.mean(width_us, 1).into_iter())];
    lines.insert(0, Line { stroke: Stroke::Area, ..bins("highest", 0, width_us, highest) });
    let marks = marks(&lines, thresholds.into_iter().map(|threshold| (None, threshold)));
    Chart { marks, ..over_time(label, width_us, lines) }
}

fn over_time(y: &str, width_us: u64, lines: Vec<Line>) -> Chart {
    Chart {
        x: Scale::linear("seconds of virtual time"),
        y: Scale::linear(&format!("{y}, bins of {} s", width_us as f64 / 1e6)),
        lines,
        marks: Vec::new(),
        panels: Vec::new(),
    }
}

fn timeline(course: &Course, gateway: &Gateway) -> String {
    let [of_all, of_each] = thresholds(gateway);
    let counts = [
        ("begun", 1, &course.attempts),
        ("IKE_SA_INIT at the gateway", 4, &course.init_arrivals),
        ("established", 2, &course.established),
    ];
    let width_us = counts.iter().map(|(_, _, counts)| counts.width_us).max().unwrap_or(1);
    let handshakes =
        counts.map(|(label, colour, counts)| so_far(label, colour, counts, width_us)).to_vec();
    let drawn = |id, title: &str, text, chart| {
        figure(&Figure { id, title: title.to_owned(), text, chart, table: None })
    };
    let mut text = drawn(
        "handshakes",
        "Handshakes so far",
        "Begun at the nodes, arrived at the gateway with all retransmissions, and established at the nodes. Each at the end of its bin.",
        over_time("so far", width_us, handshakes),
    );
    text += &drawn(
        "half_open",
        "Half-open SAs and waiting requests at the gateway",
        "What the gateway's limits count: half-open SAs and, where it has a service time, requests that wait for its processor. The line is the mean over the time of each bin, the area the highest in it.",
        levels("half-open or waiting", &course.waiting, of_all),
    );
    if of_each.iter().any(|(_, at)| at.is_some()) {
        text += &drawn(
            "busiest_address",
            "The same of the busiest address",
            "What the gateway's limits per address count: half-open SAs and waiting requests of one address as it sees them, whatever the port. All nodes behind one router are one address. Drawn is at each time the address that has the most.",
            levels("of the busiest address", &course.busiest_address, of_each),
        );
    }
    text
}

fn handshakes(seen: &Seen) -> String {
    let Seen { observed, examples, .. } = seen;
    let of = |one: Option<&Handshake>| {
        one.map_or_else(
            || "–".to_owned(),
            |one| format!("{}, from {} s on", one.node, seconds(one.began_us)),
        )
    };
    let at = |per_mille| {
        observed.latency_us.percentile(per_mille).map_or_else(|| "–".to_owned(), seconds)
    };
    let spurious = observed.init.spurious + observed.auth.spurious;
    let rows = [
        ("begun", observed.attempts.to_string()),
        ("established", observed.established.to_string()),
        ("failed", observed.failed.to_string()),
        ("latency p50, s", at(500)),
        ("latency p90, s", at(900)),
        ("latency p99, s", at(990)),
        ("latency max, s", at(1_000)),
        ("node of the slowest", of(examples.slowest.last())),
        ("node of the first that failed", of(examples.first_failed.as_ref())),
        ("requests sent", (observed.init.requests + observed.auth.requests).to_string()),
        ("of them spurious", spurious.to_string()),
        ("half-open at most", observed.half_open_peak.to_string()),
        ("half-open or waiting at most", observed.waiting_peak.to_string()),
        ("half-open SAs × seconds", short(observed.half_open_integral_us as f64 / 1e6)),
        ("octets in IKE_SA_INIT requests", observed.init_octets_in.to_string()),
        ("octets in their answers", observed.init_octets_out.to_string()),
    ];
    let rows: Vec<Vec<Field>> = rows
        .into_iter()
        .map(|(name, value)| vec![Field::Text(name.to_owned()), Field::Number(value)])
        .collect();
    table(&["what", "of all nodes"], &rows)
}

/// What a handshake took in each group with a radio, by state, if there is one.
fn energy(report: &Report) -> String {
    let millijoules = |uj: u64| Field::Number(format!("{}.{:03}", uj / 1_000, uj % 1_000));
    let with_radio = report.groups.iter().filter_map(|group| {
        let handshakes = &group.energy.as_ref()?.handshakes;
        Some((&group.name, handshakes.for_each_established?))
    });
    let rows: Vec<Vec<Field>> = with_radio
        .map(|(name, each)| {
            let mut row = vec![
                Field::Text(name.clone()),
                Field::Number(seconds(each.radio_on_us)),
                millijoules(each.energy_uj),
            ];
            row.extend(each.states().map(|(_, state)| millijoules(state.energy_uj)));
            row
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = ["group", "radio on, s", "mJ", "transmit", "receive", "listen", "cpu", "sleep"];
    format!(
        "<h2>Energy for each handshake</h2>\n<p>All attempts of a group, failed ones too, for each that was established.</p>\n{}",
        table(&head, &rows)
    )
}

fn nodes(report: &Report) -> String {
    let columns = NodeFigures::default().columns().map(|(head, _)| head);
    let head = [&["node"][..], &columns, &["awake, s", "last failure"]].concat();
    let rows = report.nodes.iter().take(MOST_NODES).map(|node| {
        let figures = &node.figures;
        let mut fields = vec![Field::Text(node.name.clone())];
        fields.extend(figures.columns().map(|(_, number)| Field::Number(number.to_string())));
        fields.push(Field::Number(seconds(figures.awake_us)));
        fields.push(Field::Text(figures.last_failure.clone().unwrap_or_default()));
        fields
    });
    let rows: Vec<Vec<Field>> = rows.collect();
    let more = report.nodes.len().saturating_sub(MOST_NODES);
    let rest = if more > 0 {
        format!("<p>And {more} more: report.json has them all.</p>\n")
    } else {
        String::new()
    };
    table(&head, &rows) + &rest
}

fn counters(report: &Report) -> String {
    let value = serde_json::to_value(&report.figures).unwrap_or_default();
    let hidden = report.outside.iter().flat_map(|outside| &outside.not_observed);
    let hidden: Vec<String> = hidden.map(|name| (*name).to_string()).collect();
    let rows: Vec<(&str, String)> = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let unseen = hidden.iter().any(|other| other == name);
            (name.as_str(), if unseen { "not observed".to_owned() } else { value.to_string() })
        })
        .collect();
    facts(&rows)
}
