//! How the runs went over time at the gateway.

use super::{Figure, focus};
use crate::collector::{Course, Gauge};
use crate::plot::{Chart, Line, Mark, Scale, Stroke};
use crate::sweep::{Row, Sweep};
use simulator::scenario::{Cookies, Gateway};

/// A bin has as many arrivals as this, all seeds together and in the mean of the cell with the fewest: with fewer a chart
/// shows each of them and not how many there are.
const ARRIVALS: u64 = 10;
/// But there are as many bins as this.
const BINS: usize = 32;

/// The width of the bins of all charts over time, in microseconds.
fn width_us(sweep: &Sweep<'_>) -> u64 {
    let wide_enough = |course: &Course| {
        let arrivals = &course.init_arrivals;
        let all: u64 = arrivals.bins.iter().sum();
        let mut width_us = arrivals.width_us.max(course.waiting.width_us);
        let bins = |width_us| arrivals.widened(width_us).len();
        while bins(width_us) >= 2 * BINS && all < ARRIVALS * bins(width_us) as u64 {
            width_us *= 2;
        }
        width_us
    };
    sweep.in_focus().map(|row| wide_enough(&row.cell.course)).max().unwrap_or(1)
}

/// A step for each bin.
pub(crate) fn steps(values: impl IntoIterator<Item = f64>, width_us: u64) -> Vec<(f64, f64)> {
    let at_s = |bin: usize| bin as f64 * width_us as f64 / 1e6;
    let values = values.into_iter().enumerate();
    values.flat_map(|(bin, y)| [(at_s(bin), y), (at_s(bin + 1), y)]).collect()
}

/// A panel for each cell in focus, with these lines.
fn panels(
    sweep: &Sweep<'_>,
    y: &str,
    of: impl Fn(&Row<'_>) -> Vec<(&'static str, Stroke, Vec<(f64, f64)>)>,
) -> Chart {
    let lines = sweep.in_focus().enumerate().flat_map(|(colour, row)| {
        of(row).into_iter().map(move |(what, stroke, points)| {
            let label = format!("{}{what}", row.series);
            Line { label, colour, stroke, points, intervals: Vec::new() }
        })
    });
    Chart {
        x: Scale::linear("seconds of virtual time"),
        y: Scale::linear(y).covering(0.0, 0.0),
        lines: lines.collect(),
        marks: Vec::new(),
        panels: sweep.in_focus().map(|row| row.series.clone()).collect(),
    }
}

/// A level over time: its mean, and the highest of any run.
fn levels(sweep: &Sweep<'_>, y: &str, gauge: impl Fn(&Course) -> &Gauge) -> Chart {
    let width_us = width_us(sweep);
    panels(sweep, &format!("{y}, bins of {} s", seconds(width_us)), |row| {
        let gauge = gauge(&row.cell.course);
        let highest = gauge.widened(width_us).into_iter().map(|level| level as f64);
        let mean = gauge.mean(width_us, row.cell.runs.len());
        vec![
            (", highest", Stroke::Area, steps(highest, width_us)),
            (", mean", Stroke::Line, steps(mean, width_us)),
        ]
    })
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// Thresholds, each in its panel, that are not far above all that happened: those would flatten what did.
pub(crate) fn marks(
    lines: &[Line],
    thresholds: impl Iterator<Item = (Option<usize>, Threshold)>,
) -> Vec<Mark> {
    let points = lines.iter().flat_map(|line| &line.points);
    let peak = points.map(|point| point.1).fold(0.0, f64::max);
    let near = |(panel, (word, at)): (Option<usize>, Threshold)| {
        let at = at.filter(|at| f64::from(*at) <= peak * 3.0)?;
        Some(Mark { label: format!("{word} {at}"), at: at.into(), horizontal: true, panel })
    };
    thresholds.filter_map(near).collect()
}

/// What it is and where, if it is set.
pub(crate) type Threshold = (&'static str, Option<u32>);

/// The limit and that of cookies: of all addresses together, and of each.
pub(crate) const fn thresholds(gateway: &Gateway) -> [[Threshold; 2]; 2] {
    let (of_all, of_each) = match gateway.cookies {
        Cookies::Above { half_open, per_address } => (Some(half_open), per_address),
        Cookies::Never | Cookies::Always => (None, None),
    };
    [
        [("limit", Some(gateway.half_open_limit)), ("cookies", of_all)],
        [("limit per address", gateway.half_open_per_address), ("cookies per address", of_each)],
    ]
}

/// Those of the cells in focus, each with its panel.
fn in_focus<'a>(
    sweep: &'a Sweep<'_>,
    which: usize,
) -> impl Iterator<Item = (Option<usize>, Threshold)> + 'a {
    let of = move |row: &Row<'_>| thresholds(&row.planned.scenario.gateway)[which];
    let rows = sweep.in_focus().enumerate();
    rows.flat_map(move |(panel, row)| of(row).map(|threshold| (Some(panel), threshold)))
}

pub(super) fn waiting(sweep: &Sweep<'_>) -> Figure {
    let mut chart = levels(sweep, "half-open or waiting", |course| &course.waiting);
    chart.marks = marks(&chart.lines, in_focus(sweep, 0));
    Figure {
        id: "half_open",
        title: format!("Half-open SAs and waiting requests at the gateway, {}", focus(sweep)),
        text: "What the gateway's limits count: half-open SAs and, where it has a service time, requests that wait for its processor. The line is the mean over the time of each bin and over all seeds, the area the highest of any seed. What stays after the wake are orphans: nodes that gave up, until the gateway forgets them.",
        chart,
        table: None,
    }
}

/// What a limit per address counts; nothing where no gateway has one.
pub(super) fn busiest_address(sweep: &Sweep<'_>) -> Figure {
    let y = "half-open or waiting, of the busiest address";
    let mut chart = levels(sweep, y, |course| &course.busiest_address);
    if in_focus(sweep, 1).all(|(_, (_, at))| at.is_none()) {
        chart.lines.clear();
    }
    chart.marks = marks(&chart.lines, in_focus(sweep, 1));
    Figure {
        id: "busiest_address",
        title: format!("The same of the busiest address, {}", focus(sweep)),
        text: "What the gateway's limits per address count: half-open SAs and waiting requests of one address as it sees them, whatever the port. All nodes behind one router are one address. Drawn is at each time the address that has the most.",
        chart,
        table: None,
    }
}

pub(super) fn arrivals(sweep: &Sweep<'_>) -> Figure {
    let width_us = width_us(sweep);
    let y = format!("requests per second, bins of {} s", seconds(width_us));
    let chart = panels(sweep, &y, |row| {
        let counts = row.cell.course.init_arrivals.widened(width_us);
        let runs_s = seconds(width_us) * row.cell.runs.len() as f64;
        let rates = counts.into_iter().map(|count| count as f64 / runs_s);
        vec![("", Stroke::Line, steps(rates, width_us))]
    });
    Figure {
        id: "arrivals",
        title: format!("IKE_SA_INIT requests at the gateway, {}", focus(sweep)),
        text: "Arrivals in a second, the mean of all seeds. The echoes after a wake are retransmissions; a schedule without jitter keeps them in step.",
        chart,
        table: None,
    }
}
