//! The program `interop`: cases times gateways, with a verdict for each.
//!
//! Exit status: 0 all is as expected, 1 something is not, 2 bad input.
#![forbid(unsafe_code)]

use anyhow::{Result, ensure};
use clap::Parser;
use harness::interop::cases;
use harness::interop::cell::Cell;
use harness::interop::column::Column;
use harness::interop::expected::Expected;
use harness::interop::matrix::{Matrix, chosen, names};
use harness::interop::show::{self, Signs};
use harness::interop::{again, exchanges, written};
use harness::{require, tshark};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs the interop cases against the gateways and shows each verdict.
///
/// The verdict comes from the trace of the devices, from the gateway's own list of SAs, and from tshark's reading of
/// the capture, where it is installed. The reference gateway runs
/// in virtual time and needs nothing; the others run in containers and need Docker: see docs/interop.md. Exit status:
/// 0 all is as expected, 1 something is not, 2 bad input.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask interop", bin_name = "cargo xtask interop")]
struct Arguments {
    /// Only this gateway; may be given more than once [default: all].
    #[arg(long = "gateway", value_name = "NAME")]
    gateways: Vec<String>,
    /// Only this case; may be given more than once [default: all].
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Lists the gateways and the cases, and runs nothing.
    #[arg(long)]
    list: bool,
    /// So many cells at a time; they mostly wait.
    #[arg(long, value_name = "NUMBER", default_value_t = 4)]
    jobs: usize,
    /// Runs a cell with a real gateway that is not as expected again, alone, up to so many times; the output says so.
    #[arg(long, value_name = "TIMES", default_value_t = 0)]
    again: usize,
    /// Keeps the recording of each cell that passes in fixtures/exchanges, where `cargo test` has it again.
    #[arg(long)]
    record: bool,
    /// The folder for the files.
    #[arg(long, value_name = "FOLDER", default_value = "target/interop")]
    out: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let all = cases::shipped()?;
    let columns = Column::all();
    let cases = chosen("case", &all, |case| &case.name, &arguments.cases)?;
    let columns = chosen("gateway", &columns, |column| column.name(), &arguments.gateways)?;
    if arguments.list {
        print!("{}", show::list(&columns, &cases));
        return Ok(true);
    }
    let mut matrix = Matrix::default();
    if !tshark::is_there() {
        let variable = require::VARIABLE;
        ensure!(!require::is_required("tshark"), "{variable} lists tshark, but it does not start");
        matrix.skipped.push("tshark: it does not start, so no capture was dissected".into());
    }
    for column in columns {
        let name = column.name();
        if let Err(error) = column.prepare() {
            // Without a wish for this one the others still tell something.
            ensure!(arguments.gateways.is_empty(), "{name}: {error:#}");
            matrix.skipped.push(format!("{name}: {error:#}"));
            continue;
        }
        let folder = cases::root().join("harness/gateways").join(name);
        let expected = Expected::read(&folder)?;
        let done = |cell: &Cell| eprintln!("{}", show::progress(cell));
        let mut cells = column.run(&cases, arguments.jobs, &arguments.out, &done)?;
        let judged = (cells.as_mut_slice(), &expected);
        matrix.again.extend(again::run(column, &cases, judged, arguments.again, &arguments.out)?);
        matrix.add(cells, &expected, &names(&all));
    }
    matrix.cells.iter().try_for_each(Cell::write)?;
    written::write(&matrix, &arguments.out)?;
    if arguments.record {
        let kept = exchanges::keep(&matrix.cells, &cases::root().join(exchanges::FOLDER))?;
        println!("kept {} recordings in {}", kept.len(), exchanges::FOLDER);
    }
    print!("{}", show::matrix(&matrix, Signs::of_environment()));
    println!("files {}", arguments.out.display());
    Ok(matrix.passed())
}
