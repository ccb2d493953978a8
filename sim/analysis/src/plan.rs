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
    /// The labels of its points as numbers, in the axis' unit; `None`: not all of them are.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<f64>> {
        let unit = self.unit();
        self.points.iter().map(|point| number(point.label.strip_suffix(unit)?)).collect()
    }

    /// What all labels have behind the first word, with the space before it: " per s" of "25 per s" and "50 per s".
    #[must_use]
    pub fn unit(&self) -> &str {
        let first = self.points.first().map_or("", |point| point.label.as_str());
        let unit = first.find(' ').map_or("", |space| &first[space..]);
        if self.points.iter().all(|point| point.label.ends_with(unit)) { unit } else { "" }
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

/// A label as a number, if it is one: a percentage is a share, a duration is in seconds.
fn number(label: &str) -> Option<f64> {
    if let Some(percent) = label.strip_suffix('%') {
        return Some(percent.parse::<f64>().ok()? / 100.0);
    }
    if let Ok(number) = label.replace('_', "").parse() {
        return Some(number);
    }
    simulator::scenario::duration(label).ok().map(|duration| duration.as_secs_f64())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(labels: &[&str]) -> Axis {
        let point =
            |label: &&str| Point { label: (*label).to_owned(), changes: Vec::new(), place: 0..0 };
        Axis { name: "x".to_owned(), points: labels.iter().map(point).collect() }
    }

    #[test]
    fn labels_are_numbers_with_or_without_a_unit_of_all() {
        for (labels, numbers, unit) in [
            (["5%", "10%"], Some([0.05, 0.1]), ""),
            (["1_000", "2000"], Some([1e3, 2e3]), ""),
            (["500ms", "2s"], Some([0.5, 2.0]), ""),
            (["25 per s", "400 per s"], Some([25.0, 400.0]), " per s"),
            (["25 per s", "400 per min"], None, ""),
            (["rfc7296", "coap"], None, ""),
            (["few nodes", "many nodes"], None, " nodes"),
        ] {
            let axis = axis(&labels);
            assert_eq!(axis.numbers(), numbers.map(Vec::from), "{labels:?}");
            assert_eq!(axis.unit(), unit, "{labels:?}");
        }
    }
}
