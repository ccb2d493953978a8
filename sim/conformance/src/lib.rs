//! Conformance: requirements, the cases that judge them, and a scriptable peer that plays both roles.
//!
//! - [`Registry`] is what is demanded: `docs/conformance/requirements.toml`.
//! - A [`Case`] is a script with a name, the requirements that it judges, and one line of what it
//!   does. It talks to the subject through a [`Session`]: it sends octets, receives packets, waits.
//!   It never learns whether time is virtual.
//! - An [`Implementation`] makes a fresh [`Subject`] for each case. Ours live in this crate and run
//!   in virtual time; a harness has others, behind a portal or a socket.
//! - The tester is a [`Gateway`] against an initiator and a [`Device`] against a responder. Both
//!   make lawful messages as [`Draft`]s, of which a case may change every octet.
//! - [`run()`] gives a [`Finding`] for each requirement that binds the subject in its profile, with the
//!   evidence; [`Baseline`] says what is expected, and how a change differs.
#![forbid(unsafe_code)]

mod baseline;
mod case;
pub mod cases;
mod levels;
mod log;
mod matrix;
pub mod message;
pub mod mutants;
pub mod peer;
mod registry;
mod session;
mod setup;
mod subject;
mod verdict;

pub use baseline::{Baseline, Difference, Expected};
pub use case::{Case, Role, Run, Script, run};
pub use ike_initiator::Profile;
pub use log::{Direction, Log};
pub use matrix::{Cell, Job, Matrix, Selection, Standing};
pub use message::{Draft, Inside, Part};
pub use mutants::Mutant;
pub use peer::{Device, Fate, Gateway, Opened, Peer, seen};
pub use registry::{Binds, Level, Registry, RegistryError, Requirement};
pub use session::{Ids, Session};
pub use setup::Setup;
pub use subject::{
    INITIATOR, Implementation, InitiatorSubject, OurInitiator, OurResponder, Packet, Patience,
    RESPONDER, ResponderSubject, Subject, Unsupported, Wire, Wish,
};
pub use verdict::{Failure, Finding, Outcome, Stop, Verdict};
