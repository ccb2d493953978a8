//! The program `conformance-outside`: the cases against an implementation that is not in this process.
//!
//! Exit status: 0 every verdict is the expected one; 1 one is not; 2 bad input, or Docker is not there.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Parser;
use conformance::{Baseline, Implementation, Job, Matrix, Registry, Role, Selection};
use core::net::SocketAddr;
use core::time::Duration;
use harness::conform::{self, Account, Caller, Halt, Remote, Squad, Ward, again};
use harness::gateways::Plug;
use harness::{Stop, arguments};
use ike_core::{Identity, Psk, Suite, TrafficSelector};
use runner::matrix::{self, Judged, Wanted, show};
use runner::{files, say, status, tell};
use std::fs;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// How many cases are at work at once at a container, unless told: they mostly wait.
const AT_ONCE: usize = 48;
/// The same for the others: with more at once libreswan's answers come later than a case waits, which looks like silence.
const AT_ONCE_SLOW: usize = 4;
/// The same where each case has a container.
const CONTAINERS_AT_ONCE: usize = 6;

/// Judges an implementation that is not in this process, in real time.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask conformance",
    bin_name = "cargo xtask conformance",
    after_help = "Exit status: 0 every verdict is the expected one, 1 one is not, 2 bad input, or Docker is not there."
)]
struct Arguments {
    /// An implementation in a container: strongswan, libreswan or openiked.
    #[arg(long, value_name = "NAME", value_parser = Plug::named, required_unless_present_any = ["gateway", "device"])]
    implementation: Option<&'static Plug>,
    /// Anybody's gateway: udp:ADDRESS or udp:ADDRESS:PORT.
    #[arg(long, value_name = "udp:ADDRESS", conflicts_with = "implementation", value_parser = udp)]
    gateway: Option<SocketAddr>,
    /// Anybody's device, which connects to an address of this machine: udp:ADDRESS or udp:ADDRESS:PORT.
    #[arg(long, value_name = "udp:ADDRESS", conflicts_with_all = ["implementation", "gateway"], value_parser = udp)]
    device: Option<SocketAddr>,
    /// With --implementation: what it is, initiator or responder.
    #[arg(long, value_name = "ROLE", default_value = "responder", conflicts_with_all = ["gateway", "device"])]
    role: Role,
    #[command(flatten)]
    wanted: Wanted,
    /// Writes conformance.json, conformance.xml, conformance.html, the daemons' logs, and a ladder and a capture of what did not pass into this folder.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// With --implementation: writes the column into this folder, to be shown where no container runs; with --case or --requirement, these verdicts of it.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["gateway", "device"])]
    record: Option<PathBuf>,
    /// With --implementation: so many cases at once [default: as many as it can serve].
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["gateway", "device"], value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// So many more chances for a case that is not as expected: on a busy machine an answer may be late.
    #[arg(long, value_name = "TIMES", default_value_t = 0)]
    again: usize,
    /// With --device: what has the device connect, for the shell; without it the device does so by itself.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["implementation", "gateway"])]
    wake: Option<String>,
    /// With --device: so many seconds may go by until it connects.
    #[arg(long, value_name = "SECONDS", default_value = "60", conflicts_with_all = ["implementation", "gateway"])]
    within: u64,
    /// With --gateway or --device: who the tester is there.
    #[arg(long, value_name = "IDENTITY", default_value = "fqdn:tester.example", conflicts_with = "implementation", value_parser = arguments::identity)]
    identity: Identity,
    /// With --gateway or --device: the pre-shared key, or hex: and its digits.
    #[arg(long, value_name = "KEY", default_value = "correct horse battery staple", conflicts_with = "implementation", value_parser = arguments::psk)]
    psk: Psk,
    /// With --gateway or --device: the suite that the other end accepts or offers.
    #[arg(long, value_name = "SUITE", default_value = "aes-gcm-x25519", conflicts_with = "implementation", value_parser = arguments::suite())]
    suite: Suite,
    /// With --gateway: what is behind it, which the tester asks for as TSr; its own address unless it says so.
    #[arg(long, value_name = "NETWORK", conflicts_with_all = ["implementation", "device"], value_parser = arguments::network)]
    behind: Option<TrafficSelector>,
}

