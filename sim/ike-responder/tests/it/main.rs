//! The responder against an initiator that is built by hand, message by message.

mod auth_errors;
mod behaviours;
mod client;
mod collisions;
mod cookies;
mod counters;
mod crash;
mod create_child;
mod creation;
mod exchanges;
mod handshake;
mod init_errors;
mod lifetimes;
mod limits;
mod own_requests;
mod peer_child;
mod peer_rekey;
mod retransmissions;
mod robustness;
mod service;
mod world;
