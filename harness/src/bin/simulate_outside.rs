//! The program `simulate-outside`: a scenario whose gateway is a real one, at the pace of the clock.
//!
//! Exit status: 0 the run did what the scenario expects and broke no rule, 1 it did not, 2 bad input, 77 the gateway
//! cannot do what the scenario asks.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, bail};
use clap::Parser;
use core::net::SocketAddr;
use harness::gateways::{Plug, Running, Setting, StartError, bridge_address, obey};
use harness::outside::{self, Finished, Options, Told};
use harness::{Portal, Stop};
use runner::{Named, Trace, default_folder, files, key_value, say, show, tell};
use simulator::Keep;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::sync::mpsc::unbounded_channel;

/// Runs a scenario with a real gateway, at the pace of the clock.
///
/// Nodes, links and faults are virtual, as ever; what crosses the network reaches the gateway's own network interface.
/// The run leaves a recording that `cargo xtask simulate --recording` does again without the gateway.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask simulate",
    bin_name = "cargo xtask simulate",
    after_help = "Exit status: 0 the run did what the scenario expects and broke no rule, 1 it did not, 2 bad input, 77 the gateway cannot do what the scenario asks."
)]
struct Arguments {
    /// The scenario, a TOML file; docs/scenario.md has every key.
    scenario: PathBuf,
    /// The gateway: one of `cargo xtask gateways --list`, in a container; `portal:ADDRESS:PORT` waits there for one
    /// that you bring yourself.
    #[arg(long, value_name = "NAME", value_parser = gateway)]
    gateway: Gateway,
    /// Jumps over the time in which all nodes sleep and nothing is on its way.
    #[arg(long)]
    skip_idle: bool,
    /// Where all randomness of nodes and links comes from [default: the scenario's].
    #[arg(long)]
    seed: Option<u64>,
    /// The folder for the files [default: target/sim/SCENARIO/SEED-GATEWAY].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Changes a key of the scenario, for example link.loss=30% or node.door.count=3.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    overrides: Vec<(String, String)>,
    /// Of which nodes trace.jsonl and capture.pcapng tell.
    #[arg(long, value_enum, default_value_t = Trace::Full)]
    trace: Trace,
    /// Writes down only what happens to the node of this number, with its ladder.
    #[arg(long, value_name = "NUMBER")]
    node: Option<u32>,
    /// Prints report.json instead of the readable result.
    #[arg(long)]
    json: bool,
}

/// Which gateway.
#[derive(Clone, Copy, Debug)]
enum Gateway {
    /// Started in a container.
    Container(&'static Plug),
    /// Somebody's own.
    Portal(SocketAddr),
}

fn gateway(text: &str) -> Result<Gateway, String> {
    let Some(address) = text.strip_prefix("portal:") else {
        return Plug::named(text).map(Gateway::Container).map_err(|error| {
            format!("{error}, or portal:ADDRESS:PORT, such as portal:127.0.0.1:7815")
        });
    };
    let expected = "expected portal:ADDRESS:PORT, such as portal:127.0.0.1:7815";
    address.parse().map(Gateway::Portal).map_err(|_| expected.into())
}

impl Gateway {
    /// As part of a folder's name.
    const fn name(self) -> &'static str {
        match self {
            Self::Container(plug) => plug.name,
            Self::Portal(_) => "portal",
        }
    }

    /// Where its portal is bound.
    fn portal(self) -> Result<SocketAddr> {
        match self {
            Self::Container(_) => Ok(SocketAddr::new(bridge_address()?, 0)),
            Self::Portal(address) => Ok(address),
        }
    }
}

/// The exit status for a scenario that the gateway cannot do: neither a pass nor a failure.
const UNSUPPORTED: u8 = 77;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.context("no runtime").and_then(|runtime| runtime.block_on(run(&arguments))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            tell(&format!("error: {error:#}"));
            let unsupported =
                matches!(error.downcast_ref::<StartError>(), Some(StartError::Unsupported(_)));
            ExitCode::from(if unsupported { UNSUPPORTED } else { 2 })
        }
    }
}

