//! What nodes do once they are connected, and what the server behind the gateway answers.
//!
//! Applications are state machines like the protocol's: time and messages come in, outputs and a
//! deadline go out.

mod controller;
mod door;
mod pinger;
mod sensor;

#[cfg(test)]
mod tests;

pub(crate) use controller::Controller;

use crate::scenario::Application;
use door::DoorOpener;
use ike_core::Instant;
use pinger::Pinger;
use sensor::Sensor;

/// The UDP port of the server: one of the dynamic ports (RFC 6335 6), so that no dissector takes the
/// messages for something else.
pub(crate) const SERVER_PORT: u16 = 49_153;
/// The UDP port of a node's application.
pub(crate) const NODE_PORT: u16 = 49_152;

/// What an application wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// A message to the other side.
    Send { text: String, repeated: bool },
    /// An echo request to the server.
    Ping { sequence: u16, payload: u16, repeated: bool },
    /// All is done.
    Completed,
    /// It gave up.
    Failed(&'static str),
}

/// The application of an awake node.
#[derive(Clone, Debug)]
pub(crate) enum App {
    Door(DoorOpener),
    Sensor(Sensor),
    Pinger(Pinger),
}

impl App {
    /// The application of node `number` in its `wake`-th wake.
    pub(crate) fn new(application: &Application, number: u32, wake: u32) -> Self {
        match application {
            Application::GarageDoor(config) => Self::Door(DoorOpener::new(*config, wake)),
            Application::RoomSensor(config) => Self::Sensor(Sensor::new(*config, number, wake)),
            Application::Ping(config) => Self::Pinger(Pinger::new(*config)),
        }
    }

    /// The Child SA is there.
    pub(crate) fn start(&mut self, now: Instant) {
        match self {
            Self::Door(door) => door.start(now),
            Self::Sensor(sensor) => sensor.start(now),
            Self::Pinger(pinger) => pinger.start(now),
        }
    }

    /// The Child SA is gone.
    pub(crate) fn stop(&mut self) {
        match self {
            Self::Door(door) => door.stop(),
            Self::Sensor(sensor) => sensor.stop(),
            Self::Pinger(pinger) => pinger.stop(),
        }
    }

    pub(crate) fn handle_message(&mut self, now: Instant, text: &str) {
        match self {
            Self::Door(door) => door.handle_message(now, text),
            Self::Sensor(sensor) => sensor.handle_message(now, text),
            Self::Pinger(_) => {}
        }
    }

    pub(crate) fn handle_echo(&mut self, now: Instant, sequence: u16) {
        if let Self::Pinger(pinger) = self {
            pinger.handle_echo(now, sequence);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Door(door) => door.handle_timeout(now),
            Self::Sensor(sensor) => sensor.handle_timeout(now),
            Self::Pinger(pinger) => pinger.handle_timeout(now),
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Door(door) => door.poll_timeout(),
            Self::Sensor(sensor) => sensor.poll_timeout(),
            Self::Pinger(pinger) => pinger.poll_timeout(),
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        match self {
            Self::Door(door) => door.poll_output(),
            Self::Sensor(sensor) => sensor.poll_output(),
            Self::Pinger(pinger) => pinger.poll_output(),
        }
    }
}
