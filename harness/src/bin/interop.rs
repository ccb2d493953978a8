//! The program `interop`: cases times gateways, with a verdict for each.
//!
//! Exit status: 0 all is as expected, 1 something is not, 2 bad input.
#![forbid(unsafe_code)]

use anyhow::{Result, ensure};
use clap::Parser;
use harness::interop::cases::{self, Case};
use harness::interop::cell::Cell;
use harness::interop::column::Column;
use harness::interop::matrix::{Matrix, chosen, names};
use harness::interop::show::{self, Signs};
use harness::interop::{again, exchanges, written};
use harness::{require, tshark};
use runner::{files, in_target, say, status, tell, workspace};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs the interop cases against the gateways and with the devices, and shows each verdict.
///
/// The verdict comes from the trace of our end, from the other end's own list of SAs, and from tshark's reading of
/// the capture, where it is installed. The reference gateway runs
/// in virtual time and needs nothing; the others run in containers and need Docker: see docs/interop.md. Exit status:
/// 0 all is as expected, 1 something is not, 2 bad input.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask interop", bin_name = "cargo xtask interop")]
struct Arguments {
    /// Only this gateway; may be given more than once [default: all, or none with --device].
    #[arg(long = "gateway", value_name = "NAME")]
    gateways: Vec<String>,
    /// Only this implementation as the device, which connects to the reference gateway; may be given more than once
    /// [default: all, or none with --gateway].
    #[arg(long = "device", value_name = "NAME")]
    devices: Vec<String>,
    /// Only this case; may be given more than once [default: all].
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Lists the gateways and the cases, and runs nothing.
    #[arg(long)]
    list: bool,
    /// So many cells at a time; they mostly wait.
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,
    /// Runs a cell with a real gateway that is not as expected again, alone, up to so many times; the output says so.
    #[arg(long, value_name = "TIMES", default_value_t = 0)]
    again: usize,
    /// Keeps the recording of each cell that passes in fixtures/exchanges, where `cargo test` has it again.
    #[arg(long)]
    record: bool,
    /// The folder for the files [default: target/interop in the workspace].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    status(run(&Arguments::parse()))
}

impl Arguments {
    /// The folder for the files.
    fn folder(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| in_target("interop"))
    }
}

/// The cases of a kind, and the columns that they are for.
struct Part {
    cases: Vec<Case>,
    columns: Vec<Column>,
    kind: &'static str,
    wanted: Vec<String>,
}

/// What is to be run: at gateways, and with devices.
fn parts(arguments: &Arguments) -> Result<Vec<Part>> {
    let (gateways, devices) = (&arguments.gateways, &arguments.devices);
    let mut parts = Vec::new();
    if !gateways.is_empty() || devices.is_empty() {
        let (cases, columns) = (cases::shipped()?, Column::gateways());
        parts.push(Part { cases, columns, kind: "gateway", wanted: gateways.clone() });
    }
    if !devices.is_empty() || gateways.is_empty() {
        let (cases, columns) = (cases::shipped_for_devices()?, Column::devices());
        parts.push(Part { cases, columns, kind: "device", wanted: devices.clone() });
    }
    Ok(parts)
}

fn run(arguments: &Arguments) -> Result<bool> {
    let parts = parts(arguments)?;
    let all: Vec<&Case> = parts.iter().flat_map(|part| &part.cases).collect();
    chosen("case", &all, |case| &case.name, &arguments.cases)?;
    if !arguments.list {
        files::prepare(&arguments.folder())?;
    }
    let mut matrix = Matrix::default();
    if !tshark::is_there() {
        let variable = require::VARIABLE;
        ensure!(!require::is_required("tshark"), "{variable} lists tshark, but it does not start");
        matrix.skipped.push("tshark: it does not start, so no capture was dissected".into());
    }
    for part in &parts {
        let is_wanted =
            |case: &&Case| arguments.cases.is_empty() || arguments.cases.contains(&case.name);
        let cases: Vec<&Case> = part.cases.iter().filter(is_wanted).collect();
        let columns = chosen(part.kind, &part.columns, |column| column.name(), &part.wanted)?;
        if arguments.list {
            say(&show::list(part.kind, &columns, &cases))?;
        } else if !cases.is_empty() {
            columns
                .iter()
                .try_for_each(|column| add(&mut matrix, arguments, part, (column, &cases)))?;
        }
    }
    if arguments.list {
        return Ok(true);
    }
    let folder = arguments.folder();
    matrix.cells.iter().try_for_each(Cell::write)?;
    written::write(&matrix, &folder)?;
    if arguments.record {
        let kept = exchanges::keep(&matrix.cells, &workspace().join(exchanges::FOLDER))?;
        say(&format!("kept {} recordings in {}\n", kept.len(), exchanges::FOLDER))?;
        kept.iter().try_for_each(|kept| say(&format!("  {kept}\n")))?;
    }
    say(&show::matrix(&matrix, Signs::of_environment()))?;
    say(&format!("files {}\n", folder.display()))?;
    Ok(matrix.passed())
}

/// Runs a column and adds its cells.
fn add(
    matrix: &mut Matrix,
    arguments: &Arguments,
    part: &Part,
    (column, cases): (&Column, &[&Case]),
) -> Result<()> {
    let name = column.title();
    if let Err(error) = column.prepare() {
        // Without a wish for this one the others still tell something.
        ensure!(part.wanted.is_empty(), "{name}: {error:#}");
        matrix.skipped.push(format!("{name}: {error:#}"));
        return Ok(());
    }
    let expected = column.expected()?;
    let done = |cell: &Cell| tell(&show::progress(cell));
    let folder = arguments.folder();
    let mut cells = column.run(cases, arguments.jobs.into(), &folder, &done)?;
    let judged = (cells.as_mut_slice(), &expected);
    matrix.again.extend(again::run(column, cases, judged, arguments.again, &folder)?);
    matrix.add(cells, &expected, &names(&part.cases));
    Ok(())
}
