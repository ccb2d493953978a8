//! The program `respond`: the reference responder on UDP.
//!
//! Exit status: 0 stopped, or with `--once` an IKE SA was established; 1 with `--once` none was; 2 bad input.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, ensure};
use clap::Parser;
use core::net::SocketAddr;
use harness::arguments::{
    cookies, credential, identity, ike_endpoint, network, positive_duration, responder_seed, suite,
};
use harness::{Files, Recorder, Service, Stop, Summary, Wire, respond};
use ike_core::{Identity, Psk, Suite, TrafficSelector};
use ike_responder::{Config, CookiePolicy};
use simulator::Side;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Serves the reference responder on UDP and shows what crosses the wire, until Ctrl-C.
///
/// It is IKE only: ESP would take raw sockets and is not carried; the SPIs of each Child SA are shown. There
/// is no NAT traversal. Exit status: 0 stopped, or with --once an IKE SA was established; 1 with --once none was;
/// 2 bad input.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask respond", bin_name = "cargo xtask respond")]
struct Arguments {
    /// The address to listen on, one of this machine's: behind 0.0.0.0 nobody would know which one a
    /// datagram came to. The port is 500 unless given (that needs privileges); 0 takes a free one.
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = ike_endpoint)]
    listen: SocketAddr,
    /// The pre-shared key of an identity, once for each: a text, or octets as hex:DIGITS. Others on this
    /// machine can read it in the list of processes.
    #[arg(long, value_name = "IDENTITY=SECRET", value_parser = credential, required = true)]
    psk: Vec<(Identity, Psk)>,
    /// Who we are (IDr) [default: the address to listen on].
    #[arg(long, value_name = "IDENTITY", value_parser = identity)]
    id: Option<Identity>,
    /// What is accepted, the preferred one first [default: all].
    #[arg(long, value_name = "NAME", value_parser = suite(), num_args = 1..)]
    suite: Vec<Suite>,
    /// When a cookie is asked for: never, always, or above so many half-open IKE SAs.
    #[arg(long, value_name = "never|always|N", value_parser = cookies, default_value = "1000")]
    cookies: CookiePolicy,
    /// What stands behind us: TSr is narrowed to it [default: everything].
    #[arg(long, value_name = "NETWORK", value_parser = network, num_args = 1..)]
    local: Vec<TrafficSelector>,
    /// What initiators may have: TSi is narrowed to it [default: the address they come from].
    #[arg(long, value_name = "NETWORK", value_parser = network, num_args = 1..)]
    remote: Vec<TrafficSelector>,
    /// Asks a peer that was silent for so long whether it lives, for example 10s [default: never].
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    liveness: Option<Duration>,
    /// Ends when the first IKE SA that was established is closed, or when nothing arrives for as long as --idle
    /// says: a minimal initiator may go silently.
    #[arg(long)]
    once: bool,
    /// How long --once waits for a datagram.
    #[arg(long, value_name = "DURATION", value_parser = positive_duration, default_value = "60s", requires = "once")]
    idle: Duration,
    /// Writes capture.pcapng, the keys for it and ladder.txt into this folder.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Takes all randomness from this number, so that the octets repeat: the keys are then no secret.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let once = arguments.once;
    runner::status(run(arguments).map(|summary| !once || summary.established > 0))
}

fn run(arguments: Arguments) -> Result<Summary> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let wire = Wire::listen(arguments.listen)
            .await
            .with_context(|| format!("--listen {}", arguments.listen))?;
        let config = config(&arguments)?;
        let mut recorder =
            Recorder::new(Side::Gateway, &config.identity, Box::new(std::io::stdout()));
        if let Some(folder) = &arguments.out {
            recorder = recorder.files(Files::create(folder)?);
        }
        let mut stop = Stop::on_signal()?;
        recorder.say(&format!("listening on {}\n", wire.local()))?;
        let seed = responder_seed(arguments.seed)?;
        let service = Service { config, seed, once: arguments.once.then_some(arguments.idle) };
        let summary = respond(wire, service, &mut recorder, &mut stop).await?;
        recorder.say(&format!("\n{summary}"))?;
        Ok(summary)
    })
}

fn config(arguments: &Arguments) -> Result<Config> {
    let default_id = || Identity::address(arguments.listen.ip());
    let mut config = Config::new(arguments.id.clone().unwrap_or_else(default_id));
    for (who, psk) in &arguments.psk {
        let earlier = config.credentials.insert(who.clone(), psk.clone());
        ensure!(earlier.is_none(), "--psk: {who} has two keys; expected one for each identity");
    }
    if !arguments.suite.is_empty() {
        config.suites.clone_from(&arguments.suite);
    }
    if !arguments.local.is_empty() {
        config.local.clone_from(&arguments.local);
    }
    config.remote.clone_from(&arguments.remote);
    config.cookies = arguments.cookies;
    config.liveness = arguments.liveness;
    Ok(config)
}
