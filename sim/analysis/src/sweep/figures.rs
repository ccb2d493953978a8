//! The figures of a sweep: each is a chart, its numbers, and how to read it.

mod course;
mod energy;

pub(crate) use course::{Threshold, marks, steps, thresholds};

use super::csv::{cells, identities, latency, numbers, rivalry, runs};
use super::pareto::Rival;
use super::{Rivals, Row, Sweep, rivals};
use crate::plot::{Chart, Line, Mark, Scale, Stroke};
use crate::premise::{handshake, micros};
use crate::stats::{LIMIT_SIGMAS, binomial_sigmas, wilson};
use core::time::Duration;
use std::collections::BTreeSet;

/// A chart with its numbers.
pub(crate) struct Figure {
    /// Its name, and that of its file of numbers.
    pub(crate) id: &'static str,
    /// Its title.
    pub(crate) title: String,
    /// How to read it.
    pub(crate) text: &'static str,
    /// The chart.
    pub(crate) chart: Chart,
    /// Its numbers as CSV, where they are more than the points of the chart.
    pub(crate) table: Option<String>,
}

impl Figure {
    /// Its numbers as CSV.
    pub(crate) fn numbers(&self) -> String {
        self.table.clone().unwrap_or_else(|| numbers(&self.chart))
    }
}

/// All figures: those that the cells have numbers for, and the others.
fn figures(sweep: &Sweep<'_>) -> (Vec<Figure>, Vec<Figure>) {
    let all = [
        success(sweep),
        residual(sweep),
        staircase(sweep),
        percentiles(sweep),
        transmissions(sweep),
        course::waiting(sweep),
        course::busiest_address(sweep),
        course::arrivals(sweep),
        goodput(sweep),
        energy::energy(sweep),
        energy::radio_on(sweep),
        policies(sweep),
    ];
    all.into_iter()
        .partition(|figure| figure.chart.lines.iter().any(|line| !line.points.is_empty()))
}

/// What a sweep's page draws, and the numbers behind it.
pub struct Drawn {
    pub(crate) figures: Vec<Figure>,
    files: Vec<(String, String)>,
    /// The names of the files that other sweeps have, and this one has no numbers for.
    pub absent: Vec<String>,
}

impl Drawn {
    /// All of a sweep.
    #[must_use]
    pub fn of(sweep: &Sweep<'_>) -> Self {
        let (figures, without) = figures(sweep);
        let file = |figure: &Figure| format!("{}.csv", figure.id);
        // A table is on the page also where its chart has nothing to draw.
        let (tables, without): (Vec<Figure>, Vec<Figure>) =
            without.into_iter().partition(|figure| figure.table.is_some());
        let with_numbers = figures.iter().chain(&tables);
        let mut files: Vec<(String, String)> =
            with_numbers.map(|figure| (file(figure), figure.numbers())).collect();
        let mut absent: Vec<String> = without.iter().map(file).collect();
        files.push(("cells.csv".to_owned(), cells(sweep)));
        files.push(("latency.csv".to_owned(), latency(sweep)));
        let by_state = "energy_by_state.csv".to_owned();
        if sweep.rows.iter().any(|row| row.all.spent.is_some()) {
            files.push((by_state, energy::by_state(sweep)));
        } else {
            absent.push(by_state);
        }
        files.push(("identities.csv".to_owned(), identities(sweep)));
        files.push(("runs.csv".to_owned(), runs(sweep)));
        Self { figures, files, absent }
    }

    /// The numbers of each figure, and behind them the figures, the latencies, the identities and the runs of all cells: the name of
    /// each file, and its text.
    #[must_use]
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }

    /// The text of the file with that name; empty where there is none.
    pub(crate) fn file(&self, name: &str) -> &str {
        self.files.iter().find(|(file, _)| file == name).map_or("", |(_, text)| text)
    }
}

fn along(sweep: &Sweep<'_>) -> Scale {
    let axis = &sweep.plan.axes[sweep.plan.along];
    let percent = axis.points.iter().all(|point| point.label.ends_with('%'));
    let numbers = axis.numbers();
    let unit = numbers.as_ref().map_or("", |_| axis.unit());
    Scale { percent, ..Scale::spanning(&(axis.name.clone() + unit), &numbers.unwrap_or_default()) }
}

/// A number of a cell, with its interval if it has one.
type Value = (f64, Option<(f64, f64)>);

