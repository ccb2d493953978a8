//! Broken initiators.

mod after;
mod authentication;
mod header;
mod negotiation;
mod transmission;

use super::Mutant;

/// All, by theme.
pub(super) const THEMES: &[&[Mutant]] = &[
    transmission::MUTANTS,
    header::MUTANTS,
    negotiation::MUTANTS,
    authentication::MUTANTS,
    after::MUTANTS,
];
