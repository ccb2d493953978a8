//! How the runs went over time at the gateway.

use super::{Figure, focus};
use crate::collector::Course;
use crate::plot::{Chart, Line, Mark, Scale, Stroke};
use crate::sweep::{Row, Sweep};
use simulator::scenario::Cookies;

/// The course of the first seed of each cell in focus, by bins that are as wide for all; how wide they are.
fn courses(
    sweep: &Sweep<'_>,
    width_us: impl Fn(&Course) -> u64,
    bins: impl Fn(&Course, u64) -> Vec<u64>,
) -> (Vec<Line>, u64) {
    let widest = sweep.in_focus().map(|row| width_us(&row.cell.course)).max().unwrap_or(1);
    let line = |(colour, row): (usize, &Row<'_>)| {
        let bins = bins(&row.cell.course, widest);
        let at_s = |index: usize| index as f64 * widest as f64 / 1e6;
        let points = bins.iter().enumerate().flat_map(|(bin, count)| {
            let y = *count as f64;
            [(at_s(bin), y), (at_s(bin + 1), y)]
        });
        let points = points.collect();
        Line {
            label: row.series.clone(),
            colour,
            stroke: Stroke::Line,
            points,
            intervals: Vec::new(),
        }
    };
    (sweep.in_focus().enumerate().map(line).collect(), widest)
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

pub(super) fn waiting(sweep: &Sweep<'_>) -> Figure {
    let width = |course: &Course| course.waiting.width_us;
    let (lines, width_us) = courses(sweep, width, |course, to_us| course.waiting.widened(to_us));
    let mut marks: Vec<Mark> = Vec::new();
    let peak = lines.iter().flat_map(|line| &line.points).map(|point| point.1).fold(0.0, f64::max);
    for row in sweep.in_focus() {
        let gateway = &row.planned.scenario.gateway;
        let mut thresholds = vec![("limit", gateway.half_open_limit)];
        if let Cookies::Above { half_open, .. } = gateway.cookies {
            thresholds.push(("cookies", half_open));
        }
        for (word, at) in thresholds {
            let label = format!("{word} {at}");
            // A limit far above all that happened would flatten what did.
            let near = f64::from(at) <= peak * 3.0;
            if near && !marks.iter().any(|mark| mark.label == label) {
                marks.push(Mark { label, at: at.into(), horizontal: true });
            }
        }
    }
    Figure {
        id: "half_open",
        title: format!("Half-open SAs and waiting requests at the gateway, {}", focus(sweep)),
        text: "What the gateway's limits count: half-open SAs and, where it has a service time, requests that wait for its processor. The highest number in each bin of time, of the run with the first seed. What stays after the wake are orphans: nodes that gave up, until the gateway forgets them.",
        chart: Chart {
            x: Scale::linear("seconds of virtual time"),
            y: Scale::linear(&format!("half-open or waiting, bins of {} s", seconds(width_us))),
            lines,
            marks,
        },
    }
}

pub(super) fn arrivals(sweep: &Sweep<'_>) -> Figure {
    let width = |course: &Course| course.init_arrivals.width_us;
    let (mut lines, width_us) =
        courses(sweep, width, |course, to_us| course.init_arrivals.widened(to_us));
    for point in lines.iter_mut().flat_map(|line| &mut line.points) {
        point.1 *= 1e6 / width_us as f64;
    }
    Figure {
        id: "arrivals",
        title: format!("IKE_SA_INIT requests at the gateway, {}", focus(sweep)),
        text: "Arrivals in a second, of the run with the first seed. The echoes after a wake are retransmissions; a schedule without jitter keeps them in step.",
        chart: Chart {
            x: Scale::linear("seconds of virtual time"),
            y: Scale::linear(&format!("requests per second, bins of {} s", seconds(width_us))),
            lines,
            marks: Vec::new(),
        },
    }
}
