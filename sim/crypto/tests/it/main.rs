//! The algorithms through the interface that the protocol crates use.

mod behaviour;
mod common;
mod interface;
mod published;
mod wycheproof_sets;