/// A line for each series, by a number of each cell.
fn lines(
    sweep: &Sweep<'_>,
    suffix: &str,
    stroke: Stroke,
    value: impl Fn(&Row<'_>) -> Option<Value>,
) -> Vec<Line> {
    let line = |(colour, name): (usize, &str)| {
        let found = sweep.of_series(name).filter_map(|row| Some((sweep.along(row), value(row)?)));
        let mut found: Vec<(f64, Value)> = found.collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        let points = found.iter().map(|(x, (y, _))| (*x, *y)).collect();
        let intervals = found.iter().filter_map(|(_, (_, interval))| *interval).collect();
        Line { label: format!("{name}{suffix}"), colour, stroke, points, intervals }
    };
    sweep.series().into_iter().enumerate().map(line).collect()
}

/// The formula of a share where its premises hold.
fn formula(row: &Row<'_>, name: &str) -> Option<f64> {
    row.identities.iter().find(|identity| identity.name == name)?.expected
}

fn success(sweep: &Sweep<'_>) -> Figure {
    let simulated = lines(sweep, "", Stroke::Dots, |row| {
        let interval = wilson(row.all.established, row.all.attempts);
        let share = row.all.established as f64 / row.all.attempts as f64;
        share.is_finite().then_some((share, Some((interval.low, interval.high))))
    });
    let closed = lines(sweep, ", formula", Stroke::Dashes, |row| {
        Some((formula(row, "handshake succeeds")?, None))
    });
    Figure {
        id: "success",
        title: "Handshakes that succeed".to_owned(),
        text: "Dots are simulated, with their 95 % Wilson intervals; dashes are (1 − q^N)^E, where E is 2, or 3 with cookies, drawn only where its premises hold.",
        chart: Chart {
            x: along(sweep),
            y: Scale::percent("success"),
            lines: simulated.into_iter().chain(closed).collect(),
            marks: Vec::new(),
            panels: Vec::new(),
        },
        table: None,
    }
}

fn residual(sweep: &Sweep<'_>) -> Figure {
    let sigmas = lines(sweep, "", Stroke::Dotted, |row| {
        let expected = formula(row, "handshake succeeds")?;
        let sigmas = binomial_sigmas(row.all.established, row.all.attempts, expected);
        let shown =
            if sigmas.is_infinite() { sigmas.signum() * 2.0 * LIMIT_SIGMAS } else { sigmas };
        Some((shown, None))
    });
    let mark = |at: f64| Mark { label: format!("{at:+}σ"), at, horizontal: true, panel: None };
    Figure {
        id: "residual",
        title: "Success: simulated minus formula".to_owned(),
        text: "In standard deviations. Two out of three lie within one, and what lies beyond five is a defect in the model or in the formula. What the formula says cannot be is drawn at ten.",
        chart: Chart {
            x: along(sweep),
            y: Scale::linear("standard deviations").covering(-LIMIT_SIGMAS, LIMIT_SIGMAS),
            lines: sigmas,
            marks: vec![mark(LIMIT_SIGMAS), mark(-LIMIT_SIGMAS)],
            panels: Vec::new(),
        },
        table: None,
    }
}

/// The points of a staircase that has these steps.
fn stairs(values: impl Iterator<Item = (u64, f64)>) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let mut level = 0.0;
    for (at_us, share) in values {
        let at_s = at_us as f64 / 1e6;
        points.push((at_s, level));
        level += share;
        points.push((at_s, level));
    }
    points
}

fn staircase(sweep: &Sweep<'_>) -> Figure {
    let mut lines = Vec::new();
    for (colour, row) in sweep.in_focus().enumerate() {
        let attempts = row.all.attempts as f64;
        let simulated =
            row.all.latency_us.iter().map(|(at_us, times)| (at_us, times as f64 / attempts));
        let line = |label: String, stroke, points| Line {
            label,
            colour,
            stroke,
            points,
            intervals: Vec::new(),
        };
        lines.push(line(row.series.clone(), Stroke::Line, stairs(simulated)));
        if formula(row, "mean latency, s").is_some() {
            let closed = handshake(&row.planned.scenario, &row.all).staircase().into_iter();
            let label = format!("{}, formula", row.series);
            lines.push(line(label, Stroke::Dashes, stairs(closed)));
        }
    }
    Figure {
        id: "staircase",
        title: format!("Latency of a handshake, {}", focus(sweep)),
        text: "The share of handshakes that are done by then; what never reaches the top has failed. Each step is a pair of transmissions that won. A smooth curve means jitter, a queue, or a bug.",
        chart: Chart {
            x: Scale::log("seconds since the first transmission"),
            y: Scale::percent("done").covering(0.0, 1.0),
            lines,
            marks: Vec::new(),
            panels: Vec::new(),
        },
        table: None,
    }
}

/// The point whose cells are shown in detail.
pub(crate) fn focus(sweep: &Sweep<'_>) -> String {
    let axis = &sweep.plan.axes[sweep.plan.along];
    format!("{} {}", axis.name, axis.points[sweep.plan.focus].label)
}

