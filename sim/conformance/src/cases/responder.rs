//! Cases whose subject is a responder: the tester is a device.

mod after;
mod algorithms;
mod auth;
mod basic;
mod common;
mod esp;
mod extensions;
mod framing;
mod header;
mod init;
mod ke;
mod negotiation;
mod outside;
mod retransmission;
mod selectors;

use crate::Case;

/// All, by theme.
pub(crate) const THEMES: &[&[Case]] = &[
    basic::CASES,
    header::CASES,
    framing::CASES,
    retransmission::CASES,
    negotiation::CASES,
    algorithms::CASES,
    ke::CASES,
    init::CASES,
    auth::CASES,
    selectors::CASES,
    after::CASES,
    outside::CASES,
    esp::CASES,
    extensions::CASES,
];
