//! All cells of a plan, and what they say.

mod csv;
mod figures;
mod load;
mod pareto;

pub use figures::Drawn;
pub(crate) use figures::{Figure, Threshold, focus, marks, steps, thresholds};
pub(crate) use load::Load;
pub(crate) use pareto::{Rivals, rivals};

use crate::cell::{Cell, RunFacts};
use crate::collector::{Handshake, Observed};
use crate::identity::{Identity, Verdict, identities};
use crate::plan::{Plan, PlannedCell};
use crate::stats::{Tally, wilson};
use core::cmp::Reverse;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The version of the keys of `sweep.json`: it changes when one of them does.
const SCHEMA: u32 = 2;

/// A hash of a text, as 32 hexadecimal digits.
#[must_use]
pub fn key(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text)[..16])
}

/// Where a sweep comes from.
pub struct Origin<'a> {
    /// The name of the plan's file without its ending.
    pub plan: String,
    /// The scenario's file.
    pub scenario: String,
    /// The commit of the project that ran; `+` behind it: with changes. `None` outside a checkout.
    pub commit: Option<String>,
    /// The command that does one run again: of that cell, with that seed, and leaves the files of all nodes or of one.
    pub replay: &'a dyn Fn(&PlannedCell, u64, Option<u32>) -> String,
}

/// What came of identities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// So many hold.
    pub hold: usize,
    /// So many do not.
    pub differ: usize,
    /// So many have no verdict, since they speak of another world.
    pub for_comparison: usize,
    /// Why the others were not compared, and how many, the most frequent reason first.
    pub not_compared: Vec<(String, usize)>,
}

impl Verdicts {
    /// How many were not compared, for whatever reason.
    #[must_use]
    pub fn premise_broken(&self) -> usize {
        self.not_compared.iter().map(|(_, count)| count).sum()
    }
}

impl core::fmt::Display for Verdicts {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} hold, {} differ", self.hold, self.differ)?;
        if self.for_comparison > 0 {
            write!(f, ", {} for comparison", self.for_comparison)?;
        }
        write!(f, ", {} not compared", self.premise_broken())
    }
}

/// One cell and what is known of it.
pub(crate) struct Row<'a> {
    /// What was planned.
    pub(crate) planned: &'a PlannedCell,
    /// What was run.
    pub(crate) cell: &'a Cell,
    /// All runs as one.
    pub(crate) all: Observed,
    /// What the formulas say of it.
    pub(crate) identities: Vec<Identity>,
    /// What the cell is called among those at the same place of the axis that plots run along.
    pub(crate) series: String,
}

/// All cells of a plan.
pub struct Sweep<'a> {
    /// Where it comes from.
    pub(crate) origin: &'a Origin<'a>,
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// Its cells, in order.
    pub(crate) rows: Vec<Row<'a>>,
}

impl<'a> Sweep<'a> {
    /// Looks at all cells of a plan, which are in order.
    #[must_use]
    pub fn new(
        origin: &'a Origin<'a>,
        plan: &'a Plan,
        planned: &'a [PlannedCell],
        cells: &'a [Cell],
    ) -> Self {
        let row = |(planned, cell): (&'a PlannedCell, &'a Cell)| {
            let runs: Vec<Observed> = cell.runs.iter().map(|run| run.observed.clone()).collect();
            Row {
                planned,
                cell,
                all: cell.all(),
                identities: identities(&planned.scenario, &runs),
                series: plan.series(&planned.points),
            }
        };
        Self { origin, plan, rows: planned.iter().zip(cells).map(row).collect() }
    }

