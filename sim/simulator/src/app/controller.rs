//! The server behind the gateway: it moves the garage doors.

use super::Output;
use crate::scenario::GarageDoor;
use core::net::SocketAddr;
use core::time::Duration;
use ike_core::Instant;
use std::collections::{BTreeMap, VecDeque};

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
#[derive(Clone, Debug)]
struct Press {
    config: GarageDoor,
    number: u32,
    door: Door,
}

/// The doors, by the node that opens them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Controller {
    doors: BTreeMap<SocketAddr, Press>,
    outputs: VecDeque<(SocketAddr, Output)>,
}

impl Controller {
    fn send(&mut self, to: SocketAddr, text: String, repeated: bool) {
        self.outputs.push_back((to, Output::Send { text, repeated }));
    }

    /// A message of a node whose application is a garage door.
    pub(crate) fn handle_message(
        &mut self,
        now: Instant,
        from: SocketAddr,
        text: &str,
        config: GarageDoor,
    ) {
        let Some((kind, number)) = text.split_once(' ') else { return };
        let Ok(number) = number.parse::<u32>() else { return };
        let known = self.doors.get(&from).is_some_and(|press| press.number == number);
        match kind {
            "open" => {
                self.send(from, format!("ack {number}"), known);
                if !known {
                    let door = Door::Moving { since: now, next: now + config.status_every };
                    self.doors.insert(from, Press { config, number, door });
                }
            }
            "bye" if known => {
                if let Some(press) = self.doors.get_mut(&from) {
                    press.door = Door::Still;
                }
            }
            _ => {}
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let due: Vec<SocketAddr> = self
            .doors
            .iter()
            .filter(|(_, press)| deadline(press).is_some_and(|deadline| deadline <= now))
            .map(|(peer, _)| *peer)
            .collect();
        for peer in due {
            self.advance(now, peer);
        }
    }

    fn advance(&mut self, now: Instant, peer: SocketAddr) {
        let Some(press) = self.doors.get_mut(&peer) else { return };
        let (number, config) = (press.number, press.config);
        match press.door {
            Door::Moving { since, .. } => {
                let moved = now.saturating_duration_since(since);
                if moved >= config.travel {
                    press.door = Door::Arrived { sent: 1, until: now + config.reply_timeout };
                    self.send(peer, format!("done {number}"), false);
                } else {
                    let end = since + config.travel;
                    press.door = Door::Moving { since, next: (now + config.status_every).min(end) };
                    let text = format!("status {number} {}%", percent(moved, config.travel));
                    self.send(peer, text, false);
                }
            }
            Door::Arrived { sent, .. } if sent < config.tries => {
                press.door = Door::Arrived { sent: sent + 1, until: now + config.reply_timeout };
                self.send(peer, format!("done {number}"), true);
            }
            Door::Arrived { .. } | Door::Still => press.door = Door::Still,
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.doors.values().filter_map(deadline).min()
    }

    pub(crate) fn poll_output(&mut self) -> Option<(SocketAddr, Output)> {
        self.outputs.pop_front()
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
