//! What nodes do with their Child SA.

use core::time::Duration;

/// What a node does with its Child SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Application {
    /// The garage door opener.
    GarageDoor(GarageDoor),
    /// The room sensor.
    RoomSensor(RoomSensor),
    /// ICMP echo requests.
    Ping(Ping),
}

/// A press of the button: "open", its acknowledgement, a status each [`Self::status_every`] while the door moves, a
/// final message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GarageDoor {
    /// How long the door moves.
    pub travel: Duration,
    /// From one status message to the next; not zero.
    pub status_every: Duration,
    /// How long a message waits for its acknowledgement before it is sent again; not zero.
    pub reply_timeout: Duration,
    /// Transmissions of a message, the first among them; at least 1.
    pub tries: u8,
}

/// A sensor that reports a temperature, perhaps asks for its configuration, and is done. A message waits for its
/// answer before the next one is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomSensor {
    /// Reports in one wake; at least 1.
    pub reports: u8,
    /// Whether it then asks for its configuration.
    pub poll: bool,
    /// How long a message waits for its answer before it is sent again; not zero.
    pub reply_timeout: Duration,
    /// Transmissions of a message, the first among them; at least 1.
    pub tries: u8,
}

/// Echo requests to the server behind the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// How many; at least 1.
    pub count: u16,
    /// From one to the next; not zero.
    pub interval: Duration,
    /// Octets after the ICMP header.
    pub payload: u16,
    /// How long a reply may take; not zero.
    pub timeout: Duration,
    /// Transmissions of a request, the first among them; at least 1.
    pub tries: u8,
}
