//! The program `decode`: anybody's capture in, ladders of its IKEv2 exchanges out.
//!
//! Exit status: 0 the capture was read, as far as it goes; 2 bad input.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use simulator::dissect::{Dissection, KeyTable, dissect};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Draws the IKEv2 exchanges and the ESP of a capture as ladders, one for each pair of addresses.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask decode",
    bin_name = "cargo xtask decode",
    after_help = "Exit status: 0 the capture was read, as far as it goes, 2 bad input."
)]
struct Arguments {
    /// A capture, pcap or pcapng, of Ethernet, raw IP, Linux cooked or loopback packets.
    capture: PathBuf,
    /// Wireshark's ikev2_decryption_table: opens the SK payloads of the SAs that it knows.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// IKE is spoken at this UDP port, too, besides 500 and 4500. May be repeated.
    #[arg(long, value_name = "PORT")]
    port: Vec<u16>,
    /// Shows the comments of packets below their arrows.
    #[arg(long)]
    comments: bool,
    /// Writes one JSON document, as docs/decode.md describes it, instead of ladders.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let said = decode(&Arguments::parse()).and_then(|text| runner::say(&text));
    runner::status(said.map(|()| true))
}

fn decode(arguments: &Arguments) -> Result<String> {
    let keys = arguments.keys.as_deref().map_or_else(|| Ok(KeyTable::default()), read_keys)?;
    let path = &arguments.capture;
    let file = fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let found: Dissection =
        dissect(&file, &keys, &arguments.port).with_context(|| path.display().to_string())?;
    if arguments.json {
        let document = serde_json::to_string_pretty(&found).context("the document")?;
        return Ok(document + "\n");
    }
    Ok(found.render(arguments.comments))
}

fn read_keys(path: &Path) -> Result<KeyTable> {
    KeyTable::parse(&runner::files::text(path)?)
        .map_err(|error| anyhow!("{}:{error}", path.display()))
}