fn percentiles(sweep: &Sweep<'_>) -> Figure {
    let at = |per_mille: u64| {
        move |row: &Row<'_>| Some((row.all.latency_us.percentile(per_mille)? as f64 / 1e6, None))
    };
    let median = lines(sweep, ", p50", Stroke::Dashes, at(500));
    let tail = lines(sweep, ", p99", Stroke::Dotted, at(990));
    Figure {
        id: "percentiles",
        title: "Latency of handshakes that succeed".to_owned(),
        text: "Half of them are done after p50, 99 % after p99. The mean is not drawn: for a schedule that doubles it diverges from 29 % loss on.",
        chart: Chart {
            x: along(sweep),
            y: Scale::log("seconds"),
            lines: median.into_iter().chain(tail).collect(),
            marks: Vec::new(),
            panels: Vec::new(),
        },
        table: None,
    }
}

fn transmissions(sweep: &Sweep<'_>) -> Figure {
    let needed = lines(sweep, ", needed", Stroke::Dotted, |row| {
        Some((row.per_established(row.transmissions().0)?, None))
    });
    let spurious = lines(sweep, ", spurious", Stroke::Dashes, |row| {
        Some((row.per_established(row.transmissions().1)?, None))
    });
    Figure {
        id: "transmissions",
        title: "Requests sent for each handshake that succeeds".to_owned(),
        text: "Needed: up to the one that was answered, and those of handshakes that failed. Spurious: sent after the one that was answered, because the answer took longer than the timeout.",
        chart: Chart {
            x: along(sweep),
            y: Scale::linear("requests per success").covering(0.0, 2.0),
            lines: needed.into_iter().chain(spurious).collect(),
            marks: Vec::new(),
            panels: Vec::new(),
        },
        table: None,
    }
}

fn goodput(sweep: &Sweep<'_>) -> Figure {
    let mut lines = Vec::new();
    for (colour, name) in sweep.series().into_iter().enumerate() {
        let both = |row: &Row<'_>| row.load().offered_per_s.zip(row.load().goodput_per_s);
        let mut points: Vec<(f64, f64)> = sweep.of_series(name).filter_map(both).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.dedup();
        lines.push(Line {
            label: name.to_owned(),
            colour,
            stroke: Stroke::Dotted,
            points,
            intervals: Vec::new(),
        });
    }
    let reach = |line: &Line| {
        let loads = || line.points.iter().map(|point| point.0);
        loads().fold(0.0, f64::max) / loads().fold(f64::INFINITY, f64::min)
    };
    // One load, give or take what is drawn, has no knee.
    if !lines.iter().any(|line| reach(line) > 1.5) {
        lines.clear();
    }
    let served = |row: &Row<'_>| row.planned.scenario.gateway.service_time;
    let times: BTreeSet<Duration> = sweep.rows.iter().filter_map(served).collect();
    let knee = |time: &Duration| Mark {
        label: if times.len() > 1 {
            format!("1 / {time:?}")
        } else {
            "1 / service time".to_owned()
        },
        at: 1e6 / micros(*time) as f64,
        horizontal: false,
        panel: None,
    };
    Figure {
        id: "goodput",
        title: "Goodput against offered load".to_owned(),
        text: "Handshakes that succeed, by the time in which nodes woke or, if that is longer, the gateway worked, against wakes in a second. Up to the knee it is the load times the success; beyond it 1 / service time, less what the gateway does for nodes that gave up.",
        chart: Chart {
            x: Scale::log("wakes per second"),
            y: Scale::log("successful handshakes per second"),
            lines,
            marks: times.iter().map(knee).collect(),
            panels: Vec::new(),
        },
        table: None,
    }
}

fn policies(sweep: &Sweep<'_>) -> Figure {
    let Rivals { all: rivals, cost } = rivals(sweep);
    let line = |(colour, rival): (usize, &Rival)| Line {
        label: rival.name.clone(),
        colour,
        stroke: if rival.in_front { Stroke::Dots } else { Stroke::Rings },
        points: rival
            .latency_s
            .is_finite()
            .then_some((rival.latency_s, rival.cost))
            .into_iter()
            .collect(),
        intervals: Vec::new(),
    };
    let compared = rivals.len() > 1;
    let lines = if compared { rivals.iter().enumerate().map(line).collect() } else { Vec::new() };
    Figure {
        id: "policies",
        title: format!("Policies against each other, {}", focus(sweep)),
        text: "Down and to the left is better; a handshake that fails takes for ever, so a policy of which more than one in a hundred fail is not drawn. Dots are the Pareto front, policies that no other one beats in everything; rings are beaten. The table below has failures and peak load, too.",
        chart: Chart {
            x: Scale::log("latency p99 of all handshakes, seconds"),
            y: Scale::linear(cost),
            lines,
            marks: Vec::new(),
            panels: Vec::new(),
        },
        table: compared.then(|| rivalry(&rivals, cost)),
    }
}