    /// The hash over the fingerprints of all runs, in order.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let all: String = self
            .rows
            .iter()
            .flat_map(|row| &row.cell.runs)
            .map(|run| run.fingerprint.as_str())
            .collect();
        key(&all)
    }

    /// What is printed of each cell, behind a row with the names.
    #[must_use]
    pub fn table(&self) -> Vec<Vec<String>> {
        let axes = self.plan.axes.iter().map(|axis| axis.name.clone());
        let names = ["handshakes", "failed", "success", "p50 s", "p99 s", "requests", "half-open"];
        let with_radio = self.rows.iter().any(|row| row.all.spent.is_some());
        let names = names.into_iter().chain(with_radio.then_some("mJ"));
        let head = axes.chain(names.map(str::to_owned)).collect();
        let row = |row: &Row<'_>| {
            let at = |per_mille| {
                let us = row.all.latency_us.percentile(per_mille);
                us.map_or_else(|| "-".to_owned(), |us| format!("{:.3}", us as f64 / 1e6))
            };
            let (needed, spurious) = row.transmissions();
            let each = row.per_established(needed + spurious);
            let numbers = [
                row.all.attempts.to_string(),
                row.all.failed.to_string(),
                format!(
                    "{:.2}%",
                    100.0 * row.all.established as f64 / row.all.attempts.max(1) as f64
                ),
                at(500),
                at(990),
                each.map_or_else(|| "-".to_owned(), |each| format!("{each:.2}")),
                row.all.half_open_peak.to_string(),
            ];
            let energy = with_radio.then(|| {
                row.energy().map_or_else(|| "-".to_owned(), |energy| format!("{:.2}", energy.0))
            });
            let labels = self.labels(row).into_iter().map(|(_, label)| label.to_owned());
            labels.chain(numbers).chain(energy).collect()
        };
        core::iter::once(head).chain(self.rows.iter().map(row)).collect()
    }

    /// The runs in which a rule was broken, each with its cell, in order.
    pub(crate) fn broken_runs(&self) -> impl Iterator<Item = (&Row<'a>, &'a RunFacts)> {
        let runs = self.rows.iter().flat_map(|row| row.cell.runs.iter().map(move |run| (row, run)));
        runs.filter(|(_, run)| !run.broken_rules.is_empty())
    }

    /// How many runs broke a rule, and the command that does the first of them again.
    #[must_use]
    pub fn broken(&self) -> (usize, Option<String>) {
        let first = self.broken_runs().next();
        let replay = first.map(|(row, run)| (self.origin.replay)(row.planned, run.seed, None));
        (self.broken_runs().count(), replay)
    }

    /// What came of all identities of all cells.
    #[must_use]
    pub fn verdicts(&self) -> Verdicts {
        let mut all = Verdicts::default();
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for identity in self.rows.iter().flat_map(|row| &row.identities) {
            match &identity.verdict {
                Verdict::Holds => all.hold += 1,
                Verdict::Differs => all.differ += 1,
                Verdict::ForComparison => all.for_comparison += 1,
                Verdict::PremiseBroken(why) => *reasons.entry(why).or_default() += 1,
            }
        }
        all.not_compared =
            reasons.into_iter().map(|(why, count)| (why.to_owned(), count)).collect();
        all.not_compared.sort_by_key(|(_, count)| Reverse(*count));
        all
    }

    /// The different series, in the order of the cells.
    pub(crate) fn series(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.series.as_str()) {
                names.push(&row.series);
            }
        }
        names
    }

    /// The cells of one series, in the order of the axis that plots run along.
    pub(crate) fn of_series(&self, name: &str) -> impl Iterator<Item = &Row<'a>> {
        self.rows.iter().filter(move |row| row.series == name)
    }

    /// Where a cell stands on the axis that plots run along: its label as a number if all of the axis are numbers, or
    /// else the number of its point.
    pub(crate) fn along(&self, row: &Row<'_>) -> f64 {
        let point = row.planned.points[self.plan.along];
        self.plan.axes[self.plan.along].numbers().map_or(point as f64, |numbers| numbers[point])
    }

    /// The cells that are shown in detail.
    pub(crate) fn in_focus(&self) -> impl Iterator<Item = &Row<'a>> {
        self.rows.iter().filter(|row| row.planned.points[self.plan.along] == self.plan.focus)
    }

    /// The label of a cell's point on each axis.
    pub(crate) fn labels(&self, row: &Row<'_>) -> Vec<(&str, &str)> {
        let axes = self.plan.axes.iter().zip(&row.planned.points);
        axes.map(|(axis, point)| (axis.name.as_str(), axis.points[*point].label.as_str())).collect()
    }

    /// `sweep.json`, with a newline at the end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let axes: Vec<Value> = self
            .plan
            .axes
            .iter()
            .map(|axis| {
                let labels: Vec<&str> =
                    axis.points.iter().map(|point| point.label.as_str()).collect();
                json!({ "name": axis.name, "points": labels })
            })
            .collect();
        let verdicts = self.verdicts();
        let value = json!({
            "schema": SCHEMA,
            "plan": self.origin.plan,
            "description": self.plan.description,
            "scenario": self.origin.scenario,
            "commit": self.origin.commit,
            "seeds": self.plan.seeds,
            "axes": axes,
            "along": self.plan.axes[self.plan.along].name,
            "fingerprint": self.fingerprint(),
            "identities": {
                "hold": verdicts.hold,
                "differ": verdicts.differ,
                "for_comparison": verdicts.for_comparison,
                "premise_broken": verdicts.premise_broken(),
            },
            "cells": self.rows.iter().map(|row| self.row_json(row)).collect::<Vec<Value>>(),
        });
        format!("{value:#}\n")
    }

    fn row_json(&self, row: &Row<'_>) -> Value {
        let labels: serde_json::Map<String, Value> = self
            .labels(row)
            .into_iter()
            .map(|(axis, label)| (axis.to_owned(), label.into()))
            .collect();
        let changes: Vec<String> =
            row.planned.changes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let runs: Vec<Value> = row
            .cell
            .runs
            .iter()
            .map(|run| {
                json!({
                    "seed": run.seed,
                    "fingerprint": run.fingerprint,
                    "events": run.events,
                    "broken_rules": run.broken_rules,
                    "established": run.observed.established,
                    "replay": (self.origin.replay)(row.planned, run.seed, None),
                })
            })
            .collect();
        json!({
            "cell": row.planned.index,
            "points": labels,
            "overrides": changes,
            "figures": row.figures(),
            "slowest": row.slowest().map(|one| self.example_json(row, one)),
            "first_failed": row.first_failed().map(|one| self.example_json(row, one)),
            "identities": row.identities,
            "runs": runs,
        })
    }

    fn example_json(&self, row: &Row<'_>, (seed, one): (u64, Handshake)) -> Value {
        json!({
            "seed": seed,
            "node": one.node,
            "began_us": one.began_us,
            "took_us": one.took_us,
            "replay": (self.origin.replay)(row.planned, seed, Some(one.node)),
        })
    }
}

