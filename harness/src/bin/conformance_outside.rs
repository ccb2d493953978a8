//! The program `conformance-outside`: the cases against an implementation that is not in this process.
//!
//! Exit status: 0 every verdict is the expected one; 1 one is not; 2 bad input, or Docker is not there.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Parser;
use conformance::{
    Baseline, Implementation, Job, Matrix, Profile, Registry, Role, Selection, cases,
};
use core::net::SocketAddr;
use harness::conform::{self, Account, Remote, Ward};
use harness::gateways::Plug;
use harness::{Stop, arguments};
use ike_core::{Identity, Psk, Suite, TrafficSelector};
use runner::matrix::{self, Judged, show};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// How many cases are at work at once at a container, unless told: they mostly wait.
const AT_ONCE: usize = 48;
/// The same for the others: with more at once libreswan's answers come later than a case waits, which looks like silence.
const AT_ONCE_SLOW: usize = 4;

/// Judges an implementation that is not in this process, in real time.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask conformance", bin_name = "cargo xtask conformance")]
struct Arguments {
    /// An implementation in a container: strongswan, libreswan or openiked.
    #[arg(long, value_name = "NAME", value_parser = Plug::named, required_unless_present = "gateway")]
    implementation: Option<&'static Plug>,
    /// Anybody's gateway: udp:ADDRESS or udp:ADDRESS:PORT.
    #[arg(long, value_name = "udp:ADDRESS", conflicts_with = "implementation", value_parser = udp)]
    gateway: Option<SocketAddr>,
    /// What it is: responder.
    #[arg(long, value_name = "ROLE", default_value = "responder")]
    role: Role,
    /// Only the demands of this profile: rfc7815, rfc7296-min or modern.
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Only this requirement, and the cases that judge it.
    #[arg(long, value_name = "ID")]
    requirement: Option<String>,
    /// Only this case, with what crossed.
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Writes conformance.json, conformance.xml, conformance.html, the daemons' logs, and a ladder and a capture of what did not pass into this folder.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// With a container: so many cases at once.
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<core::num::NonZeroUsize>,
    /// The verdicts that are expected.
    #[arg(long, value_name = "FILE", default_value_os_t = root().join("harness/baseline.toml"))]
    baseline: PathBuf,
    /// With --gateway udp: who the tester is there.
    #[arg(long, value_name = "IDENTITY", default_value = "fqdn:tester.example", value_parser = arguments::identity)]
    identity: Identity,
    /// With --gateway udp: the pre-shared key, or hex: and its digits.
    #[arg(long, value_name = "KEY", default_value = "correct horse battery staple", value_parser = arguments::psk)]
    psk: Psk,
    /// With --gateway udp: the suite that the gateway accepts.
    #[arg(long, value_name = "SUITE", default_value = "aes-gcm-x25519", value_parser = arguments::suite())]
    suite: Suite,
    /// With --gateway udp: what is behind it, which the tester asks for as TSr; its own address unless it says so.
    #[arg(long, value_name = "NETWORK", value_parser = arguments::network)]
    behind: Option<TrafficSelector>,
}

/// `udp:ADDRESS[:PORT]`.
fn udp(text: &str) -> Result<SocketAddr, String> {
    let wrong = || format!("expected udp:ADDRESS or udp:ADDRESS:PORT, found {text:?}");
    arguments::ike_endpoint(text.strip_prefix("udp:").ok_or_else(wrong)?)
}

/// The root of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