/// `udp:ADDRESS[:PORT]`, where somebody listens: the gateway, or the tester for the device, which must know the port.
fn udp(text: &str) -> Result<SocketAddr, String> {
    let wrong = || format!("expected udp:ADDRESS or udp:ADDRESS:PORT, found {text:?}");
    arguments::peer_endpoint(text.strip_prefix("udp:").ok_or_else(wrong)?)
}

fn main() -> ExitCode {
    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let judged = runtime
        .context("no runtime")
        .and_then(|runtime| runtime.block_on(judge(&Arguments::parse())));
    tell(&format!("{:.1} s", start.elapsed().as_secs_f64()));
    status(judged)
}

/// What is to be judged, and by what.
struct Work {
    registry: Registry,
    selection: Selection,
    baseline: Baseline,
    again: usize,
}

impl Work {
    fn of(arguments: &Arguments) -> Result<Self> {
        let registry = Registry::ours().context("docs/conformance/requirements.toml")?;
        let baseline = arguments.wanted.baseline()?;
        let role = if arguments.device.is_some() { Role::Initiator } else { arguments.role };
        let selection = Selection { role: Some(role), ..arguments.wanted.selection(&registry)? };
        Ok(Self { registry, selection, baseline, again: arguments.again })
    }

    /// The jobs of an implementation; there must be one.
    fn planned<'a>(&'a self, implementation: &'a dyn Implementation) -> Result<Vec<Job<'a>>> {
        let jobs = Job::plan(&self.registry, &[implementation], &self.selection);
        ensure!(!jobs.is_empty(), "no case is left: expected options that go together");
        Ok(jobs)
    }
}

/// Whether everything is as expected.
async fn judge(arguments: &Arguments) -> Result<bool> {
    let work = Arc::new(Work::of(arguments)?);
    for folder in [&arguments.out, &arguments.record].into_iter().flatten() {
        files::prepare(folder)?;
    }
    let matrix = match (arguments.implementation, arguments.gateway, arguments.device) {
        (Some(plug), ..) if arguments.role == Role::Initiator => {
            devices(arguments, plug, &work).await?
        }
        (Some(plug), ..) => in_containers(arguments, plug, &work).await?,
        (None, Some(address), _) => remote(arguments, address, &work).await?,
        (None, None, Some(address)) => caller(arguments, address, &work).await?,
        (None, None, None) => bail!("expected --implementation, --gateway or --device"),
    };
    let Work { registry, selection, baseline, .. } = &*work;
    let judged = Judged { registry, matrix: &matrix, baseline, selection };
    let (mut text, as_expected) = show::judged(&judged, arguments.wanted.case.is_some());
    if !as_expected {
        text.push_str(&show::how_to_accept(&arguments.wanted.baseline_path()));
    }
    // The files are written whoever listens.
    let said = say(&text);
    if let Some(folder) = &arguments.out {
        matrix::write(&judged, folder)?;
        conform::keep(&matrix, folder)?;
        say(&format!("{}\n", folder.join("conformance.html").display()))?;
    }
    said?;
    Ok(as_expected)
}

/// The cases at an implementation in containers.
async fn in_containers(
    arguments: &Arguments,
    plug: &'static Plug,
    work: &Arc<Work>,
) -> Result<Matrix> {
    let (halt, stop) = (Halt::default(), Stop::on_signal()?);
    let mut ward = Ward::new(plug, halt.clone());
    let setups = ward.setups(&work.planned(&ward)?);
    ward.plan(setups);
    ward.open().await?;
    let usual = if plug.name == "strongswan" { AT_ONCE } else { AT_ONCE_SLOW };
    let at_once = arguments.jobs.map_or(usual, usize::from);
    let ward = Arc::new(ward);
    let matrix = run((Arc::clone(&ward), at_once), (halt, stop), work).await;
    record(arguments, &matrix, ward.version())?;
    let mut ward = Arc::try_unwrap(ward).map_err(|_| anyhow!("a case is still at work"))?;
    write_logs(arguments, plug.name, &ward.close().await)?;
    matrix
}

