//! The program `sweep`: a plan in, a folder of cells and a report out.
//!
//! Exit status: 0 every identity that was compared holds and no run broke a rule, 1 otherwise, 2 bad input.
#![forbid(unsafe_code)]

use anyhow::{Context, Result};
use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use mimalloc::MiMalloc;
use runner::sweep::{Job, Shard, Summary, parts};
use runner::{default_sweep_folder, say, tell};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A run is many small pieces of memory that come and go.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Runs a scenario with many changes and seeds, on all cores, and reports what they say together.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask sweep",
    bin_name = "cargo xtask sweep",
    after_help = "Exit status: 0 every identity that was compared holds and no run broke a rule, 1 otherwise, 2 bad input."
)]
struct Arguments {
    /// The plan, a TOML file; docs/sweep.md has every key.
    #[arg(required_unless_present = "merge")]
    plan: Option<PathBuf>,
    /// The folder for the files [default: target/sweep/PLAN in the workspace]. Cells that are finished there are not
    /// run again.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Runs only one part of the cells, such as 2/5; `--merge` joins the parts.
    #[arg(long, value_name = "I/N", conflicts_with = "merge")]
    shard: Option<Shard>,
    /// How many parts there are, where the job index of a cluster says which one this is.
    #[arg(long, value_name = "N", conflicts_with_all = ["merge", "shard"])]
    shards: Option<usize>,
    /// Joins the folders of the parts, and reports on all cells.
    #[arg(long, value_name = "FOLDER", num_args = 1.., conflicts_with = "plan")]
    merge: Vec<PathBuf>,
    /// How many threads, 1 to 1024 [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

fn main() -> ExitCode {
    runner::status(sweep(&Arguments::parse()))
}

/// Whether all identities hold that were compared, and no run broke a rule.
fn sweep(arguments: &Arguments) -> Result<bool> {
    if let Some(threads) = arguments.threads {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        builder.build_global().context("--threads")?;
    }
    let Some(path) = &arguments.plan else {
        let (job, cells) = parts(&arguments.merge)?;
        let folder = arguments.out.clone().unwrap_or_else(|| default_sweep_folder(&job.name()));
        job.keep(&folder, &cells)?;
        let summary = job.report(&folder, &cells)?;
        say(&show(&job, &folder, &summary))?;
        return Ok(summary.passed());
    };
    let job = Job::read(path)?;
    let shard = Shard::wanted(arguments.shard, arguments.shards, &|name| std::env::var(name).ok())?;
    let folder = arguments.out.clone().unwrap_or_else(|| {
        let part = format!("{}-{}-of-{}", job.name(), shard.index + 1, shard.count);
        default_sweep_folder(&if shard.count > 1 { part } else { job.name() })
    });
    run(&job, &folder, shard)?;
    if shard.count > 1 {
        let Shard { index, count } = shard;
        say(&format!(
            "part {} of {count}: {}\n`cargo xtask sweep --merge FOLDER...` joins all parts\n",
            index + 1,
            folder.display()
        ))?;
        return Ok(true);
    }
    let cells = job.collect(std::slice::from_ref(&folder))?;
    let summary = job.report(&folder, &cells)?;
    say(&show(&job, &folder, &summary))?;
    Ok(summary.passed())
}

fn run(job: &Job, folder: &Path, shard: Shard) -> Result<()> {
    let (pending, stale) = job.pending(folder, shard);
    let all = job.planned.iter().filter(|cell| shard.has(cell.index)).count();
    if pending.len() < all {
        tell(&format!("{} of {all} cells are finished already", all - pending.len()));
    }
    if stale > 0 {
        tell(&format!(
            "{stale} cells that are broken, or of another plan, scenario or commit, are run again"
        ));
    }
    let runs = pending.len() * job.plan.seeds.len();
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} runs ({eta} left)")?;
    let bar = ProgressBar::new(runs as u64).with_style(style);
    let done = job.run(folder, &pending, &|| bar.inc(1));
    bar.finish_and_clear();
    done
}

/// What is said at the end.
fn show(job: &Job, folder: &Path, summary: &Summary) -> String {
    let mut text = format!("{}: {}\n\n", job.name(), job.plan.description);
    let mut rows = summary.table.iter();
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(rows.next().cloned().unwrap_or_default());
    for column in job.plan.axes.len()..summary.table[0].len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for row in rows {
        table.add_row(row);
    }
    let _ = writeln!(text, "{}\n", table.trim_fmt());
    let _ = writeln!(text, "identities   {}", summary.verdicts);
    for (why, count) in &summary.verdicts.not_compared {
        let _ = writeln!(text, "             {count:>5}  {why}");
    }
    if let (runs, Some(replay)) = &summary.broken {
        let _ = writeln!(
            text,
            "rules        broken in {runs} runs: runs.csv says where; the first again: {replay}"
        );
    }
    let _ = writeln!(text, "report       {}", folder.join("report.html").display());
    let _ = writeln!(text, "fingerprint  {}", summary.fingerprint);
    text
}
