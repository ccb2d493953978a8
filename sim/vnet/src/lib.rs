//! Virtual network: event queue, links and faults, smoltcp hosts, captures; knows no IKE.
#![forbid(unsafe_code)]

pub mod capture;
pub mod host;
pub mod ip;
pub mod link;
pub mod queue;
pub mod random;
pub mod time;
pub mod udp;