/// The cases at an implementation as the device, each in a container of its own.
async fn devices(arguments: &Arguments, plug: &'static Plug, work: &Arc<Work>) -> Result<Matrix> {
    let (halt, stop) = (Halt::default(), Stop::on_signal()?);
    let squad = Arc::new(Squad::new(plug, halt.clone())?);
    work.planned(&*squad)?;
    let at_once = arguments.jobs.map_or(CONTAINERS_AT_ONCE, usize::from);
    let matrix = run((Arc::clone(&squad), at_once), (halt, stop), work).await;
    record(arguments, &matrix, squad.version())?;
    write_logs(arguments, squad.name(), &squad.logs())?;
    matrix
}

/// Keeps the columns of a run; of a part of one, its verdicts among those that are there.
fn record(arguments: &Arguments, matrix: &Result<Matrix>, version: Option<String>) -> Result<()> {
    let (Some(folder), Ok(matrix), Some(version)) = (&arguments.record, matrix, version) else {
        return Ok(());
    };
    let whole = arguments.wanted.case.is_none() && arguments.wanted.requirement.is_none();
    for mut column in matrix::recorded::columns(matrix, &version) {
        let file = folder.join(column.file());
        if !whole && file.exists() {
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let before = matrix::recorded::Column::parse(&text);
            let before = before.with_context(|| file.display().to_string())?;
            column = before.updated(column).with_context(|| file.display().to_string())?;
        }
        runner::files::replace(&folder.join(column.file()), column.text().as_bytes())?;
    }
    Ok(())
}

/// What the containers said, in a file each.
fn write_logs(arguments: &Arguments, name: &str, logs: &[(String, String)]) -> Result<()> {
    let Some(folder) = &arguments.out else { return Ok(()) };
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for (of, log) in logs {
        runner::files::replace(&folder.join(format!("{name}-{of}.log")), log.as_bytes())?;
    }
    Ok(())
}

/// Who the tester is for anybody's gateway or device.
fn account(arguments: &Arguments) -> Account {
    Account {
        identity: arguments.identity.clone(),
        psk: arguments.psk.clone(),
        suite: arguments.suite,
        behind: arguments.behind,
    }
}

/// The cases at anybody's device, one after the other.
async fn caller(arguments: &Arguments, address: SocketAddr, work: &Arc<Work>) -> Result<Matrix> {
    // Each case listens anew: an address of somebody else, or a port that takes privileges, would be refused in all of them.
    UdpSocket::bind(address).with_context(|| format!("--device udp:{address}"))?;
    let (halt, stop) = (Halt::default(), Stop::on_signal()?);
    let waking = (arguments.wake.clone(), Duration::from_secs(arguments.within));
    let caller = Arc::new(Caller::new(address, account(arguments), waking, halt.clone()));
    work.planned(&*caller)?;
    let how = if arguments.wake.is_some() { "the command wakes" } else { "waiting for" };
    tell(&format!("{how} the device at {address}"));
    run((caller, 1), (halt, stop), work).await
}

/// The cases at anybody's gateway, one after the other: they all are the same peer there.
async fn remote(arguments: &Arguments, address: SocketAddr, work: &Arc<Work>) -> Result<Matrix> {
    let (halt, stop) = (Halt::default(), Stop::on_signal()?);
    let remote = Arc::new(Remote::new(address, account(arguments), halt.clone()));
    work.planned(&*remote)?;
    run((remote, 1), (halt, stop), work).await
}

/// Runs the plan with so many cases at once, beside the runtime that has the portals. A signal calls them off.
async fn run<I: Implementation + Send + Sync + 'static>(
    (implementation, at_once): (Arc<I>, usize),
    (halt, mut stop): (Halt, Stop),
    work: &Arc<Work>,
) -> Result<Matrix> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(at_once).build()?;
    let work = Arc::clone(work);
    let mut done = tokio::task::spawn_blocking(move || {
        let Work { registry, selection, baseline, again } = &*work;
        let judge = || again::judge(&*implementation, (registry, baseline), selection, *again);
        threads.install(judge)
    });
    tokio::select! {
        matrix = &mut done => return Ok(matrix?),
        () = stop.wait() => halt.call(),
    }
    // What they were at ends first, so that nothing of it stays.
    let _ = done.await;
    bail!("stopped")
}
