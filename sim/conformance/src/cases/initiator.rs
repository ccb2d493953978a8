//! Cases whose subject is an initiator: the tester is its gateway.

mod answering;
mod answers;
mod basic;
mod closing;
mod common;
mod cookies;
mod esp;
mod exchanges;
mod extensions;
mod header;
mod negotiating;
mod notify;
mod offering;
mod pace;
mod payload;
mod proofs;
mod proving;
mod repeating;
mod sending;
mod values;

use crate::Case;

/// All, by theme.
pub(crate) const THEMES: &[&[Case]] = &[
    basic::CASES,
    header::CASES,
    notify::CASES,
    payload::CASES,
    sending::CASES,
    repeating::CASES,
    negotiating::CASES,
    values::CASES,
    proving::CASES,
    proofs::CASES,
    answering::CASES,
    exchanges::CASES,
    esp::CASES,
    cookies::CASES,
    closing::CASES,
    answers::CASES,
    offering::CASES,
    pace::CASES,
    extensions::CASES,
];
