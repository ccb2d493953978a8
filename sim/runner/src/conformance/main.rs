//! The program `conformance`: the cases against the implementations that run in virtual time.
//!
//! Exit status: 0 every verdict is the expected one; 1 one is not; 2 bad input.
#![forbid(unsafe_code)]

mod kills;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use conformance::{
    Implementation, Job, OurInitiator, OurResponder, Registry, Requirement, Role, Selection,
    mutants,
};
use runner::matrix::{self, Judged, Wanted, show};
use runner::{files, say, status, tell, workspace};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Judges implementations by the requirements of docs/conformance/requirements.toml.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask conformance",
    bin_name = "cargo xtask conformance",
    after_help = "Exit status: 0 every verdict is the expected one, 1 one is not, 2 bad input. With --implementation strongswan, --gateway udp:ADDRESS or --device udp:ADDRESS, --help shows the options for what is outside."
)]
struct Arguments {
    /// Only implementations of this role: initiator or responder.
    #[arg(long, value_name = "ROLE")]
    role: Option<Role>,
    /// Only this implementation.
    #[arg(long, value_name = "NAME")]
    implementation: Option<String>,
    #[command(flatten)]
    wanted: Wanted,
    /// Judges the cases instead: each implementation that is broken on purpose must fail one.
    #[arg(long)]
    mutants: bool,
    /// Lists the cases with what they judge, and runs nothing.
    #[arg(long)]
    list: bool,
    /// Writes conformance.json, conformance.xml (JUnit) and conformance.html into this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["mutants", "list"])]
    out: Option<PathBuf>,
    /// Writes the whole matrix, and what kills the mutants, as the table of docs/conformance.md.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mutants", "list", "role", "implementation", "profile", "requirement", "case"])]
    document: Option<PathBuf>,
}

#[expect(clippy::disallowed_methods, reason = "shows how long it took; nothing depends on it")]
fn main() -> ExitCode {
    let start = Instant::now();
    let judged = judge(&Arguments::parse());
    // For whoever waits: nothing depends on it.
    tell(&format!("{:.1} s", start.elapsed().as_secs_f64()));
    status(judged)
}

/// Whether everything is as expected.
fn judge(arguments: &Arguments) -> Result<bool> {
    let registry = Registry::ours().context("docs/conformance/requirements.toml")?;
    let ours: [&dyn Implementation; 2] = [&OurInitiator, &OurResponder];
    let implementations: Vec<&dyn Implementation> = if arguments.mutants {
        mutants::all().map(|mutant| mutant as &dyn Implementation).collect()
    } else {
        ours.to_vec()
    };
    let selection = selection(arguments, &registry, &implementations)?;
    let jobs = Job::plan(&registry, &implementations, &selection);
    if arguments.list {
        say(&show::list(&jobs))?;
        return Ok(true);
    }
    ensure!(!jobs.is_empty(), "{}", nothing_left(&registry, &selection));
    if arguments.mutants {
        let kills = matrix::kills(&registry, &selection);
        ensure!(
            !kills.is_empty(),
            "no mutant breaks what is left: expected options that go together"
        );
        say(&kills::show(&kills, &selection))?;
        return Ok(kills.iter().all(|kill| !kill.cases.is_empty()));
    }
    let baseline = arguments.wanted.baseline()?;
    arguments.document.as_deref().map_or(Ok(()), files::prepare_for)?;
    arguments.out.as_deref().map_or(Ok(()), files::prepare)?;
    let matrix = matrix::run(&registry, &implementations, &selection);
    let judged =
        Judged { registry: &registry, matrix: &matrix, baseline: &baseline, selection: &selection };
    let (mut text, as_expected) = show::judged(&judged, arguments.wanted.case.is_some());
    if !as_expected {
        text.push_str(&show::how_to_accept(&arguments.wanted.baseline_path()));
    }
    // The files are written whoever listens.
    let said = say(&text);
    write(arguments, &judged)?;
    said?;
    Ok(as_expected)
}

/// Why no case is left.
fn nothing_left(registry: &Registry, selection: &Selection) -> String {
    let wanted = selection.requirement.as_ref().and_then(|id| registry.get(id));
    let reason = |requirement: &Requirement, role| {
        let why = requirement.no_case(role)?;
        Some(format!("{} {role}: no case: {why}", requirement.id))
    };
    let reasons = wanted.into_iter().flat_map(|it| Role::ALL.map(|role| reason(it, role)));
    let reasons: Vec<String> = reasons.flatten().collect();
    if reasons.is_empty() {
        "no case is left: expected options that go together".to_owned()
    } else {
        reasons.join("\n")
    }
}

/// The files that are asked for.
fn write(arguments: &Arguments, judged: &Judged<'_>) -> Result<()> {
    if let Some(path) = &arguments.document {
        let kills = matrix::kills(judged.registry, &Selection::default());
        let recorded = matrix::recorded::read(&workspace().join("fixtures/conformance"))?;
        let text = matrix::document(judged, &recorded, &kills)?;
        files::replace(path, text.as_bytes())?;
    }
    if let Some(folder) = &arguments.out {
        matrix::write(judged, folder)?;
        say(&format!("{}\n", folder.join("conformance.html").display()))?;
    }
    Ok(())
}

fn selection(
    arguments: &Arguments,
    registry: &Registry,
    implementations: &[&dyn Implementation],
) -> Result<Selection> {
    if let Some(name) = &arguments.implementation
        && !implementations.iter().any(|known| known.name() == name)
    {
        if arguments.mutants {
            bail!("--implementation {name}: expected one that `--mutants` shows without it");
        }
        let names: Vec<&str> = implementations.iter().map(|known| known.name()).collect();
        bail!("--implementation {name}: expected one of {}", names.join(", "));
    }
    Ok(Selection {
        role: arguments.role,
        implementation: arguments.implementation.clone(),
        ..arguments.wanted.selection(registry)?
    })
}
