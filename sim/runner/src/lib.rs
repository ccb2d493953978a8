//! What the programs that run scenarios share: reading one, writing a run's files, showing its result, sweeps on disk.
//!
//! `simulate` is here; its twin with a real gateway is the harness's, which alone has sockets.
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
    Named, commit, default_folder, default_sweep_folder, is_regression, key_value, quoted, shipped,
    workspace,
};
pub use said::{say, status, tell};
pub use trace::Trace;
