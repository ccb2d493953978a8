//! The program `simulate`: a scenario in, a readable result and a folder of files out.
//!
//! Exit status: 0 the run did what the scenario expects and broke no rule, 1 it did not, 2 bad input.
#![forbid(unsafe_code)]

mod arguments;
mod recorded;
mod seeds;

use analysis::Collector;
use anyhow::{Context, Result};
use arguments::Arguments;
use clap::Parser;
use ike_core::Instant;
use mimalloc::MiMalloc;
use runner::{Ahead, Named, commit, default_folder, files, is_regression, say, shipped, show};
use simulator::{Backend, CaptureError, Faults, Keep, Options, Outcome, run_with};
use std::path::Path;
use std::process::ExitCode;

/// A run is many small pieces of memory that come and go.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// From so many nodes on, key work is done ahead.
const FLEET: u32 = 100;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    runner::status(match (&arguments.scenario, &arguments.seeds) {
        (Some(path), Some(range)) => try_seeds(path, range.clone(), &arguments),
        (Some(path), None) => simulate(path, &arguments),
        (None, _) => match &arguments.recording {
            Some(path) => recorded::replay(path, &arguments),
            None => simulate_all(&arguments),
        },
    })
}

/// Runs, writes, prints; whether the run did what was expected.
fn simulate(path: &Path, arguments: &Arguments) -> Result<bool> {
    let named = Named::read(path, &arguments.overrides)?;
    let nodes = named.scenario.nodes();
    if let Some(node) = arguments.node {
        anyhow::ensure!(node < nodes, "--node {node}: the run has nodes 0 to {}", nodes - 1);
    }
    let seed = arguments.seed.unwrap_or(named.scenario.seed);
    let faults =
        arguments.replay_faults.as_deref().map(|path| read_faults(path, nodes)).transpose()?;
    let folder =
        arguments.out.clone().unwrap_or_else(|| default_folder(&named.name, &seed.to_string()));
    files::prepare(&folder)?;
    // Of the sources as they are now: they may change while it runs.
    let commit = commit();
    let bar = seeds::bar(100, "% of virtual time");
    let mut collector = Collector::new(nodes);
    let mut progress = |percent: u8| bar.set_position(percent.into());
    let mut options = Options {
        keep: Keep { thinning: arguments.trace.into(), node: arguments.node },
        faults: faults.as_ref(),
        progress: Some(&mut progress),
        watch: Some(&mut collector),
    };
    let outcome = run(&named, seed, &mut options);
    bar.finish_and_clear();
    let mut outcome = outcome.context("the capture")?;
    outcome.report.overrides =
        arguments.overrides.iter().map(|(key, value)| format!("{key}={value}")).collect();
    outcome.report.commit = commit;
    let faults = arguments.replay_faults.as_deref();
    let replay = named.replay_with(seed, &arguments.overrides, faults);
    let seen = collector.finish(Instant::from_micros(outcome.report.end_us));
    files::write(&folder, &outcome, &replay, Some((&seen, &named.scenario.gateway)))?;
    if arguments.json {
        say(&outcome.report.to_json())?;
    } else {
        say(&show::result(&outcome, &folder, &replay))?;
    }
    Ok(outcome.report.passed)
}

/// Runs with the key work of a fleet ahead, on all processors; where there is nothing to gain, or there are no threads to have,
/// without. It is the same run.
fn run(named: &Named, seed: u64, options: &mut Options<'_>) -> Result<Outcome, CaptureError> {
    let Named { name, scenario, .. } = named;
    let fleet = scenario.crypto == Backend::Real && scenario.nodes() >= FLEET;
    match fleet.then(|| Ahead::new(0)) {
        Some(Ok(ahead)) => ahead.run_with(name, scenario, seed, options),
        _ => run_with(name, scenario, seed, options),
    }
}

/// What a trace says of the links of a run of so many nodes.
fn read_faults(path: &Path, nodes: u32) -> Result<Faults> {
    Faults::parse(&files::text(path)?, nodes)
        .map_err(|error| anyhow::anyhow!("{}:{error}", path.display()))
}

/// Runs one scenario with many seeds; whether all passed.
fn try_seeds(
    path: &Path,
    range: std::ops::RangeInclusive<u64>,
    arguments: &Arguments,
) -> Result<bool> {
    let named = Named::read(path, &arguments.overrides)?;
    let (first, last) = (*range.start(), *range.end());
    match seeds::first_failure(&named, range) {
        None => {
            say(&format!("{}: seeds {first} to {last} passed\n", named.name))?;
            Ok(true)
        }
        Some(report) => {
            let replay = named.replay(report.seed, &arguments.overrides);
            say(&show::failure(&report, &replay))?;
            Ok(false)
        }
    }
}

/// Runs every shipped scenario; whether all did what was expected.
fn simulate_all(arguments: &Arguments) -> Result<bool> {
    let mut passed = true;
    for path in shipped()? {
        let named = Named::read(&path, &arguments.overrides)?;
        // A regression is one run: the one that once went wrong.
        let pinned = is_regression(&path);
        if let Some(range) = arguments.seeds.clone().filter(|_| !pinned) {
            passed &= try_seeds(&path, range, arguments)?;
            continue;
        }
        let seed = arguments.seed.filter(|_| !pinned).unwrap_or(named.scenario.seed);
        let report = simulator::verdict(&named.name, &named.scenario, seed);
        if report.passed {
            say(&(show::line(&report) + "\n"))?;
        } else {
            say(&show::failure(&report, &named.replay(seed, &arguments.overrides)))?;
        }
        passed &= report.passed;
    }
    Ok(passed)
}
