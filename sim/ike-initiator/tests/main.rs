//! The initiator against a gateway built by hand.

mod handshake;
mod support;
