//! Sweeps on disk: a folder has a cell's file for each cell that is finished, and at the end the report.

mod shard;

pub use shard::Shard;

use crate::{commit, files, named};
use analysis::{Cell, Drawn, Origin, Plan, PlannedCell, Sweep, Verdicts, page, run_cell};
use anyhow::{Context, Result, anyhow, bail, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use simulator::scenario::Files;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The version of a folder's files: it changes when one of them does.
const FORMAT: u32 = 3;
/// The folder of the cells.
const CELLS: &str = "cells";
/// What all cells of a folder were made from.
const MANIFEST: &str = "plan.json";

/// Everything that the cells of a sweep depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// The plan's file and its text.
    plan: (String, String),
    /// The scenario's file and its text.
    scenario: (String, String),
    /// The texts of the files beside the scenario that it or the plan names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, String>,
    /// As reports show it.
    commit: Option<String>,
    /// The commit and a hash of what was changed since.
    state: String,
}

/// A sweep that is to be done, or was.
pub struct Job {
    /// The plan.
    pub plan: Plan,
    /// Its cells, all checked.
    pub planned: Vec<PlannedCell>,
    manifest: Manifest,
}

impl Job {
    /// Reads a plan and its scenario.
    ///
    /// # Errors
    /// A file cannot be read, or something is wrong in one.
    pub fn read(path: &Path) -> Result<Self> {
        let text = files::text(path)?;
        let file = named::short(path);
        let plan = Plan::parse(&file, &text)?;
        let scenario = path.parent().unwrap_or(Path::new("")).join(&plan.scenario);
        let scenario_text = files::text(&scenario)?;
        let manifest = Manifest {
            format: FORMAT,
            plan: (file, text),
            scenario: (named::short(&scenario), scenario_text),
            files: BTreeMap::new(),
            commit: commit(),
            state: named::source_state(),
        };
        Self::new(manifest, &named::beside(&scenario))
    }

