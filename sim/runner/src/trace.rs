//! How much of a run is written down, as a person says it.

use clap::ValueEnum;
use simulator::Thinning;

/// Of which nodes a run is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Trace {
    /// Of all.
    Full,
    /// Of those that something went wrong with.
    Failures,
    /// Of none.
    None,
}

impl From<Trace> for Thinning {
    fn from(trace: Trace) -> Self {
        match trace {
            Trace::Full => Self::Full,
            Trace::Failures => Self::Failures,
            Trace::None => Self::None,
        }
    }
}
