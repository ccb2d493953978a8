//! What many runs say together: closed formulas, statistics, sweeps over a scenario's keys, report pages.
//!
//! A [`Collector`] looks at one run and counts in integers. A [`Plan`] names many runs, in cells; [`Cell`] is what one of
//! them showed. A [`Sweep`] is all cells of a plan with what the [`formulas`] say of them ([`identity`]).
//!
//! Nothing here reads a clock or a file. What is computed in floating point is shown to people and decides nothing in
//! a run; sums are taken in the order of cells and seeds, so they do not depend on who computed which cell when.
#![forbid(unsafe_code)]

mod cell;
mod collector;
pub mod formulas;
pub mod identity;
pub mod page;
mod plan;
mod plot;
pub mod premise;
pub mod stats;
mod sweep;

pub use cell::{Cell, RunFacts, run, run_cell};
pub use collector::{
    Collector, Counts, Course, Datagrams, Examples, ExchangeCounts, Gauge, Handshake, Observed,
    Seen, Spent,
};
pub use plan::{Change, Plan, PlanError, PlannedCell};
pub use sweep::{Drawn, Origin, Sweep, Verdicts, key};
