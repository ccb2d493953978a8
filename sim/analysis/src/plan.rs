//! Plans: a scenario, axes over its keys, seeds for each cell. `docs/sweep.md` has every key.

mod read;

pub use read::PlanError;

use simulator::scenario::Scenario;

/// A key of a scenario and its value, as typed after `--set`.
pub type Change = (String, String);

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The file, as it was named.
    pub file: String,
    /// What it tells, in one line.
    pub description: String,
    /// The scenario's file, relative to the plan's folder.
    pub scenario: String,
    /// The seeds of each cell, the same in all cells: then two policies meet the same nodes and the same luck.
    pub seeds: Vec<u64>,
    /// What is different from the scenario in all cells.
    pub changes: Vec<Change>,
    /// The axes, at least one; the first varies slowest.
    pub axes: Vec<Axis>,
    /// The number of the axis that plots run along.
    pub along: usize,
    /// The number of the point of that axis whose cells are shown in detail.
    pub focus: usize,
}

/// What varies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// What it is called.
    pub name: String,
    /// Its points, at least one.
    pub points: Vec<Point>,
}

impl Axis {
    /// The labels of its points as numbers; `None`: not all of them are.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<f64>> {
        self.points.iter().map(Point::number).collect()
    }
}

/// One value of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// What it is called.
    pub label: String,
    /// What it changes.
    pub changes: Vec<Change>,
    /// Where in the plan it stands, in octets.
    place: core::ops::Range<usize>,
}

impl Point {
    /// The label as a number, if it is one: a percentage is a share, a duration is in seconds.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        if let Some(percent) = self.label.strip_suffix('%') {
            return Some(percent.parse::<f64>().ok()? / 100.0);
        }
        if let Ok(number) = self.label.replace('_', "").parse() {
            return Some(number);
        }
        simulator::scenario::duration(&self.label).ok().map(|duration| duration.as_secs_f64())
    }
}

/// A cell that is to be run.
#[derive(Clone, Debug)]
pub struct PlannedCell {
    /// Its number, from 0.
    pub index: usize,
    /// The number of its point on each axis.
    pub points: Vec<usize>,
    /// All changes to the scenario, in order.
    pub changes: Vec<Change>,
    /// The scenario with them.
    pub scenario: Scenario,
}

impl Plan {
    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.axes.iter().map(|axis| axis.points.len()).product()
    }

    /// Never: each axis has a point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of its point on each axis, for cell `index`.
    #[must_use]
    pub fn points(&self, index: usize) -> Vec<usize> {
        let mut rest = index;
        let mut points = vec![0; self.axes.len()];
        for (axis, point) in self.axes.iter().zip(&mut points).rev() {
            *point = rest % axis.points.len();
            rest /= axis.points.len();
        }
        points
    }

    /// What cell `index` changes: in all cells first, then axis by axis.
    #[must_use]
    pub fn changes(&self, index: usize) -> Vec<Change> {
        let points = self.points(index);
        let of_axes =
            self.axes.iter().zip(points).flat_map(|(axis, point)| &axis.points[point].changes);
        self.changes.iter().chain(of_axes).cloned().collect()
    }

    /// What a cell is called: the labels of its points on all axes but the one that plots run along.
    #[must_use]
    pub fn series(&self, points: &[usize]) -> String {
        let labels =
            self.axes.iter().zip(points).enumerate().filter(|(axis, _)| *axis != self.along);
        let labels: Vec<&str> =
            labels.map(|(_, (axis, point))| axis.points[*point].label.as_str()).collect();
        if labels.is_empty() { "all".to_owned() } else { labels.join(", ") }
    }
}
