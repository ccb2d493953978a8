//! The program `weigh`: how much memory a run takes. Counted by the allocator, which costs time: so it is no part of
//! `bench`.
//!
//! Exit status: 0 it was measured, 2 bad input, or nobody can be told.
#![forbid(unsafe_code)]

#[path = "../bench/fleet.rs"]
mod fleet;
mod memory;
mod million;

use anyhow::Result;
use cap::Cap;
use clap::Parser;
use mimalloc::MiMalloc;
use runner::say;
use std::process::ExitCode;

/// That of the programs, and counts the octets that it has given out.
#[global_allocator]
static ALLOCATOR: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

/// Measures how much memory a node takes, and a run of many; docs/performance.md explains each line.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask weigh", bin_name = "cargo xtask weigh")]
struct Arguments {
    /// How many nodes the run of many has.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    nodes: u32,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let weighed =
        memory::measure().and_then(|resident| million::measure(arguments.nodes, resident));
    runner::status(weighed.map(|()| true))
}

/// Prints a number of octets.
fn octets(what: &str, octets: f64) -> Result<()> {
    say(&format!("  {what:<38} {octets:>10.0} octets\n"))
}