fn main() -> ExitCode {
    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let judged = runtime
        .context("no runtime")
        .and_then(|runtime| runtime.block_on(judge(&Arguments::parse())));
    eprintln!("{:.1} s", start.elapsed().as_secs_f64());
    match judged {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything is as expected.
async fn judge(arguments: &Arguments) -> Result<bool> {
    let registry = Registry::ours().context("docs/conformance/requirements.toml")?;
    let path = &arguments.baseline;
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let baseline = Baseline::parse(&text).with_context(|| path.display().to_string())?;
    let selection = selection(arguments, &registry)?;
    let matrix = match (arguments.implementation, arguments.gateway) {
        (Some(plug), _) => in_containers(arguments, plug, (&registry, &selection)).await?,
        (None, Some(address)) => remote(arguments, address, (&registry, &selection)).await?,
        (None, None) => bail!("expected --implementation or --gateway"),
    };
    let judged =
        Judged { registry: &registry, matrix: &matrix, baseline: &baseline, selection: &selection };
    let (text, as_expected) = show::judged(&judged, arguments.case.is_some());
    print!("{text}");
    if let Some(folder) = &arguments.out {
        matrix::write(&judged, folder)?;
        conform::keep(&matrix, folder)?;
        println!("{}", folder.join("conformance.html").display());
    }
    Ok(as_expected)
}

/// The cases at an implementation in containers.
async fn in_containers(
    arguments: &Arguments,
    plug: &'static Plug,
    (registry, selection): (&Registry, &Selection),
) -> Result<Matrix> {
    ensure!(arguments.role == Role::Responder, "--role: a container is judged as a responder only");
    let mut ward = Ward::new(plug);
    let jobs = Job::plan(registry, &[&ward as &dyn Implementation], selection);
    ensure!(!jobs.is_empty(), "no case is left: expected options that go together");
    let setups = ward.setups(&jobs);
    drop(jobs);
    ward.plan(setups);
    ward.open().await?;
    let usual = if plug.name == "strongswan" { AT_ONCE } else { AT_ONCE_SLOW };
    let at_once = arguments.jobs.map_or(usual, core::num::NonZeroUsize::get);
    let ward = Arc::new(ward);
    let matrix = run(Arc::clone(&ward), at_once, selection.clone()).await;
    let mut ward = Arc::try_unwrap(ward).map_err(|_| anyhow!("a case is still at work"))?;
    for (name, log) in ward.close().await {
        if let Some(folder) = &arguments.out {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
            let path = folder.join(format!("{}-{name}.log", plug.name));
            runner::files::replace(&path, log.as_bytes())?;
        }
    }
    matrix
}

/// The cases at anybody's gateway, one after the other: they all are the same peer there.
async fn remote(
    arguments: &Arguments,
    address: SocketAddr,
    (registry, selection): (&Registry, &Selection),
) -> Result<Matrix> {
    let account = Account {
        identity: arguments.identity.clone(),
        psk: arguments.psk.clone(),
        suite: arguments.suite,
        behind: arguments.behind,
    };
    let remote = Arc::new(Remote::new(address, account));
    let jobs = Job::plan(registry, &[&*remote as &dyn Implementation], selection);
    ensure!(!jobs.is_empty(), "no case is left: expected options that go together");
    run(remote, 1, selection.clone()).await
}

/// Runs the plan with so many cases at once, beside the runtime that has the portals.
async fn run<I: Implementation + Send + Sync + 'static>(
    implementation: Arc<I>,
    at_once: usize,
    selection: Selection,
) -> Result<Matrix> {
    let mut stop = Stop::on_signal()?;
    let threads = rayon::ThreadPoolBuilder::new().num_threads(at_once).build()?;
    let work = tokio::task::spawn_blocking(move || {
        let registry = Registry::ours().context("docs/conformance/requirements.toml")?;
        Ok(threads.install(|| matrix::run(&registry, &[&*implementation], &selection)))
    });
    tokio::select! {
        matrix = work => matrix?,
        () = stop.wait() => bail!("stopped"),
    }
}

fn selection(arguments: &Arguments, registry: &Registry) -> Result<Selection> {
    if let Some(id) = &arguments.requirement {
        let known = registry.get(id).is_some();
        ensure!(known, "--requirement {id}: expected an id of docs/conformance/requirements.toml");
    }
    if let Some(name) = &arguments.case {
        let known = cases::all().any(|case| case.name == name);
        ensure!(known, "--case {name}: expected a case of `cargo xtask conformance --list`");
    }
    let profile = arguments.profile.as_deref().map(str::parse::<Profile>).transpose();
    Ok(Selection {
        role: Some(arguments.role),
        implementation: None,
        profile: profile.map_err(|error| anyhow!("--profile: {error}"))?,
        requirement: arguments.requirement.clone(),
        case: arguments.case.clone(),
    })
}
