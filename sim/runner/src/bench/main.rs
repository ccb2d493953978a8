//! The program `bench`: how much the simulator costs beyond the cryptography that it must do, and how
//! much memory a node takes. Printed as ratios, because times differ between machines; not a test.
//!
//! Exit status: 0 it was measured, 2 bad input, or nobody can be told.
#![forbid(unsafe_code)]

mod fleet;
mod floor;
mod measure;
mod million;
mod network;
mod recorder;
mod speed;

use anyhow::Result;
use clap::Parser;
use clap::builder::PossibleValuesParser;
use mimalloc::MiMalloc;
use runner::say;
use simulator::scenario::Scenario;
use std::process::ExitCode;

/// That of the programs which are measured here.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Something that is measured, by the name that a person types.
struct Part {
    name: &'static str,
    measure: fn(&Arguments) -> Result<()>,
    /// Whether it is measured when no part is named: it takes seconds.
    is_short: bool,
}

/// In the order in which they are measured.
const PARTS: [Part; 5] = [
    Part { name: "power-cut", measure: |given| speed::power_cut(given.rounds), is_short: true },
    Part {
        name: "room-sensors",
        measure: |given| speed::room_sensors(given.rounds),
        is_short: true,
    },
    Part { name: "network", measure: |given| network::measure(given.rounds), is_short: true },
    Part {
        name: "million",
        measure: |given| million::measure(given.fleet(), given.rounds),
        is_short: false,
    },
    Part {
        name: "model",
        measure: |given| million::model(given.fleet(), given.rounds),
        is_short: false,
    },
];

/// Measures what the simulator costs beside its cryptography; docs/performance.md explains each line.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// What is measured [default: all but million, which takes minutes, and model, which is a part of it].
    #[arg(value_name = "PART", value_parser = PossibleValuesParser::new(PARTS.map(|part| part.name)))]
    parts: Vec<String>,
    /// How often each time is taken; the best counts.
    #[arg(long, default_value_t = 5, value_parser = rounds)]
    rounds: usize,
    /// How many nodes the parts million and model have.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    nodes: u32,
    /// How many of them wake in a second.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    per_second: u32,
}

impl Arguments {
    /// Nodes, and how many of them wake in a second.
    fn fleet(&self) -> (u32, u32) {
        (self.nodes, self.per_second)
    }
}

fn rounds(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "expected a number above 0".into())
}

fn main() -> ExitCode {
    runner::status(measured(&Arguments::parse()).map(|()| true))
}

fn measured(arguments: &Arguments) -> Result<()> {
    let wanted = |part: &&Part| {
        let named = arguments.parts.iter().any(|name| name == part.name);
        named || arguments.parts.is_empty() && part.is_short
    };
    for part in PARTS.iter().filter(wanted) {
        say(&format!("{}\n", part.name))?;
        (part.measure)(arguments)?;
    }
    Ok(())
}

/// A shipped scenario.
struct Shipped {
    name: &'static str,
    text: &'static str,
}

const POWER_CUT: Shipped =
    Shipped { name: "power-cut", text: include_str!("../../../../scenarios/power-cut.toml") };
const ROOM_SENSORS: Shipped =
    Shipped { name: "room-sensors", text: include_str!("../../../../scenarios/room-sensors.toml") };

impl Shipped {
    fn scenario(&self) -> Scenario {
        Scenario::parse(self.name, self.text, &[]).expect("every shipped scenario is one")
    }
}

#[cfg(test)]
mod tests;
