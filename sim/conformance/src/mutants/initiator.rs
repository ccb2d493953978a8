//! Broken initiators.

mod after;
pub(super) mod answers;
mod authentication;
pub(super) mod cookies;
pub(super) mod framing;
mod header;
mod negotiation;
mod offers;
mod requests;
mod transmission;

use super::Mutant;

/// All, by theme.
pub(super) const THEMES: &[&[Mutant]] = &[
    transmission::MUTANTS,
    header::MUTANTS,
    negotiation::MUTANTS,
    authentication::MUTANTS,
    after::MUTANTS,
    offers::MUTANTS,
    answers::MUTANTS,
    framing::MUTANTS,
    requests::MUTANTS,
    cookies::MUTANTS,
];
