//! Cases whose subject is a responder: the tester is a device.

mod after;
mod auth;
mod basic;
mod common;
mod framing;
mod header;
mod init;
mod ke;
mod more;
mod negotiation;
mod retransmission;

use crate::Case;

/// All, by theme.
pub(crate) const THEMES: &[&[Case]] = &[
    basic::CASES,
    header::CASES,
    framing::CASES,
    retransmission::CASES,
    negotiation::CASES,
    ke::CASES,
    init::CASES,
    auth::CASES,
    after::CASES,
    more::THEMES[0],
    more::THEMES[1],
    more::THEMES[2],
    more::THEMES[3],
];
