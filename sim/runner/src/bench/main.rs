//! The program `bench`: how much the simulator costs beyond the cryptography that it must do, and how
//! much memory a node takes. Printed as ratios, because times differ between machines; not a test.
//!
//! Exit status: 0 it was measured, 2 bad input.
#![forbid(unsafe_code)]

mod floor;
mod measure;
mod memory;
mod network;
mod recorder;
mod speed;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use peak_alloc::PeakAlloc;
use simulator::scenario::Scenario;
use std::process::ExitCode;

/// Counts the octets that are allocated: what it takes is part of every time that is printed.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Something that is measured, by the name that a person types.
struct Part {
    name: &'static str,
    measure: fn(rounds: usize),
}

/// In the order in which they are measured.
const PARTS: [Part; 4] = [
    Part { name: "power-cut", measure: speed::power_cut },
    Part { name: "room-sensors", measure: speed::room_sensors },
    Part { name: "network", measure: network::measure },
    Part { name: "memory", measure: memory::measure },
];

/// Measures what the simulator costs beside its cryptography; docs/performance.md explains each line.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// What is measured [default: all].
    #[arg(value_name = "PART", value_parser = PossibleValuesParser::new(PARTS.map(|part| part.name)))]
    parts: Vec<String>,
    /// How often each time is taken; the best counts.
    #[arg(long, default_value_t = 5, value_parser = rounds)]
    rounds: usize,
}

fn rounds(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "expected a number above 0".into())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = |part: &&Part| {
        arguments.parts.is_empty() || arguments.parts.iter().any(|name| name == part.name)
    };
    for part in PARTS.iter().filter(wanted) {
        println!("{}", part.name);
        (part.measure)(arguments.rounds);
    }
    ExitCode::SUCCESS
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
