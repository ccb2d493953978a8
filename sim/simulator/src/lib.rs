//! Scenario to nodes and gateway on a virtual network, to trace, verdict and figures.
//!
//! A pure library: no clock, no thread, no socket, no file. [`World`] is the run itself, which can be
//! stepped from outside; an [`Observer`] sees what happens; [`run`] does a whole scenario and keeps
//! what a person wants to see of it.
#![forbid(unsafe_code)]

mod app;
mod backend;
mod by_spi;
mod checkers;
pub mod dissect;
pub mod energy;
mod event;
mod faults;
mod figures;
mod fingerprint;
mod judge;
mod keylog;
mod ladder;
mod observer;
mod recording;
mod report;
mod run;
pub mod scenario;
mod tape;
mod trace;
mod world;

pub use backend::{Backend, BackendPrf};
pub use checkers::{
    Checkers, NOT_CHECKED_DEVICE, NOT_CHECKED_OUTSIDE, NotChecked, Part, Violation,
};
pub use event::{Actor, Event, Fields, PacketDrop, Place, What, direction_name, link_drop_name};
pub use faults::{Faults, FaultsError};
pub use figures::{Figures, NodeFigures};
pub use fingerprint::{CHECKPOINT_EVERY, Digest, Fingerprint, RunHash, digest};
pub use judge::{Judge, Jury};
pub use keylog::{esp_sa, ikev2_decryption_table};
pub use ladder::{Ladder, Lifelines, Side, Sighting, printable};
pub use observer::{Arrival, Both, Datagram, EspKeyLog, IkeKeyLog, Nobody, Observer};
pub use recording::{Keep, Recording, Thinning};
pub use report::{Expectation, NotJudged, OutsideReport, Report, ViolationReport};
pub use run::{Drive, Options, Outcome, pass, passes, run, run_ahead, run_with, verdict};
pub use tape::{Difference, Differs, Replay, ReplayError, Tape, TapeError, replay};
pub use trace::trace_line;
pub use vnet::capture::CaptureError;
pub use world::{
    Addresses, Ask, Behaviours, Crossing, Foresight, GatewayChild, GatewaySa, KeyAhead, KeyWork,
    NodeState, Placement, Standing, Wake, World, link_config,
};
