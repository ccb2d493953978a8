//! The program `connect`: the initiator against a gateway over UDP.
//!
//! Exit status: 0 an IKE SA was established and closed, 1 it was not, 2 bad input.
#![forbid(unsafe_code)]

use anyhow::{Context, Result};
use clap::Parser;
use core::net::SocketAddr;
use harness::arguments::{
    duration, generator, identity, local_endpoint, network, peer_endpoint, profile, psk, schedule,
    suite,
};
use harness::{Files, Outcome, Plan, Recorder, Stop, Wire, connect};
use ike_core::{Identity, MAX_SELECTORS, Psk, Schedule, Selectors, Suite, TrafficSelector};
use ike_initiator::{Config, Profile};
use simulator::Side;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Connects the RFC 7815 initiator to a gateway over UDP, shows what crosses the wire, and closes.
///
/// It is IKE only: ESP would take raw sockets and is not sent; the SPIs of the Child SA are shown. There is
/// no NAT traversal. Exit status: 0 an IKE SA was established and closed, 1 it was not (the last line says why),
/// 2 bad input.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask connect", bin_name = "cargo xtask connect")]
struct Arguments {
    /// The gateway's address; the port is 500 unless given.
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = peer_endpoint)]
    gateway: SocketAddr,
    /// The pre-shared key: a text, or octets as hex:DIGITS. Others on this machine can read it in the list
    /// of processes.
    #[arg(long, value_name = "SECRET", value_parser = psk)]
    psk: Psk,
    /// Our identity (IDi): a name, an address, user@name, or keyid:DIGITS.
    #[arg(long, value_name = "IDENTITY", value_parser = identity)]
    id: Identity,
    /// The identity that the gateway must have (IDr) [default: whoever proves to know the key].
    #[arg(long, value_name = "IDENTITY", value_parser = identity)]
    remote_id: Option<Identity>,
    /// The algorithms to offer.
    #[arg(long, value_name = "NAME", value_parser = suite(), default_value = Suite::default().name())]
    suite: Suite,
    /// Which RFC decides where RFC 7815 and RFC 7296 differ.
    #[arg(long, value_name = "NAME", value_parser = profile(), default_value = Profile::default().name())]
    profile: Profile,
    /// When requests are sent again and given up.
    #[arg(long, value_name = "PRESET", value_parser = schedule(), default_value = "rfc7296")]
    retransmission: Schedule,
    /// The address to connect from [default: the one that leads to the gateway, any port].
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = local_endpoint)]
    local: Option<SocketAddr>,
    /// What is ours in the tunnel (TSi), up to four times [default: the local address].
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    ts_local: Vec<TrafficSelector>,
    /// What is on the other side (TSr), up to four times [default: the gateway's address].
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    ts_remote: Vec<TrafficSelector>,
    /// Does not tell the gateway to forget older IKE SAs of this identity.
    #[arg(long)]
    no_initial_contact: bool,
    /// Keeps the IKE SA for so long, answering the gateway, for example 30s.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    stay: Duration,
    /// Closes with a Delete instead of silently.
    #[arg(long)]
    delete: bool,
    /// Writes capture.pcapng, the keys for it and ladder.txt into this folder.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Takes all randomness from this number, so that the octets repeat: the keys are then no secret.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    runner::status(run(Arguments::parse()).map(|outcome| outcome.established.is_some()))
}

fn run(arguments: Arguments) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let remote = arguments.gateway;
        let wire = Wire::connect(arguments.local, remote).await.with_context(|| {
            let from = arguments.local.map_or(String::new(), |local| format!(" from {local}"));
            format!("no socket{from} to {remote}")
        })?;
        let mut recorder = Recorder::new(Side::Node, &arguments.id, Box::new(std::io::stdout()));
        if let Some(folder) = &arguments.out {
            recorder = recorder.files(Files::create(folder)?);
        }
        recorder.say(&format!("{} to {remote}, IKE only\n", wire.local()))?;
        let rng = generator(arguments.seed)?;
        let plan = Plan { stay: arguments.stay, config: config(arguments, &wire)?, rng };
        let mut stop = Stop::on_signal()?;
        let outcome = connect(wire, plan, &mut recorder, &mut stop).await?;
        recorder.say("")?;
        if let Some(child) = outcome.established.as_ref().and_then(|done| done.child.as_ref()) {
            recorder.say(&format!("Child SA: {child}; ESP is not carried"))?;
        }
        recorder.say(&outcome.to_string())?;
        Ok(outcome)
    })
}

fn config(arguments: Arguments, wire: &Wire) -> Result<Config> {
    let path = wire.path_to(arguments.gateway);
    let mut config = Config::new(path, arguments.id, arguments.psk).suite(arguments.suite);
    config.remote_identity = arguments.remote_id;
    config.profile = arguments.profile;
    config.schedule = arguments.retransmission;
    config.initial_contact = !arguments.no_initial_contact;
    config.delete_on_close = arguments.delete;
    let sides = [
        ("--ts-local", &arguments.ts_local, &mut config.local),
        ("--ts-remote", &arguments.ts_remote, &mut config.remote),
    ];
    for (name, wanted, selectors) in sides {
        if !wanted.is_empty() {
            *selectors = Selectors::from_slice(wanted)
                .ok()
                .with_context(|| format!("{name}: expected at most {MAX_SELECTORS} networks"))?;
        }
    }
    Ok(config)
}
