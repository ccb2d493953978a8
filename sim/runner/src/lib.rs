//! What the programs share: reading a scenario, writing a run's files, showing its result, sweeps on disk, a conformance matrix as
//! files, what is said on the terminal and how a program ends.
//!
//! `simulate` and `conformance` are here; their twins with what is outside are the harness's, which alone has sockets.
#![forbid(unsafe_code)]

mod ahead;
pub mod files;
pub mod matrix;
mod named;
mod said;
pub mod show;
pub mod sweep;
mod trace;

pub use ahead::Ahead;
pub use named::{
    Named, commit, default_folder, default_sweep_folder, in_target, is_regression, key_value,
    quoted, shipped, workspace,
};
pub use said::{say, status, tell};
pub use trace::Trace;