/// Runs, writes, prints; whether the run did what was expected.
async fn run(arguments: &Arguments) -> Result<bool> {
    let named = Named::read(&arguments.scenario, &arguments.overrides)?;
    let nodes = named.scenario.nodes();
    if let Some(node) = arguments.node.filter(|node| *node >= nodes) {
        bail!("--node {node}: the run has nodes 0 to {}", nodes - 1);
    }
    let takes_orders = matches!(arguments.gateway, Gateway::Container(_));
    outside::check(&named.scenario, arguments.skip_idle, takes_orders)
        .with_context(|| named.path.display().to_string())?;
    let mut stop = Stop::on_signal()?;
    let seed = arguments.seed.unwrap_or(named.scenario.seed);
    let run = format!("{seed}-{}", arguments.gateway.name());
    let folder = arguments.out.clone().unwrap_or_else(|| default_folder(&named.name, &run));
    files::prepare(&folder)?;
    let (asks, orders) = unbounded_channel();
    let options = Options {
        seed,
        keep: Keep { thinning: arguments.trace.into(), node: arguments.node },
        skip_idle: arguments.skip_idle,
        asks: takes_orders.then_some(asks),
    };
    let address = arguments.gateway.portal()?;
    let mut portal =
        Portal::bind(address).await.with_context(|| format!("no portal at {address}"))?;
    let (running, peer) = tokio::select! {
        came = come(arguments.gateway, &named, &mut portal) => came?,
        () = stop.wait() => bail!("no gateway came to the portal"),
    };
    let run = async {
        // They go with the run: then nobody can want more of the gateway.
        let options = options;
        outside::run(&named, &arguments.overrides, &options, &mut portal, &mut stop).await
    };
    let mut finished = match &running {
        Some(running) => {
            let (finished, refused) = tokio::join!(run, obey(running, &named.scenario, orders));
            for text in refused {
                tell(&format!("{}: {text}", arguments.gateway.name()));
            }
            finished?
        }
        None => run.await?,
    };
    let told = match running {
        Some(running) => ask(running).await?,
        None => Told { gateway: format!("at {peer}"), ..Told::default() },
    };
    finished.was(&told.gateway);
    finished.write(&folder, &told)?;
    let said = say(&shown(&finished, &folder, arguments.json));
    if portal.lost() > 0 {
        tell(&format!("{} packets could not be sent through the portal", portal.lost()));
    }
    said?;
    Ok(finished.outcome.report.passed && !finished.stopped)
}

/// Waits until a gateway is ready and at the portal.
async fn come(
    gateway: Gateway,
    named: &Named,
    portal: &mut Portal,
) -> Result<(Option<Running>, SocketAddr)> {
    let running = match gateway {
        Gateway::Portal(_) => {
            tell(&format!("waiting for a gateway at portal {}", portal.local()?));
            None
        }
        Gateway::Container(plug) => {
            let setting = Setting::gateway(&named.scenario);
            let running = Running::start(plug, &setting, portal.local()?).await?;
            let caveats = plug.caveats.iter().map(|&caveat| caveat.to_owned());
            for caveat in caveats.chain(running.caveats()) {
                tell(&format!("{}: {caveat}", plug.name));
            }
            Some(running)
        }
    };
    Ok((running, portal.peer().await))
}

/// What the gateway tells of the run; then it ends.
async fn ask(running: Running) -> Result<Told> {
    let told = Told {
        gateway: running.version().to_owned(),
        log: Some(running.log()),
        sas: Some(running.control("sas").await?),
        raw: Some(running.control("raw").await?),
    };
    running.stop().await?;
    Ok(told)
}

fn shown(finished: &Finished, folder: &Path, json: bool) -> String {
    let outcome = &finished.outcome;
    if json {
        return outcome.report.to_json();
    }
    let (recording, replay) = (Finished::recording(folder), Finished::replay(folder));
    let result = show::paced_result(outcome, folder, (&recording, &replay));
    if finished.stopped { result + "stopped before its end\n" } else { result }
}
