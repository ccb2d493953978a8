//! The program `simulate`: a scenario in, a readable result and a folder of files out.
//!
//! Exit status: 0 the run did what the scenario expects and broke no rule, 1 it did not, 2 bad input.
#![forbid(unsafe_code)]

mod files;
mod show;

use anyhow::{Context, Result};
use clap::Parser;
use simulator::scenario::Scenario;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs a scenario in virtual time.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate")]
struct Arguments {
    /// The scenario, a TOML file; docs/scenario.md has every key.
    scenario: PathBuf,
    /// Where all randomness comes from [default: the scenario's].
    #[arg(long)]
    seed: Option<u64>,
    /// The folder for the files [default: target/sim/SCENARIO/SEED].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Changes a key of the scenario, for example link.loss=30% or node.door.count=3.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    overrides: Vec<(String, String)>,
    /// Prints report.json instead of the readable result.
    #[arg(long)]
    json: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match simulate(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs, writes, prints; whether the run did what was expected.
fn simulate(arguments: &Arguments) -> Result<bool> {
    let path = &arguments.scenario;
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: cannot be read", path.display()))?;
    let scenario = Scenario::parse(&path.display().to_string(), &text, &arguments.overrides)?;
    let seed = arguments.seed.unwrap_or(scenario.seed);
    let name = path.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy());
    let mut outcome = simulator::run(&name, &scenario, seed).context("the capture")?;
    outcome.report.overrides =
        arguments.overrides.iter().map(|(key, value)| format!("{key}={value}")).collect();
    outcome.report.commit = commit();
    let folder = arguments.out.clone().unwrap_or_else(|| default_folder(&name, seed));
    files::write(&folder, &outcome)?;
    if arguments.json {
        print!("{}", outcome.report.to_json());
    } else {
        print!("{}", show::result(&outcome, &folder, &replay(path, seed, &arguments.overrides)));
    }
    Ok(outcome.report.passed)
}

/// The commit of this program's sources, with `+` where they were changed since.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args(["-C", env!("CARGO_MANIFEST_DIR")])
            .args(arguments)
            .output()
            .ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() { commit } else { format!("{commit}+") })
}

fn default_folder(name: &str, seed: u64) -> PathBuf {
    Path::new("target").join("sim").join(name).join(seed.to_string())
}

/// The one command that does the same run again.
fn replay(path: &Path, seed: u64, overrides: &[(String, String)]) -> String {
    let mut command =
        format!("cargo xtask simulate {} --seed {seed}", quoted(&path.display().to_string()));
    for (key, value) in overrides {
        command.push_str(&format!(" --set {}", quoted(&format!("{key}={value}"))));
    }
    command
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
        let overrides =
            [("link.loss".into(), "5%".into()), ("node.0.wakes.at".into(), "[\"1s\"]".into())];
        assert_eq!(
            replay(Path::new("a b.toml"), 7, &overrides),
            r#"cargo xtask simulate 'a b.toml' --seed 7 --set link.loss=5% --set 'node.0.wakes.at=["1s"]'"#
        );
    }

    #[test]
    fn an_override_needs_an_equals_sign() {
        assert_eq!(key_value("a.b = c"), Ok(("a.b".into(), "c".into())));
        assert!(key_value("a.b").is_err());
    }
}
