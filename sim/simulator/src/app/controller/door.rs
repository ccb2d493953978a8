//! The server's side of the garage doors: it moves them.

use super::{Outputs, send};
use crate::scenario::GarageDoor;
use core::net::SocketAddr;
use core::time::Duration;
use ike_core::Instant;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// It moves since then; the next status is due.
    Moving { since: Instant, next: Instant },
    /// It has arrived, and `done` waits for its acknowledgement.
    Arrived { sent: u8, until: Instant },
    /// All was said.
    Still,
}

/// One door: what the last press made of it.
#[derive(Clone, Copy, Debug)]
struct Press {
    config: GarageDoor,
    number: u32,
    door: Door,
}

/// The doors.
#[derive(Clone, Debug, Default)]
pub(super) struct Doors {
    /// By the node that opens them.
    presses: BTreeMap<SocketAddr, Press>,
    /// The deadline of each that has one, so that the next one is found in a fleet of doors.
    deadlines: BTreeSet<(Instant, SocketAddr)>,
}

impl Doors {
    pub(super) fn handle_message(
        &mut self,
        now: Instant,
        (from, text): (SocketAddr, &str),
        config: GarageDoor,
        outputs: &mut Outputs,
    ) {
        let Some((kind, number)) = text.split_once(' ') else { return };
        let Ok(number) = number.parse::<u32>() else { return };
        let known = self.presses.get(&from).is_some_and(|press| press.number == number);
        match kind {
            "open" => {
                send(outputs, from, format!("ack {number}"), known);
                if !known {
                    let door = Door::Moving { since: now, next: now + config.status_every };
                    self.put(from, Press { config, number, door });
                }
            }
            "bye" if known => {
                if let Some(press) = self.presses.get(&from).copied() {
                    self.put(from, Press { door: Door::Still, ..press });
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, peer: SocketAddr, press: Press) {
        if let Some(at) = self.presses.get(&peer).and_then(deadline) {
            self.deadlines.remove(&(at, peer));
        }
        if let Some(at) = deadline(&press) {
            self.deadlines.insert((at, peer));
        }
        self.presses.insert(peer, press);
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, outputs: &mut Outputs) {
        let due = self.deadlines.iter().take_while(|(at, _)| *at <= now);
        let due: Vec<SocketAddr> = due.map(|(_, peer)| *peer).collect();
        for peer in due {
            self.advance(now, peer, outputs);
        }
    }

    fn advance(&mut self, now: Instant, peer: SocketAddr, outputs: &mut Outputs) {
        let Some(press) = self.presses.get(&peer).copied() else { return };
        let Press { config, number, door } = press;
        let door = match door {
            Door::Moving { since, .. } => {
                let moved = now.saturating_duration_since(since);
                if moved >= config.travel {
                    send(outputs, peer, format!("done {number}"), false);
                    Door::Arrived { sent: 1, until: now + config.reply_timeout }
                } else {
                    let end = since + config.travel;
                    let text = format!("status {number} {}%", percent(moved, config.travel));
                    send(outputs, peer, text, false);
                    Door::Moving { since, next: (now + config.status_every).min(end) }
                }
            }
            Door::Arrived { sent, .. } if sent < config.tries => {
                send(outputs, peer, format!("done {number}"), true);
                Door::Arrived { sent: sent + 1, until: now + config.reply_timeout }
            }
            Door::Arrived { .. } | Door::Still => Door::Still,
        };
        self.put(peer, Press { door, ..press });
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }
}

fn deadline(press: &Press) -> Option<Instant> {
    match press.door {
        Door::Moving { next, .. } => Some(next),
        Door::Arrived { until, .. } => Some(until),
        Door::Still => None,
    }
}

fn percent(part: Duration, whole: Duration) -> u128 {
    part.as_micros() * 100 / whole.as_micros().max(1)
}
