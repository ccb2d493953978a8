//! The same initiator and responder against the outside world.
#![forbid(unsafe_code)]

fn main() {}
