//! Virtual network: event queue, links and faults, smoltcp hosts, captures; knows no IKE.
#![forbid(unsafe_code)]
