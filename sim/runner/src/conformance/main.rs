//! The program `conformance`: the cases against the implementations that run in virtual time.
//!
//! Exit status: 0 every verdict is the expected one; 1 one is not; 2 bad input.
#![forbid(unsafe_code)]

mod show;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use conformance::{
    Baseline, Implementation, Job, Matrix, OurInitiator, OurResponder, Profile, Registry, Role,
    Selection, cases,
};
use rayon::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Judges implementations by the requirements of docs/conformance/requirements.toml.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask conformance", bin_name = "cargo xtask conformance")]
struct Arguments {
    /// Only implementations of this role: initiator or responder.
    #[arg(long, value_name = "ROLE")]
    role: Option<Role>,
    /// Only this implementation.
    #[arg(long, value_name = "NAME")]
    implementation: Option<String>,
    /// Only the demands of this profile: rfc7815, rfc7296-min or modern.
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Only this requirement, and the cases that judge it.
    #[arg(long, value_name = "ID")]
    requirement: Option<String>,
    /// Only this case, with what crossed.
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Lists the cases with what they judge, and runs nothing.
    #[arg(long)]
    list: bool,
    /// The verdicts that are expected.
    #[arg(long, value_name = "FILE", default_value_os_t = root().join("harness/baseline.toml"))]
    baseline: PathBuf,
}

/// The root of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn main() -> ExitCode {
    match judge(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything is as expected.
fn judge(arguments: &Arguments) -> Result<bool> {
    let registry = Registry::ours().context("docs/conformance/requirements.toml")?;
    let implementations: [&dyn Implementation; 2] = [&OurInitiator, &OurResponder];
    let selection = selection(arguments, &registry, &implementations)?;
    let jobs = Job::plan(&registry, &implementations, &selection);
    if arguments.list {
        print!("{}", show::list(&jobs));
        return Ok(true);
    }
    let path = &arguments.baseline;
    let text =
        fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let baseline = Baseline::parse(&text).with_context(|| path.display().to_string())?;
    ensure!(!jobs.is_empty(), "no case is left: expected options that go together");
    // Collected in the order of the plan, whatever the number of threads.
    let cells: Vec<_> = jobs.par_iter().flat_map_iter(|job| job.run(&registry)).collect();
    let cells = cells.into_iter().filter(|cell| selection.wants(cell)).collect();
    let matrix = Matrix { cells };
    print!("{}", show::matrix(&registry, &matrix, &baseline));
    if arguments.case.is_some() {
        print!("{}", show::ladders(&matrix));
    }
    let differences = baseline.differences(&matrix, &selection);
    for difference in &differences {
        println!("{difference}");
    }
    print!("{}", show::summary(&matrix, differences.len()));
    Ok(differences.is_empty())
}

fn selection(
    arguments: &Arguments,
    registry: &Registry,
    implementations: &[&dyn Implementation],
) -> Result<Selection> {
    if let Some(name) = &arguments.implementation
        && !implementations.iter().any(|known| known.name() == name)
    {
        let names: Vec<&str> = implementations.iter().map(|known| known.name()).collect();
        bail!("--implementation {name}: expected one of {}", names.join(" "));
    }
    if let Some(id) = &arguments.requirement
        && registry.get(id).is_none()
    {
        bail!("--requirement {id}: expected an id of docs/conformance/requirements.toml");
    }
    if let Some(name) = &arguments.case
        && !cases::all().any(|case| case.name == name)
    {
        bail!("--case {name}: expected a case of --list");
    }
    let profile = arguments.profile.as_deref().map(str::parse::<Profile>).transpose();
    Ok(Selection {
        role: arguments.role,
        implementation: arguments.implementation.clone(),
        profile: profile.map_err(|error| anyhow::anyhow!("--profile: {error}"))?,
        requirement: arguments.requirement.clone(),
        case: arguments.case.clone(),
    })
}
