//! The verbs a person types: parses, then spawns the program that has the verb.
#![forbid(unsafe_code)]

fn main() {}
