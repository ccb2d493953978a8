//! The initiator against a gateway built by hand.

mod closing;
mod cookies;
mod dropped;
mod fuzz;
mod groups;
mod handshake;
mod idr;
mod misuse;
mod outcome;
mod requests;
mod retransmission;
mod secrets;
#[cfg(target_os = "linux")]
mod stack;
mod support;
mod table;
