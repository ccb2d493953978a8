//! Further cases, which tell broken responders from honest ones.

mod agreeing;
mod framing;
mod proving;
mod repeating;

use crate::Case;

/// All, by theme.
pub(super) const THEMES: [&[Case]; 4] =
    [repeating::CASES, framing::CASES, agreeing::CASES, proving::CASES];
