//! Cases whose subject is an initiator: the tester is its gateway.

mod basic;
mod common;
mod header;
mod notify;
mod payload;

use crate::Case;

/// All, by theme.
pub(crate) const THEMES: &[&[Case]] = &[basic::CASES, header::CASES, notify::CASES, payload::CASES];
