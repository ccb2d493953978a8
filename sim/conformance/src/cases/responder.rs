//! Cases whose subject is a responder: the tester is a device.

mod after;
mod auth;
mod basic;
mod common;
mod header;
mod negotiation;
mod retransmission;

use crate::Case;

/// All, by theme.
pub(crate) const THEMES: &[&[Case]] = &[
    basic::CASES,
    header::CASES,
    retransmission::CASES,
    negotiation::CASES,
    auth::CASES,
    after::CASES,
];
