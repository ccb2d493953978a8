//! What handshakes take from a battery.

use super::{Figure, along, lines};
use crate::plot::{Chart, Line, Scale, Stroke};
use crate::sweep::Sweep;
use crate::sweep::csv::{head, labels};
use core::fmt::Write as _;

pub(super) fn energy(sweep: &Sweep<'_>) -> Figure {
    Figure {
        id: "energy",
        title: "Energy of each handshake that succeeds".to_owned(),
        text: "What all attempts took, failed ones too, for each that was established. The table below splits it by state: where waiting with the receiver on is most of it, the schedule or the listening decides; where the processor is, the suite does.",
        chart: chart(sweep, Scale::log("mJ per success"), |energy| energy.0),
        table: None,
    }
}

pub(super) fn radio_on(sweep: &Sweep<'_>) -> Figure {
    Figure {
        id: "radio_on",
        title: "Time with the radio on for each handshake that succeeds".to_owned(),
        text: "Sending, receiving and listening together. A node that listens all the time has it on for as long as it waits; one that listens in windows for their share of it, and pays in latency.",
        chart: chart(sweep, Scale::log("seconds per success"), |energy| energy.1),
        table: None,
    }
}

fn chart(sweep: &Sweep<'_>, y: Scale, of: impl Fn((f64, f64)) -> f64) -> Chart {
    let lines: Vec<Line> = lines(sweep, "", Stroke::Dotted, |row| {
        // A logarithm has no place for nothing.
        row.energy().map(&of).filter(|value| *value > 0.0).map(|value| (value, None))
    });
    Chart { x: along(sweep), y, lines, marks: Vec::new(), panels: Vec::new() }
}

/// The sums of each cell in each state.
pub(super) fn by_state(sweep: &Sweep<'_>) -> String {
    let mut text = head(sweep, "established,state,time_us,energy_uj");
    for row in &sweep.rows {
        let labels = labels(sweep, row);
        for (state, time_us, energy_uj) in row.all.spent.iter().flat_map(|spent| spent.states()) {
            let (cell, established) = (row.planned.index, row.all.established);
            let _ = writeln!(text, "{cell},{labels},{established},{state},{time_us},{energy_uj}");
        }
    }
    text
}
