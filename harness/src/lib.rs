//! The same initiator and responder on a real UDP socket, at the pace of the clock.
//!
//! [`connect`] drives the initiator and [`respond`] the responder through the very calls that the
//! simulator makes; what differs is where time, randomness and datagrams come from. A [`Recorder`] draws
//! the simulator's ladder of what this end sees, line by line, and writes a capture with its keys.
//!
//! [`tshark`] reads what was captured, here or in the simulator, independently of our codec.
//!
//! [`outside`] is the simulator's world with a real gateway: [`Pacer`] steps it with the clock, and what it says to the
//! gateway goes through a [`Portal`]. [`gateways`] has real ones in containers.
//!
//! [`conform`] runs the cases of the conformance suite against what is not in this process.
//!
//! In [`connect`] and [`respond`] ESP is not carried: that would take raw sockets. What a Child SA is agreed on is reported.
#![forbid(unsafe_code)]

pub mod arguments;
mod clock;
pub mod conform;
mod connect;
mod files;
pub mod gateways;
pub mod interop;
pub mod outside;
mod paced;
mod portal;
mod recorder;
pub mod require;
mod respond;
mod stop;
pub mod tshark;
mod wire;

pub use clock::Clock;
pub use connect::{Child, Established, Outcome, Plan, connect};
pub use files::Files;
pub use paced::Pacer;
pub use portal::Portal;
pub use recorder::Recorder;
pub use respond::{Service, Summary, respond};
pub use stop::Stop;
pub use wire::{Datagram, Trouble, Wire};
