//! The algorithms through the interface that the protocol crates use.

mod behaviour;
mod common;
mod published;
mod wycheproof_sets;