    /// What a folder's cells were made from.
    fn of_folder(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).with_context(|| {
            format!("{}: cannot be read: expected a folder of a sweep", path.display())
        })?;
        let manifest: Manifest =
            serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
        let format = manifest.format;
        ensure!(format == FORMAT, "{}: format {format}, expected {FORMAT}", path.display());
        let kept = manifest.files.clone();
        let files = |name: &str| {
            kept.get(name).cloned().ok_or_else(|| format!("it is not in {}", path.display()))
        };
        Self::new(manifest, &files)
    }

    /// `files` are those beside the scenario; what is used of them becomes part of the manifest.
    fn new(mut manifest: Manifest, files: &Files<'_>) -> Result<Self> {
        let ((plan_file, plan_text), (file, text)) = (&manifest.plan, &manifest.scenario);
        let plan = Plan::parse(plan_file, plan_text)?;
        let planned = plan.cells(plan_text, (file, text), files)?;
        let used = planned.iter().flat_map(|cell| cell.scenario.files.clone());
        manifest.files = used.collect();
        Ok(Self { plan, planned, manifest })
    }

    /// The name of the plan.
    #[must_use]
    pub fn name(&self) -> String {
        stem(&self.manifest.plan.0)
    }

    /// The command that does one run again, in a folder of its own: cells have the same seeds, and somebody may want to
    /// compare two of them. It leaves the files of all nodes, or of one.
    fn replay(&self, cell: &PlannedCell, seed: u64, node: Option<u32>) -> String {
        let scenario = Path::new(&self.manifest.scenario.0);
        let mut command = named::replay_command(scenario, seed, &cell.changes);
        let mut out = format!("target/sim/{}-{:05}/{seed}", self.name(), cell.index);
        if let Some(node) = node {
            command.push_str(&format!(" --node {node}"));
            out.push_str(&format!("-node-{node}"));
        }
        format!("{command} --out {}", named::quoted(&out))
    }

    /// What the cell is computed from, as one word: commit, scenario, changes, seeds.
    fn key(&self, cell: &PlannedCell) -> String {
        let Manifest { format, scenario, state, .. } = &self.manifest;
        let files = &cell.scenario.files;
        let all = (format, &scenario.1, files, state, &cell.changes, &self.plan.seeds);
        analysis::key(&serde_json::to_string(&all).expect("texts and numbers"))
    }

    /// The finished cell of that number in a folder; `None` where there is none that was computed from the same.
    ///
    /// # Errors
    /// The file and why it is no whole cell.
    fn finished(&self, folder: &Path, cell: &PlannedCell) -> Result<Option<Cell>, String> {
        let path = cell_path(folder, cell.index);
        let broken = |why: String| format!("{}: broken ({why})", path.display());
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| broken(error.to_string()))?,
        };
        let found = Cell::from_json(&text).map_err(broken)?;
        if found.key != self.key(cell) {
            return Ok(None);
        }
        // The key says what the cell was made from, not what is in the file.
        if !found.runs.iter().map(|run| run.seed).eq(self.plan.seeds.iter().copied()) {
            return Err(broken("expected a run for each of the plan's seeds, in order".into()));
        }
        Ok(Some(found))
    }

    /// The cells of that part which are not finished in the folder yet, and how many files there are of something else
    /// or broken.
    #[must_use]
    pub fn pending(&self, folder: &Path, shard: Shard) -> (Vec<&PlannedCell>, usize) {
        let mine = self.planned.iter().filter(|cell| shard.has(cell.index));
        let pending: Vec<&PlannedCell> =
            mine.filter(|cell| !matches!(self.finished(folder, cell), Ok(Some(_)))).collect();
        let stale = pending.iter().filter(|cell| cell_path(folder, cell.index).exists()).count();
        (pending, stale)
    }

    /// Runs these cells on all cores. The file of each appears when it is finished. `done` is told after each run.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn run(
        &self,
        folder: &Path,
        pending: &[&PlannedCell],
        done: &(dyn Fn() + Sync),
    ) -> Result<()> {
        self.begin(folder)?;
        pending.par_iter().try_for_each(|planned| {
            let cell = run_cell(planned, &self.key(planned), &self.plan.seeds, done);
            files::replace(&cell_path(folder, planned.index), cell.to_json().as_bytes())
        })
    }

    /// Writes these cells as if they had been run in this folder.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn keep(&self, folder: &Path, cells: &[Cell]) -> Result<()> {
        self.begin(folder)?;
        self.planned.iter().zip(cells).try_for_each(|(planned, cell)| {
            files::replace(&cell_path(folder, planned.index), cell.to_json().as_bytes())
        })
    }

    /// Makes the folder of the cells, and writes what they are made from.
    fn begin(&self, folder: &Path) -> Result<()> {
        let cells = folder.join(CELLS);
        fs::create_dir_all(&cells)
            .with_context(|| format!("{}: cannot be made", cells.display()))?;
        let manifest = format!("{:#}\n", serde_json::to_value(&self.manifest)?);
        files::replace(&folder.join(MANIFEST), manifest.as_bytes())
    }

    /// All cells, each from the first of these folders that has it whole.
    ///
    /// # Errors
    /// Some are missing or broken.
    pub fn collect(&self, folders: &[PathBuf]) -> Result<Vec<Cell>> {
        let (mut cells, mut missing, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        for planned in &self.planned {
            match self.whole_in(folders, planned) {
                Ok(Some(cell)) => cells.push(cell),
                Ok(None) => missing.push(planned.index.to_string()),
                Err(why) => broken.push(why),
            }
        }
        if !missing.is_empty() {
            let (count, names) = (missing.len(), first_ten(&missing, ", "));
            broken.push(format!("{count} cells are missing: {names}"));
        }
        ensure!(broken.is_empty(), "{}", first_ten(&broken, "\n"));
        Ok(cells)
    }

    /// The cell from the first of these folders that has it whole.
    ///
    /// # Errors
    /// None has, and the first of those that are broken.
    fn whole_in(&self, folders: &[PathBuf], planned: &PlannedCell) -> Result<Option<Cell>, String> {
        let mut broken = None;
        for folder in folders {
            match self.finished(folder, planned) {
                Ok(None) => {}
                Ok(whole) => return Ok(whole),
                Err(why) => broken = broken.or(Some(why)),
            }
        }
        broken.map_or(Ok(None), Err)
    }

    /// Writes `sweep.json`, `report.html` and the figures' numbers; what there is to say of all cells.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn report(&self, folder: &Path, cells: &[Cell]) -> Result<Summary> {
        let replay =
            |cell: &PlannedCell, seed: u64, node: Option<u32>| self.replay(cell, seed, node);
        let origin = Origin {
            plan: self.name(),
            scenario: self.manifest.scenario.0.clone(),
            commit: self.manifest.commit.clone(),
            replay: &replay,
        };
        let sweep = Sweep::new(&origin, &self.plan, &self.planned, cells);
        let drawn = Drawn::of(&sweep);
        remove_numbers(folder, &drawn.absent)?;
        for (name, text) in drawn.files() {
            files::replace(&folder.join(name), text.as_bytes())?;
        }
        files::replace(&folder.join("sweep.json"), sweep.to_json().as_bytes())?;
        files::replace(&folder.join("report.html"), page::sweep(&sweep, &drawn).as_bytes())?;
        Ok(Summary {
            table: sweep.table(),
            verdicts: sweep.verdicts(),
            broken: sweep.broken(),
            fingerprint: sweep.fingerprint(),
        })
    }
}

