//! The text of a plan, and where in it a mistake is.

use super::{Axis, Change, Plan, PlannedCell, Point};
use core::fmt;
use core::ops::Range;
use serde::Deserialize;
use simulator::scenario::{Files, Scenario, as_text, in_plain_words};
use toml::{Spanned, Table, Value};

/// More cells than anybody will wait for.
const MOST_CELLS: usize = 10_000;
/// More seeds than a cell needs.
const MOST_SEEDS: u64 = 100_000;

/// What is wrong with a plan, and where: `file:line:column: what, and what was expected`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// The file, as the caller named it.
    pub file: String,
    /// Line and character in it, both from 1.
    pub place: (usize, usize),
    /// The key, what is wrong there, and what was expected.
    pub message: String,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place: (line, column), message } = self;
        write!(f, "{file}:{line}:{column}: {message}")
    }
}

impl core::error::Error for PlanError {}

/// What is wrong, and where in the text.
struct Fault(Range<usize>, String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    description: Spanned<String>,
    scenario: Spanned<String>,
    seeds: Spanned<String>,
    set: Option<Spanned<Table>>,
    axis: Spanned<Vec<Spanned<RawAxis>>>,
    along: Option<Spanned<String>>,
    focus: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as [[axis]]")]
struct RawAxis {
    name: Spanned<String>,
    key: Option<Spanned<String>>,
    values: Option<Vec<Spanned<Value>>>,
    point: Option<Vec<Spanned<RawPoint>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of `label` and `set`")]
struct RawPoint {
    label: Spanned<String>,
    set: Spanned<Table>,
}

impl Plan {
    /// Reads the text of a plan.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Self, PlanError> {
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let message = in_plain_words(&error.message().trim().replace('\n', ", "));
            at(file, text, Fault(error.span().unwrap_or_default(), message))
        })?;
        plan(file, raw).map_err(|fault| at(file, text, fault))
    }

    /// All cells, by the text of the scenario's file and those beside it. Each is checked before any is run.
    ///
    /// # Errors
    /// The scenario is none, or a change does not fit: then the place is that of the point which makes it.
    pub fn cells(
        &self,
        text: &str,
        scenario: (&str, &str),
        files: &Files<'_>,
    ) -> Result<Vec<PlannedCell>, PlanError> {
        let read =
            |changes: &[Change]| Scenario::parse_beside(scenario.0, scenario.1, changes, files);
        let fault = |place: Range<usize>, message| at(&self.file, text, Fault(place, message));
        read(&[])
            .and_then(|_| read(&self.changes))
            .map_err(|error| fault(0..0, error.to_string()))?;
        for (axis, point) in
            self.axes.iter().flat_map(|axis| axis.points.iter().map(move |p| (axis, p)))
        {
            let changes = [self.changes.as_slice(), &point.changes].concat();
            read(&changes).map_err(|error| {
                let message = format!("{}, {}: {error}", axis.name, point.label);
                fault(point.place.clone(), message)
            })?;
        }
        (0..self.len())
            .map(|index| {
                let (points, changes) = (self.points(index), self.changes(index));
                let scenario = read(&changes).map_err(|error| {
                    let place = self.axes[0].points[points[0]].place.clone();
                    fault(place, format!("cell {index}: {error}"))
                })?;
                Ok(PlannedCell { index, points, changes, scenario })
            })
            .collect()
    }
}

