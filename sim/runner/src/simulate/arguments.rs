//! What a person types after `cargo xtask simulate`.

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use simulator::Thinning;
use simulator::scenario::Scenario;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Runs a scenario in virtual time.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate")]
pub(crate) struct Arguments {
    /// The scenario, a TOML file; docs/scenario.md has every key.
    #[arg(required_unless_present = "all")]
    pub(crate) scenario: Option<PathBuf>,
    /// Runs every shipped scenario instead, and every regression with the seed that it pins.
    #[arg(long, conflicts_with_all = ["scenario", "out", "json", "node"])]
    pub(crate) all: bool,
    /// Where all randomness comes from [default: the scenario's].
    #[arg(long, conflicts_with = "seeds")]
    pub(crate) seed: Option<u64>,
    /// Runs the scenario with each of these seeds, both ends included, on all cores, and stops at
    /// the first that fails. Nothing is written.
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

/// Of which nodes a run is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Trace {
    /// Of all.
    Full,
    /// Of those that something went wrong with.
    Failures,
    /// Of none.
    None,
}

impl From<Trace> for Thinning {
    fn from(trace: Trace) -> Self {
        match trace {
            Trace::Full => Self::Full,
            Trace::Failures => Self::Failures,
            Trace::None => Self::None,
        }
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let expected = "expected FIRST..LAST, such as 1..1000";
    let (first, last) = text.split_once("..").ok_or(expected)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| expected);
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("{first} is more than {last}: {expected}"));
    }
    Ok(first..=last)
}

/// A scenario with the name of its file.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) scenario: Scenario,
}

impl Named {
    pub(crate) fn read(path: &Path, overrides: &[(String, String)]) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: cannot be read", path.display()))?;
        let scenario = Scenario::parse(&path.display().to_string(), &text, overrides)?;
        let name =
            path.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy());
        Ok(Self { name: name.into_owned(), path: path.to_owned(), scenario })
    }

    /// The one command that does a run again whose faults came from a file.
    pub(crate) fn replay_with(
        &self,
        seed: u64,
        overrides: &[(String, String)],
        faults: Option<&Path>,
    ) -> String {
        let mut command = self.replay(seed, overrides);
        if let Some(path) = faults {
            command.push_str(&format!(" --replay-faults {}", quoted(&path.display().to_string())));
        }
        command
    }

    /// The one command that does a run again.
    pub(crate) fn replay(&self, seed: u64, overrides: &[(String, String)]) -> String {
        let path = quoted(&self.path.display().to_string());
        let mut command = format!("cargo xtask simulate {path} --seed {seed}");
        for (key, value) in overrides {
            command.push_str(&format!(" --set {}", quoted(&format!("{key}={value}"))));
        }
        command
    }
}

/// Where regressions are, among the shipped scenarios.
const REGRESSIONS: &str = "regressions";

/// The files of the shipped scenarios, in order, and behind them the regressions.
pub(crate) fn shipped() -> Result<Vec<PathBuf>> {
    let folder = workspace().join("scenarios");
    let mut files = scenarios_in(&folder)?;
    files.extend(scenarios_in(&folder.join(REGRESSIONS))?);
    Ok(files.into_iter().map(from_here).collect())
}

/// Whether a shipped scenario is a regression.
pub(crate) fn is_regression(path: &Path) -> bool {
    path.parent().is_some_and(|folder| folder.ends_with(REGRESSIONS))
}

fn scenarios_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("{}: cannot be read", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Where the files of a run go unless somebody says otherwise: the same folder from wherever the
/// command is typed.
pub(crate) fn default_folder(name: &str, seed: u64) -> PathBuf {
    from_here(workspace().join("target").join("sim").join(name).join(seed.to_string()))
}

/// The root of the workspace that this program was built from.
fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// The path as short as it can be written here.
fn from_here(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).map(Path::to_owned).unwrap_or(path)
}

/// As a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_replay_command_can_be_pasted_into_a_shell() {
        let text = include_str!("../../../../scenarios/ping.toml");
        let scenario = Scenario::parse("ping.toml", text, &[]).expect("a scenario");
        let named = Named { name: "a b".into(), path: "a b.toml".into(), scenario };
        let overrides =
            [("link.loss".into(), "5%".into()), ("node.0.wakes.at".into(), "[\"1s\"]".into())];
        assert_eq!(
            named.replay(7, &overrides),
            r#"cargo xtask simulate 'a b.toml' --seed 7 --set link.loss=5% --set 'node.0.wakes.at=["1s"]'"#
        );
    }

    #[test]
    fn an_override_needs_an_equals_sign() {
        assert_eq!(key_value("a.b = c"), Ok(("a.b".into(), "c".into())));
        assert!(key_value("a.b").is_err());
    }

    #[test]
    fn a_range_of_seeds_has_both_its_ends() {
        assert_eq!(seeds("1..1000").map(|range| range.count()), Ok(1000));
        assert_eq!(seeds("7..7").map(|range| range.count()), Ok(1));
        for bad in ["7", "7..", "..7", "a..b", "8..7"] {
            assert!(seeds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_scenarios_of_the_readme_are_shipped() {
        let files = shipped().expect("a folder");
        assert!(files.iter().any(|path| path.ends_with("garage-door.toml")), "{files:?}");
        let regression = "scenarios/regressions/half-open-forgotten.toml";
        let found = files.iter().find(|path| path.ends_with(regression)).expect("shipped");
        assert!(is_regression(found) && !is_regression(&files[0]));
    }

    #[test]
    fn the_files_of_a_run_go_to_the_workspace_wherever_one_is() {
        // Tests run in the folder of their package, which is below the workspace.
        let folder = default_folder("ping", 7);
        assert!(folder.is_absolute() && folder.ends_with("target/sim/ping/7"), "{folder:?}");
        let root = folder.ancestors().nth(4).expect("the root");
        assert!(root.join("Cargo.lock").exists(), "{root:?}");
        let inside = std::env::current_dir().expect("a folder").join("x.toml");
        assert_eq!(from_here(inside), Path::new("x.toml"));
    }
}
