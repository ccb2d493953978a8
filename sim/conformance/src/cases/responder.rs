//! Cases whose subject is a responder: the tester is a device.

mod basic;
mod more;

use crate::Case;

/// All, by theme.
pub(crate) const THEMES: &[&[Case]] =
    &[basic::CASES, more::THEMES[0], more::THEMES[1], more::THEMES[2], more::THEMES[3]];