/// What is printed at the end.
pub struct Summary {
    /// A row for each cell, the head first.
    pub table: Vec<Vec<String>>,
    /// What came of the identities.
    pub verdicts: Verdicts,
    /// Runs in which a rule was broken, and the command that does the first of them again.
    pub broken: (usize, Option<String>),
    /// The hash over all runs.
    pub fingerprint: String,
}

impl Summary {
    /// Whether all identities hold that were compared, and no run broke a rule.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdicts.differ == 0 && self.broken.0 == 0
    }
}

/// Joins the parts of a sweep: what their cells were made from must be the same.
///
/// # Errors
/// They are not parts of one sweep, or one is missing.
pub fn parts(folders: &[PathBuf]) -> Result<(Job, Vec<Cell>)> {
    let (first, others) = folders.split_first().ok_or_else(|| anyhow!("no folder to merge"))?;
    let job = Job::of_folder(first)?;
    for folder in others {
        if Job::of_folder(folder)?.manifest != job.manifest {
            bail!(
                "{} and {} are of different plans, scenarios or commits",
                first.display(),
                folder.display()
            );
        }
    }
    let cells = job.collect(folders)?;
    Ok((job, cells))
}

/// Numbers of an earlier report, which may have had other figures. Files of any other name are somebody else's.
fn remove_numbers(folder: &Path, names: &[String]) -> Result<()> {
    for path in names.iter().map(|name| folder.join(name)).filter(|path| path.exists()) {
        fs::remove_file(&path).with_context(|| format!("{}: cannot go", path.display()))?;
    }
    Ok(())
}

fn cell_path(folder: &Path, index: usize) -> PathBuf {
    folder.join(CELLS).join(format!("{index:05}.json"))
}

/// The first ten, and a mark where there are more.
fn first_ten(all: &[String], between: &str) -> String {
    let shown = all.iter().take(10).map(String::as_str);
    let mark = (all.len() > 10).then_some("...");
    shown.chain(mark).collect::<Vec<_>>().join(between)
}

fn stem(file: &str) -> String {
    Path::new(file)
        .file_stem()
        .map_or_else(|| "plan".into(), |stem| stem.to_string_lossy())
        .into_owned()
}

#[cfg(test)]
mod tests;
