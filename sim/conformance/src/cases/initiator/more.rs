//! Further cases, which tell broken initiators from honest ones.

mod answering;
mod negotiating;
mod proving;
mod sending;

use crate::Case;

/// All, by theme.
pub(super) const THEMES: [&[Case]; 4] =
    [sending::CASES, negotiating::CASES, proving::CASES, answering::CASES];
