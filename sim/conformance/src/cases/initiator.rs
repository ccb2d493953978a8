//! Cases whose subject is an initiator: the tester is its gateway.

mod basic;
mod common;
mod header;
mod more;
mod notify;
mod payload;

use crate::Case;

/// All, by theme.
pub(crate) const THEMES: &[&[Case]] = &[
    basic::CASES,
    header::CASES,
    notify::CASES,
    payload::CASES,
    more::THEMES[0],
    more::THEMES[1],
    more::THEMES[2],
    more::THEMES[3],
];
