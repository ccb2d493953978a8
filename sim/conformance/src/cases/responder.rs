//! Cases whose subject is a responder: the tester is a device.

mod basic;

use crate::Case;

/// All, by theme.
pub(crate) const THEMES: &[&[Case]] = &[basic::CASES];
