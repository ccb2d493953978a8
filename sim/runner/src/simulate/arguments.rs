//! What a person types after `cargo xtask simulate`.

use clap::Parser;
use runner::{Trace, key_value};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Runs a scenario in virtual time.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask simulate",
    bin_name = "cargo xtask simulate",
    after_help = "Exit status: 0 the run did what the scenario expects and broke no rule, 1 it did not, 2 bad input. With --gateway NAME, --help shows the options of a run with a real gateway."
)]
pub(crate) struct Arguments {
    /// The scenario, a TOML file; docs/scenario.md has every key.
    #[arg(required_unless_present_any = ["all", "recording"])]
    pub(crate) scenario: Option<PathBuf>,
    /// Runs every shipped scenario instead, and every regression with the seed that it pins.
    #[arg(long, conflicts_with_all = ["scenario", "out", "json", "node", "trace"])]
    pub(crate) all: bool,
    /// Where all randomness comes from [default: the scenario's].
    #[arg(long, conflicts_with = "seeds")]
    pub(crate) seed: Option<u64>,
    /// Runs the scenario with each of these seeds, both ends included, on all cores, and stops at
    /// the first that fails; 1000000 seeds at most. Nothing is written.
    #[arg(long, value_name = "FIRST..LAST", value_parser = seeds,
          conflicts_with_all = ["out", "json", "node", "trace"])]
    pub(crate) seeds: Option<RangeInclusive<u64>>,
    /// The folder for the files [default: target/sim/SCENARIO/SEED in the workspace].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Changes a key of the scenario, for example link.loss=30% or node.door.count=3.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) overrides: Vec<(String, String)>,
    /// Lets the links do what the trace.jsonl of an earlier run says they did there.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "all"])]
    pub(crate) replay_faults: Option<PathBuf>,
    /// Does a run with a real gateway again, without the gateway, from the recording.jsonl that it left, and says where
    /// what the nodes send is not what they sent.
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["scenario", "all", "seed", "seeds", "overrides", "replay_faults"])]
    pub(crate) recording: Option<PathBuf>,
    /// The gateway: this program has the reference responder, and `cargo xtask simulate` finds the others.
    #[arg(long, value_name = "NAME", default_value = "reference", value_parser = ["reference"])]
    pub(crate) gateway: String,
    /// Of which nodes trace.jsonl and capture.pcapng tell.
    #[arg(long, value_enum, default_value_t = Trace::Full)]
    pub(crate) trace: Trace,
    /// Writes down only what happens to the node of this number, with its ladder.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) node: Option<u32>,
    /// Prints report.json instead of the readable result.
    #[arg(long)]
    pub(crate) json: bool,
}

/// More seeds than anybody will wait for.
const MOST_SEEDS: u64 = 1_000_000;

fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let expected = "expected FIRST..LAST, such as 1..1000";
    let (first, last) = text.split_once("..").ok_or(expected)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| expected);
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("{first} is more than {last}: {expected}"));
    }
    if last - first >= MOST_SEEDS {
        return Err(format!("expected at most {MOST_SEEDS} seeds, such as 1..{MOST_SEEDS}"));
    }
    Ok(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_seeds_has_both_its_ends() {
        assert_eq!(seeds("1..1000").map(|range| range.count()), Ok(1000));
        assert_eq!(seeds("7..7").map(|range| range.count()), Ok(1));
        assert_eq!(seeds("0..999999").map(|range| range.count()), Ok(1_000_000));
        for bad in ["0..1000000", "0..18446744073709551615"] {
            let error = seeds(bad).expect_err(bad);
            assert!(error.starts_with("expected at most 1000000 seeds"), "{error}");
        }
        for bad in ["7", "7..", "..7", "a..b", "8..7"] {
            assert!(seeds(bad).is_err(), "{bad}");
        }
    }
}
