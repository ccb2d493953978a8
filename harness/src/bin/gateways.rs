//! The program `gateways`: the implementations in containers, built, listed and tried.
//!
//! Exit status: 0 all went well, 1 an image cannot be built or a gateway does not start, 2 Docker is not there.
#![forbid(unsafe_code)]

use anyhow::{Context, Result};
use clap::Parser;
use comfy_table::{Table, presets};
use harness::gateways::{
    GATEWAYS, Image, Plug, Running, Setting, StartError, bridge_address, clean, leftovers,
};
use harness::{Portal, Stop};
use runner::{say, tell};
use simulator::scenario::Scenario;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Builds the gateways' images and tries whether each starts, answers and stops.
///
/// Exit status: 0 all went well, 1 an image cannot be built or a gateway does not start, 2 Docker is not there.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask gateways", bin_name = "cargo xtask gateways")]
struct Arguments {
    /// Only these.
    #[arg(value_name = "NAME", value_parser = Plug::named)]
    gateways: Vec<&'static Plug>,
    /// Lists what there is and does nothing else.
    #[arg(long, conflicts_with_all = ["build", "clean"])]
    list: bool,
    /// Builds the images and starts nothing.
    #[arg(long, conflicts_with = "clean")]
    build: bool,
    /// Removes all containers and images of ours, whoever made them.
    #[arg(long)]
    clean: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.context("no runtime").and_then(|runtime| runtime.block_on(run(&arguments))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {error:#}"));
            let docker = matches!(error.downcast_ref::<StartError>(), Some(StartError::Docker(_)));
            ExitCode::from(if docker { 2 } else { 1 })
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    if arguments.clean {
        let (containers, images) = clean()?;
        say(&format!("removed containers: {containers}, images: {images}\n"))?;
        return Ok(());
    }
    let all: Vec<&Plug> = match arguments.gateways.as_slice() {
        [] => GATEWAYS.iter().collect(),
        named => named.to_vec(),
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["gateway", "image", "roles", "version"]);
    let mut stop = Stop::on_signal()?;
    for plug in all {
        let image = Image::of(plug)?;
        let state = if arguments.list {
            if image.is_built()? { "built".to_owned() } else { "not built".to_owned() }
        } else {
            tell(&format!("{}: builds {}:{}", plug.name, image.name(), image.tag()));
            image.build()?;
            if arguments.build {
                "built".to_owned()
            } else {
                tokio::select! {
                    version = try_one(plug) => match version {
                        Err(error) if is_unsupported(&error) => error.to_string(),
                        version => version.context(plug.name)?,
                    },
                    () = stop.wait() => anyhow::bail!("stopped"),
                }
            }
        };
        let roles: Vec<&str> = plug.roles.iter().map(|role| role.name()).collect();
        let image = format!("{}:{}", image.name(), image.tag());
        table.add_row([plug.name, &image, &roles.join(", "), &state]);
    }
    say(&format!("{table}\n"))?;
    let left = leftovers()?;
    if !left.is_empty() {
        let count = left.len();
        tell(&format!("containers of other runs, or left over: {count}; --clean removes them"));
    }
    Ok(())
}

fn is_unsupported(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<StartError>(), Some(StartError::Unsupported(_)))
}

/// Starts it, asks for its SAs, and stops it; its version.
async fn try_one(plug: &Plug) -> Result<String> {
    let scenario = Scenario::parse("gateways", SCENARIO, &[])?;
    let mut portal = Portal::bind(SocketAddr::new(bridge_address()?, 0)).await?;
    let running = Running::start(plug, &Setting::gateway(&scenario), portal.local()?).await?;
    portal.peer().await;
    let sas = running.control("sas").await?;
    anyhow::ensure!(sas == r#"{"ike": []}"#, "a gateway without peers told of SAs: {sas}");
    let version = running.version().to_owned();
    running.stop().await?;
    Ok(version)
}

/// Any scenario would do.
const SCENARIO: &str = r#"
description = "One node that never comes"
duration = "1min"
[[node]]
name = "door"
wakes = { at = ["1s"] }
application = { kind = "ping" }
"#;
