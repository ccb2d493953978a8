//! The checkers: honest runs pass them all, and each rule that is broken on purpose is seen.
//!
//! A rule is broken by a behaviour of a machine, by taking the run for another scenario's, or, where
//! neither can, by showing the checkers something else than what happened.

mod endings;
mod exchanges;
mod forgers;
mod honest;
mod network;
mod secrets;
mod support;
