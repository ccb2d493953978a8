//! The initiator against a gateway built by hand.

mod cookies;
mod dropped;
mod groups;
mod handshake;
mod outcome;
mod retransmission;
mod support;
