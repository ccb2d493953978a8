//! The server's side of the room sensors: it takes their reports and tells them their configuration.

use super::{Outputs, send};
use core::net::SocketAddr;
use core::time::Duration;
use ike_core::Instant;
use std::collections::BTreeMap;

/// The configuration changes so often.
const NEW_VERSION_EVERY: Duration = Duration::from_hours(24);

/// The latest questions of a sensor.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    report: Option<u32>,
    poll: Option<u32>,
}

/// The rooms, by the node that measures there.
#[derive(Clone, Debug, Default)]
pub(super) struct Rooms {
    heard: BTreeMap<SocketAddr, Heard>,
}

impl Rooms {
    /// Nothing waits here: each message has its answer at once, as often as it comes.
    pub(super) fn handle_message(
        &mut self,
        now: Instant,
        (from, text): (SocketAddr, &str),
        outputs: &mut Outputs,
    ) {
        let mut words = text.split(' ');
        let (Some(kind), Some(Ok(number))) = (words.next(), words.next().map(str::parse::<u32>))
        else {
            return;
        };
        let heard = self.heard.entry(from).or_default();
        match (kind, words.next()) {
            ("report", Some(_)) => {
                let repeated = heard.report.replace(number) == Some(number);
                send(outputs, from, format!("ok {number}"), repeated);
            }
            ("config?", None) => {
                let repeated = heard.poll.replace(number) == Some(number);
                send(outputs, from, format!("config {number} {}", version(now)), repeated);
            }
            _ => {}
        }
    }
}

/// The version of the configuration, from 1.
fn version(now: Instant) -> u64 {
    let every = u64::try_from(NEW_VERSION_EVERY.as_micros()).unwrap_or(u64::MAX);
    now.micros() / every + 1
}
