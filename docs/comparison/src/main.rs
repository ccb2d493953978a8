//! The ping-pong of many hosts on this project's network layer, or on turmoil; README.md says what it is.
//!
//! Arguments: `vnet` or `turmoil`, and the number of hosts.
#![forbid(unsafe_code)]

mod ours;
mod theirs;

use std::time::Instant;

/// Octets of each datagram's payload.
const OCTETS: usize = 100;
/// Every so many hosts have a server.
const HOSTS_OF_A_SERVER: u32 = 100;
/// The port of both ends.
const PORT: u16 = 500;
/// Milliseconds that a datagram takes.
const DELAY_MS: u64 = 20;

/// What a simulator did.
struct Done {
    exchanges: u64,
    events: u64,
    built: Instant,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let hosts = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let start = Instant::now();
    let done = match name.as_str() {
        "vnet" => ours::run(hosts),
        "turmoil" => theirs::run(hosts),
        _ => {
            eprintln!("expected `vnet` or `turmoil`, and a number of hosts");
            std::process::exit(2);
        }
    };
    let Done { exchanges, events, built } = done;
    let (built, ran) = ((built - start).as_secs_f64(), built.elapsed().as_secs_f64());
    println!(
        "{name}: {exchanges} exchanges of {hosts} hosts; built in {built:.3} s, ran in {ran:.3} s: {:.0} exchanges/s, \
         {:.0} events/s of its own; at most {} resident",
        exchanges as f64 / ran,
        events as f64 / ran,
        resident()
    );
    assert_eq!(exchanges, u64::from(hosts));
}

/// The most memory that was resident, as the kernel tells it.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    most.map_or_else(|| "?".into(), |most| most.trim().into())
}
