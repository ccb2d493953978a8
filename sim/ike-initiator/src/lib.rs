//! The minimal IKEv2 initiator of RFC 7815, sans-IO.
//!
//! Time, randomness and octets are arguments; nothing is allocated and nothing waits. The owner
//! calls [`Initiator::connect`], sends what [`Initiator::poll_transmit`] writes, hands over what
//! arrives, calls [`Initiator::handle_timeout`] when [`Initiator::poll_timeout`] says so, and
//! drains [`Initiator::poll_event`] after each call. Once established, the keys of the Child SA
//! leave by [`Initiator::take_child_keys`].
//!
//! Datagrams and the deadline take turns: who looks at the time only when no datagram is left lets
//! anybody stop the retransmissions with a flood. A call too early does nothing.
//!
//! A datagram that fails a check is an event, never an error of the owner: forged packets are
//! weather.
#![no_std]
#![forbid(unsafe_code)]

mod auth;
mod behaviour;
mod config;
mod event;
mod incoming;
mod init;
mod machine;
mod profile;
mod request;
mod response;
mod secrets;
mod state;

pub use behaviour::{Behaviour, Honest};
pub use config::{Config, Misuse};
pub use event::{CloseReason, Event, FailReason};
pub use ike_core::{Instant, Path, Transmit};
pub use machine::Initiator;
pub use profile::{Profile, UnknownProfile};
pub use request::MAX_REQUEST;
pub use response::MAX_RESPONSE;
pub use secrets::ChildSa;
pub use state::StateName;

/// The program in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