fn at(file: &str, text: &str, Fault(place, message): Fault) -> PlanError {
    let before = text.get(..place.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let place = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
    PlanError { file: file.to_owned(), place, message }
}

fn plan(file: &str, raw: Raw) -> Result<Plan, Fault> {
    let one_line = |text: &Spanned<String>| {
        let is = !text.get_ref().trim().is_empty() && !text.get_ref().contains('\n');
        is.then(|| text.get_ref().clone())
            .ok_or_else(|| Fault(text.span(), "expected a text of one line".into()))
    };
    let description = one_line(&raw.description)?;
    let seeds = seeds(&raw.seeds)?;
    let axes: Vec<Axis> = raw.axis.get_ref().iter().map(axis).collect::<Result<_, _>>()?;
    if axes.is_empty() {
        return Err(Fault(raw.axis.span(), "axis: expected at least one".into()));
    }
    for (place, axis) in raw.axis.get_ref().iter().zip(&axes).skip(1) {
        if axes.iter().filter(|other| other.name == axis.name).count() > 1 {
            return Err(Fault(place.span(), format!("axis `{}`: there is another one", axis.name)));
        }
    }
    varied_once(&axes)?;
    let along = match &raw.along {
        None => axes.len() - 1,
        Some(name) => position(name, "along", axes.iter().map(|axis| axis.name.as_str()))?,
    };
    let points = &axes[along].points;
    let focus = match &raw.focus {
        None => points.len() / 2,
        Some(label) => position(label, "focus", points.iter().map(|point| point.label.as_str()))?,
    };
    let (file, scenario) = (file.to_owned(), one_line(&raw.scenario)?);
    let changes = raw.set.as_ref().map(changes).transpose()?.unwrap_or_default();
    let plan = Plan { file, description, scenario, seeds, changes, axes, along, focus };
    let lengths = plan.axes.iter().map(|axis| axis.points.len());
    let cells = lengths.fold(1_usize, usize::saturating_mul);
    if cells > MOST_CELLS {
        let message = format!("{cells} cells: expected at most {MOST_CELLS}");
        return Err(Fault(raw.axis.span(), message));
    }
    Ok(plan)
}

/// A key that two axes change would have the value of the later one, whatever the label of the other says.
fn varied_once(axes: &[Axis]) -> Result<(), Fault> {
    let keys = |axis: &Axis| -> Vec<String> {
        axis.points.iter().flat_map(|point| &point.changes).map(|(key, _)| key.clone()).collect()
    };
    for (index, axis) in axes.iter().enumerate() {
        let before: Vec<String> = axes[..index].iter().flat_map(keys).collect();
        for point in &axis.points {
            if let Some((key, _)) = point.changes.iter().find(|(key, _)| before.contains(key)) {
                let message = format!("axis `{}`: an axis before it changes {key}, too", axis.name);
                return Err(Fault(point.place.clone(), message));
            }
        }
    }
    Ok(())
}

fn position<'a>(
    wanted: &Spanned<String>,
    key: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Result<usize, Fault> {
    let found = known.clone().position(|name| name == wanted.get_ref());
    found.ok_or_else(|| {
        let known: Vec<&str> = known.collect();
        let message = format!(
            "{key}: `{}` is not there: expected one of {}",
            wanted.get_ref(),
            known.join(", ")
        );
        Fault(wanted.span(), message)
    })
}

/// `1..4`, both ends included.
fn seeds(text: &Spanned<String>) -> Result<Vec<u64>, Fault> {
    let fault = |message: &str| Fault(text.span(), format!("seeds: {message}"));
    let range = text.get_ref().split_once("..");
    let parsed = range.and_then(|(first, last)| {
        Some((first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?))
    });
    let (first, last) = parsed.ok_or_else(|| fault("expected FIRST..LAST, such as \"1..10\""))?;
    if last < first || last - first >= MOST_SEEDS {
        return Err(fault("expected the last to be no less than the first, and 100000 at most"));
    }
    Ok((first..=last).collect())
}

fn axis(place: &Spanned<RawAxis>) -> Result<Axis, Fault> {
    let raw = place.get_ref();
    let name = raw.name.get_ref().clone();
    let fault = |message: &str| Fault(place.span(), format!("axis `{name}`: {message}"));
    let points: Vec<Point> = match (&raw.key, &raw.values, &raw.point) {
        (Some(key), Some(values), None) => {
            not_seed(key.get_ref(), key.span())?;
            values.iter().map(|value| valued(key.get_ref(), value)).collect()
        }
        (None, None, Some(points)) => points.iter().map(labelled).collect::<Result<_, _>>()?,
        _ => return Err(fault("expected `key` with `values`, or `point` tables")),
    };
    if points.is_empty() {
        return Err(fault("expected at least one point"));
    }
    for (index, point) in points.iter().enumerate() {
        if points[..index].iter().any(|other| other.label == point.label) {
            let message = format!("axis `{name}`: `{}` is there twice", point.label);
            return Err(Fault(point.place.clone(), message));
        }
    }
    Ok(Axis { name, points })
}

fn valued(key: &str, value: &Spanned<Value>) -> Point {
    let typed = typed(value.get_ref());
    let label = value.get_ref().as_str().map_or_else(|| typed.clone(), str::to_owned);
    Point { label, changes: vec![(key.to_owned(), typed)], place: value.span() }
}

fn labelled(place: &Spanned<RawPoint>) -> Result<Point, Fault> {
    let raw = place.get_ref();
    let (label, changes) = (raw.label.get_ref().clone(), changes(&raw.set)?);
    Ok(Point { label, changes, place: raw.label.span() })
}

fn changes(table: &Spanned<Table>) -> Result<Vec<Change>, Fault> {
    let change = |(key, value): (&String, &Value)| {
        not_seed(key, table.span())?;
        Ok((key.clone(), typed(value)))
    };
    table.get_ref().iter().map(change).collect()
}

/// The seeds of a cell are those of the plan: one that is changed in a scenario would change nothing.
fn not_seed(key: &str, place: Range<usize>) -> Result<(), Fault> {
    if key == "seed" {
        let message = "seed: expected no such key: the seeds of each cell are the plan's `seeds`";
        return Err(Fault(place, message.into()));
    }
    Ok(())
}

/// The value as a person types it after `--set`, where a text needs quotes only if it looks like something else.
fn typed(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), as_text)
}

#[cfg(test)]
mod tests;
