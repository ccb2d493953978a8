//! Scenario to nodes and gateways on a virtual network, to trace, verdict and counters.
#![forbid(unsafe_code)]

pub mod scenario;