impl Row<'_> {
    /// The slowest handshake that succeeded, behind its seed; of several the first.
    pub(crate) fn slowest(&self) -> Option<(u64, Handshake)> {
        let of = |run: &RunFacts| Some((run.seed, *run.examples.slowest.last()?));
        let all = self.cell.runs.iter().filter_map(of);
        all.reduce(|first, other| if other.1.took_us > first.1.took_us { other } else { first })
    }

    /// The first handshake that failed, of the first seed with which one did.
    pub(crate) fn first_failed(&self) -> Option<(u64, Handshake)> {
        self.cell.runs.iter().find_map(|run| Some((run.seed, run.examples.first_failed?)))
    }

    /// Per handshake that succeeded, or `None` if none did.
    pub(crate) fn per_established(&self, sum: u64) -> Option<f64> {
        (self.all.established > 0).then(|| sum as f64 / self.all.established as f64)
    }

    /// Energy in millijoules and seconds with the radio on, for each handshake that succeeded; `None` without a radio.
    pub(crate) fn energy(&self) -> Option<(f64, f64)> {
        let spent = self.all.spent.as_ref()?;
        let millijoules = self.per_established(spent.total_uj())? / 1e3;
        Some((millijoules, self.per_established(spent.radio_on_us())? / 1e6))
    }

    /// The standard error of that energy in millijoules, from the seeds, which are independent; `None` of fewer than two, or
    /// where with one of them none succeeded.
    pub(crate) fn energy_error(&self) -> Option<f64> {
        let mut seeds = Tally::default();
        for run in &self.cell.runs {
            let (spent, established) = (run.observed.spent?, run.observed.established);
            let nanojoules = u128::from(spent.total_uj()) * 1_000 / u128::from(established.max(1));
            seeds.add(u64::try_from(nanojoules).ok().filter(|_| established > 0)?);
        }
        Some(seeds.standard_error()? / 1e6)
    }

    /// Transmissions that took a handshake forward, and those that were too many.
    pub(crate) fn transmissions(&self) -> (u64, u64) {
        let (init, auth) = (&self.all.init, &self.all.auth);
        let spurious = init.spurious + auth.spurious;
        (init.requests + auth.requests - spurious, spurious)
    }

    /// What was offered in a second, and what succeeded.
    pub(crate) fn load(&self) -> Load {
        Load::of(self.cell.runs.iter().map(|run| &run.observed))
    }

    /// The figures of the cell, by name.
    fn figures(&self) -> serde_json::Map<String, Value> {
        let all = &self.all;
        let success = wilson(all.established, all.attempts);
        let (needed, spurious) = self.transmissions();
        let load = self.load();
        let (p99_low, p99_high) = all.latency_us.percentile_interval(990);
        let at = |per_mille| all.latency_us.percentile(per_mille);
        let value = json!({
            "attempts": all.attempts,
            "established": all.established,
            "failed": all.failed,
            "unfinished": all.unfinished(),
            "success_low": success.low,
            "success_high": success.high,
            "orphans": all.orphans,
            "one_sided": all.one_sided,
            "latency_mean_us": all.latency_us.tally.mean(),
            "latency_standard_error_us": all.latency_us.tally.standard_error(),
            "latency_p50_us": at(500),
            "latency_p90_us": at(900),
            "latency_p99_us": at(990),
            "latency_p99_low_us": p99_low,
            "latency_p99_high_us": p99_high,
            "latency_p999_us": at(999),
            "latency_max_us": all.latency_us.max(),
            "latency_exact": all.latency_us.is_exact(),
            "requests_needed": needed,
            "requests_spurious": spurious,
            "responses": all.init.responses + all.auth.responses,
            "diffie_hellman_gateway": all.diffie_hellman,
            "half_open_peak": all.half_open_peak,
            "waiting_peak": all.waiting_peak,
            "half_open_us": all.half_open_integral_us.to_string(),
            "init_octets_in": all.init_octets_in,
            "init_octets_out": all.init_octets_out,
            "handshake_energy_mj": self.energy().map(|energy| energy.0),
            "handshake_energy_standard_error_mj": self.energy_error(),
            "handshake_radio_on_s": self.energy().map(|energy| energy.1),
            "datagrams_sent": all.towards.0 + all.back.0,
            "datagrams_lost": all.towards.1 + all.back.1,
            "offered_per_s": load.offered_per_s,
            "goodput_per_s": load.goodput_per_s,
        });
        let Value::Object(figures) = value else { return serde_json::Map::new() };
        figures
    }
}

#[cfg(test)]
mod tests;
